"""Threads, processes, Dask: the engines that every development environment has."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from cloud_data_cockpit.errors import BadRequest, Cancelled, ServiceError, TaskFailed
from cloud_data_cockpit.executors import Executor, open_executor, processes

from . import tasks
from .conformance import ExecutorConformance, wait_until

SCRIPT = """
from cloud_data_cockpit.executors import open_executor
print("begun")
def square(number):
    return number * number
with open_executor({name!r}, workers=2) as executor:
    print(list(executor.map(square, range(5))))
"""


def test_threads_keep_what_does_not_pickle() -> None:
    with open_executor("threads", workers=2) as executor:
        assert [len(list(part)) for part in executor.map(tasks.lost, range(4))] == [0, 1, 2, 3]


def test_threads_are_gone_when_closed() -> None:
    before = set(threading.enumerate())
    with open_executor("threads", workers=4) as executor:
        list(executor.run(tasks.double, range(50)))
    assert set(threading.enumerate()) <= before


class TestThreads(ExecutorConformance):
    name = "threads"
    dies = False


class TestProcesses(ExecutorConformance):
    name = "processes"

    def test_processes_are_others_and_end(self) -> None:
        threads = set(threading.enumerate())
        with open_executor("processes", workers=2) as executor:
            pids = set(executor.map(tasks.where, range(20)))
            assert os.getpid() not in pids
            assert len(pids) <= 2
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        assert set(threading.enumerate()) <= threads

    def test_what_is_stopped_leaves_no_process(self, tmp_path: Path) -> None:
        stop = threading.Event()

        def stop_when_begun() -> None:
            wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
            stop.set()

        stopper = threading.Thread(target=stop_when_begun)
        stopper.start()
        with open_executor("processes", workers=2) as executor, pytest.raises(Cancelled):
            list(executor.run(tasks.linger, [(str(tmp_path), 60)] * 4, stop=stop))
        stopper.join()
        pids = [int(path.name.split("-")[1]) for path in tmp_path.iterdir()]
        assert len(pids) == 2
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]

    def test_a_value_that_cannot_travel(self, executor: Executor) -> None:
        with pytest.raises(BadRequest, match=r"lost.<locals>.<genexpr> cannot travel .*\(task 0\)"):
            list(executor.run(tasks.lost, [3]))

    def test_what_a_task_prints_is_not_its_result(self, executor: Executor) -> None:
        assert list(executor.map(print, ["loud"])) == [None]

    def test_it_tries_as_often_as_told(self) -> None:
        with (
            open_executor("processes", workers=1, tries=1) as executor,
            pytest.raises(TaskFailed, match="has ended its worker 1 times"),
        ):
            list(executor.run(partial(tasks.die_at, 0), range(3)))


def test_a_process_that_is_starting_when_its_task_is_dropped_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starting, dropped, stop = threading.Event(), threading.Event(), threading.Event()

    class Starting(processes.Worker):
        def __init__(self) -> None:
            starting.set()
            dropped.wait(30)
            super().__init__()

    def stop_while_it_starts() -> None:
        starting.wait(30)
        stop.set()

    monkeypatch.setattr(processes, "Worker", Starting)
    stopper = threading.Thread(target=stop_while_it_starts)
    stopper.start()
    executor = open_executor("processes", workers=1)
    with pytest.raises(Cancelled):
        list(executor.run(tasks.linger, [(str(tmp_path), 60)], stop=stop))
    executor.drive(dropped.set)  # type: ignore[attr-defined]
    executor.close()
    stopper.join()
    assert not list(tmp_path.iterdir())


class TestDask(ExecutorConformance):
    name = "dask"

    def test_a_client_that_is_given_goes_on(self, executor: Executor) -> None:
        from distributed import Client

        with Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0") as client:
            with open_executor("dask", client=client) as executor:
                assert list(executor.map(tasks.double, range(5))) == [0, 2, 4, 6, 8]
                assert executor.workers == 2
            with open_executor("dask", address=client.scheduler.address) as executor:
                assert list(executor.map(tasks.double, range(5))) == [0, 2, 4, 6, 8]
            assert client.submit(tasks.double, 4).result() == 8

    def test_nobody_at_the_address(self, executor: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cloud_data_cockpit.executors.dask.CONNECT_TIMEOUT", 1)
        with (
            open_executor("dask", address="tcp://127.0.0.1:9") as executor,
            pytest.raises(ServiceError, match="no Dask scheduler answers at"),
        ):
            list(executor.run(tasks.double, range(3)))


@pytest.mark.parametrize("name", ["processes", "dask"])
def test_a_script_needs_no_guard(name: str, tmp_path: Path) -> None:
    if name == "dask":
        pytest.importorskip("distributed")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(name=name))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["begun", "[0, 1, 4, 9, 16]"]


ORPHANS = """
import sys
from cloud_data_cockpit.executors import open_executor
from tests.executors import tasks
list(open_executor("processes", workers=2).run(tasks.linger, [(sys.argv[1], 60)] * 2))
"""


def test_workers_end_with_the_program_that_was_killed(tmp_path: Path) -> None:
    program = subprocess.Popen([sys.executable, "-c", ORPHANS, str(tmp_path)], cwd=Path(__file__).parents[2])
    try:
        wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    finally:
        program.kill()
        program.wait()
    pids = [int(path.name.split("-")[1]) for path in tmp_path.iterdir()]
    wait_until(lambda: not [pid for pid in pids if alive(pid)])


def alive(pid: int) -> bool:
    """Whether the process is there, and not only its exit code."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
