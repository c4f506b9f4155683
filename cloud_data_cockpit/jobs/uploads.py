"""Uploads that browsers drive: one is opened, parts come in any order, then it is completed or aborted."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from ..errors import BadRequest, Cancelled, CockpitError, Conflict, NotFound
from ..models import Job, PartReceipt, Problem, Upload, UploadRequest
from .board import Board
from .kinds import UPLOAD
from .parts import Part
from .runner import STOP_TIMEOUT, new_job
from .store import ENDED, KeptUpload, Store
from .tracebacks import problem_of, traceback_text

if TYPE_CHECKING:
    from ..s3.connections import Connection

log = logging.getLogger(__name__)

WATCH_INTERVAL = 15.0
_IDLE = "no bytes have come for {minutes} minutes: the page that sent them was closed, or is off line. Send it again"


class OpenUpload:
    """A multipart upload of this server that is neither complete nor aborted."""

    def __init__(
        self, job: Job, request: UploadRequest, connection: Connection, upload: Upload, upload_id: str
    ) -> None:
        self.job_id = job.id
        self.request = request
        self.connection = connection
        self.upload = upload
        self.upload_id = upload_id
        self.receipts: dict[int, PartReceipt] = {}
        self.arriving: set[Part] = set()
        self.storing: set[asyncio.Future[PartReceipt]] = set()
        self.closing = False
        self.touched = time.monotonic()

    def size_of(self, number: int) -> int:
        """Bytes of part `number`. BadRequest when there is no such part."""
        if not 1 <= number <= self.upload.part_count:
            raise BadRequest(f"there is no part {number}: this upload has parts 1 to {self.upload.part_count}")
        before = (number - 1) * self.upload.part_size
        return min(self.upload.part_size, self.upload.size - before)

    def done(self) -> int:
        """Bytes that S3 has, and those that have come of further parts; a part that is sent twice counts once."""
        held = {part.number: 0 for part in self.arriving}
        for part in self.arriving:
            held[part.number] = max(held[part.number], part.received)
        return sum((held | {number: receipt.size for number, receipt in self.receipts.items()}).values())

    def refuse(self) -> NoReturn:
        """Conflict: nothing more is taken."""
        raise Conflict(f"the upload {self.job_id} takes no more parts: it has been completed, cancelled or has failed")


class Uploads:
    """All open uploads of this server. Its methods belong to the event loop; what blocks runs in threads.

    At most `max_parts` parts are in flight over all uploads; an upload of which nothing came for `idle` seconds is
    aborted.
    """

    def __init__(self, board: Board, store: Store, owner: str, max_parts: int, idle: float) -> None:
        self.slots = asyncio.Semaphore(max_parts)
        self._board = board
        self._store = store
        self._owner = owner
        self._idle = idle
        self._open: dict[str, OpenUpload] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._pool = ThreadPoolExecutor(max_parts, thread_name_prefix="cockpit-part")
        self._watch: asyncio.Task[None] | None = None

    async def start(self, request: UploadRequest) -> Upload:
        """Open a multipart upload and its job. Conflict when the key exists, unless `overwrite`; the errors of S3."""
        upload = await asyncio.to_thread(self._start, request)
        if self._watch is None:
            self._watch = asyncio.create_task(self._watch_idle())
        return upload

    def _start(self, request: UploadRequest) -> Upload:
        from ..s3 import uploads
        from ..s3.connections import resolve

        connection = resolve(request.connection)
        opened = uploads.start(connection, request)
        job = new_job(UPLOAD, request, state="running", phase="uploading", total=request.size)
        upload = Upload(
            job_id=job.id,
            bucket=request.bucket,
            key=request.key,
            size=request.size,
            part_size=opened.part_size,
            part_count=opened.part_count,
        )
        kept = KeptUpload(job.id, self._owner, connection.ref, request.bucket, request.key, opened.upload_id)
        self._open[job.id] = OpenUpload(job, request, connection, upload, opened.upload_id)
        self._board.add(job)
        self._store.keep_upload(kept)
        return upload

    def expect(self, job_id: str, number: int, length: int) -> Part | CockpitError:
        """Part `number`, about to arrive with `length` bytes; or why it is refused, to be raised when that is possible.

        BadRequest when that is not its size, Conflict when the upload takes no more, NotFound when there is none.
        """
        try:
            return self._part(job_id, number, length)
        except CockpitError as refusal:
            return refusal

    def _part(self, job_id: str, number: int, length: int) -> Part:
        upload = self._get(job_id)
        if upload.closing:
            upload.refuse()
        size = upload.size_of(number)
        if length != size:
            raise BadRequest(f"part {number} has {size} bytes, and Content-Length says {length}")
        return Part(self, upload, number, size)

    def tell(self, upload: OpenUpload) -> None:
        """Bytes have come."""
        upload.touched = time.monotonic()
        self._board.progress(upload.job_id, save=False, done=upload.done())

    async def store_part(self, upload: OpenUpload, part: Part, body: BinaryIO) -> PartReceipt:
        """Send a part that has arrived whole to S3 and note its receipt."""
        if part.received != part.size:
            raise BadRequest(f"part {part.number} broke off after {part.received} of {part.size} bytes: send it again")
        body.seek(0)
        loop = asyncio.get_running_loop()
        stored = loop.run_in_executor(self._pool, self._put_part, upload, part.number, body)
        upload.storing.add(stored)
        try:
            receipt = await stored
        except Cancelled:
            upload.refuse()
        finally:
            upload.storing.discard(stored)
        upload.receipts[part.number] = receipt
        self.tell(upload)
        return receipt

    def _put_part(self, upload: OpenUpload, number: int, body: BinaryIO) -> PartReceipt:
        from ..s3.uploads import put_part

        request = upload.request
        receipt = put_part(upload.connection, request.bucket, request.key, upload.upload_id, number, body)
        self._store.save_part(upload.job_id, receipt)
        return receipt

    async def complete(self, job_id: str) -> Job:
        """Put the parts together. Conflict while parts are missing; when S3 refuses, the job fails and is aborted."""
        upload = self._get(job_id)
        missing = [n for n in range(1, upload.upload.part_count + 1) if n not in upload.receipts]
        if missing:
            shown = ", ".join(map(str, missing[:10])) + (", ..." if len(missing) > 10 else "")
            raise Conflict(f"parts {shown} have not arrived ({len(missing)} of {upload.upload.part_count}): send them")
        if upload.closing or upload.storing:
            raise Conflict(f"the upload {job_id} is being completed or cancelled, or a part is on its way: ask again")
        upload.closing = True
        self._board.progress(job_id, save=False, done=upload.upload.size, phase="completing")
        try:
            await asyncio.to_thread(self._complete, upload)
        except Exception as error:
            if not isinstance(error, CockpitError):
                log.error("completing the upload %s failed unexpectedly\n%s", job_id, traceback_text(error))
            await self._end(upload, "failed", problem_of(error))
            raise
        self._open.pop(job_id, None)
        return await asyncio.to_thread(self._board.get, job_id)

    def _complete(self, upload: OpenUpload) -> None:
        from ..s3 import uploads

        parts = [upload.receipts[number] for number in sorted(upload.receipts)]
        uploads.complete(upload.connection, upload.request, upload.upload_id, parts)
        self._store.close_upload(upload.job_id)
        self._board.change(upload.job_id, state="succeeded", phase="", done=upload.upload.size)

    def drives(self, job_id: str) -> bool:
        """Whether the job is an upload that is open here."""
        return job_id in self._open

    async def cancel(self, job_id: str) -> Job:
        """Take no more parts, end those in flight, abort; nothing of it is left in S3 afterwards."""
        upload = self._get(job_id)
        if upload.closing and job_id not in self._ending:
            raise Conflict(f"the upload {job_id} is being completed; delete the object if you do not want it")
        await self._end(upload, "cancelled", None)
        return await asyncio.to_thread(self._board.get, job_id)

    async def close(self) -> None:
        """The server stops: abort what is open, as far as that is possible in a few seconds."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        stopped = Problem(code="interrupted", message="the Jupyter server stopped before all parts had come")
        ending = [self._task(upload, "interrupted", stopped) for upload in list(self._open.values())]
        if ending:
            _, late = await asyncio.wait(ending, timeout=STOP_TIMEOUT)
            for task in late:
                task.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _get(self, job_id: str) -> OpenUpload:
        upload = self._open.get(job_id)
        if upload is not None:
            return upload
        job = self._board.get(job_id)
        if job.kind != UPLOAD.name:
            raise BadRequest(f"job {job_id} is no upload")
        if job.state in ENDED:
            raise Conflict(f"the upload {job_id} has {job.state}: it takes no more parts")
        raise NotFound(f"the upload {job_id} is not open in this Jupyter server")

    def _task(self, upload: OpenUpload, state: str, problem: Problem | None) -> asyncio.Task[None]:
        task = self._ending.get(upload.job_id)
        if task is None:
            upload.closing = True
            task = self._ending[upload.job_id] = asyncio.create_task(self._wind_down(upload, state, problem))
        return task

    async def _end(self, upload: OpenUpload, state: str, problem: Problem | None) -> None:
        # Shielded: a client that goes away must not stop the abort half-way.
        await asyncio.shield(self._task(upload, state, problem))

    async def _wind_down(self, upload: OpenUpload, state: str, problem: Problem | None) -> None:
        for part in list(upload.arriving):
            part.release()
        try:
            await asyncio.to_thread(self._abort, upload)
        except CockpitError as error:
            log.warning("the upload %s could not be aborted, it will be at the next start: %s", upload.job_id, error)
            problem = problem or problem_of(error)
        finally:
            await asyncio.to_thread(self._board.change, upload.job_id, state=state, phase="", error=problem)
            self._open.pop(upload.job_id, None)
            self._ending.pop(upload.job_id, None)

    def _abort(self, upload: OpenUpload) -> None:
        # This ends the parts that are on their way, and repeats itself until the service holds none.
        from ..s3.uploads import abort

        abort(upload.connection, upload.request.bucket, upload.request.key, upload.upload_id)
        self._store.close_upload(upload.job_id)

    async def _watch_idle(self) -> None:
        while True:
            await asyncio.sleep(min(WATCH_INTERVAL, self._idle))
            for upload in list(self._open.values()):
                quiet = time.monotonic() - upload.touched
                if quiet > self._idle and not upload.storing and not upload.closing:
                    words = _IDLE.format(minutes=round(self._idle / 60, 1))
                    await self._end(upload, "interrupted", Problem(code="interrupted", message=words))
