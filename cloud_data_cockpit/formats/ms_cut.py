"""Where to cut a table: rows, whole times or baselines, and the tiles that each slice needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models import Slice
from ..source import Range
from .base import Index
from .ms_header import Tiles

Ints = NDArray[np.int64]

_COLUMNS = ("offset", "size", "across", "deep", "tile_bytes", "chunks")


class Tiling:
    """The tiled files of a table, and where in the tree each of them begins."""

    def __init__(self, files: Sequence[tuple[int, Tiles]]) -> None:
        self._files = sorted(files, key=lambda held: held[0])

    def arrays(self) -> dict[str, Ints]:
        """All of it as arrays of an index."""
        rows = [[at, t.size, t.across, t.deep, t.tile_bytes, len(t.last_row)] for at, t in self._files]
        chunks = [np.stack([t.last_row, t.held, t.last_place], axis=1) for _, t in self._files]
        return {
            "tiles": np.array(rows, dtype=np.int64).reshape(-1, len(_COLUMNS)),
            "stretches": np.concatenate([np.zeros((0, 3), dtype=np.int64), *chunks]),
        }

    @classmethod
    def of(cls, arrays: Mapping[str, Any]) -> Tiling:
        """From the arrays of an index."""
        files = []
        at = 0
        for offset, size, across, deep, tile_bytes, chunks in np.asarray(arrays["tiles"]).tolist():
            stretches = np.asarray(arrays["stretches"], dtype=np.int64)[at : at + chunks]
            files.append((offset, Tiles(0, size, across, deep, tile_bytes, *stretches.T)))
            at += chunks
        return cls(files)

    def needed(self, first: int, last: int) -> tuple[Range, ...]:
        """Bytes of the tree that hold the tiles of the rows [first, last), ascending."""
        found = []
        for at, tiles in self._files:
            offset, length = tiles.needed(first, last)
            if length:
                found.append((at + offset, length))
        return tuple(found)

    @property
    def bytes(self) -> int:
        return sum(tiles.size for _, tiles in self._files)


def row_slices(tiling: Tiling, edges: Ints) -> Iterator[Slice]:
    """One slice between every two of `edges`."""
    places = edges.tolist()
    for i, (first, last) in enumerate(pairwise(places)):
        yield Slice(number=i, ranges=tiling.needed(first, last), records=last - first, details={"rows": [first, last]})


def baseline_slices(index: Index, tiling: Tiling, each: int) -> Iterator[Slice]:
    """Slices of `each` baselines; every one of them needs all tiles, since all times hold all baselines."""
    codes, rows = index.arrays["baselines"], index.arrays["baseline_rows"]
    ranges = tiling.needed(0, index.records)
    for i, first in enumerate(range(0, len(codes), each)):
        held = codes[first : first + each]
        details = {"baselines": [int(held[0]), int(held[-1])]}
        yield Slice(number=i, ranges=ranges, records=int(rows[first : first + each].sum()), details=details)


def edges_by_rows(total: int, each: int) -> Ints:
    """Every `each` rows; one empty slice of a table without rows."""
    return np.append(np.arange(0, max(total, 1), max(each, 1), dtype=np.int64), total)


def edges_by_number(total: int, number: int) -> Ints:
    """As many slices as asked for, or as there are rows; one at least."""
    wanted = max(1, min(number, total))
    return np.arange(wanted + 1, dtype=np.int64) * total // wanted


def edges_by_times(starts: Ints, total: int, each: int) -> Ints:
    """Every `each` times, the first rows of which are `starts`."""
    return np.append(starts[::each], total) if len(starts) else np.array([0, total], dtype=np.int64)
