"""What every format promises: the tests that each format's own test class inherits."""

from __future__ import annotations

import multiprocessing
import pickle
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cloud_data_cockpit.errors import Cancelled, CockpitError, SourceChanged
from cloud_data_cockpit.formats.base import HEAD_BYTES, Cut, Format, Index
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import FileSource, MemorySource, Range, Source, WrappedSource

SLICE_COUNTS = (1, 2, 3, 7, 16, 64, 1000)
SMALL_BLOCKS = (1, 2, 3, 7, 64, 1000)
SMALL_EXAMPLE = 4096


def ignore(done: int, total: int) -> None:
    """A report that nobody reads."""


class CountingSource(WrappedSource):
    """A source that remembers how much was asked for at once and in all."""

    def __init__(self, inner: Source) -> None:
        self.inner = inner
        self.largest = 0
        self.total = 0

    def read(self, offset: int, length: int) -> bytes:
        self.largest = max(self.largest, length)
        self.total += length
        return self.inner.read(offset, length)

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        return [self.read(offset, length) for offset, length in ranges]


def _read_elsewhere(packed: bytes) -> bytes:
    """In another process: read a pickled slice and send the value back."""
    fmt, source, shared, piece = pickle.loads(packed)
    return pickle.dumps(fmt.read(source, shared, piece))


def _threaded_map(fn: Callable[[Any], Any], items: Iterable[Any]) -> Iterable[Any]:
    with ThreadPoolExecutor(3) as pool:
        yield from pool.map(fn, list(items))


