"""From measurements to points and a recommendation, and which values a search goes on with."""

from __future__ import annotations

import os
import platform
import re
import secrets
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from ..models import BenchmarkPoint, BenchmarkResult, BenchmarkRun, Machine, Prices, Recommendation
from ..slicing.open import object_name
from .statistics import Comparison, compare


def new_id(uri: str) -> str:
    """An id nobody has: the object's stem in plain ASCII, and eight hexadecimal digits."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(object_name(uri)).stem)
    return f"{stem.strip('.-_')[:60] or 'object'}-{secrets.token_hex(4)}"


def machine() -> Machine:
    """This machine, as far as a comparison needs it."""
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        cpu_count=os.cpu_count() or 1,
        python=platform.python_version(),
        package=version("cloud-data-cockpit"),
    )


def kept(values: Sequence[int], runs: Sequence[BenchmarkRun], number: int, seed: int) -> list[int]:
    """The `number` fastest of the stage before, and the cheapest that cannot be told apart from the fastest.

    After a single round nothing can be told apart: then only the fastest go on.
    """
    if not runs or number >= len(values):
        return list(values)
    comparison = _compared(runs, seed)
    if comparison is None:
        return list(values)[:number]
    best = sorted(comparison.values, key=lambda value: -comparison.speed(value)[0])[:number]
    if comparison.rounds < 2:
        return sorted(best)
    cheapest = min(comparison.as_fast(), key=lambda value: _cost_key(_of(runs, value)))
    return sorted({*best, cheapest})


def summed_up(
    runs: Sequence[BenchmarkRun], *, last: bool, seed: int, prices: Prices, fields: Mapping[str, Any]
) -> BenchmarkResult:
    """The result of the measurements so far; with the recommendation when they are the `last`."""
    by_stage = {stage: [run for run in runs if run.stage == stage] for stage in sorted({run.stage for run in runs})}
    compared = {stage: _compared(found, seed) for stage, found in by_stage.items()}
    final = compared[max(compared)] if compared else None
    as_fast = set(final.as_fast()) if final is not None else set()
    points = [
        _point(value, runs, compared, prices, as_fast=value in as_fast) for value in sorted({run.value for run in runs})
    ]
    recommendation = _recommended(points, compared, str(fields["parameter"])) if last else None
    return BenchmarkResult(
        **fields, machine=machine(), points=points, runs=list(runs), recommendation=recommendation, notes=_notes(points)
    )


def _compared(runs: Sequence[BenchmarkRun], seed: int) -> Comparison | None:
    """The values of one stage that never failed, by the rounds that are complete; None when there is none."""
    failed = {run.value for run in runs if run.failures or run.seconds <= 0 or run.bytes <= 0}
    speeds: dict[int, list[float]] = {}
    for run in runs:
        if run.value not in failed:
            speeds.setdefault(run.value, []).append(run.bytes / run.seconds)
    if not speeds:
        return None
    complete = min(len(found) for found in speeds.values())
    return compare({value: found[:complete] for value, found in sorted(speeds.items())}, seed)


def _point(
    value: int,
    runs: Sequence[BenchmarkRun],
    compared: Mapping[int, Comparison | None],
    prices: Prices,
    *,
    as_fast: bool,
) -> BenchmarkPoint:
    mine = _of(runs, value)
    stage = max(run.stage for run in mine)
    comparison = compared.get(stage)
    known = comparison is not None and value in comparison.values
    speed = comparison.speed(value) if comparison is not None and known else None
    nbytes = round(median(run.bytes for run in mine))
    requests = _median([run.requests for run in mine])
    problems = [run.problem for run in mine if run.problem is not None]
    number = round(median(run.num_slices for run in mine))
    return BenchmarkPoint(
        value=value,
        num_slices=number,
        slice_bytes=nbytes // number if number else 0,
        runs=len(mine),
        stage=stage,
        partition_seconds=median(run.partition_seconds for run in mine),
        seconds=nbytes / speed[0] if speed else None,
        throughput=speed[0] if speed else None,
        throughput_low=speed[1] if speed else None,
        throughput_high=speed[2] if speed else None,
        slice_median=_median([run.slice_median for run in mine]),
        slice_p95=_median([run.slice_p95 for run in mine]),
        requests=round(requests) if requests is not None else None,
        bytes=nbytes,
        cost=_cost(requests, nbytes, prices),
        peak_memory=max((run.peak_memory for run in mine if run.peak_memory is not None), default=None),
        failures=max(run.failures for run in mine),
        problem=problems[0] if problems else None,
        as_fast=as_fast,
    )


def _recommended(
    points: Sequence[BenchmarkPoint], compared: Mapping[int, Comparison | None], parameter: str
) -> Recommendation:
    final = compared[max(compared)] if compared else None
    if final is None:
        why = points[0].problem if points else "nothing was measured"
        return Recommendation(verdict="none", value=None, words=f"No value worked: {why}")
    by_value = {point.value: point for point in points}
    fast = [by_value[value] for value in final.as_fast()]
    chosen = min(fast, key=_cost_of_point)
    label = f"{parameter} = {chosen.value}"
    if len(final.values) == 1 and len(points) == 1:
        words = f"{label} is the only value that was measured"
        return Recommendation(verdict="only one", value=chosen.value, num_slices=chosen.num_slices, words=words)
    if _no_difference(compared):
        cheapest = min((point for point in points if point.throughput is not None), key=_cost_of_point)
        words = f"No difference between the values can be told; {parameter} = {cheapest.value} is the cheapest"
        return Recommendation(
            verdict="no difference", value=cheapest.value, num_slices=cheapest.num_slices, words=words
        )
    return _told(chosen, final, compared, label)


def _told(
    chosen: BenchmarkPoint, final: Comparison, compared: Mapping[int, Comparison | None], label: str
) -> Recommendation:
    """The recommendation when values differ; the gain is over the fastest of those that are surely slower."""
    cheaper = chosen.value != final.fastest()
    gain = _gain(chosen.value, final, compared)
    words = f"{label} is {'as fast as the fastest and cheaper' if cheaper else 'the fastest'}"
    if gain is not None:
        words += f": {gain[1]:.2f} times as fast as {gain[0]} (95 % interval {gain[2]:.2f} to {gain[3]:.2f})"
    return Recommendation(
        verdict="cheaper" if cheaper else "best",
        value=chosen.value,
        num_slices=chosen.num_slices,
        gain=gain[1] if gain else None,
        gain_low=gain[2] if gain else None,
        gain_high=gain[3] if gain else None,
        words=words,
    )


def _gain(
    value: int, final: Comparison, compared: Mapping[int, Comparison | None]
) -> tuple[int, float, float, float] | None:
    """(other value, ratio, low, high): from the last stage in which a value was surely slower."""
    for stage in sorted(compared, reverse=True):
        found = compared[stage]
        if found is None or value not in found.values:
            continue
        slower = [other for other in found.values if other not in final.as_fast() and found.apart(value, other)]
        if slower:
            other = max(slower, key=lambda one: found.speed(one)[0])
            return other, *found.gain(value, other)
    return None


def _no_difference(compared: Mapping[int, Comparison | None]) -> bool:
    """Whether in no stage any two values could be told apart."""
    return all(found is None or len(found.as_fast()) == len(found.values) for found in compared.values())


def _of(runs: Sequence[BenchmarkRun], value: int) -> list[BenchmarkRun]:
    return [run for run in runs if run.value == value]


def _cost_key(runs: Sequence[BenchmarkRun]) -> tuple[float, float]:
    number = median(run.num_slices for run in runs)
    requests = _median([run.requests for run in runs])
    return (number if requests is None else requests, number)


def _cost_of_point(point: BenchmarkPoint) -> tuple[float, float]:
    return (point.num_slices if point.requests is None else point.requests, point.num_slices)


def _cost(requests: float | None, nbytes: int, prices: Prices) -> float | None:
    if requests is None:
        return None
    return requests / 1000 * prices.get_per_thousand + nbytes / 1e9 * prices.transfer_per_gb


def _median(found: Sequence[float | None]) -> float | None:
    known = [value for value in found if value is not None]
    return float(median(known)) if known else None


def _notes(points: Sequence[BenchmarkPoint]) -> list[str]:
    failed = [str(point.value) for point in points if point.failures]
    notes = [f"Slices failed with {', '.join(failed)}: not recommended"] if failed else []
    cuts: dict[int, list[str]] = {}
    for point in points:
        cuts.setdefault(point.num_slices, []).append(str(point.value))
    same = [values for number, values in cuts.items() if number and len(values) > 1]
    return notes + [f"{' and '.join(values)} give the same number of slices" for values in same]
