"""A sweep over real objects: what it measures, how it is stopped, resumed, kept and compared."""

from __future__ import annotations

import csv
import io
import threading
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit import connect
from cloud_data_cockpit.benchmark import delete, list_benchmarks, load, save, store, sweep, sweep_for, to_csv
from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.errors import BadRequest, Cancelled, Conflict, FormatError, NotFound
from cloud_data_cockpit.models import BenchmarkRequest, BenchmarkResult, Prices, SweepValues
from cloud_data_cockpit.slicing.manifests import list_manifests
from cloud_data_cockpit.source import FileSource, MemorySource

from . import functions

ROWS = 4000


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n" + "".join(f"{i},word {i}\n" for i in range(ROWS)))
    return path


@pytest.fixture
def far(s3_service: DemoProcess, boto: Any, bucket: str, table: Path) -> str:
    boto.upload_file(str(table), bucket, "table.csv")
    connect(
        "far", endpoint_url=s3_service.endpoint_url, access_key=s3_service.access_key, secret_key=s3_service.secret_key
    )
    return f"s3://{bucket}/table.csv"


def test_an_object_in_s3(far: str, table: Path) -> None:
    told: list[tuple[int, int]] = []
    result = sweep(
        far, connection="far", values=[1, 4, 16], repeats=2, report=lambda done, total: told.append((done, total))
    )
    assert [point.value for point in result.points] == [1, 4, 16]
    for point in result.points:
        assert point.num_slices == point.value
        assert point.requests == point.value
        assert point.runs == 2
        assert point.failures == 0
        assert point.bytes == table.stat().st_size - len("a,b\n")
        assert point.peak_memory is None or point.peak_memory > 1 << 20
        assert point.throughput is not None
        assert point.slice_median is not None
        assert point.slice_p95 is not None
        assert 0 < point.slice_median <= point.slice_p95
        assert point.cost is not None
    assert all(run.records == ROWS for run in result.runs)
    assert result.index_seconds is not None
    assert result.connection == "far"
    assert result.machine.cpu_count >= 1
    assert told[0] == (0, 7)
    assert told[-1] == (7, 7)
    assert list_manifests() == [], "a benchmark leaves no manifests"
    again = sweep(far, connection="far", values=[1, 4], repeats=1)
    assert again.index_seconds is None


def test_every_round_has_an_order_of_its_own(table: Path) -> None:
    values = list(range(1, 9))
    result = sweep(table, values=values, repeats=4, seed=5)
    orders = [tuple(run.value for run in result.runs if run.round == round) for round in range(4)]
    assert all(sorted(order) == values for order in orders)
    assert len(set(orders)) == 4
    assert orders == [
        tuple(run.value for run in sweep(table, values=values, repeats=4, seed=5).runs if run.round == round)
        for round in range(4)
    ]


@pytest.mark.parametrize("engine", ["threads", "processes"])
@pytest.mark.parametrize("timed", ["read", "get", "tests.benchmark.functions:rows", functions.rows])
def test_what_is_timed(table: Path, engine: str, timed: Any) -> None:
    result = sweep(
        table, values=[2, 3], repeats=1, warm_up=0, timed=timed, executor=engine, executor_options={"workers": 2}
    )
    assert [point.num_slices for point in result.points] == [2, 3]
    assert [point.failures for point in result.points] == [0, 0]
    assert result.timed.rpartition(":")[2] in ("read", "get", "rows")


def test_the_first_data_cockpits_contract(table: Path) -> None:
    result = sweep(table, values=[1, 2, 4], repeats=2, timed=functions.benchmarking_fn)
    assert [point.seconds for point in result.points] == pytest.approx([8, 4, 2])
    assert result.recommendation is not None
    assert result.recommendation.value == 4
    assert all(point.slice_median is None for point in result.points)


