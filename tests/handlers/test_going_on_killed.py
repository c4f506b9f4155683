"""kill -9 in the midst of an index, also one that a benchmark makes: only missing blocks are read again."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cloud_data_cockpit.demo.samples_spectra import image_imzml
from cloud_data_cockpit.formats.base import Format
from cloud_data_cockpit.slicing.result_files import read

from ..faults.plans import CALM, Asked, Plan
from ..faults.proxy import Proxy
from .servers import Server
from .small_blocks import BLOCK, SmallImzml, SmallText

LINES = b"".join(b"line %d of a text that comes slowly\n" % n for n in range(90_000))
DELAY = 0.2


@dataclass
class Slow(Plan):
    """Every request takes a while."""

    def fault(self, asked: Asked) -> None:
        time.sleep(DELAY)


@pytest.fixture
def proxy(s3_service: Any) -> Iterator[Proxy]:
    """What stands between the servers of this test and the service, and remembers what was asked."""
    made = Proxy(s3_service.endpoint_url)
    yield made
    made.close()


@pytest.fixture
def start(
    isolated_home: Path, s3_service: Any, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Server]]:
    """`start()`: a server of this user that has the plug-in. Those that still run are ended with the test."""
    from cloud_data_cockpit.s3.connections import write_demo

    plugin = tmp_path / "plugin"
    facts = plugin / "small_blocks-1.dist-info"
    facts.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("small_blocks.py"), plugin)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: small-blocks\nVersion: 1\n")
    names = "small-imzml = small_blocks:SmallImzml\nsmall-text = small_blocks:SmallText\n"
    (facts / "entry_points.txt").write_text(f"[cloud_data_cockpit.formats]\n{names}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(plugin), os.environ.get("PYTHONPATH", "")]).rstrip(":"))
    write_demo(proxy.endpoint_url, s3_service.access_key, s3_service.secret_key)
    (tmp_path / "root").mkdir()
    started: list[Server] = []

    def begin() -> Server:
        started.append(Server(tmp_path / "root", tmp_path / f"log-{len(started)}"))
        return started[-1]

    yield begin
    for server in started:
        server.__exit__(None, None, None)


def _blocks_read(proxy: Proxy, key: str, first: int) -> list[int]:
    """Where the blocks begin that were asked for."""
    found = []
    for identity, _ in proxy.log:
        asked = re.match(rf"GET \S*/{re.escape(key)} .*bytes=(\d+)-", identity)
        if asked and int(asked[1]) >= first and (int(asked[1]) - first) % BLOCK == 0:
            found.append(int(asked[1]))
    return found


def _index_of(uri: str, format: Format, *, saved: bool) -> Any:
    from cloud_data_cockpit.slicing import indexes
    from cloud_data_cockpit.slicing.open import open_source, resolved

    source = open_source(uri, resolved(uri, "demo"))
    params = format.params()
    return indexes.load(source, format, params) if saved else format.index(source, params, lambda done, total: None)


def _same(index: Any, whole: Any) -> bool:
    facts = (index.records, index.facts) == (whole.records, whole.facts)
    return facts and all(np.array_equal(array, index.arrays[name]) for name, array in whole.arrays.items())


@pytest.mark.parametrize("kind", ["index", "benchmark"])
@pytest.mark.parametrize("format", [SmallImzml(), SmallText()], ids=lambda format: format.name)
def test_only_missing_blocks_are_read_again(
    start: Callable[[], Server], proxy: Proxy, boto: Any, bucket: str, isolated_home: Path, kind: str, format: Any
) -> None:
    content = {"a.txt": LINES}
    if format.name == "small-imzml":
        xml, ibd = image_imzml(50, 50)
        content = {"a.imzML": xml, "a.ibd": ibd}
    key = next(iter(content))
    for name, data in content.items():
        boto.put_object(Bucket=bucket, Key=name, Body=data)
    uri = f"s3://{bucket}/{key}"
    proxy.plan = Slow(0)
    first = start()
    more = {"sweep": {"values": [1, 2]}, "repeats": 1, "warm_up": 0} if kind == "benchmark" else {}
    body = {"kind": kind, "connection": "demo", "uri": uri, "format": format.name, **more}
    answer = first("POST", "jobs", body)
    assert answer.status == 201, answer.json
    job_id = answer.json["id"]
    files = isolated_home / "jupyter-data" / "cloud-data-cockpit" / "checkpoints" / job_id
    until = time.monotonic() + 60
    while not any(files.glob("*.npz")):
        assert time.monotonic() < until, first("GET", f"jobs/{job_id}").json
        time.sleep(0.02)
    first.kill()
    kept = sum(len(read(path)[0]["blocks"]) for path in files.glob("*.npz"))

    proxy.plan = CALM
    whole = _index_of(uri, format, saved=False)
    beginning = int(whole.facts.get("body", 0))
    begins = list(range(beginning, len(content[key]), BLOCK))
    assert 10 < kept < len(begins)
    proxy.log.clear()
    second = start()
    assert second("POST", f"jobs/{job_id}/resume").json["id"] == job_id
    job = second.ended(job_id)
    assert (job["state"], job["error"]) == ("succeeded", None)
    asked = _blocks_read(proxy, key, beginning)
    if kind == "index":
        assert sorted(offset for offset in asked if offset) == begins[kept:]  # at 0 is a look at the format
    else:
        assert set(begins[kept:]) <= set(asked)
        assert not set(begins[1:kept]) & set(asked)  # slices begin elsewhere
        result = second("GET", f"benchmarks/{job['benchmark_id']}").json
        assert (result["finished"], result["index_seconds"]) == (True, None)
    lines = [line["text"] for line in second("GET", f"jobs/{job_id}/log").json["lines"]]
    assert f"The scan goes on from {kept:,} blocks that were done before" in lines
    assert _same(_index_of(uri, format, saved=True), whole)
    assert not files.exists()
