"""Which values a sweep tries, and which of them it goes on with: all of them, or the fastest third each time."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from ..models import SweepValues

SEARCH_POINTS = 12
FIRST_ROUNDS = 2
FINALISTS = 3


def values_of(sweep: SweepValues, bounds: tuple[int, int]) -> list[int]:
    """The values to try, ascending, each once; `bounds` count when a search names none."""
    if sweep.values:
        return sorted(set(sweep.values))
    if sweep.start is None or sweep.stop is None:
        return steps(*bounds, SEARCH_POINTS, "geometric")
    if sweep.search == "best":
        return steps(sweep.start, sweep.stop, max(sweep.count, SEARCH_POINTS), "geometric")
    return steps(sweep.start, sweep.stop, sweep.count, sweep.spacing)


def steps(start: int, stop: int, count: int, spacing: str) -> list[int]:
    """`count` whole numbers from `start` to `stop`, or fewer where they would be the same.

    Geometric steps are powers of two where these are few enough: people expect 64 and not 61.
    """
    if spacing == "linear":
        return sorted({round(float(value)) for value in np.linspace(start, stop, count)})
    doublings = [start << power for power in range(count + 1) if start << power < stop]
    if len(doublings) < count:
        return [*doublings, stop]
    return sorted({round(float(value)) for value in np.geomspace(start, stop, count)})


def shuffled(values: Sequence[int], seed: int, round: int) -> list[int]:
    """The order in which a round measures the values: another in each round, the same for the same seed."""
    order = list(values)
    random.Random(f"{seed}-{round}").shuffle(order)
    return order


def stages(values: Sequence[int], repeats: int, search: str) -> list[tuple[int, int]]:
    """(how many values, how many rounds) of each stage: one stage for all, or a third goes on until few are left."""
    if search == "all" or len(values) <= FINALISTS:
        return [(len(values), repeats)]
    found: list[tuple[int, int]] = []
    left = len(values)
    while left > FINALISTS:
        found.append((left, min(FIRST_ROUNDS, len(found) + 1)))
        left = max(FINALISTS, -(-left // 3))
    return [*found, (left, max(repeats, FIRST_ROUNDS))]


def most_runs(values: Sequence[int], repeats: int, search: str) -> int:
    """How many measurements that makes, warm-up left out."""
    return sum(number * rounds for number, rounds in stages(values, repeats, search))