def test_bytes_and_other_parameters(table: Path) -> None:
    size = table.stat().st_size
    by_bytes = sweep(table, parameter="slice_bytes", values=[size // 4, size], repeats=1, warm_up=0)
    assert by_bytes.points[0].num_slices > by_bytes.points[1].num_slices
    by_rows = sweep(
        table, parameter="rows", values=SweepValues(start=1000, stop=4000, count=4, spacing="linear"), repeats=1
    )
    assert [point.num_slices for point in by_rows.points] == [4, 2, 2, 1]
    assert by_rows.notes == ["2000 and 3000 give the same number of slices"]


def test_a_value_that_fails_is_not_recommended(table: Path) -> None:
    result = sweep(table, values=[2, 4, 8], repeats=2, timed=functions.fails_in_many)
    assert [point.failures for point in result.points] == [0, 0, 4]
    assert result.points[2].problem == "ValueError: too many slices for me"
    assert result.points[2].throughput is None
    assert result.notes == ["Slices failed with 8: not recommended"]
    assert result.recommendation is not None
    assert result.recommendation.value in (2, 4)
    everything = sweep(table, values=[8, 16], repeats=2, timed=functions.fails_in_many)
    assert everything.recommendation is not None
    assert everything.recommendation.verdict == "none"
    assert everything.recommendation.words == "No value worked: ValueError: too many slices for me"


@pytest.mark.parametrize(
    ("choices", "problem"),
    [
        ({"values": []}, "values is a list"),
        ({"values": [0]}, "at least 1"),
        ({"parameter": "colour", "values": [1]}, "no parameter 'colour'; known are"),
        ({"parameter": "rows"}, "say between which values of rows"),
        ({"values": [1], "timed": "nowhere.at:all"}, "there is no function 'nowhere.at:all'"),
        ({"values": [1], "executor": "abacus"}, "there is no engine 'abacus'; known are"),
        ({"values": [1], "executor_options": {"wheels": 4}}, "there is no option 'wheels'"),
        ({"values": [1], "repeats": 0}, "repeats is at least 1"),
        ({"values": [1], "params": {"num_slices": 3, "rows": 4}}, "choose one of"),
    ],
)
def test_choices_that_cannot_be(table: Path, choices: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadRequest, match=problem):
        sweep(table, **choices)


def test_a_source_of_ones_own(table: Path) -> None:
    source = MemorySource(table.read_bytes(), "memory:table.csv")
    assert [point.num_slices for point in sweep(source, values=[2, 5], repeats=1).points] == [2, 5]
    with pytest.raises(BadRequest, match="a Source cannot be read on processes"):
        sweep(FileSource(table), values=[2], executor="processes")


@pytest.mark.parametrize("by", ["stop", "report"])
def test_it_can_be_stopped(table: Path, by: str) -> None:
    stop = threading.Event()

    def report(done: int, total: int) -> None:
        if done == 2:
            stop.set()
            if by == "report":
                raise Cancelled("by the job")

    with pytest.raises(Cancelled):
        sweep(table, values=[1, 2, 3], report=report, stop=stop if by == "stop" else None)


def test_a_slow_function_does_not_hold_a_stop_up(table: Path) -> None:
    stop, leave = threading.Event(), threading.Event()

    def slow(slices: Any) -> None:
        stop.set()
        leave.wait(30)

    try:
        with pytest.raises(Cancelled):
            sweep(table, values=[1, 2], timed=slow, stop=stop)
    finally:
        leave.set()


def test_it_goes_on_where_it_was(table: Path) -> None:
    partial: list[BenchmarkResult] = []

    def watch(result: BenchmarkResult) -> None:
        partial.append(result)
        if len(partial) == 5:
            raise Cancelled("the server stops")

    choices: dict[str, Any] = {"values": [1, 2, 3, 4], "repeats": 2, "seed": 3}
    with pytest.raises(Cancelled):
        sweep(table, watch=watch, **choices)
    assert not partial[-1].finished
    save(partial[-1])
    left = load(partial[-1].id)
    whole = sweep(table, resume=left, **choices)
    assert whole.runs[:5] == left.runs
    assert len(whole.runs) == 8
    assert (whole.id, whole.created) == (left.id, left.created)
    with pytest.raises(Conflict, match="of another object or of other choices"):
        sweep(table, resume=left, values=[1, 2], repeats=2, seed=3)


def test_a_request_is_a_sweep(table: Path) -> None:
    request = BenchmarkRequest(
        uri=table.as_uri(),
        sweep=SweepValues(values=(1, 2)),
        repeats=1,
        prices=Prices(currency="EUR", transfer_per_gb=0),
    )
    result = sweep_for(request)
    assert result.parameter == "num_slices"
    assert result.prices.currency == "EUR"
    assert BenchmarkResult.model_validate_json(result.model_dump_json()) == result


def test_results_are_kept(table: Path) -> None:
    first = sweep(table, values=[1, 2], repeats=2)
    second = sweep(table, values=[1, 2], repeats=2)
    assert save(first).parent == store.directory()
    save(second)
    assert load(first.id) == first
    assert [one.id for one in list_benchmarks()] == [second.id, first.id]
    rows = list(csv.DictReader(io.StringIO(to_csv(first, second))))
    assert [(row["id"], row["value"]) for row in rows] == [(one.id, v) for one in (first, second) for v in ("1", "2")]
    assert rows[0]["cpu_count"] == str(first.machine.cpu_count)
    assert sum(row["recommended"] == "True" for row in rows) == 2
    (store.directory() / "bad.json").write_text("{")
    assert len(list_benchmarks()) == 2
    with pytest.raises(FormatError, match="damaged or of a newer version"):
        load("bad")
    delete(first.id)
    for missing in (load, delete):
        with pytest.raises(NotFound):
            missing(first.id)
    with pytest.raises(BadRequest):
        load("../manifests/x")
