"""Reading a window: its tiles decoded group by group, so that memory stays near its size; its mask, its raster."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest
from ..source import Source
from .geotiff_gdal import Meaning, decode, meaning_of
from .geotiff_plain import plain_of, trimmed
from .geotiff_raster import Affine6, Raster, gcps_of, place_of, rpcs_of
from .geotiff_tiles import Tile, each_part
from .tiff_ifd import Directory, Order, TiffFile
from .tiff_layout import Layout, Window, read_layout
from .tiff_write import Field, Image, build, decoding_fields, geometry, some_place


@dataclass(frozen=True)
class Opened:
    """The directories that a slice needs: of the image, of its mask, and of the image that knows the place."""

    tiff: TiffFile
    layout: Layout
    mask: Layout | None
    main: Directory
    level: int
    page: int
    full: tuple[int, int]

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of full resolution a pixel, x and y."""
        return self.full[0] / self.layout.width, self.full[1] / self.layout.height

    def meaning(self) -> Meaning:
        return meaning_of(self.tiff, self.layout, self.main)


def open_shared(source: Source, shared: Mapping[str, Any]) -> Opened:
    """Read again the directories whose places `shared` holds."""
    tiff = TiffFile(source)
    main = tiff.directory(int(shared["main"]))
    image = main if shared["image"] == shared["main"] else tiff.directory(int(shared["image"]))
    mask = read_layout(tiff, tiff.directory(int(shared["mask"]))) if shared.get("mask") else None
    width, height = shared["full"]
    return Opened(
        tiff, read_layout(tiff, image), mask, main, int(shared["level"]), int(shared["page"]), (width, height)
    )


