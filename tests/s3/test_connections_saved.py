"""Connections that the user has added: kept without secrets, found by name in other processes, changed and removed."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keyring
import pytest
from pydantic import SecretStr

from cloud_data_cockpit.errors import AccessDenied, BadRequest, Conflict, CredentialsError, MissingExtra, NotFound
from cloud_data_cockpit.models import ConnectionDraft, ConnectionRef
from cloud_data_cockpit.s3 import objects
from cloud_data_cockpit.s3.connections import connect, list_connections, resolve
from cloud_data_cockpit.s3.described import list_infos
from cloud_data_cockpit.s3.saved import read_saved, saved_path
from cloud_data_cockpit.s3.saving import add_connection, change_connection, remove_connection

from .conftest import ACCESS_KEY, SECRET_KEY
from .keyring_made import FileKeyring

PLACES = ["keyring", "aws-credentials-file", "process"]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def file_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A keyring that works, in this process and in those that it starts."""
    monkeypatch.setenv("TEST_KEYRING", str(tmp_path / "keyring.json"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.s3.keyring_made.FileKeyring")
    before = keyring.get_keyring()
    keyring.set_keyring(FileKeyring())
    yield tmp_path / "keyring.json"
    keyring.set_keyring(before)


def draft(name: str = "lab", **more: Any) -> ConnectionDraft:
    usual = {"endpoint_url": "http://127.0.0.1:9", "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    return ConnectionDraft.model_validate({"name": name, **usual, **more})


def reaching(service: Any, **more: Any) -> ConnectionDraft:
    return draft(
        endpoint_url=service.endpoint_url, access_key=service.access_key, secret_key=service.secret_key, **more
    )


def elsewhere(name: str) -> str:
    """What another process of this user finds under that name: its buckets, or the error."""
    code = (
        "import sys\n"
        "from cloud_data_cockpit.errors import CockpitError\n"
        "from cloud_data_cockpit.s3 import objects\n"
        "from cloud_data_cockpit.s3.connections import resolve\n"
        "try: print([b.name for b in objects.list_buckets(resolve(sys.argv[1]))])\n"
        "except CockpitError as e: print(type(e).__name__, e)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, name],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    return done.stdout.decode()


# --- adding ------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
def test_it_works_and_its_file_holds_no_secret(s3_service: Any, bucket: str, place: str) -> None:
    add_connection(reaching(s3_service, keep_in=place, buckets=[bucket, bucket, " "], region="eu-west-1"))
    connection = resolve("lab")
    assert bucket in {b.name for b in objects.list_buckets(connection)}
    assert connection.ref == ConnectionRef(
        name="lab", kind="custom", endpoint_url=s3_service.endpoint_url, region="eu-west-1", buckets=(bucket,)
    )
    assert stat.S_IMODE(saved_path().stat().st_mode) == 0o600
    kept = saved_path().read_text()
    assert json.loads(kept)["version"] == 1
    assert s3_service.secret_key not in kept
    assert s3_service.access_key not in kept
    info = next(info for info in list_infos() if info.ref.name == "lab")
    assert (info.saved, info.secret, info.problem) == (True, place, None)


@pytest.mark.parametrize("place", ["keyring", "aws-credentials-file"])
def test_another_process_finds_it(s3_service: Any, bucket: str, place: str) -> None:
    add_connection(reaching(s3_service, keep_in=place))
    assert bucket in elsewhere("lab")


def test_keys_of_this_process_stay_in_it(s3_service: Any) -> None:
    add_connection(reaching(s3_service, keep_in="process"))
    assert resolve("lab").client
    found = elsewhere("lab")
    assert found.startswith("CredentialsError")
    assert "enter them again" in found


def test_a_reference_from_elsewhere_means_what_is_saved_here(s3_service: Any) -> None:
    add_connection(reaching(s3_service))
    strange = ConnectionRef(name="lab", kind="custom", endpoint_url="https://evil.example", verify_tls=False)
    assert resolve(strange).ref.endpoint_url == s3_service.endpoint_url


def test_tls_settings_are_taken_from_no_stranger() -> None:
    for more in ({"verify_tls": False}, {"ca_bundle": "/tmp/ca.pem"}):
        ref = ConnectionRef.model_validate({"name": "x", "kind": "environment", **more})
        with pytest.raises(CredentialsError, match="takes from nobody else"):
            resolve(ref)


def test_from_a_notebook(s3_service: Any, bucket: str) -> None:
    keys = {"access_key": s3_service.access_key, "secret_key": s3_service.secret_key}
    for region in ("us-east-1", "eu-west-1"):  # the cell is run again
        made = connect("mine", endpoint_url=s3_service.endpoint_url, region=region, save=True, **keys)
        assert made.ref.region == region
    assert bucket in elsewhere("mine")
    with pytest.raises(BadRequest, match="needs a name"):
        connect(endpoint_url="http://127.0.0.1:9", save=True, **keys)


def test_a_profile_of_the_configuration(s3_service: Any, bucket: str) -> None:
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        f"[p]\naws_access_key_id={s3_service.access_key}\naws_secret_access_key={s3_service.secret_key}\n"
    )
    Path(os.environ["AWS_CONFIG_FILE"]).write_text("[profile p]\nregion = eu-west-3\n")
    common = {"access_key": None, "secret_key": None, "credentials": "profile"}
    add_connection(draft(endpoint_url=s3_service.endpoint_url, profile="p", **common))
    assert resolve("lab").ref.region == "eu-west-3"
    assert bucket in elsewhere("lab")
    with pytest.raises(CredentialsError, match="no profile 'q'"):
        add_connection(draft("other", profile="q", **common))


def test_the_sections_in_which_keys_are_kept_are_not_listed_as_profiles() -> None:
    add_connection(draft(keep_in="aws-credentials-file"))
    assert [ref.name for ref in list_connections()] == ["lab", "anonymous"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"name": "demo"}, "meaning of its own"),
        ({"name": "test"}, "meaning of its own"),
        ({"name": " lab"}, "printable"),
        ({"access_key": None}, "both"),
        ({"access_key": None, "secret_key": None}, "give the access key"),
        ({"secret_key": "two words"}, "blanks"),
        ({"secret_key": "a\nrole_arn = x"}, "blanks"),
        ({"endpoint_url": "http://u:p@host"}, "must not hold"),
        ({"region": "eu west"}, "cannot be"),
        ({"role_arn": "reader"}, "ARN"),
        ({"profile": "p"}, "if, and only if"),
        ({"credentials": "anonymous"}, "leave one out"),
        ({"credentials": "anonymous", "access_key": None, "secret_key": None, "requester_pays": True}, "pay"),
        ({"endpoint_url": None, "verify_tls": False}, "everybody can verify"),
        ({"ca_bundle": "/no/such/file"}, "no CA file"),
        ({"addressing": "virtual"}, "path addressing"),
        ({"buckets": ["a/b"]}, "no bucket's name"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(more: dict[str, Any], words: str, file_keyring: Path) -> None:
    with pytest.raises(BadRequest, match=words) as caught:
        add_connection(draft(**more))
    assert SECRET_KEY not in str(caught.value)
    assert not saved_path().exists()
    assert not file_keyring.exists()


def test_names_are_taken_once() -> None:
    add_connection(draft())
    with pytest.raises(Conflict, match="'lab' already"):
        add_connection(draft())
    with ThreadPoolExecutor(8) as pool:
        made = [pool.submit(add_connection, draft(f"c{i}", keep_in="process")) for i in range(16)]
        assert {future.result().ref.name for future in made} == {f"c{i}" for i in range(16)}
    assert len(read_saved()) == 17


# --- keyrings ----------------------------------------------------------------------------------


def test_without_a_keyring_the_other_place_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from keyring.backends.fail import Keyring

    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    with pytest.raises(MissingExtra, match="AWS credentials file"):
        add_connection(draft())
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingExtra, match=r"cloud-data-cockpit\[keyring\]"):
        add_connection(draft())
    assert read_saved() == {}
    add_connection(draft(keep_in="aws-credentials-file"))
    assert resolve("lab").client


def test_a_locked_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    add_connection(draft())
    monkeypatch.setenv("TEST_KEYRING_LOCKED", "1")
    with pytest.raises(CredentialsError, match=r"is locked.*unlock it") as caught:
        resolve("lab")
    assert "canary words" not in str(caught.value)
    with pytest.raises(CredentialsError, match="unlock it"):
        add_connection(draft("other"))
    assert list(read_saved()) == ["lab"]


def test_keys_that_somebody_took_out_of_the_keyring(file_keyring: Path) -> None:
    add_connection(draft())
    file_keyring.unlink()
    with pytest.raises(CredentialsError, match="no longer in the keyring"):
        resolve("lab")


# --- changing and removing ---------------------------------------------------------------------


def bare(**more: Any) -> ConnectionDraft:
    return draft(**{"access_key": None, "secret_key": None, **more})


def test_keys_that_are_left_out_stay(s3_service: Any, bucket: str) -> None:
    add_connection(reaching(s3_service))
    held = resolve("lab")
    change_connection("lab", bare(endpoint_url=s3_service.endpoint_url, region="eu-west-1", requester_pays=True))
    assert resolve("lab").ref.region == "eu-west-1"
    assert resolve("lab") is not held
    assert bucket in {b.name for b in objects.list_buckets(resolve("lab"))}


@pytest.mark.parametrize("to", PLACES)
@pytest.mark.parametrize("place", PLACES)
def test_keys_move(s3_service: Any, bucket: str, place: str, to: str, file_keyring: Path) -> None:
    add_connection(reaching(s3_service, keep_in=place))
    change_connection("lab", bare(name="lab 2", endpoint_url=s3_service.endpoint_url, keep_in=to))
    assert bucket in {b.name for b in objects.list_buckets(resolve("lab 2"))}
    with pytest.raises(NotFound):
        resolve("lab")
    held = {
        "keyring": s3_service.secret_key in (file_keyring.read_text() if file_keyring.exists() else ""),
        "aws-credentials-file": s3_service.secret_key in _credentials_file(),
    }
    assert held == {each: each == to for each in held}


def _credentials_file() -> str:
    path = Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"])
    return path.read_text() if path.exists() else ""


def test_a_name_that_is_taken_changes_nothing(s3_service: Any) -> None:
    add_connection(reaching(s3_service))
    add_connection(draft("other"))
    with pytest.raises(Conflict, match="'other' already"):
        change_connection("lab", draft("other", access_key="new", secret_key="new"))
    assert set(read_saved()) == {"lab", "other"}
    assert objects.list_buckets(resolve("lab")) is not None


@pytest.mark.parametrize("place", PLACES)
def test_removed_with_its_keys(place: str, file_keyring: Path) -> None:
    add_connection(draft(keep_in=place))
    remove_connection("lab")
    assert read_saved() == {}
    assert SECRET_KEY not in (file_keyring.read_text() if file_keyring.exists() else "") + _credentials_file()
    with pytest.raises(NotFound, match="may have been removed"):
        remove_connection("lab")
    with pytest.raises(NotFound, match="found, not saved"):
        remove_connection("anonymous")


# --- the file ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"version": 1}', '{"version": 1, "connections": [{"id": "x"}]}', "\xff"]
)
def test_a_file_that_cannot_be_read_is_left_as_it_is(content: str, caplog: pytest.LogCaptureFixture) -> None:
    Path(os.environ["AWS_CONFIG_FILE"]).write_text("[profile p]\n")
    saved_path().parent.mkdir(parents=True)
    saved_path().write_text(content, encoding="latin-1")
    assert [info.ref.name for info in list_infos()] == ["p", "anonymous"]
    assert "correct it or move it away" in caplog.text
    assert resolve("p").ref.profile == "p"
    for act in (lambda: add_connection(draft()), lambda: resolve("lab")):
        with pytest.raises(Conflict, match="correct it or move it away"):
            act()
    assert saved_path().read_text(encoding="latin-1") == content


def test_a_file_of_a_later_release(file_keyring: Path) -> None:
    saved_path().parent.mkdir(parents=True)
    saved_path().write_text('{"version": 2, "connections": []}')
    with pytest.raises(Conflict, match="another release"):
        add_connection(draft())
    assert not file_keyring.exists() or SECRET_KEY not in file_keyring.read_text()


def test_the_administrator_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    add_connection(draft(endpoint_url="https://minio.example"))
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_USER_ENDPOINTS", "false")
    with pytest.raises(AccessDenied):
        resolve("lab")
    with pytest.raises(AccessDenied):
        add_connection(draft("other", endpoint_url="https://minio.example"))
    info = next(info for info in list_infos() if info.ref.name == "lab")
    assert "allow_user_endpoints" in (info.problem or "")


def test_a_draft_never_shows_its_secrets() -> None:
    shown = draft(session_token="canary-token")
    assert isinstance(shown.secret_key, SecretStr)
    for words in (repr(shown), str(shown), shown.model_dump_json(), repr(shown.model_dump())):
        for secret in (SECRET_KEY, ACCESS_KEY, "canary-token"):
            assert secret not in words
