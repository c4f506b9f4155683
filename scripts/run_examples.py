"""Runs the notebooks of docs/examples anew against a demo service of its own, and writes their outputs back.

usage: run_examples.py [NAME ...]; without NAME, every notebook whose libraries are installed here. A name is that of
the file without `.ipynb`. Nothing is written of a notebook that fails. Outputs are the same in each run: ids of
manifests are replaced.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
NEEDS = {
    "fastq-quality": (),
    "vcf-density": (),
    "copc-height-map": ("laspy", "lazrs"),
    "geotiff-ndvi": ("rasterio",),
    "imzml-ion-image": (),
    "measurementset-amplitude": ("casacore",),
    "engine-dask": ("distributed",),
    "engine-joblib": ("joblib",),
    "engine-ray": ("ray",),
    "engine-lithops": ("lithops",),
    "engine-spark": ("pyspark",),
}
"""What a notebook imports beside matplotlib and what the package itself depends on."""
TALKATIVE = frozenset({"engine-ray", "engine-spark"})
"""Where Java, or Ray Data, tells of itself among the errors whatever it is told; notebooks say that it is left out."""
_ID = re.compile(r"(manifest [\w.]+)-[0-9a-f]{8}\b")


def missing(name: str) -> list[str]:
    """The libraries that this notebook needs and that are not installed."""
    return [library for library in ("matplotlib", *NEEDS[name]) if find_spec(library) is None]


def executed(name: str, folder: Path, timeout: float = 180) -> Any:
    """The notebook with its outputs, run in a kernel of this Python in `folder`; CellExecutionError when a cell fails.

    The kernel has this process's environment, and finds the demo by it as every notebook does.
    """
    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    if name in TALKATIVE:
        for cell in notebook.cells:
            cell.update(
                {"outputs": [o for o in cell.outputs if o.get("name") != "stderr"]} if "outputs" in cell else {}
            )
    return cleaned(notebook)


def cleaned(notebook: Any) -> Any:
    """Without what differs from run to run and from machine to machine: times, versions, ids of manifests."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = _ID.sub(r"\1-1f2e3d4c", output.text)
            for kind, content in output.get("data", {}).items():
                if kind.startswith("text/"):
                    output.data[kind] = _ID.sub(r"\1-1f2e3d4c", content)
            output.get("metadata", {}).clear()
    return notebook


@contextmanager
def demo() -> Iterator[Path]:
    """A demo service with its samples, announced to kernels in a Jupyter data directory that is gone afterwards."""
    from cloud_data_cockpit.demo.launch import seed
    from cloud_data_cockpit.demo.process import DemoProcess
    from cloud_data_cockpit.s3 import connections

    with tempfile.TemporaryDirectory() as folder, DemoProcess(Path(folder) / "s3") as service:
        os.environ["JUPYTER_DATA_DIR"] = str(Path(folder) / "jupyter")
        connections.write_demo(service.endpoint_url, service.access_key, service.secret_key)
        seed(connections.resolve("demo"))
        yield Path(folder)


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in NEEDS]
    if unknown:
        print(f"no such notebook: {', '.join(unknown)}; there are {', '.join(NEEDS)}")
        return 2
    with demo() as folder:
        for name in names or NEEDS:
            if absent := missing(name):
                print(f"{name}: left as it is, {', '.join(absent)} is not installed")
                continue
            notebook = executed(name, folder)
            nbformat.write(notebook, EXAMPLES / f"{name}.ipynb")
            print(f"{name}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
