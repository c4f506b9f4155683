"""Blocks that are kept until the index is: what comes back is what was there, and nothing else is made of a file."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from cloud_data_cockpit.formats.fasta import FastaFormat
from cloud_data_cockpit.slicing import checkpoints
from cloud_data_cockpit.slicing.checkpoints import Checkpoint
from cloud_data_cockpit.slicing.checksums import SummedSource
from cloud_data_cockpit.slicing.result_files import Arrays, NotKeepable, decoded, encoded, read, write
from cloud_data_cockpit.source import MemorySource

DATA = b"".join(b">r%d some words\n%s\n" % (n, b"ACGT" * (n % 37)) for n in range(3000))


class Pair(NamedTuple):
    a: int
    b: bytes


@dataclass(frozen=True)
class Found:
    starts: np.ndarray[Any, Any]
    pairs: tuple[Pair, ...]
    names: dict[str, list[float | None]]


def test_results_come_back_as_they_were(tmp_path: Path) -> None:
    long = bytes(range(256)) * 5
    value = Found(np.arange(5, dtype="<u4"), (Pair(1, b"\x00\xff"), Pair(-(2**70), long)), {"é": [0.1, None], "": []})
    arrays: Arrays = []
    write(tmp_path / "a.npz", encoded((value, np.float32(0.5), True, {3, 4}, frozenset()), arrays), arrays)
    data, columns = read(tmp_path / "a.npz")
    back, scalar, flag, some, none = decoded(data, columns, ["tests"])
    assert np.array_equal(back.starts, value.starts)
    assert back.starts.dtype == value.starts.dtype
    assert (back.pairs, back.names) == (value.pairs, value.names)
    assert (type(back), type(back.pairs[0]), type(scalar), flag) == (Found, Pair, np.float32, True)
    assert (some, type(some), none, type(none)) == ({3, 4}, set, frozenset(), frozenset)
    with pytest.raises(ValueError, match="is not of"):
        decoded(data, columns, ["cloud_data_cockpit"])


def test_a_file_calls_nothing() -> None:
    for record in ("os:system", "cloud_data_cockpit.formats.fasta:FastaFormat"):
        with pytest.raises(ValueError, match=r"is not of|is no record"):
            decoded({"record": record, "fields": {}}, [], ["cloud_data_cockpit.formats"])


@pytest.mark.parametrize("value", [object(), {object()}, len, np.array([object()])])
def test_what_cannot_be_kept(value: Any) -> None:
    with pytest.raises(NotKeepable):
        encoded((1, value), [])


class Stopped(Exception):
    """The scan was broken off."""


def _scan(directory: Path, stop_after: int | None, format: Any = None) -> tuple[Any, int | None, list[Any]]:
    """(index, sum, blocks scanned); Stopped after so many of them."""
    source = MemorySource(DATA, uri="mem://a", etag="e")
    summed, scanned = SummedSource(source), []

    def run(fn: Any, items: Any) -> Any:
        for item in items:
            if stop_after is not None and len(scanned) == stop_after:
                raise Stopped
            scanned.append(item)
            yield fn(item)

    chosen = format or FastaFormat()
    params = chosen.params()
    kept = Checkpoint(directory, interval=0).over(run, source, chosen, params, summed)
    try:
        index = chosen.index(summed, params, lambda done, total: None, run=kept, block_size=4096)
    except Stopped:
        return None, None, scanned
    return index, summed.crc32(0, len(DATA)), scanned


def _same(index: Any, other: Any) -> bool:
    return (index.records, index.facts) == (other.records, other.facts) and all(
        np.array_equal(array, other.arrays[name]) for name, array in index.arrays.items()
    )


def test_a_scan_goes_on(tmp_path: Path) -> None:
    whole, crc, blocks = _scan(tmp_path / "whole", None)
    assert crc == zlib.crc32(DATA)
    _scan(tmp_path / "part", 5)
    _scan(tmp_path / "part", 3)
    index, crc, scanned = _scan(tmp_path / "part", None)
    assert _same(index, whole)
    assert crc == zlib.crc32(DATA)
    assert scanned == blocks[8:]


def test_damage_costs_a_scan_and_nothing_else(tmp_path: Path) -> None:
    whole, _, blocks = _scan(tmp_path / "whole", None)
    _scan(tmp_path / "part", 6)
    files = sorted((tmp_path / "part").glob("*.npz"))
    assert len(files) == 6
    content = bytearray(files[2].read_bytes())
    content[len(content) // 2] ^= 0xFF
    files[2].write_bytes(content)
    files[4].write_bytes(os.urandom(100))
    index, crc, scanned = _scan(tmp_path / "part", None)
    assert _same(index, whole)
    assert crc == zlib.crc32(DATA)
    assert {blocks[4], *blocks[6:]} <= set(scanned)


def test_other_bytes_have_blocks_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _scan(tmp_path, 5)
    monkeypatch.setattr(FastaFormat, "version", 999)
    _, _, scanned = _scan(tmp_path, None)
    assert len(scanned) == -(-len(DATA) // 4096)


class Companionless(FastaFormat):
    """A format whose companion may change, and which cannot tell one from another."""

    def current(self, source: Any, index: Any) -> bool:
        return False


def test_a_format_that_cannot_tell_its_companions_apart_keeps_none(tmp_path: Path) -> None:
    source = MemorySource(DATA, uri="mem://a", etag="e")
    format = Companionless()
    assert Checkpoint(tmp_path).over(map, source, format, format.params(), None) is map


MADE: list[int] = []


def _plenty(number: int) -> tuple[np.ndarray[Any, Any], bytes, frozenset[int]]:
    MADE.append(number)
    return np.arange(1 << 20, dtype=np.int64) + number, bytes(5 << 20), frozenset({number, 7})


def _kept(directory: Path) -> Any:
    source = MemorySource(DATA, uri="mem://a", etag="e")
    return Checkpoint(directory).over(map, source, FastaFormat(), FastaFormat.params(), None)


def test_large_results_are_kept(tmp_path: Path) -> None:
    MADE.clear()
    first, second = (list(_kept(tmp_path)(_plenty, [1, 2])) for _ in range(2))
    assert MADE == [1, 2]
    for (array, data, some), (again, the_same, others) in zip(first, second, strict=True):
        assert np.array_equal(array, again)
        assert (data, some) == (the_same, others)


@pytest.mark.parametrize(
    "value",
    [
        np.arange(1000, dtype="<u4") * 60_000,
        np.arange(300, dtype=">i8") * 7 - 2**40,
        np.array([2**32 - 1] * 400, dtype=np.uint32),
        np.arange(1000)[::-1],
        np.array([0, 70_000] * 200),
        np.arange(1000, dtype=np.uint64) + (2**63 - 500),
        np.linspace(0, 1, 500),
        np.zeros((300, 2), dtype=np.int64),
    ],
    ids=str,
)
def test_numbers_that_ascend_come_back(tmp_path: Path, value: Any) -> None:
    arrays: Arrays = []
    write(tmp_path / "a.npz", encoded(value, arrays), arrays)
    data, columns = read(tmp_path / "a.npz")
    back = decoded(data, columns, [])
    assert (back.dtype, back.shape) == (value.dtype, value.shape)
    assert np.array_equal(back, value)


def test_starts_of_lines_take_little_room() -> None:
    arrays: Arrays = []
    encoded(np.arange(100_000, dtype=np.int64) * 100, arrays)
    assert sum(array.nbytes for array in arrays) < 100_000


@pytest.mark.parametrize(("limit", "value"), [("SPARE", 1 << 60), ("MOST_KEPT", 1 << 20)])
def test_a_disk_that_is_nearly_full_is_left_alone(
    limit: str, value: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(checkpoints, limit, value)
    assert len(list(_kept(tmp_path)(_plenty, [1]))) == 1
    assert list(tmp_path.glob("*.npz")) == []
    assert "of the disk" in caplog.text
