"""The board: what is told and when, what is saved, and that an ended job stays ended."""

from __future__ import annotations

import asyncio
import threading

import pytest

from cloud_data_cockpit.errors import NotFound
from cloud_data_cockpit.jobs.board import Board
from cloud_data_cockpit.jobs.store import Store
from cloud_data_cockpit.models import Job, Problem


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_until_complete(asyncio.sleep(0.01))


def test_progress_is_throttled_and_state_is_not(
    board: Board, told: list[Job], loop: asyncio.AbstractEventLoop, job: Job, store: Store
) -> None:
    board.add(job)
    for done in range(1000):
        board.progress(job.id, done=done, total=1000)
    board.change(job.id, state="running")
    board.change(job.id, state="succeeded", done=1000)
    _turn(loop)
    assert [(news.state, news.done) for news in told] == [("queued", 0), ("running", 999), ("succeeded", 1000)]
    assert store.get(job.id).done == 1000


def test_progress_is_told_from_time_to_time(
    board: Board, told: list[Job], loop: asyncio.AbstractEventLoop, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_data_cockpit.jobs.board.INTERVAL", 0.0)
    board.add(job)
    board.progress(job.id, done=5)
    _turn(loop)
    assert [news.done for news in told] == [0, 5]


def test_news_come_in_the_loops_thread(board: Board, loop: asyncio.AbstractEventLoop, job: Job) -> None:
    threads: list[int] = []
    board._notify = lambda _: threads.append(threading.get_ident())
    worker = threading.Thread(target=board.add, args=(job,))
    worker.start()
    worker.join()
    _turn(loop)
    assert threads == [threading.get_ident()]


def test_an_ended_job_stays_as_it_is(board: Board, job: Job, store: Store) -> None:
    board.add(job)
    assert board.change(job.id, state="cancelled")
    assert not board.change(job.id, state="succeeded", manifest_id="m")
    assert not board.fail(job.id, Problem(code="x", message="y"))
    board.progress(job.id, done=9)
    assert store.get(job.id).state == "cancelled"
    assert board.get(job.id) == store.get(job.id)
    assert not board.is_live(job.id)


def test_the_list_shows_live_progress(board: Board, job: Job) -> None:
    board.add(job)
    board.progress(job.id, done=3)
    assert [found.done for found in board.latest()] == [3]


def test_unknown_jobs(board: Board) -> None:
    with pytest.raises(NotFound):
        board.get("nobody")


def test_after_close_nothing_is_told(board: Board, told: list[Job], loop: asyncio.AbstractEventLoop, job: Job) -> None:
    board.close()
    board.add(job)
    _turn(loop)
    assert told == []
