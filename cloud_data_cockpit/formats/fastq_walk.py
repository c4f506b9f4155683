"""FASTQ line by line: the exact rules, wrapped reads and all, for what cannot be checked many lines at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..errors import FormatError
from .lines import NEWLINE, RETURN, Ints, positions

AT, PLUS, GREATER = 64, 43, 62
HEADER, SEQUENCE, QUALITY = range(3)

# As many bytes become Python numbers at a time.
_STEP = 1 << 20


@dataclass
class PartOfLine:
    """What is known of a line that may go on: where it began, its bytes without the newline, its first and last."""

    start: int
    length: int = 0
    first: int = -1
    last: int = -1

    def extend(self, length: int, first: int, last: int) -> None:
        """`length` more bytes, of which the first and the last are given."""
        if length:
            self.first = first if self.length == 0 else self.first
            self.last = last
            self.length += length


@dataclass
class Walker:
    """Takes lines in order and knows where reads begin.

    A read is a line with @ and its name; lines of sequence up to one that begins with +; then lines of quality until
    they are as long as the sequence, so an @ in the quality never begins a read. Blank lines between reads are passed
    over. `wrapped`: some read is not four lines, or a blank line stands between reads.
    """

    uri: str
    reads: int = 0
    state: int = HEADER
    wrapped: bool = False
    begins: list[int] = field(default_factory=list)
    begin: int = 0
    _sequence: int = 0
    _quality: int = 0
    _lines: int = 0
    _blank: bool = False

    def line(self, start: int, length: int, first: int) -> None:
        """A line at byte `start`, `length` bytes without its end, which begins with the byte `first` (-1: blank)."""
        if self.state == HEADER:
            self._header(start, length, first)
        elif self.state == SEQUENCE:
            self._lines += 1
            if length and first == PLUS:
                self.state = QUALITY
            elif length and first in (AT, GREATER):
                self._refuse("has no quality")
            else:
                self._sequence += length
        else:
            self._lines += 1
            self._quality += length
            if self._quality > self._sequence or (self._sequence == 0 and length):
                self._too_much(start, length, first)
            elif self._quality == self._sequence:
                self._complete()

    def part(self, part: PartOfLine) -> None:
        """The same of a line put together from parts."""
        length = part.length - (part.last == RETURN)
        self.line(part.start, length, part.first if length else -1)

    def bulk(self, reads: int) -> None:
        """`reads` reads of four lines each that were checked elsewhere."""
        if reads and self._blank:
            self.wrapped = True
        self.reads += reads

    def finish(self) -> None:
        """The end of the object. FormatError when it comes before the end of a read."""
        if self.state == SEQUENCE:
            self._refuse("is cut off: the object ends in its sequence")
        if self.state == QUALITY and self._quality != self._sequence:
            self._refuse(
                f"is cut off: the object ends after {self._quality} of {self._sequence} characters of its quality"
            )
        # A last read without bases may lack the blank line of its quality.
        self.wrapped = self.wrapped or (self.state == QUALITY and self._lines != 3)

    def _header(self, start: int, length: int, first: int) -> None:
        if length == 0:
            self._blank = True
            return
        if first != AT:
            found = chr(first) if 32 < first < 127 else f"byte {first}"
            raise FormatError(
                f"{self.uri} is not FASTQ, or is damaged: at byte {start:,} a read should begin with @, not {found}"
            )
        self.wrapped = self.wrapped or self._blank
        self.begin = start
        self.begins.append(start)
        self.reads += 1
        self.state = SEQUENCE
        self._blank = False
        self._sequence = self._quality = 0
        self._lines = 1

    def _complete(self) -> None:
        self.wrapped = self.wrapped or self._lines != 4
        self.state = HEADER

    def _too_much(self, start: int, length: int, first: int) -> None:
        if self._sequence == 0 and first == AT:
            # A read without bases and without a line for its quality.
            self.wrapped = True
            self.state = HEADER
            self._header(start, length, first)
            return
        self._refuse(f"has {self._sequence} bases and a quality of {self._quality} characters")

    def _refuse(self, what: str) -> None:
        raise FormatError(f"{self.uri} is not FASTQ, or is damaged: the read at byte {self.begin:,} {what}")


def walk_bytes(walker: Walker, carry: PartOfLine | None, data: bytes, offset: int) -> PartOfLine | None:
    """Give the lines of `data`, at byte `offset`, to the walker; `carry` is the line before that goes on in it.

    The part of a line that `data` ends with, or None when it ends with a newline.
    """
    array = np.frombuffer(data, dtype=np.uint8)
    for at in range(0, len(data), _STEP):
        carry = _walk_step(walker, carry, array[at : at + _STEP], offset + at)
    return carry


def line_table(array: np.ndarray[tuple[int], np.dtype[np.uint8]], starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    """(lengths without line ends, first bytes or -1) of the lines [starts, stops), newlines not among them."""
    lengths = stops - starts
    # What stands before a blank line is a newline, so it has no return of its own to lose.
    lengths -= array[stops - 1] == RETURN
    firsts = array[starts].astype(np.int64)
    blank = lengths <= 0
    if blank.any():
        lengths[blank] = 0
        firsts[blank] = -1
    return lengths, firsts


def _walk_step(
    walker: Walker, carry: PartOfLine | None, array: np.ndarray[tuple[int], np.dtype[np.uint8]], offset: int
) -> PartOfLine | None:
    ends = positions(array, NEWLINE)
    if carry is None:
        carry = PartOfLine(offset)
    head = int(ends[0]) if len(ends) else len(array)
    carry.extend(head, int(array[0]), int(array[head - 1]))
    if not len(ends):
        return carry
    walker.part(carry)
    starts, stops = ends[:-1] + 1, ends[1:]
    lengths, firsts = line_table(array, starts, stops)
    for start, length, first in zip((starts + offset).tolist(), lengths.tolist(), firsts.tolist(), strict=True):
        walker.line(start, length, first)
    last = int(ends[-1]) + 1
    if last == len(array):
        return None
    part = PartOfLine(offset + last)
    part.extend(len(array) - last, int(array[last]), int(array[-1]))
    return part
