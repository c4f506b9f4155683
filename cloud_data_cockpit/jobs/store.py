"""Jobs in SQLite, so that they are known after a restart; connections by name, no credentials."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir

from ..errors import Conflict, NotFound
from ..models import Job

log = logging.getLogger(__name__)

SCHEMA_VERSION = 4
ENDED = frozenset({"succeeded", "failed", "cancelled", "interrupted"})
"""The states of jobs that nobody works at. Only `interrupted` is ever left again, when the job is `resumable`."""
PATIENCE = 10.0
"""Seconds to wait for another server that writes."""

_EVER = 365_000
_DAMAGED = frozenset({"SQLITE_NOTADB", "SQLITE_CORRUPT"})
_PASSING = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL", "SQLITE_IOERR")

_TABLES = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    record TEXT NOT NULL,
    request TEXT
);
CREATE INDEX jobs_by_state ON jobs (state);
"""
_UPLOADS = """
CREATE TABLE uploads (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    upload_id TEXT NOT NULL,
    connection TEXT NOT NULL,
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT,
    stamp TEXT NOT NULL DEFAULT '',
    part_size INTEGER NOT NULL DEFAULT 0,
    touched REAL NOT NULL DEFAULT 0,
    closed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, upload_id)
);
CREATE TABLE parts (
    job_id TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    part_number INTEGER NOT NULL,
    etag TEXT NOT NULL,
    size INTEGER NOT NULL,
    crc32 TEXT,
    PRIMARY KEY (job_id, upload_id, part_number),
    FOREIGN KEY (job_id, upload_id) REFERENCES uploads (job_id, upload_id) ON DELETE CASCADE
);
CREATE TABLE sent (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    stamp TEXT NOT NULL,
    PRIMARY KEY (job_id, key)
);
"""
_LINES = """
CREATE TABLE lines (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at TEXT NOT NULL,
    level TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (job_id, number)
) WITHOUT ROWID
"""
_CHANGES = {
    1: "ALTER TABLE jobs ADD COLUMN request TEXT",
    2: f"""
ALTER TABLE uploads RENAME TO former_uploads;
DROP TABLE parts;
{_UPLOADS};
INSERT INTO uploads (job_id, upload_id, connection, bucket, key, closed)
    SELECT job_id, upload_id, connection, bucket, key, closed FROM former_uploads;
DROP TABLE former_uploads;
""",
    3: _LINES,
}
"""What makes a database of one version one of the next."""


def default_path() -> Path:
    """The database of this user: in Jupyter's data directory."""
    return Path(jupyter_data_dir()) / "cloud-data-cockpit" / "jobs.sqlite3"


