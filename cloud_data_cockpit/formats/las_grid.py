"""Half-open cells over the stored integers: the box that chooses points, the grid that counts them, tiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .las_header import Head
from .laz_chunks import Ints

CELLS = 256
COARSE = 32
MOST_TILES = CELLS * CELLS
LOWEST, BEYOND = -(1 << 31), 1 << 31

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Box:
    """Points with x0 <= X < x1 and y0 <= Y < y1, in stored integers."""

    x0: int
    y0: int
    x1: int
    y1: int

    @classmethod
    def of(cls, numbers: Sequence[int]) -> Box:
        """The box of four integers, as a slice's details hold it."""
        return cls(*(int(n) for n in numbers))

    def numbers(self) -> list[int]:
        """x0, y0, x1, y1."""
        return [self.x0, self.y0, self.x1, self.y1]

    def mask(self, x: Ints, y: Ints) -> Mask:
        """Which points lie inside."""
        inside: Mask = (x >= self.x0) & (x < self.x1) & (y >= self.y0) & (y < self.y1)
        return inside

    def inside(self, x: NDArray[np.int32], y: NDArray[np.int32]) -> Mask:
        """As `mask`, for coordinates as they are stored: comparing half as many bytes."""
        inside: Mask = np.ones(len(x), dtype=np.bool_)
        for values, low, high in ((x, self.x0, self.x1), (y, self.y0, self.y1)):
            # A limit beyond what is stored leaves nothing out, or everything.
            if low > LOWEST:
                inside &= values >= low if low < BEYOND else False
            if high < BEYOND:
                inside &= values < high if high > LOWEST else False
        return inside

    def meet(self, other: Box) -> Box:
        """What both hold."""
        return Box(max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1))

    @property
    def empty(self) -> bool:
        return self.x0 >= self.x1 or self.y0 >= self.y1


EVERYWHERE = Box(LOWEST, LOWEST, BEYOND, BEYOND)


def integer_box(head: Head, corners: Sequence[float]) -> Box:
    """The stored integers of the points with minx <= x < maxx and miny <= y < maxy, x being X * scale + offset."""
    minx, miny, maxx, maxy = corners
    (sx, sy, _), (ox, oy, _) = head.scales, head.offsets
    return Box(_first_at(minx, sx, ox), _first_at(miny, sy, oy), _first_at(maxx, sx, ox), _first_at(maxy, sy, oy))


def _first_at(value: float, scale: float, offset: float) -> int:
    """The smallest 32-bit integer n with n * scale + offset >= value in floating point, or BEYOND."""
    low, high = LOWEST, BEYOND
    while low < high:
        middle = (low + high) // 2
        if middle * scale + offset >= value:
            high = middle
        else:
            low = middle + 1
    return low


@dataclass(frozen=True)
class Grid:
    """CELLS x CELLS cells over the integers x0..x1 and y0..y1, ends included; points outside belong to edge cells."""

    x0: int
    y0: int
    x1: int
    y1: int

    @classmethod
    def of_header(cls, head: Head, box: Box) -> Grid | None:
        """The grid over the header's bounds within `box`; None when they are not usable."""
        (sx, sy, _), (ox, oy, _) = head.scales, head.offsets
        maxx, minx, maxy, miny = head.bounds[:4]
        if not all(math.isfinite(v) for v in (sx, sy, ox, oy, maxx, minx, maxy, miny)) or min(sx, sy) <= 0:
            return None
        ends = [(minx - ox) / sx, (miny - oy) / sy, (maxx - ox) / sx, (maxy - oy) / sy]
        if not all(LOWEST - 1 <= v <= BEYOND for v in ends) or ends[0] > ends[2] or ends[1] > ends[3]:
            return None
        x0, y0, x1, y1 = (min(max(round(v), LOWEST), BEYOND - 1) for v in ends)
        inside = Box(x0, y0, x1 + 1, y1 + 1).meet(box)
        return None if inside.empty else cls(inside.x0, inside.y0, inside.x1 - 1, inside.y1 - 1)

    def fits(self, extent: Grid) -> bool:
        """Whether the points, which fill `extent`, spread over enough of this grid's cells to cut tiles by them."""
        sizes = ((self.x0, self.x1, extent.x0, extent.x1), (self.y0, self.y1, extent.y0, extent.y1))
        for low, high, first, last in sizes:
            inside = min(high, last) - max(low, first) + 1
            if 4 * inside < high - low + 1 or 2 * inside < last - first + 1:
                return False
        return True

    def cells(self, x: Ints, y: Ints) -> tuple[Ints, Ints]:
        """Column and row of each point."""
        column = ((x - self.x0) * CELLS // (self.x1 - self.x0 + 1)).clip(0, CELLS - 1)
        row = ((y - self.y0) * CELLS // (self.y1 - self.y0 + 1)).clip(0, CELLS - 1)
        return column, row

    def edges(self, low: int, high: int) -> list[int]:
        """Where cells begin along one axis; the outermost reach as far as integers do."""
        width = high - low + 1
        inner = [low + -(-i * width // CELLS) for i in range(1, CELLS)]
        return [LOWEST, *inner, BEYOND]


def tile_cells(grid: Grid, tiles: int) -> list[tuple[int, int, int, int]]:
    """`tiles` rectangles (column, row, column beyond, row beyond) that cover the grid's cells once.

    Strips of columns, each divided into rows; tiles are as square as their number allows and of about equal area.
    """
    width, height = grid.x1 - grid.x0 + 1, grid.y1 - grid.y0 + 1
    strips = round(math.sqrt(tiles * width / height))
    strips = min(max(strips, -(-tiles // CELLS), 1), CELLS, tiles)
    rows = [(i + 1) * tiles // strips - i * tiles // strips for i in range(strips)]
    ends = np.cumsum(rows).tolist()
    columns = [0, *(round(end * CELLS / tiles) for end in ends)]
    if any(b <= a for a, b in pairwise(columns)):
        columns = [i * CELLS // strips for i in range(strips + 1)]
    found: list[tuple[int, int, int, int]] = []
    for strip, count in enumerate(rows):
        cuts = [i * CELLS // count for i in range(count + 1)]
        found += [(columns[strip], cuts[i], columns[strip + 1], cuts[i + 1]) for i in range(count)]
    return found
