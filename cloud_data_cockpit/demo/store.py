"""The store of the demo service: SQLite (WAL) for everything but bodies; every change is one transaction."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .files import BodyFiles
from .records import Bucket, Checksum, Condition, Draft, Piece, Restore, Version
from .s3errors import S3Error

_VERSION_COLUMNS = "id, bucket, key, version, latest, marker, size, etag, modified, headers, tags, acl, checksum"
_BUCKET_COLUMNS = "id, name, created, versioning, acl"

RESTORE_SECONDS = 3.0
"""How long it takes to restore an archived object, where AWS takes minutes to days."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the database, transactions begun by hand."""
    database = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    return database


def version_of(row: tuple[object, ...]) -> Version:
    """A row of versions, in the order of its columns, as a record."""
    number, bucket, key, version, latest, marker, size, etag, modified, headers, tags, acl, checksum = row
    return Version(
        id=number,  # type: ignore[arg-type]
        bucket=bucket,  # type: ignore[arg-type]
        key=bytes(key),  # type: ignore[call-overload]
        version=str(version),
        latest=bool(latest),
        marker=bool(marker),
        size=size,  # type: ignore[arg-type]
        etag=str(etag),
        modified=modified,  # type: ignore[arg-type]
        headers=json.loads(str(headers)),
        tags=json.loads(str(tags)),
        acl=str(acl),
        checksum=Checksum(*json.loads(str(checksum))) if checksum else None,
    )


