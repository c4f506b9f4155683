"""Where to cut imzML: spectra in the order of the XML, all of them or those of a region, by the index alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..models import Slice
from .base import SLICE_BYTES, Index
from .imzml_scan import Ints
from .imzml_slab import LARGEST_SLAB

MOST_RANGES = 16
_REGION = re.compile(r"\s*(-?\d{1,18})\s*:\s*(-?\d{1,18})\s*,\s*(-?\d{1,18})\s*:\s*(-?\d{1,18})\s*")

Region = tuple[int, int, int, int]


def parse_region(text: str) -> Region:
    """x0, x1, y0, y1 of `x0:x1,y0:y1`, both ends within. ValueError when it is not that."""
    match = _REGION.fullmatch(text)
    if match is None:
        raise ValueError("a region is x0:x1,y0:y1 in pixels, both ends within, such as 1:100,20:40")
    x0, x1, y0, y1 = map(int, match.groups())
    if x0 > x1 or y0 > y1:
        raise ValueError("the region is empty: the first number of each pair must not be larger than the second")
    return x0, x1, y0, y1


class Spectra:
    """The spectra of an index that are wanted, and how many bytes of numbers each brings."""

    def __init__(self, index: Index, region: Region | None) -> None:
        columns = {name: np.asarray(values, dtype=np.int64) for name, values in index.arrays.items()}
        self._starts = columns["start"]
        self._ends = np.append(self._starts[1:], index.facts["stop"])
        self._wraps = (columns["mz_wraps"], columns["wraps"]) if index.facts["wrapped"] else None
        self._region = region
        self._body = (int(index.facts["body"]), int(index.facts["stop"]))
        self.chosen = np.arange(len(self._starts))
        if region is not None:
            x, y = columns["x"], columns["y"]
            x0, x1, y0, y1 = region
            self.chosen = np.flatnonzero((x0 <= x) & (x <= x1) & (y0 <= y) & (y <= y1))
        offsets, held = columns["mz_offset"][self.chosen], columns["mz_bytes"][self.chosen]
        again = np.zeros(len(held), dtype=bool)
        again[1:] = (offsets[1:] == offsets[:-1]) & (held[1:] == held[:-1])
        mz = np.where(again, 0, held)  # one array that many spectra share travels once
        self.weights = mz + columns["bytes"][self.chosen]
        self._mz = (offsets, held)
        self._intensities = (columns["offset"][self.chosen], columns["bytes"][self.chosen])

    def __len__(self) -> int:
        return len(self.chosen)

    def slices(self, edges: Ints) -> Iterator[Slice]:
        """One slice between every two of `edges`, which are numbers of chosen spectra."""
        held = np.concatenate([[0], np.cumsum(self.weights)])
        slabs = self._slabs(edges)
        for i in range(len(edges) - 1):
            first, last = int(edges[i]), int(edges[i + 1])
            details: dict[str, Any] = {"data_bytes": int(held[last] - held[first])}
            if slabs[i, 1]:
                details["ibd"] = slabs[i].tolist()
            if self._region is not None:
                details["region"] = list(self._region)
            if self._wraps is not None and last > first:
                details["wraps"] = [int(wraps[self.chosen[first]]) for wraps in self._wraps]
            yield Slice(number=i, ranges=self._ranges(first, last), records=last - first, details=details)

    def _slabs(self, edges: Ints) -> Ints:
        """For each slice the range (offset, length) of the .ibd that holds nearly nothing but its numbers.

        Of its m/z and intensities, or of its intensities alone, where m/z stand elsewhere. Length 0: there is none.
        """
        found = np.zeros((len(edges) - 1, 2), dtype=np.int64)
        if len(self) == 0:
            return found
        firsts = edges[:-1]
        mz, intensities = (_reach(*place, firsts) for place in (self._mz, self._intensities))
        both = np.minimum(mz[0], intensities[0]), np.maximum(mz[1], intensities[1])
        for (begin, end), held in ((intensities, self._intensities[1]), (both, self.weights)):
            wanted = np.add.reduceat(held, firsts)
            dense = (wanted > 0) & (end - begin <= wanted + wanted // 8) & (end - begin <= LARGEST_SLAB)
            found[dense] = np.stack([begin, end - begin], axis=1)[dense]
        return found

    def _ranges(self, first: int, last: int) -> tuple[tuple[int, int], ...]:
        """Bytes of the XML from the first to the last of the spectra, without the largest gaps between them."""
        if first == last:
            return ((self._body[0], 0),)
        those = self.chosen[first:last]
        starts, ends = self._starts[those], self._ends[those]
        gaps = starts[1:] - ends[:-1]
        # Offsets that wrapped are only understood in a row, so such spectra are read from the first to the last.
        most = 0 if self._wraps is not None else MOST_RANGES - 1
        largest = np.argsort(-gaps, kind="stable")[:most]
        breaks = np.sort(largest[gaps[largest] > 0])
        begins = np.concatenate([starts[:1], starts[breaks + 1]]).tolist()
        stops = np.concatenate([ends[breaks], ends[-1:]]).tolist()
        return tuple((begin, stop - begin) for begin, stop in zip(begins, stops, strict=True))


def _reach(offsets: Ints, lengths: Ints, firsts: Ints) -> tuple[Ints, Ints]:
    """Where the ranges of each group begin and end; groups begin at `firsts`."""
    empty = lengths == 0
    most = np.iinfo(np.int64).max
    begins = np.minimum.reduceat(np.where(empty, most, offsets), firsts)
    ends = np.maximum.reduceat(np.where(empty, 0, offsets + lengths), firsts)
    return begins, np.maximum(ends, 0)


def edges_of(weights: Ints, num_slices: int | None, spectra: int | None, slice_bytes: int | None) -> Ints:
    """Numbers of spectra at which slices begin, and their count at the end."""
    total = len(weights)
    if total == 0:
        return np.array([0, 0], dtype=np.int64)
    if spectra is not None:
        return np.append(np.arange(0, total, spectra, dtype=np.int64), total)
    before = np.cumsum(weights) - weights
    if num_slices is not None:
        return _in_equal_parts(before, int(before[-1] + weights[-1]), min(num_slices, total))
    cells = before // (slice_bytes or SLICE_BYTES)
    opens = np.flatnonzero(cells[1:] != cells[:-1]) + 1
    return np.concatenate([[0], opens, [total]]).astype(np.int64)


def _in_equal_parts(before: Ints, weight: int, number: int) -> Ints:
    """Edges nearest to equal weights; every slice has a spectrum at least."""
    total = len(before)
    place = np.arange(1, number, dtype=np.int64)
    share, rest = divmod(weight, number)
    wanted = np.searchsorted(before, share * place + rest * place // number)
    if weight == 0:
        wanted = place * total // number
    edges = np.maximum.accumulate(np.maximum(wanted, 1) - place) + place
    return np.concatenate([[0], np.minimum(edges, total - number + place), [total]]).astype(np.int64)


def inside(table: Ints, details: Mapping[str, Any], x: int, y: int) -> Ints:
    """The rows of `table` that lie in the slice's region; `x` and `y` are its columns."""
    if "region" not in details:
        return table
    x0, x1, y0, y1 = details["region"]
    chosen = (x0 <= table[:, x]) & (table[:, x] <= x1) & (y0 <= table[:, y]) & (table[:, y] <= y1)
    rows: Ints = table[chosen]
    return rows
