"""The editor of the AWS credentials file: one section changes, every other byte stays."""

from __future__ import annotations

import configparser
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_data_cockpit.errors import BadRequest, Conflict
from cloud_data_cockpit.s3.credentials_file import read_section, remove_section, sections, write_section

KEYS = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "a/b+c=%(x)s#;"}
OTHERS = """# my notes

[default]
aws_access_key_id=ONE
aws_secret_access_key = TWO  ; odd
   # indented
s3 =
  addressing_style = path

[work]   # trailing words
AWS_ACCESS_KEY_ID = THREE
"""


def path() -> Path:
    return Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"])


def parsed() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read_string(path().read_text())
    return parser


@pytest.mark.parametrize("before", ["", OTHERS, OTHERS.replace("\n", "\r\n"), OTHERS.rstrip("\n"), "\ufeff" + OTHERS])
def test_added_changed_and_taken_out(before: str) -> None:
    path().write_bytes(before.encode())
    write_section("mine", KEYS)
    assert stat.S_IMODE(path().stat().st_mode) == 0o600
    assert path().read_bytes().startswith(before.encode())
    assert read_section("mine") == KEYS
    write_section("mine", {**KEYS, "aws_session_token": "T"})
    write_section("second", KEYS)
    write_section("mine", {"aws_access_key_id": "NEW", "aws_secret_access_key": "NEW"})
    assert read_section("mine") == {"aws_access_key_id": "NEW", "aws_secret_access_key": "NEW"}
    assert read_section("second") == KEYS
    assert path().read_bytes().startswith(before.encode())
    remove_section("mine")
    remove_section("second")
    end = "\r\n" if "\r\n" in before else "\n"
    assert path().read_bytes().decode().rstrip() == before.rstrip()
    assert path().read_bytes() in ((before + end * extra).encode() for extra in range(3))


def test_botocore_reads_what_is_written() -> None:
    import botocore.session

    path().write_text(OTHERS)
    write_section("mine", {**KEYS, "aws_session_token": "T"})
    credentials = botocore.session.Session(profile="mine").get_credentials()
    assert credentials is not None
    assert (credentials.access_key, credentials.secret_key, credentials.token) == (*KEYS.values(), "T")
    assert sections() == ["default", "work", "mine"]


def test_in_the_middle() -> None:
    path().write_text("[a]\nx = 1\n\n[mine]\nold = 1\n\n# about b\n[b]\ny = 2\n")
    write_section("mine", {"aws_access_key_id": "A"})
    text = path().read_text()
    assert text.startswith("[a]\nx = 1\n\n[mine]\n")
    assert text.endswith("aws_access_key_id = A\n\n# about b\n[b]\ny = 2\n")
    remove_section("mine")
    assert path().read_text() == "[a]\nx = 1\n\n\n# about b\n[b]\ny = 2\n"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "credentials"
    real.parent.mkdir()
    real.write_text(OTHERS)
    path().symlink_to(real)
    write_section("mine", KEYS)
    assert path().is_symlink()
    assert "[mine]" in real.read_text()


@pytest.mark.parametrize("value", ["a\nb", "a\r[evil]", "", " a", "a b", "é", "x" * 5000])
def test_values_that_would_break_the_file(value: str) -> None:
    path().write_text(OTHERS)
    with pytest.raises(BadRequest):
        write_section("mine", {"aws_secret_access_key": value})
    assert path().read_text() == OTHERS


@pytest.mark.parametrize("name", ["a]b", "a\nb", "", "-x", "a b"])
def test_names_that_would_break_the_file(name: str) -> None:
    with pytest.raises(BadRequest):
        write_section(name, KEYS)


def test_a_section_that_is_there_twice() -> None:
    path().write_text("[mine]\na = 1\n[mine]\na = 2\n")
    with pytest.raises(Conflict, match="2 times"):
        write_section("mine", KEYS)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs permissions that hold")
def test_a_file_that_may_not_be_read() -> None:
    path().write_text(OTHERS)
    path().chmod(0)
    with pytest.raises(Conflict, match="permissions"):
        write_section("mine", KEYS)


LINES = st.lists(
    st.sampled_from(["# note", "", "; note", "key = value", "  sub = 1", "[a]", "[b]", "[c] # x", "odd", "é = ü"]),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES, st.sampled_from(["\n", "\r\n"]))
def test_every_other_line_stays(lines: list[str], end: str) -> None:
    before = end.join(lines)
    path().write_bytes(before.encode())
    write_section("mine", KEYS)
    after = path().read_bytes().decode()
    assert after.startswith(before)
    assert read_section("mine") == KEYS
    write_section("mine", {"aws_access_key_id": "B"})
    assert path().read_bytes().decode().startswith(before)
    remove_section("mine")
    assert path().read_bytes().decode().splitlines() == before.splitlines() or not before.strip()
