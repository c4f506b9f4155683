"""The stored tiles of a window: grouped along tiles, fetched several groups at a time, worked on as they come."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TypeAlias, TypeVar

from ..in_order import in_order
from ..source import Range, Source, merge_ranges
from ..turns import Turns
from .tiff_ifd import TiffFile
from .tiff_layout import Layout, Window, places_of, read_tiles

R = TypeVar("R")
Tile: TypeAlias = bytes | memoryview
Batch: TypeAlias = list[tuple[Window, list[Range]]]

LEAST_GROUP, GROUP_BYTES = 1 << 20, 4 << 20
LEAST_FETCH, MOST_FETCH = 1 << 20, 4 << 20
_MOST_REQUESTS, _COMPUTING = 8, 4
_TABLE_BLOCK = 16 << 20
# Writers put a few bytes between tiles, such as their lengths.
_CLOSE = 4 << 10


def each_part(tiff: TiffFile, layout: Layout, window: Window, work: Callable[[Window, list[Tile]], R]) -> list[R]:
    """Call `work` for each part of `window` with its stored tiles; what it gave back, in order.

    Several parts are fetched at once, and as many worked on as there are processors, 4 at most: inflating and GDAL
    leave Python's lock alone. A window of one part is read in this thread.
    """

    def read(batch: Batch) -> list[R]:
        tiles = fetch(tiff.source, [r for _, ranges in batch for r in ranges])[::-1]
        return [work(part, [tiles.pop() for _ in ranges]) for part, ranges in batch]

    parts = groups(layout, window, group_size(layout, window))
    batches = _batches(tiff, layout, parts, fetch_size(layout, window))
    first, second = next(batches, None), next(batches, None)
    if first is None or second is None:
        return [] if first is None else read(first)
    return _in_turns(read, chain((first, second), batches), _requests(layout, window))


def _in_turns(read: Callable[[Batch], list[R]], batches: Iterator[Batch], threads: int) -> list[R]:
    turns = Turns(min(_COMPUTING, os.cpu_count() or 1), threads)

    def in_turn(batch: Batch) -> list[R]:
        with turns.taken():
            return read(batch)

    return list(chain.from_iterable(in_order(in_turn, batches, threads, "tiles", wait=True)))


def fetch(source: Source, ranges: Sequence[Range]) -> list[Tile]:
    """The bytes of each range; those that lie close together are parts of the same bytes."""
    spans = merge_ranges(ranges, gap=_CLOSE)
    held = [memoryview(block) for block in source.read_many(spans)]
    starts = [offset for offset, _ in spans]
    tiles: list[Tile] = []
    for offset, length in ranges:
        if not length:
            tiles.append(b"")
            continue
        i = bisect_right(starts, offset) - 1
        tiles.append(held[i][offset - starts[i] :][:length])
    return tiles


def _requests(layout: Layout, window: Window) -> int:
    """How many parts to fetch at once: few for a small window, since what waits to be decoded takes memory, too."""
    return min(_MOST_REQUESTS, max(3, (window.pixels * layout.pixel_bits // 8) // GROUP_BYTES))


def group_size(layout: Layout, window: Window) -> int:
    """Decoded bytes of a part: an eighth of a small window, so that no processor waits long for the last part."""
    return min(GROUP_BYTES, max(LEAST_GROUP, window.pixels * layout.pixel_bits // 8 // 8))


def groups(layout: Layout, window: Window, size: int) -> Iterator[Window]:
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
    return min(MOST_FETCH, max(LEAST_FETCH, window.pixels * layout.pixel_bits // 8 // _MOST_REQUESTS))


def _batches(tiff: TiffFile, layout: Layout, parts: Iterator[Window], at_once: int) -> Iterator[Batch]:
    batch: Batch = []
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
