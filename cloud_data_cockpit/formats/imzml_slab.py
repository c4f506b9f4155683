"""The bytes of an .ibd that a slice needs, on their way while the slice's XML is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..source import Range, Source, blocks
from .imzml_scan import Ints

LARGEST_SLAB = 64 << 20
PART = 4 << 20
_REQUESTS = 4


class Slab:
    """Bytes `span` of the companion in parts, all of them asked for at once."""

    def __init__(self, ibd: Source, span: Range, pool: ThreadPoolExecutor) -> None:
        self._ibd, (self._start, length) = ibd, span
        self._stop = self._start + length
        places = list(blocks(self._start, self._stop, PART))
        self._coming: list[Future[bytes] | None] = [pool.submit(ibd.read, *place) for place in places]
        self._held: list[bytes | None] = [None] * len(places)

    def covers(self, offsets: Ints, lengths: Ints) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which of the ranges lie within."""
        inside: np.ndarray[Any, np.dtype[np.bool_]] = (offsets >= self._start) & (offsets + lengths <= self._stop)
        return inside

    def cut(self, offset: int, length: int) -> bytes:
        """A range that lies within, as bytes of its own."""
        number, at = divmod(offset - self._start, PART)
        part = self._held[number]
        if part is None:
            part = self._part(number)
        found = part[at : at + length]
        return found if len(found) == length else found + self.cut(offset + len(found), length - len(found))

    def _part(self, number: int) -> bytes:
        """A part, when it has come; fetched once more where it was let go of."""
        coming, self._coming[number] = self._coming[number], None
        begin = self._start + number * PART
        part = coming.result() if coming else self._ibd.read(begin, min(PART, self._stop - begin))
        self._held[number] = part
        return part

    def passed(self, offset: int) -> None:
        """What lies before `offset` is hardly needed again: let go of it."""
        for number in range(min((offset - self._start) // PART, len(self._held))):
            self._held[number] = self._coming[number] = None


@contextmanager
def slab_of(ibd: Source, details: Mapping[str, Any]) -> Iterator[Slab | None]:
    """The slab of a slice, if its details name one that can be; being let go of, it asks for no more."""
    start, length = details.get("ibd", (0, 0))
    if not (start >= 0 and 0 < length <= LARGEST_SLAB and start + length <= ibd.size):
        yield None
        return
    pool = ThreadPoolExecutor(_REQUESTS, thread_name_prefix="ibd")
    try:
        yield Slab(ibd, (start, length), pool)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
