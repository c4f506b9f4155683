"""FASTQ, one block at a time: which lines could be reads of four lines, for each of the four ways to count them.

A block does not know which of its lines begins a read. So it checks all four ways; the join, which walks the seams
between blocks exactly, knows the way that holds, and walks the whole block line by line where none does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..errors import FormatError
from ..source import Range, Source
from .base import Report, Run
from .encodings import UTF8, Proof, Seams, prove
from .fastq_walk import AT, GREATER, HEADER, PLUS, PartOfLine, Walker, line_table, walk_bytes
from .lines import NEWLINE, PIECE, Ints, positions, scan_blocks
from .marks import MarkBuilder, first_in_cells, first_shift

_SEAM = 4
_ASCII = Proof(True, plain=True)


@dataclass(frozen=True)
class BlockScan:
    """A block of `ends` newlines: line 0 is what precedes the first, lines 1 .. ends - 1 are whole, then comes a part.

    `good[r]`: all whole groups of four lines from line r + 1 on are reads. `offsets`, `numbers`: starts and numbers of
    the first four lines from 1 on in each cell, or, where one r alone is good, of the first read in each. `seam`:
    (start, length, first byte) of the lines next to both edges, by number. `head`, `tail`: (length, first byte, last
    byte) of the parts of lines.
    """

    offset: int
    length: int
    ends: int
    good: tuple[bool, bool, bool, bool]
    offsets: Ints
    numbers: Ints
    seam: dict[int, tuple[int, int, int]]
    head: tuple[int, int, int]
    tail: tuple[int, int, int]
    proof: Proof
    null: int


@dataclass(frozen=True)
class FastqScan:
    """The whole: reads, marks, whether every read is four lines, and the encoding of the names."""

    reads: int
    offsets: Ints
    ordinals: Ints
    wrapped: bool
    encoding: str


def scan_bytes(data: bytes, offset: int, shift: int) -> BlockScan:
    """What the block `data` holds, one byte at least, which begins at byte `offset` of the object."""
    array = np.frombuffer(data, dtype=np.uint8)
    ends = positions(array, NEWLINE)
    starts, stops = ends[:-1] + 1, ends[1:]
    lengths, firsts = line_table(array, starts, stops)
    starts += offset
    good = (
        _reads_from(lengths, firsts, 0),
        _reads_from(lengths, firsts, 1),
        _reads_from(lengths, firsts, 2),
        _reads_from(lengths, firsts, 3),
    )
    offsets, numbers = _marked(starts, shift, good)
    whole = len(starts)
    near = [i for i in range(whole) if i < _SEAM or i >= whole - _SEAM] if whole < 3 * _SEAM else _edges(whole)
    head = int(ends[0]) if len(ends) else len(array)
    tail = int(ends[-1]) + 1 if len(ends) else len(array)
    # As signed numbers, bytes that are zero and bytes that are not ASCII are not positive: one look for both.
    plain = bool(array.view(np.int8).min() > 0)
    return BlockScan(
        offset=offset,
        length=len(data),
        ends=len(ends),
        good=good,
        offsets=offsets,
        numbers=numbers,
        seam={i + 1: (int(starts[i]), int(lengths[i]), int(firsts[i])) for i in near},
        head=_part(array[:head]),
        tail=_part(array[tail:]),
        proof=_ASCII if plain else prove(data, UTF8),
        null=-1 if plain or b"\0" not in data else offset + data.find(b"\0"),
    )


def scan_fastq(source: Source, start: int, stop: int, report: Report, *, run: Run, block_size: int) -> FastqScan:
    """Scan [start, stop), which begins with a read. FormatError when it is not FASTQ, all of it."""
    join = FastqJoin(source.uri, first_shift(source.size), source.read)
    scan = partial(_scan_block, source, first_shift(source.size))
    for found in scan_blocks(scan, start, stop, report, source.size, run=run, block_size=block_size):
        for piece in found:
            join.add(piece)
    return join.finish()


class FastqJoin:
    """Blocks put together in order. `read_again(offset, length)` gives the bytes of a block that needs a walk."""

    def __init__(self, uri: str, shift: int, read_again: Callable[[int, int], bytes]) -> None:
        self._walker = Walker(uri)
        self._marks = MarkBuilder(shift)
        self._seams = Seams(UTF8)
        self._read_again = read_again
        self._carry: PartOfLine | None = None

    def add(self, block: BlockScan) -> None:
        """The next block."""
        if block.null >= 0:
            raise FormatError(f"{self._walker.uri} is not FASTQ, or is damaged: byte {block.null:,} is zero")
        self._seams.add(block.proof)
        if not self._add_checked(block):
            data = self._read_again(block.offset, block.length)
            self._carry = walk_bytes(self._walker, self._carry, data, block.offset)
        self._flush()

    def finish(self) -> FastqScan:
        """The result. FormatError when the last read is cut off."""
        if self._carry is not None:
            self._walker.part(self._carry)
        self._walker.finish()
        self._flush()
        if self._walker.reads == 0:
            raise FormatError(f"{self._walker.uri} holds no reads: nothing but blank lines")
        offsets, ordinals = self._marks.finish()
        encoding = "utf-8" if self._seams.finish() else "latin-1"
        return FastqScan(self._walker.reads, offsets, ordinals, self._walker.wrapped, encoding)

    def _add_checked(self, block: BlockScan) -> bool:
        """Take the block by its four-line reads. False, and nothing done, when it has to be walked."""
        walker = self._walker
        carry = self._carry or PartOfLine(block.offset)
        if block.ends < 2 * _SEAM:
            return self._add_small(block, carry)
        ahead = replace(walker, begins=list(walker.begins))
        grown = replace(carry)
        grown.extend(*block.head)
        ahead.part(grown)
        number = 1
        while ahead.state != HEADER and number <= _SEAM:
            ahead.line(*block.seam[number])
            number += 1
        if ahead.state != HEADER or not block.good[(number - 1) % 4] or number > _SEAM:
            return False
        self._walker = ahead
        self._flush()
        reads = (block.ends - number) // 4
        self._mark_bulk(block, number, reads)
        for rest in range(number + 4 * reads, block.ends):
            ahead.line(*block.seam[rest])
        self._carry = self._tail(block)
        return True

    def _add_small(self, block: BlockScan, carry: PartOfLine) -> bool:
        """A block of few lines: all of them are in its seam."""
        carry.extend(*block.head)
        if block.ends == 0:
            self._carry = carry
            return True
        self._walker.part(carry)
        for number in range(1, block.ends):
            self._walker.line(*block.seam[number])
        self._carry = self._tail(block)
        return True

    def _mark_bulk(self, block: BlockScan, number: int, reads: int) -> None:
        """Marks of the reads that begin at lines number, number + 4, ..."""
        group, within = np.divmod(block.numbers - number, 4)
        begins = (within == 0) & (group >= 0) & (group < reads)
        self._marks.add(block.offsets[begins], group[begins] + self._walker.reads)
        self._walker.bulk(reads)

    @staticmethod
    def _tail(block: BlockScan) -> PartOfLine | None:
        length, first, last = block.tail
        if length == 0:
            return None
        part = PartOfLine(block.offset + block.length - length)
        part.extend(length, first, last)
        return part

    def _flush(self) -> None:
        begins = self._walker.begins
        if begins:
            ordinals = np.arange(self._walker.reads - len(begins), self._walker.reads)
            self._marks.add(np.array(begins, dtype=np.int64), ordinals)
            begins.clear()


def _scan_block(source: Source, shift: int, block: Range) -> list[BlockScan]:
    data = source.read(*block)
    return [scan_bytes(data[at : at + PIECE], block[0] + at, shift) for at in range(0, len(data), PIECE)]


def _marked(starts: Ints, shift: int, good: tuple[bool, ...]) -> tuple[Ints, Ints]:
    """Starts and numbers of the lines that may become marks."""
    if sum(good) == 1:
        # Either reads begin at every fourth line from there on, or the block has to be walked.
        begin = good.index(True)
        reads = starts[begin::4]
        first = first_in_cells(reads, shift)
        return reads[first], 4 * first + begin + 1
    first = first_in_cells(starts, shift, 4)
    return starts[first], first + 1


def _reads_from(lengths: Ints, firsts: Ints, begin: int) -> bool:
    """Whether the whole groups of four lines from line `begin` on are all reads, as the walker would have them."""
    stop = begin + (len(lengths) - begin) // 4 * 4
    if stop <= begin:
        return True
    if firsts[begin] != AT or not bool((firsts[begin:stop:4] == AT).all()):
        return False
    sequence = firsts[begin + 1 : stop : 4]
    return (
        bool((firsts[begin + 2 : stop : 4] == PLUS).all())
        and bool((lengths[begin + 1 : stop : 4] == lengths[begin + 3 : stop : 4]).all())
        and not bool(((sequence == PLUS) | (sequence == AT) | (sequence == GREATER)).any())
    )


def _edges(whole: int) -> list[int]:
    return [*range(_SEAM), *range(whole - _SEAM, whole)]


def _part(array: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> tuple[int, int, int]:
    return (len(array), int(array[0]), int(array[-1])) if len(array) else (0, -1, -1)
