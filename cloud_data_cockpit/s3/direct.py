"""Reads of ranges over sockets of our own: http.client and urllib3 take five times the processor for each of them.

Only what is plain is read here: a reply with a length. Any other one is handed to http.client as it comes, and its
connection is not used again. Nothing is retried, nothing followed, no proxy spoken to.
"""

from __future__ import annotations

import io
import re
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any

from .guard import open_socket

if TYPE_CHECKING:
    import ssl

FIRST_READ = 4096
"""Bytes of the first read, which are copied: a head and a little of the body."""
_LONGEST_HEAD = 64 << 10
_STATUS = re.compile(rb"HTTP/1\.1 (2\d\d|[45]\d\d)(?: |\Z)")
_UNUSUAL = re.compile(r"[^\x20-\x7e]")
_NODELAY = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
_KEPT = 32
_FRESH = 0.5
"""Seconds for which a connection that was just used is taken to be open; a request that finds it closed is retried."""
_BY_KERNEL = sys.platform != "win32"


class Unreachable(Exception):
    """No connection was made. `insecure`: TLS could not be set up; `unknown`: there is no host of that name."""

    def __init__(self, reason: str, *, insecure: bool = False, unknown: bool = False) -> None:
        super().__init__(reason)
        self.insecure = insecure
        self.unknown = unknown


@dataclass(frozen=True)
class Waiting:
    """Seconds to wait for a connection, and for each read."""

    connect: float
    read: float


class Line:
    """A connection. Without TLS it is the kernel that counts the seconds: each call is then one call of the system.

    Python's own timeouts poll before each of them, and with many threads what is let go of and taken back in between
    (the interpreter's lock) costs more than all the rest.
    """

    def __init__(self, sock: socket.socket, *, plain: bool) -> None:
        self.sock = sock
        self.used = 0.0
        self._patience: float | None = None
        self._plain = plain and _BY_KERNEL

    def wait(self, seconds: float) -> None:
        """No read and no write waits for longer than this."""
        if seconds == self._patience:
            return
        if self._plain:
            limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6) or int(seconds < 1))
            self.sock.settimeout(None)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        else:
            self.sock.settimeout(seconds)
        self._patience = seconds

    def send(self, data: bytes) -> None:
        """All of it. TimeoutError, OSError."""
        with _timed():
            self.sock.sendall(data)

    def some(self, most: int) -> bytes:
        """What has come, at most so many bytes; none at the end. TimeoutError, OSError."""
        with _timed():
            return self.sock.recv(most)

    def into(self, target: memoryview) -> int:
        """As much of `target` as comes at once, without TLS mostly all of it; 0 at the end. TimeoutError, OSError."""
        with _timed():
            return self.sock.recv_into(target, 0, socket.MSG_WAITALL if self._plain else 0)

    def close(self) -> None:
        """Close it."""
        self.sock.close()


@contextmanager
def _timed() -> Iterator[None]:
    try:
        yield
    except BlockingIOError:  # how the kernel says that the time is over
        raise TimeoutError("timed out") from None


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


class Host:
    """One host and the connections to it that are free. Thread-safe, as deques are."""

    def __init__(self, scheme: str, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._name = host
        self._port = port or (443 if scheme == "https" else 80)
        self._tls = tls
        self._free: deque[Line] = deque(maxlen=_KEPT)
        usual = not port or port == (443 if scheme == "https" else 80)
        shown = f"[{host}]" if ":" in host else host
        self._head = f"HTTP/1.1\r\nHost: {shown}{'' if usual else f':{port}'}\r\n"

    def head(self, method: str, target: str, headers: Mapping[str, str]) -> bytes | None:
        """The request's head; None where it holds what does not belong into one."""
        if _UNUSUAL.search(target) or any(_UNUSUAL.search(f"{name}{value}") for name, value in headers.items()):
            return None
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        return f"{method} {target} {self._head}{lines}\r\n".encode("ascii")

    @contextmanager
    def ask(self, head: bytes, waiting: Waiting) -> Iterator[DirectReply]:
        """The reply to a request without a body. OSError when it breaks off, Unreachable without a connection."""
        line = self._idle() or self._connected(waiting)
        try:
            line.wait(waiting.read)
            line.send(head)
            reply = _reply_from(line)
            yield reply
            done = reply.spent
        except BaseException:
            line.close()
            raise
        if done:
            self._keep(line)
        else:
            line.close()

    def close(self) -> None:
        """Close the connections that are free."""
        with suppress(IndexError):
            while True:
                self._free.pop().close()

    def _keep(self, line: Line) -> None:
        if len(self._free) < _KEPT:
            line.used = time.monotonic()
            self._free.append(line)
        else:
            line.close()

    def _idle(self) -> Line | None:
        """A connection that is free. One on which something has come was closed, or belongs to nobody any more."""
        from urllib3.util.wait import wait_for_read

        while self._free:
            try:
                line = self._free.pop()
            except IndexError:  # another thread took it
                return None
            if time.monotonic() - line.used < _FRESH or not wait_for_read(line.sock, timeout=0.0):
                return line
            line.close()
        return None

    def _connected(self, waiting: Waiting) -> Line:
        try:
            sock = open_socket(self._name, self._port, waiting.connect, _NODELAY)
        except socket.gaierror as error:
            raise Unreachable(f"Failed to resolve {self._name!r} ({error})", unknown=True) from None
        except TimeoutError:
            raise Unreachable(f"no connection to {self._name} within {waiting.connect:g} s") from None
        except OSError as error:
            raise Unreachable(f"Failed to establish a new connection: {error}") from None
        return Line(sock, plain=True) if self._tls is None else Line(self._wrapped(sock, self._tls), plain=False)

    def _wrapped(self, sock: socket.socket, tls: ssl.SSLContext) -> socket.socket:
        import ssl

        try:
            return tls.wrap_socket(sock, server_hostname=self._name.rstrip("."))
        except ssl.SSLError as error:
            sock.close()
            raise Unreachable(str(error), insecure=True) from None
        except OSError as error:
            sock.close()
            raise Unreachable(f"Failed to establish a new connection: {error}") from None


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
            part = self._line.into(target[held:wanted])
            if not part:
                raise _cut_off(self._left)
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
                part = self._parser.readinto(target[held:])
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


def _reply_from(line: Line) -> DirectReply:
    came = line.some(FIRST_READ)
    while (end := came.find(b"\r\n\r\n")) < 0:
        more = line.some(FIRST_READ)
        if not more:
            raise _cut_off(None)
        came += more
        if len(came) > _LONGEST_HEAD:
            raise ConnectionError("the reply has no end of its headers")
    first, *lines = came[:end].split(b"\r\n")
    status = _STATUS.match(first)
    found = _headers(lines) if status is not None else None
    if status is None or found is None or status[1] in (b"204", b"205"):
        return _OtherReply(line, came)
    return DirectReply(line, int(status[1]), Headers(found), int(found["content-length"]), came[end + 4 :])


def _headers(lines: list[bytes]) -> dict[str, str] | None:
    """The headers of a plain reply; None for one whose length they do not tell, or which ends its connection."""
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        lower = name.lower()
        if not colon or name != name.strip() or lower in found:
            return None
        found[lower] = value.strip(" \t")
    length = found.get("content-length", "")
    plain = length.isascii() and length.isdigit() and "transfer-encoding" not in found
    return found if plain and found.get("connection", "keep-alive").lower() == "keep-alive" else None


def _cut_off(left: int | None) -> OSError:
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
