"""Starts jobs in a bounded pool of threads, tells their progress, stops them, lets them go on."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ..errors import Cancelled, CockpitError, Conflict
from ..models import Job, Problem, Record
from .base import Interrupted, Kind
from .board import Board
from .progress import Progress
from .queue import Queue
from .store import ENDED
from .tracebacks import problem_of, traceback_text

log = logging.getLogger(__name__)

GRACE = 0.8
"""Seconds that a cancelled job has to stop by itself before it is called cancelled all the same."""
STOP_TIMEOUT = 5.0
LIGHT_JOBS = 8
"""Jobs at once that wait for the network rather than need the processor."""

STOPPED = Problem(code="interrupted", message="the Jupyter server stopped before this was done; start it again")
RESTARTS = Problem(
    code="interrupted", message="the Jupyter server stopped before this was done; it goes on when the server does"
)
OFFERED = Problem(
    code="interrupted", message="the Jupyter server stopped before this was done; resume it to go on from there"
)


def interruption(kind: Kind[Any], kept: bool) -> Problem:
    """What a job says that its server left half-way; `kept` tells whether its request is."""
    if not kind.resumes or not kept:
        return STOPPED
    return OFFERED if kind.waits else RESTARTS


@dataclass(frozen=True)
class _Running:
    resumes: bool
    problem: Problem
    stop: threading.Event
    future: Future[None]


def new_job(kind: Kind[Any], request: Any, **fields: Any) -> Job:
    """A queued job of `kind`, asked for by a record of that kind, with an id of its own."""
    now = datetime.now(UTC)
    fields = {"state": "queued", **fields}
    return Job(
        id=secrets.token_hex(8),
        kind=kind.name,
        title=kind.title(request),
        created=now,
        updated=now,
        unit=kind.unit,
        connection=request.connection or "",
        uri=kind.uri(request),
        priority=getattr(request, "priority", "normal"),
        executor=getattr(request, "executor", None),
        started=now if fields["state"] == "running" else None,
        **fields,
    )


class Runner:
    """Jobs that this server works at itself, at most `max_jobs` heavy ones at once; further ones wait in a Queue.

    What a check asks S3 runs in `threads`, or else in the loop's own, which cancelling needs as well.
    """

    def __init__(
        self, board: Board, max_jobs: int, light_jobs: int = LIGHT_JOBS, threads: ThreadPoolExecutor | None = None
    ) -> None:
        self._board = board
        self._heavy = Queue(max_jobs, "cockpit-job")
        self._light = Queue(light_jobs, "cockpit-transfer")
        self._running: dict[str, _Running] = {}
        self._closing = threading.Event()
        self._threads = threads

    async def submit(self, kind: Kind[Any], request: Record, user: str = "") -> Job:
        """Check the request, queue the job of `user`; errors of the check are raised here, later ones are the job's."""
        if kind.check is not None:
            await asyncio.get_running_loop().run_in_executor(self._threads, kind.check, request)
        kept = request if kind.may_keep(request) else None
        job = await asyncio.to_thread(self._board.add, new_job(kind, request, user=user), kept)
        self._begin(job, kind, request)
        return job

    async def go_on(self, job: Job, former: str, kind: Kind[Any], request: Record) -> Job:
        """Work on at a job that stopped half-way, which was server `former`'s. Conflict when it is another's now."""
        taken = await asyncio.to_thread(
            self._board.take, job.id, former, state="queued", error=None, resumable=False, phase=""
        )
        if not taken:
            raise Conflict(f"job {job.id} goes on in another Jupyter server of yours")
        self._begin(job, kind, request)
        return await asyncio.to_thread(self._board.get, job.id)

    def _begin(self, job: Job, kind: Kind[Any], request: Record) -> None:
        job_id, stop = job.id, threading.Event()
        queue = self._heavy if kind.heavy else self._light
        future = queue.submit(partial(self._work, job_id, kind, request, stop), job.priority, job.user)
        kept = kind.may_keep(request)
        self._running[job_id] = _Running(kind.resumes and kept, interruption(kind, kept), stop, future)
        future.add_done_callback(lambda _: self._running.pop(job_id, None))
        if future.done():
            self._running.pop(job_id, None)

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
        self._closing.set()
        for entry in running.values():
            entry.stop.set()
            entry.future.cancel()
        for job_id, entry in running.items():
            await asyncio.to_thread(
                self._board.change, job_id, state="interrupted", error=entry.problem, resumable=entry.resumes
            )
        waiting = [asyncio.wrap_future(entry.future) for entry in running.values() if not entry.future.done()]
        if waiting:
            await asyncio.wait(waiting, timeout=STOP_TIMEOUT)
        for queue in (self._heavy, self._light):
            queue.shutdown()

    def _work(self, job_id: str, kind: Kind[Any], request: Record, stop: threading.Event) -> None:
        progress = Progress(
            lambda changes: self._board.progress(job_id, **changes),
            stop,
            job_id=job_id,
            store=self._board.store,
            closing=self._closing,
            keep=lambda fields: self._board.change(job_id, **fields),
            log=partial(self._board.log, job_id),
        )
        if kind.work is None or not self._board.change(job_id, state="running", phase=kind.phase):
            return
        try:
            result = kind.work(request, progress)
        except Cancelled:
            self._board.change(job_id, state="cancelled", phase="")
        except Interrupted as error:
            self._board.change(job_id, state="interrupted", phase="", resumable=True, error=problem_of(error.cause))
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
