"""Ray, Lithops, joblib and Spark, for real and on this machine: `make heavy`."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cloud_data_cockpit.errors import BadRequest, Cancelled, ServiceError
from cloud_data_cockpit.executors import Executor, list_executors, open_executor
from cloud_data_cockpit.slicing.partition import partition

from . import tasks
from .conformance import ExecutorConformance

pytestmark = [
    pytest.mark.heavy,
    # What the engines leave to the garbage collector is theirs.
    pytest.mark.filterwarnings("ignore"),
]


class TestJoblib(ExecutorConformance):
    name = "joblib"


class TestJoblibThreading(ExecutorConformance):
    name = "joblib"
    options: ClassVar[dict[str, Any]] = {"workers": 2, "backend": "threading"}
    dies = False


class TestRay(ExecutorConformance):
    name = "ray"

    def test_a_stop_at_any_moment_leaves_this_process_alive(self, executor: Executor) -> None:
        assert list(executor.map(tasks.double, range(4))) == [0, 2, 4, 6]
        for turn in range(40):
            stop = threading.Event()
            timer = threading.Timer(turn / 200, stop.set)
            timer.start()
            with pytest.raises(Cancelled):
                list(executor.run(time.sleep, [0.02] * 1000, stop=stop))
            timer.join()
        assert list(executor.map(tasks.double, range(4))) == [0, 2, 4, 6]


class TestLithops(ExecutorConformance):
    name = "lithops"

    def test_keys_are_not_left_in_its_storage(self, executor: Executor) -> None:
        with pytest.raises(BadRequest, match="Lithops keeps its tasks in its storage"):
            open_executor("lithops", forward_credentials=True)


class TestSpark(ExecutorConformance):
    name = "spark"

    def test_slices_as_an_rdd(self, executor: Executor, tmp_path: Path) -> None:
        from cloud_data_cockpit.executors.spark import slices_rdd

        assert list(executor.map(tasks.where, range(1))) != [os.getpid()]
        path = tmp_path / "a.csv"
        path.write_text("a,b\n" + "".join(f"{i},word {i}\n" for i in range(2000)))
        slices = partition(path, num_slices=5)
        rdd = slices_rdd(slices)
        assert rdd.getNumPartitions() == 5
        assert rdd.map(lambda piece: piece.count()).collect() == [piece.records for piece in slices]


def test_ray_that_does_not_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")

    def slow(**options: Any) -> None:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", slow)
    with open_executor("ray") as executor, pytest.raises(ServiceError, match=r"Ray does not start .* timed out"):
        list(executor.map(tasks.double, range(2)))


def test_spark_on_this_machine_runs_this_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "python3"
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("PYSPARK_PYTHON", raising=False)
    if not spark_is_here():
        pytest.skip("Spark or Java is not installed")
    with open_executor("spark", workers=1) as spark:
        assert list(spark.map(tasks.python, range(1))) == [sys.executable]
    assert "PYSPARK_PYTHON" not in os.environ


def spark_is_here() -> bool:
    return next(info.problem for info in list_executors() if info.name == "spark") is None
