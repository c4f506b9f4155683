"""FASTA, one block at a time: which lines it holds, as numbers that `fasta_join` puts together in order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..source import Range, Source

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

NEWLINE, RETURN, MARK = 10, 13, 62
LF, CRLF, GAPPED = 1, 2, 4

# A stretch of sequence lines of one record. `width`: bytes of its first line with the line end, 0 when there is no
# line; `residues`: of its first line; `last`: bytes of its last line; `bases`: residues in all; `uneven`: a line longer
# than the first, or after a shorter one; `ends`: LF, CRLF, GAPPED or'ed over its lines; `alone`: only blank lines after
# the first.
STRETCH = np.dtype(
    [
        ("width", np.int64),
        ("residues", np.int64),
        ("last", np.int64),
        ("bases", np.int64),
        ("uneven", np.bool_),
        ("ends", np.uint8),
        ("alone", np.bool_),
    ]
)

_CHUNK = 1 << 18
_PORTION = 1 << 18
_FEW_RECORDS = 1024


@dataclass(frozen=True)
class Piece:
    """Part of a line: bytes without the newline, printable ones among them, first and last of them (or -1).

    `odd`: where a byte is that no sequence holds, or -1; `marked`: whether `>` stands after the first byte.
    """

    length: int
    residues: int
    first: int
    last: int
    odd: int
    marked: bool
    ended: bool


@dataclass(frozen=True)
class BlockScan:
    """A block: the piece before its first newline, whole lines, the piece after its last newline.

    `stretches[0]` are sequence lines before the first whole header line; `stretches[i + 1]` those after header i, which
    begins at `starts[i]`, is `headers[i]` bytes long with its newline, and names `names` (each followed by a newline).
    """

    length: int
    first: int
    last: int
    head: Piece
    stretches: NDArray[np.void]
    starts: Ints
    headers: Ints
    names: bytes
    tail: Piece


def scan_block(source: Source, block: Range) -> BlockScan:
    """What `block` of the source holds. FormatError when it holds what no FASTA file does."""
    offset, length = block
    data = source.read(offset, length)
    null = data.find(b"\0")
    if null >= 0:
        raise FormatError(
            f"{source.uri} is not FASTA: byte {offset + null:,} is NUL, so this is a binary file or UTF-16"
        )
    array = np.frombuffer(data, dtype=np.uint8)
    begin, end = data.find(b"\n"), data.rfind(b"\n")
    if begin < 0:
        whole = (np.zeros(1, STRETCH), _NONE, _NONE, b"")
        head, tail = _piece(data, 0, length, offset, source.uri, ended=False), _NO_PIECE
    else:
        few = _few_records(data, array, begin + 1, end + 1)
        whole = few or _many_records(data, begin, end, offset, source.uri)
        if few:
            whole[1][:] += offset
        head = _piece(data, 0, begin, offset, source.uri, ended=True)
        tail = _piece(data, end + 1, length, offset, source.uri, ended=False)
    return BlockScan(length, data[0], data[-1], head, *whole, tail)


def lone_return(uri: str, at: int) -> FormatError:
    """The error for a carriage return that no newline follows."""
    return FormatError(
        f"{uri} has a carriage return without a newline at byte {at:,}: line ends of old Macs are not read; "
        "convert the file first, for example with: tr '\\r' '\\n'"
    )


def odd_byte(uri: str, at: int) -> FormatError:
    """The error for a byte in a sequence that is neither a residue nor white space."""
    return FormatError(
        f"{uri} is not FASTA, or is damaged: byte {at:,} lies in a sequence and is no printable ASCII character"
    )


_Whole = tuple[NDArray[np.void], Ints, Ints, bytes]
_NONE: Ints = np.zeros(0, dtype=np.int64)
_NO_PIECE = Piece(0, 0, -1, -1, -1, False, False)
_IS_SPACE = np.zeros(256, dtype=np.bool_)
_IS_SPACE[[9, 10, 11, 12, 13, 32]] = True


def _unprintable(array: Bytes) -> NDArray[np.bool_]:
    # One subtraction that wraps around tells 33..126 from the rest.
    below: NDArray[np.bool_] = np.subtract(array, 33, dtype=np.uint8) > 93
    return below


def _count_unprintable(array: Bytes) -> int:
    """How many bytes are not 33..126, in chunks that stay in the processor's cache."""
    return sum(int(np.count_nonzero(_unprintable(array[i : i + _CHUNK]))) for i in range(0, len(array), _CHUNK))


def _unprintable_at(array: Bytes) -> Ints:
    """Where bytes are not 33..126."""
    found = [np.flatnonzero(_unprintable(array[i : i + _CHUNK])) + i for i in range(0, len(array), _CHUNK)]
    return np.concatenate(found).astype(np.int64, copy=False) if found else _NONE


