"""Plain blocks of a CSV: no quotes, no returns, as many cells in every row; row starts and types in one pass.

Most tables are like this. The cells of the columns that are not text must be written plainly, as 12, -0.5 or nothing.
Rows of few columns are looked at as bits (`csv_bits`); of others the cells are listed, and eight bytes of each are
looked at together. What is not plain is left to the exact ways, which take far longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .csv_bits import FLOAT, GAP, INT, MOST_COLUMNS, NUMBER_UNITS, cells_by_bits
from .csv_scan import LF_UNIT, Grammar

Words = NDArray[np.uint64]
Places = NDArray[np.int64]

PIECE_BYTES = 1 << 19
LONGEST_NUMBER = 24
MOST_DIGITS = 15
"""Digits of a whole number that fit both an int64 and, exactly, a float64."""

_WORD = 8
_CELLS = 12 << 10
"""So many cells are looked at at once: their words stay in the processor's cache."""

_MINUS, _ZERO, _DOT = 45, 48, 46


def _eight(byte: int) -> np.uint64:
    return np.uint64(int.from_bytes(bytes([byte]) * _WORD, "little"))


_LOW, _HIGH, _ZEROS, _NOT_A_DIGIT, _ZERO_TO_DOT = map(_eight, (0x7F, 0x80, _ZERO, 0x76, _ZERO ^ _DOT))
_BEFORE: Places = np.full(1, -1, np.int64)
_ONE, _BYTE, _BITS, _TOP, _FIRST = map(np.uint64, (1, 255, 8, 63, 0x80))


@dataclass(frozen=True)
class PlainRows:
    """What a plain block holds, its bytes counted from its beginning: rows behind its first newline, until `end`.

    The `flags` of the columns are those of `csv_columns`, of these rows alone. `clean`: neither the block nor what was
    read around it has zeros or other bytes than ASCII.
    """

    starts: NDArray[np.uint32]
    end: int
    flags: NDArray[np.uint8]
    clean: bool


def plain_rows(
    data: bytes, start: int, stop: int, grammar: Grammar, columns: int, numbers: Sequence[int]
) -> PlainRows | None:
    """The rows of the block data[start:stop]; there are no flags of columns that are not among `numbers`.

    None where the block is not plain, or may not be when it is entered outside quotes. What is read around the block is
    looked at as well.
    """
    begin, end = data.find(b"\n", start, stop) + 1, data.rfind(b"\n", start, stop) + 1
    if begin == end or grammar.unit != 1:
        return None
    units = np.frombuffer(data, np.uint8)
    flags = np.zeros(columns, np.uint8)
    starts = [np.array([begin - start], np.uint32)]
    clean, at = True, 0
    for after in _edges(data, begin, end):
        if after <= at or _may_be_quoted(data, grammar, at, after):
            return None
        clean = clean and _is_clean(units[at:after])
        if begin <= at < end:
            found = _rows_of(data, units, (at, after), grammar, columns, numbers)
            if found is None:
                return None
            starts.append((found[0] + (at + 1 - start)).astype(np.uint32))
            flags |= found[1]
        at = after
    rows = np.concatenate(starts)
    return PlainRows(rows[: -1 if end == stop else None], end - start, flags, clean)


def _edges(data: bytes, begin: int, end: int) -> Iterator[int]:
    """Ends of pieces: what stands before `begin`, whole rows that the processor's cache holds, what follows `end`.

    0 where a row is too long for that.
    """
    yield begin
    at = begin
    while at < end:
        at = data.rfind(b"\n", at, min(end, at + PIECE_BYTES)) + 1
        yield at
        if not at:
            return
    if end < len(data):
        yield len(data)


def _may_be_quoted(data: bytes, grammar: Grammar, start: int, stop: int) -> bool:
    quote = grammar.quote
    return data.find(b"\r", start, stop) >= 0 or (quote is not None and data.find(quote.encode(), start, stop) >= 0)


def _is_clean(units: NDArray[np.uint8]) -> bool:
    """Whether there are neither zeros nor other bytes than ASCII: as signed numbers all are above 0."""
    return not len(units) or bool(units.view(np.int8).min() > 0)


