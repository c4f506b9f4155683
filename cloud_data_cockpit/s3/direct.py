"""Reads of ranges over sockets of our own: http.client and urllib3 take five times the processor for each of them.

Nothing is retried, nothing followed, no proxy spoken to. `plain` and `loop` read over these connections what is as it
should be; what is not they hand on as an `Attempt`.
"""

from __future__ import annotations

import re
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from .guard import open_socket
from .replies import DirectReply, reply_from

if TYPE_CHECKING:
    import ssl

_UNUSUAL = re.compile(r"[^\x20-\x7e]")
_NODELAY = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
_KEPT = 64
_FRESH = 0.5
"""Seconds for which a connection that was just used is taken to be open; a request that finds it closed is retried."""
_TIMED_OUT = "timed out"
_BY_KERNEL = sys.platform != "win32"


class Unreachable(Exception):
    """No connection was made. `insecure`: TLS could not be set up; `unknown`: there is no host of that name."""

    def __init__(self, reason: str, *, insecure: bool = False, unknown: bool = False) -> None:
        super().__init__(reason)
        self.insecure = insecure
        self.unknown = unknown


class Waiting(NamedTuple):
    """Seconds to wait for a connection, and for each read."""

    connect: float
    read: float


class Line:
    """A connection. Without TLS it is the kernel that counts the seconds: each call is then one call of the system.

    Python's own timeouts poll before each of them, and with many threads what is let go of and taken back in between
    (the interpreter's lock) costs more than all the rest.
    """

    def __init__(self, sock: socket.socket, nothing_yet: type[OSError] | None = None) -> None:
        """`nothing_yet`: what TLS raises when no bytes have come."""
        self.sock = sock
        self.used = 0.0
        self.tls = nothing_yet is not None
        self._patience: float | None = None
        self._plain = not self.tls and _BY_KERNEL
        self._flags = socket.MSG_WAITALL if self._plain else 0
        self._nothing_yet = nothing_yet or BlockingIOError

    def wait(self, seconds: float) -> None:
        """No read and no write waits for longer than this; with 0 for nothing at all."""
        if seconds == self._patience:
            return
        if self._plain and seconds:
            limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6) or int(seconds < 1))
            self.sock.settimeout(None)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        else:
            self.sock.settimeout(seconds)
        self._patience = seconds

    def send(self, data: bytes) -> None:
        """All of it. TimeoutError, OSError."""
        try:
            self.sock.sendall(data)
        except BlockingIOError:  # how the kernel says that the time is over
            raise TimeoutError(_TIMED_OUT) from None

    def some(self, most: int) -> bytes:
        """What has come, at most so many bytes; none at the end. TimeoutError, OSError."""
        try:
            return self.sock.recv(most)
        except BlockingIOError:
            raise TimeoutError(_TIMED_OUT) from None

    def into(self, target: memoryview) -> int:
        """As much of `target` as comes at once, without TLS mostly all of it; 0 at the end. TimeoutError, OSError."""
        try:
            return self.sock.recv_into(target, 0, self._flags)
        except BlockingIOError:
            raise TimeoutError(_TIMED_OUT) from None

    def now(self, target: memoryview) -> int | None:
        """What is there, at most all of `target`; 0 at the end, None as long as nothing is. Behind wait(0). OSError."""
        try:
            return self.sock.recv_into(target)
        except self._nothing_yet:
            return None

    def close(self) -> None:
        """Close it."""
        self.sock.close()


