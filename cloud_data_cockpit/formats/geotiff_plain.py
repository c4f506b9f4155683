"""Tiles that numpy places without GDAL: whole samples of one plain type, deflated or stored as they are."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .geotiff_gdal import Meaning
from .geotiff_tiles import Tile
from .tiff_ifd import TiffFile
from .tiff_layout import BITS, COMPRESSION, PHOTOMETRIC, PLANAR, SAMPLE_FORMAT, SAMPLES, Layout, Window
from .tiff_write import DECODING, NODATA

_STORED, _DEFLATED = 1, frozenset({8, 32_946})
_GRAY, _RGB, _PALETTE, _YCBCR = 1, 2, 3, 6
_KINDS = {1: "u", 2: "i", 3: "f"}
_TYPES = frozenset({"u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f4", "f8"})
_FILL_ORDER, _ORIENTATION, _PREDICTOR, _COLORS, _EXTRA = 266, 274, 317, 320, 338
# Fields of which this decoding takes care, and those that change nothing as long as their value is 1.
_KNOWN = frozenset({BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR, SAMPLE_FORMAT, _COLORS, _EXTRA, NODATA})
_NO_NUMBERS = frozenset({_COLORS, NODATA})
_ONES = frozenset({_FILL_ORDER, _ORIENTATION, _PREDICTOR})


@dataclass(frozen=True)
class Plain:
    """How to take the samples of an image out of its tiles: their type as stored, and whether they are deflated."""

    layout: Layout
    dtype: np.dtype[Any]
    deflated: bool

    def place(self, part: Window, tiles: list[Tile], out: NDArray[Any]) -> bool:
        """Put `part` into `out` (bands, rows, columns); False where a tile is not as it should be."""
        bands = 1 if self.layout.planar else self.layout.samples
        for tile, (plane, rows, spot, inner) in zip(tiles, _spots(self.layout, part), strict=True):
            size = rows * self.layout.row_bytes
            data = inflated(tile, size) if self.deflated else tile
            if data is None or len(data) != size:
                return False
            samples = np.frombuffer(data, self.dtype).reshape(rows, self.layout.tile_width, bands)[inner]
            for band in range(bands):
                out[(plane * bands + band, *spot)] = samples[:, :, band]
        return True


def _spots(layout: Layout, part: Window) -> Iterator[tuple[int, int, tuple[slice, slice], tuple[slice, slice]]]:
    """For each tile of `part` in order: plane, rows it holds, where it goes in the part, what of it goes there."""
    top, bottom, left, right = layout.tiles_of(part)
    for plane in range(layout.planes):
        for tile_row in range(top, bottom):
            first = tile_row * layout.tile_height
            held = layout.tile_height if layout.tiled else min(layout.tile_height, layout.height - first)
            start, stop = max(first, part.row), min(first + held, part.row + part.height)
            if layout.by_rows:
                first, held = start, stop - start
            for tile_col in range(left, right):
                edge = tile_col * layout.tile_width
                begin, end = max(edge, part.col), min(edge + layout.tile_width, part.col + part.width)
                spot = slice(start - part.row, stop - part.row), slice(begin - part.col, end - part.col)
                inner = slice(start - first, stop - first), slice(begin - edge, end - edge)
                yield plane, held, spot, inner


def plain_of(tiff: TiffFile, layout: Layout, meaning: Meaning) -> Plain | None:
    """How to decode the tiles of `layout` without GDAL; None where only GDAL is sure to know how.

    None for predictors, too: numpy adds up along rows more slowly than GDAL does.
    """
    directory = layout.directory
    deflated = layout.compression in _DEFLATED
    if not (layout.compression == _STORED or (deflated and _inflater() is not None)):
        return None
    present = set(directory.tags) & DECODING
    numbers = {number: set(tiff.ints(directory, number)) for number in present - _NO_NUMBERS}
    stored = f"{_KINDS.get(layout.sample_format, '')}{layout.bits // 8}"
    if (
        not present <= _KNOWN | _ONES
        or not all(numbers.values())
        or any(numbers[number] != {1} for number in present & _ONES)
        or numbers.get(SAMPLE_FORMAT, {1}) != {layout.sample_format}
        or layout.photometric not in (_GRAY, _RGB, _PALETTE)
        or layout.bits % 8
        or stored not in _TYPES
        or meaning.dtype != np.dtype(stored).name
        or meaning.bands != layout.samples
    ):
        return None
    return Plain(layout, np.dtype(stored).newbyteorder(tiff.order), deflated)


def inflated(tile: Tile, size: int) -> bytes | None:
    """A deflated tile of `size` bytes; None unless it is just as long and its checksum right."""
    module = _inflater()
    if module is None or not tile:
        return None
    unpack: Any = module.decompressobj(15)
    try:
        data: bytes = unpack.decompress(tile, size + 1)
    except module.error:
        return None
    return data if unpack.eof and len(data) == size else None


def trimmed(layout: Layout, part: Window, tiles: list[Tile], *, every: bool) -> list[Tile]:
    """The tiles of `part` for GDAL: deflated ones end with their pixels, at least those of a last, shorter strip.

    Some writers fill the last strip up to the height of the others; libdeflate, by which GDAL inflates, then leaves the
    last of the wanted bytes as they were in memory. Others are looked through with `every` only, which takes time.
    """
    if layout.compression not in _DEFLATED or layout.photometric == _YCBCR:
        return tiles
    found: list[Tile] = []
    for tile, (_, rows, _, _) in zip(tiles, _spots(layout, part), strict=True):
        size = rows * layout.row_bytes
        longer = b""
        if tile and (every or rows < layout.tile_height):
            try:
                longer = zlib.decompressobj().decompress(tile, size + 1)
            except zlib.error:
                longer = b""  # GDAL says what is wrong with it
        found.append(zlib.compress(longer[:size], 1) if len(longer) > size else tile)
    return found


@cache
def _inflater() -> Any:
    """isal, which inflates faster than GDAL; None without it, since Python's zlib is slower."""
    try:
        return import_module("isal.isal_zlib")
    except ImportError:
        return None
