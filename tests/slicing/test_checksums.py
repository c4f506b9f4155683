"""CRC-32 from pieces: against zlib, whatever the order of the reads, their overlap, their threads."""

from __future__ import annotations

import pickle
import random
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_data_cockpit.slicing import checksums
from cloud_data_cockpit.slicing.checksums import SummedSource, combine, crc32
from cloud_data_cockpit.source import MemorySource

DATA = random.Random(1).randbytes(100_000)


@given(st.binary(max_size=300), st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_of_two_halves_the_whole(first: bytes, second: bytes) -> None:
    assert combine(zlib.crc32(first), zlib.crc32(second), len(second)) == zlib.crc32(first + second)


def test_long_halves() -> None:
    zeros = bytes(5 << 20)
    assert combine(zlib.crc32(DATA), zlib.crc32(zeros), len(zeros)) == zlib.crc32(zeros, zlib.crc32(DATA))
    # Two steps of 3 GiB are one of 6 GiB: lengths beyond 32 bits.
    step = combine(combine(0x12345678, 0, 3 << 30), 0, 3 << 30)
    assert step == combine(0x12345678, 0, 6 << 30)
    assert combine(zlib.crc32(DATA), 0, 0) == zlib.crc32(DATA)


def test_ours_is_that_of_zlib() -> None:
    assert crc32(DATA[500:], zlib.crc32(DATA[:500])) == zlib.crc32(DATA)
    assert crc32(memoryview(DATA)[7:70]) == zlib.crc32(DATA[7:70])


@pytest.mark.parametrize("seed", range(6))
def test_reads_that_overlap_in_any_order_and_by_threads(seed: int) -> None:
    chance = random.Random(seed)
    edges = sorted(chance.sample(range(len(DATA)), 3))
    summed = SummedSource(MemorySource(DATA), edges)
    starts = [chance.randrange(len(DATA)) for _ in range(300)]
    reads = [(start, chance.randrange(min(4000, len(DATA) - start) + 1)) for start in starts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda r: summed.read(*r), reads)) == [DATA[o : o + n] for o, n in reads]
    summed.read_many(summed.missing(0, len(DATA)))
    assert summed.missing(0, len(DATA)) == []
    for start, stop in zip([0, *edges], [*edges, len(DATA)], strict=True):
        assert summed.crc32(start, stop) == zlib.crc32(DATA[start:stop])
    assert summed.crc32(0, len(DATA)) == zlib.crc32(DATA)


def test_a_hole_or_a_place_between_sums_has_no_sum() -> None:
    summed = SummedSource(MemorySource(DATA))
    summed.read(0, 1000)
    summed.read(1001, 1000)
    assert summed.crc32(0, 1000) == zlib.crc32(DATA[:1000])
    assert summed.crc32(0, 2001) is None
    assert summed.crc32(0, 999) is None
    assert summed.crc32(1, 1000) is None
    assert summed.crc32(5000, 6000) is None
    assert summed.crc32(500, 500) == 0
    assert summed.missing(900, 1100) == [(1000, 1)]


def test_no_byte_is_summed_up_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    monkeypatch.setattr(checksums, "crc32", lambda data, before=0: lengths.append(len(data)) or 0)
    summed = SummedSource(MemorySource(DATA))
    for offset in range(0, 90_000, 1000):
        summed.read(offset, 5000)
    assert sum(lengths) == 94_000


def test_reads_are_told_and_another_process_gets_the_source_alone() -> None:
    told: list[int] = []
    summed = SummedSource(MemorySource(DATA, uri="memory:x"), seen=told.append, sums=False)
    summed.read(0, 10)
    summed.read_many([(5, 5), (20, 1)])
    assert told == [10, 5, 1]
    assert summed.crc32(0, 10) is None
    assert not hasattr(summed, "connection")
    back = pickle.loads(pickle.dumps(summed))
    assert isinstance(back, MemorySource)
    assert (back.uri, back.size, back.etag) == (summed.uri, summed.size, summed.etag)


def test_a_scan_that_jumps_about_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "_MOST_PIECES", 10)
    summed = SummedSource(MemorySource(DATA))
    for offset in range(0, 100, 2):
        summed.read(offset, 1)
    assert len(summed._starts) < 20
    summed.read(0, len(DATA))
    assert summed.crc32(0, len(DATA)) is None
