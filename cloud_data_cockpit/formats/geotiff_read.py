"""Reading a window: the tiles it needs in few requests, decoded group by group, so that memory stays near its size."""

from __future__ import annotations

import os
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest
from ..source import Range, Source
from ..turns import Turns
from .geotiff_gdal import Meaning, decode, meaning_of
from .geotiff_plain import plain_of
from .geotiff_raster import Affine6, Raster, gcps_of, place_of, rpcs_of
from .tiff_ifd import Directory, Order, TiffFile
from .tiff_layout import Layout, Window, places_of, read_layout, read_tiles
from .tiff_write import Field, Image, build, decoding_fields, geometry, some_place

R = TypeVar("R")

_REQUESTS, _COMPUTING = 8, 4
GROUP_BYTES = 4 << 20
LEAST_FETCH, MOST_FETCH = 1 << 20, 4 << 20
_TABLE_BLOCK = 16 << 20


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

    def place(part: Window, tiles: list[bytes]) -> None:
        rows = slice(part.row - window.row, part.row - window.row + part.height)
        cols = slice(part.col - window.col, part.col - window.col + part.width)
        unpack(part, tiles, out[:, rows, cols])

    unpack = Unpacker(tiff, layout, meaning)
    _each_part(tiff, layout, window, place)
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

    def count(part: Window, tiles: list[bytes]) -> int:
        scratch = np.empty((meaning.bands, part.height, part.width), meaning.dtype)
        unpack(part, tiles, scratch)
        return int(scratch[0].size)

    return sum(_each_part(opened.tiff, opened.layout, window, count))


class Unpacker:
    """Decodes tiles of an image: those that are plain here, all others by GDAL, which also judges damaged ones."""

    def __init__(self, tiff: TiffFile, layout: Layout, meaning: Meaning) -> None:
        self._tiff, self._layout = tiff, layout
        self._plain = plain_of(tiff, layout, meaning)
        self._fields = [*decoding_fields(tiff, layout.directory), some_place(tiff.order)]

    def __call__(self, part: Window, tiles: list[bytes], out: NDArray[Any]) -> None:
        """Put the pixels of `part`, whose stored tiles are `tiles`, into `out` (bands, rows, columns)."""
        if self._plain is None or not self._plain.place(part, tiles, out):
            small, inner = _small_tiff(self._tiff, self._layout, part, tiles, self._fields)
            decode(small, inner, out, self._tiff.source.uri)


def _each_part(tiff: TiffFile, layout: Layout, window: Window, work: Callable[[Window, list[bytes]], R]) -> list[R]:
    """Call `work` for each part of `window` with its stored tiles; what it gave back, in order.

    Several parts are fetched at once, and as many worked on as there are processors, 4 at most: inflating and GDAL
    leave Python's lock alone. A window of one part is read in this thread.
    """
    batches = _batches(tiff, layout, groups(layout, window), fetch_size(layout, window))
    turns = Turns(min(_COMPUTING, os.cpu_count() or 1), _REQUESTS)

    def read(batch: list[tuple[Window, list[Range]]]) -> list[R]:
        blocks = tiff.source.read_many([r for _, ranges in batch for r in ranges])[::-1]
        return [work(part, [blocks.pop() for _ in ranges]) for part, ranges in batch]

    def in_turn(batch: list[tuple[Window, list[Range]]]) -> list[R]:
        with turns.taken():
            return read(batch)

    first, second = next(batches, None), next(batches, None)
    if first is None or second is None:
        return [] if first is None else read(first)
    results, waiting = list[R](), deque[Future[list[R]]]()
    with ThreadPoolExecutor(_REQUESTS, thread_name_prefix="tiles") as pool:
        try:
            for batch in chain((first, second), batches):
                waiting.append(pool.submit(in_turn, batch))
                if len(waiting) > _REQUESTS:
                    results += waiting.popleft().result()
            while waiting:
                results += waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return results


