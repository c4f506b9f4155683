"""The bytes that an http(s) URL leads to, from beginning to end, over redirects and broken connections."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from urllib.parse import unquote, urljoin, urlsplit

from ..errors import AccessDenied, BadRequest, CockpitError, Conflict, NotFound, ServiceError
from . import signing
from .guard import check_host
from .http import BrokenError, Reply, exchange

MOST_REDIRECTS = 10
ATTEMPTS = 6
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")


def check_url(url: str) -> str:
    """`url` if it may be asked: BadRequest unless it is http(s) without a password, AccessDenied for some hosts."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadRequest("this is no URL; it looks like https://host/path") from None
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() for c in url):
        raise BadRequest("this URL cannot be fetched; it looks like https://host/path")
    if parts.username is not None or parts.password is not None:
        raise BadRequest(f"the URL to {host} must not hold a user or password; use one that is signed, or a file")
    check_host(host, port)
    return url


def shown(url: str) -> str:
    """The URL without what may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def name_of(url: str) -> str:
    """A name for what a URL leads to: the last step of its path, else its host."""
    parts = urlsplit(url)
    last = _UNSAFE.sub("_", unquote(parts.path.rstrip("/").rsplit("/", 1)[-1])).strip()
    return last or (parts.hostname or "download")


class Download:
    """The bytes behind `url`, to be read once in order. A broken connection is taken up again where it broke.

    `size` in bytes and `validator` (ETag or date) are None where the server tells none; without a validator all is read
    once more up to that place, and compared. `check` is called meanwhile and may raise. Close it in the end.
    """

    def __init__(self, url: str, check: Callable[[], None] | None = None) -> None:
        self.url = check_url(url)
        self._check = check
        self._digest = hashlib.sha256()
        self._ranges = True
        self.position = 0
        self.size: int | None = None
        self.validator: str | None = None
        self.content_type: str | None = None
        self._stack = ExitStack()
        self._reply: Reply | None = None
        self._tried("", self._open)

    @property
    def name(self) -> str:
        """A name for it, see `name_of`."""
        return name_of(self.url)

    def read(self, size: int) -> bytes:
        """At most `size` bytes, fewer at the end. ServiceError when they do not come, Conflict when they changed."""
        found: bytes = b""

        def one() -> None:
            nonlocal found
            if self._reply is None:
                self._open()
            if self._reply is not None:
                found = self._reply.read(size)

        self._tried(f" after {self.position:,} bytes", one)
        self._digest.update(found)
        self.position += len(found)
        if len(found) < size and self.size is not None and self.position != self.size:
            raise ServiceError(f"{shown(self.url)} ended after {self.position:,} of {self.size:,} bytes; try again")
        return found

    def close(self) -> None:
        """Let go of the connection."""
        self._reply = None
        self._stack.close()

    def _tried(self, where: str, action: Callable[[], None]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                action()
            except BrokenError as error:
                self.close()
                if error.insecure or attempt == ATTEMPTS:
                    raise ServiceError(f"{shown(self.url)} broke off{where}: {error}; try again later") from None
                time.sleep(signing.backoff(attempt))
            else:
                return

    def _open(self) -> None:
        headers: dict[str, str] = {}
        if self.position and self.validator is not None and self._ranges:
            headers = {"Range": f"bytes={self.position}-", "If-Range": self.validator}
        reply = self._follow(headers)
        begins = self._begins(reply)
        size, validator = _size_of(reply, begins), _validator_of(reply)
        if self.position and (
            self.validator not in (None, validator) or (None not in (self.size, size) and self.size != size)
        ):
            raise self._changed()
        if begins < self.position:
            self._pass_over(reply)
        self.size = self.size if size is None else size
        self.validator = validator
        self.content_type = reply.headers.get("Content-Type")
        self._reply = reply

    def _pass_over(self, reply: Reply) -> None:
        """Read what has been read already. Conflict unless it is the same."""
        again, passed = hashlib.sha256(), 0
        while passed < self.position:
            if self._check is not None:
                self._check()
            block = reply.read(min(1 << 20, self.position - passed))
            if not block:
                if self.size is None:  # it may have become shorter, or be cut off where that does not show
                    raise self._changed()
                raise BrokenError("it ended early")
            again.update(block)
            passed += len(block)
        if again.digest() != self._digest.digest():
            raise self._changed()

    def _changed(self) -> Conflict:
        return Conflict(f"{shown(self.url)} was changed while it was read; upload it again")

    def _follow(self, headers: Mapping[str, str]) -> Reply:
        url = self.url
        for _ in range(MOST_REDIRECTS):
            reply = self._stack.enter_context(exchange("GET", url, headers=headers))
            if reply.status in (200, 206):
                return reply
            location = reply.headers.get("Location", "")
            self._stack.close()
            if reply.status not in _REDIRECTS or not location:
                raise self._refused(url, reply.status)
            target = check_url(urljoin(url, location))
            if url.startswith("https:") and not target.startswith("https:"):
                raise BadRequest(f"{shown(url)} leads from https to http, which is not followed")
            url = target
        raise BadRequest(f"{shown(self.url)} leads on more than {MOST_REDIRECTS} times; use the URL of the file itself")

    def _refused(self, url: str, status: int) -> CockpitError | BrokenError:
        where = shown(url)
        if status == 416 and self.position and self._ranges:
            self._ranges = False  # such as when it broke off at its very end: read all of it again, and compare
            return BrokenError("the server has no such range")
        if status in _PASSING:
            return BrokenError(f"the server answers {status}")
        if status in (404, 410):
            return NotFound(f"there is nothing at {where} ({status}); check the URL")
        if status in (401, 403, 407):
            return AccessDenied(f"{where} may not be read ({status}); use a URL that needs no login, or a signed one")
        return BadRequest(f"{where} cannot be fetched: the server answers {status}")

    def _begins(self, reply: Reply) -> int:
        if reply.status == 200:
            return 0
        found = re.match(r"bytes (\d+)-\d+/(\d+|\*)", reply.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != self.position:
            raise ServiceError(f"{shown(self.url)} answered with another range than was asked for; try again")
        return int(found[1])


def _size_of(reply: Reply, begins: int) -> int | None:
    """Bytes of the whole, where the reply tells them."""
    total = reply.headers.get("Content-Range", "").rpartition("/")[2] if reply.status == 206 else ""
    if total.isascii() and total.isdigit():
        return int(total)
    length = reply.headers.get("Content-Length", "")
    return begins + int(length) if length.isascii() and length.isdigit() else None


def _validator_of(reply: Reply) -> str | None:
    etag = reply.headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else reply.headers.get("Last-Modified")
