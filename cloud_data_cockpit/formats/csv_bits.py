"""Rows and numbers of a plain piece of a CSV by bits: one for each byte, so that an operation looks at 64 bytes.

The streams of bits and the sums that move a mark to the end of a run are those of Parabix (Cameron, Herdy, Lin: "High
Performance XML Parsing Using Parallel Bit Stream Technology", 2008): where runs of ones and marks at which some of them
begin are added, the carry of each mark stops at the first place behind its run.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .csv_scan import LF_UNIT

Bits = NDArray[np.uint64]
"""A bit for each byte, the first one's the lowest; a word stands before them, for the newline before the piece."""

GAP, INT, FLOAT = 1, 2, 4
MOST_COLUMNS = 64
"""A row is walked cell by cell, by some operations each: beyond these it is cheaper to list all cells."""
NUMBER_UNITS = frozenset(b"0123456789.-")

_CHUNK = 1 << 18
_NEWLINE, _COMMA, _DIGIT, _DOT, _MINUS, _ZERO = range(6)
_BEFORE = np.uint64(1 << 63)
_NOWHERE = np.zeros(0, np.intp)
_RUN = (1, 2, 4, 8)
"""By these shifts, what is left of a run of digits is what follows its first 15: those fit an int64 and a float64."""


def cells_by_bits(
    units: NDArray[np.uint8], delimiter: int, columns: int, numbers: Collection[int]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]] | None:
    """(ends of the rows, flags of the columns) of a piece without quotes and returns that ends with a newline.

    None when a row is blank, or has not `columns` cells, or a cell in one of the columns `numbers` is not a plain
    number: digits, with a minus before them, or a dot among them, or both; at most 15 before the dot, and without one
    no zero that leads. The delimiter is none of their signs. Columns besides `numbers` have no flags.
    """
    streams, ends = _classified(units, delimiter, len(_VALUES) if numbers else 2)
    newlines = streams[_NEWLINE]
    edges = newlines | streams[_COMMA]
    edges[0] = _BEFORE
    if columns == 1 and bool((_up(edges) & newlines).any()):
        return None
    marks = newlines.copy()
    marks[0] = _BEFORE
    # The row behind the last newline is not in the piece.
    marks[len(units) // 64 + (len(units) % 64 > 0)] ^= np.uint64(1 << (len(units) - 1) % 64)
    solid = not edges.all()
    plain = _Plain.of(streams, edges, solid) if numbers else None
    flags = np.zeros(columns, np.uint8)
    others = ~edges
    looked_at = np.zeros_like(edges)
    for column in range(columns):
        filled = others | marks
        moved = _sum(filled, marks, solid)
        marks = moved & edges
        if plain is not None and column in numbers:
            filled ^= moved
            looked_at |= filled
            flags[column] = plain.flags(filled, marks)
    if not np.array_equal(marks, newlines) or (plain is not None and bool((looked_at & plain.odd).any())):
        return None
    return ends, flags


@dataclass(frozen=True)
class _Plain:
    """Bytes that no plain number has where they are; dots; ends of cells that are empty, that have a dot."""

    odd: Bits
    dots: Bits
    empty: Bits | None
    dotted: Bits

    @classmethod
    def of(cls, streams: NDArray[np.uint64], edges: Bits, solid: bool) -> _Plain:
        """What holds for all cells, whether they are looked at or not."""
        digits, dots, minus, zeros = streams[_DIGIT], streams[_DOT], streams[_MINUS], streams[_ZERO]
        begins, before_digit = _up(edges), _down(digits)
        behind = _sum(digits, _up(dots), solid)
        dotted = behind & ~digits
        odd = ~(digits | dots | minus | edges)
        odd |= minus & ~(begins & before_digit)
        odd |= dots & (begins | dotted | ~before_digit)
        leading = zeros & before_digit & (begins | _up(minus))
        if bool(leading.any()):
            # Before a dot they change nothing. Where none follows, the last digit is marked in their place.
            odd |= _down(_sum(digits, leading, solid) & edges)
        whole = behind & digits
        # A run of 16 has all bits of some byte.
        if bool((whole.view(np.uint8) == 255).any()):
            for shift in _RUN:
                whole &= _up(whole, shift)
            odd |= whole
        empty = begins & edges
        return cls(odd, dots, empty if empty.any() else None, dotted)

    def flags(self, cells: Bits, ends: Bits) -> int:
        """Flags of the column of these `cells` and `ends`, if nothing in it is odd."""
        filled = ends & ~self.dotted
        found = FLOAT if (cells & self.dots).any() else 0
        if self.empty is not None:
            found |= GAP if (filled & self.empty).any() else 0
            filled &= ~self.empty
        return found | (INT if filled.any() else 0)


_VALUES = {_NEWLINE: LF_UNIT, _COMMA: -1, _DIGIT: -1, _DOT: 46, _MINUS: 45, _ZERO: 48}


def _classified(units: NDArray[np.uint8], delimiter: int, classes: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The streams of the first `classes`, and where newlines stand; in chunks that stay in the processor's cache."""
    streams = np.zeros((classes, -(-len(units) // 64) + 1), "<u8")
    packed = streams.view(np.uint8)[:, 8:]
    values = {**_VALUES, _COMMA: delimiter}
    ends = []
    for at in range(0, len(units), _CHUNK):
        some = units[at : at + _CHUNK]
        mask = np.empty(len(some), np.bool_)
        to = slice(at // 8, at // 8 + -(-len(some) // 8))
        for kind in range(classes):
            if kind == _DIGIT:
                np.less(some - np.uint8(48), 10, out=mask)
            else:
                np.equal(some, values[kind], out=mask)
            packed[kind, to] = np.packbits(mask, bitorder="little")
            if kind == _NEWLINE:
                found = np.flatnonzero(mask)
                found += at
                ends.append(found)
    return streams, np.concatenate(ends)


def _sum(runs: Bits, marks: Bits, solid: bool) -> Bits:
    """Both added as two long numbers; `solid`: there may be words with nothing but ones in `runs`."""
    total = runs + marks
    carry = (total < runs).view(np.uint8)[:-1]
    after = total[1:]
    after += carry
    # A word of ones hands its carry on.
    late = np.flatnonzero(after < carry) + 1 if solid else _NOWHERE
    while len(late) and len(late := late[late < len(after)]):
        after[late] += np.uint64(1)
        late = late[after[late] == 0] + 1
    return total


def _up(bits: Bits, shift: int = 1) -> Bits:
    """Each bit moved to the byte that stands `shift` further."""
    moved = bits << np.uint64(shift)
    moved[1:] |= bits[:-1] >> np.uint64(64 - shift)
    return moved


def _down(bits: Bits) -> Bits:
    """Each bit moved to the byte before."""
    moved = bits >> np.uint64(1)
    moved[:-1] |= bits[1:] << np.uint64(63)
    return moved