def _rows_of(
    data: bytes,
    units: NDArray[np.uint8],
    piece: tuple[int, int],
    grammar: Grammar,
    columns: int,
    numbers: Sequence[int],
) -> tuple[Places, NDArray[np.uint8]] | None:
    """(ends of the rows, flags) of a piece of whole rows by the fastest way; None when it is not plain."""
    at, after = piece
    delimiter = ord(grammar.delimiter)
    if columns <= MOST_COLUMNS and delimiter not in NUMBER_UNITS:
        return cells_by_bits(units[at:after], delimiter, columns, numbers)
    ends = _cells(units[at:after], delimiter, columns)
    if ends is None:
        return None
    flags = np.zeros(columns, np.uint8)
    wanted, words = np.array(numbers, dtype=np.intp), _words(data, at, after)
    step = max(1, _CELLS // len(ends))
    for some in (wanted[i : i + step] for i in range(0, len(wanted), step)):
        found = _numbers(words, ends, some)
        if found is None:
            return None
        flags[some] |= found
    return ends[:, -1], flags


def _cells(units: NDArray[np.uint8], delimiter: int, columns: int) -> Places | None:
    """Where the cells of each row end, (rows, columns); None when a row is blank or has another number of cells."""
    mask = units == delimiter
    mask |= units == LF_UNIT
    places = np.flatnonzero(mask)
    if len(places) % columns:
        return None
    kinds = units[places].reshape(-1, columns)
    if not ((kinds[:, -1] == LF_UNIT).all() and (kinds[:, :-1] == delimiter).all()):
        return None
    blank = columns == 1 and (places[0] == 0 or bool((np.diff(places) == 1).any()))
    return None if blank else places.reshape(-1, columns)


def _words(data: bytes, at: int, stop: int) -> Words:
    """The 8 bytes from each byte of data[at:stop] on as a number, its lowest byte the first of them."""
    if stop + _WORD > len(data):
        data, at, stop = data[at:stop] + bytes(_WORD), 0, stop - at
    return np.ndarray((stop - at,), np.dtype("<u8"), data, at, (1,))


def _numbers(words: Words, ends: Places, wanted: NDArray[np.intp]) -> NDArray[np.uint8] | None:
    """Flags of the columns `wanted`; None when one of their cells is not a plain number.

    Few passes over as little as can be: all cells of up to 8 bytes by one word each, longer and negative ones apart.
    """
    columns = ends.shape[1]
    edges = np.concatenate([_BEFORE, ends.ravel()])
    begins = edges[:-1].reshape(-1, columns).T[wanted] + 1
    lengths = ends.T[wanted] - begins
    if lengths.max() > LONGEST_NUMBER:
        return None
    shape, lengths = lengths.shape, lengths.ravel()
    first = words[begins.ravel()]
    unused = np.maximum(_WORD - lengths, 0)
    unused <<= 3
    spare = unused.view(np.uint64)
    strange, dots = _marks(first, spare)
    opening = _FIRST << spare
    trouble = dots & ((dots - _ONE) | opening)
    short = lengths <= _WORD
    trouble |= (dots >> _TOP) & short
    trouble |= (dots == 0) & ((first & _BYTE) == _ZERO) & (lengths > 1)
    if trouble.any():
        return None
    signed = np.flatnonzero(strange != 0)
    if len(signed) and not _negative(first[signed], lengths[signed], strange[signed], dots[signed], opening[signed]):
        return None
    if not short.all():
        long = np.flatnonzero(~short)
        rest = _continued(words, begins.ravel()[long], lengths[long], dots[long] != 0)
        if rest is None:
            return None
        dots[long] = rest
    return _flags_of(lengths.reshape(shape), dots.reshape(shape))


def _marks(words: Words, spare: Words) -> tuple[Words, Words]:
    """A bit at the top of each byte of a cell that is neither digit nor dot, and of each that is a dot.

    The `spare` bits behind the cell are shifted out, so that the last byte of one that ends in the word is the highest.
    """
    value = words ^ _ZEROS
    other = value & _LOW
    other += _NOT_A_DIGIT
    other |= value
    other &= _HIGH
    other <<= spare
    value ^= _ZERO_TO_DOT
    strange = value & _LOW
    strange += _LOW
    strange |= value
    strange <<= spare
    strange &= other
    other ^= strange
    return strange, other


def _negative(first: Words, lengths: Places, strange: Words, dots: Words, opening: Words) -> bool:
    """Whether cells with other bytes than digits and dots have one minus, at their beginning, and a digit behind it."""
    fine = ((first & _BYTE) == _MINUS) & (strange == opening) & (lengths > 1) & (dots & (opening << _BITS) == 0)
    zero_leads = (dots == 0) & ((first >> _BITS & _BYTE) == _ZERO) & (lengths > 2)
    return bool((fine & ~zero_leads).all())


def _continued(words: Words, begins: Places, lengths: Places, dotted: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Whether there is a dot in cells of more than 8 bytes; None when what follows these is not plain.

    Whole numbers of too many digits, a sign counted as one, are not plain either: they might lose some.
    """
    for place in range(_WORD, LONGEST_NUMBER, _WORD):
        at = np.flatnonzero(lengths > place)
        if not len(at):
            break
        rest = lengths[at] - place
        spare = (np.maximum(_WORD - rest, 0) << 3).astype(np.uint64)
        strange, dots = _marks(words[begins[at] + place], spare)
        found = dots != 0
        ends_so = (dots >> _TOP != 0) & (rest <= _WORD)
        if (strange.any() or (dots & (dots - _ONE)).any()) or (found & dotted[at]).any() or ends_so.any():
            return None
        dotted[at] |= found
    return None if (~dotted & (lengths > MOST_DIGITS)).any() else dotted


def _flags_of(lengths: Places, dots: Words) -> NDArray[np.uint8]:
    """GAP, INT and FLOAT of columns of plain numbers, (columns, rows)."""
    empty, dotted = lengths.min(axis=1) == 0, dots.max(axis=1) > 0
    whole = dots.min(axis=1) == 0
    for column in np.flatnonzero(empty & whole):
        whole[column] = bool(((dots[column] == 0) & (lengths[column] > 0)).any())
    flags: NDArray[np.uint8] = empty * np.uint8(GAP) | whole * np.uint8(INT) | dotted * np.uint8(FLOAT)
    return flags
