"""The jobs of this server while they live: one place where they change, are saved and are made known."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ..models import Job, LogLevel, Problem, Record
from .log import Logs
from .pace import Pace, seconds_left
from .store import ENDED, Store

INTERVAL = 0.2
"""Seconds between two reports of progress of one job; changes of state are always told."""


class Board:
    """Live jobs in memory, ended ones in the store. Every method may be called from any thread.

    `notify(job)` is called in the thread of `loop`. Methods that write to the store block for a moment: in the loop's
    thread use `asyncio.to_thread`.
    """

    def __init__(
        self, store: Store, owner: str, notify: Callable[[Job], None], loop: asyncio.AbstractEventLoop
    ) -> None:
        self.store = store
        self.logs = Logs(store)
        self._owner = owner
        self._notify = notify
        self._loop: asyncio.AbstractEventLoop | None = loop
        self._live: dict[str, Job] = {}
        self._told: dict[str, float] = {}
        self._paces: dict[str, Pace] = {}
        self._lock = threading.Lock()
        self._saving = threading.Lock()

    def add(self, job: Job, request: Record | None = None) -> Job:
        """A new job, and what it was asked for by if that is to be kept; blocks until it is saved."""
        with self._lock:
            self._live[job.id] = job
            self._tell(job)
        self._save(job.id)
        if request is not None:
            self.store.keep_request(job.id, request.model_dump_json())
        self.log(job.id, _asked(job))
        return job

    def log(self, job_id: str, text: str, level: LogLevel = "info") -> None:
        """A line for the log of a job; it may block for a moment."""
        self.logs.add(job_id, text, level)

    def request(self, job_id: str) -> str | None:
        """What the job was asked for by, as JSON; None when that was not kept. NotFound without such a job; blocks."""
        return self.store.request(job_id)

    def is_live(self, job_id: str) -> bool:
        """Whether the job is one of this server's and has not ended."""
        with self._lock:
            return job_id in self._live

    def get(self, job_id: str) -> Job:
        """The job as it stands. NotFound when there is none; blocks when it is not live."""
        with self._lock:
            job = self._live.get(job_id)
            if job is not None:
                return self._paced(job)
        return self.store.get(job_id)

    def latest(self) -> list[Job]:
        """The newest jobs of all servers, newest first; blocks."""
        jobs = self.store.latest()
        with self._lock:
            return [self._paced(self._live[job.id]) if job.id in self._live else job for job in jobs]

    def progress(self, job_id: str, *, save: bool = True, **changes: Any) -> None:
        """Note `done`, `total` or `phase`; told and saved at most once an INTERVAL. With `save` it may block."""
        now = time.monotonic()
        with self._lock:
            job = self._live.get(job_id)
            if job is None:
                return
            if changes.get("phase", job.phase) != job.phase:
                self._paces.pop(job_id, None)
            job = self._live[job_id] = _changed(job, changes)
            if job.state == "running":
                self._paces.setdefault(job_id, Pace()).note(job.done, now)
            due = now - self._told.get(job_id, 0) >= INTERVAL
            if due:
                job = self._live[job_id] = self._paced(job)
                self._tell(job)
        if due and save:
            self._save(job_id)
            self.logs.flush(job_id)

    def change(self, job_id: str, **changes: Any) -> bool:
        """Change a live job, tell and save it; False when it has ended before. Blocks."""
        with self._lock:
            former = self._live.get(job_id)
            if former is None or former.state in ENDED:
                return False
            job = self._live[job_id] = _changed(former, changes)
            self._tell(job)
        self._save(job_id)
        self._log_change(former, job)
        if job.state in ENDED:
            with self._lock:
                for known in (self._live, self._told, self._paces):
                    known.pop(job_id, None)
        return True

    def take(self, job_id: str, former: str, **changes: Any) -> bool:
        """Make a job that nobody works at this server's; False when it is not that of `former` any more. Blocks."""
        if not self.store.take(job_id, former, self._owner):
            return False
        former_job = self.store.get(job_id)
        job = _changed(former_job, changes)
        with self._lock:
            self._live[job_id] = job
            self._tell(job)
        self._save(job_id)
        self._log_change(former_job, job)
        return True

    def amend(self, job_id: str, **changes: Any) -> None:
        """Change a job, also one that nobody works at any more; told and saved. Blocks."""
        if self.change(job_id, **changes):
            return
        former = self.store.get(job_id)
        job = _changed(former, changes)
        self.store.save(job, self._owner)
        self._log_change(former, job)
        with self._lock:
            self._tell(job)
            self._told.pop(job_id, None)

    def fail(self, job_id: str, problem: Problem) -> bool:
        """The job has failed; False when it had ended before. Blocks."""
        return self.change(job_id, state="failed", error=problem)

    def close(self) -> None:
        """Tell nothing any more: the loop is about to end."""
        with self._lock:
            self._loop = None

    def _log_change(self, former: Job, job: Job) -> None:
        line = _what_happened(former, job)
        if line is not None:
            self.log(job.id, *line)
        self.logs.flush(job.id, last=job.state in ENDED)

    def _paced(self, job: Job) -> Job:
        pace = self._paces.get(job.id)
        if pace is None or job.state != "running":
            return job
        rate = pace.rate(job.done, time.monotonic())
        return job.model_copy(update={"rate": rate, "seconds_left": seconds_left(job.done, job.total, rate)})

    def _tell(self, job: Job) -> None:
        self._told[job.id] = time.monotonic()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._notify, job)

    def _save(self, job_id: str) -> None:
        # The job is looked up inside this lock, so that of two savers the later one never writes the older state.
        with self._saving:
            with self._lock:
                job = self._live.get(job_id)
            if job is not None:
                self.store.save(job, self._owner)


def _changed(job: Job, changes: dict[str, Any]) -> Job:
    now = datetime.now(UTC)
    fields: dict[str, Any] = {**changes, "updated": now}
    state = changes.get("state", job.state)
    if state == "running" and job.state != "running":
        fields["started"] = now
    if state != "running":
        fields |= {"rate": None, "seconds_left": None}
    return job.model_copy(update=fields)


def _asked(job: Job) -> str:
    words = [f"{job.title}, asked for by {job.user}" if job.user else job.title]
    words += [f"priority {job.priority}"] if job.priority != "normal" else []
    words += [f"on {job.executor}"] if job.executor else []
    return ", ".join(words)


def _what_happened(former: Job, job: Job) -> tuple[str, LogLevel] | None:
    """The line for a change of state."""
    if former.state == job.state:
        return None
    seconds = (job.updated - (job.started or job.created)).total_seconds()
    why = f": {job.error.message}" if job.error else ""
    if job.state == "queued":
        return "Asked to go on", "info"
    if job.state == "running":
        return f"Begun after waiting {(job.updated - former.updated).total_seconds():.1f} s", "info"
    if job.state == "succeeded":
        return f"Succeeded in {seconds:,.1f} s", "info"
    if job.state == "failed":
        return f"Failed after {seconds:,.1f} s{why}", "error"
    return f"{job.state.capitalize()}{why}", "warning"