def _piece(data: bytes, start: int, stop: int, offset: int, uri: str, *, ended: bool) -> Piece:
    part = np.frombuffer(data, dtype=np.uint8)[start:stop]
    if len(part) == 0:
        return Piece(0, 0, -1, -1, -1, False, ended)
    strange = _count_unprintable(part)
    odd = -1
    if strange:
        at = _unprintable_at(part)
        _refuse_lone_return(part, at[part[at] == RETURN], offset + start, uri)
        odds = at[~_IS_SPACE[part[at]]]
        odd = offset + start + int(odds[0]) if len(odds) else -1
    marked = data.find(b">", start + 1, stop) >= 0
    return Piece(len(part), len(part) - strange, int(part[0]), int(part[-1]), odd, marked, ended)


def _refuse_lone_return(array: Bytes, returns: Ints, offset: int, uri: str) -> None:
    inside = returns[returns + 1 < len(array)]
    follower = array[inside + 1]
    lone = inside[(follower != NEWLINE) & (follower != RETURN)]
    if len(lone):
        raise lone_return(uri, offset + int(lone[0]))


# --- few records a block: genomes -----------------------------------------------------------------


def _few_records(data: bytes, array: Bytes, start: int, stop: int) -> _Whole | None:
    """Whole lines [start, stop) when headers are few and all lines of a stretch are alike; else None.

    It looks at each byte twice or so and never makes a table of lines.
    """
    headers: list[tuple[int, int]] = []
    names: list[bytes] = []
    # One byte is searched for far faster than two.
    at = data.find(b">", start, stop)
    while at >= 0:
        if data[at - 1] != NEWLINE:
            return None
        end = data.find(b"\n", at) + 1
        line = data[at:end]
        if len(headers) == _FEW_RECORDS or b"\r" in line[:-2]:
            return None
        headers.append((at, end))
        names.append(name_in(line) + b"\n")
        at = data.find(b">", end, stop)
    edges = [start, *(edge for header in headers for edge in header), stop]
    stretches = np.zeros(len(headers) + 1, STRETCH)
    for i in range(len(stretches)):
        stretch = _even_stretch(data, array, edges[2 * i], edges[2 * i + 1])
        if stretch is None:
            return None
        stretches[i] = stretch
    table = np.array(headers, dtype=np.int64).reshape(-1, 2)
    return stretches, table[:, 0].copy(), table[:, 1] - table[:, 0], b"".join(names)


def name_in(line: bytes) -> bytes:
    """The name in a header line: after `>` and white space, up to white space."""
    words = line[1:].split(None, 1)
    # A blank before a newline ends the search, as in samtools: `>` alone on its line names nothing.
    return words[0] if words else b""


def _even_stretch(data: bytes, array: Bytes, start: int, stop: int) -> tuple[int | bool, ...] | None:
    """Lines [start, stop), all as long as the first but for a shorter last one, nothing in them but residues."""
    if start == stop:
        return (0, 0, 0, 0, False, 0, False)
    newline = data.index(b"\n", start)
    width = newline + 1 - start
    end = 2 if width > 1 and data[newline - 1] == RETURN else 1
    if width == end:
        return None
    lines, rest = divmod(stop - start, width)
    rest_end = (2 if rest > 1 and data[stop - 2] == RETURN else 1) if rest else 0
    for back in range(1, end + 1):
        if not bool((array[start + width - back : stop : width][:lines] == (NEWLINE, RETURN)[back - 1]).all()):
            return None
    if _count_unprintable(array[start:stop]) != lines * end + rest_end:
        return None
    bases = lines * (width - end) + rest - rest_end
    ends = end | (rest_end if rest > 1 else 0)
    return (width, width - end, rest or width, bases, False, ends, lines == 1 and rest == rest_end)


# --- many records, or lines of any kind -----------------------------------------------------------


def _many_records(data: bytes, begin: int, end: int, offset: int, uri: str) -> _Whole:
    """The lines between the newlines at `begin` and `end`, by arrays of lines and of records.

    Done in portions that begin with a header, so that the arrays stay in the processor's cache.
    """
    array = np.frombuffer(data, dtype=np.uint8)
    edges = [begin]
    while 0 <= edges[-1] < end - 2 * _PORTION:
        edges.append(data.find(b"\n>", edges[-1] + _PORTION, end))
    edges = [*(edge for edge in edges if edge >= 0), end]
    parts = [_portion(array[a : b + 1], offset + a, uri) for a, b in pairwise(edges)]
    stretches, starts, headers, names = zip(*parts, strict=True)
    # All portions but the first have no lines before their first header.
    kept = [part[min(i, 1) :] for i, part in enumerate(stretches)]
    return np.concatenate(kept), np.concatenate(starts), np.concatenate(headers), b"".join(names)


