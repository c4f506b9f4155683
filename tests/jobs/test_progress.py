"""Progress: told from many threads, notes within bounds, and where a stopped job ends."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cloud_data_cockpit.errors import Cancelled
from cloud_data_cockpit.jobs.progress import MOST_NOTES, Progress


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def told() -> dict[str, Any]:
    return {}


@pytest.fixture
def progress(told: dict[str, Any], stop: threading.Event) -> Progress:
    return Progress(told.update, stop)


def test_formats_call_it_as_their_report(progress: Progress, told: dict[str, Any]) -> None:
    progress(5, 10)
    assert told == {"done": 5, "total": 10}


def test_only_what_is_given_is_told(progress: Progress, told: dict[str, Any]) -> None:
    progress.update(phase="counting", items=0)
    assert told == {"phase": "counting", "items": 0}
    assert (progress.phase, progress.items) == ("counting", 0)


def test_several_threads_count_together(progress: Progress, told: dict[str, Any]) -> None:
    with ThreadPoolExecutor(8) as pool:
        for _ in range(500):
            pool.submit(progress.add, 3, 1, 4, 2)
    assert (progress.done, progress.items, progress.total, progress.items_total) == (1500, 500, 2000, 1000)
    assert told == {"done": 1500, "items": 500, "total": 2000, "items_total": 1000}


def test_notes_are_bounded_and_the_rest_is_counted(progress: Progress, told: dict[str, Any]) -> None:
    for number in range(MOST_NOTES + 1234):
        progress.note(f"note {number}")
    assert len(told["notes"]) == MOST_NOTES + 1
    assert told["notes"][0] == "note 0"
    assert told["notes"][-1] == "and 1,234 more"


def test_a_stopped_job_ends_wherever_it_tells_something(progress: Progress, stop: threading.Event) -> None:
    stop.set()
    assert progress.stopped
    for call in (
        progress.check,
        progress.add,
        lambda: progress(1, 2),
        lambda: progress.update(done=1),
        lambda: progress.phase_is("x"),
        lambda: progress.sleep(60),
    ):
        with pytest.raises(Cancelled):
            call()
    progress.note("this is still kept")