def groups(layout: Layout, window: Window, size: int = GROUP_BYTES) -> Iterator[Window]:
    """Parts of `window` along tiles, each of about `size` decoded bytes, one tile at least."""
    high = 1 if layout.by_rows else layout.tile_height
    tile = max(1, layout.tile_width * high * layout.pixel_bits // 8)
    _, _, left, right = layout.tiles_of(window)
    wide = max(1, min(right - left, size // tile))
    step_x, step_y = wide * layout.tile_width, max(1, size // (tile * wide)) * high
    row_end, col_end = window.row + window.height, window.col + window.width
    for row in range(window.row // high * high, row_end, step_y):
        for col in range(left * layout.tile_width, col_end, step_x):
            first_row, first_col = max(row, window.row), max(col, window.col)
            yield Window(
                first_col, first_row, min(col + step_x, col_end) - first_col, min(row + step_y, row_end) - first_row
            )


def fetch_size(layout: Layout, window: Window) -> int:
    """Bytes to fetch at once: enough to be fast, and for all requests together not more than the decoded window."""
    return min(MOST_FETCH, max(LEAST_FETCH, window.pixels * layout.pixel_bits // 8 // _REQUESTS))


def _batches(
    tiff: TiffFile, layout: Layout, parts: Iterator[Window], at_once: int
) -> Iterator[list[tuple[Window, list[Range]]]]:
    batch: list[tuple[Window, list[Range]]] = []
    held = 0
    for part in parts:
        ranges = part_ranges(tiff, layout, part)
        size = sum(length for _, length in ranges)
        if batch and held + size > at_once:
            yield batch
            batch, held = [], 0
        batch.append((part, ranges))
        held += size
    if batch:
        yield batch


def part_ranges(tiff: TiffFile, layout: Layout, part: Window) -> list[Range]:
    """Ranges of the tiles that `part` needs, plane by plane; of the very rows where rows can be read.

    A tile that is not stored has an empty range.
    """
    ranges: list[Range] = []
    for start, stop in places_of(layout, part):
        tiles = read_tiles(tiff, layout, start, stop, _TABLE_BLOCK)
        pairs = list(zip(tiles.offsets.tolist(), tiles.lengths.tolist(), strict=True))
        ranges += _rows_of(layout, part, pairs) if layout.by_rows else pairs
    return [(offset if length else 0, length) for offset, length in ranges]


def _rows_of(layout: Layout, part: Window, strips: list[Range]) -> list[Range]:
    rows, bottom = [], part.row + part.height
    for i, (offset, length) in enumerate(strips):
        top = (part.row // layout.tile_height + i) * layout.tile_height
        begin, end = max(part.row, top), min(bottom, top + layout.tile_height)
        rows.append((offset + (begin - top) * layout.row_bytes, (end - begin) * layout.row_bytes if length else 0))
    return rows


def _small_tiff(
    tiff: TiffFile, layout: Layout, part: Window, tiles: list[bytes], fields: list[Field]
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
    layout: Layout, part: Window, pieces: list[bytes], strip_rows: int | None = None
) -> tuple[int, list[bytes]]:
    """Rows of stored strips put together to strips that begin with the first row of `part`: (rows a strip, strips)."""
    each = len(pieces) // layout.planes
    if all(pieces):
        rows = strip_rows or part.height
        planes = [b"".join(pieces[p * each : (p + 1) * each]) for p in range(layout.planes)]
        step = rows * layout.row_bytes
        return rows, [plane[at : at + step] for plane in planes for at in range(0, len(plane), step)]
    strips: list[bytes] = []
    for i, piece in enumerate(pieces):
        top = (part.row // layout.tile_height + i % each) * layout.tile_height
        rows = min(part.row + part.height, top + layout.tile_height) - max(part.row, top)
        width = layout.row_bytes
        strips += [piece[row * width : (row + 1) * width] for row in range(rows)]
    return 1, strips


def deflate(data: NDArray[Any], order: Order) -> bytes:
    """Pixels in the byte order of a TIFF, compressed as its strips are."""
    return zlib.compress(np.ascontiguousarray(data).astype(data.dtype.newbyteorder(order), copy=False).tobytes(), 4)
