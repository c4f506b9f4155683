"""The sweep: every value cut and timed in random order, round after round; the slower ones left out in a search."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

from ..errors import BadRequest, Cancelled, Conflict, FormatError, TaskFailed
from ..executors import Executor, Stop, as_run, open_executor
from ..formats.base import Report
from ..models import BenchmarkRequest, BenchmarkResult, BenchmarkRun, Prices, SweepValues
from ..slicing.checkpoints import Checkpoint
from ..slicing.open import ConnectionLike
from ..slicing.opened import held
from ..slicing.slices import Slices
from ..source import Source
from .results import kept, new_id, summed_up
from .runs import failed_run, run_of
from .subject import Subject
from .timing import Clock, Per, Timed, Timing, call_of, name_of, now, takes_all, time_slice, time_slices
from .values import most_runs, shuffled, stages, values_of

Watch = Callable[[BenchmarkResult], None]
Values = SweepValues | Sequence[int] | Literal["best"]


def sweep(
    what: str | os.PathLike[str] | Source,
    *,
    parameter: str = "num_slices",
    values: Values = "best",
    between: tuple[int, int] | None = None,
    format: str | None = None,
    connection: ConnectionLike = None,
    params: Mapping[str, Any] | None = None,
    timed: Timed = "read",
    per: Per = "auto",
    repeats: int = 3,
    warm_up: int = 1,
    executor: str | Executor = "threads",
    executor_options: Mapping[str, Any] | None = None,
    seed: int = 0,
    prices: Prices | None = None,
    report: Report | None = None,
    stop: Stop | None = None,
    watch: Watch | None = None,
    resume: BenchmarkResult | None = None,
    checkpoint: Checkpoint | None = None,
    clock: Clock = now,
) -> BenchmarkResult:
    """Time the slices of `what` for several values of `parameter`, and say which value to use. Nothing is saved.

    `what` is a URI, a file, or a Source (with engines of this process). `values` is a list, a SweepValues (linear or
    geometric steps) or "best": the best between the two of `between` is searched, the fastest third going on each
    time. `parameter` is one of the format's ways to cut, or "slice_bytes", which for a format that does not know it
    becomes a number of slices. `timed` is what is done with a slice: "read", "get", a view, "package.module:function",
    or a function; one whose first argument is called `slices` (or `per="slices"`) is called once with all of them, and
    the number that it gives is taken for seconds.
    Every round measures all values in random order, `repeats` rounds after `warm_up` measurements that do not count.
    `report(done, total)` counts measurements and may raise Cancelled, as `stop` does; `watch(result)` is given what is
    there after every measurement, and `resume` takes such a result up again; an index that has to be made first goes
    on from the blocks in `checkpoint`, and keeps its own there. BadRequest for choices that cannot be.
    """
    if repeats < 1 or warm_up < 0:
        raise BadRequest("repeats is at least 1 and warm_up at least 0")
    subject = Subject(what, connection, format, params or {}, parameter)
    call_of(timed)
    chosen = _chosen(values, between)
    with ExitStack() as stack:
        engine = executor if not isinstance(executor, str) else None
        if engine is None:
            engine = stack.enter_context(open_executor(str(executor), **(executor_options or {})))
        if subject.given is not None:
            if not engine.local:
                raise BadRequest(f"a Source cannot be read on {engine.name}: give its URI, or use threads")
            stack.enter_context(held(subject.given))
        plan = Plan(chosen, values_of(chosen, subject.bounds(engine.workers) if _open(chosen) else (1, 1)), repeats)
        work = Sweep(
            subject, engine, plan, timed, takes_all(timed, per), warm_up, seed, prices or Prices(),
            report or _silent, stop, watch, checkpoint, clock,
        )  # fmt: skip
        return work.whole(resume)


def sweep_for(
    request: BenchmarkRequest,
    *,
    timed: Timed | None = None,
    report: Report | None = None,
    stop: Stop | None = None,
    watch: Watch | None = None,
    resume: BenchmarkResult | None = None,
    checkpoint: Checkpoint | None = None,
    executor: Executor | None = None,
) -> BenchmarkResult:
    """The sweep that a request asks for; nothing is saved. As `sweep`. `timed`, `executor` replace the request's."""
    return sweep(
        request.uri,
        parameter=request.parameter,
        values=request.sweep,
        format=request.format,
        connection=request.connection,
        params=request.params,
        timed=request.timed if timed is None else timed,
        per=request.per,
        repeats=request.repeats,
        warm_up=request.warm_up,
        executor=executor or request.executor,
        executor_options=request.executor_options,
        seed=request.seed,
        prices=request.prices,
        report=report,
        stop=stop,
        watch=watch,
        resume=resume,
        checkpoint=checkpoint,
    )


