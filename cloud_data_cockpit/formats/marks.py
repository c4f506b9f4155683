"""Marks: where some of an object's records begin, thinned to bounded memory, and slices cut by them.

A mark is the first record that begins in a cell of 2**shift bytes of the object; cells double when marks grow too many.
So marks depend on the bytes alone, not on the blocks in which they were found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..models import Slice
from ..source import Range, Source
from .base import SLICE_BYTES, Index

Ints = NDArray[np.int64]
Remainder = Literal["expand", "merge"]

MARKS = 1 << 18
_FINER = 2


def first_shift(size: int, limit: int = MARKS) -> int:
    """The shift to scan `size` bytes with: up to 2**_FINER times as many cells as marks are kept, for long records."""
    return max(0, (max(size, 1) - 1).bit_length() - (limit.bit_length() - 1) - _FINER)


def first_in_cells(offsets: Ints, shift: int, each: int = 1) -> Ints:
    """Places in `offsets` (ascending) of the first `each` that lie in one cell of 2**shift bytes."""
    if shift == 0 or len(offsets) <= 1:
        return np.arange(len(offsets))
    cells = offsets >> shift
    opens = np.flatnonzero(cells[1:] != cells[:-1]) + 1
    first = np.concatenate(([0], opens))
    if each == 1:
        return first
    beyond = np.append(opens, len(offsets))
    wanted = (first[:, None] + np.arange(each)).ravel()
    kept: Ints = wanted[wanted < np.repeat(beyond, each)]
    return kept


class MarkBuilder:
    """Gathers marks in ascending order of their offsets; columns beside the offsets travel with them."""

    def __init__(self, shift: int, columns: int = 1, limit: int = MARKS) -> None:
        self._first_shift = self._shift = shift
        self._limit = limit
        self._parts: list[list[Ints]] = [[] for _ in range(1 + columns)]
        self._held = 0
        self._last_cell = -1

    def add(self, offsets: Ints, *columns: Ints, thinned: bool = False) -> None:
        """Records that begin at `offsets`: of those in one cell only the first is kept.

        `thinned`: of each cell of the shift that was given there is but one already.
        """
        if not len(offsets):
            return
        repeated = int(offsets[0] >> self._shift) == self._last_cell
        kept: slice | Ints = slice(int(repeated), None)
        if not thinned or self._shift != self._first_shift:
            kept = first_in_cells(offsets, self._shift)[kept]
        for part, column in zip(self._parts, (offsets, *columns), strict=True):
            part.append(column[kept])
        self._held += len(self._parts[0][-1])
        self._last_cell = int(offsets[-1] >> self._shift)
        if self._held > 2 * self._limit:
            self._thin()

    def finish(self) -> list[Ints]:
        """The offsets and the columns, at most as many as the limit."""
        self._thin()
        return [part[0] for part in self._parts]

    def _thin(self) -> None:
        columns = [np.concatenate(part) if part else np.zeros(0, dtype=np.int64) for part in self._parts]
        while len(columns[0]) > self._limit:
            self._shift += 1
            first = first_in_cells(columns[0], self._shift)
            columns = [column[first] for column in columns]
        self._parts = [[column] for column in columns]
        self._held = len(columns[0])
        self._last_cell = int(columns[0][-1] >> self._shift) if self._held else -1


@dataclass(frozen=True)
class Marks:
    """Record `ordinals[i]` begins at byte `offsets[i]`; `records` records fill the bytes [start, stop)."""

    offsets: Ints
    ordinals: Ints
    records: int
    start: int
    stop: int

    @classmethod
    def of(cls, index: Index) -> Marks:
        """The marks that an index holds under the names `offsets`, `ordinals` and the fact `start`."""
        offsets, ordinals = (np.asarray(index.arrays[name], dtype=np.int64) for name in ("offsets", "ordinals"))
        return cls(offsets, ordinals, index.records, int(index.facts["start"]), index.size)


@dataclass(frozen=True)
class Wish:
    """How to cut: so many slices, or so many records each, or so many bytes each, or (none given) 64 MiB each."""

    num_slices: int | None = None
    records: int | None = None
    slice_bytes: int | None = None
    remainder: Remainder = "expand"


def cut_by_marks(marks: Marks, wish: Wish, noun: str) -> tuple[Iterator[Slice], tuple[str, ...]]:
    """Slices that hold every record once, and what the user should know of them.

    Slices begin at marks wherever their number of records leaves the choice. Where one must begin between two marks,
    its details say how many records of its range belong to the slice before (`skip`, within `head` bytes) and how many
    it has beyond its range (`take`, within `tail` bytes); `exact_range` looks them up.
    """
    edges = edges_of(marks, wish)
    notes: tuple[str, ...] = ()
    if wish.num_slices is not None and len(edges) - 1 < wish.num_slices:
        notes = (f"{wish.num_slices:,} slices were asked for, but there are only {marks.records:,} {noun}",)
    return _slices(marks, edges), notes


def exact_range(source: Source, piece: Slice, starts_in: Callable[[bytes], Ints]) -> Range:
    """(offset, length) of the bytes of the records of `piece`.

    `starts_in(data)` tells where records begin in `data`, which begins with one and holds only whole ones.
    """
    offset, length = piece.ranges[0]
    end = offset + length
    begin = offset
    if skip := piece.details.get("skip"):
        begin = offset + int(starts_in(source.read(offset, piece.details["head"]))[skip])
    if take := piece.details.get("take"):
        end += int(starts_in(source.read(end, piece.details["tail"]))[take])
    return begin, end - begin


def edges_of(marks: Marks, wish: Wish) -> Ints:
    """Record numbers at which slices begin, ascending, the number of records after them."""
    total = marks.records
    if total == 0:
        return np.array([0, 0], dtype=np.int64)
    if wish.num_slices is not None:
        wanted = min(wish.num_slices, total)
        even = np.arange(wanted + 1, dtype=np.int64) * total // wanted
        snapped = snap(marks, even)
        return snapped if bool((snapped[1:] > snapped[:-1]).all()) else even
    if wish.records is not None:
        edges = np.arange(0, total, wish.records, dtype=np.int64)
        if wish.remainder == "merge" and len(edges) > 1 and total % wish.records:
            edges = edges[:-1]
        return np.append(edges, total)
    cells = (marks.offsets - marks.start) // (wish.slice_bytes or SLICE_BYTES)
    opens = np.flatnonzero(cells[1:] != cells[:-1]) + 1
    return np.concatenate(([0], marks.ordinals[opens], [total])).astype(np.int64, copy=False)


def snap(marks: Marks, edges: Ints) -> Ints:
    """Each of `edges` moved to the nearest mark; the first and the last stay."""
    above = np.searchsorted(marks.ordinals, edges).clip(1, max(1, len(marks.ordinals) - 1))
    if len(marks.ordinals) < 2:
        return edges
    low, high = marks.ordinals[above - 1], marks.ordinals[above]
    snapped: Ints = np.where(edges - low <= high - edges, low, high)
    snapped[0], snapped[-1] = edges[0], edges[-1]
    return snapped


def _slices(marks: Marks, edges: Ints) -> Iterator[Slice]:
    """One slice between every two edges, made as they are asked for."""
    place = np.searchsorted(marks.ordinals, edges, side="right") - 1
    place = place.clip(0)
    ordinals = np.append(marks.ordinals, marks.records)
    offsets = np.append(marks.offsets, marks.stop)
    skips = edges - ordinals[place]
    at = offsets[place]
    at[0], skips[0] = marks.start, 0
    at[-1], skips[-1] = marks.stop, 0
    spans = offsets[np.minimum(place + 1, len(offsets) - 1)] - at
    # A million slices: plain integers are ten times as fast here as those of numpy.
    begins, behind, near = at.tolist(), skips.tolist(), spans.tolist()
    columns = zip(np.diff(at).tolist(), np.diff(edges).tolist(), strict=True)
    for i, (length, records) in enumerate(columns):
        details: dict[str, int] = {}
        if behind[i]:
            details |= {"skip": behind[i], "head": near[i]}
        if behind[i + 1]:
            details |= {"take": behind[i + 1], "tail": near[i + 1]}
        yield Slice.quick(i, ((begins[i], length),), records, details)
