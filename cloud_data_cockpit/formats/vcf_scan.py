"""VCF, one block at a time: which lines are records, their columns checked, and runs of one contig."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .encodings import UTF8, Proof, prove
from .lines import NEWLINE, RETURN, Ints, count, counts_between, positions
from .marks import first_in_cells
from .vcf_fields import REACH, Unusual, names_and_positions, words_of
from .vcf_header import FIXED, VcfHeader

TAB, HASH = 9, 35
LONGEST_POS = 18

_PREFIX = 1024


@dataclass(frozen=True)
class Columns:
    """Tabs that a line has: as many as the header's when there are samples, else those of the fixed columns or more."""

    tabs: int
    exact: bool

    @classmethod
    def of(cls, header: VcfHeader) -> Columns:
        return cls(len(header.columns) - 1, header.samples > 0)

    def fits(self, tabs: int) -> bool:
        """Whether a line of so many tabs is whole."""
        return tabs == self.tabs if self.exact else tabs >= len(FIXED) - 1


@dataclass(frozen=True)
class ContigRun:
    """Records of one contig that follow one another, from the one at byte `offset` on."""

    name: bytes
    offset: int
    ordinal: int
    first: int
    last: int
    ascending: bool


@dataclass
class PartOfLine:
    """A line that may go on: where it began, its length, its tabs and returns, how it begins, its last byte."""

    start: int
    length: int = 0
    tabs: int = 0
    returns: int = 0
    prefix: bytes = b""
    last: int = -1

    def extend(self, other: PartOfLine) -> None:
        """What follows it."""
        if other.length:
            self.length += other.length
            self.tabs += other.tabs
            self.returns += other.returns
            self.prefix = (self.prefix + other.prefix)[:_PREFIX]
            self.last = other.last


@dataclass(frozen=True)
class BlockScan:
    """A block of `ends` newlines: the part before the first, whole lines, the part after the last.

    `records` of the whole lines; offsets, ordinals and POS of the first in each cell; runs of one contig. `bad`: the
    number among the whole lines, the offset and the reason of the first that is no record.
    """

    ends: int
    records: int
    offsets: Ints
    ordinals: Ints
    pos: Ints
    runs: list[ContigRun]
    bad: tuple[int, int, str] | None
    uneven: bool
    head: PartOfLine
    tail: PartOfLine
    proof: Proof
    null: int


def scan_bytes(data: bytes, offset: int, columns: Columns, shift: int) -> BlockScan:
    """What the block `data` holds, one byte at least, which begins at byte `offset` of the object."""
    array = np.frombuffer(data, dtype=np.uint8)
    ends = positions(array, NEWLINE)
    starts, tabs, bad = _record_lines(data, array, ends, offset, columns)
    fields = None if bad else _fields(data, starts)
    if fields is None:
        bad = bad or _first_bad(data, ends, offset, columns)
        starts, fields = _NONE, _NO_FIELDS
    same, lengths, pos = fields
    at = starts + offset
    first = first_in_cells(at, shift)
    # As signed numbers all bytes of ASCII but zero are above 0.
    clean = bool(array.view(np.int8).min() > 0)
    head, tail = (int(ends[0]), int(ends[-1]) + 1) if len(ends) else (len(data), len(data))
    return BlockScan(
        ends=len(ends),
        records=len(starts),
        offsets=at[first],
        ordinals=first,
        pos=pos[first],
        runs=_runs(data, offset, starts, same, lengths, pos),
        bad=bad,
        uneven=bool((tabs != columns.tabs).any()),
        head=_part(data, 0, head, offset),
        tail=_part(data, tail, len(data), offset),
        proof=Proof(True, plain=True) if clean else prove(data, UTF8),
        null=offset + data.find(b"\0") if not clean and b"\0" in data else -1,
    )


def problem_of(line: bytes, tabs: int, returns: int, columns: Columns) -> tuple[str, bytes, int]:
    """(why a line with so many tabs and returns is no record, or "", its CHROM, its POS); `line` may lack its end."""
    if returns:
        return "holds a carriage return that does not end it", b"", 0
    if line.startswith(b"#"):
        return "is a header line among the records: several files were put together", b"", 0
    if not columns.fits(tabs):
        wanted = f"{columns.tabs + 1}" if columns.exact else f"at least {len(FIXED)}"
        return f"has {tabs + 1} columns and should have {wanted}, separated by tabs", b"", 0
    if line.count(b"\t") < 2:
        return f"has a CHROM of more than {_PREFIX - 24} bytes", b"", 0
    name, digits, _ = line.split(b"\t", 2)
    if not name:
        return "has no CHROM", b"", 0
    if not digits.isdigit() or len(digits) > LONGEST_POS:
        return f"should have a number as POS, not {digits[:20].decode('latin-1')!r}", b"", 0
    return "", name, int(digits)


Fields = tuple[NDArray[np.bool_], Ints, Ints]
"""Whether line i has the CHROM of the line before, the lengths of CHROM, POS."""

