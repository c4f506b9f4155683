"""One call of `run`: tasks launched as there is room, brought home as they end, done again when their worker died."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..errors import Cancelled, CockpitError, CredentialsError, ServiceError, TaskFailed
from .base import Describe, Stop
from .travel import Outcome, opened

if TYPE_CHECKING:
    from .engine import Engine

R = TypeVar("R")

POLL = 0.1
"""Seconds between looks at `stop`."""


@dataclass
class _Task:
    index: int
    item: Any
    raised: int = 0
    died: int = 0
    alone: bool = False


@dataclass(frozen=True)
class _Landed:
    task: _Task
    future: Future[Any]


@dataclass(frozen=True)
class _Refused:
    """The engine could not be started, or took no tasks."""

    error: Exception


class Flight(Generic[R]):
    """The state of one call. Used by one thread; futures and the engine's thread only put events into its queue."""

    def __init__(
        self,
        engine: Engine,
        make: Callable[[Any], Any],
        items: Iterable[Any],
        stop: Stop | None,
        window: int | None,
        describe: Describe,
    ) -> None:
        self._engine = engine
        self._make = make
        self._items = enumerate(items)
        self._stop = stop
        self._window = window
        self._describe = describe
        self._tries = engine.chosen.tries
        self._flying: dict[int, _Task] = {}
        self._futures: dict[int, Future[Any]] = {}
        self._again: deque[_Task] = deque()
        # Those whose worker died beside others: each is done alone, so that it shows which of them it is.
        self._suspects: deque[_Task] = deque()
        self._events: SimpleQueue[_Landed | _Refused] = SimpleQueue()
        self._horizon: int | None = None
        self._taken = 0
        self._exhausted = False

    def results(self) -> Generator[tuple[int, R], None, None]:
        """(index, result) as they come."""
        try:
            while True:
                self._check_stop()
                self._fill()
                if not self._flying:
                    return
                event = self._next_event()
                if isinstance(event, _Refused):
                    raise event.error
                if isinstance(event, _Landed):
                    yield from self._land(event)
        finally:
            self._leave()

    def in_order(self) -> Iterator[R]:
        """The results in the order of the items; one that ends early waits, and counts for the window."""
        early: dict[int, R] = {}
        turn = 0
        self._horizon = self._room()
        found = self.results()
        with contextlib.closing(found):
            for index, result in found:
                early[index] = result
                while turn in early:
                    yield early.pop(turn)
                    turn += 1
                    self._horizon = turn + self._room()

    # --- launching -----------------------------------------------------------------------------

    def _room(self) -> int:
        return self._window or self._engine.ahead * self._engine.workers

    def _fill(self) -> None:
        if self._suspects:
            if not self._flying:
                task = self._suspects.popleft()
                task.alone = True
                self._launch([task])
            return
        room = self._room() - len(self._flying)
        if room < min(self._engine.batch, self._room()) and self._flying:
            return
        tasks: list[_Task] = []
        while len(tasks) < room and (following := self._next_task()) is not None:
            tasks.append(following)
        if tasks:
            self._launch(tasks)

    def _next_task(self) -> _Task | None:
        if self._again:
            return self._again.popleft()
        if self._exhausted or (self._horizon is not None and self._taken >= self._horizon):
            return None
        for index, item in self._items:
            self._taken = index + 1
            return _Task(index, item)
        self._exhausted = True
        return None

    def _launch(self, tasks: Sequence[_Task]) -> None:
        made = [self._make(task.item) for task in tasks]
        for task in tasks:
            self._flying[task.index] = task
        events, futures, engine = self._events, self._futures, self._engine

        def go() -> None:
            try:
                begun = engine.launch(made)
            except Exception as error:  # noqa: BLE001 - who waits for the tasks raises it
                events.put(_Refused(error))
                return
            for task, future in zip(tasks, begun, strict=True):
                futures[task.index] = future
                future.add_done_callback(partial(_tell, events, task))

        engine.drive(go)

    # --- bringing home -------------------------------------------------------------------------

    def _next_event(self) -> _Landed | _Refused | None:
        with contextlib.suppress(Empty):
            return self._events.get(timeout=POLL if self._stop is not None else 1.0)
        return None

    def _land(self, event: _Landed) -> Iterator[tuple[int, R]]:
        task = event.task
        del self._flying[task.index]
        self._futures.pop(task.index, None)
        outcome = self._outcome(event)
        if outcome is None:
            return
        if outcome.error is None:
            yield task.index, outcome.value
            return
        task.raised += 1
        if _is_final(outcome.error) or task.raised >= self._tries:
            raise self._named(task, outcome)
        self._tell(f"{self._words(task)} failed, so it is done again: {type(outcome.error).__name__}: {outcome.error}")
        self._again.append(task)

    def _outcome(self, event: _Landed) -> Outcome | None:
        """What came of the task; None when its worker died and it is to be done again."""
        task = event.task
        try:
            return opened(event.future.result())
        except CancelledError:
            self._died(task, 1, "the engine dropped it")
        except Exception as error:  # what an engine raises when a worker dies is its own matter
            deaths = self._engine.deaths(error)
            if not deaths:
                raise TaskFailed(
                    f"{self._words(task)} could not be done by {self._engine.title}: {type(error).__name__}: {error}"
                ) from error
            self._died(task, deaths, str(error))
        return None

    def _died(self, task: _Task, deaths: int, why: str) -> None:
        task.died += deaths
        known = task.alone or self._engine.exact
        if known and task.died >= self._tries:
            raise TaskFailed(
                f"{self._words(task)} has ended its worker {task.died} times, so it is not tried again ({why}); "
                "it may need more memory than a worker has, or a library in it may crash: cut smaller slices, or "
                "take this one out"
            )
        self._tell(f"A worker was lost ({why}), so {self._words(task)} is done again")
        (self._again if known else self._suspects).append(task)

    def _named(self, task: _Task, outcome: Outcome) -> Exception:
        error = outcome.error
        if error is None:
            raise ValueError("there is no error to name")
        if outcome.trace:
            error.add_note(f"on the worker:\n{outcome.trace}")
        if isinstance(error, Cancelled):
            return error
        if isinstance(error, CockpitError):
            error.args = (f"{error} ({self._words(task)}{self._where(error)})", *error.args[1:])
            return error
        times = "once" if task.raised == 1 else f"{task.raised} times"
        failed = TaskFailed(f"{self._words(task)} failed {times}: {type(error).__name__}: {error}")
        failed.__cause__ = error
        return failed

    def _where(self, error: CockpitError) -> str:
        """Whose credentials are meant, where workers have others than this process."""
        engine = self._engine
        if not isinstance(error, CredentialsError) or engine.local or engine.chosen.forward_credentials:
            return ""
        lending = "" if engine.lends else ", or send yours along with forward_credentials"
        return f", on a worker: give workers credentials of their own{lending}"

    def _tell(self, words: str) -> None:
        if self._engine.watcher is not None:
            self._engine.watcher(words)

    def _words(self, task: _Task) -> str:
        return self._describe(task.index, task.item)

    # --- ending --------------------------------------------------------------------------------

    def _check_stop(self) -> None:
        if self._stop is not None and self._stop.is_set():
            raise Cancelled(f"stopped by request; {self._engine.title} works at none of these tasks any more")

    def _leave(self) -> None:
        """Drop what is still under way. What is being launched at this moment is dropped after it was launched."""
        if not self._flying:
            return
        engine, futures, flying = self._engine, self._futures, list(self._flying)
        self._flying = {}

        def drop() -> None:
            engine.drop([futures[index] for index in flying if index in futures])

        engine.drive(drop, start=False)


def _tell(events: SimpleQueue[_Landed | _Refused], task: _Task, future: Future[Any]) -> None:
    events.put(_Landed(task, future))


def _is_final(error: Exception) -> bool:
    """Whether another try cannot mend it: what the user, the object or the service's rules got wrong."""
    return isinstance(error, CockpitError) and not isinstance(error, ServiceError | TaskFailed)
