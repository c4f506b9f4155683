"""One request as the S3 protocol sees it: raw path and query decoded once, nothing normalised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

from .s3errors import S3Error

MAX_KEY = 1024
_HOST = re.compile(r"^(?P<name>\[[0-9a-f:]+\]|[a-z0-9._-]+)(:\d{1,5})?$", re.IGNORECASE)
_LOCAL = {"127.0.0.1", "localhost", "[::1]"}
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def quoted(value: bytes | str, safe: str = "") -> str:
    """Percent-encoding as SigV4 defines it."""
    return quote(value, safe=safe + "-_.~")


@dataclass(slots=True)
class Request:
    """Method, target and headers of one request; header names are in lower case."""

    method: str
    raw_path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    host: str
    bucket: str = ""
    key: bytes = b""
    parameters: dict[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str | None:
        """A header, None when it is missing."""
        return self.headers.get(name)

    def parameter(self, name: str, default: str = "") -> str:
        """A query parameter."""
        return self.parameters.get(name, default)

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number from the query, cut to `high`. Raises InvalidArgument."""
        text = self.parameters.get(name, "")
        if not text:
            return default
        if not text.isascii() or not text.isdigit() or int(text) < low:
            raise S3Error("InvalidArgument", f"Provided {name} is not an integer or not within the allowed range")
        return min(int(text), high)

    @property
    def key_text(self) -> str:
        """The key as text."""
        return self.key.decode("utf-8", "replace")

    @property
    def length(self) -> int | None:
        """The Content-Length, None when there is none."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isdigit() else None


def _text(raw: str) -> str:
    if _BAD_ESCAPE.search(raw):
        raise S3Error("InvalidURI")
    try:
        return unquote_to_bytes(raw.encode("latin-1")).decode()
    except UnicodeDecodeError as error:
        raise S3Error("InvalidURI", "The path and the query must be UTF-8.") from error


def _local_host(header: str) -> str:
    """The bucket a Host header names, "" when it names the service. Raises AccessDenied for a host that is not ours.

    A web page may let its own name point at 127.0.0.1 (DNS rebinding); its requests carry that name here.
    """
    found = _HOST.match(header)
    name = found["name"].lower() if found else ""
    if name in _LOCAL:
        return ""
    bucket, dot, rest = name.rpartition(".")
    if dot and bucket and rest == "localhost":
        return bucket
    raise S3Error("AccessDenied", "The demo service answers to 127.0.0.1, localhost and *.localhost only.")


def parse_request(method: str, target: str, headers: Iterable[tuple[str, str]]) -> Request:
    """Read a request line's target and headers. Raises S3Error for a target or a host that cannot be."""
    values: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        values[lower] = f"{values[lower]},{value}" if lower in values else value
    if target.startswith("http://"):
        target = "/" + target[7:].partition("/")[2]
    raw_path, _, raw_query = target.partition("?")
    query = []
    for item in raw_query.split("&"):
        if item:
            name, _, value = item.partition("=")
            query.append((_text(name.replace("+", "%20")), _text(value.replace("+", "%20"))))
    host = values.get("host", "")
    request = Request(method, raw_path, query, values, host, parameters=dict(query))
    by_host = _local_host(host)
    path = raw_path.removeprefix("/")
    if by_host:
        request.bucket, key = by_host, path
    else:
        request.bucket, _, key = path.partition("/")
        request.bucket = _text(request.bucket)
    request.key = _text(key).encode()
    if len(request.key) > MAX_KEY:
        raise S3Error("KeyTooLongError", Size=str(len(request.key)), MaxSizeAllowed=str(MAX_KEY))
    return request
