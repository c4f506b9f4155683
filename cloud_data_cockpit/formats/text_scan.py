"""Text, one block at a time: how many lines or words begin in it, and where; put together in order of the blocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..source import Range, Source
from .base import Report, Run
from .encodings import UNDEFINED_IN_CP1252, Encoding, Proof, Seams, fallback, prove
from .lines import CHUNK, PIECE, Ints, line_starts, scan_blocks
from .marks import MarkBuilder, first_in_cells, first_shift


@dataclass(frozen=True)
class Rules:
    """What is looked for: lines, or words; `shift` is the size of the cells of marks."""

    encoding: Encoding
    words: bool
    shift: int


@dataclass(frozen=True)
class BlockScan:
    """A block: records that begin after its first unit, the first of them in each cell, and what its edges hold.

    `null` and `bad` are offsets of bytes that no text holds, or -1; `beyond` tells of bytes that Windows-1252 lacks.
    """

    records: int
    offsets: Ints
    ordinals: Ints
    offset: int
    first: int
    last: int
    proof: Proof
    null: int
    beyond: bool


@dataclass(frozen=True)
class TextScan:
    """The whole: records, marks, the encoding it turned out to be in, and a note when that was a guess."""

    records: int
    offsets: Ints
    ordinals: Ints
    encoding: str
    note: str | None


def scan_bytes(data: bytes, offset: int, rules: Rules) -> BlockScan:
    """What the block `data` holds, which begins at byte `offset` of the object. It has whole units, one at least."""
    encoding = rules.encoding
    units = encoding.units(data)
    proof = prove(data, encoding)
    starts = _word_starts(units, encoding) if rules.words else line_starts(units, encoding.newline, encoding.carriage)
    if encoding.unit > 1:
        starts *= encoding.unit
    starts += offset
    first = first_in_cells(starts, rules.shift)
    return BlockScan(
        records=len(starts),
        offsets=starts[first],
        ordinals=first,
        offset=offset,
        first=int(units[0]),
        last=int(units[-1]),
        proof=proof,
        null=offset + data.find(b"\0") if encoding.guessed and b"\0" in data else -1,
        beyond=encoding.guessed and not proof.plain and any(byte in data for byte in UNDEFINED_IN_CP1252),
    )


def scan_text(
    source: Source, start: int, stop: int, rules: Rules, report: Report, *, run: Run, block_size: int
) -> TextScan:
    """Scan [start, stop), which begins with a line. FormatError when it is no text in the encoding of the rules."""
    unit = rules.encoding.unit
    if (stop - start) % unit:
        raise FormatError(
            f"{source.uri} is cut off: it is {rules.encoding.name} and {stop - start} bytes are no whole characters"
        )
    join = _Join(source.uri, rules)
    scan = partial(_scan_block, source, rules)
    for found in scan_blocks(scan, start, stop, report, source.size, run=run, block_size=-(-block_size // unit) * unit):
        for piece in found:
            join.add(piece)
    return join.finish()


def rules_for(encoding: Encoding, words: bool, size: int) -> Rules:
    """The rules of a scan over `size` bytes."""
    return Rules(encoding, words, first_shift(size))


def _scan_block(source: Source, rules: Rules, block: Range) -> list[BlockScan]:
    data = source.read(*block)
    return [scan_bytes(data[at : at + PIECE], block[0] + at, rules) for at in range(0, len(data), PIECE)]


class _Join:
    """Blocks put together in order; the first unit of each begins a record, or not, by the last unit before it."""

    def __init__(self, uri: str, rules: Rules) -> None:
        self._uri = uri
        self._rules = rules
        self._marks = MarkBuilder(rules.shift)
        self._seams = Seams(rules.encoding)
        self._records = 0
        self._last: int | None = None
        self._beyond = False

    def add(self, found: BlockScan) -> None:
        if found.null >= 0:
            raise FormatError(
                f"{self._uri} is binary, not text: byte {found.null:,} is zero; "
                "if it is text after all, name its encoding"
            )
        self._seams.add(found.proof)
        if not self._seams.sound and not self._rules.encoding.guessed:
            self._refuse(f"near byte {found.offset:,}")
        self._beyond = self._beyond or found.beyond
        if self._opens(found.first):
            self._marks.add(np.array([found.offset]), np.array([self._records]))
            self._records += 1
        self._marks.add(found.offsets, found.ordinals + self._records)
        self._records += found.records
        self._last = found.last

    def finish(self) -> TextScan:
        encoding, note = self._rules.encoding.name, None
        if not self._seams.finish():
            if not self._rules.encoding.guessed:
                self._refuse("at its end")
            encoding, note = fallback(cp1252=not self._beyond)
        offsets, ordinals = self._marks.finish()
        return TextScan(self._records, offsets, ordinals, encoding, note)

    def _opens(self, first: int) -> bool:
        encoding = self._rules.encoding
        if self._rules.words:
            return first not in encoding.white and (self._last is None or self._last in encoding.white)
        if self._last == encoding.carriage:
            return first != encoding.newline
        return self._last is None or self._last == encoding.newline

    def _refuse(self, where: str) -> None:
        raise FormatError(
            f"{self._uri} is not {self._rules.encoding.name}, or is damaged, {where}; choose another encoding"
        )


def _word_starts(units: NDArray[np.unsignedinteger], encoding: Encoding) -> Ints:
    """Places in `units`, 0 left out, of what is not white space and follows white space."""
    ascii_white = encoding.white[0] == 32 and max(encoding.white[1:]) == 13
    found: list[Ints] = []
    before = True
    for at in range(0, len(units), CHUNK):
        part = units[at : at + CHUNK]
        white = np.empty(len(part) + 1, dtype=np.bool_)
        white[0] = before
        if ascii_white:
            np.less(part - part.dtype.type(9), 5, out=white[1:])
            white[1:] |= part == 32
        else:
            white[1:] = np.isin(part, encoding.white)
        found.append(np.flatnonzero(white[:-1] > white[1:]) + at)
        before = bool(white[-1])
    starts = np.concatenate(found)
    return starts[1:] if len(starts) and starts[0] == 0 else starts
