"""Versions, tags, links, restores, folders, measuring and places through REST, with keys of every kind."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from cloud_data_cockpit.s3 import rebuilding, versions

from .conftest import HOSTILE, Api

pytestmark = pytest.mark.usefixtures("demo")

KEYS = [
    *HOSTILE,
    "../up",
    "%2e%2e/%2E%2e",
    "<img src=x onerror=alert(1)>",
    "\u202eright to left \u05d0\u05d1",
    "control\x01\x1f",
    "trailing  ",
    "é" * 512,
]


@pytest.fixture
def kept(boto: Any, bucket: str) -> str:
    """A bucket that keeps versions."""
    boto.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


async def _ok(api: Api, method: str, path: str, body: Any = None, status: int = 200, **query: Any) -> Any:
    answer = await api(method, path, body, query={"connection": "demo", **query} if query else None)
    assert answer.status == status, answer.raw
    return answer.json


async def test_every_view_knows_every_key(api: Api, kept: str, boto: Any, ended: Any) -> None:
    for key in KEYS:
        old = boto.put_object(Bucket=kept, Key=key, Body=b"old")["VersionId"]
        boto.put_object(Bucket=kept, Key=key, Body=b"newer")
        place = {"connection": "demo", "bucket": kept, "key": key}
        page = await _ok(api, "GET", "versions", bucket=kept, key=key)
        assert [(v["key"], v["size"]) for v in page["versions"]] == [(key, 5), (key, 3)]
        assert (await _ok(api, "GET", "object", bucket=kept, key=key, version_id=old))["size"] == 3
        assert (await _ok(api, "PUT", "tags", {**place, "tags": {"a": "b"}}))["tags"]
        assert (await _ok(api, "GET", "tags", bucket=kept, key=key, version_id=old))["tags"] == {}
        assert (await _ok(api, "POST", "presign", place))["url"].startswith("http://127.0.0.1:")
        assert (await _restored(api, ended, kept, key, old))["state"] == "succeeded"
        assert boto.head_object(Bucket=kept, Key=key)["ContentLength"] == 3
        await _ok(api, "DELETE", "versions", status=204, bucket=kept, key=key, version_id=old)
        assert (await _ok(api, "POST", "places", {"text": f"s3://{kept}/{key}"}))["key"] == key
    flat = await _ok(api, "GET", "objects", bucket=kept, delimiter="")
    assert {o["key"] for o in flat["objects"]} == set(KEYS)
    measured = await _ok(api, "POST", "measure", {"connection": "demo", "bucket": kept, "keys": KEYS})
    assert (measured["objects"], measured["bytes"]) == (len(KEYS), 3 * len(KEYS))


async def test_a_large_restore_that_is_cancelled_leaves_nothing(
    api: Api,
    kept: str,
    boto: Any,
    s3_service: Any,
    monkeypatch: pytest.MonkeyPatch,
    ended: Any,
    until: Any,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setattr(versions, "LARGEST_COPY", 6 << 20)
    monkeypatch.setattr(rebuilding, "COPIED_PART", 5 << 20)
    old = boto.put_object(Bucket=kept, Key="k", Body=os.urandom(12 << 20))["VersionId"]
    newer = boto.put_object(Bucket=kept, Key="k", Body=b"newer")["VersionId"]
    request.addfinalizer(s3_service.clear_faults)
    s3_service.inject(method="PUT", path=f"/{kept}/k", query="partNumber", delay=2, times=3)
    body = {"kind": "restore", "connection": "demo", "bucket": kept, "key": "k", "version_id": old}
    job = await _ok(api, "POST", "jobs", body, status=201)

    async def is_open(expected: bool) -> bool:
        return bool(await asyncio.to_thread(_open_uploads, boto, kept)) == expected

    await until(lambda: is_open(True))
    await _ok(api, "POST", f"jobs/{job['id']}/cancel")
    job = await ended(job["id"])
    assert (job["state"], job["done"], job["total"]) == ("cancelled", 0, 12 << 20)
    await until(lambda: is_open(False))
    assert boto.head_object(Bucket=kept, Key="k")["VersionId"] == newer


async def test_a_large_restore_tells_how_far_it_is(
    api: Api, kept: str, boto: Any, monkeypatch: pytest.MonkeyPatch, ended: Any
) -> None:
    monkeypatch.setattr(versions, "LARGEST_COPY", 6 << 20)
    monkeypatch.setattr(rebuilding, "COPIED_PART", 5 << 20)
    data = os.urandom(12 << 20)
    old = boto.put_object(Bucket=kept, Key="k", Body=data)["VersionId"]
    boto.put_object(Bucket=kept, Key="k", Body=b"newer")
    job = await _restored(api, ended, kept, "k", old)
    assert (job["state"], job["done"], job["total"], job["items"]) == ("succeeded", len(data), len(data), 1)
    assert boto.get_object(Bucket=kept, Key="k")["Body"].read() == data


async def _restored(api: Api, ended: Any, bucket: str, key: str, version_id: str) -> Any:
    """The job that made a version the latest, as it ended."""
    body = {"kind": "restore", "connection": "demo", "bucket": bucket, "key": key, "version_id": version_id}
    return await ended((await _ok(api, "POST", "jobs", body, status=201))["id"])


def _open_uploads(boto: Any, bucket: str) -> list[Any]:
    return list(boto.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


async def test_what_an_object_tells(api: Api, bucket: str, boto: Any) -> None:
    boto.put_object(
        Bucket=bucket, Key="a.csv", Body=b"a,b\n1,2\n", ContentEncoding="identity", ChecksumAlgorithm="SHA1"
    )
    whole = await _ok(api, "GET", "object", bucket=bucket, key="a.csv")
    assert (whole["format"], whole["content_encoding"], set(whole["checksums"])) == ("csv", "identity", {"SHA1"})
    plain = await _ok(api, "GET", "object", bucket=bucket, key="a.csv", detect="false")
    assert (plain["format"], plain["etag"]) == (None, whole["etag"])


async def test_what_is_archived_says_so(api: Api, bucket: str, boto: Any) -> None:
    boto.put_object(Bucket=bucket, Key="a.csv", Body=b"a,b\n1,2\n", StorageClass="GLACIER")
    place = {"connection": "demo", "bucket": bucket, "key": "a.csv"}
    found = await _ok(api, "GET", "object", bucket=bucket, key="a.csv")
    assert (found["archive"], found["format"]) == ("archived", None)
    assert "restore it first" in found["problem"]
    refused = await _ok(api, "POST", "presign", place, status=409)
    assert refused["code"] == "archived"
    assert (await _ok(api, "POST", "thaw", {**place, "days": 2}))["archive"] == "restoring"
    assert (await _ok(api, "POST", "thaw", place, status=409))["code"] == "conflict"
    assert "being restored" in (await _ok(api, "GET", "object", bucket=bucket, key="a.csv"))["problem"]
    boto.put_object(Bucket=bucket, Key="warm", Body=b"x")
    assert (await _ok(api, "POST", "thaw", {**place, "key": "warm"}, status=400))["code"] == "bad_request"


async def test_folders(api: Api, bucket: str) -> None:
    wanted = {"connection": "demo", "bucket": bucket, "prefix": "new folder/"}
    await _ok(api, "POST", "folders", wanted, status=204)
    assert (await _ok(api, "GET", "objects", bucket=bucket))["prefixes"] == ["new folder/"]
    await _ok(api, "POST", "folders", wanted, status=409)
    marker = await _ok(api, "GET", "object", bucket=bucket, key="new folder/", detect="false")
    assert (marker["key"], marker["size"]) == ("new folder/", 0)


async def test_what_is_wrong_is_said(api: Api, bucket: str) -> None:
    await _ok(api, "GET", "versions", status=400, bucket=bucket, next_token="?")
    await _ok(api, "GET", "tags", status=404, bucket=bucket, key="no")
    await _ok(api, "GET", "objects", status=400, bucket=bucket, delimiter="ab")
    await _ok(api, "POST", "places", {"text": "<img src=x onerror=alert(1)>"}, status=400)
    link = {"connection": "demo", "bucket": bucket, "key": "no", "seconds": 604_801}
    assert "seconds" in (await _ok(api, "POST", "presign", link, status=400))["message"]
    await _ok(api, "POST", "presign", {**link, "seconds": 60}, status=404)
    await _ok(api, "POST", "measure", {"connection": "demo", "bucket": bucket}, status=400)
