"""Plain HTTP and hand-made signatures, for tests that no SDK would send."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import fromstring

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cloud_data_cockpit.demo.process import DemoProcess


class Answer:
    """A whole reply."""

    def __init__(self, reply: HTTPResponse) -> None:
        self.status = reply.status
        self.headers = {name.lower(): value for name, value in reply.getheaders()}
        self.body = reply.read()

    @property
    def code(self) -> str:
        """The code of an error document."""
        return fromstring(self.body.decode()).findtext("Code") or "" if self.body.startswith(b"<?xml") else ""


def send(
    service: DemoProcess, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Answer:
    """One request exactly as given; target is the raw path and query."""
    place = urlsplit(service.endpoint_url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=30)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        given = {"Host": place.netloc, "Content-Length": str(len(body)), **(headers or {})}
        for name, value in given.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def sign(
    service: DemoProcess,
    method: str,
    target: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    payload: str | None = None,
) -> dict[str, str]:
    """The headers of a signed request; payload replaces the SHA-256 of the body."""

    class Signer(S3SigV4Auth):  # type: ignore[misc]
        def payload(self, request: Any) -> Any:
            return payload or super().payload(request)

        def _should_sha256_sign_payload(self, request: Any) -> bool:
            return True

    request = AWSRequest(method=method, url=service.endpoint_url + target, data=body, headers=headers or {})
    Signer(Credentials(service.access_key, service.secret_key), "s3", "us-east-1").add_auth(request)
    return dict(request.headers.items())


def signed(
    service: DemoProcess,
    method: str,
    target: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    payload: str | None = None,
) -> Answer:
    """One signed request."""
    return send(service, method, target, body, sign(service, method, target, body, headers, payload))


def target_of(url: str) -> str:
    """The path and query of a URL, as they are."""
    return url[url.index("/", len("http://")) :]
