"""Requests that mean harm: XML bombs, paths that climb, documents without end, broken HTTP."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from http.client import RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

import pytest

from cloud_data_cockpit.demo.process import DemoProcess

from .wire import send, sign, signed


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><Tagging><TagSet>&c;</TagSet></Tagging>'
DECLARED = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY b "b">]><Tagging/>'.encode("utf-16")


@pytest.mark.parametrize("text", [BOMB, DECLARED, b"<Tagging>", b"", b"\xff\xfe", b"<Other/>", b"not xml"])
def test_hostile_xml(s3_service: DemoProcess, boto: Any, bucket: str, text: bytes) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"")
    assert signed(s3_service, "PUT", f"/{bucket}/k?tagging", text).code == "MalformedXML"


def test_a_document_has_an_end(s3_service: DemoProcess, bucket: str) -> None:
    assert signed(s3_service, "POST", f"/{bucket}?delete", b" " * (9 << 20)).code == "MaxMessageLengthExceeded"


def test_a_path_does_not_climb(s3_service: DemoProcess, bucket: str) -> None:
    """Bodies lie under made-up names; a key is only ever a key."""
    before = {path.name for path in s3_service.directory.parent.iterdir()}
    for target in (
        f"/{bucket}/../../../../climbed",
        f"/{bucket}/%2e%2e/%2e%2e/climbed",
        f"/{bucket}/..%2f..%2fclimbed",
    ):
        assert signed(s3_service, "PUT", target, b"x").status == 200
        assert signed(s3_service, "GET", target).body == b"x"
    assert {path.name for path in s3_service.directory.parent.iterdir()} == before
    assert not list(s3_service.directory.rglob("climbed"))
    for target in ("/../x", "/%2e%2e/x", "/..%2f..%2fx"):
        assert signed(s3_service, "PUT", target, b"x").status in (400, 404)


def test_odd_requests_get_an_answer(s3_service: DemoProcess, bucket: str) -> None:
    assert signed(s3_service, "PATCH", f"/{bucket}/k").code == "MethodNotAllowed"
    assert signed(s3_service, "GET", f"/{bucket}?max-keys=-1").code == "InvalidArgument"
    assert signed(s3_service, "GET", f"/{bucket}?max-keys=x").code == "InvalidArgument"
    token = "continuation-token=%21%21"
    assert signed(s3_service, "GET", f"/{bucket}?list-type=2&{token}").code == "InvalidArgument"
    assert signed(s3_service, "PUT", f"/{bucket}/k", b"x", {"Content-Length": str(6 << 30)}).status in (400, 403)
    with pytest.raises((RemoteDisconnected, ConnectionResetError)):
        send(s3_service, "GET", "/" + "a" * 100_000)
    assert send(s3_service, "GET", "/").status == 403  # and it still serves


def test_a_client_that_goes_away_leaves_nothing(s3_service: DemoProcess, bucket: str) -> None:
    headers = sign(s3_service, "PUT", f"/{bucket}/half", b"", payload="UNSIGNED-PAYLOAD")
    place = urlsplit(s3_service.endpoint_url)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    start = f"PUT /{bucket}/half HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: 9000000\r\n{head}\r\n"
    incoming = s3_service.directory / "incoming"
    with socket.create_connection((place.hostname or "", place.port or 0)) as client:
        client.sendall(start.encode() + b"x" * 4_000_000)
        wait_until(lambda: any(incoming.iterdir()))
    wait_until(lambda: not any(incoming.iterdir()))
    assert signed(s3_service, "GET", f"/{bucket}/half").code == "NoSuchKey"


def test_too_much_metadata(s3_service: DemoProcess, bucket: str) -> None:
    headers = {"x-amz-meta-a": "x" * 2048}
    assert signed(s3_service, "PUT", f"/{bucket}/k", b"", headers).code == "MetadataTooLarge"
