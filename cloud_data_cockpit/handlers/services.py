"""What the handlers call: made once by the extension, given to each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ParamSpec, TypeVar

from ..jobs.board import Board
from ..jobs.runner import Runner
from ..jobs.uploads import Uploads
from ..models import Job, ServerInfo
from .tickets import Tickets

P = ParamSpec("P")
T = TypeVar("T")

REQUEST_THREADS = 32
"""Requests that wait for an S3 service at the same moment; one that is silent holds each for minutes."""
DESK_THREADS = 4
STREAM_THREADS = 8
"""Downloads to browsers for which blocks are read at the same moment; while a client takes one, no thread is held."""


def request_threads() -> ThreadPoolExecutor:
    """Threads for what asks S3: the `threads` of Services, its uploads and its jobs' checks."""
    return ThreadPoolExecutor(REQUEST_THREADS, thread_name_prefix="cockpit-request")


def _desk() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(DESK_THREADS, thread_name_prefix="cockpit-desk")


def _streams() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(STREAM_THREADS, thread_name_prefix="cockpit-stream")


@dataclass(frozen=True)
class Services:
    """Settings, the description of the API, the jobs, and threads for what blocks."""

    info: ServerInfo
    document: dict[str, Any]
    board: Board
    runner: Runner
    uploads: Uploads
    threads: ThreadPoolExecutor
    desk: ThreadPoolExecutor = field(default_factory=_desk)
    streams: ThreadPoolExecutor = field(default_factory=_streams)
    tickets: Tickets = field(default_factory=Tickets)

    async def blocking(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` in a thread; these threads are Data Cockpit's own, so a slow service delays nobody else."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, partial(function, *args, **kwargs))

    async def at_hand(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what needs no S3 service, in threads that none can hold up: jobs can always be seen and stopped."""
        return await asyncio.get_running_loop().run_in_executor(self.desk, partial(function, *args, **kwargs))

    async def cancel(self, job_id: str) -> Job:
        """Stop a job of any kind."""
        if self.uploads.drives(job_id):
            return await self.uploads.cancel(job_id)
        if not self.runner.works_at(job_id) and await self.at_hand(self.uploads.resting.has, job_id):
            return await self.blocking(self.uploads.resting.cancel, job_id)
        return await self.runner.cancel(job_id)