class Host:
    """One host and the connections to it that are free. Thread-safe, as deques are."""

    def __init__(self, scheme: str, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._name = host
        self._port = port or (443 if scheme == "https" else 80)
        self._tls = tls
        self._free: deque[Line] = deque(maxlen=_KEPT)
        self._doubted = 0.0
        self.closed = False
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
        line = self.idle() or self.connected(waiting)
        try:
            line.wait(waiting.read)
            line.send(head)
        except BaseException:
            self.broken(line)
            raise
        with self.answered(line, b"", waiting) as reply:
            yield reply

    @contextmanager
    def answered(self, line: Line, came: bytes, waiting: Waiting) -> Iterator[DirectReply]:
        """The reply that is on its way over `line`, and of which `came` has come. OSError when it breaks off."""
        try:
            line.wait(waiting.read)
            reply = reply_from(line, came)
            yield reply
            done = reply.spent
        except BaseException:
            self.broken(line)
            raise
        if done:
            self.keep(line)
        else:
            line.close()

    def close(self) -> None:
        """Close the connections that are free, and those that become so. Nobody should come here any more."""
        self.closed = True
        with suppress(IndexError):
            while True:
                self._free.pop().close()

    def keep(self, line: Line) -> None:
        """Take a connection back over which nothing is on its way."""
        if len(self._free) < _KEPT:
            line.used = time.monotonic()
            self._free.append(line)
            if self.closed:
                self.close()
        else:
            line.close()

    def broken(self, line: Line) -> None:
        """Close a connection that came to no good. Those that are free may have come to the same end."""
        line.close()
        self._doubted = time.monotonic()

    def idle(self) -> Line | None:
        """A connection that is free. One on which something has come was closed, or belongs to nobody any more."""
        while self._free:
            try:
                line = self._free.pop()
            except IndexError:  # another thread took it
                return None
            if line.used > max(self._doubted, time.monotonic() - _FRESH) or not _has_come(line):
                return line
            line.close()
        return None

    def connected(self, waiting: Waiting) -> Line:
        """A new connection. Unreachable without one, AccessDenied where the rules forbid it."""
        try:
            sock = open_socket(self._name, self._port, waiting.connect, _NODELAY)
        except socket.gaierror as error:
            raise Unreachable(f"Failed to resolve {self._name!r} ({error})", unknown=True) from None
        except TimeoutError:
            raise Unreachable(f"no connection to {self._name} within {waiting.connect:g} s") from None
        except OSError as error:
            raise Unreachable(f"Failed to establish a new connection: {error}") from None
        return Line(sock) if self._tls is None else self._wrapped(sock, self._tls)

    def _wrapped(self, sock: socket.socket, tls: ssl.SSLContext) -> Line:
        import ssl

        try:
            return Line(tls.wrap_socket(sock, server_hostname=self._name.rstrip(".")), ssl.SSLWantReadError)
        except ssl.SSLError as error:
            sock.close()
            raise Unreachable(str(error), insecure=True) from None
        except OSError as error:
            sock.close()
            raise Unreachable(f"Failed to establish a new connection: {error}") from None


def _has_come(line: Line) -> bool:
    from urllib3.util.wait import wait_for_read

    return wait_for_read(line.sock, timeout=0.0)


class Begun:
    """A request that went out over a connection, and as much of the reply as has come. Somebody must take or end it."""

    def __init__(self, host: Host, line: Line, came: bytes) -> None:
        self._host = host
        self._line: Line | None = line
        self._came = came

    def reply(self, waiting: Waiting) -> AbstractContextManager[DirectReply]:
        """The reply, from its first byte; once. OSError when it breaks off."""
        line, self._line = self._line, None
        if line is None:
            raise ConnectionError("the connection was closed")
        return self._host.answered(line, self._came, waiting)

    def end(self) -> None:
        """Close the connection if nobody took the reply."""
        if self._line is not None:
            self._line.close()


class Failed:
    """A request that has failed already."""

    def __init__(self, error: OSError | Unreachable) -> None:
        self._error = error.with_traceback(None)  # which would hold what it was to be read into

    def reply(self, waiting: Waiting) -> AbstractContextManager[DirectReply]:
        """There is none: OSError, Unreachable."""
        raise self._error

    def end(self) -> None:
        """Nothing is left of it."""


Attempt = Begun | Failed
"""What became of a request that did not simply succeed, for those who look into that and try again."""
