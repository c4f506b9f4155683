"""The runner: states of a job, errors, cancelling within a second, a bounded pool, recovery after a crash."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from cloud_data_cockpit.errors import BadRequest, Conflict, FormatError
from cloud_data_cockpit.formats.base import Report
from cloud_data_cockpit.jobs.board import Board
from cloud_data_cockpit.jobs.kinds import KINDS, PARTITION, Kind, startable
from cloud_data_cockpit.jobs.runner import Runner
from cloud_data_cockpit.jobs.store import Store
from cloud_data_cockpit.models import Job, PartitionRequest

Scenario = Callable[[Runner], Awaitable[Any]]


def _kind(work: Callable[[PartitionRequest, Report], dict[str, Any]], **changes: Any) -> Kind[PartitionRequest]:
    return replace(PARTITION, check=None, work=work, undo=None, **changes)


@pytest.fixture
def play(board: Board, loop: asyncio.AbstractEventLoop) -> Callable[..., Any]:
    """Run a scenario with a runner, and close it."""

    def run(scenario: Scenario, max_jobs: int = 2) -> Any:
        async def whole() -> Any:
            runner = Runner(board, max_jobs)
            try:
                return await asyncio.wait_for(scenario(runner), 20)
            finally:
                await runner.close()

        return loop.run_until_complete(whole())

    return run


async def _ended(board: Board, job: Job, seconds: float = 5) -> Job:
    until = time.monotonic() + seconds
    while board.is_live(job.id):
        assert time.monotonic() < until, board.get(job.id)
        await asyncio.sleep(0.01)
    return board.get(job.id)


def test_every_kind_is_in_the_table() -> None:
    assert {"partition", "upload"} <= {kind.name for kind in KINDS}
    assert [startable(kind.name) for kind in KINDS if kind.work is not None] == [k for k in KINDS if k.work is not None]
    with pytest.raises(BadRequest, match="known are"):
        startable("nonsense")


def test_success(play: Any, board: Board, told: list[Job], request_record: PartitionRequest) -> None:
    def work(request: PartitionRequest, report: Report) -> dict[str, Any]:
        report(5, 10)
        return {"manifest_id": f"of {request.uri}"}

    async def scenario(runner: Runner) -> Job:
        job = await runner.submit(_kind(work), request_record)
        assert job.state == "queued"
        return await _ended(board, job)

    job = play(scenario)
    assert (job.state, job.manifest_id, job.done, job.total) == ("succeeded", "of s3://bucket/a key.csv", 5, 10)
    assert job.title == "Partition a key.csv"
    assert told[0].state == "queued"
    assert told[-1].state == "succeeded"


def test_a_foreseen_error_is_shown(play: Any, board: Board, request_record: PartitionRequest) -> None:
    def work(request: PartitionRequest, report: Report) -> dict[str, Any]:
        raise FormatError("line 7 has no end")

    async def scenario(runner: Runner) -> Job:
        return await _ended(board, await runner.submit(_kind(work), request_record))

    job = play(scenario)
    assert job.state == "failed"
    assert job.error is not None
    assert (job.error.code, job.error.message) == ("format", "line 7 has no end")


def test_an_unforeseen_error_is_logged_with_its_traceback(
    play: Any, board: Board, request_record: PartitionRequest, caplog: pytest.LogCaptureFixture
) -> None:
    def work(request: PartitionRequest, report: Report) -> dict[str, Any]:
        raise ZeroDivisionError("X-Amz-Signature=cafebabe")

    async def scenario(runner: Runner) -> Job:
        return await _ended(board, await runner.submit(_kind(work), request_record))

    with caplog.at_level(logging.ERROR):
        job = play(scenario)
    assert job.error is not None
    assert job.error.code == "internal"
    assert "in work" in caplog.text
    assert "cafebabe" not in caplog.text + job.error.message


def test_what_is_wrong_at_once_is_said_at_once(play: Any, board: Board, request_record: PartitionRequest) -> None:
    def refuse(request: PartitionRequest) -> None:
        raise BadRequest("no")

    async def scenario(runner: Runner) -> None:
        await runner.submit(replace(PARTITION, check=refuse), request_record)

    with pytest.raises(BadRequest):
        play(scenario)
    assert board.latest() == []


def test_cancel_stops_within_a_second(play: Any, board: Board, request_record: PartitionRequest) -> None:
    started = threading.Event()

    def work(request: PartitionRequest, report: Report) -> dict[str, Any]:
        for done in range(10_000):
            report(done, 10_000)
            started.set()
            time.sleep(0.01)
        return {"manifest_id": "m"}

    async def scenario(runner: Runner) -> tuple[Job, float]:
        job = await runner.submit(_kind(work), request_record)
        await asyncio.to_thread(started.wait, 5)
        begun = time.monotonic()
        cancelled = await runner.cancel(job.id)
        took = time.monotonic() - begun
        assert not runner.works_at(job.id)
        assert await runner.cancel(job.id) == cancelled
        return cancelled, took

    job, took = play(scenario)
    assert job.state == "cancelled"
    assert job.manifest_id is None
    assert took < 1


def test_what_a_deaf_job_makes_after_its_cancel_is_thrown_away(
    play: Any, board: Board, request_record: PartitionRequest
) -> None:
    started, go_on, undone = threading.Event(), threading.Event(), threading.Event()
    thrown: list[dict[str, Any]] = []

    def work(request: PartitionRequest, report: Report) -> dict[str, Any]:
        started.set()
        go_on.wait(10)
        return {"manifest_id": "late"}

    def undo(result: dict[str, Any]) -> None:
        thrown.append(result)
        undone.set()

    async def scenario(runner: Runner) -> tuple[Job, float]:
        job = await runner.submit(replace(_kind(work), undo=undo), request_record)
        await asyncio.to_thread(started.wait, 5)
        begun = time.monotonic()
        cancelled = await runner.cancel(job.id)
        took = time.monotonic() - begun
        go_on.set()
        assert await asyncio.to_thread(undone.wait, 5)
        assert board.get(job.id) == cancelled
        return cancelled, took

    job, took = play(scenario)
    assert job.state == "cancelled"
    assert took < 1
    assert thrown == [{"manifest_id": "late"}]


def test_further_jobs_wait_and_a_waiting_one_can_be_cancelled(
    play: Any, board: Board, request_record: PartitionRequest
) -> None:
    go_on = threading.Event()
    ran: list[str] = []

    def work(request: PartitionRequest, report: Report) -> dict[str, Any]:
        ran.append(request.uri)
        go_on.wait(10)
        return {"manifest_id": "m"}

    async def scenario(runner: Runner) -> list[str]:
        first = await runner.submit(_kind(work), request_record)
        second = await runner.submit(_kind(work), request_record)
        await asyncio.sleep(0.1)
        assert [job.state for job in board.latest()] == ["queued", "running"]
        assert (await runner.cancel(second.id)).state == "cancelled"
        go_on.set()
        return [(await _ended(board, first)).state, board.get(second.id).state]

    assert play(scenario, max_jobs=1) == ["succeeded", "cancelled"]
    assert len(ran) == 1


def test_users_take_turns_and_priorities_count(play: Any, board: Board, request_record: PartitionRequest) -> None:
    go_on, ran = threading.Event(), []

    def work(request: PartitionRequest, report: Report) -> dict[str, Any]:
        if request.uri == "s3://b/first":
            go_on.wait(10)
        else:
            ran.append(request.uri.rpartition("/")[2])
        return {"manifest_id": "m"}

    def asked(name: str, **more: Any) -> PartitionRequest:
        return request_record.model_copy(update={"uri": f"s3://b/{name}", **more})

    async def scenario(runner: Runner) -> list[Job]:
        kind = _kind(work)
        jobs = [await runner.submit(kind, asked("first"), "someone")]
        for user in ("ada", "bo", "cy"):
            jobs += [await runner.submit(kind, asked(f"{user}{n}"), user) for n in range(50)]
        jobs.append(await runner.submit(kind, asked("urgent", priority="high"), "ada"))
        jobs.append(await runner.submit(kind, asked("idle", priority="low"), "bo"))
        go_on.set()
        return [await _ended(board, job, 20) for job in jobs]

    jobs = play(scenario, max_jobs=1)
    assert {job.state for job in jobs} == {"succeeded"}
    assert [(job.user, job.priority) for job in jobs[-2:]] == [("ada", "high"), ("bo", "low")]
    assert ran[0] == "urgent"
    normal = [name for name in ran if name not in ("urgent", "idle")]
    for turn in range(50):
        assert sorted(normal[3 * turn : 3 * turn + 3]) == [f"ada{turn}", f"bo{turn}", f"cy{turn}"]
    assert ran.index("idle") == 7  # one in eight


def test_a_job_of_another_server_is_not_ours_to_cancel(play: Any, store: Store, job: Job) -> None:
    store.save(job.model_copy(update={"state": "running"}), "another")

    async def scenario(runner: Runner) -> None:
        await runner.cancel(job.id)

    with pytest.raises(Conflict, match="another Jupyter server"):
        play(scenario)


def test_closing_interrupts(board: Board, loop: asyncio.AbstractEventLoop, request_record: PartitionRequest) -> None:
    started = threading.Event()

    def work(request: PartitionRequest, report: Report) -> dict[str, Any]:
        started.set()
        while True:
            report(1, 2)
            time.sleep(0.01)

    async def scenario() -> Job:
        runner = Runner(board, 1)
        job = await runner.submit(_kind(work), request_record)
        await asyncio.to_thread(started.wait, 5)
        await runner.close()
        return board.get(job.id)

    job = loop.run_until_complete(scenario())
    assert job.state == "interrupted"
    assert job.error is not None
    assert "resume it" in job.error.message
