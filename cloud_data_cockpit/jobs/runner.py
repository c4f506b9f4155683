"""Starts jobs in a bounded pool of threads, tells their progress, stops them, tidies up after a server that died."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..errors import Cancelled, CockpitError, Conflict
from ..models import Job, Problem, Record
from .base import Kind
from .board import Board
from .driven import UPLOAD
from .ownership import Owner
from .progress import Progress
from .store import ENDED, KeptUpload, Store
from .tracebacks import problem_of, traceback_text

log = logging.getLogger(__name__)

GRACE = 0.8
"""Seconds that a cancelled job has to stop by itself before it is called cancelled all the same."""
STOP_TIMEOUT = 5.0
LIGHT_JOBS = 8
"""Jobs at once that wait for the network rather than need the processor."""

_STOPPED = Problem(code="interrupted", message="the Jupyter server stopped before this was done; start it again")


@dataclass(frozen=True)
class _Running:
    stop: threading.Event
    future: Future[None]


def new_job(kind: Kind[Any], request: Any, **fields: Any) -> Job:
    """A queued job of `kind`, asked for by a record of that kind, with an id of its own."""
    now = datetime.now(UTC)
    return Job(
        id=secrets.token_hex(8),
        kind=kind.name,
        title=kind.title(request),
        created=now,
        updated=now,
        unit=kind.unit,
        connection=request.connection,
        uri=kind.uri(request),
        **{"state": "queued", **fields},
    )


class Runner:
    """Jobs that this server works at itself, at most `max_jobs` heavy ones at once; further ones wait."""

    def __init__(self, board: Board, max_jobs: int, light_jobs: int = LIGHT_JOBS) -> None:
        self._board = board
        self._heavy = ThreadPoolExecutor(max_jobs, thread_name_prefix="cockpit-job")
        self._light = ThreadPoolExecutor(light_jobs, thread_name_prefix="cockpit-transfer")
        self._running: dict[str, _Running] = {}

    async def submit(self, kind: Kind[Any], request: Record) -> Job:
        """Check the request, queue the job; the errors of the check are raised here, later ones are the job's."""
        if kind.check is not None:
            await asyncio.to_thread(kind.check, request)
        kept = request if kind.may_keep(request) else None
        job = await asyncio.to_thread(self._board.add, new_job(kind, request), kept)
        stop = threading.Event()
        pool = self._heavy if kind.heavy else self._light
        future = pool.submit(self._work, job.id, kind, request, stop)
        self._running[job.id] = _Running(stop, future)
        future.add_done_callback(lambda _: self._running.pop(job.id, None))
        if future.done():
            self._running.pop(job.id, None)
        return job

    def works_at(self, job_id: str) -> bool:
        """Whether the job waits or runs here."""
        return job_id in self._running

    async def cancel(self, job_id: str) -> Job:
        """Stop the job within a second; one that has ended already stays as it is.

        NotFound when there is none, Conflict when another server works at it.
        """
        running = self._running.get(job_id)
        job = await asyncio.to_thread(self._board.get, job_id)
        if job.state in ENDED:
            return job
        if running is None:
            raise Conflict(f"job {job_id} belongs to another Jupyter server of yours: cancel it there")
        running.stop.set()
        if not running.future.cancel():
            await asyncio.wait([asyncio.wrap_future(running.future)], timeout=GRACE)
        # A thread in the midst of a slow read cannot be stopped; what it makes after this is thrown away.
        await asyncio.to_thread(self._board.change, job_id, state="cancelled", phase="")
        return await asyncio.to_thread(self._board.get, job_id)

    async def close(self) -> None:
        """Stop all jobs, wait a little for them, and call those that were not done interrupted."""
        running = dict(self._running)
        for entry in running.values():
            entry.stop.set()
            entry.future.cancel()
        for job_id in running:
            await asyncio.to_thread(self._board.change, job_id, state="interrupted", error=_STOPPED)
        waiting = [asyncio.wrap_future(entry.future) for entry in running.values() if not entry.future.done()]
        if waiting:
            await asyncio.wait(waiting, timeout=STOP_TIMEOUT)
        for pool in (self._heavy, self._light):
            pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, job_id: str, kind: Kind[Any], request: Record, stop: threading.Event) -> None:
        progress = Progress(lambda changes: self._board.progress(job_id, **changes), stop)
        if kind.work is None or not self._board.change(job_id, state="running", phase=kind.phase):
            return
        try:
            result = kind.work(request, progress)
        except Cancelled:
            self._board.change(job_id, state="cancelled", phase="")
        except CockpitError as error:
            self._board.fail(job_id, problem_of(error))
        except Exception as error:  # noqa: BLE001 - the job shows it and the log has the traceback
            log.error("job %s failed unexpectedly\n%s", job_id, traceback_text(error))
            self._board.fail(job_id, problem_of(error))
        else:
            if stop.is_set() or not self._board.change(job_id, state="succeeded", phase="", **result):
                if kind.undo is not None:
                    kind.undo(result)
                self._board.change(job_id, state="cancelled", phase="")


def recover(store: Store, owner: Owner) -> list[KeptUpload]:
    """Call the jobs of dead servers interrupted; the multipart uploads they left, which are still to be aborted."""
    for name, job in store.unfinished():
        if name != owner.name and not owner.others_live(name):
            changes = {"state": "interrupted", "error": _STOPPED, "phase": "", "updated": datetime.now(UTC)}
            if job.kind == UPLOAD.name:
                changes["done"] = sum(part.size for part in store.parts(job.id))
            store.save(job.model_copy(update=changes), name)
    store.prune()
    return [upload for upload in store.open_uploads() if not owner.others_live(upload.owner)]


async def abort_left_over(store: Store, uploads: list[KeptUpload]) -> None:
    """Abort multipart uploads that a former server left; one that cannot be reached waits for the next start."""
    from ..s3.connections import resolve
    from ..s3.uploads import abort

    def abort_one(upload: KeptUpload) -> None:
        abort(resolve(upload.connection), upload.bucket, upload.key, upload.upload_id)
        store.close_upload(upload.job_id)

    for upload in uploads:
        try:
            await asyncio.to_thread(abort_one, upload)
        except CockpitError as error:
            log.warning("an upload to %s that was interrupted is still open: %s", upload.bucket, error.message)
