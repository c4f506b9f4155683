"""partition: exactly once, the index used again, parameters in plain words, nothing saved of what fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cloud_data_cockpit as cdc
from cloud_data_cockpit.errors import BadRequest, Cancelled, FormatError, NotFound, SourceChanged, UnknownFormat
from cloud_data_cockpit.slicing import manifests
from cloud_data_cockpit.slicing.partition import partition, partition_object

from .lines import LineFormat


def saved() -> list[str]:
    return [path.name for path in manifests.directory().glob("*")] if manifests.directory().exists() else []


@pytest.mark.parametrize("num_slices", [1, 2, 7, 99, 100, 1000])
def test_every_record_once(poem: Path, num_slices: int) -> None:
    slices = cdc.partition(str(poem), num_slices=num_slices)
    assert len(slices) == min(num_slices, 100)
    assert [line for piece in slices for line in piece.get()] == [f"line {i} é" for i in range(100)]
    assert b"".join(piece.read(header=False) for piece in slices) == poem.read_bytes()
    assert slices.records == 100 == sum(piece.count() for piece in slices)
    assert slices.nbytes == poem.stat().st_size
    assert bool(slices.notes) == (num_slices > 100)


def test_path_and_file_uri_are_the_same_object(poem: Path) -> None:
    by_path, by_uri = partition(poem, num_slices=3), partition(poem.as_uri(), num_slices=3)
    assert by_path.uri == by_uri.uri == poem.as_uri()
    assert LineFormat.scans == 1
    assert by_path.manifest_id != by_uri.manifest_id
    assert by_path.manifest_id.startswith("a-poem-more-")


def test_one_scan_for_all_cuts_of_one_reading(poem: Path) -> None:
    partition(poem, num_slices=3)
    partition(poem, lines=10)
    assert LineFormat.scans == 1
    partition(poem, num_slices=3, skip=1)
    assert LineFormat.scans == 2


def test_changed_object_is_scanned_again(poem: Path) -> None:
    old = partition(poem, num_slices=3)
    poem.write_bytes(b"other\nlines\n")
    assert partition(poem, num_slices=3).records == 2
    assert LineFormat.scans == 2
    with pytest.raises(SourceChanged):
        old[0].get()


def test_numbers_of_numpy(poem: Path) -> None:
    assert len(partition(poem, num_slices=np.int64(4))) == 4


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"num_slices": 0}, ["num_slices", "greater than or equal to 1", "not 0"]),
        ({"num_slices": "many"}, ["num_slices", "integer", "'many'"]),
        ({"colour": 3}, ["no parameter 'colour'", "known are num_slices, lines, skip"]),
        ({"num_slices": 3, "lines": 4}, ["choose one of num_slices and lines"]),
    ],
)
def test_wrong_parameters_are_told_in_plain_words(poem: Path, params: dict[str, object], words: list[str]) -> None:
    with pytest.raises(BadRequest) as caught:
        partition(poem, **params)  # type: ignore[arg-type]
    for word in words:
        assert word in str(caught.value)
    assert "pydantic" not in str(caught.value)
    assert saved() == []
    assert LineFormat.scans == 0


def test_what_cannot_be_opened(poem: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="check the path"):
        partition(tmp_path / "nothing", num_slices=1)
    with pytest.raises(BadRequest, match="leave the connection out"):
        partition(poem, connection="demo")
    with pytest.raises(BadRequest, match="s3://bucket/key"):
        partition("ftp://host/x")
    with pytest.raises(BadRequest, match="another machine"):
        partition("file://host/x")
    with pytest.raises(BadRequest, match="no format 'noise'; known are lines"):
        partition(poem, format="noise")


def test_empty_and_unknown_content(tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_bytes(b"")
    binary.write_bytes(b"\0\1\2")
    with pytest.raises(FormatError, match="empty"):
        partition(empty)
    with pytest.raises(UnknownFormat):
        partition(binary)
    with pytest.raises(FormatError, match="not text"):
        partition(binary, format="lines")
    assert saved() == []


@pytest.mark.parametrize("when", ["at once", "at the end"])
def test_cancelled_partition_saves_no_manifest(poem: Path, when: str) -> None:
    def stop(done: int, total: int) -> None:
        if when == "at once" or done == total:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        partition_object(None, poem, None, {}, stop)
    assert saved() == []


def test_progress_ends_at_the_size_also_with_a_saved_index(poem: Path) -> None:
    size = poem.stat().st_size
    for first in ((0, size), (size, size)):
        told: list[tuple[int, int]] = []
        partition_object(
            None, poem, "lines", {"num_slices": 2}, lambda done, total, told=told: told.append((done, total))
        )
        assert told[0] == first
        assert told[-1] == (size, size)
    assert LineFormat.scans == 1


def test_names_that_would_mislead(tmp_path: Path) -> None:
    for name in ("a%20b.lines", "..", "...lines", "a b#c?.lines", "ünï.lines", "-rf.lines", "x" * 200):
        path = tmp_path / name if name != ".." else tmp_path / "..lines"
        path.write_bytes(b"1\n2\n")
        slices = partition(path, num_slices=2)
        assert manifests.is_id(slices.manifest_id)
        assert cdc.load_slices(slices.manifest_id)[1].get() == ["2"]
