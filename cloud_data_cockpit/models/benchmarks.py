"""Records of benchmarks: what is asked for, every measurement, what it comes to, and where it was made."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, model_validator

from .base import Queued, Record

Spacing = Literal["linear", "geometric"]
Verdict = Literal["best", "cheaper", "no difference", "only one", "none"]


class SweepValues(Record):
    """Which values are tried: a list, `count` from `start` to `stop`, or (`search` "best") the best between these.

    Without `values`, `start` and `stop`, a search finds bounds that suit the object.
    """

    values: tuple[int, ...] = ()
    start: int | None = Field(default=None, ge=1)
    stop: int | None = Field(default=None, ge=1)
    count: int = Field(default=8, ge=2, le=64)
    spacing: Spacing = "geometric"
    search: Literal["all", "best"] = "all"

    @model_validator(mode="after")
    def _sound(self) -> SweepValues:
        if any(value < 1 for value in self.values):
            raise ValueError("values are at least 1")
        if len(self.values) > 64:
            raise ValueError("64 values are the most; use a range with geometric steps")
        if (self.start is None) != (self.stop is None):
            raise ValueError("start and stop belong together; give both")
        if self.start is not None and self.stop is not None and self.start > self.stop:
            raise ValueError("start must not be above stop")
        if self.search == "all" and not self.values and self.start is None:
            raise ValueError("give values, or start and stop, or search for the best")
        return self


class Prices(Record):
    """What a service asks for: S3 Standard's list prices in us-east-1 unless told otherwise.

    `transfer_per_gb` (10^9 bytes) is for data that leave the region, to the internet; within a region it is 0.
    """

    currency: str = "USD"
    get_per_thousand: float = Field(default=0.0004, ge=0)
    transfer_per_gb: float = Field(default=0.09, ge=0)
    note: str = "S3 Standard, us-east-1, read over the internet"


class BenchmarkRequest(Queued):
    """A sweep over `parameter` of the cut of `uri`.

    `timed`: "read" (bytes), "get" (the natural object), a view of the format, or "module:function". `per` tells whether
    a function takes one slice or, as the first Data Cockpit's did, all of them and gives seconds; "auto" goes by the
    name of its argument (`slices`).
    """

    kind: Literal["benchmark"] = "benchmark"
    connection: str | None = None
    uri: str
    format: str | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    parameter: str = "num_slices"
    sweep: SweepValues = SweepValues(search="best")
    timed: str = "read"
    per: Literal["auto", "slice", "slices"] = "auto"
    repeats: int = Field(default=3, ge=1, le=100)
    warm_up: int = Field(default=1, ge=0, le=10)
    executor: str = "threads"
    executor_options: dict[str, Any] = Field(default_factory=dict)
    seed: int = 0
    prices: Prices = Prices()


class Machine(Record):
    """Where a benchmark was made."""

    system: str
    cpu_count: int
    python: str
    package: str


class BenchmarkRun(Record):
    """One measurement: all slices of one value, once. Seconds; bytes of the object; `peak_memory` in bytes.

    `round` counts from 0 and in it every value is measured once; `stage` is that of a search. `peak_memory` is the
    resident memory of the largest process that read. `requests` is None where the source does not count them.
    """

    value: int
    stage: int
    round: int
    partition_seconds: float
    seconds: float
    num_slices: int
    bytes: int
    records: int
    requests: int | None
    peak_memory: int | None
    slice_median: float | None
    slice_p95: float | None
    failures: int
    problem: str | None = None


class BenchmarkPoint(Record):
    """A value and what its measurements come to; `throughput` in bytes a second with its 95 % interval.

    Seconds and throughput are geometric means, other figures medians over the runs, `peak_memory` and `failures` their
    largest. `cost` is for reading the object once. `as_fast` tells that it cannot be told apart from the fastest.
    """

    value: int
    num_slices: int
    slice_bytes: int
    runs: int
    stage: int
    partition_seconds: float
    seconds: float | None
    throughput: float | None
    throughput_low: float | None
    throughput_high: float | None
    slice_median: float | None
    slice_p95: float | None
    requests: int | None
    bytes: int
    cost: float | None
    peak_memory: int | None
    failures: int
    problem: str | None
    as_fast: bool


class Recommendation(Record):
    """The value to use, and how sure that is.

    `gain` is its throughput over that of the fastest value that can be told apart from it, with a 95 % bootstrap
    interval. Verdicts: "best"; "cheaper": as fast as the fastest as far as can be told, with fewer requests or slices;
    "no difference": none of the values can be told apart, the cheapest is named; "none": every value failed.
    """

    verdict: Verdict
    value: int | None
    num_slices: int | None = None
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    words: str


class BenchmarkResult(Record):
    """A finished sweep, or one under way (`finished` false): saved as JSON, comparable between runs and machines.

    `index_seconds` is None when the index was there already. `seconds` is the length of the whole sweep.
    """

    version: Literal[1] = 1
    id: str
    created: datetime
    finished: bool
    uri: str
    etag: str
    size: int
    connection: str | None
    format: str
    params: dict[str, Any]
    parameter: str
    sweep: SweepValues
    timed: str
    executor: str
    workers: int
    machine: Machine
    repeats: int
    warm_up: int
    seed: int
    prices: Prices
    index_seconds: float | None
    seconds: float
    points: list[BenchmarkPoint]
    runs: list[BenchmarkRun]
    recommendation: Recommendation | None
    notes: list[str]


class BenchmarkSummary(Record):
    """A line of the list of saved benchmarks."""

    id: str
    created: datetime
    finished: bool
    uri: str
    format: str
    parameter: str
    timed: str
    executor: str
    workers: int
    machine: Machine
    verdict: Verdict | None
    value: int | None
    throughput: float | None