class FormatConformance(ABC):
    """Inherit, name the format, its examples and its reference reader; every test below then holds for it."""

    cuts_bytes = True
    """Slices put together cover the body of the object byte by byte."""

    ranges_overlap = False
    """Neighbouring slices need some bytes of the object both: what is compressed is not cut at records."""

    largest_pickle = 1500
    """Bytes of a pickled slice with what all share."""

    @abstractmethod
    def make(self) -> Format:
        """The format under test."""

    @abstractmethod
    def examples(self) -> Mapping[str, bytes]:
        """Good content by the name of its object; at least one under 4 KiB and one over 100 records."""

    @abstractmethod
    def reference(self, data: bytes) -> list[Any]:
        """All records of `data` by an independent reader."""

    @abstractmethod
    def records_of(self, value: Any) -> list[Any]:
        """The records in what `read` gave, in the form of `reference`."""

    @abstractmethod
    def damaged(self) -> Mapping[str, bytes]:
        """Content that must be refused: cut off, corrupt, or of another type, by name."""

    def body(self, data: bytes) -> bytes:
        """The part of `data` that slices cover: without a header that all of them share."""
        return data

    # --- doing it

    def source(self, name: str) -> MemorySource:
        return MemorySource(self.examples()[name], uri=f"memory:{name}")

    def index(self, source: Source, **options: Any) -> Index:
        fmt = self.make()
        return fmt.index(source, fmt.params(), ignore, **options)

    def cut(self, index: Index, num_slices: int) -> tuple[list[Slice], Cut]:
        fmt = self.make()
        cut = fmt.partition(index, fmt.params(num_slices=num_slices))
        return list(cut.slices), cut

    # --- exactly once

    def test_it_is_detected_from_its_content(self) -> None:
        for name, data in self.examples().items():
            assert self.make().detect(name, data[:HEAD_BYTES]) > 0, name

    def test_every_record_exactly_once(self) -> None:
        fmt = self.make()
        for name, data in self.examples().items():
            source = self.source(name)
            index = self.index(source)
            expected = self.reference(data)
            assert index.records == len(expected), name
            for asked in SLICE_COUNTS:
                slices, cut = self.cut(index, asked)
                got = [r for piece in slices for r in self.records_of(fmt.read(source, cut.shared, piece))]
                assert got == expected, (name, asked)
                assert sum(piece.records for piece in slices) == len(expected), (name, asked)

    def test_as_many_slices_as_asked_or_as_there_are_records(self) -> None:
        for name in self.examples():
            index = self.index(self.source(name))
            for asked in SLICE_COUNTS:
                slices, cut = self.cut(index, asked)
                assert len(slices) == max(1, min(asked, index.records)), (name, asked)
                assert bool(cut.notes) or len(slices) == asked, "fewer slices than asked for must be said"

    def test_counting_by_reading_agrees_with_the_index(self) -> None:
        fmt = self.make()
        for name in self.examples():
            source = self.source(name)
            slices, cut = self.cut(self.index(source), 7)
            assert [fmt.count(source, cut.shared, p) for p in slices] == [p.records for p in slices], name

    def test_slices_are_numbered_disjoint_and_ascending(self) -> None:
        for name in self.examples():
            slices, _ = self.cut(self.index(self.source(name)), 16)
            assert [piece.number for piece in slices] == list(range(len(slices)))
            ends = [(o, o + n) for piece in slices for o, n in piece.ranges]
            assert ends == sorted(ends), name
            assert self.ranges_overlap or all(a[1] <= b[0] for a, b in pairwise(ends)), name

    def test_bytes_put_together_are_the_body(self) -> None:
        if not self.cuts_bytes:
            pytest.skip("this format does not cut bytes")
        fmt = self.make()
        for name, data in self.examples().items():
            source = self.source(name)
            index = self.index(source)
            for asked in SLICE_COUNTS:
                slices, cut = self.cut(index, asked)
                joined = b"".join(fmt.read_bytes(source, cut.shared, p, header=False) for p in slices)
                assert joined == self.body(data), (name, asked)

    def test_a_slice_with_its_header_is_a_file_by_itself(self) -> None:
        fmt = self.make()
        for name, data in self.examples().items():
            source = self.source(name)
            slices, cut = self.cut(self.index(source), 3)
            alone = [self.reference(fmt.read_bytes(source, cut.shared, p, header=True)) for p in slices if p.records]
            assert [r for records in alone for r in records] == self.reference(data), name

    # --- any order, anywhere

    def test_slices_are_read_in_any_order_and_after_pickling(self) -> None:
        fmt = self.make()
        for name, data in self.examples().items():
            source = self.source(name)
            slices, cut = self.cut(self.index(source), 7)
            packed = [pickle.dumps((dict(cut.shared), piece)) for piece in slices]
            assert max(map(len, packed)) < self.largest_pickle, f"{name}: a pickled slice must stay small"
            order = random.Random(7).sample(range(len(slices)), len(slices))
            values: dict[int, list[Any]] = {}
            for i in order:
                shared, piece = pickle.loads(packed[i])
                values[i] = self.records_of(fmt.read(source, shared, piece))
            assert [r for i in range(len(slices)) for r in values[i]] == self.reference(data), name

    def test_slices_are_read_in_another_process(self) -> None:
        name, data = next(iter(self.examples().items()))
        source = self.source(name)
        slices, cut = self.cut(self.index(source), 3)
        packed = [pickle.dumps((self.make(), source, dict(cut.shared), piece)) for piece in slices]
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            values = [pickle.loads(reply) for reply in pool.map(_read_elsewhere, packed)]
        assert [r for value in values for r in self.records_of(value)] == self.reference(data)

    # --- the index

    def test_any_block_size_and_any_map_give_the_same_index(self) -> None:
        for name, data in self.examples().items():
            whole = self.index(self.source(name))
            sizes = SMALL_BLOCKS if len(data) <= SMALL_EXAMPLE else (1000, 4096, 1 << 16)
            for block_size in sizes:
                self.same(whole, self.index(self.source(name), block_size=block_size), (name, block_size))
            self.same(whole, self.index(self.source(name), run=_threaded_map, block_size=4096), (name, "threads"))

    @staticmethod
    def same(one: Index, other: Index, what: object) -> None:
        assert one.facts == other.facts, what
        assert one.records == other.records, what
        assert one.arrays.keys() == other.arrays.keys(), what
        for key, array in one.arrays.items():
            assert array.dtype == other.arrays[key].dtype, (what, key)
            assert np.array_equal(array, other.arrays[key]), (what, key)

    def test_indexing_reads_blocks_never_the_whole(self) -> None:
        for name, data in self.examples().items():
            if len(data) > SMALL_EXAMPLE:
                source = CountingSource(self.source(name))
                self.index(source, block_size=1024)
                assert source.largest < len(data), name

    def test_progress_is_told_and_a_cancel_stops(self) -> None:
        fmt = self.make()
        name = max(self.examples(), key=lambda n: len(self.examples()[n]))
        seen: list[tuple[int, int]] = []

        def listen(done: int, total: int) -> None:
            seen.append((done, total))

        fmt.index(self.source(name), fmt.params(), listen, block_size=1024)
        assert [done for done, _ in seen] == sorted(done for done, _ in seen)
        assert seen[-1][0] == seen[-1][1] > 0

        def stop(done: int, total: int) -> None:
            if done > total // 2:
                raise Cancelled("stopped")

        source = CountingSource(self.source(name))
        with pytest.raises(Cancelled):
            fmt.index(source, fmt.params(), stop, block_size=1024)

    # --- bad input

    def test_damaged_content_is_refused_in_words(self) -> None:
        fmt = self.make()
        for name, data in {**self.damaged(), "nothing": b""}.items():
            with pytest.raises(CockpitError) as caught:
                fmt.index(MemorySource(data, uri=f"memory:{name}"), fmt.params(), ignore)
            assert len(caught.value.message) > 20, name

    def test_an_object_that_changed_is_noticed(self, tmp_path: Path) -> None:
        fmt = self.make()
        name, data = next(iter(self.examples().items()))
        path = tmp_path / Path(name).name
        path.write_bytes(data)
        source = FileSource(path)
        slices, cut = self.cut(self.index(source), 2)
        path.write_bytes(data + data)
        with pytest.raises(SourceChanged):
            fmt.read(FileSource(path, etag=source.etag), cut.shared, slices[0])
        with pytest.raises(SourceChanged):
            fmt.read(source, cut.shared, slices[0])
