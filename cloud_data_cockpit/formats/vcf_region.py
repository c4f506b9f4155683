"""Regions of VCF: what `chr20:100000-200000` means, which bytes it takes, and which lines lie in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest
from ..models import Slice
from .base import Index
from .lines import Ints
from .marks import Marks, Wish, edges_of, snap

LAST = (1 << 62) - 1

_SPAN = re.compile(r"^(?P<name>.+):(?P<first>\d+)(?:(?P<dash>-)(?P<last>\d*))?$")


@dataclass(frozen=True)
class Region:
    """Positions `first` to `last` of a contig, counted from 1, both included."""

    name: str
    first: int = 0
    last: int = LAST


@dataclass(frozen=True)
class Stretch:
    """Marks [begin, end) among whose records lie those of some regions."""

    begin: int
    end: int
    regions: frozenset[int]


def parse_regions(text: str, contigs: Sequence[str]) -> list[Region]:
    """The regions that `text` names, separated by commas, joined where they overlap. BadRequest when it cannot be read.

    A whole contig, `contig:position`, `contig:first-last` or `contig:first-`. The name of a contig wins over a span.
    """
    regions: list[Region] = []
    for part in (part.strip() for part in text.split(",")):
        span = _SPAN.match(part)
        if not part:
            continue
        if part in contigs or span is None:
            regions.append(Region(part))
            continue
        first = int(span["first"])
        last = int(span["last"]) if span["last"] else (LAST if span["dash"] else first)
        if last < first:
            raise BadRequest(f"the region {part!r} ends before it begins")
        regions.append(Region(span["name"], first, last))
    if not regions:
        raise BadRequest("no region is named; write chr20, chr20:1000-2000, or several with commas between")
    return _joined(regions)


def stretches_of(index: Index, marks: Marks, regions: Sequence[Region]) -> tuple[list[Stretch], bool]:
    """(which marks to read for the regions, whether all their records lie in a region)."""
    names = index.facts["contigs"]
    if names is None:
        return [Stretch(0, len(marks.offsets), frozenset(range(len(regions))))] if marks.records else [], False
    by_name: dict[str, list[tuple[int, Region]]] = {}
    for number, region in enumerate(regions):
        by_name.setdefault(region.name, []).append((number, region))
    pos = np.asarray(index.arrays["pos"], dtype=np.int64)
    ordinals = np.append(np.asarray(index.arrays["run_ordinals"], dtype=np.int64), marks.records)
    complete = len(marks.offsets) == marks.records
    found: list[Stretch] = []
    for number, name in enumerate(np.asarray(index.arrays["run_names"]).tolist()):
        begin, end = int(ordinals[number]), int(ordinals[number + 1])
        for which, region in by_name.get(names[name], ()):
            ids = frozenset([which])
            if complete:
                inside = (pos[begin:end] >= region.first) & (pos[begin:end] <= region.last)
                found += [Stretch(begin + a, begin + b, ids) for a, b in _true_runs(inside)]
            else:
                ascending = bool(index.arrays["run_ascending"][number])
                found += _narrowed(marks, pos, begin, end, region, ids, ascending)
    return _merged(found), complete


def slices_in(
    marks: Marks, stretches: Sequence[Stretch], regions: Sequence[Region], wish: Wish
) -> tuple[list[Slice], tuple[str, ...]]:
    """Slices over stretches of marks, cut at marks."""
    if not stretches:
        empty = Slice(number=0, ranges=((marks.start, 0),), records=0, details={"regions": []})
        return [empty], ("no record lies in the region",)
    joined, bases = _as_one(marks, stretches)
    edges = np.unique(snap(joined, edges_of(joined, wish)))
    notes: tuple[str, ...] = ()
    if wish.num_slices is not None and len(edges) - 1 < wish.num_slices:
        notes = (f"{wish.num_slices:,} slices were asked for, but the region can be cut into {len(edges) - 1:,} only",)
    slices = []
    for number, (low, high) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        ranges, used = _ranges(marks, stretches, bases, joined, low, high)
        slices.append(
            Slice(
                number=number,
                ranges=ranges,
                records=high - low,
                details={"regions": [[regions[i].name, regions[i].first, regions[i].last] for i in sorted(used)]},
            )
        )
    return slices, notes


def lines_in(body: bytes, regions: Sequence[tuple[bytes, int, int]]) -> Iterator[bytes]:
    """The lines of `body`, with their ends, whose CHROM and POS lie in one of the regions."""
    spans: dict[bytes, list[tuple[int, int]]] = {}
    for name, first, last in regions:
        spans.setdefault(name, []).append((first, last))
    for line in body.splitlines(keepends=True) if b"\r" not in body else _by_newlines(body):
        name, _, rest = line.partition(b"\t")
        wanted = spans.get(name)
        if wanted:
            pos = int(rest[: rest.find(b"\t")])
            if any(first <= pos <= last for first, last in wanted):
                yield line


def _by_newlines(body: bytes) -> Iterator[bytes]:
    *lines, last = body.split(b"\n")
    yield from (line + b"\n" for line in lines)
    if last:
        yield last


def _joined(regions: list[Region]) -> list[Region]:
    """Regions of one contig that overlap or touch made one; contigs in the order given."""
    order = {region.name: i for i, region in reversed(list(enumerate(regions)))}
    joined: list[Region] = []
    for region in sorted(regions, key=lambda r: (order[r.name], r.first)):
        before = joined[-1] if joined else None
        if before and before.name == region.name and region.first <= before.last + 1:
            joined[-1] = Region(before.name, before.first, max(before.last, region.last))
        else:
            joined.append(region)
    return joined


def _true_runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return list(zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True))


def _narrowed(
    marks: Marks, pos: Ints, begin: int, end: int, region: Region, ids: frozenset[int], ascending: bool
) -> list[Stretch]:
    """The marks of records begin .. end that the region may touch, where not every record is marked."""
    inner = int(np.searchsorted(marks.ordinals, begin))
    outer = int(np.searchsorted(marks.ordinals, end))
    first = int(np.searchsorted(marks.ordinals, begin, side="right")) - 1
    last = outer
    if ascending:
        here = pos[inner:outer]
        below = inner + int(np.searchsorted(here, region.first)) - 1
        first = max(first, below) if below >= inner else first
        last = inner + int(np.searchsorted(here, region.last, side="right"))
        last = max(last, first + 1)
    return [Stretch(first, max(last, first + 1), ids)]


def _merged(found: list[Stretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for piece in sorted(found, key=lambda s: (s.begin, s.end)):
        before = merged[-1] if merged else None
        if before and piece.begin <= before.end:
            merged[-1] = Stretch(before.begin, max(before.end, piece.end), before.regions | piece.regions)
        else:
            merged.append(piece)
    return merged


def _as_one(marks: Marks, stretches: Sequence[Stretch]) -> tuple[Marks, Ints]:
    """The marks of the stretches as if nothing lay between them, and the first record of each stretch among them."""
    ordinals, offsets = np.append(marks.ordinals, marks.records), np.append(marks.offsets, marks.stop)
    new_ordinals, new_offsets, bases = [], [], [0]
    size = 0
    for stretch in stretches:
        part = slice(stretch.begin, stretch.end)
        new_ordinals.append(ordinals[part] - ordinals[stretch.begin] + bases[-1])
        new_offsets.append(offsets[part] - offsets[stretch.begin] + size)
        bases.append(bases[-1] + int(ordinals[stretch.end] - ordinals[stretch.begin]))
        size += int(offsets[stretch.end] - offsets[stretch.begin])
    joined = Marks(np.concatenate(new_offsets), np.concatenate(new_ordinals), bases[-1], 0, size)
    return joined, np.array(bases, dtype=np.int64)


def _ranges(
    marks: Marks, stretches: Sequence[Stretch], bases: Ints, joined: Marks, low: int, high: int
) -> tuple[tuple[tuple[int, int], ...], set[int]]:
    """The bytes of records [low, high) of the joined stretches, and the regions that lie there."""
    ordinals, offsets = np.append(marks.ordinals, marks.records), np.append(marks.offsets, marks.stop)
    ranges: list[tuple[int, int]] = []
    used: set[int] = set()
    place = int(np.searchsorted(bases, low, side="right")) - 1
    while place < len(stretches) and int(bases[place]) < high:
        stretch = stretches[place]
        base = int(ordinals[stretch.begin]) - int(bases[place])
        first = max(low, int(bases[place])) + base
        last = min(high, int(bases[place + 1])) + base
        a, b = (int(offsets[np.searchsorted(ordinals, edge)]) for edge in (first, last))
        ranges.append((a, b - a))
        used |= stretch.regions
        place += 1
    return tuple(ranges), used
