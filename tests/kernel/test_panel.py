"""DataCockpit for users of the first one: what was made since, from a server or from this machine, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import cloud_data_cockpit as cdc
from cloud_data_cockpit.benchmark import save, sweep
from cloud_data_cockpit.errors import BadRequest, NotFound
from cloud_data_cockpit.kernel import cockpit
from cloud_data_cockpit.kernel.benchmarks import Benchmark
from tests.handlers.servers import Server


@pytest.fixture
def poem(tmp_path: Path) -> Path:
    path = tmp_path / "poem.txt"
    path.write_text("".join(f"line {i}\n" for i in range(500)))
    return path


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server(tmp_path, tmp_path / "log") as server:
        monkeypatch.setenv("DATA_COCKPIT_SERVER", server.url)
        monkeypatch.setenv("DATA_COCKPIT_TOKEN", server.token)
        yield server


def made_here(poem: Path) -> tuple[str, str]:
    slices = cdc.partition(poem, format="text", num_slices=3)
    result = sweep(poem, format="text", values=[2], repeats=1)
    save(result)
    return slices.manifest_id, result.id


def test_on_this_machine(poem: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made_here(poem)
    old = cdc.DataCockpit()
    assert "Outside JupyterLab call cloud_data_cockpit.partition" in capsys.readouterr().err
    with pytest.raises(NotFound, match=r"press Partition.*Outside JupyterLab"):
        old.get_data_slices()
    with pytest.raises(NotFound, match="press Benchmark"):
        old.get_batch_size()
    manifest_id, benchmark_id = made_here(poem)
    assert old.get_data_slices().manifest_id == manifest_id
    assert old.get_batch_size() == 2
    assert old.get_benchmark().id == benchmark_id


def test_by_a_server(server: Server, poem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = cdc.DataCockpit()
    with pytest.raises(NotFound, match=server.url):
        old.get_data_slices()
    manifest_id, benchmark_id = made_here(poem)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "elsewhere"))
    assert old.get_data_slices().manifest_id == manifest_id
    assert old.get_batch_size() == 2
    assert old.get_benchmark().result.id == benchmark_id


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, poem: Path) -> None:
    monkeypatch.setenv("DATA_COCKPIT_SERVER", "http://127.0.0.1:9/")
    old = cdc.DataCockpit()
    with pytest.raises(NotFound, match=r"cannot be reached .*, so only this machine was looked at"):
        old.get_data_slices()


def test_keys_are_for_this_notebook_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadRequest, match="belong together"):
        cdc.DataCockpit(aws_access_key_id="AKIAMINE")
    old = cdc.DataCockpit(None, "AKIAMINE", "canary-secret", "eu-west-1")
    said = capsys.readouterr()
    assert "canary-secret" not in f"{old!r}{old._bundle()}{said.out}{said.err}"


def test_benchmark_is_kept_and_shown(poem: Path) -> None:
    def mine(slices: list[cdc.LazySlice]) -> float:  # type: ignore[name-defined]
        return 2.0 / len(slices)

    found = cockpit.benchmark(poem, mine, [1, 8], format="text", progress=False)
    assert isinstance(found, Benchmark)
    assert found.best == 8
    assert [point.value for point in found.points] == [1, 8]
    assert "best" in found._repr_html_()
    assert "num_slices = 8" in repr(found)
    assert found.to_pandas()["value"].tolist() == [1, 8]
    assert found.to_csv().count("\r\n") == 3
    from cloud_data_cockpit.benchmark import load

    assert load(found.id) == found.result
    other = cockpit.benchmark(poem, mine, [1], format="text", progress=False, save=False)
    with pytest.raises(NotFound):
        load(other.id)


def test_a_benchmark_in_which_nothing_worked(poem: Path) -> None:
    found = cockpit.benchmark(poem, lambda piece: 1 / 0, [1], format="text", progress=False)
    with pytest.raises(NotFound, match="ZeroDivisionError"):
        _ = found.best
    assert "ZeroDivisionError" in found._repr_html_()


def test_plot(poem: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    axes = cockpit.benchmark(poem, sizes=[1, 4], format="text", progress=False).plot()
    assert axes.get_xlabel() == "num_slices"
    matplotlib.pyplot.close("all")


def test_a_benchmark_made_elsewhere_is_sent_to_the_server(
    server: Server, poem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "elsewhere"))
    found = cockpit.benchmark(poem, sizes=[2], format="text", progress=False)
    there = server("GET", f"benchmarks/{found.id}")
    assert (there.status, there.json["id"]) == (200, found.id)