_NONE: Ints = np.zeros(0, dtype=np.int64)
_NO_FIELDS: Fields = (np.zeros(0, dtype=np.bool_), _NONE, _NONE)


def _record_lines(
    data: bytes, array: NDArray[np.uint8], ends: Ints, offset: int, columns: Columns
) -> tuple[Ints, Ints, tuple[int, int, str] | None]:
    """(starts of the whole lines that are not blank, their tabs, what is wrong with the first bad one)."""
    if len(ends) < 2:
        return _NONE, _NONE, None
    starts = ends[:-1] + 1
    lengths = ends[1:] - starts
    tabs = counts_between(array, TAB, ends)
    if bool((lengths <= 1).any()):
        kept = (lengths > 1) | ((lengths == 1) & (array[starts] != RETURN))
        starts, tabs = starts[kept], tabs[kept]
    fits = tabs == columns.tabs if columns.exact else tabs >= len(FIXED) - 1
    if not bool(fits.all()) or bool((array[starts] == HASH).any()) or _lone_return(data, array, ends):
        return _NONE, _NONE, _first_bad(data, ends, offset, columns)
    return starts, tabs, None


def _lone_return(data: bytes, array: NDArray[np.uint8], ends: Ints) -> bool:
    """Whether a return stands in a whole line and not at its end."""
    first, last = int(ends[0]), int(ends[-1])
    if data.find(b"\r", first, last) < 0:
        return False
    return count(array[first:last], RETURN) != int(np.count_nonzero(array[ends[1:] - 1] == RETURN))


def _first_bad(data: bytes, ends: Ints, offset: int, columns: Columns) -> tuple[int, int, str] | None:
    """The first whole line that is no record, looked for line by line."""
    edges = ends.tolist()
    for number, (before, end) in enumerate(pairwise(edges)):
        line = data[before + 1 : end].removesuffix(b"\r")
        reason = problem_of(line, line.count(b"\t"), line.count(b"\r"), columns)[0] if line else ""
        if reason:
            return number, offset + before + 1, reason
    return None


def _fields(data: bytes, starts: Ints) -> Fields | None:
    """CHROM and POS of the lines at `starts`, or None when the POS of one is no number."""
    vectored = int(np.searchsorted(starts, len(data) - REACH, side="right"))
    fields = _NO_FIELDS
    if vectored:
        try:
            fields = names_and_positions(words_of(data), starts[:vectored])
        except Unusual:
            vectored = 0
    if vectored == len(starts):
        return fields
    rest = _fields_one_by_one(data, starts[vectored:], _last_name(data, starts[:vectored], fields))
    if rest is None:
        return None
    return tuple(np.concatenate(pair) for pair in zip(fields, rest, strict=True))  # type: ignore[return-value]


def _last_name(data: bytes, starts: Ints, fields: Fields) -> bytes:
    return data[int(starts[-1]) : int(starts[-1] + fields[1][-1])] if len(starts) else b""


def _fields_one_by_one(data: bytes, starts: Ints, before: bytes) -> Fields | None:
    """The same line by line; `before` is the CHROM of the line before."""
    names: list[bytes] = [before]
    numbers: list[int] = []
    for start in starts.tolist():
        name, digits, _ = data[start : data.find(b"\n", start)].split(b"\t", 2)
        if not name or not digits.isdigit() or len(digits) > LONGEST_POS:
            return None
        names.append(name)
        numbers.append(int(digits))
    return (
        np.array([name == last for last, name in pairwise(names)], dtype=np.bool_),
        np.array([len(name) for name in names[1:]], dtype=np.int64),
        np.array(numbers, dtype=np.int64),
    )


def _runs(data: bytes, offset: int, starts: Ints, same: NDArray[np.bool_], lengths: Ints, pos: Ints) -> list[ContigRun]:
    if not len(starts):
        return []
    opens = np.flatnonzero(~same)
    closes = np.append(opens[1:], len(starts)) - 1
    drops = np.flatnonzero(same[1:] & (pos[1:] < pos[:-1])) + 1
    falling = set(np.searchsorted(opens, drops, side="right").tolist())
    return [
        ContigRun(
            name=data[(at := int(starts[i])) : at + int(lengths[i])],
            offset=offset + at,
            ordinal=int(i),
            first=int(pos[i]),
            last=int(pos[j]),
            ascending=number not in falling,
        )
        for number, (i, j) in enumerate(zip(opens, closes, strict=True), 1)
    ]


def _part(data: bytes, start: int, stop: int, offset: int) -> PartOfLine:
    if stop <= start:
        return PartOfLine(offset + start)
    return PartOfLine(
        start=offset + start,
        length=stop - start,
        tabs=data.count(b"\t", start, stop),
        returns=data.count(b"\r", start, stop),
        prefix=data[start : min(stop, start + _PREFIX)],
        last=data[stop - 1],
    )
