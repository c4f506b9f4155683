"""Cutting a rectangle of pixels into any number of windows, disjoint and complete, along tiles where that can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .tiff_layout import Layout, Window


@dataclass(frozen=True)
class Windows:
    """`number` windows in order, made one by one."""

    number: int
    make: Callable[[], Iterator[Window]]

    def __len__(self) -> int:
        return self.number

    def __iter__(self) -> Iterator[Window]:
        return self.make()


def cut_in(layout: Layout, area: Window, number: int) -> Windows:
    """`number` windows of `area`, or one for each pixel where there are fewer pixels.

    Rows of whole tiles as long as there are enough; then parts of a row of tiles; then parts of tiles, each tile cut
    in about as many as its share of the pixels.
    """
    number = min(number, area.pixels)
    rows = edges(area.row, area.height, 1 if layout.by_rows else layout.tile_height)
    cols = [area.col, area.col + area.width] if layout.by_rows else edges(area.col, area.width, layout.tile_width)
    tiles = (len(rows) - 1) * (len(cols) - 1)
    if number <= tiles:
        return Windows(
            number, lambda: (_window(rows, cols, cells) for cells in _split(len(rows) - 1, len(cols) - 1, number))
        )
    return Windows(number, lambda: _within_tiles(rows, cols, number))


def grid_of(area: Window, splits: int) -> Windows:
    """`splits` x `splits` windows of equal size within a pixel; fewer along a side of fewer pixels."""
    down, across = min(splits, area.height), min(splits, area.width)
    rows = [area.row + area.height * i // down for i in range(down + 1)]
    cols = [area.col + area.width * i // across for i in range(across + 1)]

    def make() -> Iterator[Window]:
        return (_window(rows, cols, (i, i + 1, j, j + 1)) for i in range(down) for j in range(across))

    return Windows(down * across, make)


def by_tile_rows(layout: Layout, area: Window, tile_rows: int) -> Windows:
    """Windows of `tile_rows` rows of tiles (or strips) each, the last one what is left."""
    rows = edges(area.row, area.height, layout.tile_height)
    starts = range(0, len(rows) - 1, tile_rows)

    def make() -> Iterator[Window]:
        for first in starts:
            last = min(first + tile_rows, len(rows) - 1)
            yield Window(area.col, rows[first], area.width, rows[last] - rows[first])

    return Windows(len(starts), make)


def edges(start: int, length: int, step: int) -> Sequence[int]:
    """Where [start, start + length) is cut by multiples of `step`, both ends included."""
    if step == 1:
        return range(start, start + length + 1)
    first = (start // step + 1) * step
    return [start, *range(first, start + length, step), start + length]


def _window(rows: Sequence[int], cols: Sequence[int], cells: tuple[int, int, int, int]) -> Window:
    top, bottom, left, right = cells
    return Window(cols[left], rows[top], cols[right] - cols[left], rows[bottom] - rows[top])


def _split(rows: int, cols: int, number: int) -> Iterator[tuple[int, int, int, int]]:
    """`number` rectangles of `rows` x `cols` cells as (top, bottom, left, right): bands of rows, or parts of a row."""
    if number <= rows:
        for i in range(number):
            yield rows * i // number, rows * (i + 1) // number, 0, cols
        return
    for row in range(rows):
        parts = number * (row + 1) // rows - number * row // rows
        for i in range(parts):
            yield row, row + 1, cols * i // parts, cols * (i + 1) // parts


def _within_tiles(rows: Sequence[int], cols: Sequence[int], number: int) -> Iterator[Window]:
    """Every tile gets one window, and of the others a share by the pixels it can still give away."""
    tiles = (len(rows) - 1) * (len(cols) - 1)
    others = number - tiles
    total = (rows[-1] - rows[0]) * (cols[-1] - cols[0]) - tiles
    spent = 0
    for i in range(len(rows) - 1):
        for j in range(len(cols) - 1):
            height, width = rows[i + 1] - rows[i], cols[j + 1] - cols[j]
            before = others * spent // total if total else 0
            spent += height * width - 1
            parts = 1 + (others * spent // total if total else 0) - before
            for top, bottom, left, right in _split(height, width, parts):
                yield Window(cols[j] + left, rows[i] + top, right - left, bottom - top)
