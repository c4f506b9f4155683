"""A proxy on loopback between a client and an S3 service that makes the trouble which a plan asks for."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from .plans import CALM, Asked, Plan

_BLOCK = 256 << 10
_LINGER = struct.pack("ii", 1, 0)
_PAGE = b"<!DOCTYPE html><html><body>Please log in to this network.</body></html>"
_NO_BODY = (204, 304)
STALL = 20.0
"""Seconds for which a reply is held back at most; the client gives up long before."""


class _Gone(Exception):
    """This connection is over."""


@dataclass(frozen=True)
class _Reply:
    """A reply of the service as it came."""

    head: bytes
    body: bytes
    closes: bool


class _Stream:
    """A socket that is read by heads and by numbers of bytes."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._held = b""

    def head(self) -> bytes:
        """Up to and with the empty line; nothing at the end of the stream."""
        while b"\r\n\r\n" not in self._held:
            more = self.sock.recv(_BLOCK)
            if not more:
                if self._held:
                    raise _Gone
                return b""
            self._held += more
        head, _, self._held = self._held.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n"

    def take(self, count: int) -> bytes:
        """So many bytes."""
        parts = [self._held[:count]]
        self._held = self._held[count:]
        missing = count - len(parts[0])
        while missing:
            more = self.sock.recv(min(missing, _BLOCK))
            if not more:
                raise _Gone
            parts.append(more)
            missing -= len(more)
        return b"".join(parts)

    def reset(self) -> None:
        """End the connection by a reset instead of an end in good order."""
        with suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        self.sock.close()


class Proxy:
    """The proxy. `plan` may be changed at any time; `log` is what was asked, with the fault it met."""

    def __init__(self, endpoint_url: str) -> None:
        parts = urlsplit(endpoint_url)
        self._upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.plan: Plan = CALM
        self.log: list[tuple[str, str]] = []
        self.met: Counter[str] = Counter()
        self.down = False
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.endpoint_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End every connection."""
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        with self._lock:
            left = list(self._open)
        for sock in left:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The signature covers the address that the client knows, so the service must hear of that one: requests go on
        # as they are, with the Host that they have.
        client, service = _Stream(sock), _Service(self._upstream)
        with self._lock:
            self._open.add(sock)
        try:
            while self._exchange(client, service):
                pass
        except (OSError, _Gone):
            pass
        finally:
            with self._lock:
                self._open.discard(sock)
            service.close()
            sock.close()

    def _exchange(self, client: _Stream, service: _Service) -> bool:
        """One request and its reply; whether the connection goes on."""
        head = client.head()
        if not head:
            return False
        asked = _asked(head)
        if self.down:
            client.reset()
            return False
        found = self.plan.fault(asked)
        kind, chance = found if found is not None else ("", random.Random(0))
        self.log.append((asked.identity, kind))
        return _TROUBLES.get(kind, _pass_on)(_Exchange(client, service, asked, head, chance, self._stopped))


class _Service:
    """The connection to the service, opened when it is needed."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._stream: _Stream | None = None

    def ask(self, head: bytes, body: bytes, method: str) -> _Reply:
        """Send a request and take its reply."""
        for fresh in (self._stream is None, True):
            if self._stream is None:
                self._stream = _Stream(socket.create_connection(self._address))
                self._stream.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self._stream.sock.sendall(head)
                self._stream.sock.sendall(body)
                return self._take(self._stream, method)
            except (OSError, _Gone):  # the service may close a connection that was idle
                self.close()
                if fresh:
                    raise
        raise _Gone

    def part_of(self, head: bytes, body: bytes) -> None:
        """Send a request that breaks off."""
        with socket.create_connection(self._address) as sock:
            sock.sendall(head + body)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.sock.close()
            self._stream = None

    def _take(self, stream: _Stream, method: str) -> _Reply:
        head = stream.head()
        while head.startswith(b"HTTP/1.1 100"):
            head = stream.head()
        if not head:
            raise _Gone
        headers = _headers(head)
        status = int(head.split(b" ", 2)[1])
        body = b""
        if method != "HEAD" and status not in _NO_BODY:
            if "content-length" not in headers:
                raise AssertionError(f"a reply without a length: {head!r}")
            body = stream.take(int(headers["content-length"]))
        closes = headers.get("connection", "").lower() == "close"
        if closes:
            self.close()
        return _Reply(head, body, closes)


@dataclass
class _Exchange:
    """One request that is being dealt with."""

    client: _Stream
    service: _Service
    asked: Asked
    head: bytes
    chance: random.Random
    stopped: threading.Event

    def body(self) -> bytes:
        """The body of the request."""
        return self.client.take(self.asked.size)

    def ask(self, body: bytes) -> _Reply:
        return self.service.ask(self.head, body, self.asked.method)

    def answer(self, reply: _Reply) -> bool:
        self.client.sock.sendall(reply.head + reply.body)
        return not reply.closes

    def refuse(self, status: str, code: str, *headers: str) -> bool:
        self.body()
        text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>So the plan says.</Message></Error>".encode()
        text = b"" if self.asked.method == "HEAD" else text
        lines = [
            f"HTTP/1.1 {status}",
            f"Content-Length: {len(text)}",
            "Content-Type: application/xml",
            *headers,
            "",
            "",
        ]
        self.client.sock.sendall("\r\n".join(lines).encode() + text)
        return True


