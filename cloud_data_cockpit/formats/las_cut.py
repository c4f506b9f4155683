"""Slices of points: by their order in the file, or by tiles, from what the index knows of each chunk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..models import Slice
from ..source import Range
from .las_grid import CELLS, COARSE, Box, Grid, tile_cells
from .laz_chunks import Ints

MOST_RANGES = 40
_SHRINK = CELLS // COARSE


@dataclass(frozen=True)
class Chunks:
    """Chunks in file order and how many points of each are chosen."""

    offsets: Ints
    lengths: Ints
    kept: Ints


def even_edges(total: int, slices: int | None, points: int) -> Ints:
    """Point numbers at which slices begin: `slices` of them, or one every `points`; then `total`."""
    if total == 0:
        return np.zeros(2, dtype=np.int64)
    if slices is not None:
        wanted = min(slices, total)
        return np.array([i * total // wanted for i in range(wanted + 1)], dtype=np.int64)
    return np.append(np.arange(0, total, points, dtype=np.int64), total)


def at_chunks(chunks: Chunks, edges: Ints) -> Ints:
    """Each of `edges` moved to the nearest chunk where chunks are many, so that none is decoded twice."""
    ends = np.unique(np.append(0, np.cumsum(chunks.kept)))
    if len(ends) < 4 * len(edges):
        return edges
    above = np.searchsorted(ends, edges).clip(1)
    low, high = ends[above - 1], ends[above]
    snapped: Ints = np.where(edges - low < high - edges, low, high)
    return snapped if bool((snapped[1:] > snapped[:-1]).all()) else edges


def cut_runs(start: int, record: int, edges: Ints) -> Iterator[Slice]:
    """Slices of records of equal length: their ranges are exact."""
    for number, (first, beyond) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        span = (start + first * record, (beyond - first) * record)
        yield Slice(number=number, ranges=(span,) if span[1] else (), records=beyond - first)


def cut_in_order(chunks: Chunks, edges: Ints) -> Iterator[Slice]:
    """Slices of chosen points in file order.

    A slice that begins or ends within a chunk takes that part of the chunk's bytes into its ranges that its points
    have in the chunk's points, so that ranges of slices are disjoint; reading it decodes the whole chunk.
    """
    beyond = np.cumsum(chunks.kept)
    before = beyond - chunks.kept
    for number, (first, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        if first == end:
            yield Slice(number=number, ranges=(), records=0)
            continue
        low, high = (int(i) for i in np.searchsorted(beyond, [first, end - 1], side="right"))
        chosen = low + np.flatnonzero(chunks.kept[low : high + 1])
        starts = chunks.offsets[chosen].copy()
        stops = starts + chunks.lengths[chosen]
        starts[0] = _within(chunks, before, low, first)
        stops[-1] = _within(chunks, before, high, end)
        details = {"first": low, "last": high, "skip": first - int(before[low])}
        yield Slice(number=number, ranges=join(starts, stops), records=end - first, details=details)


def _within(chunks: Chunks, before: Ints, chunk: int, point: int) -> int:
    """The byte that stands for `point` in `chunk`."""
    offset, length, kept = (int(a[chunk]) for a in (chunks.offsets, chunks.lengths, chunks.kept))
    return offset + length * (point - int(before[chunk])) // kept


def join(starts: Ints, stops: Ints, most: int = MOST_RANGES) -> tuple[Range, ...]:
    """Ascending ranges joined where they touch, and over the smallest gaps until there are at most `most`."""
    gaps = starts[1:] - stops[:-1]
    opens = np.flatnonzero(gaps > 0)
    if len(opens) >= most:
        widest = np.argsort(gaps[opens], kind="stable")[-(most - 1) :]
        opens = np.sort(opens[widest])
    begins, ends = starts[np.append(0, opens + 1)], stops[np.append(opens, len(stops) - 1)]
    return tuple((int(b), int(e - b)) for b, e in zip(begins, ends, strict=True) if e > b)


def cut_in_tiles(
    chunks: Chunks, grid: Grid, cells: Ints, touched: NDArray[np.uint8], tiles: int, within: Box
) -> Iterator[Slice]:
    """One slice for each of `tiles` rectangles of grid cells; a chunk is read by every tile that has points in it."""
    sums = np.zeros((CELLS + 1, CELLS + 1), dtype=np.int64)
    sums[1:, 1:] = cells.cumsum(axis=0).cumsum(axis=1)
    xs, ys = grid.edges(grid.x0, grid.x1), grid.edges(grid.y0, grid.y1)
    members, begins = _by_cell(touched)
    for number, (x0, y0, x1, y1) in enumerate(tile_cells(grid, tiles)):
        records = int(sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0])
        box = Box(xs[x0], ys[y0], xs[x1], ys[y1]).meet(within)
        found = _chunks_in(members, begins, (x0, y0, x1, y1)) if records else np.zeros(0, dtype=np.int64)
        details: dict[str, object] = {"tile": box.numbers()}
        ranges: tuple[Range, ...] = ()
        if len(found):
            details |= {"first": int(found[0]), "last": int(found[-1])}
            ranges = join(chunks.offsets[found], chunks.offsets[found] + chunks.lengths[found])
        yield Slice(number=number, ranges=ranges, records=records, details=details)


def _by_cell(touched: NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """Chunks of each coarse cell one after another, and where those of each cell begin."""
    bits = np.unpackbits(touched, axis=1)
    chunk, cell = np.nonzero(bits)
    order = np.argsort(cell, kind="stable")
    begins = np.searchsorted(cell[order], np.arange(COARSE * COARSE + 1))
    return chunk[order].astype(np.int64), begins.astype(np.int64)


def _chunks_in(members: Ints, begins: Ints, tile: tuple[int, int, int, int]) -> Ints:
    """Chunks, ascending, that have points in the coarse cells of a tile."""
    x0, y0, x1, y1 = tile
    low, high = x0 // _SHRINK, -(-x1 // _SHRINK)
    parts = []
    for row in range(y0 // _SHRINK, -(-y1 // _SHRINK)):
        parts.append(members[begins[row * COARSE + low] : begins[row * COARSE + high]])
    return np.unique(np.concatenate(parts))
