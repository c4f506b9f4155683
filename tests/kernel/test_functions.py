"""Functions of a notebook: registered, offered over a comm of a real kernel, timed there, interrupted there."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

import cloud_data_cockpit as cdc
from cloud_data_cockpit.errors import BadRequest, NotFound
from cloud_data_cockpit.kernel import functions
from cloud_data_cockpit.models import BenchmarkRequest, BenchmarkResult, Problem, SweepValues

SETUP = """
import time
import cloud_data_cockpit as cdc

@cdc.register
def timing(slices):
    \"\"\"Seconds for all.

    And more.
    \"\"\"
    started = time.perf_counter()
    for piece in slices:
        piece.read()
    return time.perf_counter() - started

cdc.register(lambda piece: len(piece.read()), name="size")
cdc.register(lambda piece: 1 / 0, name="broken")
"""


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "_functions", {})
    monkeypatch.setattr(functions, "_listening", True)


@pytest.fixture
def poem(tmp_path: Path) -> Path:
    path = tmp_path / "poem.txt"
    path.write_text("".join(f"line {i}\n" for i in range(2000)))
    return path


def request(poem: Path, **changes: Any) -> dict[str, Any]:
    made = BenchmarkRequest(uri=str(poem), format="text", sweep=SweepValues(values=(1, 4)), repeats=1, **changes)
    return made.model_dump(mode="json")


# --- without a kernel --------------------------------------------------------------------------


@pytest.mark.usefixtures("fresh")
def test_what_is_registered() -> None:
    @cdc.register
    def mine(piece: Any) -> None:
        """One slice."""

    def every(all_slices: Any) -> float:
        return 1.0

    assert cdc.register(every, "all") is every
    assert functions.registered() == [
        {"name": "mine", "doc": "One slice.", "per": "slice"},
        {"name": "all", "doc": "", "per": "slices"},
    ]
    assert mine.__name__ == "mine"
    cdc.register(len, "all")
    assert [each["name"] for each in functions.registered()] == ["mine", "all"]
    with pytest.raises(BadRequest, match="no function"):
        cdc.register("reader")  # type: ignore[type-var]


@pytest.mark.usefixtures("fresh")
def test_a_run_is_named_after_its_function(poem: Path) -> None:
    cdc.register(lambda slices: 0.5, name="half")
    asked = BenchmarkRequest(uri=str(poem), sweep=SweepValues(values=(2,)), repeats=1)
    result = functions.run("half", asked, lambda done, total: None)
    assert (result.timed, result.runs[0].seconds, result.finished) == ("notebook:half", 0.5, True)
    with pytest.raises(NotFound, match="registered: half"):
        functions.run("other", asked, lambda done, total: None)


# --- in a real kernel --------------------------------------------------------------------------


class Notebook:
    """A kernel, spoken to as JupyterLab does."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    def run(self, code: str) -> list[dict[str, Any]]:
        """What running `code` displayed; an error of it fails the test."""
        shown: list[dict[str, Any]] = []
        reply = self.client.execute_interactive(
            code, timeout=60, output_hook=lambda message: shown.append(message["content"])
        )
        assert reply["content"]["status"] == "ok", reply["content"]
        return shown

    def open(self) -> str:
        comm_id = uuid.uuid4().hex
        self._send("comm_open", {"comm_id": comm_id, "target_name": functions.TARGET, "data": {}})
        return comm_id

    def tell(self, comm_id: str, data: dict[str, Any]) -> None:
        self._send("comm_msg", {"comm_id": comm_id, "data": data})

    def _send(self, kind: str, content: dict[str, Any]) -> None:
        self.client.shell_channel.send(self.client.session.msg(kind, content))

    def hear(self, comm_id: str, *until: str) -> list[dict[str, Any]]:
        """Messages of the comm up to one whose type is among `until`; its closing is of type "closed"."""
        heard: list[dict[str, Any]] = []
        end = time.monotonic() + 60
        while time.monotonic() < end:
            message = self.client.get_iopub_msg(timeout=60)
            if message["content"].get("comm_id") != comm_id:
                continue
            closed = message["msg_type"] == "comm_close"
            heard.append({"type": "closed"} if closed else message["content"]["data"])
            if heard[-1]["type"] in until:
                return heard
        raise AssertionError(heard)


