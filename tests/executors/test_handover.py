"""Tables and slices in the hands of Dask, Ray and Lithops, for real."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.executors import open_executor
from cloud_data_cockpit.slicing.partition import partition
from cloud_data_cockpit.slicing.slices import Slices


@pytest.fixture
def table(tmp_path: Path) -> Slices:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "".join(f"{i},word {i}\n" for i in range(2000)))
    return partition(path, num_slices=5)


def test_dask_dataframe_of_a_csv(table: Slices) -> None:
    pytest.importorskip("dask.dataframe")
    frame = table.to_dask_dataframe()
    assert frame.npartitions == 5
    assert list(frame.columns) == ["a", "b"]
    assert int(frame["a"].sum().compute(scheduler="threads")) == sum(range(2000))
    second = frame.partitions[1].compute(scheduler="sync")
    assert second.values.tolist() == table[1].to_pandas().values.tolist()


def _check_ray_dataset(table: Slices) -> None:
    import ray

    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="error")
    try:
        data = table.to_ray()
        # Left unset, it has Ray warn about every data set of slices.
        assert ray.data.DataContext.get_current().enable_fallback_to_arrow_object_ext_type is True
        rows = data.map(lambda row: {"n": row["slice"].count()}).take_all()
        assert sorted(row["n"] for row in rows) == sorted(piece.records for piece in table)
    finally:
        ray.shutdown()
    with open_executor("ray", workers=1) as again:
        assert list(again.map(abs, [-1, -2])) == [1, 2]


@pytest.mark.heavy
def test_ray_dataset(table: Slices) -> None:
    pytest.importorskip("ray")
    # In a process of its own, so that what Ray Data leaves behind is nobody else's; Ray starts twice in it.
    process = multiprocessing.get_context("spawn").Process(target=_check_ray_dataset, args=(table,))
    process.start()
    process.join(120)
    assert process.exitcode == 0


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
def test_lithops_futures(table: Slices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lithops = pytest.importorskip("lithops")
    monkeypatch.chdir(tmp_path)
    config: dict[str, Any] = {"lithops": {"backend": "localhost", "storage": "localhost"}}
    with lithops.FunctionExecutor(config=config, runtime=sys.executable) as executor:
        futures = table.to_lithops(lambda piece: piece.count(), executor)
        assert executor.get_result(futures) == [piece.records for piece in table]
