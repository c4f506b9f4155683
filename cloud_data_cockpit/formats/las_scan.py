"""One pass over the points: how many of each chunk are chosen, how many lie in each cell, how far they reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..source import Source
from .base import Report, Run
from .copc_octree import octree_of
from .las_grid import BEYOND, CELLS, COARSE, LOWEST, Box, Grid
from .las_layout import Layout, chunk_points, layout_of, xy
from .laz_chunks import Bytes, Ints

_SHRINK = CELLS // COARSE


@dataclass(frozen=True)
class Sieve:
    """What is looked for: points in `box` (None: all), counted by the cells of `grid` (None: not counted).

    With `octree`, chunks are nodes of a COPC file, and points outside their node are an error.
    """

    box: Box | None
    grid: Grid | None
    octree: bool = False


@dataclass(frozen=True)
class Batch:
    """Some chunks of an object, by number."""

    source: Source
    numbers: Ints


@dataclass(frozen=True)
class Found:
    """Of a batch: chosen points by chunk, chunks' coarse cells as bits, the cells with points, and the extent."""

    numbers: Ints
    kept: Ints
    touched: NDArray[np.uint8]
    cells: Ints
    counts: Ints
    extent: Grid


@dataclass(frozen=True)
class Survey:
    """Of a whole object. `cells[row, column]` counts points; `touched[chunk]` has a bit for each coarse cell."""

    kept: Ints
    touched: NDArray[np.uint8]
    cells: Ints
    extent: Grid


def survey(
    source: Source, layout: Layout, numbers: Ints, sieve: Sieve, report: Report, *, run: Run, block_size: int
) -> tuple[Survey, Grid | None]:
    """The chunks `numbers` surveyed. A grid that the points do not fill gives way to their extent, in a second pass."""
    total = max(1, int(layout.table.lengths[numbers].sum()))
    first = _pass(source, layout, numbers, sieve, report, (0, total), run, block_size)
    if sieve.grid is None or sieve.grid.fits(first.extent) or not first.kept.any():
        return first, sieve.grid
    better = replace(sieve, grid=first.extent)
    return _pass(source, layout, numbers, better, report, (total, 2 * total), run, block_size), better.grid


def _pass(
    source: Source,
    layout: Layout,
    numbers: Ints,
    sieve: Sieve,
    report: Report,
    progress: tuple[int, int],
    run: Run,
    block_size: int,
) -> Survey:
    chunks = len(layout.table.counts)
    kept = np.zeros(chunks, dtype=np.int64)
    gridded = sieve.grid is not None
    touched = np.zeros((chunks if gridded else 0, COARSE * COARSE // 8), dtype=np.uint8)
    cells = np.zeros(CELLS * CELLS if gridded else 0, dtype=np.int64)
    done, total = progress
    report(done, total)
    extent: Grid | None = None
    for found in run(partial(scan_batch, sieve=sieve), _batches(source, layout, numbers, block_size)):
        kept[found.numbers] = found.kept
        if gridded:
            touched[found.numbers] = found.touched
            cells[found.cells] += found.counts
        if found.kept.any():
            extent = found.extent if extent is None else _around(extent, found.extent)
        done += int(layout.table.lengths[found.numbers].sum())
        report(done, total)
    if not len(numbers):
        report(total, total)
    return Survey(kept, touched, cells.reshape(-1, CELLS), extent or Grid(0, 0, 0, 0))


def _batches(source: Source, layout: Layout, numbers: Ints, block_size: int) -> Iterator[Batch]:
    """Consecutive chunks of about `block_size` bytes, at least one in each batch."""
    lengths = np.cumsum(layout.table.lengths[numbers])
    at = 0
    while at < len(numbers):
        before = int(lengths[at - 1]) if at else 0
        end = max(at + 1, int(np.searchsorted(lengths, before + block_size, side="right")))
        yield Batch(source, numbers[at:end])
        at = end


def scan_batch(batch: Batch, sieve: Sieve) -> Found:
    """Decode a batch and count."""
    layout = layout_of(batch.source)
    place = {int(number): i for i, number in enumerate(batch.numbers)}
    kept = np.zeros(len(place), dtype=np.int64)
    coarse = np.zeros((len(place) if sieve.grid else 0, COARSE * COARSE), dtype=np.bool_)
    cells = np.zeros(CELLS * CELLS if sieve.grid else 0, dtype=np.int64)
    extent: Grid | None = None
    for number, points in chunk_points(batch.source, layout, batch.numbers, places=True):
        if sieve.octree and not octree_of(batch.source, layout).holds(layout.head, number, points):
            raise FormatError(f"{batch.source.uri} has points outside their node of the octree: read it as las")
        x, y = _chosen(points, sieve.box)
        if not len(x):
            continue
        kept[place[number]] += len(x)
        reach = Grid(int(x.min()), int(y.min()), int(x.max()), int(y.max()))
        extent = reach if extent is None else _around(extent, reach)
        if sieve.grid:
            column, row = sieve.grid.cells(x, y)
            cells += np.bincount(row * CELLS + column, minlength=CELLS * CELLS)
            coarse[place[number], row // _SHRINK * COARSE + column // _SHRINK] = True
    filled = np.flatnonzero(cells)
    nothing = Grid(BEYOND, BEYOND, LOWEST, LOWEST)
    return Found(batch.numbers, kept, np.packbits(coarse, axis=1), filled, cells[filled], extent or nothing)


def _chosen(points: Bytes, box: Box | None) -> tuple[Ints, Ints]:
    x, y = xy(points)
    if box is None:
        return x, y
    inside = box.mask(x, y)
    return x[inside], y[inside]


def _around(one: Grid, other: Grid) -> Grid:
    return Grid(min(one.x0, other.x0), min(one.y0, other.y0), max(one.x1, other.x1), max(one.y1, other.y1))
