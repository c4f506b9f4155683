"""The cockpit as functions: each against a real service, with prefixes that begin alike and keys of any kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.errors import BadRequest, Conflict, CredentialsError, NotFound
from cloud_data_cockpit.kernel import cockpit, reached

KEYS = ["run1/a.csv", "run1/deep/b.csv", "run10/c.csv", "top.txt"]


@pytest.fixture
def top(s3_service: Any, bucket: str, boto: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(reached, "_chosen", None)
    cockpit.connect("scripted", endpoint_url=s3_service.endpoint_url, access_key=s3_service.access_key,
                    secret_key=s3_service.secret_key)  # fmt: skip
    for key in KEYS:
        boto.put_object(Bucket=bucket, Key=key, Body=key.encode() * 10)
    return f"s3://{bucket}/"


def left(top: str) -> list[str]:
    return [uri.removeprefix(top) for uri in cockpit.find(top)]


def test_ls_of_an_object_is_the_object_and_of_nothing_an_error(top: str) -> None:
    assert cockpit.ls(f"{top}top.txt") == [f"{top}top.txt"]
    assert cockpit.ls(f"{top}run1") == cockpit.ls(f"{top}run1/")
    for missing in ("run", "run/", "top.txt/"):
        with pytest.raises(NotFound, match="nor anything below"):
            cockpit.ls(f"{top}{missing}")


def test_looking(top: str) -> None:
    assert [uri.removeprefix(top) for uri in cockpit.ls(top)] == ["run1/", "run10/", "top.txt"]
    assert top in cockpit.ls()
    assert left(top) == KEYS
    assert [uri.removeprefix(top) for uri in cockpit.find(f"{top}run1/", "*.csv")] == KEYS[:2]
    assert cockpit.du(f"{top}run1/") == (2, 10 * (len(KEYS[0]) + len(KEYS[1])))
    assert cockpit.du(f"{top}top.txt") == (1, 70)
    assert cockpit.head(f"{top}top.txt").size == 70
    assert cockpit.cat(f"{top}top.txt", 2, 3) == b"p.t"


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("run*/*.csv", ["run1/a.csv", "run10/c.csv"]),
        ("run1/**", ["run1/a.csv", "run1/deep/b.csv"]),
        ("**/b.csv", ["run1/deep/b.csv"]),
        ("*.txt", ["top.txt"]),
        ("*", ["top.txt"]),
        ("top.txt", ["top.txt"]),
        ("nothing", []),
    ],
)
def test_glob(top: str, pattern: str, keys: list[str]) -> None:
    assert [uri.removeprefix(top) for uri in cockpit.glob(top + pattern)] == keys


def test_files_of_this_machine_are_cut_too(top: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    cockpit.index(path)
    assert cockpit.manifests().list() == []  # an index is no cut
    assert cockpit.partition(path, 2).records == 2


def test_remove_leaves_what_begins_alike(top: str) -> None:
    with pytest.raises(BadRequest, match="run1/ to mean all"):
        cockpit.rm(f"{top}run1")
    assert left(top) == KEYS
    assert cockpit.rm(f"{top}run1/").objects == 2
    assert left(top) == ["run10/c.csv", "top.txt"]
    with pytest.raises(NotFound):
        cockpit.rm(f"{top}run1/")
    with pytest.raises(BadRequest, match="whole bucket"):
        cockpit.rm(top)


def test_copy_and_move(top: str) -> None:
    assert cockpit.copy(f"{top}run1/", f"{top}old/").objects == 2
    assert {"old/run1/a.csv", "old/run1/deep/b.csv"} <= set(left(top))
    cockpit.copy(f"{top}top.txt", f"{top}new.txt")
    assert cockpit.cat(f"{top}new.txt") == b"top.txt" * 10
    with pytest.raises(Conflict):
        cockpit.copy(f"{top}run10/c.csv", f"{top}new.txt")
    cockpit.move(f"{top}run1/", f"{top}run2")
    assert [key for key in left(top) if key.startswith("run")] == ["run10/c.csv", "run2/a.csv", "run2/deep/b.csv"]


def test_up_and_down(top: str, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "a b.bin").write_bytes(b"a" * 100)
    (tmp_path / "in" / "deep" / "ü.bin").write_bytes(b"")
    assert cockpit.upload(tmp_path / "in", f"{top}up") == f"{top}up/"
    assert {"up/a b.bin", "up/deep/ü.bin"} <= set(left(top))
    assert cockpit.upload(tmp_path / "in" / "a b.bin", f"{top}files/") == f"{top}files/a b.bin"
    assert cockpit.upload(b"bytes", f"{top}raw") == f"{top}raw"
    with pytest.raises(Conflict):
        cockpit.upload(b"other", f"{top}raw")
    cockpit.upload(b"other", f"{top}raw", on_conflict="replace")
    assert cockpit.cat(f"{top}raw") == b"other"
    found = cockpit.download(f"{top}up/", tmp_path / "out", progress=True)
    assert sorted(path.relative_to(found).as_posix() for path in found.rglob("*.bin")) == [
        "up/a b.bin",
        "up/deep/ü.bin",
    ]
    assert (found / "up" / "a b.bin").read_bytes() == b"a" * 100


def test_partition(top: str, boto: Any) -> None:
    cockpit.upload(b"x,y\n" + b"1,2\n" * 100, f"{top}table.csv")
    cockpit.index(f"{top}table.csv")
    slices = cockpit.partition(f"{top}table.csv", 4)
    assert len(slices) == 4
    assert sum(len(piece.get()) for piece in slices) == 100


def test_presign(top: str) -> None:
    import urllib.request

    link = cockpit.presign(f"{top}top.txt", 60)
    with urllib.request.urlopen(link.url) as reply:
        assert reply.read() == b"top.txt" * 10


def test_fsspec(top: str) -> None:
    pytest.importorskip("s3fs")
    filesystem = cockpit.fsspec_filesystem()
    assert filesystem.cat(f"{top}top.txt") == b"top.txt" * 10


def test_a_link_out_of_a_directory_is_not_followed(top: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(BadRequest, match="leads out"):
        cockpit.upload(tmp_path / "in", f"{top}up/")


def test_what_cannot_be(top: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        cockpit.download(f"{top}none", tmp_path)
    with pytest.raises(NotFound):
        cockpit.upload(tmp_path / "none", top)
    with pytest.raises(BadRequest, match="no prefix"):
        next(cockpit.find(f"{top}run1"))
    with pytest.raises((NotFound, CredentialsError)):
        cockpit.ls(top, connection="nobody")
