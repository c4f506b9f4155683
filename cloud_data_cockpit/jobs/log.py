"""What happened to each job, line by line: bounded, kept with the job, forgotten with it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from ..models import JobLog, LogLevel, LogLine
from .store import Store
from .tracebacks import redacted

KEPT = 1000
"""Lines of a job that are kept, the newest."""
LONGEST = 2000
"""Characters of a line."""
INTERVAL = 0.5
"""Seconds for which lines of one job are gathered before they are written, when many come."""

_Row = tuple[str, str, str]


class Logs:
    """The logs of all jobs of a store. Every method may be called from any thread; those that write block a moment."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._waiting: dict[str, list[_Row]] = {}
        self._dropped: dict[str, int] = {}
        self._written: dict[str, float] = {}

    def add(self, job_id: str, text: str, level: LogLevel = "info") -> None:
        """A line; signatures and credentials of URLs are taken out of it."""
        text = redacted(text)
        row = (datetime.now(UTC).isoformat(), level, text if len(text) <= LONGEST else f"{text[:LONGEST]} ...")
        with self._lock:
            rows = self._waiting.setdefault(job_id, [])
            rows.append(row)
            if len(rows) > KEPT:
                rows.pop(0)
                self._dropped[job_id] = self._dropped.get(job_id, 0) + 1
            is_due = time.monotonic() - self._written.get(job_id, float("-inf")) >= INTERVAL
        if is_due:
            self.flush(job_id)

    def flush(self, job_id: str, *, last: bool = False) -> None:
        """Write what waits; with `last` this was the last for now."""
        with self._lock:
            rows = self._waiting.pop(job_id, [])
            dropped = self._dropped.pop(job_id, 0)
            if last:
                self._written.pop(job_id, None)
            elif rows:
                self._written[job_id] = time.monotonic()
            if rows:
                self._write(job_id, rows, dropped)

    def read(self, job_id: str) -> JobLog:
        """The log of a job. NotFound when there is no such job."""
        self._store.owner(job_id)
        self.flush(job_id)
        rows = self._store.rows("SELECT number, at, level, text FROM lines WHERE job_id = ? ORDER BY number", job_id)
        lines = [LogLine.model_validate({"at": at, "level": level, "text": text}) for _, at, level, text in rows]
        return JobLog(lines=lines, total=rows[-1][0] if rows else 0)

    def _write(self, job_id: str, rows: list[_Row], dropped: int) -> None:
        with self._store.writing() as db:
            if db.execute("SELECT 1 FROM jobs WHERE id = ?", (job_id,)).fetchone() is None:
                return
            (last,) = db.execute("SELECT coalesce(max(number), 0) FROM lines WHERE job_id = ?", (job_id,)).fetchone()
            first = last + dropped + 1
            db.executemany(
                "INSERT INTO lines (job_id, number, at, level, text) VALUES (?, ?, ?, ?, ?)",
                [(job_id, number, *row) for number, row in enumerate(rows, first)],
            )
            db.execute("DELETE FROM lines WHERE job_id = ? AND number <= ?", (job_id, first + len(rows) - 1 - KEPT))
