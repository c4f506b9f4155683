"""The bytes of a slice in parts of whole records: the next are fetched while one is worked on, so that few are held."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar

from ..in_order import in_order
from ..source import Range, Source
from .gzip_source import GzipSource, read_ahead

PARTS = 16
"""A slice is read in so many, as far as they are neither too small nor too large."""
SMALLEST, LARGEST = 1 << 20, 2 << 20
FEW_NAMES = 500
"""Characters of names of columns that slices carry along: each reads longer ones, which takes a request."""
FETCHED = 16 << 20
"""Bytes under way: most slices are asked for all at once, as a distant service takes long to answer."""

_WORKING = 4
_LOOK = 64
R = TypeVar("R")


def whole_parts(
    source: Source, ranges: Sequence[Range], end_of: Callable[[bytes], int], smallest: int = SMALLEST
) -> Iterator[bytes]:
    """The ranges, one after another, in parts that end where a record does; the last one ends where they end.

    `end_of(data)` tells how many bytes of `data`, which begins with a record, are surely whole ones.
    """
    size = -(-max(smallest, min(LARGEST, sum(length for _, length in ranges) // PARTS)) // 4) * 4
    rest = b""
    for start, length in ranges:
        for data in _fetched(source, start, start + length, size):
            data = rest + data
            cut = end_of(data)
            part, rest = data[:cut], data[cut:]
            # While the caller works on a part there is no second copy of it.
            del data
            if part:
                yield part
                del part
    if rest:
        yield rest


def each(work: Callable[[bytes], R], parts: Iterable[bytes]) -> Iterator[R]:
    """What `work` makes of the parts, in order; a few threads work, and hold a part each."""
    threads = min(_WORKING, os.cpu_count() or 1)
    return in_order(work, parts, threads, "parts")


def end_of_line(data: bytes) -> int:
    """Behind the last newline."""
    return data.rfind(b"\n") + 1


def holds_rows(part: bytes) -> bool:
    """Whether there is more than blank lines."""
    return bool(part[:_LOOK].strip(b"\r\n") or part[_LOOK:].strip(b"\r\n"))


def _fetched(source: Source, start: int, stop: int, size: int) -> Iterator[bytes]:
    if stop - start <= size:
        if stop > start:
            yield source.read(start, stop - start)
        return
    # What is decompressed goes on where the read before has ended.
    yield from read_ahead(source, start, stop, size, 1 if isinstance(source, GzipSource) else max(1, FETCHED // size))


@cache
def arrow_pool() -> Any:
    """Where Arrow keeps the tables it parses: jemalloc gives back what is no longer needed, the usual pool hardly.

    What the environment chooses is left alone.
    """
    import pyarrow as pa

    with suppress(NotImplementedError):  # as on Windows
        if "ARROW_DEFAULT_MEMORY_POOL" not in os.environ:
            return pa.jemalloc_memory_pool()
    return pa.default_memory_pool()
