"""Comments, CDATA and processing instructions among the spectra of imzML, read as spaces."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import FormatError
from ..source import Range, Source, WrappedSource, blocks
from .imzml_xml import ASIDE_BEGINS, ASIDE_ENDS


@dataclass(frozen=True)
class Blanked(WrappedSource):
    """A source in which the bytes [starts[i], ends[i]) are read as spaces."""

    inner: Source
    starts: Sequence[int]
    ends: Sequence[int]

    def read(self, offset: int, length: int) -> bytes:
        text = bytearray(self.inner.read(offset, length))
        i = max(0, bisect_right(self.starts, offset) - 1)
        while i < len(self.starts) and self.starts[i] < offset + length:
            first = max(self.starts[i] - offset, 0)
            last = min(self.ends[i] - offset, length)
            if last > first:
                text[first:last] = b" " * (last - first)
            i += 1
        return bytes(text)

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        return [self.read(offset, length) for offset, length in ranges]


def blanked(source: Source, start: int, stop: int, block_size: int) -> Blanked:
    """`source` without the comments, CDATA and processing instructions that begin in [start, stop)."""
    starts, ends = array("q"), array("q")
    text, at, ending = b"", start, b""
    for offset, length in blocks(start, stop, block_size):
        text += source.read(offset, length)
        place = 0
        while True:
            if ending:
                found = text.find(ending, place)
                if found < 0:
                    place = max(place, len(text) - len(ending) + 1)
                    break
                place = found + len(ending)
                ends.append(at + place)
                ending = b""
            opening = ASIDE_BEGINS.search(text, place)
            if opening is None:
                place = max(place, len(text) - 8)
                break
            starts.append(at + opening.start())
            place = opening.end()
            ending = ASIDE_ENDS[opening[0]]
        text, at = text[place:], at + place
    if ending:
        raise FormatError(f"{source.uri} ends too early: a comment begins at byte {starts[-1]:,} and does not end")
    return Blanked(source, starts, ends)
