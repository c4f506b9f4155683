"""Jobs that index and benchmark, through REST: their engines, what they leave, what they refuse."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from typing import Any

import pytest

from . import slow_format
from .conftest import Api

Put = Callable[[str, bytes], str]
LINES = b"".join(b"%d,a line\n" % n for n in range(4000))


async def _start(api: Api, ended: Any, **body: Any) -> Any:
    answer = await api("POST", "jobs", body)
    assert answer.status == 201, answer.json
    return await ended(answer.json["id"], 60)


async def test_executors(api: Api) -> None:
    listed = {each["name"]: each for each in (await api("GET", "executors")).json}
    assert {"threads", "processes", "dask"} <= set(listed)
    assert listed["threads"]["usable"]
    assert "workers" in listed["threads"]["options_schema"]["properties"]


@pytest.mark.parametrize(
    "engine", [{}, {"executor": "threads", "executor_options": {"workers": 2}}, {"executor": "processes"}]
)
async def test_index_makes_the_next_cut_quick(
    api: Api, demo: str, put: Put, ended: Any, monkeypatch: pytest.MonkeyPatch, engine: dict[str, Any]
) -> None:
    uri = put("a.csv", LINES)
    job = await _start(api, ended, kind="index", connection=demo, uri=uri, **engine)
    assert (job["state"], job["kind"], job["done"]) == ("succeeded", "index", len(LINES)), job["error"]
    assert "records" in job["notes"][0]
    assert (await api("GET", "manifests")).json == []
    monkeypatch.setattr("cloud_data_cockpit.formats.csv.CsvFormat.index", None)  # a second scan would fail
    cut = await _start(api, ended, connection=demo, uri=uri, params={"num_slices": 3})
    assert cut["state"] == "succeeded", cut["error"]


async def test_benchmark_is_saved(api: Api, demo: str, put: Put, ended: Any) -> None:
    uri = put("b.csv", LINES)
    body = {"sweep": {"values": [1, 4]}, "repeats": 2, "warm_up": 0}
    job = await _start(api, ended, kind="benchmark", connection=demo, uri=uri, **body)
    assert (job["state"], job["unit"], job["done"], job["total"]) == ("succeeded", "measurements", 4, 4), job["error"]
    path = f"benchmarks/{job['benchmark_id']}"
    result = (await api("GET", path)).json
    assert result["finished"]
    assert [point["value"] for point in result["points"]] == [1, 4]
    assert [row["id"] for row in (await api("GET", "benchmarks")).json] == [result["id"]]
    sheet = await api("GET", f"{path}/csv")
    assert sheet.headers["Content-Type"].startswith("text/csv")
    assert [row["value"] for row in csv.DictReader(io.StringIO(sheet.raw.decode()))] == ["1", "4"]
    assert (await api("DELETE", path)).status == 204
    for gone in (path, f"{path}/csv"):
        assert (await api("GET", gone)).status == 404
    assert (await api("DELETE", path)).status == 404


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kind": "index", "executor": "steam"}, "no engine 'steam'"),
        ({"kind": "partition", "executor_options": {"wheels": 3}}, "no option 'wheels'"),
        ({"kind": "benchmark", "executor": "steam"}, "no engine 'steam'"),
        ({"kind": "benchmark", "connection": None}, "connection: name the one"),
        ({"kind": "benchmark", "sweep": {"values": [0]}}, "values are at least 1"),
        ({"kind": "benchmark", "uri": "/etc/passwd"}, "/etc/passwd"),
        ({"kind": "index", "uri": "/etc/passwd"}, "/etc/passwd"),
    ],
)
async def test_what_is_refused_at_once(api: Api, demo: str, body: dict[str, Any], words: str) -> None:
    answer = await api("POST", "jobs", {"connection": demo, "uri": "s3://bucket/key", **body})
    assert answer.status == 400
    assert words in answer.json["message"]
    assert (await api("GET", "jobs")).json == []


async def test_resume_is_for_what_stopped_half_way(api: Api, demo: str, put: Put, ended: Any) -> None:
    job = await _start(api, ended, kind="index", connection=demo, uri=put("c.csv", LINES))
    answer = await api("POST", f"jobs/{job['id']}/resume")
    assert (answer.status, answer.json["code"]) == (409, "conflict")
    assert (await api("POST", "jobs/nothing/resume")).status == 404


async def test_cancel_within_a_second(
    api: Api, demo: str, put: Put, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_format.register(monkeypatch)
    uri = put("d.slow", b"slow" * 2000)
    job = (await api("POST", "jobs", {"kind": "index", "connection": demo, "uri": uri})).json

    async def begun() -> bool:
        return bool((await api("GET", f"jobs/{job['id']}")).json["done"] > 3)

    await until(begun)
    asked = time.monotonic()
    assert (await api("POST", f"jobs/{job['id']}/cancel")).json["state"] == "cancelled"
    assert time.monotonic() - asked < 5  # the runner gives it 0.8 s; the rest is for a busy machine
