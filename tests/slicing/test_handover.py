"""Slices filtered, streamed and handed over: order, bounds, engines, and what other libraries are given."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cloud_data_cockpit.errors import BadRequest, MissingExtra
from cloud_data_cockpit.executors import open_executor
from cloud_data_cockpit.slicing import handover
from cloud_data_cockpit.slicing.partition import partition
from cloud_data_cockpit.slicing.slices import LazySlice, Slices, load_slices


@pytest.fixture
def slices(poem: Path) -> Slices:
    return partition(poem, num_slices=30)


def lines_of(piece: LazySlice) -> int:
    return len(piece.get())


def test_filter_by_size_records_and_predicate(slices: Slices) -> None:
    assert {piece.records for piece in slices} == {3, 4}
    large = slices.filter(min_records=4)
    assert [piece.number for piece in large] == [p.number for p in slices if p.records == 4]
    assert large.records == 4 * len(large)
    assert large.nbytes == sum(piece.nbytes for piece in large)
    assert len(slices.filter(max_records=3)) + len(large) == 30
    assert [p.number for p in slices[::-1].filter(lambda p: p.number % 10 == 5)] == [25, 15, 5]
    bounds = (slices[0].nbytes, slices[10].nbytes)
    chosen = slices.filter(min_bytes=min(bounds), max_bytes=max(bounds))
    assert [p.number for p in chosen] == [p.number for p in slices if min(bounds) <= p.nbytes <= max(bounds)]


def test_what_is_filtered_is_slices_again(slices: Slices) -> None:
    odd = slices.filter(lambda piece: piece.number % 2 == 1)
    assert isinstance(odd, Slices)
    assert [p.number for p in odd[2:4]] == [5, 7]
    assert odd[-1].number == 29
    assert [p.number for p in odd.filter(lambda piece: piece.number > 20)] == [21, 23, 25, 27, 29]
    assert list(pickle.loads(pickle.dumps(odd))) == list(odd)
    assert odd.map(lines_of) == [piece.records for piece in odd]
    nothing = odd.filter(min_bytes=10**9)
    assert (len(nothing), nothing.records, nothing.nbytes, list(nothing)) == (0, 0, 0, [])
    assert nothing._repr_html_()
    with pytest.raises(IndexError, match="these are 15"):
        odd[15]


@pytest.mark.parametrize("engine", [None, "threads", "processes", "given", "futures"])
def test_results_come_in_order_on_every_engine(slices: Slices, engine: Any) -> None:
    expected = [piece.records for piece in slices]
    if engine == "given":
        with open_executor("threads", workers=3) as executor:
            assert slices.map(lines_of, engine=executor) == slices.map(lines_of, executor=executor) == expected
    elif engine == "futures":
        with ThreadPoolExecutor(3) as pool:
            assert list(slices.imap(lines_of, engine=pool)) == slices.map(lines_of, engine=pool) == expected
    elif engine == "processes":  # whose workers know the installed formats only
        assert slices.map(number_of, engine=engine, workers=2) == list(range(30))
    else:
        assert list(slices.imap(lines_of, engine=engine, workers=3)) == slices.map(lines_of, engine=engine) == expected


def number_of(piece: LazySlice) -> int:
    return piece.number


def test_wrong_engines_are_told_at_once(slices: Slices) -> None:
    with pytest.raises(BadRequest, match="no engine 'abacus'"):
        slices.imap(lines_of, engine="abacus")
    with pytest.raises(BadRequest, match="object is no engine"):
        slices.map(lines_of, engine=object())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 1"):
        slices.imap(lines_of, workers=0)
    with pytest.raises(ValueError, match="at least 0"):
        slices.iterate(ahead=-1)


def test_imap_is_bounded_and_stops_when_it_is_left(slices: Slices) -> None:
    begun: list[int] = []
    stream = slices.imap(lambda piece: (begun.append(piece.number), piece.number)[1], workers=2)
    assert begun == []
    assert [next(stream), next(stream)] == [0, 1]
    assert len(begun) <= 6
    stream.close()  # type: ignore[attr-defined]
    assert len(begun) <= 6


@pytest.mark.parametrize("ahead", [0, 1, 4])
def test_iterate_reads_so_many_ahead_and_no_more(slices: Slices, ahead: int) -> None:
    begun: list[int] = []
    stream = slices.iterate(ahead=ahead, read=lambda piece: (begun.append(piece.number), piece.get())[1])
    for place, lines in enumerate(stream):
        assert lines == slices[place].get()
        assert len(begun) <= place + ahead + 1
    assert sorted(begun) == list(range(30))


def test_iterate_gives_the_natural_object(slices: Slices) -> None:
    assert [line for lines in slices.iterate() for line in lines] == [f"line {i} é" for i in range(100)]


def test_errors_name_the_slice_wherever_it_is_computed(slices: Slices) -> None:
    def fail(piece: LazySlice) -> int:
        if piece.number == 7:
            raise KeyError("wrong")
        return piece.number

    got: list[int] = []

    def take(results: Iterator[int]) -> None:
        for result in results:
            got.append(result)

    with pytest.raises(KeyError) as caught:
        take(slices.imap(fail, workers=2))
    assert got == list(range(7))
    assert caught.value.__notes__ == [f"while slice 7 of {slices.uri} was mapped"]
    with ThreadPoolExecutor(1) as pool, pytest.raises(KeyError) as caught:
        take(slices.imap(fail, engine=pool))
    assert "slice 7" in caught.value.__notes__[0]


def test_progress_is_a_line_that_counts_slices(slices: Slices, capsys: pytest.CaptureFixture[str]) -> None:
    assert slices.map(number_of) == list(range(30))
    assert capsys.readouterr().err == ""
    for run in (
        lambda: slices.map(number_of, progress=True),
        lambda: list(slices.imap(number_of, progress=True)),
        lambda: slices.map(number_of, engine="threads", progress=True),
    ):
        run()
        line = capsys.readouterr().err
        assert "30/30" in line
        assert "slices" in line


def test_any_executor_takes_them(slices: Slices) -> None:
    class Loud(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            return ("future of", args[0].number, fn)

    assert slices[:2].submit(Loud(), lines_of) == [("future of", 0, lines_of), ("future of", 1, lines_of)]
    with ThreadPoolExecutor(2) as pool:
        assert [future.result() for future in slices.submit(pool, lines_of)] == [piece.records for piece in slices]


def test_dask_bag_has_a_partition_for_each(slices: Slices) -> None:
    pytest.importorskip("dask.bag")
    bag = slices.to_dask_bag()
    assert bag.npartitions == 30
    assert bag.map(lines_of).sum().compute(scheduler="threads") == 100


def test_dask_dataframe_of_what_is_no_table(slices: Slices) -> None:
    pytest.importorskip("dask")
    with pytest.raises(BadRequest, match="are no tables; to_dask_bag"):
        slices.to_dask_dataframe()
    with pytest.raises(BadRequest, match="no slice"):
        slices[:0].to_dask_dataframe()


def test_lithops_is_given_the_function_and_the_slices(slices: Slices) -> None:
    given = SimpleNamespace(map=lambda fn, items: (fn(item) for item in items))
    assert slices.to_lithops(lines_of, given) == [piece.records for piece in slices]


def test_torch_is_given_items_by_number(slices: Slices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "find_spec", lambda name: object())
    data = slices.to_torch(lines_of)
    assert len(data) == 30
    assert data[29] == slices[29].records
    assert pickle.loads(pickle.dumps(data))[3] == data[3]
    with pytest.raises(IndexError):
        data[30]


def test_missing_libraries_are_named(slices: Slices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "find_spec", lambda name: None)
    for call, words in (
        (slices.to_dask_bag, r"cloud-data-cockpit\[dask\]"),
        (slices.to_dask_dataframe, r"cloud-data-cockpit\[dask\]"),
        (slices.to_ray, r"cloud-data-cockpit\[ray\]"),
        (slices.to_rdd, r"cloud-data-cockpit\[spark\]"),
        (slices.to_torch, "pip install 'torch'"),
        (slices.plot, r"cloud-data-cockpit\[plot\]"),
    ):
        with pytest.raises(MissingExtra, match=words):
            call()  # type: ignore[operator]


class Axes:
    def __init__(self) -> None:
        self.drawn: list[Any] = []

    def bar(self, x: Any, values: Any) -> None:
        self.drawn.append(("bar", list(values)))

    def plot(self, values: Any, **style: Any) -> None:
        self.drawn.append(("plot", list(values)))

    def __getattr__(self, name: str) -> Any:
        return lambda text: self.drawn.append((name, text))


def test_plot_draws_bytes_and_records(slices: Slices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "find_spec", lambda name: object())
    above, below = slices.plot((Axes(), Axes()))
    assert ("bar", [piece.nbytes for piece in slices]) in above.drawn
    assert ("bar", [piece.records for piece in slices]) in below.drawn
    monkeypatch.setattr(handover, "_BARS", 10)
    above, _ = slices.plot((Axes(), Axes()))
    assert above.drawn[0][0] == "plot"


def test_plot_by_matplotlib_itself(slices: Slices) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot

    above, below = slices.plot()
    try:
        assert [bar.get_height() for bar in above.patches] == [piece.nbytes for piece in slices]
        assert [bar.get_height() for bar in below.patches] == [piece.records for piece in slices]
        assert (above.get_ylabel(), below.get_ylabel(), below.get_xlabel()) == ("bytes", "records", "slice")
        above.figure.canvas.draw()
    finally:
        pyplot.close(above.figure)


def test_no_library_is_imported_for_nothing(slices: Slices) -> None:
    load_slices(slices.manifest).filter(min_bytes=1).map(number_of)
    assert "torch" not in sys.modules
    assert "ray" not in sys.modules
