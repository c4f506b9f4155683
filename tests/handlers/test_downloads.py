"""Downloads to the browser: tickets, ranges, archives, hostile names, and connections that break where S3 does."""

from __future__ import annotations

import asyncio
import http.client
import io
import os
import re
import socket
import zipfile
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from cloud_data_cockpit.handlers import tickets
from cloud_data_cockpit.handlers.downloads import disposition
from cloud_data_cockpit.handlers.tickets import Holder, Tickets
from cloud_data_cockpit.s3 import streaming

from .conftest import HOSTILE, Api


@pytest.fixture
def ask(api: Api, demo: str, bucket: str) -> Any:
    """Ask for a ticket: `await ask(keys=[...])`."""

    async def issue(**selection: Any) -> Any:
        return await api("POST", "downloads", {"connection": demo, "bucket": bucket, **selection})

    return issue


@pytest.fixture
def raw(jp_serverapp: Any, jp_base_url: str) -> Any:
    """GET by a plain client that hides nothing: (status, headers, body, whether the body came to its end)."""
    place = urlsplit(jp_serverapp.connection_url)
    token = jp_serverapp.identity_provider.token

    def fetch(path: str, **headers: str) -> tuple[int, Any, bytes, bool]:
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
        try:
            url = f"{jp_base_url}cloud-data-cockpit/api/{path}"
            connection.request("GET", url, headers={"Authorization": f"token {token}", **headers})
            reply = connection.getresponse()
            body, whole = b"", True
            try:
                while part := reply.read1(1 << 16):
                    body += part
                whole = reply.length in (0, None)
            except (http.client.IncompleteRead, ConnectionError):
                whole = False
            return reply.status, reply.headers, body, whole
        finally:
            connection.close()

    async def ask(path: str, **headers: str) -> Any:
        return await asyncio.to_thread(fetch, path, **headers)

    return ask


async def test_one_object(ask: Any, api: Api, put: Any) -> None:
    data = os.urandom(5 << 20)
    put("a/k.html", data)
    issued = await ask(keys=["a/k.html"])
    assert issued.status == 200
    assert (issued.json["filename"], issued.json["size"]) == ("k.html", len(data))
    answer = await api("GET", issued.json["path"])
    assert answer.status == 200
    assert answer.raw == data
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Length"] == str(len(data))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    again = await api("GET", issued.json["path"])
    assert again.status == 404
    assert "ask for it again" in again.json["message"]


async def test_ranges_of_one_object(ask: Any, api: Api, put: Any) -> None:
    data = os.urandom(3000)
    put("k", data)
    path = (await ask(keys=["k"])).json["path"]
    for asked, status, body, said in (
        ("bytes=10-19", 206, data[10:20], "bytes 10-19/3000"),
        ("bytes=2990-", 206, data[2990:], "bytes 2990-2999/3000"),
        ("bytes=-5", 206, data[-5:], "bytes 2995-2999/3000"),
        ("bytes=0-99999", 206, data, "bytes 0-2999/3000"),
        ("bytes=3000-", 416, b"", "bytes */3000"),
        ("bytes=0-1,5-6", 200, data, None),
        ("bytes=-", 200, data, None),
    ):
        answer = await api("GET", path, headers={"Range": asked})
        assert (answer.status, answer.raw, answer.headers.get("Content-Range")) == (status, body, said), asked
    etag = (await api("GET", path, headers={"Range": "bytes=0-0"})).headers["ETag"]
    for condition, status in ((etag, 206), ('"another"', 200)):
        answer = await api("GET", path, headers={"Range": "bytes=1-2", "If-Range": condition})
        assert answer.status == status


async def test_an_empty_object(ask: Any, api: Api, put: Any) -> None:
    put("empty", b"")
    answer = await api("GET", (await ask(keys=["empty"])).json["path"])
    assert (answer.status, answer.raw, answer.headers["Content-Length"]) == (200, b"", "0")


@pytest.mark.parametrize("known", [True, False], ids=["few", "many"])
async def test_archives(
    ask: Any, raw: Any, put: Any, bucket: str, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not known:
        monkeypatch.setattr(streaming, "MOST_KNOWN", 3)
    data = {f"run1/{key}": key.encode() for key in HOSTILE}
    for key, body in data.items():
        put(key, body)
    put("run10/no", b"no")
    issued = (await ask(prefixes=["run1/"])).json
    assert issued["filename"] == "run1.zip"
    status, headers, body, whole = await raw(issued["path"])
    assert (status, whole) == (200, True)
    assert headers["Content-Type"] == "application/zip"
    assert headers.get("Content-Length") == (str(len(body)) if known else None)
    assert issued["size"] == (len(body) if known else None)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.read(name) for name in archive.namelist()) == sorted(data.values())


@pytest.mark.parametrize("name", HOSTILE)
async def test_any_key_makes_a_sound_header(ask: Any, api: Api, put: Any, name: str) -> None:
    put(f"d/{name}", b"1")
    issued = (await ask(keys=[f"d/{name}"])).json
    header = (await api("GET", issued["path"])).headers["Content-Disposition"]
    assert re.fullmatch(r"attachment; filename=\"[ -!#-~]*\"; filename\*=UTF-8''[\w.~%-]*", header)
    assert unquote(header.rpartition("''")[2]) == issued["filename"]
    assert not set(issued["filename"]) & set('/\\"<>')


