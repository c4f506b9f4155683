"""The place of indexes: this machine within bounds, or a bucket that several machines share."""

from __future__ import annotations

import io
import logging
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cloud_data_cockpit as cdc
from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.errors import BadRequest
from cloud_data_cockpit.slicing import indexes, places
from cloud_data_cockpit.slicing.partition import partition
from cloud_data_cockpit.slicing.places import CONNECTION_VARIABLE, PLACE_VARIABLE, LocalPlace, find_place, prune
from cloud_data_cockpit.slicing.storage import data_directory
from cloud_data_cockpit.source import FileSource

from .lines import LineFormat, LineParams


@pytest.fixture
def lab(s3_service: DemoProcess) -> Any:
    return cdc.connect(
        name="lab",
        endpoint_url=s3_service.endpoint_url,
        access_key=s3_service.access_key,
        secret_key=s3_service.secret_key,
        region="us-east-1",
    )


@pytest.fixture
def another_machine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on nothing is kept on this machine yet."""

    def move() -> None:
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path_factory.mktemp("other")))

    return move


def local() -> list[Path]:
    directory = data_directory("indexes")
    return sorted(directory.iterdir()) if directory.is_dir() else []


def keys(boto: Any, bucket: str) -> list[str]:
    return [each["Key"] for each in boto.list_objects_v2(Bucket=bucket).get("Contents", [])]


# --- a bucket


def test_all_machines_share_one_scan(poem: Path, boto: Any, bucket: str, lab: Any, another_machine: Any) -> None:
    place = f"s3://{bucket}/our indexes/#1"
    made = partition(poem, num_slices=3, index_place=place, index_connection="lab")
    assert made.notes == []
    assert local() == []
    assert len(keys(boto, bucket)) == 1
    assert keys(boto, bucket)[0].startswith("our indexes/#1/")
    another_machine()
    back = partition(poem, num_slices=7, index_place=place, index_connection=lab)
    assert LineFormat.scans == 1
    assert [line for piece in back for line in piece.get()] == [line for piece in made for line in piece.get()]
    assert back.manifest.checksum == made.manifest.checksum
    assert back.manifest.checksum is not None
    partition(poem, num_slices=7, skip=1, index_place=place, index_connection=lab)
    assert LineFormat.scans == 2
    assert len(keys(boto, bucket)) == 2


def test_the_environment_names_the_place(
    boto: Any, bucket: str, lab: Any, monkeypatch: pytest.MonkeyPatch, poem: Path, another_machine: Any
) -> None:
    boto.put_object(Bucket=bucket, Key="x.lines", Body=b"a\nb\nc\n")
    monkeypatch.setenv(PLACE_VARIABLE, f"s3://{bucket}/i")
    # The connection of the object is the one of the place, unless another is named.
    partition(f"s3://{bucket}/x.lines", connection="lab")
    assert len(keys(boto, bucket)) == 2
    monkeypatch.setenv(CONNECTION_VARIABLE, "lab")
    partition(poem)
    assert len(keys(boto, bucket)) == 3
    another_machine()
    partition(poem, num_slices=2)
    assert LineFormat.scans == 2
    partition(poem, num_slices=2, index_place="local")
    assert LineFormat.scans == 3
    assert len(local()) == 1
    source = FileSource(poem)
    indexes.delete(source, LineFormat(), LineParams())
    assert local() == []
    assert len(keys(boto, bucket)) == 2


def test_an_anonymous_connection_reads_data_and_not_the_place(monkeypatch: pytest.MonkeyPatch, lab: Any) -> None:
    anonymous = cdc.connect(name="open", anonymous=True, endpoint_url="http://127.0.0.1:1")
    assert find_place("s3://mine/p", None, anonymous).connection is None  # type: ignore[union-attr]
    assert find_place("s3://mine/p", None, "lab").connection == "lab"  # type: ignore[union-attr]
    assert find_place("s3://mine/p", lab, anonymous).connection is lab  # type: ignore[union-attr]
    monkeypatch.setenv(CONNECTION_VARIABLE, "named")
    assert find_place("s3://mine/p", None, "lab").connection == "named"  # type: ignore[union-attr]


def test_an_index_of_this_machine_is_brought_to_the_place(poem: Path, boto: Any, bucket: str, lab: Any) -> None:
    partition(poem)
    partition(poem, index_place=f"s3://{bucket}/", index_connection="lab")
    assert LineFormat.scans == 1
    assert len(keys(boto, bucket)) == 1


@pytest.mark.parametrize("trouble", ["no bucket", "wrong key", "nobody there"])
def test_a_place_that_refuses_is_told_and_this_machine_keeps(
    poem: Path, bucket: str, s3_service: DemoProcess, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trouble == "nobody there":
        from cloud_data_cockpit.slicing.places import BucketPlace

        def refuse(self: BucketPlace, *_: Any) -> Any:
            raise places.CockpitError("the service could not be reached")

        monkeypatch.setattr(BucketPlace, "open", refuse)
        monkeypatch.setattr(BucketPlace, "write", refuse)
    cdc.connect(
        name="lab",
        endpoint_url=s3_service.endpoint_url,
        access_key=s3_service.access_key,
        secret_key="wrong" * 8 if trouble == "wrong key" else s3_service.secret_key,
        region="us-east-1",
    )
    place = "s3://there-is-no-such-bucket/i/" if trouble == "no bucket" else f"s3://{bucket}/i/"
    slices = partition(poem, num_slices=3, index_place=place, index_connection="lab")
    assert slices.records == 100
    assert len(slices.notes) == 1
    assert "on this machine only" in slices.notes[0]
    assert place in slices.notes[0]
    assert s3_service.secret_key not in slices.notes[0]
    assert len(local()) == 1
    partition(poem, num_slices=3, index_place=place, index_connection="lab")
    assert LineFormat.scans == 1


def test_a_damaged_or_huge_index_in_the_place_is_made_again(
    poem: Path, boto: Any, bucket: str, lab: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def again() -> list[str]:
        return partition(poem, index_place=f"s3://{bucket}/", index_connection="lab").notes

    again()
    (key,) = keys(boto, bucket)
    good = boto.get_object(Bucket=bucket, Key=key)["Body"].read()
    boto.put_object(Bucket=bucket, Key=key, Body=good[: len(good) // 2])
    assert again() == []
    assert LineFormat.scans == 2
    assert boto.get_object(Bucket=bucket, Key=key)["Body"].read() == good
    monkeypatch.setattr(places, "LARGEST_INDEX", len(good) - 1)
    assert "on this machine only" in again()[0]
    assert LineFormat.scans == 3


def test_an_index_that_unpacks_to_more_than_it_may_is_refused(
    poem: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source = FileSource(poem)
    path = indexes.save(LineFormat().index(source, LineParams(), lambda done, total: None))
    assert path is not None
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, io.BytesIO() as array:
        np.save(array, np.zeros(1 << 20))
        archive.writestr("array.bomb.npy", array.getvalue())
    assert indexes.load(source, LineFormat(), LineParams()) is not None
    monkeypatch.setattr(indexes, "LARGEST_INDEX", 1 << 20)
    with caplog.at_level(logging.WARNING):
        assert indexes.load(source, LineFormat(), LineParams()) is None
    assert "more than an index may" in caplog.text


@pytest.mark.parametrize("place", ["/tmp", "https://bucket/x", "s3://", "s3:///x", "gs://b"])
def test_a_place_that_cannot_be_is_refused(poem: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadRequest, match="indexes can be kept in"):
        partition(poem, index_place=place)
    monkeypatch.setenv(PLACE_VARIABLE, place)
    with pytest.raises(BadRequest, match="indexes can be kept in"):
        partition(poem)
    assert LineFormat.scans == 0


# --- this machine


def test_what_was_not_used_longest_goes(tmp_path: Path) -> None:
    for number, name in enumerate("abcde"):
        (tmp_path / f"{name}.npz").write_bytes(bytes(100))
        os.utime(tmp_path / f"{name}.npz", (number, number))
    (tmp_path / "other.txt").write_bytes(bytes(1000))
    (tmp_path / ".new.npz.xyz").write_bytes(b"being written")
    (tmp_path / ".old.npz.xyz").write_bytes(b"left by a program that died")
    os.utime(tmp_path / ".old.npz.xyz", (1, 1))
    prune(tmp_path, 250, keep="a.npz")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".new.npz.xyz", "a.npz", "e.npz", "other.txt"]
    prune(tmp_path, 0, keep="a.npz")
    assert (tmp_path / "a.npz").exists()


def test_saving_keeps_within_bounds_and_using_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    poems = []
    for number in range(4):
        path = tmp_path / f"{number}.lines"
        path.write_bytes(b"a\n" * (number + 1))
        poems.append(path)
    partition(poems[0])
    size = local()[0].stat().st_size
    monkeypatch.setattr(LocalPlace.__init__, "__defaults__", (3 * size + size // 2,))
    partition(poems[1])
    long_ago = time.time() - 1000
    for path in local():
        os.utime(path, (long_ago, long_ago))
    partition(poems[2])
    partition(poems[0])  # used again, so it is not the next to go
    partition(poems[3])
    assert len(local()) == 3
    assert LineFormat.scans == 4
    partition(poems[0])
    assert LineFormat.scans == 4
    partition(poems[1])
    assert LineFormat.scans == 5
