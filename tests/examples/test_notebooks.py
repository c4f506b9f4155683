"""The example notebooks, word for word: each runs in a real kernel on a demo service and prints what it prints here."""

from __future__ import annotations

import base64
import importlib.util
import io
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

from cloud_data_cockpit.demo.launch import seed
from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.s3 import connections

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
SCIENCE = (
    "fastq-quality",
    "vcf-density",
    "copc-height-map",
    "geotiff-ndvi",
    "imzml-ion-image",
    "measurementset-amplitude",
)
LIGHT = (*SCIENCE, "engine-dask", "engine-joblib")
HEAVY = ("engine-ray", "engine-lithops", "engine-spark")
LARGEST_PLOT = 60_000
OF_A_MACHINE = re.compile(
    r"/home/|/root/|/tmp/|/Users/|[A-Z]:\\\\|127\.0\.0\.1:|localhost:|token=|DEMO[A-Z0-9]{8}|Traceback|Warning"
)


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_examples", ROOT / "scripts" / "run_examples.py")
    if spec is None or spec.loader is None:
        raise ImportError("scripts/run_examples.py is gone")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


script = _script()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    """A demo service with the samples of `make demo`, and nothing else."""
    with DemoProcess(tmp_path_factory.mktemp("examples") / "s3") as running:
        seed(
            connections.connect(
                "seed-of-examples",
                endpoint_url=running.endpoint_url,
                access_key=running.access_key,
                secret_key=running.secret_key,
            )
        )
        yield running


def plots(cell: Any) -> list[bytes]:
    return [
        base64.b64decode(output.data["image/png"])
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]


def printed(notebook: Any) -> list[str]:
    """What the cells print, cell by cell."""
    return ["".join(output.get("text", "") for output in cell.get("outputs", [])) for cell in notebook.cells]


def check(name: str, service: DemoProcess, folder: Path) -> None:
    if absent := script.missing(name):
        pytest.skip(f"{', '.join(absent)} is not installed: pip install 'cloud-data-cockpit[all]'")
    connections.write_demo(service.endpoint_url, service.access_key, service.secret_key)
    notebook = script.executed(name, folder)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    (plot,) = plots(last)
    from matplotlib.image import imread

    pixels = imread(io.BytesIO(plot))
    assert min(pixels.shape[:2]) > 200
    # What is drawn has ink on it, and is not all ink.
    assert 0.01 < (pixels[:, :, :3].min(axis=2) < 0.9).mean() < 0.95
    held = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
    assert printed(notebook) == printed(held), "its outputs are not those in docs/examples: make examples"


@pytest.mark.parametrize("name", LIGHT)
def test_it_runs_and_ends_in_a_plot(name: str, service: DemoProcess, tmp_path: Path) -> None:
    check(name, service, tmp_path)


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", HEAVY)
def test_it_runs_on_a_heavy_engine(name: str, service: DemoProcess, tmp_path: Path) -> None:
    check(name, service, tmp_path)


@pytest.mark.parametrize("name", [*LIGHT, *HEAVY])
def test_what_is_in_the_repository(name: str) -> None:
    path = EXAMPLES / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), "make examples"
    outputs = [output for cell in code for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {"stream", "display_data", "execute_result"}
    assert {output.get("name", "stdout") for output in outputs} == {"stdout"}
    (plot,) = plots(code[-1])
    assert len(plot) <= LARGEST_PLOT
    without_plot = path.read_text(encoding="utf-8").replace(base64.b64encode(plot).decode(), "")
    assert len(without_plot) < 60_000
    assert OF_A_MACHINE.search(without_plot) is None
    # Each step is told, and so is what the plot shows.
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds[0] == kinds[-1] == "markdown"
    assert kinds.count("markdown") >= len(code)


def test_all_are_listed() -> None:
    here = {path.stem for path in EXAMPLES.glob("*.ipynb")}
    assert here == {*LIGHT, *HEAVY} == set(script.NEEDS)
    table = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(([\w-]+)\.ipynb\)", table)) == here