@dataclass(frozen=True)
class Plan:
    """Which values are tried, how they are chosen, and how often each is measured."""

    chosen: SweepValues
    values: list[int]
    repeats: int


@dataclass
class Sweep:
    """One sweep under way."""

    subject: Subject
    engine: Executor
    plan: Plan
    timed: Timed
    all_at_once: bool
    warm_up: int
    seed: int
    prices: Prices
    report: Report
    stop: Stop | None
    watch: Watch | None
    checkpoint: Checkpoint | None
    clock: Clock

    def __post_init__(self) -> None:
        self._runs: list[BenchmarkRun] = []
        self._known: dict[tuple[int, int, int], BenchmarkRun] = {}
        self._indexed: float | None = None
        self._scanned = False
        self._id = new_id(self.subject.source.uri)
        self._created = datetime.now(UTC)
        self._begun = time.monotonic()
        self._total = self.warm_up + most_runs(self.plan.values, self.plan.repeats, self.plan.chosen.search)
        self._done = 0

    def whole(self, resume: BenchmarkResult | None) -> BenchmarkResult:
        """From the index to the recommendation."""
        if resume is not None:
            self._take_up(resume)
        for value in self.plan.values:
            self.subject.check(value)
        self._tell()
        self._index()
        self._warm()
        values, round = list(self.plan.values), 0
        for stage, (number, rounds) in enumerate(stages(values, self.plan.repeats, self.plan.chosen.search)):
            values = kept(values, [run for run in self._runs if run.stage == stage - 1], number, self.seed)
            for _ in range(rounds):
                for value in shuffled(values, self.seed, round):
                    self._measure(value, stage, round)
                round += 1
        return self._result(finished=True)

    def _take_up(self, resume: BenchmarkResult) -> None:
        source = self.subject.source
        same = (resume.uri, resume.etag, resume.parameter, resume.seed, resume.sweep, resume.timed)
        if same != (source.uri, source.etag, self.subject.parameter, self.seed, self.plan.chosen, name_of(self.timed)):
            raise Conflict("the benchmark that is to be resumed is of another object or of other choices; start anew")
        self._id, self._created, self._indexed = resume.id, resume.created, resume.index_seconds
        self._known = {(run.stage, run.round, run.value): run for run in resume.runs}
        self._begun -= resume.seconds

    # --- one measurement -----------------------------------------------------------------------

    def _index(self) -> None:
        """The first cut makes the index when there is none; how long that took is told apart from later cuts."""
        value = self.plan.values[0]
        started = self.clock()
        self._cut(value, self.checkpoint)
        seconds = self.clock() - started
        if self._scanned:
            # What is left of a scan that was broken off says nothing of how long the whole takes.
            self._indexed = None if self.checkpoint and self.checkpoint.found else seconds
            self._scanned = False
        if self.checkpoint is not None:
            self.checkpoint.drop()

    def _warm(self) -> None:
        """Start workers and open connections with the middle value; whoever comes first would pay for that."""
        middle = self.plan.values[len(self.plan.values) // 2]
        for _ in range(self.warm_up):
            if len(self._known) < self._total - self.warm_up:
                with _mendable():
                    self._timings(self._cut(middle))
            self._step()

    def _measure(self, value: int, stage: int, round: int) -> None:
        run = self._known.get((stage, round, value))
        self._runs.append(run if run is not None else self._measured(value, stage, round))
        self._step()
        if self.watch is not None and run is None:
            self.watch(self._result(finished=False))

    def _measured(self, value: int, stage: int, round: int) -> BenchmarkRun:
        started = self.clock()
        try:
            slices = self._cut(value)
            cut_at = self.clock()
            timings = self._timings(slices)
        except (TaskFailed, BadRequest, FormatError) as error:
            return failed_run(value, stage, round, error.message)
        wall = self.clock() - cut_at
        told = timings[0].seconds if self.all_at_once and timings else wall
        return run_of(value, stage, round, cut_at - started, told, timings, per_slice=not self.all_at_once)

    def _cut(self, value: int, checkpoint: Checkpoint | None = None) -> Slices:
        def tell(done: int, total: int) -> None:
            self._scanned = True
            self._tell()

        run = as_run(self.engine, stop=self.stop, connection=self.subject.connection)
        return self.subject.cut(value, tell, run, checkpoint)

    def _timings(self, slices: Slices) -> list[Timing]:
        if self.all_at_once:
            return list(self._in_thread(slices))
        timings = []
        task = partial(time_slice, self.timed, self.clock)
        for _, timing in self.engine.run(task, slices, stop=self.stop, connection=self.subject.connection):
            timings.append(timing)
            self._tell()
        return timings

    def _in_thread(self, slices: Slices) -> Iterator[Timing]:
        """A function that takes all slices runs in a thread of its own, so that a stop need not wait for it."""
        with open_executor("threads", workers=1, tries=1) as own:
            for _, timing in own.run(partial(time_slices, self.timed, self.clock), [list(slices)], stop=self.stop):
                yield timing

    # --- telling ---------------------------------------------------------------------------------

    def _step(self) -> None:
        self._done = min(self._done + 1, self._total)
        self._tell()

    def _tell(self) -> None:
        if self.stop is not None and self.stop.is_set():
            raise Cancelled("the benchmark was stopped")
        self.report(self._done, self._total)

    def _result(self, *, finished: bool) -> BenchmarkResult:
        subject = self.subject
        return summed_up(
            self._runs,
            last=finished,
            seed=self.seed,
            prices=self.prices,
            fields={
                "id": self._id,
                "created": self._created,
                "finished": finished,
                "uri": subject.source.uri,
                "etag": subject.source.etag,
                "size": subject.source.size,
                "connection": subject.connection.name if subject.connection else None,
                "format": subject.format.name,
                "params": subject.params,
                "parameter": subject.parameter,
                "sweep": self.plan.chosen,
                "timed": name_of(self.timed),
                "executor": self.engine.name,
                "workers": self.engine.workers,
                "repeats": self.plan.repeats,
                "warm_up": self.warm_up,
                "seed": self.seed,
                "prices": self.prices,
                "index_seconds": self._indexed,
                "seconds": time.monotonic() - self._begun,
            },
        )


def _chosen(values: Values, between: tuple[int, int] | None) -> SweepValues:
    if isinstance(values, SweepValues):
        return values
    try:
        if values == "best":
            start, stop = between or (None, None)
            return SweepValues(start=start, stop=stop, search="best")
        if isinstance(values, str) or not values:
            raise BadRequest('values is a list of numbers, a SweepValues or "best"')
        return SweepValues(values=tuple(int(value) for value in values))
    except ValueError as error:
        raise BadRequest(f"these values cannot be tried: {error}") from None


def _open(chosen: SweepValues) -> bool:
    return not chosen.values and chosen.start is None


@contextmanager
def _mendable() -> Iterator[None]:
    """What fails while warming up fails again when it is measured, and is told there."""
    try:
        yield
    except (TaskFailed, BadRequest, FormatError):
        return


def _silent(done: int, total: int) -> None:
    """Nobody asked for progress."""
