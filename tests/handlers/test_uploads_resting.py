"""Uploads that rest, small files in one request, checksums, and open uploads of a bucket, through REST."""

from __future__ import annotations

import asyncio
import os
import zlib
from typing import Any

import pytest

from .conftest import HOSTILE, Api
from .test_uploads import begin, send  # noqa: F401 - fixtures

MIB = 1 << 20
pytestmark = pytest.mark.usefixtures("demo")


def _open(boto: Any, bucket: str) -> list[Any]:
    return list(boto.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def _read(boto: Any, bucket: str, key: str) -> bytes:
    with boto.get_object(Bucket=bucket, Key=key)["Body"] as body:
        return bytes(body.read())


def _put(api: Api, bucket: str, key: str, body: bytes, headers: dict[str, str] | None = None, **query: str) -> Any:
    more = {"headers": headers} if headers else {}
    named = {"connection": "demo", "bucket": bucket, "key": key, **query}
    return api("POST", "uploads/whole", body, query=named, **more)


# --- pausing and going on ----------------------------------------------------------------------


async def test_pause_and_resume(api: Api, begin: Any, send: Any, boto: Any, bucket: str) -> None:  # noqa: F811
    content = os.urandom(17 * MIB)
    upload = await begin(len(content), filename="f", last_modified=5)
    job_id = upload["job_id"]
    assert (await send(upload, content, 1)).status == 200
    sending = asyncio.create_task(send(upload, content, 2))
    await asyncio.sleep(0)
    paused = await api("POST", f"uploads/{job_id}/pause")
    assert (paused.status, paused.json["state"], paused.json["resumable"]) == (200, "interrupted", True)
    stored = (await sending).status == 200
    assert (await api("POST", f"uploads/{job_id}/pause")).json == paused.json
    assert (await send(upload, content, 3)).status == 409
    assert (await api("POST", f"uploads/{job_id}/complete")).status == 409
    [pending] = (await api("GET", "uploads")).json
    assert (pending["active"], pending["filename"], pending["last_modified"]) == (False, "f", 5)
    resumed = (await api("POST", f"uploads/{job_id}/resume", {"size": len(content), "last_modified": 5})).json
    numbers = [part["part_number"] for part in resumed["received"]]
    assert numbers in ([1], [1, 2])
    assert 2 in numbers or not stored
    assert resumed["received"][0]["crc32"] == f"{zlib.crc32(content[: 8 * MIB]):08x}"
    for number in {1, 2, 3} - set(numbers):
        assert (await send(upload, content, number)).status == 200
    assert (await api("POST", f"uploads/{job_id}/complete")).json["state"] == "succeeded"
    assert _read(boto, bucket, "data.bin") == content
    assert (await api("GET", "uploads")).json == []
    assert (await api("POST", f"uploads/{job_id}/pause")).status == 409


async def test_a_paused_upload_is_cancelled_for_certain(
    api: Api,
    begin: Any,  # noqa: F811
    send: Any,  # noqa: F811
    boto: Any,
    bucket: str,
) -> None:
    content = os.urandom(9 * MIB)
    upload = await begin(len(content))
    await send(upload, content, 1)
    await api("POST", f"uploads/{upload['job_id']}/pause")
    assert len(_open(boto, bucket)) == 1
    assert (await api("POST", f"jobs/{upload['job_id']}/cancel")).json["state"] == "cancelled"
    assert _open(boto, bucket) == []
    assert (await api("POST", f"uploads/{upload['job_id']}/resume", {"size": len(content)})).status == 409


async def test_a_page_that_was_reloaded_goes_on_at_once(api: Api, begin: Any, send: Any) -> None:  # noqa: F811
    content = os.urandom(9 * MIB)
    upload = await begin(len(content))
    await send(upload, content, 1)
    assert [each["active"] for each in (await api("GET", "uploads")).json] == [True]
    resumed = await api("POST", f"uploads/{upload['job_id']}/resume", {"size": len(content)})
    assert [part["part_number"] for part in resumed.json["received"]] == [1]
    assert (await send(upload, content, 2)).status == 200
    assert (await api("POST", f"uploads/{upload['job_id']}/complete")).json["state"] == "succeeded"


@pytest.mark.parametrize(("by_somebody", "status", "state"), [("complete", 409, "succeeded"), ("abort", 404, "failed")])
async def test_what_s3_has_ended_is_said(
    api: Api,
    begin: Any,  # noqa: F811
    send: Any,  # noqa: F811
    boto: Any,
    bucket: str,
    by_somebody: str,
    status: int,
    state: str,
) -> None:
    content = os.urandom(9 * MIB)
    upload = await begin(len(content))
    receipts = [(await send(upload, content, number)).json for number in (1, 2)]
    await api("POST", f"uploads/{upload['job_id']}/pause")
    [found] = _open(boto, bucket)
    names = {"Bucket": bucket, "Key": "data.bin", "UploadId": found["UploadId"]}
    if by_somebody == "abort":
        boto.abort_multipart_upload(**names)
    else:
        parts = [{"PartNumber": part["part_number"], "ETag": part["etag"]} for part in receipts]
        boto.complete_multipart_upload(**names, MultipartUpload={"Parts": parts})
    answer = await api("POST", f"uploads/{upload['job_id']}/resume", {"size": len(content)})
    assert answer.status == status
    job = (await api("GET", f"jobs/{upload['job_id']}")).json
    assert (job["state"], job["resumable"]) == (state, False)
    assert (await api("GET", "uploads")).json == []


async def test_a_service_that_fails_at_the_end_is_asked_again(
    api: Api,
    begin: Any,  # noqa: F811
    send: Any,  # noqa: F811
    boto: Any,
    bucket: str,
    s3_service: Any,
) -> None:
    content = os.urandom(9 * MIB)
    upload = await begin(len(content))
    for number in (1, 2):
        await send(upload, content, number)
    s3_service.inject(method="POST", query=".*uploadId.*", status=500, times=100)
    try:
        answer = await api("POST", f"uploads/{upload['job_id']}/complete", request_timeout=60)
    finally:
        s3_service.clear_faults()
    assert (answer.status, answer.json["code"]) == (502, "service")
    assert (await api("POST", f"uploads/{upload['job_id']}/complete")).json["state"] == "succeeded"
    assert _read(boto, bucket, "data.bin") == content


# --- checksums ---------------------------------------------------------------------------------


async def test_a_part_that_was_damaged_is_not_stored(
    api: Api,
    begin: Any,  # noqa: F811
    boto: Any,
    bucket: str,
) -> None:
    upload = await begin(3)
    path = f"uploads/{upload['job_id']}/parts/1"
    answer = await api("PUT", path, b"abc", headers={"X-Part-Crc32": f"{zlib.crc32(b'abd'):08x}"})
    assert (answer.status, answer.json["code"]) == (400, "damaged")
    assert (await api("PUT", path, b"abc", headers={"X-Part-Crc32": "nonsense"})).json["code"] == "bad_request"
    [found] = _open(boto, bucket)
    listed = boto.list_parts(Bucket=bucket, Key="data.bin", UploadId=found["UploadId"])
    assert "Parts" not in listed
    right = f"{zlib.crc32(b'abc'):08X}"
    receipt = (await api("PUT", path, b"abc", headers={"X-Part-Crc32": right})).json
    assert receipt["crc32"] == right.lower()


# --- small files -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", HOSTILE)
async def test_small_files_with_any_key(api: Api, boto: Any, bucket: str, key: str) -> None:
    answer = await _put(api, bucket, key, b"a,b\n1")
    assert (answer.status, answer.json["state"], answer.json["done"]) == (200, "succeeded", 5)
    assert answer.json["uri"] == f"s3://{bucket}/{key}"
    assert _read(boto, bucket, key) == b"a,b\n1"


async def test_small_files(api: Api, boto: Any, bucket: str) -> None:
    body = os.urandom(8 * MIB)
    answers = await asyncio.gather(*(_put(api, bucket, f"k{n}", body, content_type="x/y") for n in range(6)))
    assert [answer.status for answer in answers] == [200] * 6
    assert boto.head_object(Bucket=bucket, Key="k5")["ContentType"] == "x/y"
    assert (await _put(api, bucket, "empty", b"")).status == 200
    again = await _put(api, bucket, "k0", b"new")
    assert (again.status, again.json["code"]) == (409, "conflict")
    assert (await _put(api, bucket, "k0", b"new", overwrite="true")).status == 200
    assert _read(boto, bucket, "k0") == b"new"
    assert (await api("GET", "jobs")).json == []


async def test_what_is_no_small_file(api: Api, boto: Any, bucket: str) -> None:
    large = await _put(api, bucket, "k", bytes(8 * MIB + 1))
    assert (large.status, "in parts" in large.json["message"]) == (400, True)
    damaged = await _put(api, bucket, "k", b"abc", {"X-Part-Crc32": "00000000"})
    assert (damaged.status, damaged.json["code"]) == (400, "damaged")
    assert (await api("POST", "uploads/whole", b"x", query={"connection": "demo"})).status == 400
    assert (await _put(api, "no-such-bucket", "k", b"x")).status == 404
    assert "Contents" not in boto.list_objects_v2(Bucket=bucket)


# --- open uploads of a bucket ------------------------------------------------------------------


async def test_open_uploads_of_anybody_are_listed_and_swept(
    api: Api,
    begin: Any,  # noqa: F811
    send: Any,  # noqa: F811
    boto: Any,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cloud_data_cockpit.jobs.multiparts.PAGE", 2)
    content = os.urandom(9 * MIB)
    active, paused = await begin(len(content), key="active"), await begin(len(content), key="paused")
    await send(active, content, 1)
    await api("POST", f"uploads/{paused['job_id']}/pause")
    for key in HOSTILE:
        boto.create_multipart_upload(Bucket=bucket, Key=key)
    found: list[Any] = []
    token = None
    while True:
        query = {"connection": "demo", "bucket": bucket, **({"next_token": token} if token else {})}
        page = (await api("GET", "multiparts", query=query)).json
        found += page["uploads"]
        token = page["next_token"]
        if token is None:
            break
        assert len(page["uploads"]) == 2
    assert {each["key"] for each in found} == {*HOSTILE, "active", "paused"}
    assert {each["key"] for each in found if each["ours"]} == {"active", "paused"}
    assert next((each["bytes"], each["parts"]) for each in found if each["key"] == "active") == (8 * MIB, 1)
    pairs = [(each["key"], each["upload_id"]) for each in found]
    swept = (await api("POST", "multiparts/sweep", {"connection": "demo", "bucket": bucket, "uploads": pairs})).json
    assert swept["aborted"] == len(pairs) - 1
    assert [problem.partition(":")[0] for problem in swept["problems"]] == ["active"]
    assert [each["Key"] for each in _open(boto, bucket)] == ["active"]
    assert (await api("GET", f"jobs/{paused['job_id']}")).json["state"] == "cancelled"
    assert (await send(active, content, 2)).status == 200
    nonsense = {"connection": "demo", "bucket": bucket, "next_token": "nonsense"}
    assert (await api("GET", "multiparts", query=nonsense)).status == 400
