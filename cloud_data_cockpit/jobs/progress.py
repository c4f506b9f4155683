"""How far a job has come, told from any of its threads; and where it stops when it has been cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import Cancelled

if TYPE_CHECKING:
    from ..models import LogLevel
    from .store import Store

MOST_NOTES = 50
"""Notes that a job keeps; of further ones it keeps the number."""


class Progress:
    """`done` of `total` in the unit of the kind, `items` of `items_total` whole objects, a `phase`, and `notes`.

    Every method may be called from any thread, tells what has changed, and raises Cancelled once the job has been
    stopped, except `note` and `log`. Called as `progress(done, total)` it is what formats take as their `report`.
    `job_id` and `store` are for jobs that remember how far they came.
    """

    def __init__(
        self,
        tell: Callable[[Mapping[str, Any]], None],
        stop: threading.Event,
        *,
        job_id: str = "",
        store: Store | None = None,
        closing: threading.Event | None = None,
        keep: Callable[[Mapping[str, Any]], object] | None = None,
        log: Callable[[str, LogLevel], None] | None = None,
    ) -> None:
        self.job_id = job_id
        self.store = store
        self._closing = closing
        self._keep = keep
        self._log = log
        self._tell = tell
        self._stop = stop
        self._lock = threading.Lock()
        self._notes: list[str] = []
        self._left_out = 0
        self.done = 0
        self.total = 0
        self.items = 0
        self.items_total = 0
        self.phase = ""

    def __call__(self, done: int, total: int) -> None:
        self.update(done=done, total=total)

    def check(self) -> None:
        """Raise Cancelled if the job has been stopped; call it at least every half second."""
        if self._stop.is_set():
            raise Cancelled("the job was cancelled")

    @property
    def stop(self) -> threading.Event:
        """Set once the job has been stopped: what engines take, so that they end in the midst of a slow read."""
        return self._stop

    @property
    def stopped(self) -> bool:
        """Whether the job has been stopped; for loops that have to tidy up instead of raising."""
        return self._stop.is_set()

    @property
    def closing(self) -> bool:
        """Whether the job is stopped because its server ends: one that can go on leaves what it has begun."""
        return self._closing is not None and self._closing.is_set()

    def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the job is stopped, which raises Cancelled."""
        self._stop.wait(seconds)
        self.check()

    def update(
        self,
        *,
        done: int | None = None,
        total: int | None = None,
        items: int | None = None,
        items_total: int | None = None,
        phase: str | None = None,
    ) -> None:
        """Set what is given."""
        self.check()
        given = {"done": done, "total": total, "items": items, "items_total": items_total, "phase": phase}
        changes = {name: value for name, value in given.items() if value is not None}
        with self._lock:
            for name, value in changes.items():
                setattr(self, name, value)
            self._tell(changes)

    def add(self, done: int = 0, items: int = 0, total: int = 0, items_total: int = 0) -> None:
        """Count on from what there was: several threads may do so at once. Negative numbers take back."""
        self.check()
        with self._lock:
            self.done += done
            self.items += items
            self.total += total
            self.items_total += items_total
            counted = {"done": self.done, "items": self.items, "total": self.total, "items_total": self.items_total}
            self._tell(counted)

    def phase_is(self, phase: str) -> None:
        """What the job is busy with now."""
        self.update(phase=phase)

    def keep(self, **fields: Any) -> None:
        """Set fields of the job that must outlive the server from this moment on; blocks until they are saved."""
        self.check()
        if self._keep is not None:
            self._keep(fields)

    def log(self, text: str, level: LogLevel = "info") -> None:
        """A line for the log of the job, which tells what happened when."""
        if self._log is not None:
            self._log(text, level)

    def note(self, text: str, level: LogLevel = "warning") -> None:
        """Keep a line for people with the job, and in its log; beyond MOST_NOTES the job has only their number."""
        self.log(text, level)
        with self._lock:
            if len(self._notes) < MOST_NOTES:
                self._notes.append(text)
            else:
                self._left_out += 1
            more = [f"and {self._left_out:,} more"] if self._left_out else []
            self._tell({"notes": [*self._notes, *more]})
