"""Where to cut FASTA: between sequences, between bases, or a region, by the index alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest, FormatError
from ..models import Slice
from .base import Index
from .fasta_join import UNEVEN

Ints = NDArray[np.int64]

MOST_SLICES = 10_000_000
_REGION = re.compile(r"(?P<name>.+):(?P<start>\d+)(?P<to>-(?P<end>\d*))?")


class Records:
    """The fields of a `.fai` as int64 arrays, one entry a sequence."""

    def __init__(self, index: Index) -> None:
        self.uri = index.uri
        self.size = index.size
        self._index = index
        self.starts = self._column("starts")

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def headers(self) -> Ints:
        return self._column("headers")

    @cached_property
    def lengths(self) -> Ints:
        return self._column("lengths")

    @cached_property
    def line_bases(self) -> Ints:
        return self._column("line_bases")

    @cached_property
    def line_widths(self) -> Ints:
        return self._column("line_widths")

    @cached_property
    def offsets(self) -> Ints:
        """Where the first base of each stands."""
        return self.starts + self.headers

    @cached_property
    def irregular(self) -> NDArray[np.uint8]:
        return self._index.arrays["irregular"].astype(np.uint8, copy=False)

    @cached_property
    def names(self) -> bytes:
        """All names, each followed by a newline."""
        return self._index.arrays["names"].tobytes()

    def end(self, number: int) -> int:
        """The byte after the record."""
        return int(self.starts[number + 1]) if number + 1 < len(self) else self.size

    def find(self, name: str) -> int | None:
        """The number of the first sequence called `name`."""
        raws = [name.encode("utf-8", "replace")]
        if not name.isascii() and max(map(ord, name)) < 256:
            raws.append(name.encode("latin-1"))
        for raw in raws:
            if self.names.startswith(raw + b"\n"):
                return 0
            at = self.names.find(b"\n" + raw + b"\n")
            if at >= 0:
                return self.names.count(b"\n", 0, at + 1)
        return None

    def byte_of(self, number: int, base: int) -> int:
        """Where base `base`, counted from 0, of a regular sequence stands."""
        line, column = divmod(base, int(self.line_bases[number]))
        return int(self.offsets[number]) + line * int(self.line_widths[number]) + column

    def _column(self, name: str) -> Ints:
        return self._index.arrays[name].astype(np.int64, copy=False)


def equal_parts(start: int, stop: int, number: int) -> Ints:
    """`number` - 1 places that divide [start, stop) evenly; exact for any 64-bit size."""
    share, rest = divmod(stop - start, number)
    i = np.arange(1, number, dtype=np.int64)
    parts: Ints = start + share * i + rest * i // number
    return parts


def between_sequences(records: Records, number: int, *, exactly: bool) -> Ints:
    """First bytes of the records where slices 1, 2, ... begin: those nearest to equal parts.

    `exactly` gives `number` slices, which must not be more than the records; else one that would be empty falls away.
    """
    starts = records.starts
    targets = equal_parts(0, records.size, number)
    after = np.minimum(np.searchsorted(starts, targets), len(starts) - 1)
    before = np.maximum(after - 1, 0)
    chosen = np.where(targets - starts[before] < starts[after] - targets, before, after)
    if not exactly:
        kept: Ints = starts[np.unique(chosen[chosen > 0])]
        return kept
    # Each slice takes one record more than the one before at least, and leaves one for each that follows.
    place = np.arange(1, number, dtype=np.int64)
    chosen = np.maximum.accumulate(np.maximum(chosen, 1) - place) + place
    exact: Ints = starts[np.minimum(chosen, len(starts) - number + place)]
    return exact


def between_bases(records: Records, number: int) -> Ints:
    """Bytes where slices 1, 2, ... begin: equal parts, moved to the next base or off a header line, none twice.

    A sequence whose lines are irregular is not cut, since nobody could say which base a byte holds.
    """
    starts, size = records.starts, records.size
    targets = equal_parts(0, size, number)
    targets = targets[targets > starts[0]]
    if len(targets) == 0:
        return np.zeros(0, dtype=np.int64)
    which = np.searchsorted(starts, targets, side="right") - 1
    ends = np.append(starts[1:], size)[which]
    width = np.maximum(records.line_widths[which], 1)
    offset, bases = records.offsets[which], records.line_bases[which]
    line, column = np.divmod(targets - offset, width)
    base = line * bases + np.minimum(column, bases)
    moved = offset + np.where(column < bases, targets - offset, (line + 1) * width)
    nearest = np.where(targets - starts[which] < ends - targets, starts[which], ends)
    cuttable = records.irregular[which] == 0
    moved = np.where(cuttable, np.where(base < records.lengths[which], moved, ends), nearest)
    moved = np.where(targets <= offset, starts[which], moved)
    places: Ints = np.unique(moved[(moved > starts[0]) & (moved < size)])
    return places


def slices_between(records: Records, places: Ints) -> Iterator[Slice]:
    """The slices that begin at byte 0 and at each of `places`; together they are the whole object."""
    edges = np.concatenate([[0], places, [records.size]]).astype(np.int64)
    begun = np.searchsorted(records.starts, edges)
    # An edge that is no first byte of a record lies inside the one before.
    inside = np.zeros(len(edges), dtype=bool)
    inside[1:-1] = records.starts[np.minimum(begun[1:-1], len(records) - 1)] != edges[1:-1]
    held = np.diff(begun).tolist()
    plain = edges.tolist()
    for i, count in enumerate(held):
        details: dict[str, object] = {}
        if inside[i]:
            details = _continued(records, int(begun[i]) - 1, plain[i])
        if inside[i + 1]:
            details["goes_on"] = True
        yield Slice(number=i, ranges=((plain[i], plain[i + 1] - plain[i]),), records=count, details=details)


def regions(records: Records, text: str) -> Iterator[Slice]:
    """One slice for each region: `name`, `name:from` or `name:from-to`, counted from 1, both ends within."""
    wanted = [text.strip()] if records.find(text.strip()) is not None else re.split(r"[\s,]+", text.strip())
    return iter([_region(records, i, part) for i, part in enumerate(filter(None, wanted))])


def _region(records: Records, number: int, text: str) -> Slice:
    which = records.find(text)
    if which is not None:
        start, stop = int(records.starts[which]), records.end(which)
        return Slice(number=number, ranges=((start, stop - start),), records=1)
    found = _REGION.fullmatch(text)
    which = records.find(found["name"]) if found else None
    if found is None or which is None:
        raise BadRequest(f"there is no sequence {text!r} in {records.uri}; a region is name, name:from or name:from-to")
    length = int(records.lengths[which])
    first = int(found["start"])
    last = min(int(found["end"]) if found["end"] else length, length)
    if not 1 <= first <= last:
        raise BadRequest(f"the region {text!r} is empty: {found['name']} has bases 1 to {length:,}")
    if records.irregular[which]:
        raise FormatError(
            f"the sequence {found['name']} of {records.uri} has {_why(int(records.irregular[which]))}, so a part of it "
            "cannot be found; ask for the whole sequence"
        )
    start, stop = records.byte_of(which, first - 1), records.byte_of(which, last - 1) + 1
    details = {**_continued(records, which, start), "region": True}
    if last < length:
        details["goes_on"] = True
    return Slice(number=number, ranges=((start, stop - start),), records=1, details=details)


def _why(irregular: int) -> str:
    return (
        "lines of unequal length" if irregular & UNEVEN else "white space or '>' within its lines, or mixed line ends"
    )


def _continued(records: Records, which: int, at: int) -> dict[str, object]:
    line, column = divmod(at - int(records.offsets[which]), int(records.line_widths[which]))
    return {
        "header": [int(records.starts[which]), int(records.headers[which])],
        "base": line * int(records.line_bases[which]) + column,
    }
