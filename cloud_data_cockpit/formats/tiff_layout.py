"""How the pixels of one TIFF image lie in the file: its tiles or strips, their offsets, and the rows of a window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from .tiff_ifd import MASK, REDUCED, Directory, Tag, TiffFile

_LARGEST_SIDE = (1 << 31) - 1
_LARGEST_TILE = (1 << 31) - 1
_YCBCR = 6
_OLD_JPEG = 6

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_COUNTS, PLANAR = 273, 277, 278, 279, 284
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS, SAMPLE_FORMAT = 322, 323, 324, 325, 339


class Window(NamedTuple):
    """A rectangle of pixels: its first column and row, its width and height."""

    col: int
    row: int
    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height


@dataclass(frozen=True)
class Layout:
    """The geometry of one image. A strip is a tile as wide as the image."""

    directory: Directory
    width: int
    height: int
    samples: int
    bits: int
    sample_format: int
    compression: int
    photometric: int
    planar: bool
    tiled: bool
    tile_width: int
    tile_height: int
    offsets: Tag
    counts: Tag | None

    @property
    def whole(self) -> Window:
        return Window(0, 0, self.width, self.height)

    @property
    def rows(self) -> int:
        """Rows of tiles."""
        return -(-self.height // self.tile_height)

    @property
    def cols(self) -> int:
        """Columns of tiles."""
        return -(-self.width // self.tile_width)

    @property
    def planes(self) -> int:
        """How often the grid of tiles stands in the file: once for each band when bands are apart."""
        return self.samples if self.planar else 1

    @property
    def pixel_bits(self) -> int:
        """Bits of a pixel with all its bands, decoded."""
        return self.bits * self.samples

    @property
    def by_rows(self) -> bool:
        """Whether single rows can be read from the file: stored as they are, in strips."""
        return not self.tiled and self.compression == 1 and self.photometric != _YCBCR

    @property
    def row_bytes(self) -> int:
        """Bytes of one stored row of a tile, of one plane."""
        return -(-self.tile_width * self.bits * (1 if self.planar else self.samples) // 8)

    def tiles_of(self, window: Window) -> tuple[int, int, int, int]:
        """First and last + 1 row of tiles, then column, that `window` touches."""
        return (
            window.row // self.tile_height,
            -(-(window.row + window.height) // self.tile_height),
            window.col // self.tile_width,
            -(-(window.col + window.width) // self.tile_width),
        )

    def holds_whole_tiles(self, window: Window) -> bool:
        """Whether `window` is made of whole tiles (or of whole rows where rows can be read)."""
        if self.by_rows:
            return window.width == self.width
        right, bottom = window.col + window.width, window.row + window.height
        return (
            window.col % self.tile_width == 0
            and window.row % self.tile_height == 0
            and (right == self.width or right % self.tile_width == 0)
            and (bottom == self.height or bottom % self.tile_height == 0)
        )


def read_layout(tiff: TiffFile, directory: Directory) -> Layout:
    """The layout that a directory describes. FormatError when it cannot be."""
    uri = tiff.source.uri
    width, height = tiff.one(directory, WIDTH, 0), tiff.one(directory, HEIGHT, 0)
    samples = tiff.one(directory, SAMPLES, 1)
    bits = set(tiff.ints(directory, BITS, (1,)))
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE and 0 < samples <= 65_535):
        raise FormatError(
            f"{uri} is damaged: an image of {width:,} x {height:,} pixels and {samples:,} bands cannot be"
        )
    if len(bits) != 1 or not 0 < min(bits) <= 128:
        raise FormatError(f"{uri} has bands of {sorted(bits)} bits; bands must be of one type")
    compression = tiff.one(directory, COMPRESSION, 1)
    if compression == _OLD_JPEG:
        raise FormatError(f"{uri} uses the old kind of JPEG in TIFF, which was withdrawn in 1995; convert it")
    tiled = TILE_WIDTH in directory.tags
    tile_width = tiff.one(directory, TILE_WIDTH, 0) if tiled else width
    tile_height = (
        tiff.one(directory, TILE_HEIGHT, 0) if tiled else min(tiff.one(directory, ROWS_PER_STRIP, height), height)
    )
    if tile_width < 1 or tile_height < 1:
        raise FormatError(f"{uri} is damaged: tiles of {tile_width:,} x {tile_height:,} pixels cannot be")
    offsets = _either(directory, TILE_OFFSETS, STRIP_OFFSETS, tiled)
    if offsets is None:
        raise FormatError(f"{uri} is damaged or cut off: it does not say where the pixels are")
    layout = Layout(
        directory=directory,
        width=width,
        height=height,
        samples=samples,
        bits=min(bits),
        sample_format=tiff.one(directory, SAMPLE_FORMAT, 1),
        compression=compression,
        photometric=tiff.one(directory, PHOTOMETRIC, 0),
        planar=tiff.one(directory, PLANAR, 1) == 2 and samples > 1,
        tiled=tiled,
        tile_width=tile_width,
        tile_height=tile_height,
        offsets=offsets,
        counts=_either(directory, TILE_COUNTS, STRIP_COUNTS, tiled),
    )
    if layout.row_bytes * (1 if layout.by_rows else tile_height) > _LARGEST_TILE:
        raise FormatError(f"{uri} has tiles of {tile_width:,} x {tile_height:,} pixels, too large to be read")
    return layout


def _either(directory: Directory, of_tiles: int, of_strips: int, tiled: bool) -> Tag | None:
    first, second = (of_tiles, of_strips) if tiled else (of_strips, of_tiles)
    return directory.tags.get(first) or directory.tags.get(second)


def subfile_type(tiff: TiffFile, directory: Directory) -> int:
    """The bits REDUCED and MASK of a directory, from the new field or from the old one."""
    old = {2: REDUCED}.get(tiff.one(directory, 255, 0), 0)
    return tiff.one(directory, 254, old) & (REDUCED | MASK)


class Tiles:
    """Where the tiles of `count` consecutive places begin and how long they are; length 0: not stored (all nodata)."""

    def __init__(self, offsets: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
        self.offsets = offsets
        self.lengths = lengths


def read_tiles(tiff: TiffFile, layout: Layout, start: int, stop: int, block: int) -> Tiles:
    """Tiles `start` to `stop` in the order of the file's table. FormatError where one ends beyond the object."""
    total = layout.rows * layout.cols * layout.planes
    held = min(layout.offsets.count, layout.counts.count if layout.counts else total)
    if held < total and not (layout.counts and layout.offsets.count >= total and layout.compression == 1):
        raise FormatError(f"{tiff.source.uri} is damaged: it names {held:,} of its {total:,} tiles or strips")
    offsets = tiff.array(layout.offsets, start, stop, block)
    places = np.arange(start, stop, dtype=np.int64)
    if layout.counts is None or layout.counts.count < stop:
        lengths = _guess_lengths(tiff, layout, offsets, total)
    else:
        lengths = tiff.array(layout.counts, start, stop, block)
    if layout.compression == 1 and layout.photometric != _YCBCR:
        # What is stored as it is has a length that follows from its shape; writers often note another one.
        stored = (lengths > 0) | ((offsets > 0) & (total == layout.planes))
        lengths = np.where(stored, _heights(layout, places) * layout.row_bytes, 0)
    _check_tiles(tiff, offsets, lengths, by_rows=layout.by_rows)
    return Tiles(offsets, lengths)


