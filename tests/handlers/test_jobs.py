"""Jobs of every kind through REST: one body told apart by its kind, what they do, cancel, retry."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.handlers.document import document
from cloud_data_cockpit.handlers.routes import ROUTES
from cloud_data_cockpit.jobs.kinds import KINDS, requests

from .conftest import HOSTILE, Api

Run = Callable[..., Awaitable[Any]]


@pytest.fixture
def run(api: Api, demo: str, bucket: str, ended: Any) -> Run:
    """`await run(kind=..., ...)`: the job, once it has ended."""

    async def start(**body: Any) -> Any:
        answer = await api("POST", "jobs", {"connection": demo, "bucket": bucket, **body})
        assert answer.status == 201, answer.json
        assert answer.json["kind"] == body["kind"]
        return await ended(answer.json["id"])

    return start


@pytest.fixture
def inside(demo: str, bucket: str) -> dict[str, str]:
    """Where copies within the bucket go."""
    return {"to_connection": demo, "to_bucket": bucket}


def keys(boto: Any, bucket: str) -> list[str]:
    return [row["Key"] for row in boto.list_objects_v2(Bucket=bucket).get("Contents", [])]


def empty(directory: Path) -> bool:
    return not any(directory.iterdir())


# --- one body for all kinds ---------------------------------------------------------------------------


def test_the_document_has_every_request() -> None:
    described = document(ROUTES, "1")
    schema = described["paths"]["/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    names = [each["$ref"].rpartition("/")[2] for each in schema["oneOf"]]
    assert names == [record.__name__ for record in requests()]
    assert {"PartitionRequest", "CopyRequest", "DeleteRequest", "DownloadRequest", "ChangeRequest"} <= set(names)
    for record in requests():
        kinds = described["components"]["schemas"][record.__name__]["properties"]["kind"]
        assert set(kinds.get("enum", [kinds.get("const")])) <= {kind.name for kind in KINDS}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "connection: Field required; uri: Field required"),
        ({"kind": "nonsense"}, "no kind of job 'nonsense'"),
        ({"kind": ["copy"]}, "no kind of job"),
        ({"kind": "delete", "connection": "demo"}, "bucket: Field required"),
        ({"kind": "delete", "connection": "demo", "bucket": "b", "keys": ["k"], "more": 1}, "more: Extra inputs"),
        ({"kind": "delete", "connection": "demo", "bucket": "b"}, "nothing is selected"),
        ([], "no JSON object"),
        (b"{", "the body is not right"),
    ],
)
async def test_wrong_bodies(api: Api, demo: str, body: Any, words: str) -> None:
    answer = await api("POST", "jobs", body)
    assert answer.status == 400
    assert words in answer.json["message"]


async def test_what_is_wrong_at_once_makes_no_job(api: Api, demo: str, bucket: str, inside: Any) -> None:
    body = {"kind": "copy", "connection": demo, "bucket": bucket, "prefixes": ["a/"], "to_prefix": "a/b/", **inside}
    answer = await api("POST", "jobs", body)
    assert answer.status == 400
    assert "into itself" in answer.json["message"]
    assert (await api("GET", "jobs")).json == []


# --- what they do --------------------------------------------------------------------------------------


async def test_copy_and_move(run: Run, put: Any, boto: Any, bucket: str, inside: Any) -> None:
    for key in HOSTILE:
        put(f"run1/{key}", b"12")
    put("run10/x", b"1")
    job = await run(kind="copy", prefixes=["run1/"], to_prefix="copies/", **inside)
    assert (job["state"], job["error"], job["title"]) == ("succeeded", None, "Copy run1")
    assert (job["items"], job["items_total"], job["done"], job["total"]) == (10, 10, 20, 20)
    assert job["uri"] == f"s3://{bucket}/copies/"
    job = await run(kind="move", prefixes=["run1/"], rename="walk/", **inside)
    assert (job["state"], job["title"]) == ("succeeded", "Rename run1 to walk")
    expected = [f"{place}{key}" for place in ("copies/run1/", "walk/") for key in HOSTILE]
    assert sorted(keys(boto, bucket)) == sorted([*expected, "run10/x"])


async def test_some_fail_and_the_job_says_which(run: Run, put: Any, boto: Any, bucket: str, inside: Any) -> None:
    for key in ("d/a", "d/b", "e/d/b"):
        put(key, key.encode())
    job = await run(kind="copy", prefixes=["d/"], to_prefix="e/", **inside)
    assert (job["state"], job["error"]["code"]) == ("failed", "incomplete")
    assert "1 object was not copied" in job["error"]["message"]
    assert job["notes"] == [f"d/b: s3://{bucket}/e/d/b exists already; choose to skip or to replace it"]
    assert "e/d/a" in keys(boto, bucket)


async def test_delete(run: Run, put: Any, boto: Any, bucket: str) -> None:
    for key in ("run1/a", "run1/b", "run10/c", "k"):
        put(key, b"123")
    job = await run(kind="delete", prefixes=["run1/"], keys=["k"])
    assert (job["state"], job["items"], job["done"], job["total"]) == ("succeeded", 3, 9, 9)
    assert keys(boto, bucket) == ["run10/c"]


async def test_change(run: Run, put: Any, boto: Any, bucket: str) -> None:
    put("k", b"123")
    job = await run(kind="change", key="k", content_type="text/x-new", metadata={"a": "1"})
    assert job["state"] == "succeeded"
    found = boto.head_object(Bucket=bucket, Key="k")
    assert (found["ContentType"], found["Metadata"]) == ("text/x-new", {"a": "1"})


async def test_download_into_jupyters_directory(run: Run, put: Any, jp_root_dir: Path) -> None:
    data = os.urandom(100_000)
    put("run1/deep/x.bin", data)
    put("run1/../../evil", b"evil")
    job = await run(kind="download", prefixes=["run1/"], directory="my data/in")
    assert job["state"] == "succeeded", job
    assert (jp_root_dir / "my data/in/run1/deep/x.bin").read_bytes() == data
    assert (jp_root_dir / "my data/in/run1/__/__/evil").read_bytes() == b"evil"
    assert job["notes"] == ["run1/../../evil is saved as run1/__/__/evil"]
    again = await run(kind="download", prefixes=["run1/"], directory="my data/in")
    assert again["state"] == "failed"
    assert "exists already" in again["error"]["message"]


@pytest.mark.parametrize("directory", ["..", "../up", "a/../../up", "link", "link/deeper", "x\x00y"])
async def test_a_directory_outside_is_refused(
    api: Api, demo: str, bucket: str, put: Any, jp_root_dir: Path, tmp_path: Path, directory: str
) -> None:
    put("k", b"1")
    outside = tmp_path / "outside"
    outside.mkdir()
    (jp_root_dir / "link").symlink_to(outside)
    body = {"kind": "download", "connection": demo, "bucket": bucket, "keys": ["k"], "directory": directory}
    answer = await api("POST", "jobs", body)
    assert answer.status in (400, 403), answer.json
    assert list(outside.iterdir()) == []


# --- cancel, retry --------------------------------------------------------------------------------------


async def test_cancel_in_the_middle_leaves_nothing(
    api: Api, demo: str, bucket: str, boto: Any, s3_service: Any, jp_root_dir: Path, ended: Any
) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=os.urandom(30 << 20))
    s3_service.inject(method="GET", path=f"/{bucket}/k", delay=1.0, times=1000, skip=1)
    try:
        body = {"kind": "download", "connection": demo, "bucket": bucket, "keys": ["k"]}
        job = (await api("POST", "jobs", body)).json
        until = time.monotonic() + 20
        while empty(jp_root_dir):
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
        begun = time.monotonic()
        cancelled = (await api("POST", f"jobs/{job['id']}/cancel")).json
        assert time.monotonic() - begun < 2
        assert cancelled["state"] == "cancelled"
        while not empty(jp_root_dir):
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
    finally:
        s3_service.clear_faults()


async def test_retry_starts_the_same_anew(run: Run, api: Api, put: Any, ended: Any, boto: Any, bucket: str) -> None:
    job = await run(kind="change", key="k", content_type="a/b")
    assert (job["state"], job["error"]["code"]) == ("failed", "not_found")
    put("k", b"1")
    answer = await api("POST", f"jobs/{job['id']}/retry")
    assert answer.status == 201
    again = await ended(answer.json["id"])
    assert again["id"] != job["id"]
    assert (again["state"], again["kind"], again["title"]) == ("succeeded", "change", job["title"])
    assert boto.head_object(Bucket=bucket, Key="k")["ContentType"] == "a/b"


async def test_what_cannot_be_retried(api: Api, demo: str, bucket: str, extension: Any, run: Run) -> None:
    assert (await api("POST", "jobs/nobody/retry")).status == 404
    upload = await api("POST", "uploads", {"connection": demo, "bucket": bucket, "key": "k", "size": 3})
    job_id = upload.json["job_id"]
    running = await api("POST", f"jobs/{job_id}/retry")
    assert running.status == 409
    assert "not ended" in running.json["message"]
    await api("POST", f"jobs/{job_id}/cancel")
    driven = await api("POST", f"jobs/{job_id}/retry")
    assert driven.status == 409
    assert "not kept" in driven.json["message"]


async def test_requests_hold_no_credentials(run: Run, put: Any, s3_service: Any, extension: Any) -> None:
    put("k", b"1")
    await run(kind="delete", keys=["k"])
    place = extension._store.path
    held = b"".join(path.read_bytes() for path in place.parent.glob(f"{place.name}*"))
    assert b'"kind":"delete"' in held
    assert s3_service.secret_key.encode() not in held
    assert s3_service.access_key.encode() not in held
