"""Which batch size is fastest: a sweep over one parameter of a cut, and what it recommends."""

from __future__ import annotations

from .store import delete, list_benchmarks, load, save, take_in, to_csv
from .sweep import sweep, sweep_for

__all__ = ["delete", "list_benchmarks", "load", "save", "sweep", "sweep_for", "take_in", "to_csv"]