# --- troubles ----------------------------------------------------------------------------------


def _pass_on(exchange: _Exchange) -> bool:
    return exchange.answer(exchange.ask(exchange.body()))


def _reset_before(exchange: _Exchange) -> bool:
    exchange.client.reset()
    return False


def _refused_500(exchange: _Exchange) -> bool:
    return exchange.refuse("500 Internal Server Error", "InternalError")


def _refused_503(exchange: _Exchange) -> bool:
    return exchange.refuse("503 Service Unavailable", "SlowDown")


def _refused_503_later(exchange: _Exchange) -> bool:
    return exchange.refuse("503 Service Unavailable", "SlowDown", "Retry-After: 3")


def _portal(exchange: _Exchange) -> bool:
    """Somebody else's page, as a network shows it that wants a login."""
    exchange.body()
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(_PAGE)}", "Content-Type: text/html", "", ""]
    exchange.client.sock.sendall("\r\n".join(lines).encode() + _PAGE)
    return True


def _reset_in_request(exchange: _Exchange) -> bool:
    some = exchange.client.take(exchange.chance.randrange(exchange.asked.size))
    if exchange.chance.random() < 0.5:
        exchange.service.part_of(exchange.head, some)
    exchange.client.reset()
    return False


def _flip_request(exchange: _Exchange) -> bool:
    return exchange.answer(exchange.ask(_flipped(exchange.body(), exchange.chance)))


def _slow_request(exchange: _Exchange) -> bool:
    size, parts = exchange.asked.size, []
    for _ in range(4):
        parts.append(exchange.client.take(min(size // 4, size)))
        time.sleep(0.02)
    parts.append(exchange.client.take(size - sum(map(len, parts))))
    return exchange.answer(exchange.ask(b"".join(parts)))


def _lost_reply(exchange: _Exchange) -> bool:
    exchange.ask(exchange.body())
    exchange.client.reset()
    return False


def _twice(exchange: _Exchange) -> bool:
    """The service gets it twice, as from a proxy that tries again by itself; the second reply counts."""
    body = exchange.body()
    exchange.ask(body)
    return exchange.answer(exchange.ask(body))


def _reply_twice(exchange: _Exchange) -> bool:
    reply = exchange.ask(exchange.body())
    exchange.client.sock.sendall((reply.head + reply.body) * (2 if len(reply.body) < 32 << 10 else 1))
    return True


def _stall(exchange: _Exchange) -> bool:
    """The service acts, and its reply does not come."""
    exchange.ask(exchange.body())
    exchange.client.sock.settimeout(STALL)
    with suppress(OSError):
        exchange.client.sock.recv(1)  # until the client gives up
    return False


def _close_after(exchange: _Exchange) -> bool:
    """The connection ends behind a good reply, and the client thinks that it can go on with it."""
    exchange.answer(exchange.ask(exchange.body()))
    return False


def _cut_reply(exchange: _Exchange) -> bool:
    return _cut(exchange, lambda: None)


def _reset_in_reply(exchange: _Exchange) -> bool:
    return _cut(exchange, exchange.client.reset)


def _cut(exchange: _Exchange, end: Callable[[], None]) -> bool:
    reply = exchange.ask(exchange.body())
    if not reply.body:
        end()
        return False
    exchange.client.sock.sendall(reply.head + reply.body[: exchange.chance.randrange(len(reply.body))])
    end()
    return False


def _slow_reply(exchange: _Exchange) -> bool:
    reply = exchange.ask(exchange.body())
    exchange.client.sock.sendall(reply.head)
    step = len(reply.body) // 4 + 1
    for start in range(0, len(reply.body), step):
        time.sleep(0.02)
        exchange.client.sock.sendall(reply.body[start : start + step])
    return not reply.closes


def _flip_reply(exchange: _Exchange) -> bool:
    reply = exchange.ask(exchange.body())
    good = reply.head.startswith(b"HTTP/1.1 2")
    return exchange.answer(
        _Reply(reply.head, _flipped(reply.body, exchange.chance) if good else reply.body, reply.closes)
    )


_TROUBLES: dict[str, Callable[[_Exchange], bool]] = {
    "reset_before": _reset_before,
    "refused_500": _refused_500,
    "refused_503": _refused_503,
    "refused_503_later": _refused_503_later,
    "portal": _portal,
    "reset_in_request": _reset_in_request,
    "flip_request": _flip_request,
    "slow_request": _slow_request,
    "lost_reply": _lost_reply,
    "twice": _twice,
    "reply_twice": _reply_twice,
    "stall": _stall,
    "close_after": _close_after,
    "cut_reply": _cut_reply,
    "reset_in_reply": _reset_in_reply,
    "slow_reply": _slow_reply,
    "flip_reply": _flip_reply,
}


def _flipped(body: bytes, chance: random.Random) -> bytes:
    if not body:
        return body
    changed = bytearray(body)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _asked(head: bytes) -> Asked:
    method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    headers = _headers(head)
    if "transfer-encoding" in headers:
        raise AssertionError(f"a request without a length: {head!r}")
    return Asked(method, target, headers, int(headers.get("content-length", 0)))
