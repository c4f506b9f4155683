"""Jobs and open uploads in SQLite, so that they are known after a restart; connections by name, no credentials."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir

from ..errors import Conflict, NotFound
from ..models import ConnectionRef, Job, PartReceipt

log = logging.getLogger(__name__)

SCHEMA_VERSION = 2
ENDED = frozenset({"succeeded", "failed", "cancelled", "interrupted"})
"""The states that a job does not leave."""
PATIENCE = 10.0
"""Seconds to wait for another server that writes."""

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
CREATE TABLE uploads (
    job_id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    connection TEXT NOT NULL,
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE parts (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    part_number INTEGER NOT NULL,
    etag TEXT NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (job_id, part_number)
);
"""
_CHANGES = {1: "ALTER TABLE jobs ADD COLUMN request TEXT"}
"""What makes a database of one version one of the next."""


@dataclass(frozen=True)
class KeptUpload:
    """What is needed to abort a multipart upload later, by another process. `owner` is the server that opened it."""

    job_id: str
    owner: str
    connection: ConnectionRef
    bucket: str
    key: str
    upload_id: str


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
        with self._writing() as db:
            db.execute(
                "INSERT INTO jobs (id, owner, state, record) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET state = excluded.state, record = excluded.record",
                (job.id, owner, job.state, job.model_dump_json()),
            )

    def keep_request(self, job_id: str, request: str) -> None:
        """Remember what a job was asked for by, as JSON, so that it can be started again."""
        with self._writing() as db:
            db.execute("UPDATE jobs SET request = ? WHERE id = ?", (request, job_id))

    def request(self, job_id: str) -> str | None:
        """What a job was asked for by; None when that was not kept. NotFound when there is no such job."""
        rows = self._rows("SELECT request FROM jobs WHERE id = ?", job_id)
        if not rows:
            raise _no_job(job_id)
        return rows[0][0]

    def get(self, job_id: str) -> Job:
        """NotFound when there is no such job."""
        rows = self._rows("SELECT record FROM jobs WHERE id = ?", job_id)
        if not rows:
            raise _no_job(job_id)
        return Job.model_validate_json(rows[0][0])

    def latest(self, limit: int = 200) -> list[Job]:
        """The newest jobs, newest first."""
        rows = self._rows("SELECT record FROM jobs ORDER BY number DESC LIMIT ?", limit)
        return [Job.model_validate_json(record) for (record,) in rows]

    def unfinished(self) -> list[tuple[str, Job]]:
        """(owner, job) of those queued or running, oldest first."""
        rows = self._rows("SELECT owner, record FROM jobs WHERE state IN ('queued', 'running') ORDER BY number")
        return [(owner, Job.model_validate_json(record)) for owner, record in rows]

    def prune(self, keep: int = 1000) -> None:
        """Forget ended jobs beyond the newest `keep`; those with an upload that is still open stay."""
        with self._writing() as db:
            db.execute(
                "DELETE FROM jobs WHERE state NOT IN ('queued', 'running') "
                "AND number <= (SELECT coalesce(max(number), 0) FROM jobs) - ? "
                "AND id NOT IN (SELECT job_id FROM uploads WHERE closed = 0)",
                (keep,),
            )

    def keep_upload(self, upload: KeptUpload) -> None:
        """Remember a multipart upload until `close_upload`."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO uploads (job_id, connection, bucket, key, upload_id) VALUES (?, ?, ?, ?, ?)",
                (upload.job_id, upload.connection.model_dump_json(), upload.bucket, upload.key, upload.upload_id),
            )

    def close_upload(self, job_id: str) -> None:
        """The multipart upload is completed or aborted: nothing of it is left in S3."""
        with self._writing() as db:
            db.execute("UPDATE uploads SET closed = 1 WHERE job_id = ?", (job_id,))

    def open_uploads(self) -> list[KeptUpload]:
        """Multipart uploads that were neither completed nor aborted, as far as is known."""
        rows = self._rows(
            "SELECT job_id, owner, connection, bucket, key, upload_id FROM uploads JOIN jobs ON jobs.id = job_id "
            "WHERE closed = 0 ORDER BY number"
        )
        return [KeptUpload(row[0], row[1], ConnectionRef.model_validate_json(row[2]), *row[3:]) for row in rows]

    def save_part(self, job_id: str, receipt: PartReceipt) -> None:
        """A part that S3 has; one sent again replaces the former."""
        with self._writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO parts (job_id, part_number, etag, size) VALUES (?, ?, ?, ?)",
                (job_id, receipt.part_number, receipt.etag, receipt.size),
            )

    def parts(self, job_id: str) -> list[PartReceipt]:
        """The parts of an upload that S3 has, by number."""
        rows = self._rows("SELECT part_number, etag, size FROM parts WHERE job_id = ? ORDER BY part_number", job_id)
        return [PartReceipt(part_number=number, etag=etag, size=size) for number, etag, size in rows]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._connection:
            yield self._connection

    def _rows(self, query: str, *parameters: object) -> list[tuple[str, ...]]:
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
        for statement in _TABLES.split(";"):
            connection.execute(statement)
    else:
        for older in range(version, SCHEMA_VERSION):
            connection.execute(_CHANGES[older])
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")
