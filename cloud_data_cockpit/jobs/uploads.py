"""Uploads that browsers drive: one is opened, parts come in any order, it rests, goes on, is completed or aborted."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, ParamSpec, TypeVar

from ..errors import (
    BadRequest,
    Cancelled,
    CockpitError,
    Conflict,
    CredentialsError,
    NotFound,
    ServiceError,
)
from ..models import ConnectionRef, Job, PartReceipt, PendingUpload, Problem, ResumeRequest, Upload, UploadRequest
from .board import Board
from .driven import UPLOAD
from .kept import KeptUpload, KeptUploads
from .multiparts import Multiparts
from .open_uploads import OpenUpload, Part, Whole
from .ownership import Owner
from .resting import Resting
from .room import Room
from .runner import STOP_TIMEOUT, new_job
from .store import ENDED
from .tracebacks import problem_of, traceback_text

if TYPE_CHECKING:
    from ..s3.opening import NotOpened

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

WATCH_INTERVAL = 15.0
PART = 8 << 20
THREADS = 16
PAUSES = 8
"""Uploads whose parts are waited for at the same moment while they come to rest, for STOP_TIMEOUT each at most."""
ACTIVE_SECONDS = 30.0
"""An upload of which nothing came for so long is not called active: its page may be gone."""
_IDLE = (
    "no bytes have come for {minutes} minutes: the page that sent them was closed, or is off line. Choose the same "
    "file again to go on; {days} days are left for that"
)
_STOPPED = "the Jupyter server stopped before all parts had come. Choose the same file again to go on"


class Uploads:
    """The uploads of this server. Its methods belong to the event loop; what asks S3 runs in `threads`.

    What is only looked up in the store runs in the loop's own few threads, which many share: nothing may hold those.
    Bodies of `max_parts` parts of 8 MiB are held at once, over all uploads. One of which nothing came for `idle`
    seconds rests: its parts stay in S3, and it can go on within `keep_days`, in any server of this user.
    """

    def __init__(
        self,
        board: Board,
        kept: KeptUploads,
        owner: Owner,
        threads: ThreadPoolExecutor,
        *,
        max_parts: int,
        idle: float,
        keep_days: float,
    ) -> None:
        self.room = Room(max_parts * PART)
        self.resting = Resting(board, kept, owner, keep_days)
        self.multiparts = Multiparts(kept, self.resting)
        self._board = board
        self._kept = kept
        self._owner = owner
        self._threads = threads
        self._idle = idle
        self._keep_days = keep_days
        self._open: dict[str, OpenUpload] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="cockpit-part")
        self._pauses = ThreadPoolExecutor(PAUSES, thread_name_prefix="cockpit-pause")
        self._watch: asyncio.Task[None] | None = None

    def begin_watching(self) -> None:
        """Look after uploads that rest, from now until `close`."""
        if self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._watch_all())

    async def in_pool(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call it in a thread that is there for sending."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(function, *args, **kwargs))

    async def _asking(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what asks S3, which may be silent for minutes."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *args, **kwargs))

    # --- beginning and going on ------------------------------------------------------------

    async def start(self, request: UploadRequest, user: str = "") -> Upload:
        """Open a multipart upload and its job. Conflict when the key exists, unless `overwrite`; the errors of S3."""
        upload = await self._asking(self._start, request, user)
        self._open[upload.job_id] = upload
        return upload.record()

    def _start(self, request: UploadRequest, user: str) -> OpenUpload:
        from ..s3 import uploads
        from ..s3.connections import resolve
        from ..s3.opening import NotOpened

        connection = resolve(request.connection)
        try:
            opened = uploads.start(connection, request)
        except NotOpened as error:
            self._note_lost(request, user, connection.ref, error)
            raise
        job = new_job(UPLOAD, request, state="running", phase="uploading", total=request.size, user=user)
        self._board.add(job)
        self._kept.begin(
            KeptUpload(
                job.id,
                self._owner.name,
                opened.upload_id,
                connection.ref,
                request.bucket,
                request.key,
                request,
                part_size=opened.part_size,
            )
        )
        return OpenUpload(job.id, request, connection, opened.part_size, opened.upload_id)

    def _note_lost(self, request: UploadRequest, user: str, connection: ConnectionRef, error: NotOpened) -> None:
        """A job that has failed: what it may have left open in S3 is looked for until the service answers."""
        job = new_job(UPLOAD, request, state="failed", error=problem_of(error), total=request.size, user=user)
        self._board.add(job)
        lost = (error.upload_id, connection, request.bucket, request.key)
        self._kept.begin(KeptUpload(job.id, self._owner.name, *lost))

    async def resume(self, job_id: str, file: ResumeRequest) -> Upload:
        """Go on with an upload: what S3 has need not be sent again. The upload becomes this server's.

        Conflict when the file is another one, when a page sends it at this moment, here or in another server, and when
        S3 has completed it meanwhile; NotFound when S3 does not know it any more.
        """
        here = self._open.get(job_id)
        if here is not None and (here.active or here.closing):
            raise Conflict(f"the upload {job_id} is being sent by another page: pause it there first")
        upload = await self._asking(self.resting.wake, job_id, file)
        if here is not None:
            here.closing = True
        self._open[job_id] = upload
        return upload.record()

    async def pending(self) -> list[PendingUpload]:
        """All uploads of this user that have not ended, newest first; also of servers that died."""
        now = time.monotonic()
        active = {
            upload.job_id: upload.active or now - upload.touched < ACTIVE_SECONDS for upload in self._open.values()
        }
        return await asyncio.to_thread(self.resting.pending, active)

    # --- bodies ----------------------------------------------------------------------------

    async def expect(self, job_id: str, number: int, length: int, crc32: str | None = None) -> Part | CockpitError:
        """Part `number`, about to arrive with `length` bytes; or why it is refused, to be raised when that is possible.

        BadRequest when that is not its size, Conflict when the upload takes no more, NotFound when there is none.
        """
        try:
            upload = await self._get(job_id)
            if upload.closing:
                upload.refuse()
            size = upload.size_of(number)
            if length != size:
                raise BadRequest(f"part {number} has {size} bytes, and Content-Length says {length}")
            return Part(self, upload, number, crc32)
        except CockpitError as refusal:
            return refusal

    def expect_whole(self, request: UploadRequest, crc32: str | None = None) -> Whole | CockpitError:
        """A small file, about to arrive; BadRequest to be raised when it is not small."""
        if request.size > PART:
            return BadRequest(f"files of more than {PART} bytes are sent in parts: POST uploads")
        return Whole(self, self.room, request, crc32)

    def tell(self, upload: OpenUpload) -> None:
        """Bytes have come."""
        upload.touched = time.monotonic()
        self._board.progress(upload.job_id, save=False, done=upload.done())

    async def store_part(self, upload: OpenUpload, part: Part, body: BinaryIO) -> PartReceipt:
        """Send a part that has arrived whole to S3 and note its receipt."""
        loop = asyncio.get_running_loop()
        stored = loop.run_in_executor(self._pool, self._put_part, upload, part.number, part.crc32, body)
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

    def _put_part(self, upload: OpenUpload, number: int, crc32: str | None, body: BinaryIO) -> PartReceipt:
        from ..s3.uploads import put_part

        request = upload.request
        receipt = put_part(upload.connection, request.bucket, request.key, upload.upload_id, number, body, crc32=crc32)
        self._kept.save_part(upload.job_id, upload.upload_id, receipt)
        return receipt

    # --- completing ------------------------------------------------------------------------

    async def complete(self, job_id: str, *, overwrite: bool = False) -> Job:
        """Put the parts together; with `overwrite` also over a key that came to exist meanwhile.

        Conflict while parts are missing or when the key exists: the upload stays open, as it does when the service
        fails. When the object is not what was sent, the job fails.
        """
        upload = await self._get(job_id)
        missing = [n for n in range(1, upload.part_count + 1) if n not in upload.receipts]
        if missing:
            shown = ", ".join(map(str, missing[:10])) + (", ..." if len(missing) > 10 else "")
            raise Conflict(f"parts {shown} have not arrived ({len(missing)} of {upload.part_count}): send them")
        if upload.closing or upload.storing:
            raise Conflict(f"the upload {job_id} is being completed or cancelled, or a part is on its way: ask again")
        upload.closing = True
        upload.touched = time.monotonic()
        self._board.progress(job_id, save=False, done=upload.request.size, phase="completing")
        try:
            await self._asking(self._complete, upload, overwrite)
        except Exception as error:
            if not isinstance(error, CockpitError):
                log.error("completing the upload %s failed unexpectedly\n%s", job_id, traceback_text(error))
            await self._not_completed(upload, error)
            raise
        self._open.pop(job_id, None)
        return await asyncio.to_thread(self._board.get, job_id)

    def _complete(self, upload: OpenUpload, overwrite: bool) -> None:
        from ..s3 import uploads

        parts = [upload.receipts[number] for number in sorted(upload.receipts)]
        request = upload.request.model_copy(update={"overwrite": upload.request.overwrite or overwrite})
        uploads.complete(upload.connection, request, upload.upload_id, parts)
        self._kept.end(upload.job_id, upload.upload_id)
        self._board.change(upload.job_id, state="succeeded", phase="", done=upload.request.size)

    async def _not_completed(self, upload: OpenUpload, error: Exception) -> None:
        """What can pass or be decided by the user leaves the upload open; all else ends it."""
        from ..s3.finished import NotWhole

        if isinstance(error, Conflict | ServiceError | CredentialsError) and not isinstance(error, NotWhole):
            upload.closing = False
            self._board.progress(upload.job_id, save=False, phase="uploading")
            return
        await self._end(upload, "failed", problem_of(error))

    # --- ending ----------------------------------------------------------------------------

    def drives(self, job_id: str) -> bool:
        """Whether the job is an upload that is open here."""
        return job_id in self._open

    async def pause(self, job_id: str) -> Job:
        """Let the upload rest: parts on their way are dropped, those that S3 has stay. One that rests stays so.

        Conflict when it is open in another server that lives, or has ended.
        """
        upload = self._open.get(job_id)
        if upload is None:
            return await asyncio.to_thread(self.resting.check_resting, job_id)
        if upload.closing and job_id not in self._ending:
            raise Conflict(f"the upload {job_id} is being completed: it cannot be paused any more")
        await self._rest(upload, None)
        return await asyncio.to_thread(self._board.get, job_id)

    async def cancel(self, job_id: str) -> Job:
        """Take no more parts, end those in flight, abort; nothing of it is left in S3 afterwards."""
        upload = await self._get(job_id)
        if upload.closing and job_id not in self._ending:
            raise Conflict(f"the upload {job_id} is being completed; delete the object if you do not want it")
        await self._end(upload, "cancelled", None)
        return await asyncio.to_thread(self._board.get, job_id)

    async def close(self) -> None:
        """The server stops: what is open rests from now on."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        resting = [asyncio.ensure_future(self._rest(upload, _STOPPED)) for upload in list(self._open.values())]
        if resting:
            await asyncio.wait(resting, timeout=STOP_TIMEOUT)
        for pool in (self._pool, self._pauses):
            pool.shutdown(wait=False, cancel_futures=True)

    async def _get(self, job_id: str) -> OpenUpload:
        upload = self._open.get(job_id)
        if upload is not None:
            return upload
        job = await asyncio.to_thread(self._board.get, job_id)
        if job.kind != UPLOAD.name:
            raise BadRequest(f"job {job_id} is no upload")
        if job.resumable:
            raise Conflict(f"the upload {job_id} is paused: resume it first")
        if job.state in ENDED:
            raise Conflict(f"the upload {job_id} has {job.state}: it takes no more parts")
        raise NotFound(f"the upload {job_id} is not open in this Jupyter server")

    async def _rest(self, upload: OpenUpload, words: str | None) -> None:
        problem = Problem(code="interrupted", message=words) if words is not None else None
        await asyncio.shield(self._task(upload, "interrupted", problem))

    async def _end(self, upload: OpenUpload, state: str, problem: Problem | None) -> None:
        # Shielded: a client that goes away must not stop the abort half-way.
        await asyncio.shield(self._task(upload, state, problem))

    def _task(self, upload: OpenUpload, state: str, problem: Problem | None) -> asyncio.Task[None]:
        task = self._ending.get(upload.job_id)
        if task is None:
            upload.closing = True
            task = self._ending[upload.job_id] = asyncio.create_task(self._wind_down(upload, state, problem))
        return task

    async def _wind_down(self, upload: OpenUpload, state: str, problem: Problem | None) -> None:
        for part in list(upload.arriving):
            part.release()
        rests = state == "interrupted"
        done = upload.done()
        try:
            if rests:
                await asyncio.get_running_loop().run_in_executor(self._pauses, self._stop_parts, upload)
                with suppress(CockpitError):  # what came of parts that were on their way at the last moment
                    kept = await asyncio.to_thread(self._kept.parts, upload.job_id, upload.upload_id)
                    done = sum(part.size for part in kept)
            else:
                await self._asking(self._abort, upload)
        except CockpitError as error:
            log.warning("the upload %s could not be ended, it will be tried again: %s", upload.job_id, error)
            problem = problem or problem_of(error)
        finally:
            fields = {"state": state, "phase": "paused" if rests else "", "error": problem, "done": done}
            await asyncio.to_thread(self._board.change, upload.job_id, resumable=rests, **fields)
            if self._open.get(upload.job_id) is upload:
                self._open.pop(upload.job_id)
            self._ending.pop(upload.job_id, None)

    def _stop_parts(self, upload: OpenUpload) -> None:
        from ..s3.gates import shut_gate

        with shut_gate((upload.request.bucket, upload.request.key, upload.upload_id), STOP_TIMEOUT):
            return

    def _abort(self, upload: OpenUpload) -> None:
        # This ends the parts that are on their way, and repeats itself until the service holds none.
        from ..s3.uploads import abort

        abort(upload.connection, upload.request.bucket, upload.request.key, upload.upload_id)
        self._kept.end(upload.job_id, upload.upload_id)

    async def _watch_all(self) -> None:
        swept = float("-inf")
        while True:
            if time.monotonic() - swept > self.resting.INTERVAL:
                swept = time.monotonic()
                await self._asking(self.resting.sweep)
            await asyncio.sleep(min(WATCH_INTERVAL, self._idle))
            for upload in list(self._open.values()):
                quiet = time.monotonic() - upload.touched
                if quiet > self._idle and not upload.storing and not upload.closing:
                    words = _IDLE.format(minutes=round(self._idle / 60, 1), days=round(self._keep_days))
                    await self._rest(upload, words)
