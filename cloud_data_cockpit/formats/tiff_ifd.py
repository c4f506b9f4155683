"""TIFF directories over ranges of a Source: classic and BigTIFF, both byte orders, counts checked against the size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..source import Source

Order = Literal["<", ">"]

TYPE_SIZES: Mapping[int, int] = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
}  # fmt: skip
# Some writers give numbers that cannot be negative a type with a sign; libtiff reads them, too.
_WHOLE: Mapping[int, str] = {
    1: "u1", 3: "u2", 4: "u4", 6: "i1", 8: "i2", 9: "i4", 13: "u4", 16: "u8", 17: "i8", 18: "u8",
}  # fmt: skip
_DOUBLE = 12

PAGE = 16 << 10
_PAGES_HELD = 64
_MOST_DIRECTORIES = 65_536
_MOST_ENTRIES = 65_535
_SMALL_VALUES = 4096

REDUCED, PAGE_OF_MANY, MASK = 1, 2, 4

Tick = Callable[[int], None]
"""Told how many bytes were read; raises Cancelled when the job was asked to stop."""


def no_tick(count: int) -> None:
    """Nobody counts."""


@dataclass(frozen=True)
class Tag:
    """One field of a directory: its values are `count` of `type` from byte `at`."""

    number: int
    type: int
    count: int
    at: int

    @property
    def size(self) -> int:
        return self.count * TYPE_SIZES[self.type]


@dataclass(frozen=True)
class Directory:
    """The fields of one image by number; `next` is where the next directory begins, 0 after the last."""

    at: int
    tags: Mapping[int, Tag]
    next: int


class TiffFile:
    """The header of a TIFF, read in pages so that many small values cost few requests."""

    def __init__(self, source: Source, *, page: int = PAGE, tick: Tick = no_tick) -> None:
        self.source = source
        self.tick = tick
        self._page = page
        self._pages: dict[int, bytes] = {}
        self.order, self.big, self.first = self._header()

    @property
    def size(self) -> int:
        return self.source.size

    def read(self, at: int, length: int, what: str) -> bytes:
        """`length` bytes from `at`; FormatError, naming `what`, where that is not within the object."""
        if at < 0 or at + length > self.size:
            raise FormatError(
                f"{self.source.uri} is damaged or cut off: {what} should lie at bytes {at:,} to {at + length:,} "
                f"and the object ends at {self.size:,}"
            )
        if length > self._page:
            self.tick(length)
            return self.source.read(at, length)
        first, last = at // self._page, (at + max(length, 1) - 1) // self._page
        joined = b"".join(self._load(number) for number in range(first, last + 1))
        return joined[at - first * self._page :][:length]

    def directories(self) -> Iterator[Directory]:
        """The chain from the first directory on. FormatError where it bites its tail or leaves the object."""
        at, seen = self.first, set[int]()
        while at:
            if at in seen:
                raise FormatError(f"{self.source.uri} is damaged: its image directories run in a circle at byte {at:,}")
            if len(seen) >= _MOST_DIRECTORIES:
                raise FormatError(f"{self.source.uri} has more than {_MOST_DIRECTORIES:,} images and is not read")
            seen.add(at)
            directory = self.directory(at)
            yield directory
            at = directory.next

    def directory(self, at: int) -> Directory:
        """The directory at byte `at`. Fields of unknown type or beyond the end are left out."""
        count_size, entry_size, pointer = (8, 20, 8) if self.big else (2, 12, 4)
        count = self._int(self.read(at, count_size, "an image directory"))
        if not 0 < count <= _MOST_ENTRIES:
            raise FormatError(f"{self.source.uri} is damaged: the image directory at byte {at:,} has {count:,} fields")
        length = count * entry_size
        table = self.read(at + count_size, length + pointer, "an image directory")
        tags: dict[int, Tag] = {}
        for start in range(0, length, entry_size):
            tag = self._tag(table[start : start + entry_size], at + count_size + start)
            if tag is not None:
                tags.setdefault(tag.number, tag)
        return Directory(at, tags, self._int(table[length:]))

    def raw(self, tag: Tag) -> bytes:
        """The bytes of a field's values, in the byte order of the file."""
        return self.read(tag.at, tag.size, f"the values of field {tag.number}")

    def ints(self, directory: Directory, number: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """The whole numbers of a small field, `default` where it is not there or of another type."""
        tag = directory.tags.get(number)
        if tag is None or tag.type not in _WHOLE or not 0 < tag.count <= _SMALL_VALUES * 16:
            return default
        return tuple(int(value) for value in np.frombuffer(self.raw(tag), self.order + _WHOLE[tag.type]))

    def one(self, directory: Directory, number: int, default: int) -> int:
        """The first value of a field."""
        return self.ints(directory, number, (default,))[0]

    def doubles(self, directory: Directory, number: int) -> tuple[float, ...]:
        """The values of a field of doubles; none where it is not there or of another type."""
        tag = directory.tags.get(number)
        if tag is None or tag.type != _DOUBLE:
            return ()
        return tuple(float(value) for value in np.frombuffer(self.raw(tag), self.order + "f8"))

    def array(self, tag: Tag, start: int, stop: int, block: int) -> NDArray[np.int64]:
        """Values `start` to `stop` of a long field as int64, read in blocks of about `block` bytes."""
        if tag.type not in _WHOLE:
            raise FormatError(f"{self.source.uri} is damaged: field {tag.number} is not of whole numbers")
        if not 0 <= start <= stop <= tag.count:
            raise FormatError(f"{self.source.uri} is damaged: field {tag.number} has {tag.count:,} of {stop:,} values")
        width = TYPE_SIZES[tag.type]
        step = max(1, block // width)
        values = np.empty(stop - start, np.int64)
        for first in range(start, stop, step):
            last = min(stop, first + step)
            data = self.read(tag.at + first * width, (last - first) * width, f"the values of field {tag.number}")
            part = np.frombuffer(data, self.order + _WHOLE[tag.type])
            if width == 8 and part.size and int(part.max()) > np.iinfo(np.int64).max:
                raise FormatError(f"{self.source.uri} is damaged: field {tag.number} points beyond every file")
            values[first - start : last - start] = part
        return values

    def _header(self) -> tuple[Order, bool, int]:
        head = self.source.read(0, min(16, self.size))
        found = signature(head)
        if found is None:
            raise FormatError(f"{self.source.uri} does not begin like a TIFF; choose another format for it")
        order, big = found
        if len(head) < (16 if big else 8):
            raise FormatError(f"{self.source.uri} is cut off: it ends within the first {len(head)} bytes of a TIFF")
        self.order = order
        if big and (self._int(head[4:6]) != 8 or self._int(head[6:8]) != 0):
            raise FormatError(f"{self.source.uri} is damaged: it begins like a BigTIFF with offsets of another size")
        first = self._int(head[8:16] if big else head[4:8])
        if first < 8:
            raise FormatError(f"{self.source.uri} is damaged: it holds no image directory")
        return order, big, first

    def _tag(self, entry: bytes, at: int) -> Tag | None:
        number, kind = self._int(entry[:2]), self._int(entry[2:4])
        inline = 8 if self.big else 4
        count = self._int(entry[4 : 4 + inline])
        if kind not in TYPE_SIZES:
            return None
        size = count * TYPE_SIZES[kind]
        where = at + 4 + inline if size <= inline else self._int(entry[4 + inline :])
        return Tag(number, kind, count, where) if where + size <= self.size else None

    def _load(self, number: int) -> bytes:
        if number not in self._pages:
            start = number * self._page
            length = min(self._page, self.size - start)
            self.tick(length)
            if len(self._pages) >= _PAGES_HELD:
                self._pages.pop(next(iter(self._pages)))
            self._pages[number] = self.source.read(start, length)
        return self._pages[number]

    def _int(self, data: bytes) -> int:
        return int.from_bytes(data, "little" if self.order == "<" else "big")


def signature(head: bytes) -> tuple[Order, bool] | None:
    """Byte order and whether it is a BigTIFF, if `head` begins like a TIFF."""
    kinds: dict[bytes, tuple[Order, bool]] = {
        b"II*\0": ("<", False),
        b"MM\0*": (">", False),
        b"II+\0": ("<", True),
        b"MM\0+": (">", True),
    }
    return kinds.get(head[:4])
