"""The index of a CSV: blocks scanned in any order under unknown state, merged in order; read once, seams aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..source import Range, Source, blocks
from .base import Report, Run
from .csv_columns import TEXT, Survey, survey
from .csv_encoding import UTF8_LONGEST, Encoding, first_bad_utf8, to_utf8, undefined_in_cp1252
from .csv_plain import plain_rows
from .csv_scan import QUOTED, RECORD, Grammar, Scan, last_opening, plain_scan, possible_entries, scan

MOST_STARTS = 1 << 24
SEAM_BYTES = 64 << 10
DECIDING_BYTES = 64 << 10
EXPLAINED_BYTES = 16 << 20


@dataclass(frozen=True)
class Reading:
    """How the bytes are understood, `usual` cells in most rows; `body` is the offset of the first data row.

    Columns that are `decided` are text by the first rows already. Where these are plain, `numbers` are the columns that
    a block must have numbers in to be plain as well.
    """

    encoding: Encoding
    grammar: Grammar
    usual: int
    typed: bool
    body: int
    decided: frozenset[int] = frozenset()
    numbers: tuple[int, ...] | None = None

    def utf8_grammar(self) -> Grammar:
        """The same grammar for rows that were changed to UTF-8."""
        return Grammar(self.grammar.delimiter, self.grammar.quote)

    def survey(self, rows: bytes) -> Survey:
        """Types need no decoding where ASCII is kept; other text is decoded, which also checks it."""
        if self.numbers is not None:
            # A few rows at a seam: to start a parser for them takes far longer.
            lines = b"".join([b"\n", rows, b"" if rows.endswith(b"\n") else b"\n"])
            plain = plain_rows(lines, 0, len(lines), self.grammar, self.usual, self.numbers)
            if plain is not None:
                return Survey(plain.flags, self.usual, self.usual)
        text = rows if self.encoding.guessed or self.encoding.name == "utf-8" else to_utf8(rows, self.encoding.name)
        return survey(text, self.utf8_grammar(), self.usual, typed=self.typed, decided=self.decided)


@dataclass(frozen=True)
class BlockFacts:
    """What one block tells. The survey is of the rows from `first` to `last` (bytes in the block), true if the block
    was entered in one of `surveyed_for`; `lead` and `tail` are the bytes around them, where they are few."""

    offset: int
    length: int
    scan: Scan
    bad_utf8: int | None
    undefined_cp1252: bool
    survey: Survey
    surveyed_for: frozenset[int]
    first: int
    last: int
    lead: bytes | None
    tail: bytes | None


def scan_block(source: Source, reading: Reading, block: Range) -> BlockFacts:
    """The map step: one block, with the unit before it and the rest of a character behind it."""
    offset, length = block
    unit = reading.grammar.unit
    before = unit if offset > reading.body else 0
    behind = min(UTF8_LONGEST if unit == 1 else 0, source.size - offset - length)
    read = source.read(offset - before, before + length + behind)
    units = reading.grammar.units(memoryview(read)[: before + length])
    previous = int(units[0]) if before else None
    entries = possible_entries(previous, reading.grammar)
    plain = _plain(read, before, before + length, reading, entries)
    clean = plain is not None and plain.clean
    if not clean:
        refuse_zeros(units, offset - before, unit)
    surveyed = plain or _exact(read, before, units[1:] if before else units, reading, entries)
    first, last = before + surveyed.first, before + surveyed.last
    suspect = unit == 1 and not clean and not read.isascii()
    checked = suspect and reading.encoding.name == "utf-8"
    bad = first_bad_utf8(read[before:], length, first=before == 0) if checked else None
    return BlockFacts(
        offset=offset,
        length=length,
        scan=surveyed.scan,
        bad_utf8=None if bad is None else offset + bad,
        undefined_cp1252=suspect and undefined_in_cp1252(read[before : before + length]),
        survey=surveyed.survey,
        surveyed_for=surveyed.entries,
        first=surveyed.first,
        last=surveyed.last,
        lead=read[before:first] if surveyed.first <= SEAM_BYTES else None,
        tail=read[last : before + length] if length - surveyed.last <= SEAM_BYTES else None,
    )


@dataclass(frozen=True)
class _Surveyed:
    """Row starts, and the survey of the rows from `first` to `last`, whole rows for `entries`.

    `clean`: it is known that there are no zeros and nothing but ASCII.
    """

    scan: Scan
    entries: frozenset[int]
    first: int
    last: int
    survey: Survey
    clean: bool = False


def _exact(data: bytes, start: int, units: NDArray[np.uint8], reading: Reading, entries: list[int]) -> _Surveyed:
    """For any block; `units` are those of `data` from `start` on."""
    found = scan(units, reading.grammar, entries)
    surveyed_for, first, last = _span(found, reading.grammar.unit)
    exact = replace(reading, numbers=None)
    survey = exact.survey(data[start + first : start + last]) if first < last else Survey()
    return _Surveyed(found, surveyed_for, first, last, survey)


def _plain(data: bytes, start: int, stop: int, reading: Reading, entries: list[int]) -> _Surveyed | None:
    """For a block, data[start:stop], that is plain, in a fraction of the time; None for any other."""
    if reading.numbers is None or start == stop:
        return None
    rows = plain_rows(data, start, stop, reading.grammar, reading.usual, reading.numbers)
    if rows is None:
        return None
    first = int(rows.starts[0]) if len(rows.starts) else rows.end
    outside = frozenset(entry for entry in entries if entry != QUOTED)
    found = plain_scan(data[start], data[stop - 1], rows.starts, reading.grammar, entries)
    return _Surveyed(found, outside, first, rows.end, Survey(rows.flags, reading.usual, reading.usual), rows.clean)


def _span(found: Scan, unit: int) -> tuple[frozenset[int], int, int]:
    """(entries for which it holds, first byte, end) of the whole rows in a block: from one row start to another."""
    if len(found.common) and int(found.common[0]) * unit <= SEAM_BYTES:
        return frozenset(found.exits), int(found.common[0]) * unit, int(found.common[-1]) * unit
    likely = next((entry for entry in found.exits if entry != QUOTED), QUOTED)
    starts = found.starts(likely)
    if len(starts) == 0:
        return frozenset(), 0, 0
    return frozenset([likely]), int(starts[0]) * unit, int(starts[-1]) * unit


def refuse_zeros(units: NDArray[np.uint8], offset: int, unit: int) -> None:
    """FormatError at the first zero of `units`, which begin at `offset`."""
    if len(units) and not units.all():
        at = offset + int((units == 0).argmax()) * unit
        raise FormatError(
            f"a zero byte at offset {at}: the content is binary, or in another encoding; name the encoding"
        )


class RowStarts:
    """Offsets of rows in order: all of them, or every `stride`-th (a power of two) so that at most `most` are kept.

    Which ones are kept depends on their total alone, not on how they came.
    """

    def __init__(self, most: int = MOST_STARTS) -> None:
        self.most = most
        self.rows = 0
        self.stride = 1
        self._kept = 0
        self._pieces: list[tuple[int, NDArray[np.uint32]]] = []

    def add(self, offset: int, starts: NDArray[np.uint32]) -> None:
        """Rows that begin `starts` code units after `offset`."""
        skip = -self.rows % self.stride
        self.rows += len(starts)
        self._keep(offset, starts[skip :: self.stride] if self.stride > 1 else starts)
        while self._kept > self.most:
            self._thin()

    def packed(self, unit: int) -> dict[str, NDArray[np.generic]]:
        """Distances in bytes between the rows kept, the first from 0, as `deltas` of 1, 2 or 4 bytes.

        The largest value of their type stands for one of the few `long` ones. The type is the one that costs least.
        """
        cost = {size: self._kept * size for size in (1, 2, 4)}
        for first, inner in self._distances(unit):
            largest = int(inner.max(initial=0))
            for size in cost:
                long = int(np.count_nonzero(inner >= _escape(size))) if largest >= _escape(size) else 0
                cost[size] += 8 * (long + (first >= _escape(size)))
        size = min(cost, key=lambda s: cost[s])
        deltas, long_ones, at = np.empty(self._kept, f"u{size}"), [np.zeros(0, np.int64)], 0
        for first, inner in self._distances(unit):
            deltas[at] = min(first, _escape(size))
            deltas[at + 1 : at + 1 + len(inner)] = np.minimum(inner, _escape(size))
            long_ones.append(np.array([first] if first >= _escape(size) else [], np.int64))
            long_ones.append(inner[inner >= _escape(size)].astype(np.int64))
            at += 1 + len(inner)
        return {"deltas": deltas, "long": np.concatenate(long_ones)}

    def _distances(self, unit: int) -> Iterator[tuple[int, NDArray[np.uint32] | NDArray[np.int64]]]:
        """Of each piece: the distance of its first row from the row before, and those between its rows."""
        previous = 0
        for offset, starts in self._pieces:
            inner = np.diff(starts)
            yield offset + int(starts[0]) * unit - previous, inner if unit == 1 else inner.astype(np.int64) * unit
            previous = offset + int(starts[-1]) * unit

    def _keep(self, offset: int, starts: NDArray[np.uint32]) -> None:
        if len(starts):
            # A part of an array would keep all of it.
            self._pieces.append((offset, starts if starts.base is None else starts.copy()))
            self._kept += len(starts)

    def _thin(self) -> None:
        pieces, seen = self._pieces, 0
        self._pieces, self._kept = [], 0
        self.stride *= 2
        for offset, starts in pieces:
            self._keep(offset, starts[seen % 2 :: 2])
            seen += len(starts)


def _escape(size: int) -> int:
    return (1 << 8 * size) - 1


def unpack_starts(deltas: NDArray[np.generic], long: NDArray[np.generic]) -> NDArray[np.int64]:
    """Offsets of the rows that `RowStarts.packed` packed."""
    if not len(long):
        return np.cumsum(deltas, dtype=np.int64)
    distances = deltas.astype(np.int64)
    distances[deltas == _escape(deltas.dtype.itemsize)] = long
    return np.cumsum(distances, out=distances)


@dataclass
class Merge:
    """The reduce step: blocks in order, the state of each known from the one before."""

    source: Source
    reading: Reading
    starts: RowStarts = field(default_factory=RowStarts)
    survey: Survey = field(default_factory=Survey)
    state: int = RECORD
    bad_utf8: int | None = None
    undefined_cp1252: bool = False
    last_row: int = 0
    _open: int = 0
    _parts: list[bytes] | None = field(default_factory=list)

    def __post_init__(self) -> None:
        self._open = self.last_row = self.reading.body
        decided = np.zeros(max(self.reading.decided, default=-1) + 1, np.uint8)
        decided[list(self.reading.decided)] = TEXT
        self.survey = Survey(decided)

    def add(self, block: BlockFacts) -> None:
        """Take the next block. Rows over a seam are surveyed from the bytes on both sides of it."""
        entered, unit = self.state, self.reading.grammar.unit
        starts = block.scan.starts(entered)
        self.state = block.scan.exits[entered]
        self.starts.add(block.offset, starts)
        if len(starts):
            self.last_row = block.offset + int(starts[-1]) * unit
        self.undefined_cp1252 |= block.undefined_cp1252
        if self.bad_utf8 is None:
            self.bad_utf8 = block.bad_utf8
        if self.bad_utf8 is not None and not self.reading.encoding.guessed:
            raise FormatError(f"byte {self.bad_utf8} is no UTF-8; choose another encoding, such as cp1252")
        if entered in block.surveyed_for:
            self._close_gap(block.offset + block.first, block.lead)
            self.survey = self.survey.merged(block.survey)
            self._open = block.offset + block.last
            self._parts = None if block.tail is None else [block.tail]
        elif len(starts):
            self._close_gap(self.last_row, None)
            self._open, self._parts = self.last_row, None
        else:
            self._parts = None

    def finish(self) -> None:
        """Survey the last row. FormatError when the object ends within quotes."""
        if self.state == QUOTED:
            raise_unclosed(self.source, self.last_row, self.reading.grammar, f"data row {self.starts.rows}")
        self._close_gap(self.source.size, b"")

    def _close_gap(self, end: int, lead: bytes | None) -> None:
        if end > self._open:
            known = self._parts is not None and lead is not None
            rows = b"".join([*(self._parts or []), lead or b""]) if known else b""
            if len(rows) != end - self._open:
                rows = self.source.read(self._open, end - self._open)
            self.survey = self.survey.merged(self.reading.survey(rows))


def decide(source: Source, reading: Reading) -> Reading:
    """`reading` with what its first rows tell: columns that are text, which further rows need not be asked about, and
    whether the rows are plain.
    """
    unit = reading.grammar.unit
    data = source.read(reading.body, min(DECIDING_BYTES, source.size - reading.body) // unit * unit)
    starts = scan(reading.grammar.units(data), reading.grammar, [RECORD]).starts(RECORD)
    if reading.typed and len(starts):
        reading = replace(reading, decided=reading.survey(data[: int(starts[-1]) * unit]).text_columns())
    # Elsewhere the survey of a block also proves its encoding.
    if not reading.encoding.guessed and reading.encoding.name != "utf-8":
        return reading
    numbers = tuple(i for i in range(reading.usual) if i not in reading.decided) if reading.typed else ()
    fits = plain_rows(data, 0, len(data), reading.grammar, reading.usual, numbers) is not None
    return replace(reading, numbers=numbers) if fits else reading


def build(source: Source, reading: Reading, report: Report, run: Run, block_size: int) -> Merge:
    """Scan the body once and merge. FormatError when it is damaged."""
    reading, unit = decide(source, reading), reading.grammar.unit
    aligned = max(unit, block_size // unit * unit)
    merge = Merge(source, reading)
    for facts in run(partial(scan_block, source, reading), blocks(reading.body, source.size, aligned)):
        merge.add(facts)
        report(facts.offset + facts.length, source.size)
    merge.finish()
    return merge


def count_rows(source: Source, grammar: Grammar, offset: int, length: int, block_size: int) -> int:
    """Rows that begin in the range, which begins at a row start; read in blocks."""
    state, rows = RECORD, 0
    for at, size in blocks(offset, offset + length, block_size):
        found = scan(grammar.units(source.read(at, size)), grammar, [state])
        rows += found.count(state)
        state = found.exits[state]
    return rows


def first_rows(source: Source, grammar: Grammar, begin: int, block_size: int) -> Iterator[int]:
    """Offsets of the rows from byte `begin` on in order, read block by block as far as they are asked for.

    FormatError when the object ends within quotes.
    """
    state, row = RECORD, begin
    for at, size in blocks(begin, source.size, block_size):
        found = scan(grammar.units(source.read(at, size)), grammar, [state])
        starts = found.starts(state)
        state = found.exits[state]
        for start in starts.tolist():
            row = at + start * grammar.unit
            yield row
    if state == QUOTED:
        raise_unclosed(source, row, grammar, "the first row")


def raise_unclosed(source: Source, row: int, grammar: Grammar, which: str) -> None:
    """FormatError that says where the quoted field opened in which the object ends; its row begins at byte `row`."""
    where = f"the row that begins at byte {row}"
    if source.size - row <= EXPLAINED_BYTES:
        where = f"byte {row + last_opening(grammar.units(source.read(row, source.size - row)), grammar) * grammar.unit}"
    raise FormatError(
        f"the object ends inside quotes, opened at {where} ({which}): it is cut off, or quotes mean nothing in it "
        'and quotechar="none" reads it'
    )
