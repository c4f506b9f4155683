"""FASTA blocks put together in order: the fields of a `.fai`, as arrays that are the same for any size of block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..source import Range, Source
from .fasta_scan import (
    CRLF,
    GAPPED,
    LF,
    MARK,
    NEWLINE,
    RETURN,
    STRETCH,
    BlockScan,
    Piece,
    lone_return,
    name_in,
    odd_byte,
)

UNEVEN, NOT_ALIGNED = 1, 2
"""Why bases of a record have no computable place: its lines differ in length, or in what else they hold."""

_NAME_READ = 4096


@dataclass(frozen=True)
class Stretch:
    """One row of STRETCH: lines of the record that is open."""

    width: int = 0
    residues: int = 0
    last: int = 0
    bases: int = 0
    uneven: bool = False
    ends: int = 0
    alone: bool = False

    def then(self, other: Stretch) -> Stretch:
        """These lines and the ones after them; associative."""
        if not self.width or not other.width:
            return self if self.width else other
        follows = other.residues == 0 or (self.last == self.width and other.width <= self.width)
        rest_fits = other.width == self.width or other.alone
        return Stretch(
            self.width,
            self.residues,
            other.last,
            self.bases + other.bases,
            self.uneven or other.uneven or not (follows and rest_fits),
            self.ends | other.ends,
            self.alone and other.residues == 0 and other.alone,
        )


class OpenLine:
    """The line that blocks have not ended yet."""

    def __init__(self) -> None:
        self.length = 0
        self.residues = 0
        self.last = -1
        self.odd = -1
        self.marked = False

    def extend(self, piece: Piece) -> None:
        if piece.length:
            self.marked |= piece.marked or (self.length > 0 and piece.first == MARK)
            self.length += piece.length
            self.residues += piece.residues
            self.last = piece.last
            self.odd = self.odd if self.odd >= 0 else piece.odd

    def stretch(self, before: Stretch, *, newline: bool) -> Stretch:
        """The line as a stretch of one, after those `before` it; the end of the object counts as a newline."""
        width, strange = self.length + 1, self.length - self.residues
        if self.length == 0:
            ends = 0
        elif self.marked or strange > 1 or (strange == 1 and self.last != RETURN):
            ends = GAPPED
        elif newline:
            ends = CRLF if strange else LF
        else:
            # Without its line end it may be as long as the others and yet hold more bases.
            ends = GAPPED if before.width == width and before.residues != self.residues else 0
        return Stretch(width, self.residues, width, self.residues, False, ends, True)


class Joined:
    """The blocks added so far: records that are complete, the record that is open, the line that is open."""

    def __init__(self, source: Source, start: int) -> None:
        self._source = source
        self._at = start
        self._starts: list[NDArray[np.int64]] = []
        self._headers: list[NDArray[np.int64]] = []
        self._stretches: list[Stretch | NDArray[np.void]] = []
        self._names: list[bytes | Range] = []
        self._open = Stretch()
        self._line = OpenLine()
        self._in_header = False
        self._any = False
        self._before = NEWLINE

    def add(self, scan: BlockScan) -> None:
        """The next block. FormatError when a line that it completes is not what FASTA holds."""
        if self._before == RETURN and scan.first not in (NEWLINE, RETURN):
            raise lone_return(self._source.uri, self._at - 1)
        self._before = scan.last
        self._extend(scan.head, self._at)
        if scan.head.ended:
            self._open = self._open.then(Stretch(*scan.stretches[0].item()))
            if len(scan.starts):
                self._add_records(scan)
            self._extend(scan.tail, self._at + scan.length - scan.tail.length)
        self._at += scan.length

    def finish(self) -> dict[str, NDArray[np.generic]]:
        """The arrays of the index. FormatError when the object ends within a header line."""
        if self._in_header:
            start = int(self._starts[-1][-1])
            raise FormatError(
                f"{self._source.uri} is cut off: it ends within the header line at byte {start:,}; fetch it again, or "
                "end that line with a newline if the sequence is really empty"
            )
        if self._line.length:
            self._end_sequence_line(newline=False)
        self._close_record()
        stretches = np.concatenate([_rows(part) for part in self._stretches])
        mixed = (stretches["ends"] & GAPPED > 0) | (stretches["ends"] == LF | CRLF)
        mixed |= (stretches["residues"] == 0) & (stretches["bases"] > 0)
        irregular = stretches["uneven"] * UNEVEN + mixed * NOT_ALIGNED
        return {
            "starts": np.concatenate(self._starts),
            "headers": _compact(np.concatenate(self._headers)),
            "lengths": _compact(stretches["bases"]),
            "line_bases": _compact(stretches["residues"]),
            "line_widths": _compact(stretches["width"]),
            "irregular": irregular.astype(np.uint8),
            "names": np.frombuffer(self._all_names(), dtype=np.uint8),
        }

    def _add_records(self, scan: BlockScan) -> None:
        self._close_record()
        self._any = True
        self._starts.append(scan.starts)
        self._headers.append(scan.headers)
        self._names.append(scan.names)
        self._stretches.append(scan.stretches[1:-1])
        self._open = Stretch(*scan.stretches[-1].item())

    def _extend(self, piece: Piece, at: int) -> None:
        if piece.length and self._line.length == 0 and piece.first == MARK:
            self._close_record()
            self._any = self._in_header = True
            self._starts.append(np.array([at], dtype=np.int64))
        self._line.extend(piece)
        if piece.ended and self._in_header:
            self._end_header_line()
        elif piece.ended:
            self._end_sequence_line(newline=True)

    def _end_header_line(self) -> None:
        length = self._line.length + 1
        self._headers.append(np.array([length], dtype=np.int64))
        self._names.append((int(self._starts[-1][-1]), length))
        self._in_header = False
        self._line = OpenLine()

    def _end_sequence_line(self, *, newline: bool) -> None:
        if self._line.odd >= 0:
            raise odd_byte(self._source.uri, self._line.odd)
        self._open = self._open.then(self._line.stretch(self._open, newline=newline))
        self._line = OpenLine()

    def _close_record(self) -> None:
        if self._any:
            self._stretches.append(self._open)
            self._open = Stretch()

    def _all_names(self) -> bytes:
        """Names, each ended by a newline; those of header lines that cross blocks are read again, all together."""
        crossing = [part for part in self._names if not isinstance(part, bytes)]
        heads = self._source.read_many([(start, min(length, _NAME_READ)) for start, length in crossing])
        names = iter(
            self._whole_name(head, start, length) for head, (start, length) in zip(heads, crossing, strict=True)
        )
        return b"".join(part if isinstance(part, bytes) else next(names) + b"\n" for part in self._names)

    def _whole_name(self, head: bytes, start: int, length: int) -> bytes:
        name = name_in(head)
        ended = len(head) == length or (name and not head.endswith(name))
        return name if ended else name_in(self._source.read(start, length))


def _rows(part: Stretch | NDArray[np.void]) -> NDArray[np.void]:
    if isinstance(part, Stretch):
        row = (part.width, part.residues, part.last, part.bases, part.uneven, part.ends, part.alone)
        return np.array([row], dtype=STRETCH)
    return part


def _compact(values: NDArray[np.int64]) -> NDArray[np.generic]:
    """The same numbers in the smallest unsigned type that holds them all."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))
