"""The road through REST: buckets, listing, object, partition, manifest, slices; and what is told on the way."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from cloud_data_cockpit.handlers.schemas import JOB_EVENT
from cloud_data_cockpit.slicing.manifests import directory

from .conftest import HOSTILE, Api
from .slow_format import register

CSV = 'naïve,text\n1,"two\nlines"\n2,käse\n3,🧀\n'.encode()
pytestmark = pytest.mark.usefixtures("demo")


@pytest.fixture
def told(jp_serverapp: Any) -> list[dict[str, Any]]:
    """The job events, in order."""
    heard: list[dict[str, Any]] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        heard.append(data)

    jp_serverapp.event_logger.add_listener(schema_id=JOB_EVENT, listener=listen)
    return heard


def _manifests() -> list[str]:
    return [path.name for path in directory().glob("*")]


async def _partition(api: Api, ended: Any, uri: str, **more: Any) -> Any:
    answer = await api("POST", "jobs", {"connection": "demo", "uri": uri, **more})
    assert answer.status == 201, answer.json
    assert answer.json["state"] == "queued"
    return await ended(answer.json["id"])


async def test_connections_name_the_demo_and_hold_no_keys(api: Api, s3_service: Any) -> None:
    answer = await api("GET", "connections")
    assert answer.status == 200
    assert "demo" in {each["ref"]["name"] for each in answer.json}
    assert s3_service.secret_key.encode() not in answer.raw
    assert s3_service.access_key.encode() not in answer.raw


async def test_buckets(api: Api, bucket: str) -> None:
    name = f"{bucket}-new"
    made = await api("POST", "buckets", {"connection": "demo", "bucket": name})
    assert (made.status, made.json["name"]) == (201, name)
    listed = await api("GET", "buckets", query={"connection": "demo"})
    assert {bucket, name} <= {each["name"] for each in listed.json}
    again = await api("POST", "buckets", {"connection": "demo", "bucket": name})
    assert again.status == 409


async def test_from_file_to_slices(api: Api, bucket: str, put: Any, ended: Any, told: list[dict[str, Any]]) -> None:
    uri = put("data.csv", CSV)
    job = await _partition(api, ended, uri, params={"num_slices": 2})
    assert job["state"] == "succeeded", job
    assert (job["done"], job["total"], job["unit"]) == (len(CSV), len(CSV), "bytes")
    manifests = (await api("GET", "manifests")).json
    assert [each["id"] for each in manifests] == [job["manifest_id"]]
    summary = (await api("GET", f"manifests/{job['manifest_id']}")).json
    assert summary == manifests[0]
    assert (summary["records"], summary["num_slices"], summary["uri"], summary["format"]) == (3, 2, uri, "csv")
    page = (await api("GET", f"manifests/{job['manifest_id']}/slices", query={"offset": 1, "limit": 5})).json
    assert (page["total"], [row["number"] for row in page["rows"]]) == (2, [1])
    whole = (await api("GET", f"manifests/{job['manifest_id']}/slices")).json
    assert sum(row["records"] for row in whole["rows"]) == 3
    await asyncio.sleep(0.05)
    assert told[0]["state"] == "queued"
    assert told[-1] == job
    gone = await api("DELETE", f"manifests/{job['manifest_id']}")
    assert (gone.status, gone.raw) == (204, b"")
    assert (await api("GET", f"manifests/{job['manifest_id']}")).status == 404


async def test_the_browser_hears_of_it(api: Api, put: Any, ended: Any, jp_ws_fetch: Any) -> None:
    socket = await jp_ws_fetch("api", "events", "subscribe")
    job = await _partition(api, ended, put("data.csv", CSV))
    states = []
    while states[-1:] != ["succeeded"]:
        heard = json.loads(await asyncio.wait_for(socket.read_message(), 5))
        assert (heard["schema_id"], heard["id"]) == (JOB_EVENT, job["id"])
        states.append(heard["state"])
    assert {name: value for name, value in heard.items() if name in job} == job
    assert states[0] == "queued"
    socket.close()


async def test_jobs_are_listed_newest_first(api: Api, put: Any, ended: Any) -> None:
    uri = put("data.csv", CSV)
    made = [(await _partition(api, ended, uri))["id"] for _ in range(3)]
    assert [job["id"] for job in (await api("GET", "jobs")).json] == made[::-1]


async def test_an_object_tells_its_format(api: Api, bucket: str, put: Any) -> None:
    put("noname", b">seq1 a\nACGT\n>seq2\nGG\n")
    found = (await api("GET", "object", query={"connection": "demo", "bucket": bucket, "key": "noname"})).json
    assert (found["format"], found["problem"], found["size"]) == ("fasta", None, 22)
    put("empty.csv", b"")
    found = (await api("GET", "object", query={"connection": "demo", "bucket": bucket, "key": "empty.csv"})).json
    assert found["format"] is None
    assert "empty" in found["problem"]
    put("binary.csv", bytes(range(256)) * 40)
    found = (await api("GET", "object", query={"connection": "demo", "bucket": bucket, "key": "binary.csv"})).json
    assert found["format"] is None
    assert found["problem"]
    missing = await api("GET", "object", query={"connection": "demo", "bucket": bucket, "key": "nowhere"})
    assert missing.status == 404


@pytest.mark.parametrize("key", HOSTILE)
async def test_hostile_keys(api: Api, bucket: str, put: Any, ended: Any, key: str) -> None:
    uri = put(key, CSV)
    prefix = key[: key.rfind("/") + 1]
    query = {"connection": "demo", "bucket": bucket, "prefix": prefix}
    listing = (await api("GET", "objects", query=query)).json
    assert [each["key"] for each in listing["objects"]] == [key]
    detail = (await api("GET", "object", query={"connection": "demo", "bucket": bucket, "key": key})).json
    assert (detail["key"], detail["uri"], detail["format"]) == (key, uri, "csv")
    job = await _partition(api, ended, uri, params={"num_slices": 3})
    assert job["state"] == "succeeded", job
    slices = (await api("GET", f"manifests/{job['manifest_id']}/slices")).json
    assert sum(row["records"] for row in slices["rows"]) == 3
    assert (await api("GET", f"manifests/{job['manifest_id']}")).json["uri"] == uri


async def test_a_listing_goes_on_with_its_token(api: Api, bucket: str, put: Any) -> None:
    keys = [f"k{number:02}" for number in range(7)]
    for key in keys:
        put(key, b"x")
    found: list[str] = []
    token = None
    for _ in range(9):
        query = {"connection": "demo", "bucket": bucket, "page_size": 3} | ({"next_token": token} if token else {})
        page = (await api("GET", "objects", query=query)).json
        found += [each["key"] for each in page["objects"]]
        token = page["next_token"]
        if token is None:
            break
    assert found == keys


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("empty.csv", b"", None),
        ("empty.csv", b"", "csv"),
        ("binary.csv", bytes(range(256)) * 400, None),
        ("binary.csv", bytes(range(256)) * 400, "csv"),
        ("binary.fasta", bytes(range(256)) * 400, "fasta"),
        ("cut-off.csv", b'a,b\n1,2\n3,"it never ends\n4,5\n', "csv"),
    ],
)
async def test_bad_bytes_fail_clearly_and_leave_no_manifest(
    api: Api, put: Any, ended: Any, name: str, content: bytes, format: str | None
) -> None:
    job = await _partition(api, ended, put(name, content), format=format)
    assert job["state"] == "failed"
    assert job["error"]["code"] in ("format", "unknown_format")
    assert len(job["error"]["message"]) > 20
    assert job["manifest_id"] is None
    assert _manifests() == []


async def test_cancel_while_it_runs(
    api: Api, put: Any, monkeypatch: pytest.MonkeyPatch, told: list[dict[str, Any]]
) -> None:
    register(monkeypatch)
    answer = await api("POST", "jobs", {"connection": "demo", "uri": put("a.slow", b"slow" * 5000)})
    job_id = answer.json["id"]
    until = time.monotonic() + 10
    while (await api("GET", f"jobs/{job_id}")).json["done"] < 30:
        assert time.monotonic() < until
        await asyncio.sleep(0.05)
    begun = time.monotonic()
    cancelled = await api("POST", f"jobs/{job_id}/cancel")
    assert time.monotonic() - begun < 1
    assert (cancelled.status, cancelled.json["state"]) == (200, "cancelled")
    assert _manifests() == []
    progress = [news for news in told if news["state"] == "running"]
    assert 1 <= len(progress) <= 60
    assert all(news["total"] in (0, 20_000) for news in progress)


async def test_a_service_that_is_gone_fails_the_job(api: Api, ended: Any, bucket: str) -> None:
    from cloud_data_cockpit.s3.connections import connect

    connect("dead", endpoint_url="http://127.0.0.1:9", access_key="a", secret_key="b")
    answer = await api("POST", "jobs", {"connection": "dead", "uri": f"s3://{bucket}/k.csv"})
    job = await ended(answer.json["id"], seconds=60)
    assert (job["state"], job["error"]["code"]) == ("failed", "service")
