"""Hundreds of jobs, cancelled in random order: no thread, file or row is left behind."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.jobs.base import Kind
from cloud_data_cockpit.jobs.board import Board
from cloud_data_cockpit.jobs.index import INDEX
from cloud_data_cockpit.jobs.progress import Progress
from cloud_data_cockpit.jobs.runner import Runner
from cloud_data_cockpit.jobs.store import Store
from cloud_data_cockpit.models import IndexRequest, Job

MANY = 500


def _work(request: IndexRequest, progress: Progress) -> dict[str, Any]:
    from cloud_data_cockpit.jobs.scanning import scanning

    class _Reference:
        """Nobody reads here."""

    with scanning(request, _Reference(), progress):  # type: ignore[arg-type]
        while True:
            progress(1, 2)
            progress.sleep(0.01)


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="open files are counted in /proc")
@pytest.mark.parametrize("seed", [1, 2])
def test_queued_and_cancelled_in_random_order(
    isolated_home: Path, board: Board, store: Store, told: list[Job], loop: asyncio.AbstractEventLoop, seed: int
) -> None:
    kind: Kind[IndexRequest] = replace(INDEX, check=None, work=_work)

    async def scenario() -> tuple[set[str], int]:
        runner = Runner(board, 2)
        first = await runner.submit(kind, _request(0))
        await runner.cancel(first.id)  # so that what is opened once is open
        files = _open_files()
        jobs = [first, *[await runner.submit(kind, _request(number)) for number in range(1, MANY)]]
        assert len(runner._running) == MANY - 1
        order = [job.id for job in jobs]
        random.Random(seed).shuffle(order)
        for start in range(0, MANY, 50):
            await asyncio.gather(*[runner.cancel(job_id) for job_id in order[start : start + 50]])
        assert runner._running == {}
        await runner.close()
        return set(order), _open_files() - files

    threads = {thread.ident for thread in threading.enumerate()}
    ids, more_files = loop.run_until_complete(scenario())
    loop.run_until_complete(loop.shutdown_default_executor())
    for thread in threading.enumerate():
        if thread.ident not in threads:
            thread.join(5)
            assert not thread.is_alive(), thread.name
    assert more_files <= 0
    assert store.rows("SELECT state, count(*) FROM jobs GROUP BY state") == [("cancelled", MANY)]
    assert store.unfinished(resumable=True) == []
    assert (board._live, board._told) == ({}, {})
    assert not any((isolated_home / "jupyter-data" / "cloud-data-cockpit").glob("checkpoints/*"))
    last = {job.id: job.state for job in told}
    assert last == dict.fromkeys(ids, "cancelled")


def _request(number: int) -> IndexRequest:
    return IndexRequest(kind="index", connection="demo", uri=f"s3://bucket/{number}")
