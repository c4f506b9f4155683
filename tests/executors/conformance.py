"""What every engine is held to; a test class of an engine inherits this and says how it is opened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cloud_data_cockpit.errors import Cancelled, FormatError, TaskFailed
from cloud_data_cockpit.executors import Executor, as_run
from cloud_data_cockpit.registry import get_format
from cloud_data_cockpit.source import FileSource

from . import tasks


def wait_until(happened: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


class ExecutorConformance:
    name: ClassVar[str]
    options: ClassVar[dict[str, Any]] = {"workers": 2}
    dies: ClassVar[bool] = True
    """Whether a worker can be killed without this process."""

    def test_results_as_they_come(self, executor: Executor) -> None:
        assert sorted(executor.run(tasks.double, range(9))) == [(i, 2 * i) for i in range(9)]
        assert executor.workers == 2
        assert executor.name == self.name

    def test_results_in_order(self, executor: Executor) -> None:
        assert list(executor.map(tasks.double, iter(range(9)), window=3)) == [2 * i for i in range(9)]
        assert list(executor.map(tasks.double, [])) == []

    def test_items_are_taken_as_there_is_room(self, executor: Executor) -> None:
        taken = 0

        def items() -> Iterator[int]:
            nonlocal taken
            for number in range(20):
                taken += 1
                yield number

        for found, (_, _) in enumerate(executor.run(tasks.double, items(), window=4), 1):
            assert taken <= found + 4
        for found, result in enumerate(executor.map(tasks.double, range(6), window=2)):
            assert result == 2 * found

    def test_an_error_names_its_task(self, executor: Executor) -> None:
        blocks = [(0, 10), (10, 10)]
        with pytest.raises(TaskFailed, match=r"the block of bytes 10 to 20 failed 3 times: ValueError: no \(10, 10\)"):
            list(executor.run(partial(tasks.fail_at, (10, 10)), blocks))
        assert sorted(executor.run(tasks.double, [1])) == [(0, 2)]

    def test_an_error_that_cannot_be_mended_is_raised_as_itself(self, executor: Executor) -> None:
        with pytest.raises(FormatError, match=r"a zero byte at offset 7 \(task 2\)"):
            list(executor.run(partial(tasks.wrong_bytes, 2), range(4)))

    def test_a_task_that_failed_is_done_again(self, executor: Executor, tmp_path: Path) -> None:
        assert list(executor.map(partial(tasks.fail_twice, str(tmp_path)), range(5))) == list(range(5))
        assert len(list(tmp_path.glob("try-3-*"))) == 3

    def test_a_worker_that_dies_loses_nothing(self, executor: Executor, tmp_path: Path) -> None:
        if not self.dies:
            pytest.skip("its workers are this process")
        assert list(executor.map(partial(tasks.die_once, str(tmp_path)), range(12))) == list(range(12))
        assert len(list(tmp_path.glob("try-5-*"))) >= 2

    def test_a_task_that_kills_is_named(self, executor: Executor) -> None:
        if not self.dies:
            pytest.skip("its workers are this process")
        with pytest.raises(TaskFailed, match=r"^task 4 has ended its worker \d+ times"):
            list(executor.run(partial(tasks.die_at, 4), range(8)))
        assert sorted(executor.run(tasks.double, [1])) == [(0, 2)]

    def test_a_stop_is_honoured_within_a_second(self, executor: Executor, tmp_path: Path) -> None:
        stop = threading.Event()
        stopped_at: list[float] = []

        def stop_when_begun() -> None:
            wait_until(lambda: any(tmp_path.iterdir()))
            stopped_at.append(time.monotonic())
            stop.set()

        stopper = threading.Thread(target=stop_when_begun)
        stopper.start()
        with pytest.raises(Cancelled):
            list(executor.run(tasks.linger, [(str(tmp_path), 2.5)] * 8, stop=stop))
        late = time.monotonic() - stopped_at[0]
        stopper.join()
        assert late < 1
        assert sorted(executor.run(tasks.double, range(3))) == [(0, 0), (1, 2), (2, 4)]
        assert len(list(tmp_path.iterdir())) <= 2, "a task that was queued was begun after the stop"

    def test_an_index_on_it_is_the_same(self, executor: Executor, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("a,b\n" + "".join(f"{i},word {i}\n" for i in range(3000)))
        csv, source = get_format("csv"), FileSource(path)
        told: list[int] = []
        found, plain = (
            csv.index(source, csv.params(), lambda done, total: told.append(done), run=run, block_size=4096)
            for run in (as_run(executor), map)
        )
        assert found.records == 3000
        assert found.facts == plain.facts
        assert {name: array.tobytes() for name, array in found.arrays.items()} == {
            name: array.tobytes() for name, array in plain.arrays.items()
        }
        assert told[: len(told) // 2] == told[len(told) // 2 :]
