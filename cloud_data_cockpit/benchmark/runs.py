"""One measurement as a record, from what the workers told of their slices."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from ..models import BenchmarkRun
from .timing import Timing


def run_of(
    value: int,
    stage: int,
    round: int,
    partition_seconds: float,
    seconds: float,
    timings: Sequence[Timing],
    *,
    per_slice: bool,
) -> BenchmarkRun:
    """What the slices of one value took together; times of single slices only where they were timed one by one."""
    sound = [timing for timing in timings if timing.failure is None]
    problems = [timing.failure for timing in timings if timing.failure is not None]
    each = [timing.seconds for timing in sound] if per_slice else []
    peaks = [timing.peak for timing in timings if timing.peak is not None]
    return BenchmarkRun(
        value=value,
        stage=stage,
        round=round,
        partition_seconds=partition_seconds,
        seconds=seconds,
        num_slices=sum(timing.slices for timing in timings),
        bytes=sum(timing.nbytes for timing in sound),
        records=sum(timing.records for timing in sound),
        requests=_requests(timings),
        peak_memory=max(peaks, default=None),
        slice_median=median(each) if each else None,
        slice_p95=float(np.quantile(each, 0.95)) if each else None,
        failures=len(problems),
        problem=problems[0] if problems else None,
    )


def failed_run(value: int, stage: int, round: int, problem: str) -> BenchmarkRun:
    """A value that could not be cut, or whose slices ended their workers."""
    return BenchmarkRun(
        value=value,
        stage=stage,
        round=round,
        partition_seconds=0,
        seconds=0,
        num_slices=0,
        bytes=0,
        records=0,
        requests=None,
        peak_memory=None,
        slice_median=None,
        slice_p95=None,
        failures=1,
        problem=problem,
    )


def _requests(timings: Sequence[Timing]) -> int | None:
    """What the counters of all sources went up by: slices of one process count with the same one, at the same time."""
    spans: dict[tuple[int, int], tuple[int, int]] = {}
    for timing in timings:
        if timing.before is None or timing.after is None:
            return None
        low, high = spans.get(timing.source, (timing.before, timing.after))
        spans[timing.source] = min(low, timing.before), max(high, timing.after)
    return sum(high - low for low, high in spans.values()) if spans else None
