"""URLs to S3: exact over redirects and broken connections, in bounded memory, never to a metadata service."""

from __future__ import annotations

import os
from typing import Any

import pytest

from cloud_data_cockpit.errors import AccessDenied, BadRequest, Conflict, NotFound, ServiceError
from cloud_data_cockpit.s3 import sequential, uploads
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.fetching import Download, check_url
from cloud_data_cockpit.s3.ledger import MemoryLedger
from cloud_data_cockpit.s3.sending import Sending

from .stub import DATE, Answer, Asked, Stub
from .test_sending import Told

MIB = 1 << 20
DATA = os.urandom(20 * MIB + 5)
SECRET = "canary-of-a-signature"


def _fetch(lab: Connection, bucket: str, url: str, told: Told | None = None) -> Sending:
    sending = Sending(lab, bucket, told or Told(), MemoryLedger())
    try:
        sending.fetch(url, "in/")
    finally:
        sending.tidy()
    return sending


def _read(boto: Any, bucket: str, key: str) -> bytes:
    with boto.get_object(Bucket=bucket, Key=key)["Body"] as body:
        return bytes(body.read())


@pytest.mark.parametrize("size", [0, 5, 8 * MIB, 8 * MIB + 1, len(DATA)])
@pytest.mark.parametrize("tells_size", [True, False])
def test_any_size(lab: Connection, bucket: str, boto: Any, stub: Stub, size: int, tells_size: bool) -> None:
    data = DATA[:size]
    headers = {} if tells_size else {"Content-Length": "", "Connection": "close"}

    def answer(asked: Asked) -> Answer:
        return Answer(200, data, {"Content-Type": "image/x-test", **headers}, cut=None if tells_size else len(data))

    stub.then = answer
    told = Told()
    sending = _fetch(lab, bucket, f"{stub.endpoint_url}/a/some%20file.bin?sig={SECRET}", told)
    assert sending.sent is not None
    assert sending.sent.uri == f"s3://{bucket}/in/some file.bin"
    assert _read(boto, bucket, "in/some file.bin") == data
    assert boto.head_object(Bucket=bucket, Key="in/some file.bin")["ContentType"] == "image/x-test"
    assert told.done == size
    assert uploads.list_open(lab, bucket) == []


def test_large_parts_go_through_a_file(
    lab: Connection, bucket: str, boto: Any, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequential, "MEMORY", MIB)
    stub.then = lambda asked: Answer(200, DATA)
    _fetch(lab, bucket, f"{stub.endpoint_url}/x")
    assert _read(boto, bucket, "in/x") == DATA


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_broken_connection_is_taken_up_where_it_broke(
    lab: Connection, bucket: str, boto: Any, stub: Stub, knows_ranges: bool
) -> None:
    def answer(asked: Asked) -> Answer:
        wanted = asked.headers.get("range", "bytes=0-") if knows_ranges else "bytes=0-"
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        cut = 9 * MIB + 7 if len(stub.asked) < 3 else None
        headers = {"ETag": '"one"', "Content-Range": f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"}
        return Answer(206 if start else 200, DATA[start:], headers, cut=cut)

    stub.then = answer
    _fetch(lab, bucket, f"{stub.endpoint_url}/x")
    assert _read(boto, bucket, "in/x") == DATA
    if knows_ranges:
        assert "range" not in stub.asked[0].headers
        assert all(asked.headers["if-range"] for asked in stub.asked[1:])


def test_what_was_changed_meanwhile_is_not_stored(lab: Connection, bucket: str, boto: Any, stub: Stub) -> None:
    first = Answer(200, DATA, {"ETag": '"one"', "Last-Modified": DATE}, cut=9 * MIB)
    stub.first = [first]
    stub.then = lambda asked: Answer(200, DATA, {"ETag": '"two"', "Last-Modified": DATE})
    with pytest.raises(Conflict, match="was changed while"):
        _fetch(lab, bucket, f"{stub.endpoint_url}/x?sig={SECRET}")
    assert "Contents" not in boto.list_objects_v2(Bucket=bucket)
    assert uploads.list_open(lab, bucket) == []


def _chunked(data: bytes, headers: dict[str, str], cut: int | None = None) -> Answer:
    """A reply that does not tell its size; when it is `cut`, that shows."""
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)
    return Answer(200, body, {"Content-Length": "", "Transfer-Encoding": "chunked", **headers}, cut=cut)


