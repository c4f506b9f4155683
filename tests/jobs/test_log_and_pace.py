"""The log of a job: bounded, redacted, forgotten with it. Its rate: over the last seconds."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud_data_cockpit.errors import NotFound
from cloud_data_cockpit.jobs import log as log_module
from cloud_data_cockpit.jobs.board import Board
from cloud_data_cockpit.jobs.log import KEPT, LONGEST, Logs
from cloud_data_cockpit.jobs.pace import LEAST, WINDOW, Pace, seconds_left
from cloud_data_cockpit.jobs.store import SCHEMA_VERSION, Store
from cloud_data_cockpit.models import Job, Problem


@pytest.fixture
def logs(store: Store, job: Job) -> Logs:
    store.save(job, "me")
    return Logs(store)


def test_lines_are_bounded_and_all_are_counted(logs: Logs, job: Job) -> None:
    for number in range(KEPT + 500):
        logs.add(job.id, f"line {number}")
    found = logs.read(job.id)
    assert found.total == KEPT + 500
    assert [found.lines[0].text, found.lines[-1].text] == ["line 500", f"line {KEPT + 499}"]
    assert len(found.lines) == KEPT
    assert logs._waiting == logs._dropped == {}


def test_many_lines_are_few_transactions(logs: Logs, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "INTERVAL", 1e9)
    written: list[int] = []
    write = logs._write
    monkeypatch.setattr(
        logs, "_write", lambda job_id, rows, more: (written.append(len(rows)), write(job_id, rows, more))
    )
    for number in range(300):
        logs.add(job.id, str(number))
    assert logs.read(job.id).total == 300
    assert written == [1, 299]


def test_the_first_line_survives_a_crash_at_once(logs: Logs, store: Store, job: Job) -> None:
    logs.add(job.id, "begun")
    assert [line.text for line in Logs(store).read(job.id).lines] == ["begun"]


def test_no_signature_and_no_endless_line(logs: Logs, job: Job) -> None:
    logs.add(job.id, f"https://x/y?X-Amz-Signature=cafebabe&b=1 {'z' * LONGEST}", "error")
    [line] = logs.read(job.id).lines
    assert "cafebabe" not in line.text
    assert len(line.text) < LONGEST + 10
    assert (line.level, line.at.tzinfo is not None) == ("error", True)


def test_a_log_goes_with_its_job(logs: Logs, store: Store, job: Job) -> None:
    logs.add(job.id, "here")
    store.save(job.model_copy(update={"state": "failed", "updated": datetime.now(UTC) - timedelta(days=9)}), "me")
    store.prune(days=1)
    assert store.rows("SELECT count(*) FROM lines") == [(0,)]
    logs.add(job.id, "nobody's")
    logs.flush(job.id)
    with pytest.raises(NotFound):
        logs.read(job.id)


def test_the_board_tells_what_happened(board: Board, job: Job) -> None:
    board.add(job.model_copy(update={"user": "ada", "priority": "high", "executor": "dask"}))
    board.change(job.id, state="running")
    board.log(job.id, "half-way")
    board.fail(job.id, Problem(code="x", message="the disk is full: free some"))
    lines = board.logs.read(job.id).lines
    assert [line.level for line in lines] == ["info", "info", "info", "error"]
    assert lines[0].text == "Partition a key.csv, asked for by ada, priority high, on dask"
    assert "the disk is full: free some" in lines[-1].text
    assert (board._paces, board.logs._written) == ({}, {})


def test_started_and_rate_are_of_the_run(board: Board, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("cloud_data_cockpit.jobs.board.time.monotonic", lambda: now[0])
    board.add(job)
    assert (board.get(job.id).started, board.get(job.id).rate) == (None, None)
    board.change(job.id, state="running")
    started = board.get(job.id).started
    assert started is not None
    for second in range(31):
        now[0] = 1000.0 + second
        board.progress(job.id, done=100 * second, total=10_000)
    found = board.get(job.id)
    assert (found.rate, found.seconds_left, found.started) == (pytest.approx(100), pytest.approx(70), started)
    now[0] += WINDOW  # nothing comes any more
    assert (board.get(job.id).rate, board.latest()[0].seconds_left) == (0, None)
    board.change(job.id, state="succeeded", done=10_000)
    assert (board.get(job.id).rate, board.get(job.id).seconds_left) == (None, None)
    assert board.get(job.id).started == started


def test_the_rate_is_that_of_the_last_seconds() -> None:
    pace, done = Pace(), 0
    for tick in range(400):  # 40 s at 10 a second, 40 s at 1,000
        done += 1 if tick < 200 else 100
        pace.note(done, tick * 0.2)
    assert pace.rate(done, 80.0) == pytest.approx(500, rel=0.05)
    assert len(pace._points) < 80


def test_a_rate_needs_a_while_and_begins_anew_when_counted_back() -> None:
    pace = Pace()
    assert pace.rate(0, 0.0) is None
    pace.note(0, 0.0)
    assert pace.rate(5, LEAST / 2) is None
    pace.note(900, 2.0)
    assert pace.rate(900, 2.0) == 450
    pace.note(10, 3.0)
    assert pace.rate(10, 3.0) is None
    assert pace.rate(30, 5.0) == 10


@pytest.mark.parametrize(("done", "total", "rate"), [(5, 0, 1.0), (5, 5, 1.0), (5, 9, None), (5, 9, 0.0)])
def test_what_is_left_may_be_unknown(done: int, total: int, rate: float | None) -> None:
    assert seconds_left(done, total, rate) is None
    assert seconds_left(0, 100, 8.0) == 12.5


def test_a_database_without_logs_is_brought_up_to_date(store: Store, job: Job) -> None:
    new = {"priority", "user", "executor", "started", "rate", "seconds_left"}
    store.save(job, "me")
    store.close()
    connection = sqlite3.connect(store.path)
    with connection:
        connection.execute("UPDATE jobs SET record = ?", (job.model_dump_json(exclude=new),))
        connection.execute("DROP TABLE lines")
        connection.execute("PRAGMA user_version = 3")
    connection.close()
    again = Store(Path(store.path))
    try:
        assert again.get(job.id) == job.model_copy(update={"executor": None})
        assert again.rows("PRAGMA user_version") == [(SCHEMA_VERSION,)]
        Logs(again).add(job.id, "kept")
        assert Logs(again).read(job.id).total == 1
    finally:
        again.close()
