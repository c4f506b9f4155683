"""Multipart uploads: whole or not at all, verified, tried again, and aborted for certain."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_data_cockpit.errors import AccessDenied, BadRequest, Cancelled, Conflict, NotFound, ServiceError
from cloud_data_cockpit.models import PartReceipt, UploadRequest
from cloud_data_cockpit.s3 import objects, uploads
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.source import S3Source

from .stub import DATE, Answer, Asked, Stub, fault

MIB = 1 << 20
DATA = os.urandom(20 * MIB + 5)


def request_for(bucket: str, data: bytes = DATA, key: str = "up/lo ad+é.bin", **more: Any) -> UploadRequest:
    return UploadRequest(connection="lab", bucket=bucket, key=key, size=len(data), **more)


def send_all(lab: Connection, request: UploadRequest, opened: uploads.OpenUpload, data: bytes) -> list[PartReceipt]:
    size = opened.part_size
    return [
        uploads.put_part(
            lab, request.bucket, request.key, opened.upload_id, n + 1, memoryview(data)[n * size : (n + 1) * size]
        )
        for n in range(opened.part_count)
    ]


# --- against the demo service ------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 8 * MIB, 8 * MIB + 1, len(DATA)])
def test_an_upload_is_whole(lab: Connection, bucket: str, size: int) -> None:
    data = DATA[:size]
    request = request_for(bucket, data, content_type="text/x-test")
    opened = uploads.start(lab, request)
    assert opened.part_count == max(1, -(-size // (8 * MIB)))
    assert [u.key for u in uploads.list_open(lab, bucket)] == [request.key]
    receipts = send_all(lab, request, opened, data)
    assert sum(r.size for r in receipts) == size
    assert uploads.list_parts(lab, bucket, request.key, opened.upload_id) == receipts
    sent = uploads.complete(lab, request, opened.upload_id, receipts)
    assert (sent.size, sent.crc32) == (size, f"{zlib.crc32(data):08x}")
    source = S3Source(lab, objects.make_uri(bucket, request.key))
    assert (source.etag, source.size) == (sent.etag, size)
    assert source.read(0, size) == data
    assert objects.head(lab, bucket, request.key).content_type == "text/x-test"
    assert uploads.list_open(lab, bucket) == []


def test_parts_from_files_in_any_order_at_once(lab: Connection, bucket: str, tmp_path: Any) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    request = request_for(bucket)
    opened = uploads.start(lab, request)

    def put(number: int) -> PartReceipt:
        with path.open("rb") as file:
            file.seek((number - 1) * opened.part_size)
            size = min(opened.part_size, len(DATA) - file.tell())
            return uploads.put_part(lab, bucket, request.key, opened.upload_id, number, file, size)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(put, [3, 1, 2]))
    rest = io.BytesIO(b"skipped" + DATA[2 * opened.part_size :])
    rest.seek(7)
    uploads.put_part(lab, bucket, request.key, opened.upload_id, 3, rest)
    uploads.complete(lab, request, opened.upload_id)
    assert S3Source(lab, objects.make_uri(bucket, request.key)).read(0, len(DATA)) == DATA


def test_a_key_that_exists_is_kept_unless_overwrite(lab: Connection, bucket: str, boto: Any) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"precious")
    with pytest.raises(Conflict, match="exists already"):
        uploads.start(lab, request_for(bucket, b"new", "k"))
    request = request_for(bucket, b"new", "k", overwrite=True)
    opened = uploads.start(lab, request)
    send_all(lab, request, opened, b"new")
    uploads.complete(lab, request, opened.upload_id)
    assert S3Source(lab, f"s3://{bucket}/k").read(0, 3) == b"new"


def test_a_key_that_came_to_exist_meanwhile_is_kept(
    lab: Connection, bucket: str, boto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for looks_before in (True, False):
        request = request_for(bucket, b"new", f"k{looks_before}")
        opened = uploads.start(lab, request)
        send_all(lab, request, opened, b"new")
        boto.put_object(Bucket=bucket, Key=request.key, Body=b"precious")
        if not looks_before:  # it comes between the look and the completion
            monkeypatch.setattr(uploads, "check_absent", lambda *args: None)
        with pytest.raises(Conflict, match="exists already"):
            uploads.complete(lab, request, opened.upload_id)
        assert boto.get_object(Bucket=bucket, Key=request.key)["Body"].read() == b"precious"
        uploads.abort(lab, bucket, request.key, opened.upload_id)
    assert uploads.list_open(lab, bucket) == []


def test_missing_and_foreign_parts_are_named(lab: Connection, bucket: str) -> None:
    request = request_for(bucket)
    opened = uploads.start(lab, request)
    with pytest.raises(Conflict, match="lacks the parts 1, 2, 3"):
        uploads.complete(lab, request, opened.upload_id)
    receipts = send_all(lab, request, opened, DATA)
    wrong = [receipts[0].model_copy(update={"etag": "0" * 32}), *receipts[1:]]
    with pytest.raises(Conflict, match="not those that were sent"):
        uploads.complete(lab, request, opened.upload_id, wrong)
    uploads.put_part(lab, bucket, request.key, opened.upload_id, 3, b"short")
    with pytest.raises(Conflict, match=r"hold .* bytes, the file has"):
        uploads.complete(lab, request, opened.upload_id)
    uploads.abort(lab, bucket, request.key, opened.upload_id)
    with pytest.raises(NotFound):
        uploads.complete(lab, request, opened.upload_id)


def test_the_service_verifies_the_checksum(lab: Connection, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from cloud_data_cockpit.s3.parts import Part

    request = request_for(bucket, b"x")
    opened = uploads.start(lab, request)
    wrong = base64.b64encode(zlib.crc32(b"other").to_bytes(4, "big")).decode()
    monkeypatch.setattr(Part, "checksum", lambda self: wrong)
    with pytest.raises((ServiceError, BadRequest)):
        uploads.put_part(lab, bucket, request.key, opened.upload_id, 1, b"x")
    assert uploads.list_parts(lab, bucket, request.key, opened.upload_id) == []


def test_an_aborted_upload_leaves_nothing(lab: Connection, bucket: str) -> None:
    request = request_for(bucket)
    opened = uploads.start(lab, request)
    uploads.put_part(lab, bucket, request.key, opened.upload_id, 1, DATA[: opened.part_size])
    for _ in range(2):
        uploads.abort(lab, bucket, request.key, opened.upload_id)
    assert uploads.list_open(lab, bucket) == []
    assert not objects.exists(lab, bucket, request.key)
    with pytest.raises(NotFound, match="no such open upload"):
        uploads.put_part(lab, bucket, request.key, opened.upload_id, 2, b"late")


def test_an_abort_in_the_middle_of_parts_leaves_nothing(lab: Connection, bucket: str) -> None:
    request = request_for(bucket)
    opened = uploads.start(lab, request)
    begun = threading.Semaphore(0)

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            begun.release()
            time.sleep(0.02)
            return super().read(size)

    def put(number: int) -> str:
        try:
            body = Slow(DATA[: opened.part_size])
            uploads.put_part(lab, bucket, request.key, opened.upload_id, number, body)
        except Cancelled:
            return "cancelled"
        return "stored"

    with ThreadPoolExecutor(3) as pool:
        parts = [pool.submit(put, number) for number in (1, 2, 3)]
        for _ in range(6):
            begun.acquire()
        uploads.abort(lab, bucket, request.key, opened.upload_id)
        assert all(part.done() for part in parts)
        assert [part.result() for part in parts] == ["cancelled"] * 3
    assert uploads.list_open(lab, bucket) == []


def test_open_uploads_are_listed_over_pages_with_any_key(lab: Connection, bucket: str) -> None:
    keys = ["a b+", "c\x01d", "é/😀", "x//y", "%2F"]
    for key in keys:
        uploads.start(lab, request_for(bucket, b"1", key))
    assert sorted(u.key for u in uploads.list_open(lab, bucket)) == sorted(keys)
    for unfinished in uploads.list_open(lab, bucket):
        uploads.abort(lab, bucket, unfinished.key, unfinished.upload_id)
    assert uploads.list_open(lab, bucket) == []


def test_a_bucket_that_is_not_there(lab: Connection) -> None:
    for overwrite in (True, False):
        with pytest.raises(NotFound, match="no bucket 'no-such'"):
            uploads.start(lab, request_for("no-such", overwrite=overwrite))


# --- sizes -------------------------------------------------------------------------------------


@given(st.integers(0, 40 << 40))
def test_any_size_fits_into_10000_parts(size: int) -> None:
    part_size, count = uploads.part_plan(size)
    assert part_size >= 8 * MIB
    assert part_size % MIB == 0
    assert 1 <= count <= 10_000
    assert (count - 1) * part_size < max(size, 1) <= count * part_size


def test_a_file_that_no_object_can_hold(stubbed: Connection, stub: Stub) -> None:
    huge = UploadRequest(connection="c", bucket="box", key="k", size=60 << 40)
    with pytest.raises(BadRequest, match="more than an object"):
        uploads.start(stubbed, huge)
    assert stub.asked == []


# --- against a service that misbehaves ---------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [fault(500, "InternalError"), fault(503, "SlowDown"), fault(400, "BadDigest"), Answer(reset=True)],
    ids=["500", "503", "damaged", "reset"],
)
@pytest.mark.parametrize("as_file", [True, False])
def test_a_part_is_sent_again_whole(stub: Stub, stubbed: Connection, trouble: Answer, as_file: bool) -> None:
    data = DATA[: 3 * MIB]
    stub.first = [trouble, trouble]
    stub.then = lambda asked: Answer(200, b"", {"ETag": f'"{hashlib.md5(asked.body).hexdigest()}"'})
    body: Any = io.BytesIO(data) if as_file else data
    receipt = uploads.put_part(stubbed, "box", "k", "id", 1, body)
    assert receipt == PartReceipt(
        part_number=1, etag=hashlib.md5(data).hexdigest(), size=len(data), crc32=f"{zlib.crc32(data):08x}"
    )
    assert [asked.body for asked in stub.asked] == [data] * 3
    crc = base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
    assert {asked.headers["x-amz-checksum-crc32"] for asked in stub.asked} == {crc}
    assert "x-amz-checksum-crc32" in stub.asked[0].query["X-Amz-SignedHeaders"]


def test_a_part_that_is_refused_is_not_sent_again(stub: Stub, stubbed: Connection) -> None:
    stub.then = lambda asked: fault(403, "AccessDenied")
    with pytest.raises(AccessDenied):
        uploads.put_part(stubbed, "box", "k", "id", 1, b"x")
    assert len(stub.asked) == 1


@pytest.mark.parametrize(("number", "size"), [(0, 1), (10_001, 1), (1, 2), (1, -1)])
def test_parts_that_cannot_be(stub: Stub, stubbed: Connection, number: int, size: int) -> None:
    with pytest.raises(BadRequest):
        uploads.put_part(stubbed, "box", "k", "id", number, b"x", size)
    assert stub.asked == []


PARTS = (
    "<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber>"
    f"<ETag>{hashlib.md5(b'x').hexdigest()}</ETag><Size>1</Size></Part></ListPartsResult>"
)
WHOLE = hashlib.md5(hashlib.md5(b"x").digest()).hexdigest() + "-1"


def completing(*answers: Answer, there: str | None = None, size: int = 1) -> Callable[[Asked], Answer]:
    """A service that holds one part; completions get `answers` in turn, HEAD finds `there` once one was asked for."""
    left = list(answers)
    asked_for: list[Asked] = []

    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            asked_for.append(asked)
            return left.pop(0)
        if asked.method == "HEAD" and there is not None and asked_for:
            return Answer(200, b"", {"ETag": there, "Last-Modified": DATE, "Content-Length": str(size)})
        if "uploadId" in asked.query:
            return Answer(200, PARTS.encode())
        if "list-type" in asked.query:
            return Answer(200, b"<ListBucketResult></ListBucketResult>")
        return fault(404, "NoSuchKey")

    return answer


DONE = Answer(200, f"<CompleteMultipartUploadResult><ETag>{WHOLE}</ETag></CompleteMultipartUploadResult>".encode())
FAILED = Answer(200, b"<Error><Code>InternalError</Code><Message>m</Message></Error>")
ONE = UploadRequest(connection="c", bucket="box", key="k", size=1)


def test_a_completion_answered_200_with_an_error_is_an_error(stub: Stub, stubbed: Connection) -> None:
    stub.then = completing(*[FAILED] * 9)
    with pytest.raises(ServiceError):
        uploads.complete(stubbed, ONE, "id")
    stub.then = completing(FAILED, DONE, there=WHOLE)
    assert uploads.complete(stubbed, ONE, "id").etag == WHOLE


def test_a_service_without_conditional_writes(stub: Stub, stubbed: Connection) -> None:
    stub.then = completing(fault(501, "NotImplemented"), *[DONE] * 5, there=WHOLE)
    assert uploads.complete(stubbed, ONE, "id").etag == WHOLE
    sent = [asked.headers.get("if-none-match") for asked in stub.asked if asked.method == "POST"]
    assert (sent[0], sent[-1]) == ("*", None)


def test_a_completion_whose_reply_was_lost_counts(stub: Stub, stubbed: Connection) -> None:
    stub.then = completing(Answer(reset=True), fault(404, "NoSuchUpload"), there=WHOLE)
    assert uploads.complete(stubbed, ONE, "id").etag == WHOLE
    stub.then = completing(fault(404, "NoSuchUpload"), there="somebody-elses")
    with pytest.raises(NotFound, match="no such open upload"):
        uploads.complete(stubbed, ONE, "id")


def test_who_may_write_need_not_be_allowed_to_read(stub: Stub, stubbed: Connection) -> None:
    service = completing(DONE)
    stub.then = lambda asked: (
        fault(403, "AccessDenied")
        if asked.method in ("HEAD", "GET") and "uploadId" not in asked.query
        else service(asked)
    )
    assert uploads.complete(stubbed, ONE, "id").etag == WHOLE
    [sent] = [asked for asked in stub.asked if asked.method == "POST"]
    assert sent.headers["if-none-match"] == "*"


def test_an_object_of_another_size_is_an_error(stub: Stub, stubbed: Connection) -> None:
    stub.then = completing(DONE, there=WHOLE, size=2)
    with pytest.raises(ServiceError, match="has 2 bytes after the upload of 1"):
        uploads.complete(stubbed, ONE, "id")


@pytest.mark.parametrize("written", ["c\x01d", "c&#x1;d", "c&#01;d", "c&#X1F;d"])
def test_a_reply_that_repeats_a_control_character_is_understood(stub: Stub, stubbed: Connection, written: str) -> None:
    inner = f"<Key>{written}</Key><UploadId>&#65;7</UploadId>"
    reply = f"<InitiateMultipartUploadResult>{inner}</InitiateMultipartUploadResult>"
    stub.then = lambda asked: Answer(200, reply.encode())
    request = UploadRequest(connection="c", bucket="box", key="c\x01d", size=1, overwrite=True)
    assert uploads.start(stubbed, request).upload_id == "A7"


def test_an_abort_is_repeated_until_nothing_is_held(stub: Stub, stubbed: Connection) -> None:
    held = [PARTS, PARTS]

    def answer(asked: Asked) -> Answer:
        if asked.method == "DELETE":
            return Answer(204)
        return Answer(200, held.pop().encode()) if held else fault(404, "NoSuchUpload")

    stub.then = answer
    uploads.abort(stubbed, "box", "k", "id")
    assert [asked.method for asked in stub.asked] == ["DELETE", "GET"] * 3
    stub.then = lambda asked: Answer(204) if asked.method == "DELETE" else Answer(200, PARTS.encode())
    with pytest.raises(ServiceError, match="abort it again"):
        uploads.abort(stubbed, "box", "k", "id", seconds=0.05)