def test_a_name_ends_no_header() -> None:
    header = disposition('a";\r\nX-Evil: 1\\')
    assert "\r" not in header
    assert "\n" not in header
    assert header.count('"') == 2


@pytest.mark.parametrize("known", [True, False], ids=["length known", "chunked"])
async def test_a_failure_in_the_middle_breaks_the_connection(
    ask: Any, raw: Any, put: Any, bucket: str, s3_service: Any, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BLOCK", 10_000)
    if not known:
        monkeypatch.setattr(streaming, "MOST_KNOWN", 1)
    for number in range(3):
        put(f"d/{number}", os.urandom(400_000))
    issued = (await ask(prefixes=["d/"])).json
    s3_service.inject(method="GET", path=f"/{bucket}/d/2", code="AccessDenied", times=1000, skip=5)
    try:
        status, headers, body, whole = await raw(issued["path"])
    finally:
        s3_service.clear_faults()
    assert status == 200
    assert ("Content-Length" in headers) == known
    assert not whole
    assert not zipfile.is_zipfile(io.BytesIO(body))


async def test_what_is_wrong_at_once_is_said_in_words(ask: Any, api: Api, put: Any, boto: Any, bucket: str) -> None:
    put("k", b"old")
    put("cold", b"old")
    issued = (await ask(keys=["k"])).json
    put("k", b"newer")
    answer = await api("GET", issued["path"])
    assert (answer.status, answer.json["code"]) == (412, "source_changed")
    boto.put_object(Bucket=bucket, Key="cold", Body=b"1", StorageClass="GLACIER")
    refused = await ask(keys=["cold"])
    assert (refused.status, refused.json["code"]) == (409, "archived")
    assert "restore it first" in refused.json["message"]
    assert (await ask(keys=["gone"])).status == 404
    assert (await ask()).status == 400
    assert (await ask(prefixes=["no-slash"])).status == 400


async def test_a_client_that_goes_away_ends_the_reading(
    ask: Any, jp_serverapp: Any, jp_base_url: str, put: Any, extension: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("k", os.urandom(40 << 20))
    closed = asyncio.Event()
    loop = asyncio.get_running_loop()
    read: list[int] = []
    original = streaming.S3Source.read

    def spy(self: Any, offset: int, length: int) -> bytes:
        read.append(offset)
        return original(self, offset, length)

    monkeypatch.setattr(streaming.S3Source, "read", spy)
    from cloud_data_cockpit.handlers import downloads

    blocks_of = downloads.blocks_of

    def watched(*given: Any) -> Any:
        try:
            yield from blocks_of(*given)
        finally:
            loop.call_soon_threadsafe(closed.set)

    monkeypatch.setattr(downloads, "blocks_of", watched)
    path = (await ask(keys=["k"])).json["path"]
    place = urlsplit(jp_serverapp.connection_url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    token = jp_serverapp.identity_provider.token
    lines = [f"GET {jp_base_url}cloud-data-cockpit/api/{path} HTTP/1.1", f"Host: {place.netloc}"]
    request = "\r\n".join([*lines, f"Authorization: token {token}", "", ""])
    writer.write(request.encode())
    assert b" 200 " in await asyncio.wait_for(reader.readexactly(1000), 20)
    writer.transport.abort()
    await asyncio.wait_for(closed.wait(), 20)
    assert len(read) < 20


def test_tickets_are_one_users_once_and_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    from cloud_data_cockpit.errors import NotFound

    one: Any = type("D", (), {"one": True})()
    many: Any = type("D", (), {"one": None})()
    held = Tickets()

    me = Holder("me")

    def gone(ticket: str, user: str = "me", *, continues: bool = False) -> bool:
        try:
            held.redeem(ticket, Holder(user), continues=continues)
        except NotFound:
            return True
        return False

    ticket = held.issue(one, me)
    assert gone(ticket, "you")
    assert gone("x" * 32)
    assert Holder("a", by_token=True).is_same(Holder("b", by_token=True))
    assert not Holder("a", by_token=True).is_same(Holder("b"))
    assert not gone(ticket)
    assert gone(ticket)
    assert gone(ticket, "you", continues=True)
    assert not gone(ticket, continues=True)
    archive = held.issue(many, me)
    assert not gone(archive)
    assert gone(archive, continues=True)
    late, used = held.issue(one, me), held.issue(one, me)
    held.redeem(used, me, continues=False)
    monkeypatch.setattr(tickets, "SOON", -1.0)
    assert gone(late)
    assert not gone(used, continues=True)
    monkeypatch.setattr(tickets, "CONTINUED", -1.0)
    assert gone(used, continues=True)
    for _ in range(tickets.MOST + 5):
        last = held.issue(one, me)
    assert len(held._tickets) == tickets.MOST
    assert last in held._tickets
