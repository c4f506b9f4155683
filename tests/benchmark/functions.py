"""What the tests have a benchmark time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cloud_data_cockpit.slicing.slices import LazySlice


def rows(piece: LazySlice) -> int:
    return len(piece.get())


def benchmarking_fn(data_slices: Sequence[Any]) -> float:
    """The contract of the first Data Cockpit: all slices in, seconds out."""
    return 8.0 / len(data_slices)


def fails_in_many(piece: LazySlice) -> None:
    if piece.number >= 4:
        raise ValueError("too many slices for me")
