"""Replies with a part of an object: those that tell their length are read here, all others by http.client."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .direct import Line

FIRST_READ = 4096
"""Bytes of the first read, which are copied: a head and a little of the body."""
_LONGEST_HEAD = 64 << 10
_STATUS = re.compile(rb"HTTP/1\.1 (2\d\d|[45]\d\d)(?: |\r\n)")
_PARTIAL = re.compile(rb"HTTP/1\.1 206(?: |\r\n)")


class Headers(Mapping[str, str]):
    """The headers of a reply, by name in any case."""

    def __init__(self, found: dict[str, str]) -> None:
        self._found = found

    def __getitem__(self, name: str) -> str:
        return self._found[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class DirectReply:
    """Status and headers of a reply whose body is still to be read; see `http.Reply`."""

    def __init__(self, line: Line, status: int, headers: Mapping[str, str], length: int, came: bytes) -> None:
        self.status = status
        self.headers = headers
        self._line = line
        self._came = came
        self._left = length

    @property
    def spent(self) -> bool:
        """Whether it was read to its end, and nothing came behind it."""
        return not self._left and not self._came

    def read(self, limit: int) -> bytes:
        """At most `limit` bytes of the body. OSError when it is cut off."""
        whole = io.BytesIO(bytes(min(limit, self._left)))
        with whole.getbuffer() as view:
            self.read_into(view)
        return whole.getvalue()

    def read_into(self, target: memoryview) -> int:
        """Fill `target` with the body; how many bytes there were. OSError when it is cut off."""
        wanted = min(len(target), self._left)
        first = self._taken(wanted)
        held = len(first)
        target[:held] = first
        while held < wanted:
            with target[held:wanted] as room:  # an error that is kept would keep it too, and with it the whole
                part = self._line.into(room)
            if not part:
                raise cut_off(self._left)
            held += part
            self._left -= part
        return held

    def _taken(self, limit: int) -> bytes:
        """What came along with the head."""
        first, self._came = self._came[:limit], self._came[limit:]
        self._left -= len(first)
        return first


class _OtherReply(DirectReply):
    """A reply that http.client reads, on a connection that ends with it."""

    spent = False

    def __init__(self, line: Line, came: bytes) -> None:
        parser = HTTPResponse(_Socket(line, came), method="GET")  # type: ignore[arg-type]
        with _as_os_error():
            parser.begin()
        found = {name.lower(): value for name, value in parser.headers.items()}
        super().__init__(line, parser.status, Headers(found), 0, b"")
        self._parser = parser

    def read(self, limit: int) -> bytes:
        with _as_os_error():
            return self._parser.read(limit)

    def read_into(self, target: memoryview) -> int:
        held = 0
        with _as_os_error():
            while held < len(target):
                with target[held:] as room:
                    part = self._parser.readinto(room)
                if not part:
                    break
                held += part
        return held


class _Socket:
    """As much of a socket as http.client wants, with the bytes that have come already before those to come."""

    def __init__(self, line: Line, came: bytes) -> None:
        self._file = _Bytes(line, came)

    def makefile(self, mode: str) -> Any:
        return io.BufferedReader(self._file)


class _Bytes(io.RawIOBase):
    def __init__(self, line: Line, came: bytes) -> None:
        super().__init__()
        self._line = line
        self._came = came

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        if not self._came:
            data = self._line.some(len(target))
            target[: len(data)] = data
            return len(data)
        first, self._came = self._came[: len(target)], self._came[len(target) :]
        target[: len(first)] = first
        return len(first)


def reply_from(line: Line, came: bytes) -> DirectReply:
    """The reply that comes over `line`, and of which `came` has come. OSError when it breaks off."""
    while (end := came.find(b"\r\n\r\n")) < 0:
        more = line.some(FIRST_READ)
        if not more:
            raise cut_off(None)
        came += more
        if len(came) > _LONGEST_HEAD:
            raise ConnectionError("the reply has no end of its headers")
    found = _headers(came[:end])
    status = _STATUS.match(came)
    if status is None or found is None or status[1] in (b"204", b"205"):
        return _OtherReply(line, came)
    return DirectReply(line, int(status[1]), Headers(found), int(found["content-length"]), came[end + 4 :])


def plain_headers(head: bytes) -> dict[str, str] | None:
    """The headers of a reply with a part of an object, by name in lower case; None if it is another or not plain."""
    return _headers(head) if _PARTIAL.match(head) else None


def _headers(head: bytes) -> dict[str, str] | None:
    """The headers of a plain reply; None for one whose length they do not tell, or which ends its connection."""
    found: dict[str, str] = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        lower = name.lower()
        if not colon or name != name.strip() or lower in found:
            return None
        found[lower] = value.strip(" \t")
    length = found.get("content-length", "")
    plain = length.isascii() and length.isdigit() and "transfer-encoding" not in found
    return found if plain and found.get("connection", "keep-alive").lower() == "keep-alive" else None


def cut_off(left: int | None) -> OSError:
    """The error of a connection that ended so many bytes before the end of a body, or (None) without a reply."""
    if left is None:
        return ConnectionError("the connection was closed without a reply")
    return ConnectionError(f"the connection was closed {left} bytes before the end")


@contextmanager
def _as_os_error() -> Iterator[None]:
    """What http.client says of a reply that is none."""
    try:
        yield
    except HTTPException as error:
        raise ConnectionError(f"the reply is none of HTTP ({type(error).__name__})") from None
