"""What searches have found: a SQLite file for each, in the order of keys while it grows; old ones are forgotten."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from ..errors import NotFound
from ..models import HitPage, ObjectEntry
from ..slicing.storage import data_directory

MOST_SEARCHES = 20
MOST_BYTES = 512 << 20
"""What the files of all searches may take together; those made longest ago go first."""
_TABLE = (
    "CREATE TABLE hits(key BLOB PRIMARY KEY, size INTEGER NOT NULL, modified REAL NOT NULL, etag TEXT NOT NULL, "
    "storage_class TEXT) WITHOUT ROWID"
)


class Hits:
    """The hits of one job, at most `limit`; a key counts once. Thread-safe; close it when the job is over."""

    def __init__(self, job_id: str, limit: int) -> None:
        path = _path(job_id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _prune(path.parent)
        path.unlink(missing_ok=True)
        self._limit = limit
        self._count = 0
        self._lock = threading.Lock()
        self._closed = False
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(_TABLE)

    def __enter__(self) -> Hits:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closed = True
            self._database.close()

    @property
    def full(self) -> bool:
        return self._count >= self._limit

    def add(self, entries: Sequence[ObjectEntry]) -> int:
        """Keep what has room; how many were new. After the end nothing is kept."""
        rows = [(_blob(e.key), e.size, e.last_modified.timestamp(), e.etag, e.storage_class) for e in entries]
        with self._lock:
            if self._closed:
                return 0
            before = self._database.total_changes
            self._database.execute("BEGIN")
            self._database.executemany(
                "INSERT OR IGNORE INTO hits VALUES (?, ?, ?, ?, ?)", rows[: self._limit - self._count]
            )
            self._database.execute("COMMIT")
            new = self._database.total_changes - before
            self._count += new
            return new


def read_hits(job_id: str, offset: int, limit: int) -> HitPage:
    """Hits `offset` .. of a search, by key; so far, while it runs. NotFound when they are not kept (any more)."""
    path = _path(job_id)
    if not path.is_file():
        raise NotFound(f"what the search {job_id} has found is not kept any more; search again")
    with closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'hits'").fetchone():
            return HitPage(offset=offset, total=0, hits=[])  # the search begins at this very moment
        database.execute("BEGIN")
        (total,) = database.execute("SELECT count(*) FROM hits").fetchone()
        query = "SELECT key, size, modified, etag, storage_class FROM hits ORDER BY key LIMIT ? OFFSET ?"
        rows = database.execute(query, (limit, offset)).fetchall()
    hits = [
        ObjectEntry.quick(
            bytes(key).decode("utf-8", "surrogatepass"),
            size,
            datetime.fromtimestamp(modified, UTC),
            etag,
            storage_class,
        )
        for key, size, modified, etag, storage_class in rows
    ]
    return HitPage(offset=offset, total=total, hits=hits)


def _path(job_id: str) -> Path:
    return data_directory("searches") / f"{job_id}.sqlite"


def _blob(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def _prune(folder: Path) -> None:
    found = sorted(folder.glob("*.sqlite"), key=lambda path: path.stat().st_mtime, reverse=True)
    held = 0
    for number, path in enumerate(found, start=1):
        held += path.stat().st_size
        if number >= MOST_SEARCHES or held > MOST_BYTES:
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                (folder / name).unlink(missing_ok=True)
