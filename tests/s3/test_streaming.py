"""Streams for the browser: archives that any reader takes, of a size known before, in bounded memory."""

from __future__ import annotations

import io
import os
import struct
import threading
import zipfile
import zlib
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_data_cockpit.errors import Archived, BadRequest, CockpitError, NotFound, SourceChanged
from cloud_data_cockpit.models import Selection
from cloud_data_cockpit.s3 import streaming, zipping
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.streaming import blocks_of, plan_download
from cloud_data_cockpit.s3.zipping import Archive, Member, archive_size

from .test_copying import HOSTILE

NOW = datetime(2026, 11, 20, 10, 30, 7, tzinfo=UTC)


def made(members: list[tuple[Member, bytes]]) -> bytes:
    with closing(Archive()) as archive:
        parts = []
        for member, data in members:
            parts += [archive.begin(member), data, archive.end(member, zlib.crc32(data))]
        return b"".join([*parts, *archive.finish()])


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
        return {info.filename: archive.read(info) for info in archive.infolist()}


NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/\\:"), min_size=1, max_size=40)


@given(st.dictionaries(NAMES, st.binary(max_size=200), max_size=8))
def test_any_archive_is_read_and_has_the_size_that_was_told(files: dict[str, bytes]) -> None:
    members = [(Member(name, len(data), NOW), data) for name, data in files.items()]
    data = made(members)
    assert len(data) == archive_size(member for member, _ in members)
    assert unzipped(data) == files


def test_dates(tmp_path: Any) -> None:
    data = made([(Member("a", 1, NOW), b"x"), (Member("old", 1, datetime(1970, 1, 1, tzinfo=UTC)), b"x")])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.getinfo("a").date_time == (2026, 11, 20, 10, 30, 6)
        assert archive.getinfo("old").date_time[0] == 1980


def test_more_members_than_16_bits_hold() -> None:
    members = [(Member(f"m{number}", 0, NOW), b"") for number in range(0x10001)]
    data = made(members)
    assert len(data) == archive_size(member for member, _ in members)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.infolist()) == 0x10001


def test_large_members_and_offsets_as_the_format_has_them() -> None:
    large = Member("large", 5 << 30, NOW)
    with closing(Archive()) as archive:
        header = archive.begin(large)
        after = archive.end(large, 7)
        second = Member("second", 3, NOW)
        archive.begin(second)
        archive.end(second, zlib.crc32(b"abc"))
        directory = b"".join(archive.finish())
    assert struct.unpack("<4sLQQ", after) == (b"PK\x07\x08", 7, 5 << 30, 5 << 30)
    assert struct.pack("<HHQQ", 1, 16, 5 << 30, 5 << 30) in header
    total = archive_size([large, second])
    assert total == len(header) + (5 << 30) + 24 + len(zipping._local(second)) + 3 + 16 + len(directory)

    class Sparse(io.RawIOBase):
        """A file with the directory at its end, and nothing but holes before."""

        at = 0

        def seekable(self) -> bool:
            return True

        def readable(self) -> bool:
            return True

        def seek(self, offset: int, whence: int = 0) -> int:
            self.at = offset + (0, self.at, total)[whence]
            return self.at

        def tell(self) -> int:
            return self.at

        def read(self, size: int = -1) -> bytes:
            start = self.at - (total - len(directory))
            data = directory[start : start + size if size >= 0 else None]
            self.at += len(data)
            return data

    with zipfile.ZipFile(Sparse()) as read:  # type: ignore[arg-type]
        found = {info.filename: (info.file_size, info.header_offset) for info in read.infolist()}
    assert found == {"large": (5 << 30, 0), "second": (3, len(header) + (5 << 30) + 24)}


# --- plans and bytes ---------------------------------------------------------------------------------


def ask(bucket: str, connection: str = "lab", **more: Any) -> Selection:
    return Selection.model_validate({"connection": connection, "bucket": bucket} | more)


def test_one_object_and_ranges_of_it(lab: Connection, bucket: str, boto: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "BLOCK", 1000)
    data = os.urandom(4567)
    boto.put_object(Bucket=bucket, Key="a/k.bin", Body=data)
    download = plan_download(ask(bucket, keys=["a/k.bin"]))
    assert (download.filename, download.size) == ("k.bin", 4567)
    assert b"".join(blocks_of(download)) == data
    assert b"".join(blocks_of(download, 999, 2002)) == data[999:3001]
    assert b"".join(blocks_of(download, 4567, 0)) == b""