class Store:
    """Buckets and versions of objects in one directory. Used from one thread; the bodies' files from any."""

    def __init__(self, directory: Path, restore_seconds: float = RESTORE_SECONDS) -> None:
        self.directory = directory
        self.restore_seconds = restore_seconds
        self.files = BodyFiles(directory)
        self.database = connect(directory / "service.sqlite")
        self.database.executescript((Path(__file__).parent / "schema.sql").read_text("utf-8"))

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing."""
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield self.database
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")

    # Buckets

    def buckets(self) -> list[Bucket]:
        """Every bucket, by name."""
        return [Bucket(*row) for row in self.database.execute(f"SELECT {_BUCKET_COLUMNS} FROM buckets ORDER BY name")]

    def bucket(self, name: str) -> Bucket:
        """One bucket. Raises NoSuchBucket."""
        row = self.database.execute(f"SELECT {_BUCKET_COLUMNS} FROM buckets WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise S3Error("NoSuchBucket", BucketName=name)
        return Bucket(*row)

    def create_bucket(self, name: str, acl: str) -> None:
        """Make a bucket. Raises BucketAlreadyOwnedByYou."""
        try:
            self.database.execute("INSERT INTO buckets(name, created, acl) VALUES (?, ?, ?)", (name, time.time(), acl))
        except sqlite3.IntegrityError as error:
            raise S3Error("BucketAlreadyOwnedByYou", BucketName=name) from error

    def delete_bucket(self, bucket: Bucket) -> list[str]:
        """Remove an empty bucket; returns files to remove, of its open uploads. Raises BucketNotEmpty."""
        with self.transaction() as database:
            if database.execute("SELECT 1 FROM versions WHERE bucket = ? LIMIT 1", (bucket.id,)).fetchone():
                raise S3Error("BucketNotEmpty", BucketName=bucket.name)
            open_parts = "FROM parts WHERE upload IN (SELECT id FROM uploads WHERE bucket = ?)"
            files = [row[0] for row in database.execute(f"SELECT file {open_parts}", (bucket.id,)) if row[0]]
            database.execute(f"DELETE {open_parts}", (bucket.id,))
            database.execute("DELETE FROM uploads WHERE bucket = ?", (bucket.id,))
            database.execute("DELETE FROM settings WHERE bucket = ?", (bucket.id,))
            database.execute("DELETE FROM buckets WHERE id = ?", (bucket.id,))
        return self.files.release(files)

    def set_versioning(self, bucket: Bucket, status: str) -> None:
        """Enabled or Suspended."""
        self.database.execute("UPDATE buckets SET versioning = ? WHERE id = ?", (status, bucket.id))

    def set_bucket_acl(self, bucket: Bucket, acl: str) -> None:
        """A canned ACL."""
        self.database.execute("UPDATE buckets SET acl = ? WHERE id = ?", (acl, bucket.id))

    def setting(self, bucket: Bucket, name: str) -> bytes | None:
        """A configuration document of a bucket (cors, policy, tagging, ...), as it was put."""
        query = "SELECT document FROM settings WHERE bucket = ? AND name = ?"
        row = self.database.execute(query, (bucket.id, name)).fetchone()
        return bytes(row[0]) if row else None

    def put_setting(self, bucket: Bucket, name: str, text: bytes | None) -> None:
        """Keep a configuration document; None removes it."""
        if text is None:
            self.database.execute("DELETE FROM settings WHERE bucket = ? AND name = ?", (bucket.id, name))
        else:
            self.database.execute("INSERT OR REPLACE INTO settings VALUES (?, ?, ?)", (bucket.id, name, text))

    # Versions

    def version(self, bucket: Bucket, key: bytes, version_id: str | None = None) -> Version | None:
        """The current version of a key, or the named one; None when there is none. A delete marker is returned."""
        which = "latest = 1" if version_id is None else "version = ? ORDER BY id DESC"
        wanted = (bucket.id, key) if version_id is None else (bucket.id, key, version_id)
        query = f"SELECT {_VERSION_COLUMNS} FROM versions WHERE bucket = ? AND key = ? AND {which}"
        row = self.database.execute(query, wanted).fetchone()
        return version_of(row) if row else None

    def pieces(self, version: Version) -> list[Piece]:
        """The pieces of a version, in order."""
        query = "SELECT number, start, size, file, checksum FROM pieces WHERE owner = ? ORDER BY number"
        return [Piece(*row) for row in self.database.execute(query, (version.id,))]

    def check(self, bucket: Bucket, key: bytes, condition: Condition) -> None:
        """Raises PreconditionFailed, or NoSuchKey for an If-Match on nothing."""
        if condition.if_match is None and condition.if_none_match is None:
            return
        current = self.version(bucket, key)
        etag = current.etag if current is not None and not current.marker else None
        if condition.if_none_match is not None and etag is not None and condition.if_none_match in ("*", etag):
            raise S3Error("PreconditionFailed", Condition="If-None-Match")
        if condition.if_match is not None:
            if etag is None:
                raise S3Error("NoSuchKey", Key=key.decode("utf-8", "replace"))
            if condition.if_match not in ("*", etag):
                raise S3Error("PreconditionFailed", Condition="If-Match")

    def add_version(
        self,
        bucket: Bucket,
        draft: Draft,
        *,
        etag: str,
        pieces: list[Piece],
        checksum: Checksum | None,
        version_id: str,
        marker: bool = False,
    ) -> list[str]:
        """Make this the current version, inside the caller's transaction; returns the files it replaces."""
        old = self._drop_null(bucket, draft.key) if version_id == "null" else []
        self.database.execute(
            "UPDATE versions SET latest = 0 WHERE bucket = ? AND key = ? AND latest = 1", (bucket.id, draft.key)
        )
        size = sum(piece.size for piece in pieces)
        values = (
            bucket.id,
            draft.key,
            version_id,
            1,
            int(marker),
            size,
            etag,
            time.time(),
            json.dumps(draft.headers),
            json.dumps(draft.tags),
            draft.acl,
            json.dumps(checksum) if checksum else "",
        )
        columns = _VERSION_COLUMNS.removeprefix("id, ")
        marks = ", ".join("?" * len(values))
        owner = self.database.execute(f"INSERT INTO versions({columns}) VALUES ({marks})", values).lastrowid
        self.database.executemany("INSERT INTO pieces VALUES (?, ?, ?, ?, ?, ?)", [(owner, *piece) for piece in pieces])
        return old

    def _drop_null(self, bucket: Bucket, key: bytes) -> list[str]:
        query = "SELECT id FROM versions WHERE bucket = ? AND key = ? AND version = 'null'"
        return [
            file for (owner,) in self.database.execute(query, (bucket.id, key)).fetchall() for file in self._drop(owner)
        ]

    def _drop(self, owner: int) -> list[str]:
        files = [row[0] for row in self.database.execute("SELECT file FROM pieces WHERE owner = ?", (owner,)) if row[0]]
        self.database.execute("DELETE FROM pieces WHERE owner = ?", (owner,))
        self.database.execute("DELETE FROM restores WHERE owner = ?", (owner,))
        self.database.execute("DELETE FROM versions WHERE id = ?", (owner,))
        return files

    def put(
        self,
        bucket: Bucket,
        draft: Draft,
        etag: str,
        pieces: list[Piece],
        checksum: Checksum | None,
        condition: Condition,
    ) -> tuple[str, list[str]]:
        """Commit an object whose bodies are in place; returns its version id and files to remove."""
        version_id = self.files.new() if bucket.versioning == "Enabled" else "null"
        with self.transaction():
            self.check(bucket, draft.key, condition)
            old = self.add_version(bucket, draft, etag=etag, pieces=pieces, checksum=checksum, version_id=version_id)
        return version_id, self.files.release(old)

    def delete(self, bucket: Bucket, key: bytes, condition: Condition) -> tuple[str | None, list[str]]:
        """Delete a key: in a versioned bucket a marker is set; returns the marker's version id and files to remove."""
        with self.transaction():
            self.check(bucket, key, condition)
            if not bucket.versioning:
                return None, self.files.release(self._drop_null(bucket, key))
            version_id = self.files.new() if bucket.versioning == "Enabled" else "null"
            old = self.add_version(
                bucket, Draft(key), etag="", pieces=[], checksum=None, version_id=version_id, marker=True
            )
        return version_id, self.files.release(old)

    def delete_version(self, version: Version) -> list[str]:
        """Remove one version for good; the newest that is left becomes current. Returns files to remove."""
        with self.transaction() as database:
            old = self._drop(version.id)
            if version.latest:
                newest = "(SELECT max(id) FROM versions WHERE bucket = ? AND key = ?)"
                database.execute(f"UPDATE versions SET latest = 1 WHERE id = {newest}", (version.bucket, version.key))
        return self.files.release(old)

    def set_tags(self, version: Version, tags: dict[str, str]) -> None:
        """Replace the tags of a version."""
        self.database.execute("UPDATE versions SET tags = ? WHERE id = ?", (json.dumps(tags), version.id))

    def restore(self, version: Version) -> Restore | None:
        """What was asked back of an archived version; it may have run out."""
        row = self.database.execute("SELECT ready, until FROM restores WHERE owner = ?", (version.id,)).fetchone()
        return Restore(*row) if row else None

    def set_restore(self, version: Version, ready: float, until: float) -> None:
        """Remember a restore in place of the one before."""
        self.database.execute("INSERT OR REPLACE INTO restores VALUES (?, ?, ?)", (version.id, ready, until))

    def set_acl(self, version: Version, acl: str) -> None:
        """Replace the canned ACL of a version."""
        self.database.execute("UPDATE versions SET acl = ? WHERE id = ?", (acl, version.id))