def _portion(array: Bytes, offset: int, uri: str) -> _Whole:
    """The lines of `array`, which begins and ends with a newline."""
    strange = _unprintable_at(array)
    value = array[strange]
    _refuse_lone_return(array, strange[value == RETURN], offset, uri)
    at_newline = np.flatnonzero(value == NEWLINE)
    newlines = strange[at_newline]
    width = np.diff(newlines)
    residues = width - np.diff(at_newline)
    is_header = array[newlines[:-1] + 1] == MARK if len(newlines) > 1 else np.zeros(0, dtype=np.bool_)
    _refuse_odd(strange, value, newlines, is_header, offset, uri)
    header = np.flatnonzero(is_header)
    stretches = _stretches(array, newlines, width, residues, is_header)
    names = _names(array, strange[_IS_SPACE[value]], newlines[header])
    return stretches, newlines[header] + 1 + offset, width[header], names


def _refuse_odd(
    strange: Ints, value: Bytes, newlines: Ints, is_header: NDArray[np.bool_], offset: int, uri: str
) -> None:
    odd = strange[~_IS_SPACE[value]]
    if len(odd):
        in_sequence = odd[~is_header[np.searchsorted(newlines, odd) - 1]]
        if len(in_sequence):
            raise odd_byte(uri, offset + int(in_sequence[0]))


def _stretches(
    array: Bytes, newlines: Ints, width: Ints, residues: Ints, is_header: NDArray[np.bool_]
) -> NDArray[np.void]:
    """One STRETCH before the first header and one after each."""
    header = np.flatnonzero(is_header)
    begin = np.concatenate([[0], header + 1])
    end = np.append(header, len(width))
    stretches = np.zeros(len(begin), STRETCH)
    held = np.flatnonzero(end > begin)
    if len(held) == 0:
        return stretches
    first, after = begin[held], end[held]
    filled = ~is_header & (residues > 0)
    stretches["width"][held] = width[first]
    stretches["residues"][held] = residues[first]
    stretches["last"][held] = width[after - 1]
    stretches["bases"][held] = _sums(np.where(is_header, 0, residues), first, after)
    stretches["alone"][held] = _sums(filled, first + 1, after) == 0
    stretches["ends"][held] = np.bitwise_or.reduceat(_line_ends(array, newlines, width, residues, is_header), first)
    uneven = _uneven_lines(width, filled, is_header, np.repeat(stretches["width"], np.diff(begin, append=len(width))))
    stretches["uneven"][np.searchsorted(begin, uneven, side="right") - 1] = True
    return stretches


def _sums(values: NDArray[np.generic], first: Ints, after: Ints) -> Ints:
    total = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=total[1:])
    return total[after] - total[first]


def _line_ends(array: Bytes, newlines: Ints, width: Ints, residues: Ints, is_header: NDArray[np.bool_]) -> Bytes:
    """LF, CRLF, or GAPPED where more than residues and the line end stand in a line; 0 for headers and empty lines.

    `>` within a line is GAPPED too: a part that began with it would not be FASTA by itself.
    """
    strange = width - residues
    ends = np.full(len(width), GAPPED, dtype=np.uint8)
    ends[strange == LF] = LF
    ends[(strange == CRLF) & (array[newlines[1:] - 1] == RETURN)] = CRLF
    if np.count_nonzero(array == MARK) > np.count_nonzero(is_header):
        marks = np.flatnonzero(array == MARK)
        line = np.searchsorted(newlines, marks) - 1
        ends[line[marks > newlines[line] + 1]] = GAPPED
    ends[is_header | (width == 1)] = 0
    return ends


def _uneven_lines(width: Ints, filled: NDArray[np.bool_], is_header: NDArray[np.bool_], first: Ints) -> Ints:
    """Lines, not blank, that are longer than the first of their stretch or follow one of another length."""
    follows = filled[1:] & ~is_header[:-1]
    fits = (width[:-1] == first[1:]) & (width[1:] <= first[1:])
    return np.flatnonzero(follows & ~fits) + 1


def _names(array: Bytes, spaces: Ints, before: Ints) -> bytes:
    """Names of the headers that follow the newlines at `before`, each with a newline after it."""
    if len(before) == 0:
        return b""
    begin = before + 2
    after = np.searchsorted(spaces, before) + 1
    indented = np.flatnonzero((spaces[after] == begin) & (array[begin] != NEWLINE))
    while len(indented):
        begin[indented] += 1
        after[indented] += 1
        still = (spaces[after[indented]] == begin[indented]) & (array[begin[indented]] != NEWLINE)
        indented = indented[still]
    length = spaces[after] - begin + 1
    last = np.cumsum(length)
    taken = array[np.repeat(begin - (last - length), length) + np.arange(last[-1])]
    taken[last - 1] = NEWLINE
    return bytes(taken)
