"""Who begins next: a bounded pool of threads before which jobs wait, by priority, and in turn between users."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

from ..models import Priority

ONE_IN = 8
"""Of so many that begin while others of a lower priority wait, the last is the one of these that waits longest."""

_LEVELS: dict[Priority, int] = {"low": 0, "normal": 1, "high": 2}


@dataclass(frozen=True, eq=False)
class _Waiting:
    number: int
    level: int
    user: str
    work: Callable[[], None]
    future: Future[None] = field(default_factory=Future)


class Queue:
    """At most `bound` jobs run at once. Of those that wait, one of the highest priority begins.

    Among equals it is one of the user of whom the fewest run; then of the user whose turn is longest ago; then the
    oldest. So that none waits for ever, one in ONE_IN is taken from below the highest priority.
    """

    def __init__(self, bound: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(bound, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._running: Counter[str] = Counter()
        self._turns: dict[str, int] = {}
        self._numbers = count()
        self._begun = count(1)
        self._passed_over = 0

    def submit(self, work: Callable[[], None], priority: Priority = "normal", user: str = "") -> Future[None]:
        """Have `work` done when its turn comes; what is returned can be cancelled until then."""
        entry = _Waiting(next(self._numbers), _LEVELS[priority], user, work)
        with self._lock:
            self._waiting.append(entry)
        entry.future.add_done_callback(lambda _: self._leave(entry))
        self._pool.submit(self._next)
        return entry.future

    def shutdown(self) -> None:
        """Begin nothing any more; what runs goes on to its end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _next(self) -> None:
        """One for each that was submitted: those that were cancelled leave a call of this with nothing to do."""
        entry = self._begin()
        if entry is None:
            return
        try:
            entry.work()
        except BaseException as error:  # noqa: BLE001 - who waits for the future raises it
            self._end(entry)
            entry.future.set_exception(error)
        else:
            self._end(entry)
            entry.future.set_result(None)

    def _begin(self) -> _Waiting | None:
        with self._lock:
            while self._waiting:
                entry = self._choose()
                self._waiting.remove(entry)
                if entry.future.set_running_or_notify_cancel():
                    self._running[entry.user] += 1
                    self._turns[entry.user] = next(self._begun)
                    return entry
        return None

    def _choose(self) -> _Waiting:
        highest = max(entry.level for entry in self._waiting)
        lower = [entry for entry in self._waiting if entry.level < highest]
        self._passed_over = self._passed_over + 1 if lower else 0
        if self._passed_over == ONE_IN:
            self._passed_over = 0
            return min(lower, key=lambda entry: entry.number)
        equals = [entry for entry in self._waiting if entry.level == highest]
        return min(equals, key=lambda entry: (self._running[entry.user], self._turns.get(entry.user, 0), entry.number))

    def _end(self, entry: _Waiting) -> None:
        with self._lock:
            self._running[entry.user] -= 1
            if not self._running[entry.user]:
                del self._running[entry.user]

    def _leave(self, entry: _Waiting) -> None:
        if entry.future.cancelled():
            with self._lock:
                if entry in self._waiting:
                    self._waiting.remove(entry)