def bounds_of(transform: Affine6, window: Window, scale: tuple[float, float]) -> tuple[float, float, float, float]:
    """Least x and y, greatest x and y of the corners of `window`."""
    a, b, c, d, e, f = place_of(transform, window, scale)
    corners = [(x, y) for x in (0, window.width) for y in (0, window.height)]
    xs, ys = [a * x + b * y + c for x, y in corners], [d * x + e * y + f for x, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def read_raster(opened: Opened, window: Window) -> Raster:
    """The window with everything that is known of it."""
    meaning = opened.meaning()
    data = read_pixels(opened.tiff, opened.layout, window, meaning)
    mask = read_mask(opened, window)
    return Raster(
        data=data,
        mask=mask,
        transform=place_of(meaning.transform, window, opened.scale) if meaning.georeferenced else meaning.transform,
        crs=meaning.crs,
        nodata=meaning.nodata,
        window=window,
        level=opened.level,
        page=opened.page,
        georeferenced=meaning.georeferenced,
        tags=meaning.tags,
        descriptions=meaning.descriptions,
        colors=meaning.colors,
        scales=meaning.scales,
        offsets=meaning.offsets,
        units=meaning.units,
        colormap=meaning.colormap,
        gcps=gcps_of(meaning.gcps, window, opened.scale),
        rpcs=rpcs_of(meaning.rpcs, window, opened.scale),
    )


def read_pixels(tiff: TiffFile, layout: Layout, window: Window, meaning: Meaning) -> NDArray[Any]:
    """The pixels of `window`, (bands, rows, columns). BadRequest when they do not fit into memory."""
    try:
        out = np.empty((meaning.bands, window.height, window.width), meaning.dtype)
    except (MemoryError, ValueError):
        size = f"{meaning.bands:,} bands of {window.width:,} x {window.height:,} pixels"
        raise BadRequest(f"a slice of {size} does not fit into memory; ask for more slices") from None

    def place(part: Window, tiles: list[Tile]) -> None:
        rows = slice(part.row - window.row, part.row - window.row + part.height)
        cols = slice(part.col - window.col, part.col - window.col + part.width)
        unpack(part, tiles, out[:, rows, cols])

    unpack = Unpacker(tiff, layout, meaning)
    each_part(tiff, layout, window, place)
    return out


def read_mask(opened: Opened, window: Window) -> NDArray[np.bool_] | None:
    """The mask that the file holds, True where pixels are valid; None when it holds none."""
    if opened.mask is None:
        return None
    meaning = meaning_of(opened.tiff, opened.mask, opened.mask.directory)
    mask: NDArray[np.bool_] = read_pixels(opened.tiff, opened.mask, window, meaning)[0] != 0
    return mask


def count_pixels(opened: Opened, window: Window) -> int:
    """Decode every pixel of `window`, a group at a time, and count them."""
    meaning = opened.meaning()

    unpack = Unpacker(opened.tiff, opened.layout, meaning)

    def count(part: Window, tiles: list[Tile]) -> int:
        scratch = np.empty((meaning.bands, part.height, part.width), meaning.dtype)
        unpack(part, tiles, scratch)
        return int(scratch[0].size)

    return sum(each_part(opened.tiff, opened.layout, window, count))


class Unpacker:
    """Decodes tiles of an image: those that are plain here, all others by GDAL, which also judges damaged ones."""

    def __init__(self, tiff: TiffFile, layout: Layout, meaning: Meaning) -> None:
        self._tiff, self._layout = tiff, layout
        self._plain = plain_of(tiff, layout, meaning)
        self._fields = [*decoding_fields(tiff, layout.directory), some_place(tiff.order)]

    def __call__(self, part: Window, tiles: list[Tile], out: NDArray[Any]) -> None:
        """Put the pixels of `part`, whose stored tiles are `tiles`, into `out` (bands, rows, columns)."""
        if self._plain is None or not self._plain.place(part, tiles, out):
            tiles = trimmed(self._layout, part, tiles, every=self._plain is not None)
            small, inner = _small_tiff(self._tiff, self._layout, part, tiles, self._fields)
            decode(small, inner, out, self._tiff.source.uri)


def _small_tiff(
    tiff: TiffFile, layout: Layout, part: Window, tiles: list[Tile], fields: list[Field]
) -> tuple[bytes, Window]:
    if layout.by_rows:
        strip_rows, strips = rows_as_strips(layout, part, tiles)
        shape = geometry(tiff.order, layout, layout.width, part.height, strip_rows)
        small = build(tiff.order, [Image((*fields, *shape), strips, False)])
        return small, Window(part.col, 0, part.width, part.height)
    top, bottom, left, right = layout.tiles_of(part)
    x, y = left * layout.tile_width, top * layout.tile_height
    width = min(right * layout.tile_width, layout.width) - x
    height = min(bottom * layout.tile_height, layout.height) - y
    small = build(tiff.order, [Image((*fields, *geometry(tiff.order, layout, width, height)), tiles, layout.tiled)])
    return small, Window(part.col - x, part.row - y, part.width, part.height)


def rows_as_strips(
    layout: Layout, part: Window, pieces: list[Tile], strip_rows: int | None = None
) -> tuple[int, list[Tile]]:
    """Rows of stored strips put together to strips that begin with the first row of `part`: (rows a strip, strips)."""
    each = len(pieces) // layout.planes
    if all(pieces):
        rows = strip_rows or part.height
        planes = [b"".join(pieces[p * each : (p + 1) * each]) for p in range(layout.planes)]
        step = rows * layout.row_bytes
        return rows, [plane[at : at + step] for plane in planes for at in range(0, len(plane), step)]
    strips: list[Tile] = []
    for i, piece in enumerate(pieces):
        top = (part.row // layout.tile_height + i % each) * layout.tile_height
        rows = min(part.row + part.height, top + layout.tile_height) - max(part.row, top)
        width = layout.row_bytes
        strips += [piece[row * width : (row + 1) * width] for row in range(rows)]
    return 1, strips


def deflate(data: NDArray[Any], order: Order) -> bytes:
    """Pixels in the byte order of a TIFF, compressed as its strips are."""
    return zlib.compress(np.ascontiguousarray(data).astype(data.dtype.newbyteorder(order), copy=False).tobytes(), 4)
