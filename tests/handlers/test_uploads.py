"""Uploads through REST: whole, in any order, cancelled, broken off, refused; nothing stays behind."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from cloud_data_cockpit.extension import CloudDataCockpit
from cloud_data_cockpit.jobs import bodies

from .conftest import HOSTILE, Answer, Api

MIB = 1 << 20
pytestmark = pytest.mark.usefixtures("demo")


@pytest.fixture
def begin(api: Api, bucket: str) -> Callable[..., Awaitable[Any]]:
    """`await begin(size)`: the Upload."""

    async def start(size: int, key: str = "data.bin", **more: Any) -> Any:
        answer = await api(
            "POST", "uploads", {"connection": "demo", "bucket": bucket, "key": key, "size": size, **more}
        )
        assert answer.status == 201, answer.json
        return answer.json

    return start


def _part(upload: Any, content: bytes, number: int) -> bytes:
    return content[(number - 1) * upload["part_size"] : number * upload["part_size"]]


@pytest.fixture
def send(api: Api) -> Callable[..., Awaitable[Answer]]:
    """`await send(upload, content, number)`: the answer to one part."""

    async def put(upload: Any, content: bytes, number: int) -> Answer:
        return await api("PUT", f"uploads/{upload['job_id']}/parts/{number}", _part(upload, content, number))

    return put


def _open(boto: Any, bucket: str) -> list[Any]:
    return list(boto.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def _slots(extension: CloudDataCockpit) -> int:
    """Parts of 8 MiB that there is room for."""
    assert extension._services is not None
    return extension._services.uploads.room.free // (8 * MIB)


async def test_whole(api: Api, begin: Any, send: Any, boto: Any, bucket: str, ended: Any) -> None:
    content = os.urandom(20 * MIB + 7)
    upload = await begin(len(content), content_type="application/x-test")
    assert upload["part_count"] == 3
    answers = await asyncio.gather(*(send(upload, content, number) for number in (3, 1, 2)))
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert [answer.json["size"] for answer in answers] == [4 * MIB + 7, 8 * MIB, 8 * MIB]
    running = (await api("GET", f"jobs/{upload['job_id']}")).json
    assert (running["state"], running["done"], running["total"]) == ("running", len(content), len(content))
    done = await api("POST", f"uploads/{upload['job_id']}/complete")
    assert (done.status, done.json["state"], done.json["done"]) == (200, "succeeded", len(content))
    found = boto.get_object(Bucket=bucket, Key="data.bin")
    with found["Body"] as body:
        assert hashlib.sha256(body.read()).digest() == hashlib.sha256(content).digest()
    assert found["ContentType"] == "application/x-test"
    assert _open(boto, bucket) == []


async def test_an_empty_file(api: Api, begin: Any, boto: Any, bucket: str) -> None:
    upload = await begin(0)
    assert upload["part_count"] == 1
    assert (await api("PUT", f"uploads/{upload['job_id']}/parts/1", b"")).status == 200
    assert (await api("POST", f"uploads/{upload['job_id']}/complete")).status == 200
    assert boto.head_object(Bucket=bucket, Key="data.bin")["ContentLength"] == 0


async def test_parts_larger_than_memory_go_through_a_file(
    begin: Any,
    send: Any,
    api: Api,
    boto: Any,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
    extension: CloudDataCockpit,
) -> None:
    monkeypatch.setattr(bodies, "MEMORY", MIB)
    content = os.urandom(9 * MIB)
    upload = await begin(len(content))
    for number in (1, 2):
        assert (await send(upload, content, number)).status == 200
    assert (await api("POST", f"uploads/{upload['job_id']}/complete")).status == 200
    with boto.get_object(Bucket=bucket, Key="data.bin")["Body"] as body:
        assert body.read() == content
    assert _slots(extension) == 4


async def test_a_part_may_be_sent_again(begin: Any, send: Any, api: Api, boto: Any, bucket: str) -> None:
    content = os.urandom(9 * MIB)
    upload = await begin(len(content))
    for number in (1, 1, 2, 1):
        assert (await send(upload, content, number)).status == 200
    assert (await api("GET", f"jobs/{upload['job_id']}")).json["done"] == len(content)
    assert (await api("POST", f"uploads/{upload['job_id']}/complete")).status == 200
    with boto.get_object(Bucket=bucket, Key="data.bin")["Body"] as body:
        assert body.read() == content


async def test_cancelled_half_way_nothing_stays(begin: Any, send: Any, api: Api, boto: Any, bucket: str) -> None:
    content = os.urandom(17 * MIB)
    upload = await begin(len(content))
    assert (await send(upload, content, 1)).status == 200
    assert len(_open(boto, bucket)) == 1
    answer = await api("POST", f"jobs/{upload['job_id']}/cancel")
    assert (answer.status, answer.json["state"]) == (200, "cancelled")
    assert _open(boto, bucket) == []
    for _ in range(5):
        late = await send(upload, content, 2)
        assert (late.status, late.json["code"]) == (409, "conflict")
    assert (await api("POST", f"uploads/{upload['job_id']}/complete")).status == 409
    assert (await api("POST", f"jobs/{upload['job_id']}/cancel")).json["state"] == "cancelled"
    assert "Contents" not in boto.list_objects_v2(Bucket=bucket)


async def test_cancelled_with_parts_in_flight_nothing_stays(
    begin: Any, send: Any, api: Api, boto: Any, bucket: str, s3_service: Any, extension: CloudDataCockpit
) -> None:
    content = os.urandom(40 * MIB)
    upload = await begin(len(content))
    sending = [asyncio.create_task(send(upload, content, number)) for number in range(1, 6)]
    await asyncio.sleep(0.15)
    answer = await api("POST", f"jobs/{upload['job_id']}/cancel")
    assert answer.json["state"] == "cancelled"
    statuses = {(await each).status for each in sending}
    assert statuses <= {200, 409}
    assert _open(boto, bucket) == []
    assert _slots(extension) == 4


async def test_a_key_that_exists_is_not_overwritten_unasked(
    api: Api, begin: Any, put: Any, boto: Any, bucket: str
) -> None:
    put("data.bin", b"old")
    request = {"connection": "demo", "bucket": bucket, "key": "data.bin", "size": 3}
    answer = await api("POST", "uploads", request)
    assert (answer.status, answer.json["code"]) == (409, "conflict")
    assert _open(boto, bucket) == []
    assert (await api("GET", "jobs")).json == []
    upload = await begin(3, overwrite=True)
    assert (await api("PUT", f"uploads/{upload['job_id']}/parts/1", b"new")).status == 200
    assert (await api("POST", f"uploads/{upload['job_id']}/complete")).status == 200


async def test_a_key_that_came_meanwhile_is_kept_until_the_user_decides(
    api: Api, begin: Any, put: Any, boto: Any, bucket: str
) -> None:
    upload = await begin(3)
    await api("PUT", f"uploads/{upload['job_id']}/parts/1", b"new")
    await asyncio.to_thread(put, "data.bin", b"other")
    answer = await api("POST", f"uploads/{upload['job_id']}/complete")
    assert (answer.status, answer.json["code"]) == (409, "conflict")
    assert (await api("GET", f"jobs/{upload['job_id']}")).json["state"] == "running"
    with boto.get_object(Bucket=bucket, Key="data.bin")["Body"] as body:
        assert body.read() == b"other"
    answer = await api("POST", f"uploads/{upload['job_id']}/complete", query={"overwrite": "true"})
    assert (answer.status, answer.json["state"]) == (200, "succeeded")
    assert _open(boto, bucket) == []
    with boto.get_object(Bucket=bucket, Key="data.bin")["Body"] as body:
        assert body.read() == b"new"


async def test_complete_names_what_is_missing(begin: Any, send: Any, api: Api) -> None:
    content = os.urandom(17 * MIB)
    upload = await begin(len(content))
    await send(upload, content, 2)
    answer = await api("POST", f"uploads/{upload['job_id']}/complete")
    assert answer.status == 409
    assert "1, 3" in answer.json["message"]
    assert (await api("GET", f"jobs/{upload['job_id']}")).json["state"] == "running"


@pytest.mark.parametrize(
    ("number", "length", "words"),
    [
        (1, 8 * MIB - 1, "Content-Length"),
        (1, 30 * MIB, "Content-Length"),
        (3, 8 * MIB, "no part 3"),
        (0, 5, "no part 0"),
    ],
)
async def test_a_wrong_part_is_refused(begin: Any, api: Api, number: int, length: int, words: str) -> None:
    upload = await begin(9 * MIB)
    answer = await api("PUT", f"uploads/{upload['job_id']}/parts/{number}", bytes(length))
    assert (answer.status, answer.json["code"]) == (400, "bad_request")
    assert words in answer.json["message"]


@pytest.fixture
def raw_put(
    jp_base_url: str, jp_serverapp: Any, http_server_client: Any, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[Callable[..., Awaitable[asyncio.StreamWriter]]]:
    """`await raw_put(upload, number, declared, body)`: a connection that sends so much of a part and then waits."""
    writers: list[asyncio.StreamWriter] = []

    async def begin(upload: Any, number: int, declared: int, body: bytes) -> asyncio.StreamWriter:
        _, writer = await asyncio.open_connection("127.0.0.1", http_server_client.get_http_port())
        writers.append(writer)
        lines = [
            f"PUT {jp_base_url}cloud-data-cockpit/api/uploads/{upload['job_id']}/parts/{number} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: token {jp_serverapp.identity_provider.token}",
            f"Content-Length: {declared}",
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        return writer

    async def end() -> None:
        for writer in writers:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    yield begin
    jp_asyncio_loop.run_until_complete(end())


async def _until(condition: Callable[[], bool], seconds: float = 5) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        await asyncio.sleep(0.02)


async def test_a_client_that_goes_away_frees_its_place(
    begin: Any, send: Any, api: Api, raw_put: Any, extension: CloudDataCockpit
) -> None:
    content = os.urandom(9 * MIB)
    upload = await begin(len(content))
    writers = [await raw_put(upload, 1, 8 * MIB, content[: 3 * MIB]) for _ in range(6)]
    await _until(lambda: _slots(extension) == 0)
    await asyncio.sleep(0.3)
    assert 0 < (await api("GET", f"jobs/{upload['job_id']}")).json["done"] <= 3 * MIB
    for writer in writers:
        writer.transport.abort()
    await _until(lambda: _slots(extension) == 4)
    for number in (1, 2):
        assert (await send(upload, content, number)).status == 200
    assert (await api("POST", f"uploads/{upload['job_id']}/complete")).status == 200


async def test_further_parts_wait_for_a_place_and_are_not_read(
    begin: Any, api: Api, raw_put: Any, extension: CloudDataCockpit
) -> None:
    upload = await begin(64 * MIB)
    for number in range(1, 5):
        await raw_put(upload, number, 8 * MIB, b"x" * MIB)
    await _until(lambda: _slots(extension) == 0)
    waiting = await raw_put(upload, 5, 8 * MIB, b"x" * MIB)
    await asyncio.sleep(0.3)
    assert (await api("GET", f"jobs/{upload['job_id']}")).json["done"] == 4 * MIB
    assert not waiting.transport.is_closing()
    assert (await api("POST", f"jobs/{upload['job_id']}/cancel")).json["state"] == "cancelled"
    await _until(lambda: _slots(extension) == 4)


async def test_a_stalled_connection_is_closed(
    begin: Any, raw_put: Any, extension: CloudDataCockpit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_data_cockpit.handlers.uploads.STALLED", 0.3)
    upload = await begin(9 * MIB)
    await raw_put(upload, 1, 8 * MIB, b"x" * MIB)
    await _until(lambda: _slots(extension) == 3)
    await _until(lambda: _slots(extension) == 4)


class TestIdle:
    @pytest.fixture
    def jp_server_config(self) -> dict[str, Any]:
        from .conftest import SETTINGS

        return {**SETTINGS, "CloudDataCockpit": {"upload_idle_seconds": 1}}

    async def test_an_upload_of_a_closed_page_rests_and_goes_on(
        self, api: Api, begin: Any, send: Any, boto: Any, bucket: str, ended: Any
    ) -> None:
        content = os.urandom(9 * MIB)
        upload = await begin(len(content))
        await send(upload, content, 1)
        job = await ended(upload["job_id"])
        assert (job["state"], job["error"]["code"], job["resumable"]) == ("interrupted", "interrupted", True)
        assert len(_open(boto, bucket)) == 1
        assert (await send(upload, content, 2)).status == 409
        resumed = await api("POST", f"uploads/{upload['job_id']}/resume", {"size": len(content)})
        assert [part["part_number"] for part in resumed.json["received"]] == [1]
        assert (await send(upload, content, 2)).status == 200
        assert (await api("POST", f"uploads/{upload['job_id']}/complete")).json["state"] == "succeeded"
        with boto.get_object(Bucket=bucket, Key="data.bin")["Body"] as body:
            assert body.read() == content


@pytest.mark.parametrize("key", HOSTILE)
async def test_hostile_keys(begin: Any, api: Api, boto: Any, bucket: str, key: str) -> None:
    upload = await begin(5, key=key)
    assert upload["key"] == key
    assert (await api("PUT", f"uploads/{upload['job_id']}/parts/1", b"a,b\n1")).status == 200
    job = await api("POST", f"uploads/{upload['job_id']}/complete")
    assert job.status == 200, job.json
    assert job.json["uri"] == f"s3://{bucket}/{key}"
    with boto.get_object(Bucket=bucket, Key=key)["Body"] as body:
        assert body.read() == b"a,b\n1"


async def test_stopping_the_server_leaves_what_is_open_to_be_resumed(
    begin: Any, send: Any, boto: Any, bucket: str, extension: CloudDataCockpit
) -> None:
    from cloud_data_cockpit.jobs.kept import KeptUploads
    from cloud_data_cockpit.jobs.store import Store

    content = os.urandom(9 * MIB)
    upload = await begin(len(content))
    await send(upload, content, 1)
    path = extension._store.path
    await extension.stop_extension()
    assert len(_open(boto, bucket)) == 1
    store = Store(path)
    try:
        job = store.get(upload["job_id"])
        assert (job.state, job.resumable, job.done) == ("interrupted", True, 8 * MIB)
        [kept] = KeptUploads(store).open()
        assert (kept.key, kept.request is not None) == ("data.bin", True)
    finally:
        store.close()