@pytest.mark.parametrize("known", [True, False], ids=["few", "many"])
def test_archives_of_any_keys(
    lab: Connection, bucket: str, boto: Any, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BLOCK", 1000)
    if not known:
        monkeypatch.setattr(streaming, "MOST_KNOWN", 3)
    data = {f"run1/{key}": key.encode() for key in HOSTILE if not key.endswith("/")}
    data |= {"run1/large": os.urandom(5500), "run1/empty": b"", "top/alone": b"1", "run1/sub/": b""}
    for key, body in (data | {"run10/no": b"no"}).items():
        boto.put_object(Bucket=bucket, Key=key, Body=body)
    download = plan_download(ask(bucket, prefixes=["run1/"], keys=["top/alone"]))
    whole = b"".join(blocks_of(download))
    found = unzipped(whole)
    assert sorted(found.values()) == sorted(data.values())
    assert all(not name.startswith("/") and ".." not in name.split("/") for name in found)
    assert found["run1/sub/"] == b""
    assert download.filename == f"{bucket}.zip"
    assert download.size == (len(whole) if known else None)


@pytest.mark.parametrize("known", [True, False], ids=["few", "many"])
def test_an_archive_unpacks_where_folders_have_bytes_or_the_names_of_files(
    lab: Connection, bucket: str, boto: Any, known: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    if not known:
        monkeypatch.setattr(streaming, "MOST_KNOWN", 3)
    data = {key: key.encode() for key in ("d/a/", "d/a/x", "d/a/_", "d/a//y", "d/b", "d/b/x", "d/c/x", "d/")}
    for key, body in data.items():
        boto.put_object(Bucket=bucket, Key=key, Body=body)
    whole = b"".join(blocks_of(plan_download(ask(bucket, prefixes=["d/"]))))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        archive.extractall(tmp_path)
    found = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert sorted(found.values()) == sorted(data.values())
    assert (found["d/_"], found["d/a/_"], found["d/a/x"]) == (b"d/", b"d/a/", b"d/a/x")


def test_an_archive_is_called_as_its_prefix(lab: Connection, bucket: str, boto: Any) -> None:
    boto.put_object(Bucket=bucket, Key="a/run1/k", Body=b"1")
    download = plan_download(ask(bucket, prefixes=["a/run1/"]))
    assert download.filename == "run1.zip"
    assert unzipped(b"".join(blocks_of(download))) == {"run1/k": b"1"}
    whole = plan_download(ask(bucket, prefixes=[""]))
    assert unzipped(b"".join(blocks_of(whole))) == {f"{bucket}/a/run1/k": b"1"}


def test_what_cannot_be_is_said_before(lab: Connection, bucket: str, boto: Any) -> None:
    boto.put_object(Bucket=bucket, Key="cold/k", Body=b"1", StorageClass="GLACIER")
    for selected, error in (
        ({"keys": ["gone"]}, NotFound),
        ({"keys": ["gone", "gone too"]}, NotFound),
        ({"prefixes": ["gone/"]}, NotFound),
        ({"keys": ["cold/k"]}, Archived),
        ({"prefixes": ["cold/"]}, Archived),
        ({}, BadRequest),
        ({"prefixes": ["cold"]}, BadRequest),
    ):
        with pytest.raises(error):
            plan_download(ask(bucket, **selected))


def test_an_object_that_changed_is_not_sent(lab: Connection, bucket: str, boto: Any) -> None:
    for key in ("d/a", "d/b"):
        boto.put_object(Bucket=bucket, Key=key, Body=b"old")
    single, several = plan_download(ask(bucket, keys=["d/a"])), plan_download(ask(bucket, prefixes=["d/"]))
    boto.put_object(Bucket=bucket, Key="d/a", Body=b"new")
    for download in (single, several):
        with pytest.raises(SourceChanged):
            b"".join(blocks_of(download))


def test_only_so_much_is_read_ahead_and_nothing_goes_on_after_a_close(
    lab: Connection, bucket: str, boto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BLOCK", 1000)
    boto.put_object(Bucket=bucket, Key="k", Body=os.urandom(100_000))
    read: list[int] = []
    original = streaming.S3Source.read

    def spy(self: Any, offset: int, length: int) -> bytes:
        read.append(offset)
        return original(self, offset, length)

    monkeypatch.setattr(streaming.S3Source, "read", spy)
    blocks = blocks_of(plan_download(ask(bucket, keys=["k"])))
    for _ in range(5):
        next(blocks)
    assert len(read) <= 5 + streaming.AHEAD
    blocks.close()
    assert len(read) <= 5 + streaming.AHEAD
    assert not any(thread.name.startswith("s3-stream") for thread in threading.enumerate())


def test_errors_come_in_the_middle(
    lab: Connection, bucket: str, boto: Any, s3_service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BLOCK", 1000)
    boto.put_object(Bucket=bucket, Key="k", Body=os.urandom(50_000))
    s3_service.inject(method="GET", path=f"/{bucket}/k", status=500, times=1000, skip=30)
    sent = 0
    blocks = blocks_of(plan_download(ask(bucket, keys=["k"])))
    with suppress(CockpitError):
        while True:
            sent += len(next(blocks))
    s3_service.clear_faults()
    assert 0 < sent < 50_000
