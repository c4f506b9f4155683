"""Writing small TIFFs in memory: the tiles of a window under the fields of their image, and the place they lie at."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .tiff_ifd import MASK, TYPE_SIZES, Directory, Order, TiffFile
from .tiff_layout import (
    HEIGHT,
    ROWS_PER_STRIP,
    STRIP_COUNTS,
    STRIP_OFFSETS,
    TILE_COUNTS,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_WIDTH,
    WIDTH,
    Layout,
)

ASCII, SHORT, LONG, DOUBLE, LONG8 = 2, 3, 4, 12, 16
SUBFILE = 254
_LETTERS = {SHORT: "H", LONG: "I", LONG8: "Q"}

DECODING = frozenset(
    {
        258,
        259,
        262,
        266,
        274,
        277,
        284,
        292,
        293,
        317,
        320,
        332,
        334,
        338,
        339,
        347,
        529,
        530,
        531,
        532,
        37439,
        42113,
        50674,
    }
)
"""Fields without which the tiles cannot be decoded as the whole file would be."""

PIXEL_SCALE, TIEPOINTS, TRANSFORMATION, GEO_KEYS, METADATA, NODATA, RPC = (
    33550,
    33922,
    34264,
    34735,
    42112,
    42113,
    50844,
)
GEOREFERENCE = frozenset({PIXEL_SCALE, TIEPOINTS, TRANSFORMATION, GEO_KEYS, 34736, 34737, METADATA, NODATA, RPC})
"""Fields that overviews do not repeat and take from the image they belong to."""

_PLACE = frozenset({PIXEL_SCALE, TIEPOINTS, TRANSFORMATION, RPC})
# Where the pixels are, other images, and pointers into the file: never copied.
_NEVER = frozenset(
    {
        254,
        255,
        256,
        257,
        273,
        278,
        279,
        288,
        289,
        322,
        323,
        324,
        325,
        330,
        400,
        513,
        514,
        519,
        520,
        521,
        34665,
        34853,
        40965,
    }
)
_LARGEST_FIELD = 4 << 20
_STATISTICS = re.compile(rb"\s*<Item name=\"STATISTICS_[^>]*>[^<]*</Item>")


@dataclass(frozen=True)
class Field:
    """One field to write; `data` is in the byte order of the file."""

    number: int
    type: int
    data: bytes

    @property
    def count(self) -> int:
        return len(self.data) // TYPE_SIZES[self.type]


@dataclass(frozen=True)
class Image:
    """An image to write: its fields, and its tiles or strips in order (b"" is one that is not stored)."""

    fields: tuple[Field, ...]
    tiles: Sequence[bytes | memoryview]
    tiled: bool


def whole(order: Order, number: int, kind: int, *values: int) -> Field:
    """A field of whole numbers."""
    return Field(number, kind, struct.pack(f"{order}{len(values)}{_LETTERS[kind]}", *values))


def doubles(order: Order, number: int, values: Sequence[float]) -> Field:
    """A field of doubles."""
    return Field(number, DOUBLE, struct.pack(f"{order}{len(values)}d", *values))


def decoding_fields(tiff: TiffFile, directory: Directory) -> list[Field]:
    """What GDAL needs to decode the tiles of an image."""
    return [
        Field(tag.number, tag.type, tiff.raw(tag))
        for tag in directory.tags.values()
        if tag.number in DECODING and tag.size <= _LARGEST_FIELD
    ]


def some_place(order: Order) -> Field:
    """A georeference of no meaning: GDAL warns where there is none, and warnings are silenced by process only."""
    return doubles(order, TRANSFORMATION, [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])


def readable(fields: Iterable[Field]) -> list[Field]:
    """The fields with every text in UTF-8; what is not is taken for Latin-1."""
    return [replace(f, data=_to_utf8(f.data)) if f.type == ASCII else f for f in fields]


def _to_utf8(text: bytes) -> bytes:
    try:
        text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1").encode()
    return text


def all_fields(tiff: TiffFile, image: Directory, main: Directory) -> list[Field]:
    """What can be said of the pixels of `image` elsewhere; the georeference is that of `main`."""
    tags = dict(image.tags)
    if image.at != main.at:
        tags = {n: t for n, t in tags.items() if n not in GEOREFERENCE}
        tags |= {n: t for n, t in main.tags.items() if n in GEOREFERENCE}
    return [
        Field(tag.number, tag.type, tiff.raw(tag))
        for tag in tags.values()
        if tag.number not in _NEVER and tag.size <= _LARGEST_FIELD
    ]


def without_place(fields: Iterable[Field]) -> list[Field]:
    """The fields without those that say where the image lies, and without statistics of the whole."""
    kept = [f for f in fields if f.number not in _PLACE]
    return [replace(f, data=_STATISTICS.sub(b"", f.data)) if f.number == METADATA else f for f in kept]


def geometry(order: Order, layout: Layout, width: int, height: int, strip_rows: int | None = None) -> list[Field]:
    """Fields for an image of `width` x `height` with the tiles of `layout`, or in strips of `strip_rows`."""
    fields = [whole(order, WIDTH, LONG, width), whole(order, HEIGHT, LONG, height)]
    if layout.tiled:
        sizes = ((TILE_WIDTH, layout.tile_width), (TILE_HEIGHT, layout.tile_height))
        return fields + [whole(order, number, LONG, size) for number, size in sizes]
    return [*fields, whole(order, ROWS_PER_STRIP, LONG, strip_rows or layout.tile_height)]


def mask_field(order: Order) -> Field:
    """Says that an image is the mask of the one before."""
    return whole(order, SUBFILE, LONG, MASK)


def build(order: Order, images: Sequence[Image], *, last_first: bool = False) -> bytes:
    """A TIFF of `images`; a BigTIFF where offsets or fields need one. `last_first`: tiles of the last image first."""
    data = sum(len(tile) for image in images for tile in image.tiles)
    table = sum(len(f.data) for image in images for f in image.fields) + sum(len(i.tiles) * 16 for i in images)
    wide = any(f.type in (LONG8, 17, 18) for image in images for f in image.fields)
    return _Writer(order, wide or data + table + (1 << 20) > 0xFFFF_FFFF).write(images, last_first)


class _Writer:
    """Directories first, then their values, then the tiles, so that every offset is known in one pass."""

    def __init__(self, order: Order, big: bool) -> None:
        self.order, self.big = order, big
        self.offset, self.number = (8, "Q") if big else (4, "I")
        self.start = 16 if big else 8

    def write(self, images: Sequence[Image], last_first: bool) -> bytes:
        starts = [self.start]
        for image in images:
            starts.append(starts[-1] + self._table_size(image))
        parts: list[bytes | memoryview] = []
        at, tables = starts[-1], [b""] * len(images)
        for i in reversed(range(len(images))) if last_first else range(len(images)):
            offsets, at = self._offsets(images[i], at)
            tables[i] = self._table(images[i], starts[i], offsets, starts[i + 1] if i + 1 < len(images) else 0)
            parts += images[i].tiles
        return b"".join([self._header(), *tables, *parts])

    def _header(self) -> bytes:
        mark = b"II" if self.order == "<" else b"MM"
        if self.big:
            return mark + struct.pack(self.order + "HHHQ", 43, 8, 0, self.start)
        return mark + struct.pack(self.order + "HI", 42, self.start)

    def _offsets(self, image: Image, at: int) -> tuple[list[int], int]:
        offsets = []
        for tile in image.tiles:
            offsets.append(at if tile else 0)
            at += len(tile)
        return offsets, at

    def _fields(self, image: Image, offsets: Sequence[int]) -> list[Field]:
        kind = LONG8 if self.big else LONG
        numbers = (TILE_OFFSETS, TILE_COUNTS) if image.tiled else (STRIP_OFFSETS, STRIP_COUNTS)
        own = [
            whole(self.order, numbers[0], kind, *offsets),
            whole(self.order, numbers[1], kind, *map(len, image.tiles)),
        ]
        return sorted([*image.fields, *own], key=lambda f: f.number)

    def _table_size(self, image: Image) -> int:
        return len(self._table(image, 0, [0] * len(image.tiles), 0))

    def _table(self, image: Image, at: int, offsets: Sequence[int], following: int) -> bytes:
        fields = self._fields(image, offsets)
        entry = 4 + 2 * self.offset
        head = struct.pack(self.order + ("Q" if self.big else "H"), len(fields))
        spare = at + len(head) + len(fields) * entry + self.offset
        entries, values = [head], []
        for field in fields:
            data = field.data
            if len(data) > self.offset:
                values.append(data + b"\0" * (-len(data) % 8))
                data, spare = struct.pack(self.order + self.number, spare), spare + len(values[-1])
            entries.append(struct.pack(self.order + "HH" + self.number, field.number, field.type, field.count))
            entries.append(data.ljust(self.offset, b"\0"))
        entries.append(struct.pack(self.order + self.number, following))
        table = b"".join([*entries, *values])
        return table + b"\0" * (-len(table) % 8)
