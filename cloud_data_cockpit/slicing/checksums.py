"""CRC-32 of an object put together from its pieces: of two halves the whole, of the reads of a scan the object."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from ..formats.gzip_members import engine
from ..source import Range, Source, WrappedSource
from ..tree import TreeSource

_POLYNOMIAL = 0xEDB88320
_ONE = 1 << 31
_MOST_PIECES = 1 << 20


def crc32(data: bytes | memoryview, before: int = 0) -> int:
    """The CRC-32 of zlib and gzip, of `data` after bytes whose CRC-32 is `before`."""
    return int(engine().crc(data, before))  # type: ignore[arg-type]


def crc32_is_cheap() -> bool:
    """Whether the library at hand makes 5 GB/s and more (isal), not 0.8 (zlib)."""
    return bool(engine().module.__name__ != "zlib")


def combine(first: int, second: int, length: int) -> int:
    """The CRC-32 of A + B from those of A and B and the length of B in bytes, in O(log length).

    A CRC is a remainder modulo a polynomial over GF(2): that of A moves up by 8 `length` powers of x (as in zlib).
    """
    return _times(_shift(length), first) ^ second


def _times(a: int, b: int) -> int:
    """The product of two polynomials modulo the CRC's; the highest bit is the power 0."""
    product = 0
    bit = _ONE
    while a:
        if a & bit:
            product ^= b
            a ^= bit
        bit >>= 1
        b = (b >> 1) ^ _POLYNOMIAL if b & 1 else b >> 1
    return product


@lru_cache(maxsize=4096)
def _shift(length: int) -> int:
    """x to the power 8 `length`."""
    power, square = _ONE, 1 << 23
    while length:
        if length & 1:
            power = _times(square, power)
        square = _times(square, square)
        length >>= 1
    return power


class SummedSource(WrappedSource):
    """A source that sums up what is read through it, each byte once, in whatever order and by however many threads.

    Sums never run across one of `edges`, so they can be asked for between any two of these. `seen(length)` is told of
    every read. Pickled, as for another process, it is the source alone: what is read there is not summed up.
    """

    def __init__(
        self, source: Source, edges: Sequence[int] = (), seen: Callable[[int], None] | None = None, *, sums: bool = True
    ) -> None:
        self.inner = source
        self._edges = sorted(edges)
        self._seen = seen
        self._sums = sums
        self._lock = threading.Lock()
        self._starts: list[int] = []
        self._stops: list[int] = []
        self._found: dict[int, int] = {}

    def read(self, offset: int, length: int) -> bytes:
        data = self.inner.read(offset, length)
        self._note(offset, data)
        return data

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        results = self.inner.read_many(ranges)
        for (offset, _), data in zip(ranges, results, strict=True):
            self._note(offset, data)
        return results

    def read_joined(self, parts: Sequence[Range | bytes]) -> bytes:
        read = iter(self.read_many([part for part in parts if not isinstance(part, bytes)]))
        return b"".join(part if isinstance(part, bytes) else next(read) for part in parts)

    def __getattr__(self, name: str) -> Any:
        # What a source has besides, such as its connection. These may be asked for before there is one.
        if name.startswith("_") or name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return _itself, (self.inner,)

    def missing(self, start: int, stop: int) -> list[Range]:
        """(offset, length) of what has not been read within [start, stop)."""
        with self._lock:
            return [(first, last - first) for first, last in self._gaps(start, stop)]

    def crc32(self, start: int, stop: int) -> int | None:
        """The CRC-32 of [start, stop), or None when not all of it was read, or `start` or `stop` is inside a sum."""
        value, at = 0, start
        with self._lock:
            for place in range(bisect_right(self._starts, start - 1), len(self._starts)):
                first, last = self._starts[place], self._stops[place]
                if at == stop or first != at or last > stop or first not in self._found:
                    break
                value, at = combine(value, self._found[first], last - first), last
        return value if at == stop else None

    def settled(self) -> list[tuple[int, int, int]]:
        """(start, stop, CRC-32) of what has been summed up, neighbours joined for good where no edge is between."""
        with self._lock:
            starts: list[int] = []
            stops: list[int] = []
            for start, stop in zip(self._starts, self._stops, strict=True):
                joins = starts and stops[-1] == start and {starts[-1], start} <= self._found.keys()
                if joins and start not in self._edges:
                    first, second = self._found[starts[-1]], self._found.pop(start)
                    self._found[starts[-1]] = combine(first, second, stop - start)
                    stops[-1] = stop
                else:
                    starts.append(start)
                    stops.append(stop)
            self._starts, self._stops = starts, stops
            pairs = zip(starts, stops, strict=True)
            return [(start, stop, self._found[start]) for start, stop in pairs if start in self._found]

    def take(self, sums: Sequence[tuple[int, int, int]]) -> None:
        """Sums that `settled` gave, of the same bytes, before anything was read."""
        with self._lock:
            for start, stop, crc in sorted(sums):
                self._starts.append(start)
                self._stops.append(stop)
                self._found[start] = crc

    def _note(self, offset: int, data: bytes) -> None:
        if self._seen is not None:
            self._seen(len(data))
        if not self._sums or not data:
            return
        with self._lock:
            pieces = self._claim(offset, offset + len(data))
        view = memoryview(data)
        found = {start: crc32(view[start - offset : stop - offset]) for start, stop in pieces}
        with self._lock:
            self._found |= found

    def _claim(self, start: int, stop: int) -> list[Range]:
        """(first, last) of the bytes that are still to be summed up, now taken by the caller."""
        pieces: list[Range] = []
        for first, last in self._gaps(start, stop):
            inner = self._edges[bisect_right(self._edges, first) :]
            cuts = [first, *(edge for edge in inner[: bisect_right(inner, last - 1)]), last]
            pieces += pairwise(cuts)
        for first, last in pieces:
            place = bisect_right(self._starts, first)
            self._starts.insert(place, first)
            self._stops.insert(place, last)
        # So many pieces are not those of a scan: it jumps about, and its sums would come to nothing.
        if len(self._starts) > _MOST_PIECES:
            self._sums = False
        return pieces

    def _gaps(self, start: int, stop: int) -> list[Range]:
        gaps: list[Range] = []
        at = start
        place = bisect_right(self._starts, start) - 1
        if place >= 0:
            at = max(at, self._stops[place])
        for i in range(place + 1, len(self._starts)):
            first = self._starts[i]
            if first >= stop:
                break
            if first > at:
                gaps.append((at, first))
            at = max(at, self._stops[i])
        if at < stop:
            gaps.append((at, stop))
        return gaps


def _itself(source: Source) -> Source:
    return source


def summed_for_index(source: Source) -> SummedSource | None:
    """`source` for a scan to read, summed up on the way; None where that is not cheap, and for a tree of objects."""
    return SummedSource(source) if crc32_is_cheap() and not isinstance(source, TreeSource) else None