@pytest.fixture(scope="module")
def notebook() -> Iterator[Notebook]:
    made = Notebook()
    yield made
    made.close()


def test_without_a_function_the_kernel_closes_the_comm(notebook: Notebook) -> None:
    notebook.run("import cloud_data_cockpit")
    assert notebook.hear(notebook.open(), "closed", "functions") == [{"type": "closed"}]


def test_a_sweep_through_the_comm(notebook: Notebook, poem: Path) -> None:
    notebook.run(SETUP)
    channel = notebook.open()
    (offered,) = notebook.hear(channel, "functions")
    assert offered["functions"] == [
        {"name": "timing", "doc": "Seconds for all.", "per": "slices"},
        {"name": "size", "doc": "", "per": "slice"},
        {"name": "broken", "doc": "", "per": "slice"},
    ]
    for name in ("timing", "size"):
        notebook.tell(channel, {"type": "run", "name": name, "request": request(poem, timed="ignored:this")})
        *steps, last = notebook.hear(channel, "result", "error")
        assert last["type"] == "result", last
        result = BenchmarkResult.model_validate(last["result"])
        assert (result.timed, [point.value for point in result.points]) == (f"notebook:{name}", [1, 4])
        assert all(point.failures == 0 for point in result.points)
        assert {step["type"] for step in steps} == {"progress"}
        assert [(step["done"], step["total"]) for step in steps][-1] == (3, 3)
        assert [step["done"] for step in steps] == sorted(step["done"] for step in steps)


def test_a_function_that_fails_is_told_in_the_result(notebook: Notebook, poem: Path) -> None:
    notebook.run(SETUP)
    channel = notebook.open()
    notebook.tell(channel, {"type": "run", "name": "broken", "request": request(poem)})
    result = BenchmarkResult.model_validate(notebook.hear(channel, "result", "error")[-1]["result"])
    assert "ZeroDivisionError" in str(result.points[0].problem)
    assert result.recommendation is not None
    assert result.recommendation.verdict == "none"


def test_what_is_wrong_is_told(notebook: Notebook, poem: Path) -> None:
    notebook.run(SETUP)
    channel = notebook.open()
    for told, code, words in (
        ({"type": "run", "name": "gone", "request": request(poem)}, "not_found", "run its cell again"),
        ({"type": "run", "name": "size", "request": {"uri": 7}}, "bad_request", "uri"),
        ({"type": "stop"}, "bad_request", "'stop'"),
        ({"type": "run", "name": "size", "request": request(poem / "not")}, "not_found", "no file"),
    ):
        notebook.tell(channel, told)
        problem = Problem.model_validate(notebook.hear(channel, "result", "error")[-1]["error"])
        assert problem.code == code
        assert words in problem.message


def test_an_interrupt_cancels_and_the_kernel_goes_on(notebook: Notebook, poem: Path) -> None:
    notebook.run(SETUP + "\ncdc.register(lambda piece: time.sleep(0.5), name='slow')")
    channel = notebook.open()
    notebook.tell(channel, {"type": "run", "name": "slow", "request": request(poem)})
    notebook.hear(channel, "progress")
    notebook.manager.interrupt_kernel()
    problem = Problem.model_validate(notebook.hear(channel, "result", "error")[-1]["error"])
    assert problem.code == "cancelled"
    notebook.tell(channel, {"type": "run", "name": "size", "request": request(poem)})
    assert notebook.hear(channel, "result", "error")[-1]["type"] == "result"


def test_the_panel_is_opened_by_a_bundle(notebook: Notebook) -> None:
    shown = notebook.run(
        "import cloud_data_cockpit as cdc\n"
        "old = cdc.DataCockpit(lambda slices: 1.0, uri='s3://data/x/', connection='lab')"
    )
    (bundle,) = [each["data"] for each in shown if "data" in each]
    opened = bundle["application/vnd.cloud-data-cockpit.open+json"]
    assert (opened["uri"], opened["connection"]) == ("s3://data/x/", "lab")
    assert opened["nonce"]
    assert opened["at"].endswith("+00:00")
    assert "cockpit.benchmark(uri, fn)" in bundle["text/plain"]
    assert "<div>" in bundle["text/html"]
    (offered,) = notebook.hear(notebook.open(), "functions")
    assert {"name": "<lambda>", "doc": "", "per": "slices"} in offered["functions"]
