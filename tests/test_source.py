"""Ranges are merged and cut again without a wrong byte; a file that changes is noticed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_data_cockpit.errors import BadRequest, NotFound, SourceChanged
from cloud_data_cockpit.source import FileSource, MemorySource, blocks, merge_ranges, read_merged, split_merged

DATA = bytes(range(256)) * 2
RANGES = st.lists(
    st.integers(0, len(DATA)).flatmap(lambda o: st.tuples(st.just(o), st.integers(0, len(DATA) - o))), max_size=12
)


@given(RANGES, st.integers(0, 50), st.integers(1, 200))
def test_merged_ranges_give_the_same_bytes(ranges: list[tuple[int, int]], gap: int, largest: int) -> None:
    source = MemorySource(DATA)
    merged = merge_ranges(ranges, gap, largest)
    assert all(a[0] + a[1] <= b[0] for a, b in pairwise(merged))
    assert split_merged(merged, source.read, ranges) == [DATA[o : o + n] for o, n in ranges]


def test_near_ranges_travel_together_and_far_ones_do_not() -> None:
    asked: list[tuple[int, int]] = []

    def read(offset: int, length: int) -> bytes:
        asked.append((offset, length))
        return bytes(length)

    far = 10 << 20
    assert [len(b) for b in read_merged(read, [(far, 5), (0, 10), (100, 10), (0, 0)])] == [5, 10, 10, 0]
    assert asked == [(0, 110), (far, 5)]


def test_blocks_cover_without_a_gap() -> None:
    assert list(blocks(3, 20, 8)) == [(3, 8), (11, 8), (19, 1)]
    assert list(blocks(5, 5, 8)) == []


def test_a_file_is_read_by_ranges(tmp_path: Path) -> None:
    path = tmp_path / "a b#%.bin"
    path.write_bytes(DATA)
    source = FileSource(path)
    assert source.size == len(DATA)
    assert source.read(10, 20) == DATA[10:30]
    assert source.read_many([(300, 2), (0, 1)]) == [DATA[300:302], DATA[:1]]
    with pytest.raises(BadRequest):
        source.read(len(DATA), 1)


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(DATA)
    source = FileSource(path)
    path.write_bytes(DATA + b"more")
    with pytest.raises(SourceChanged):
        source.read(0, 4)
    with pytest.raises(SourceChanged):
        FileSource(path, etag=source.etag)


def test_a_companion_is_found_or_said_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "a.bam").write_bytes(b"x")
    (tmp_path / "a.bam.bai").write_bytes(b"index")
    source = FileSource(tmp_path / "a.bam")
    assert source.sibling(".bai").read(0, 5) == b"index"
    with pytest.raises(NotFound):
        source.sibling(".csi")


def test_a_companion_with_another_ending_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.b.imzML").write_bytes(b"x")
    (tmp_path / "a.b.ibd").write_bytes(b"data")
    source = FileSource(tmp_path / "a.b.imzML")
    assert source.sibling(".ibd", replacing=".imzML").read(0, 4) == b"data"
    with pytest.raises(NotFound):
        source.sibling(".IBD2", replacing=".imzML")
    with pytest.raises(BadRequest, match="does not end"):
        source.sibling(".ibd", replacing=".xml")


def test_companions_may_be_in_memory() -> None:
    source = MemorySource(b"x", "memory:a.imzML", beside={"memory:a.ibd": b"data", "memory:a.imzML.md5": b"sum"})
    assert source.sibling(".ibd", replacing=".imzML").read(0, 4) == b"data"
    assert (
        source.sibling(".ibd", replacing=".imzML").sibling(".imzML.md5", replacing=".ibd").uri.endswith("a.imzML.md5")
    )
    assert source.sibling(".md5").read(0, 3) == b"sum"
    with pytest.raises(NotFound):
        source.sibling(".ibd")
