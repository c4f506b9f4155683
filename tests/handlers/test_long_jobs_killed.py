"""Jobs that index and benchmark over a server in a process of its own: kill -9, resumed, exact results; cancelled."""

from __future__ import annotations

import json
import os
import shutil
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .servers import Server
from .waiting_text import BLOCK, WaitingText

CONTENT = b"".join(b"line %d of a text that is scanned slowly\n" % n for n in range(48_000))
BLOCKS = -(-len(CONTENT) // BLOCK)


@pytest.fixture
def scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the plug-in, which servers of this test have, writes which blocks it scans."""
    plugin, facts = tmp_path / "plugin", tmp_path / "plugin" / "waiting_text-1.dist-info"
    facts.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("waiting_text.py"), plugin)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: waiting-text\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[cloud_data_cockpit.formats]\nwaiting-text = waiting_text:WaitingText\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(plugin), os.environ.get("PYTHONPATH", "")]).rstrip(":"))
    monkeypatch.setenv("WAITING_TEXT_LOG", str(tmp_path / "blocks.log"))
    return tmp_path / "blocks.log"


@pytest.fixture
def start(isolated_home: Path, s3_service: Any, tmp_path: Path, scanned: Path) -> Any:
    """`start()`: a server of this user. Those that still run are ended with the test."""
    from cloud_data_cockpit.s3.connections import write_demo

    write_demo(s3_service.endpoint_url, s3_service.access_key, s3_service.secret_key)
    started: list[Server] = []
    (tmp_path / "root").mkdir()

    def begin() -> Server:
        started.append(Server(tmp_path / "root", tmp_path / f"log-{len(started)}"))
        return started[-1]

    yield begin
    for server in started:
        server.__exit__(None, None, None)


def _wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def _data(home: Path, name: str) -> Path:
    return home / "jupyter-data" / "cloud-data-cockpit" / name


@pytest.mark.parametrize("ending", ["kill -9", "stop"])
def test_an_index_goes_on_from_its_blocks(
    start: Any, boto: Any, bucket: str, isolated_home: Path, scanned: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto.put_object(Bucket=bucket, Key="a.waiting", Body=CONTENT)
    first = start()
    body = {"kind": "index", "connection": "demo", "uri": f"s3://{bucket}/a.waiting", "format": "waiting-text"}
    answer = first("POST", "jobs", body)
    assert answer.status == 201, answer.json
    job_id = answer.json["id"]
    files = _data(isolated_home, "checkpoints") / job_id
    if ending == "kill -9":
        _wait(lambda: any(files.glob("*.npz")))
        first.kill()
    else:
        _wait(lambda: scanned.exists() and len(scanned.read_text().splitlines()) > 10)
        first.__exit__(None, None, None)
    before = Counter(scanned.read_text().splitlines())
    assert 10 < len(before) < BLOCKS

    second = start()
    job = second("GET", f"jobs/{job_id}").json
    assert (job["state"], job["resumable"]) == ("interrupted", True)
    assert "resume it" in job["error"]["message"]
    resumed = second("POST", f"jobs/{job_id}/resume")
    assert (resumed.status, resumed.json["id"]) == (200, job_id)
    job = second.ended(job_id)
    assert (job["state"], job["resumable"], job["error"]) == ("succeeded", False, None)
    assert not files.exists()
    after = Counter(scanned.read_text().splitlines())
    again = [block for block, times in after.items() if times > 1]
    assert len(after) == BLOCKS
    assert len(again) < len(before)  # those that were in the files were not scanned again
    assert set(again) <= set(before)
    monkeypatch.delenv("WAITING_TEXT_LOG")
    _compare(f"s3://{bucket}/a.waiting")


def _compare(uri: str) -> None:
    """The index of the job is that of a scan that nothing broke off, the sum of all bytes too."""
    from cloud_data_cockpit.slicing import indexes
    from cloud_data_cockpit.slicing.checksums import crc32_is_cheap
    from cloud_data_cockpit.slicing.open import open_source, resolved

    source = open_source(uri, resolved(uri, "demo"))
    format = WaitingText()
    params = format.params()
    kept = indexes.find_anywhere(indexes.LocalPlace(), source, format, params)[0]
    assert kept is not None
    whole = format.index(source, params, lambda done, total: None)
    assert (kept.index.records, kept.index.facts) == (whole.records, whole.facts)
    assert kept.index.arrays.keys() == whole.arrays.keys()
    for name, array in whole.arrays.items():
        assert np.array_equal(kept.index.arrays[name], array)
    assert kept.crc32 == (zlib.crc32(CONTENT) if crc32_is_cheap() else None)


def test_a_benchmark_goes_on_from_its_measurements(start: Any, boto: Any, bucket: str, isolated_home: Path) -> None:
    boto.put_object(Bucket=bucket, Key="b.txt", Body=CONTENT[: 64 << 10])
    first = start()
    body = {
        "kind": "benchmark",
        "connection": "demo",
        "uri": f"s3://{bucket}/b.txt",
        "sweep": {"values": [1, 2, 3, 4]},
        "repeats": 5,
        "warm_up": 1,
        "timed": "waiting_text:read_slowly",
        "executor_options": {"workers": 1},
    }
    answer = first("POST", "jobs", body)
    assert answer.status == 201, answer.json
    job_id = answer.json["id"]
    _wait(lambda: first("GET", f"jobs/{job_id}").json["done"] >= 6)
    first.kill()
    (path,) = _data(isolated_home, "benchmarks").glob("*.json")
    measured = json.loads(path.read_text())
    assert not measured["finished"]
    assert 4 <= len(measured["runs"]) < 20

    second = start()
    assert second("GET", f"jobs/{job_id}").json["resumable"]
    assert second("POST", f"jobs/{job_id}/resume").json["id"] == job_id
    job = second.ended(job_id)
    assert (job["state"], job["benchmark_id"]) == ("succeeded", measured["id"]), job["error"]
    (line,) = second("GET", "benchmarks").json
    result = second("GET", f"benchmarks/{line['id']}").json
    assert result["finished"]
    assert len(result["runs"]) == 20
    assert result["runs"][: len(measured["runs"])] == measured["runs"]
    assert Counter(run["value"] for run in result["runs"]) == dict.fromkeys([1, 2, 3, 4], 5)


@pytest.mark.parametrize("engine", ["threads", "processes", "dask"])
def test_a_cancel_ends_the_scan_on_every_engine(
    start: Any, boto: Any, bucket: str, scanned: Path, isolated_home: Path, engine: str
) -> None:
    boto.put_object(Bucket=bucket, Key="c.waiting", Body=CONTENT)
    server = start()
    body = {"connection": "demo", "uri": f"s3://{bucket}/c.waiting", "format": "waiting-text"}
    more = {"executor": engine, "executor_options": {"workers": 1}}
    job_id = server("POST", "jobs", {"kind": "index", **body, **more}).json["id"]
    _wait(lambda: scanned.exists() and len(scanned.read_text().splitlines()) > 3)
    asked = time.monotonic()
    assert server("POST", f"jobs/{job_id}/cancel").json["state"] == "cancelled"
    assert time.monotonic() - asked < 1
    count = 0

    def is_quiet() -> bool:
        nonlocal count
        former, count = count, len(scanned.read_text().splitlines())
        time.sleep(0.3)
        return former == count

    _wait(is_quiet, 10)
    assert count < BLOCKS
    assert not (_data(isolated_home, "checkpoints") / job_id).exists()
