"""BGZF: gzip in blocks of at most 64 KiB that tell their own size, walked without decoding (SAM specification, 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..source import Range, Source, blocks
from .base import Run
from .gzip_members import MAGIC, Point, bgzf_size, header_length
from .gzip_points import Points

_HEADER = 64
_MEMBER_SPACING = 64 << 10


@dataclass(frozen=True)
class Walk:
    """What the headers of all blocks tell: the plain size, access points at beginnings of blocks, how it ends."""

    plain: int
    points: Points
    count: int
    ends_empty: bool


@dataclass(frozen=True)
class _Stretch:
    """Blocks that begin in one byte range: where, and how long they are compressed and plain."""

    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    plain: NDArray[np.int64]


def walk(
    source: Source, told: Callable[[int], None], run: Run, block_size: int, spacing: int | None = None
) -> Walk | None:
    """All blocks of a BGZF object, found by `run` over byte ranges; None when it is not BGZF from end to end.

    `told(bytes walked)` is called once a range; access points are at least `spacing` compressed bytes apart. Nothing is
    decoded, so nothing but the headers is proved.
    """
    if bgzf_size(source.read(0, min(_HEADER, source.size))) is None:
        return None
    spacing = spacing or max(_MEMBER_SPACING, source.size // 65536)
    points: list[Point] = []
    at = plain = count = 0
    last = -1
    ranges = list(blocks(0, source.size, max(block_size, _HEADER)))
    for (start, length), stretch in zip(ranges, run(partial(_stretch, source), ranges), strict=True):
        if at < start + length:
            if not len(stretch.offsets) or stretch.offsets[0] != at:
                stretch = _stretch(source, (at, start + length - at), known=True)
            ends = stretch.offsets + stretch.sizes
            if not len(ends) or bool((stretch.offsets[1:] != ends[:-1]).any()):
                return None
            before = plain + np.concatenate([[0], np.cumsum(stretch.plain)])
            for offset, first in zip(stretch.offsets.tolist(), before.tolist(), strict=False):
                if not points or offset - (points[-1].bits >> 3) >= spacing:
                    points.append(Point(offset * 8, first))
            at, plain, count = int(ends[-1]), int(before[-1]), count + len(ends)
            last = int(stretch.plain[-1])
        told(start + length)
    if at != source.size:
        return None
    return Walk(plain, Points.of(points), count, last == 0)


def _stretch(source: Source, piece: Range, known: bool = False) -> _Stretch:
    """Blocks that begin in `piece`; the first stands at its start if that is `known`, else it is searched for."""
    start, length = piece
    view = _View(source, start, length)
    at = start if known or start == 0 else _first_block(view)
    found: list[tuple[int, int, int]] = []
    while at < start + length:
        size = view.block(at)
        if size is None:
            break
        found.append((at, size, int.from_bytes(view.bytes(at + size - 4, 4), "little")))
        at += size
    table = np.array(found, dtype=np.int64).reshape(-1, 3)
    return _Stretch(table[:, 0], table[:, 1], table[:, 2])


def _first_block(view: _View) -> int:
    for at in view.signatures():
        size = view.block(at)
        if size is not None and (at + size == view.size or view.block(at + size) is not None):
            return at
    return view.stop


class _View:
    """One byte range in memory, and the few bytes beyond it that its last block needs."""

    def __init__(self, source: Source, start: int, length: int) -> None:
        self._source = source
        self._start = start
        self._data = source.read(start, length)
        self.stop = start + length
        self.size = source.size

    def bytes(self, offset: int, length: int) -> bytes:
        length = min(length, self.size - offset)
        if offset + length <= self.stop:
            return self._data[offset - self._start : offset - self._start + length]
        return self._source.read(offset, length)

    def block(self, at: int) -> int | None:
        """Bytes of the block that begins at `at`; None when there is none, or it does not end within the object."""
        header = self.bytes(at, _HEADER) if at < self.size else b""
        size = bgzf_size(header)
        if size is None:
            return None
        try:
            shortest = header_length(header)
        except ValueError:
            return None
        if shortest is None or size < shortest + 10 or at + size > self.size:
            return None
        return size

    def signatures(self) -> Iterator[int]:
        at = self._data.find(MAGIC + b"\x08\x04")
        while at >= 0:
            yield self._start + at
            at = self._data.find(MAGIC + b"\x08\x04", at + 1)