class Store:
    """One SQLite file (WAL, readable by its owner alone), used by all threads of this process.

    A file that is no database is put aside and a new one begun; Conflict when a newer release wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._connection = _open(path)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorname not in _DAMAGED:
                raise
            aside = path.with_name(f"{path.name}.damaged-{int(time.time())}")
            log.warning("%s cannot be read (%s): it is now %s, and the list of jobs begins anew", path, error, aside)
            path.replace(aside)
            for suffix in ("-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            self._connection = _open(path)

    def close(self) -> None:
        """Close the database; further calls fail."""
        with self._lock:
            self._connection.close()

    def save(self, job: Job, owner: str) -> None:
        """Insert or replace; the owner stays the one who inserted it."""
        with self.writing() as db:
            db.execute(
                "INSERT INTO jobs (id, owner, state, record) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET state = excluded.state, record = excluded.record",
                (job.id, owner, job.state, job.model_dump_json()),
            )

    def keep_request(self, job_id: str, request: str) -> None:
        """Remember what a job was asked for by, as JSON, so that it can be started again."""
        with self.writing() as db:
            db.execute("UPDATE jobs SET request = ? WHERE id = ?", (request, job_id))

    def request(self, job_id: str) -> str | None:
        """What a job was asked for by; None when that was not kept. NotFound when there is no such job."""
        rows = self.rows("SELECT request FROM jobs WHERE id = ?", job_id)
        if not rows:
            raise _no_job(job_id)
        request: str | None = rows[0][0]
        return request

    def of_same_request(self, job_id: str) -> list[str]:
        """The ids of the other jobs that were asked for by the very same request, newest first."""
        rows = self.rows(
            "SELECT id FROM jobs WHERE id != ?1 AND request = (SELECT request FROM jobs WHERE id = ?1) "
            "ORDER BY number DESC",
            job_id,
        )
        return [str(found) for (found,) in rows]

    def get(self, job_id: str) -> Job:
        """NotFound when there is no such job."""
        rows = self.rows("SELECT record FROM jobs WHERE id = ?", job_id)
        if not rows:
            raise _no_job(job_id)
        return Job.model_validate_json(rows[0][0])

    def latest(self, limit: int = 200) -> list[Job]:
        """The newest jobs, newest first."""
        rows = self.rows("SELECT record FROM jobs ORDER BY number DESC LIMIT ?", limit)
        return [Job.model_validate_json(record) for (record,) in rows]

    def unfinished(self, *, resumable: bool = False) -> list[tuple[str, Job]]:
        """(owner, job) of those queued or running, oldest first; also of those interrupted that are `resumable`."""
        states = ("queued", "running", "interrupted") if resumable else ("queued", "running")
        marks = ", ".join("?" * len(states))
        rows = self.rows(f"SELECT owner, record FROM jobs WHERE state IN ({marks}) ORDER BY number", *states)
        jobs = [(str(owner), Job.model_validate_json(record)) for owner, record in rows]
        return [(owner, job) for owner, job in jobs if job.state != "interrupted" or job.resumable]

    def prune(self, keep: int = 1000, days: float = float("inf")) -> None:
        """Forget ended jobs beyond the newest `keep`, and those not changed for `days`.

        Those with an upload that is still open stay.
        """
        oldest = f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%dT%H:%M:%S}" if days < _EVER else ""
        with self.writing() as db:
            db.execute(
                "DELETE FROM jobs WHERE state NOT IN ('queued', 'running') "
                "AND (number <= (SELECT coalesce(max(number), 0) FROM jobs) - ? "
                "OR json_extract(record, '$.updated') < ?) "
                "AND id NOT IN (SELECT job_id FROM uploads WHERE closed = 0)",
                (keep, oldest),
            )

    def take(self, job_id: str, former: str, owner: str) -> bool:
        """Make the job another server's; False when it is not (any more) that of `former`."""
        with self.writing() as db:
            changed = db.execute("UPDATE jobs SET owner = ? WHERE id = ? AND owner = ?", (owner, job_id, former))
            return changed.rowcount == 1

    def owner(self, job_id: str) -> str:
        """The server that the job belongs to. NotFound when there is no such job."""
        found = self.rows("SELECT owner FROM jobs WHERE id = ?", job_id)
        if not found:
            raise _no_job(job_id)
        return str(found[0][0])

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that ends with the block."""
        with self._lock, self._connection:
            yield self._connection

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self._lock:
            return self._connection.execute(query, parameters).fetchall()


def _no_job(job_id: str) -> NotFound:
    return NotFound(f"there is no job {job_id!r}; it may have been cleared from the list")


def _open(path: Path) -> sqlite3.Connection:
    # SQLite gives its -wal and -shm files the mode of the database, so this one call settles all three.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    until = time.monotonic() + PATIENCE
    while True:
        connection = sqlite3.connect(path, timeout=PATIENCE, check_same_thread=False)
        try:
            _prepare(connection, path)
            return connection
        except sqlite3.OperationalError as error:
            connection.close()
            # SQLite does not wait by itself when two servers turn the file into a WAL at the same moment.
            if error.sqlite_errorname.startswith(_PASSING) and time.monotonic() < until:
                time.sleep(0.05)
                continue
            raise
        except BaseException:
            connection.close()
            raise


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise Conflict(
            f"{path} was written by a newer Data Cockpit: pip install --upgrade cloud-data-cockpit, or move it away"
        )
    if version == 0:
        _run(connection, _TABLES + _UPLOADS + _LINES)
    else:
        for older in range(version, SCHEMA_VERSION):
            _run(connection, _CHANGES[older])
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _run(connection: sqlite3.Connection, statements: str) -> None:
    # Not executescript, which would end the transaction first.
    for statement in statements.split(";"):
        connection.execute(statement)
