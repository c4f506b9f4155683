"""Open multipart uploads in the store: their parts, and completing one without touching its bytes."""

from __future__ import annotations

import json
import time

from .records import Bucket, Checksum, Condition, Draft, Part, Piece, Upload
from .s3errors import S3Error
from .store import Store

_COLUMNS = "id, bucket, key, started, headers, tags, acl, checksum"
_PART_COLUMNS = "number, size, etag, modified, file, checksum"


def start_upload(store: Store, bucket: Bucket, draft: Draft, algorithm: str, kind: str) -> str:
    """Open an upload; returns its id, which sorts by the time it was started."""
    upload_id = f"{time.time_ns():016x}{store.files.new()}"
    values = (
        upload_id,
        bucket.id,
        draft.key,
        time.time(),
        json.dumps(draft.headers),
        json.dumps(draft.tags),
        draft.acl,
        f"{algorithm}:{kind}",
    )
    store.database.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    return upload_id


def find_upload(store: Store, bucket: Bucket, key: bytes, upload_id: str) -> Upload:
    """One open upload. Raises NoSuchUpload."""
    query = f"SELECT {_COLUMNS} FROM uploads WHERE id = ? AND bucket = ? AND key = ?"
    row = store.database.execute(query, (upload_id, bucket.id, key)).fetchone()
    if row is None:
        raise S3Error("NoSuchUpload", UploadId=upload_id)
    name, place, stored_key, started, headers, tags, acl, checksum = row
    algorithm, _, kind = checksum.partition(":")
    return Upload(name, place, bytes(stored_key), started, json.loads(headers), json.loads(tags), acl, algorithm, kind)


def put_part(store: Store, upload: Upload, part: Part) -> list[str]:
    """Keep a part whose body is in place; returns files to remove. Raises NoSuchUpload when it has ended meanwhile."""
    with store.transaction() as database:
        if database.execute("SELECT 1 FROM uploads WHERE id = ?", (upload.id,)).fetchone() is None:
            raise S3Error("NoSuchUpload", UploadId=upload.id)
        query = "SELECT file FROM parts WHERE upload = ? AND number = ?"
        old = [row[0] for row in database.execute(query, (upload.id, part.number)) if row[0]]
        database.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)", (upload.id, *part))
    return store.files.release(old)


def list_parts(store: Store, upload: Upload, after: int = 0, limit: int = 10_000) -> list[Part]:
    """Parts in order of their number, those above `after`."""
    query = f"SELECT {_PART_COLUMNS} FROM parts WHERE upload = ? AND number > ? ORDER BY number LIMIT ?"
    return [Part(*row) for row in store.database.execute(query, (upload.id, after, limit))]


def abort_upload(store: Store, upload: Upload) -> list[str]:
    """Forget an upload and its parts; returns files to remove."""
    with store.transaction() as database:
        files = [part.file for part in list_parts(store, upload) if part.file]
        _forget(store, upload)
        database.execute("DELETE FROM parts WHERE upload = ?", (upload.id,))
    return store.files.release(files)


def _forget(store: Store, upload: Upload) -> None:
    gone = store.database.execute("DELETE FROM uploads WHERE id = ?", (upload.id,)).rowcount
    if not gone:
        raise S3Error("NoSuchUpload", UploadId=upload.id)


def complete_upload(
    store: Store,
    bucket: Bucket,
    upload: Upload,
    chosen: list[Part],
    etag: str,
    checksum: Checksum | None,
    condition: Condition,
) -> tuple[str, list[str]]:
    """Make the chosen parts one object: their files become its pieces. Returns its version id and files to remove."""
    pieces, start = [], 0
    for number, part in enumerate(chosen, 1):
        pieces.append(Piece(number, start, part.size, part.file, part.checksum))
        start += part.size
    version_id = store.files.new() if bucket.versioning == "Enabled" else "null"
    used = {part.file for part in chosen}
    with store.transaction() as database:
        store.check(bucket, upload.key, condition)
        unused = [part.file for part in list_parts(store, upload) if part.file and part.file not in used]
        _forget(store, upload)
        database.execute("DELETE FROM parts WHERE upload = ?", (upload.id,))
        draft = Draft(upload.key, upload.headers, upload.tags, upload.acl)
        old = store.add_version(bucket, draft, etag=etag, pieces=pieces, checksum=checksum, version_id=version_id)
    return version_id, store.files.release(unused + old)
