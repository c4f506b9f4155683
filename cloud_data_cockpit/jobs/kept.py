"""Multipart uploads as they are remembered: by whom, of what, their parts, what a job has sent; connections by name."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ..models import ConnectionRef, Job, PartReceipt, UploadRequest
from ..s3.ledger import Begun, Ledger, MemoryLedger
from .progress import Progress
from .store import Store

_COLUMNS = "job_id, owner, upload_id, connection, bucket, key, uploads.request, stamp, part_size, touched"


@dataclass(frozen=True)
class KeptUpload:
    """A multipart upload that this user began. `owner` is the server that works, or has worked, at its job.

    `request` is that of a browser; None where the server itself sends, of bytes that `stamp` tells. `part_size` is 0
    where it is not known, `touched` when a part came last, in seconds since 1970.
    """

    job_id: str
    owner: str
    upload_id: str
    connection: ConnectionRef
    bucket: str
    key: str
    request: UploadRequest | None = None
    stamp: str = ""
    part_size: int = 0
    touched: float = 0.0


class KeptUploads:
    """The uploads in a store, until they are completed or aborted. Every method blocks, in any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, upload: KeptUpload) -> None:
        """Remember an upload until `end`; its job must have been saved before."""
        request = upload.request.model_dump_json() if upload.request is not None else None
        row = (upload.job_id, upload.upload_id, upload.connection.model_dump_json(), upload.bucket, upload.key, request)
        with self._store.writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO uploads (job_id, upload_id, connection, bucket, key, request, stamp, "
                "part_size, touched) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, upload.stamp, upload.part_size, upload.touched or time.time()),
            )

    def end(self, job_id: str, upload_id: str) -> None:
        """It is completed or aborted: nothing of it is left in S3."""
        with self._store.writing() as db:
            db.execute("UPDATE uploads SET closed = 1 WHERE job_id = ? AND upload_id = ?", (job_id, upload_id))
            db.execute("DELETE FROM parts WHERE job_id = ? AND upload_id = ?", (job_id, upload_id))

    def open(self, job_id: str | None = None) -> list[KeptUpload]:
        """Uploads that were neither completed nor aborted as far as is known, oldest first; of one job, or all."""
        one = "AND job_id = ? " if job_id is not None else ""
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM uploads JOIN jobs ON jobs.id = job_id WHERE closed = 0 {one}ORDER BY number",
            *([job_id] if job_id is not None else []),
        )
        return [_upload(row) for row in rows]

    def browsers(self) -> list[tuple[KeptUpload, Job, int]]:
        """Those whose parts a browser sends, each with its job and the bytes that S3 has."""
        rows = self._store.rows(
            f"SELECT {_COLUMNS}, record, (SELECT coalesce(sum(size), 0) FROM parts WHERE parts.job_id = uploads.job_id "
            "AND parts.upload_id = uploads.upload_id) FROM uploads JOIN jobs ON jobs.id = job_id "
            "WHERE closed = 0 AND uploads.request IS NOT NULL ORDER BY number"
        )
        return [(_upload(row[:-2]), Job.model_validate_json(row[-2]), int(row[-1])) for row in rows]

    def ids(self, bucket: str) -> dict[str, str]:
        """The jobs of the open uploads to a bucket of this name, by upload id."""
        rows = self._store.rows("SELECT upload_id, job_id FROM uploads WHERE closed = 0 AND bucket = ?", bucket)
        return dict(rows)

    def save_part(self, job_id: str, upload_id: str, receipt: PartReceipt) -> None:
        """A part that S3 has; one sent again replaces the former."""
        row = (job_id, upload_id, receipt.part_number, receipt.etag, receipt.size, receipt.crc32)
        with self._store.writing() as db:
            db.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?)", row)
            db.execute(
                "UPDATE uploads SET touched = ? WHERE job_id = ? AND upload_id = ?", (time.time(), job_id, upload_id)
            )

    def parts(self, job_id: str, upload_id: str) -> list[PartReceipt]:
        """The parts that S3 has, as far as is remembered, by number."""
        rows = self._store.rows(
            "SELECT part_number, etag, size, crc32 FROM parts WHERE job_id = ? AND upload_id = ? ORDER BY part_number",
            job_id,
            upload_id,
        )
        return [PartReceipt(part_number=n, etag=etag, size=size, crc32=crc32) for n, etag, size, crc32 in rows]

    def sent(self, job_id: str, key: str, stamp: str) -> None:
        """The job has sent the object."""
        with self._store.writing() as db:
            db.execute("INSERT OR REPLACE INTO sent VALUES (?, ?, ?)", (job_id, key, stamp))

    def has_sent(self, job_id: str) -> bool:
        """Whether the job has sent anything."""
        return bool(self._store.rows("SELECT 1 FROM sent WHERE job_id = ? LIMIT 1", job_id))

    def was_sent(self, job_id: str, key: str, stamp: str) -> bool:
        """Whether the job has sent the object, of bytes with this stamp."""
        query = "SELECT 1 FROM sent WHERE job_id = ? AND key = ? AND stamp = ?"
        return bool(self._store.rows(query, job_id, key, stamp))


class JobLedger:
    """The ledger of one job's sending, in the store; what the jobs `after` have sent counts as sent."""

    def __init__(
        self, kept: KeptUploads, job_id: str, connection: ConnectionRef, bucket: str, after: Sequence[str] = ()
    ) -> None:
        self._kept = kept
        self._job_id = job_id
        self._connection = connection
        self._bucket = bucket
        self._after = after
        self.again = bool(kept.open(job_id)) or kept.has_sent(job_id)

    def begun(self, key: str) -> Begun | None:
        return next((upload for upload in self.open_uploads() if upload.key == key), None)

    def begin(self, upload: Begun) -> None:
        key, stamp, upload_id, part_size = upload
        self._kept.begin(
            KeptUpload(
                self._job_id, "", upload_id, self._connection, self._bucket, key, stamp=stamp, part_size=part_size
            )
        )

    def part(self, upload_id: str, receipt: PartReceipt) -> None:
        self._kept.save_part(self._job_id, upload_id, receipt)

    def parts(self, upload_id: str) -> list[PartReceipt]:
        return self._kept.parts(self._job_id, upload_id)

    def end(self, upload_id: str) -> None:
        self._kept.end(self._job_id, upload_id)

    def open_uploads(self) -> list[Begun]:
        return [Begun(each.key, each.stamp, each.upload_id, each.part_size) for each in self._kept.open(self._job_id)]

    def sent(self, key: str, stamp: str) -> None:
        self._kept.sent(self._job_id, key, stamp)

    def was_sent(self, key: str, stamp: str) -> bool:
        return any(self._kept.was_sent(job_id, key, stamp) for job_id in (self._job_id, *self._after))


def ledger_of(progress: Progress, connection: ConnectionRef, bucket: str, after: Sequence[str] = ()) -> Ledger:
    """What a job remembers of its uploads to `bucket`: in the store, where it has one; also what `after` have sent."""
    if progress.store is None:
        return MemoryLedger()
    return JobLedger(KeptUploads(progress.store), progress.job_id, connection, bucket, after)


def _upload(row: tuple[object, ...]) -> KeptUpload:
    job_id, owner, upload_id, connection, bucket, key, request, stamp, part_size, touched = row
    return KeptUpload(
        str(job_id),
        str(owner),
        str(upload_id),
        ConnectionRef.model_validate_json(str(connection)),
        str(bucket),
        str(key),
        UploadRequest.model_validate_json(str(request)) if request is not None else None,
        str(stamp),
        int(str(part_size)),
        float(str(touched)),
    )
