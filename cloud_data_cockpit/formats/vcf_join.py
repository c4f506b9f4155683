"""The blocks of a VCF file put together in order: lines that cross seams, marks, runs of one contig."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ..errors import FormatError
from ..source import Range, Source
from .base import Report, Run
from .encodings import UTF8, Seams, prove
from .lines import RETURN, Ints, scan_blocks
from .marks import MarkBuilder, first_shift
from .vcf_header import VcfHeader
from .vcf_scan import BlockScan, Columns, ContigRun, PartOfLine, problem_of, scan_bytes

RUNS = 1 << 16
# Arrays of the lines of a piece stay in the processor's cache, and their number is some thousands.
PIECE = 1 << 20


@dataclass(frozen=True)
class VcfScan:
    """The whole: records, marks with their POS, runs (None when too many), the encoding, lines of unequal columns."""

    records: int
    offsets: Ints
    ordinals: Ints
    pos: Ints
    runs: list[ContigRun] | None
    encoding: str
    uneven: bool


def scan_vcf(
    source: Source, header: VcfHeader, start: int, stop: int, report: Report, *, run: Run, block_size: int
) -> VcfScan:
    """Scan the records in [start, stop). FormatError naming the line that is no record."""
    shift = first_shift(source.size)
    columns = Columns.of(header)
    join = VcfJoin(source.uri, columns, shift, header.lines)
    join.prove(header.text)
    scan = partial(_scan_block, source, columns, shift)
    for found in scan_blocks(scan, start, stop, report, source.size, run=run, block_size=block_size):
        for piece in found:
            join.add(piece)
    return join.finish()


@dataclass
class VcfJoin:
    """Blocks put together in order; `lines` have gone before."""

    uri: str
    columns: Columns
    shift: int
    lines: int = 0
    records: int = 0
    uneven: bool = False
    runs: list[ContigRun] | None = field(default_factory=list)

    def __post_init__(self) -> None:
        self._marks = MarkBuilder(self.shift, columns=2)
        self._seams = Seams(UTF8)
        self._carry: PartOfLine | None = None

    def prove(self, header: bytes) -> None:
        """Take the header into the proof of the encoding."""
        self._seams.add(prove(header, UTF8))

    def add(self, block: BlockScan) -> None:
        """The next block."""
        if block.null >= 0:
            raise FormatError(f"{self.uri} is not VCF, or is damaged: byte {block.null:,} is zero")
        self._seams.add(block.proof)
        if self._carry is None:
            self._carry = PartOfLine(block.head.start)
        self._carry.extend(block.head)
        if block.ends == 0:
            return
        self._line(self._carry)
        if block.bad:
            number, offset, reason = block.bad
            self._refuse(self.lines + number + 1, offset, reason)
        self._marks.add(block.offsets, block.ordinals + self.records, block.pos, thinned=True)
        for piece in block.runs:
            self._run(piece, self.records + piece.ordinal)
        self.records += block.records
        self.lines += block.ends - 1
        self.uneven = self.uneven or block.uneven
        self._carry = block.tail if block.tail.length else None

    def finish(self) -> VcfScan:
        """The result."""
        if self._carry is not None:
            self._line(self._carry)
        encoding = "utf-8" if self._seams.finish() else "latin-1"
        offsets, ordinals, pos = self._marks.finish()
        return VcfScan(self.records, offsets, ordinals, pos, self.runs, encoding, self.uneven)

    def _line(self, part: PartOfLine) -> None:
        """One line that was put together from parts."""
        self.lines += 1
        ended = part.last == RETURN
        length = part.length - ended
        if length == 0:
            return
        reason, name, pos = problem_of(part.prefix[:length], part.tabs, part.returns - ended, self.columns)
        if reason:
            self._refuse(self.lines, part.start, reason)
        self._marks.add(np.array([part.start]), np.array([self.records]), np.array([pos]))
        self._run(ContigRun(name, part.start, 0, pos, pos, True), self.records)
        self.records += 1
        self.uneven = self.uneven or part.tabs != self.columns.tabs

    def _run(self, piece: ContigRun, ordinal: int) -> None:
        if self.runs is None:
            return
        before = self.runs[-1] if self.runs else None
        if before is None or before.name != piece.name:
            self.runs.append(ContigRun(piece.name, piece.offset, ordinal, piece.first, piece.last, piece.ascending))
            if len(self.runs) > RUNS:
                self.runs = None
            return
        ascending = before.ascending and piece.ascending and before.last <= piece.first
        self.runs[-1] = ContigRun(before.name, before.offset, before.ordinal, before.first, piece.last, ascending)

    def _refuse(self, line: int, offset: int, reason: str) -> None:
        raise FormatError(f"{self.uri} is not VCF, or is damaged: line {line:,}, at byte {offset:,}, {reason}")


def _scan_block(source: Source, columns: Columns, shift: int, block: Range) -> list[BlockScan]:
    data = source.read(*block)
    return [scan_bytes(data[at : at + PIECE], block[0] + at, columns, shift) for at in range(0, len(data), PIECE)]
