"""Jobs whose workers die: the task is done again, or the job says which one it is; no process stays behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.formats.text import TextFormat
from cloud_data_cockpit.source import MemorySource

from . import deadly_text
from .conftest import Api
from .deadly_text import BLOCK, DEADLY
from .servers import Server

psutil = pytest.importorskip("psutil")

Put = Callable[[str, bytes], str]
LINES = b"".join(b"%d, a line of text\n" % n for n in range(4000))
ENGINES = pytest.mark.parametrize("engine", ["processes", "dask"])


@pytest.fixture(autouse=True)
def _installed(engine: str) -> None:
    if engine == "dask":
        pytest.importorskip("distributed")


@pytest.fixture
def others() -> set[int]:
    """The processes that this one had started before."""
    return {child.pid for child in psutil.Process().children(recursive=True)}


async def _gone(until: Any, others: set[int]) -> None:
    async def is_quiet() -> bool:
        return {child.pid for child in psutil.Process().children(recursive=True)} <= others

    await until(is_quiet)


def _alive(notes: Path) -> list[int]:
    """Workers that have begun a task, and that are more than an exit code which nobody has fetched."""
    begun = [int(path.name.split("-")[1]) for path in notes.glob("begun-*")]
    return [pid for pid in begun if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


async def _run(api: Api, ended: Any, demo: str, uri: str, engine: str, **more: Any) -> tuple[Any, list[Any]]:
    """(job, lines of its log) once it has ended."""
    body = {"connection": demo, "uri": uri, "format": "deadly-text", "executor": engine, **more}
    answer = await api("POST", "jobs", {"kind": "index", "executor_options": {"workers": 2}, **body})
    assert answer.status == 201, answer.json
    job = await ended(answer.json["id"], 120)
    return job, (await api("GET", f"jobs/{job['id']}/log")).json["lines"]


@ENGINES
async def test_a_worker_that_dies_loses_nothing(
    api: Api, demo: str, put: Put, ended: Any, until: Any, others: set[int], engine: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    deadly_text.register(monkeypatch, tmp_path / "notes", times=1)
    job, lines = await _run(api, ended, demo, put("a.txt", LINES), engine)
    assert (job["state"], job["error"], job["executor"]) == ("succeeded", None, engine)
    assert len(list((tmp_path / "notes").glob("block-*"))) == 1
    whole = TextFormat().index(MemorySource(LINES), TextFormat.params(), lambda done, total: None)
    assert f"{whole.records:,} records" in job["notes"]
    assert f"Tasks run on {engine}" in [line["text"] for line in lines]
    again = [line for line in lines if line["level"] == "warning"]
    assert any(f"{DEADLY} to {DEADLY + BLOCK} is done again" in line["text"] for line in again)
    await _gone(until, others)


@ENGINES
async def test_a_block_that_kills_fails_the_job_and_is_named(
    api: Api, demo: str, put: Put, ended: Any, until: Any, others: set[int], engine: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    deadly_text.register(monkeypatch, tmp_path / "notes", times=100)
    job, lines = await _run(api, ended, demo, put("a.txt", LINES), engine)
    assert (job["state"], job["error"]["code"]) == ("failed", "task_failed")
    assert f"the block of bytes {DEADLY} to {DEADLY + BLOCK} has ended its worker 3 times" in job["error"]["message"]
    assert "cut smaller slices" in job["error"]["message"]
    assert (lines[-1]["level"], job["error"]["message"] in lines[-1]["text"]) == ("error", True)
    await _gone(until, others)


@ENGINES
async def test_a_slice_that_kills_is_named_in_a_benchmark(
    api: Api, demo: str, put: Put, ended: Any, until: Any, others: set[int], engine: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    deadly_text.register(monkeypatch, tmp_path / "notes", times=3)
    uri = put("a.txt", LINES)
    more = {"timed": "tests.handlers.deadly_text:read", "sweep": {"values": [2, 6]}, "repeats": 1, "warm_up": 0}
    job, _ = await _run(api, ended, demo, uri, engine, kind="benchmark", format="text", **more)
    assert (job["state"], job["error"]) == ("succeeded", None)
    points = (await api("GET", f"benchmarks/{job['benchmark_id']}")).json["points"]
    problems = {point["value"]: point["problem"] for point in points}
    assert problems[2] is None
    assert f"slice 2 of {uri} has ended its worker 3 times" in problems[6]
    await _gone(until, others)


@ENGINES
@pytest.mark.parametrize("moment", ["at once", "in the midst"])
async def test_a_cancel_leaves_no_process(
    api: Api, demo: str, put: Put, until: Any, others: set[int], engine: str, moment: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    deadly_text.register(monkeypatch, tmp_path / "notes", times=0, linger=0.5)
    body = {"connection": demo, "uri": put("a.txt", LINES), "format": "deadly-text", "executor": engine}
    job = (await api("POST", "jobs", {"kind": "index", "executor_options": {"workers": 2}, **body})).json

    async def has_begun() -> bool:
        if moment == "at once":
            return bool((await api("GET", f"jobs/{job['id']}")).json["state"] == "running")
        return any((tmp_path / "notes").glob("begun-*"))

    await until(has_begun)
    asked = time.monotonic()
    assert (await api("POST", f"jobs/{job['id']}/cancel")).json["state"] == "cancelled"
    assert time.monotonic() - asked < 1
    await _gone(until, others)
    assert not _alive(tmp_path / "notes")


@ENGINES
@pytest.mark.parametrize("ending", ["stop", "kill -9"])
def test_a_server_that_ends_leaves_no_process(
    isolated_home: Path, s3_service: Any, put: Put, engine: str, ending: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from cloud_data_cockpit.s3.connections import write_demo

    write_demo(s3_service.endpoint_url, s3_service.access_key, s3_service.secret_key)
    plugin = tmp_path / "plugin" / "deadly_text-1.dist-info"
    plugin.mkdir(parents=True)
    (plugin / "METADATA").write_text("Metadata-Version: 2.1\nName: deadly-text\nVersion: 1\n")
    point = f"deadly-text = {deadly_text.__name__}:DeadlyText"
    (plugin / "entry_points.txt").write_text(f"[cloud_data_cockpit.formats]\n{point}\n")
    paths = [str(plugin.parent), str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths).rstrip(":"))
    notes = tmp_path / "notes"
    deadly_text.register(monkeypatch, notes, times=0, linger=4)
    (tmp_path / "root").mkdir()
    with Server(tmp_path / "root", tmp_path / "log") as server:
        body = {"connection": "demo", "uri": put("a.txt", LINES), "format": "deadly-text", "executor": engine}
        answer = server("POST", "jobs", {"kind": "index", "executor_options": {"workers": 2}, **body})
        assert answer.status == 201, answer.json
        _wait(lambda: any(notes.glob("begun-*")))
        workers = psutil.Process(server.process.pid).children(recursive=True)
        assert workers
        if ending == "kill -9":
            server.kill()
    _wait(lambda: not [each for each in workers if each.is_running() and each.status() != psutil.STATUS_ZOMBIE])


def _wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)