@pytest.mark.parametrize("cut", [9 * MIB, len(DATA) + 9])
@pytest.mark.parametrize("validator", [{"ETag": '"one"'}, {"Last-Modified": DATE}, {}], ids=["etag", "date", "none"])
def test_what_tells_no_size_is_taken_up_where_it_broke(
    lab: Connection, bucket: str, boto: Any, stub: Stub, cut: int, validator: dict[str, str]
) -> None:
    def answer(asked: Asked) -> Answer:
        start = int(asked.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if start == len(DATA):
            return Answer(416, b"", {"Content-Range": f"bytes */{start}"})
        if start:
            told = {"Content-Range": f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"}
            return Answer(206, DATA[start:], validator | told)
        return _chunked(DATA, validator)

    stub.first, stub.then = [_chunked(DATA, validator, cut)], answer
    _fetch(lab, bucket, f"{stub.endpoint_url}/x")
    assert _read(boto, bucket, "in/x") == DATA
    assert ("range" in stub.asked[1].headers) == bool(validator)


@pytest.mark.parametrize("tells_size", [True, False])
@pytest.mark.parametrize("length", [len(DATA), len(DATA) - 1, 5])
def test_a_change_of_what_tells_no_version_is_seen(
    lab: Connection, bucket: str, boto: Any, stub: Stub, tells_size: bool, length: int
) -> None:
    newer = bytes(len(DATA))[:length]

    def answer(asked: Asked) -> Answer:
        start = int(asked.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if start:
            told = {"Content-Range": f"bytes {start}-{length - 1}/{length}"}
            return Answer(206, newer[start:], told)
        return Answer(200, newer) if tells_size else _chunked(newer, {})

    first = Answer(200, DATA, cut=9 * MIB) if tells_size else _chunked(DATA, {}, 9 * MIB)
    stub.first, stub.then = [first], answer
    with pytest.raises(Conflict, match="was changed while"):
        _fetch(lab, bucket, f"{stub.endpoint_url}/x")
    assert "Contents" not in boto.list_objects_v2(Bucket=bucket)
    assert uploads.list_open(lab, bucket) == []


def test_redirects_are_followed_and_looked_at(lab: Connection, bucket: str, boto: Any, stub: Stub) -> None:
    stub.first = [Answer(302, b"", {"Location": "/elsewhere?x=1"})]
    stub.then = lambda asked: Answer(200, b"there")
    _fetch(lab, bucket, f"{stub.endpoint_url}/file.txt")
    assert _read(boto, bucket, "in/file.txt") == b"there"
    for target in ("http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://metadata.google.internal/"):
        stub.first = [Answer(302, b"", {"Location": target})]
        with pytest.raises(AccessDenied, match="never connected to"):
            _fetch(lab, bucket, f"{stub.endpoint_url}/f")
    stub.first = [Answer(302, b"", {"Location": "file:///etc/passwd"})]
    with pytest.raises(BadRequest):
        _fetch(lab, bucket, f"{stub.endpoint_url}/f")
    stub.then = lambda asked: Answer(302, b"", {"Location": "/again"})
    with pytest.raises(BadRequest, match="more than 10 times"):
        _fetch(lab, bucket, f"{stub.endpoint_url}/f")


@pytest.mark.parametrize(
    "url",
    ["ftp://host/x", "file:///etc/passwd", "https://", "https://user:pass@host/x", "http://a b/", "http://[bad/"],
)
def test_urls_that_cannot_be(url: str) -> None:
    with pytest.raises(BadRequest) as caught:
        check_url(url)
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://169.254.169.254/x", "http://metadata.google.internal/computeMetadata/"])
def test_metadata_services_are_refused(url: str) -> None:
    with pytest.raises(AccessDenied):
        check_url(url)


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFound), (403, AccessDenied), (418, BadRequest), (503, ServiceError)]
)
def test_refusals_have_words_and_no_secret(stub: Stub, status: int, kind: type[Exception]) -> None:
    stub.then = lambda asked: Answer(status)
    with pytest.raises(kind) as caught:
        Download(f"{stub.endpoint_url}/file?X-Amz-Signature={SECRET}")
    assert "/file" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert len(stub.asked) == (6 if status == 503 else 1)


@pytest.mark.parametrize(
    ("path", "name"),
    [("/a/b.txt", "b.txt"), ("/", "127.0.0.1"), ("/a%2Fb", "a_b"), ("/x/..%5C..%2Fetc", ".._.._etc"), ("/d/", "d")],
)
def test_names(stub: Stub, path: str, name: str) -> None:
    stub.then = lambda asked: Answer(200)
    download = Download(f"{stub.endpoint_url}{path}")
    download.close()
    assert download.name == name


def test_parts_of_unknown_size_hold_any_object() -> None:
    assert sequential.part_size(1, None) == 8 * MIB
    assert sum(sequential.part_size(number, None) for number in range(1, 10_001)) > 5 << 40
    assert sequential.part_size(7, 5 << 40) == uploads.part_plan(5 << 40)[0]