def _guess_lengths(tiff: TiffFile, layout: Layout, offsets: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    if layout.compression != 1 and total > 1:
        raise FormatError(f"{tiff.source.uri} is damaged: it does not say how long its tiles or strips are")
    return np.maximum(tiff.size - offsets, 0)


def _heights(layout: Layout, places: NDArray[np.int64]) -> NDArray[np.int64]:
    if layout.tiled:
        return np.full(len(places), layout.tile_height, np.int64)
    row = places // layout.cols % layout.rows
    return np.minimum(layout.tile_height, layout.height - row * layout.tile_height)


def _check_tiles(tiff: TiffFile, offsets: NDArray[np.int64], lengths: NDArray[np.int64], *, by_rows: bool) -> None:
    stored = lengths > 0
    # Compared without adding: the sum of two numbers out of a damaged file may not fit.
    bad = stored & ((offsets < 8) | (offsets > tiff.size) | (lengths > tiff.size - np.minimum(offsets, tiff.size)))
    if bool(bad.any()):
        first = int(np.flatnonzero(bad)[0])
        raise FormatError(
            f"{tiff.source.uri} is damaged or cut off: a tile or strip should lie at byte {int(offsets[first]):,}, "
            f"{int(lengths[first]):,} bytes long, and the object ends at {tiff.size:,}"
        )
    if not by_rows and bool((lengths > _LARGEST_TILE).any()):
        raise FormatError(f"{tiff.source.uri} has a tile or strip of over 2 GiB, too large to be read")


def places_of(layout: Layout, window: Window) -> Iterator[tuple[int, int]]:
    """Runs (start, stop) of places in the table of tiles that `window` needs, plane by plane and row by row."""
    top, bottom, left, right = layout.tiles_of(window)
    for plane in range(layout.planes):
        base = plane * layout.rows * layout.cols
        if right - left == layout.cols:
            yield base + top * layout.cols, base + bottom * layout.cols
            continue
        for row in range(top, bottom):
            yield base + row * layout.cols + left, base + row * layout.cols + right
