"""Uploads that rest: paused, or left by a page or a server that went away; they go on, are cancelled, or grow old."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, ClassVar

from ..errors import BadRequest, CockpitError, Conflict, NotFound
from ..models import Job, PartReceipt, PendingUpload, Problem, ResumeRequest, UploadRequest
from .board import Board
from .driven import UPLOAD
from .kept import KeptUpload, KeptUploads
from .open_uploads import OpenUpload
from .ownership import Owner
from .store import ENDED

if TYPE_CHECKING:
    from ..s3.connections import Connection

log = logging.getLogger(__name__)

DAY = 86_400.0
_GONE = (
    "s3://{bucket}/{key}: the service does not know this upload any more. It was aborted by somebody, or by a rule of "
    "the bucket: send the file again from its beginning"
)
_COMPLETE = "s3://{bucket}/{key} has been completed already, with all {size} bytes: there is nothing left to send"
_OLD = "nothing came for {days} days, so what had been uploaded was given up. Send the file again from its beginning"


class Resting:
    """The uploads in the store that nobody works at. Every method blocks, in any thread."""

    INTERVAL: ClassVar[float] = 600.0
    """Seconds between two looks for those that have grown too old."""

    def __init__(self, board: Board, kept: KeptUploads, owner: Owner, keep_days: float) -> None:
        self._board = board
        self._kept = kept
        self._owner = owner
        self._keep_days = keep_days

    def pending(self, active_here: dict[str, bool]) -> list[PendingUpload]:
        """All uploads of browsers that have not ended, newest first; `active_here` says it of those open here."""
        found = []
        for upload, job, done in self._kept.browsers():
            request = upload.request
            if request is None or not (job.resumable or job.state not in ENDED):
                continue
            active = active_here.get(job.id, job.state == "running" and self._owner.others_live(upload.owner))
            found.append(
                PendingUpload(
                    job_id=job.id,
                    connection=request.connection,
                    bucket=upload.bucket,
                    key=upload.key,
                    size=request.size,
                    done=done,
                    filename=request.filename,
                    last_modified=request.last_modified,
                    started=job.created,
                    active=active,
                )
            )
        return found[::-1]

    def check_resting(self, job_id: str) -> Job:
        """The job, if it rests. Conflict when it is at work in another server, or has ended."""
        job = self._board.get(job_id)
        if job.kind != UPLOAD.name:
            raise BadRequest(f"job {job_id} is no upload")
        if job.resumable:
            return job
        if job.state in ENDED:
            raise Conflict(f"the upload {job_id} has {job.state}: there is nothing to pause")
        raise Conflict(f"the upload {job_id} is open in another Jupyter server of yours: pause it there")

    # --- going on --------------------------------------------------------------------------

    def wake(self, job_id: str, file: ResumeRequest) -> OpenUpload:
        """The upload as this server's, with the parts that S3 has; see `Uploads.resume`."""
        from ..s3.connections import resolve

        job = self._board.get(job_id)
        upload, request = self._found(job)
        _check_file(upload, request, file)
        if job.state not in ENDED and self._owner.others_live(upload.owner):
            raise Conflict(f"the upload {job_id} is open in another Jupyter server of yours: pause it there first")
        connection = resolve(upload.connection)
        woken = OpenUpload(job_id, request, connection, upload.part_size, upload.upload_id)
        known = {part.part_number: part for part in self._kept.parts(job_id, upload.upload_id)}
        for part in filter(woken.fits, self._held(upload, request, connection)):
            woken.receipts[part.part_number] = _with_crc32(part, known.get(part.part_number))
        changes = {"state": "running", "phase": "uploading", "error": None, "resumable": False, "done": woken.done()}
        if not self._board.take(job_id, upload.owner, **changes):
            raise Conflict(f"the upload {job_id} was resumed in another Jupyter server of yours at this moment")
        return woken

    def _found(self, job: Job) -> tuple[KeptUpload, UploadRequest]:
        if job.kind != UPLOAD.name:
            raise BadRequest(f"job {job.id} is no upload")
        for upload in self._kept.open(job.id):
            if upload.request is not None and upload.part_size:
                return upload, upload.request
        if job.state in ENDED and not job.resumable:
            raise Conflict(f"the upload {job.id} has {job.state}: there is nothing to resume")
        raise Conflict(f"the upload {job.id} needs no file from here: POST jobs/{job.id}/retry lets it go on")

    def _held(self, upload: KeptUpload, request: UploadRequest, connection: Connection) -> list[PartReceipt]:
        """The parts that S3 has; when it does not know the upload any more, the job ends and says why."""
        from ..s3.uploads import list_parts

        try:
            return list_parts(connection, upload.bucket, upload.key, upload.upload_id)
        except NotFound:
            complete = self._is_complete(upload, request, connection)
        self._kept.end(upload.job_id, upload.upload_id)
        words = _COMPLETE if complete else _GONE
        words = words.format(bucket=upload.bucket, key=upload.key, size=f"{request.size:,}")
        if complete:
            changes = {"state": "succeeded", "error": None, "done": request.size}
            self._board.amend(upload.job_id, phase="", resumable=False, **changes)
            raise Conflict(words)
        problem = Problem(code="not_found", message=words)
        self._board.amend(upload.job_id, state="failed", phase="", error=problem, resumable=False)
        raise NotFound(words)

    def _is_complete(self, upload: KeptUpload, request: UploadRequest, connection: Connection) -> bool:
        from ..s3.finished import is_whole
        from ..s3.objects import head

        try:
            found = head(connection, upload.bucket, upload.key)
        except CockpitError:
            return False
        return is_whole(found, request.size, self._kept.parts(upload.job_id, upload.upload_id))

    # --- ending ----------------------------------------------------------------------------

    def has(self, job_id: str) -> bool:
        """Whether the job can go on, or has something open in S3, and nobody works at it."""
        if self._board.is_live(job_id):
            return False
        return self._board.get(job_id).resumable or any(not self._at_work(each) for each in self._kept.open(job_id))

    def cancel(self, job_id: str) -> Job:
        """Abort for certain all that the job has open in S3; it is cancelled."""
        for upload in self._kept.open(job_id):
            self._abort(upload)
        self._board.amend(job_id, state="cancelled", phase="", error=None, resumable=False)
        return self._board.get(job_id)

    def sweep(self) -> None:
        """Abort what has rested for too long, and what could not be aborted when it ended."""
        for upload in self._kept.open():
            job = self._board.get(upload.job_id)
            if self._board.is_live(job.id) or self._at_work(upload):
                continue
            old = time.time() - upload.touched > self._keep_days * DAY
            if job.resumable and not old:
                continue
            try:
                self._abort(upload)
            except CockpitError as error:
                log.warning("an upload to %s is still open: %s", upload.bucket, error.message)
                continue
            if job.resumable:
                words = _OLD.format(days=f"{self._keep_days:g}")
                problem = Problem(code="interrupted", message=words)
                self._board.amend(job.id, resumable=False, phase="", error=problem)

    def _at_work(self, upload: KeptUpload) -> bool:
        if upload.owner == self._owner.name:
            return self._board.is_live(upload.job_id)
        return self._board.get(upload.job_id).state not in ENDED and self._owner.others_live(upload.owner)

    def _abort(self, upload: KeptUpload) -> None:
        from ..s3.connections import resolve
        from ..s3.uploads import abort

        abort(resolve(upload.connection), upload.bucket, upload.key, upload.upload_id)
        self._kept.end(upload.job_id, upload.upload_id)


def _with_crc32(part: PartReceipt, known: PartReceipt | None) -> PartReceipt:
    """The part with the CRC32 that was computed here when it was sent, if it is still the same; else S3's."""
    if known is not None and known.etag == part.etag and known.crc32 is not None:
        return part.model_copy(update={"crc32": known.crc32})
    return part


def _check_file(upload: KeptUpload, request: UploadRequest, file: ResumeRequest) -> None:
    name = request.filename or upload.key
    if file.size != request.size:
        raise Conflict(f"this is another file: it has {file.size:,} bytes, {name} had {request.size:,}")
    if None not in (file.last_modified, request.last_modified) and file.last_modified != request.last_modified:
        raise Conflict(f"this is another file, or {name} was changed since: cancel the upload and send it anew")
