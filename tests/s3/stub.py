"""A tiny real HTTP server on loopback that misbehaves as told: resets, faults, cut bodies, wrong ETags, redirects."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ETAG = "0123456789abcdef0123456789abcdef"
DATE = "Fri, 20 Nov 2026 10:00:00 GMT"


@dataclass
class Answer:
    """What to answer. `cut` closes after so many bytes of the body; `reset` resets the connection instead."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    reset: bool = False


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return {k: v[0] for k, v in parse_qs(urlsplit(self.target).query, keep_blank_values=True).items()}


def fault(status: int, code: str, message: str = "told so", more: str = "", **headers: str) -> Answer:
    """An S3 error."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>"
    return Answer(status, body.encode(), {k.replace("_", "-"): v for k, v in headers.items()})


def serve_object(data: bytes, etag: str = ETAG) -> Callable[[Asked], Answer]:
    """Answer GET (with ranges) and HEAD as S3 does; If-Match is ignored."""

    def answer(asked: Asked) -> Answer:
        headers = {"ETag": f'"{etag}"', "Last-Modified": DATE}
        wanted = asked.headers.get("range")
        if wanted is None:
            return Answer(200, data, headers)
        first, last = (int(n) for n in wanted.removeprefix("bytes=").split("-"))
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        return Answer(206, data[first : last + 1], headers)

    return answer


class Stub:
    """The server. `first` are answered one after another, then `then` answers everything; `asked` is what came."""

    def __init__(self) -> None:
        self.first: list[Answer | Callable[[Asked], Answer]] = []
        self.then: Callable[[Asked], Answer] = lambda asked: fault(404, "NoSuchKey")
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.endpoint_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            chosen = self.first.pop(0) if self.first else self.then
        return chosen if isinstance(chosen, Answer) else chosen(asked)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {k.lower(): v for k, v in self.headers.items()}
            self._reply(stub.answer(Asked(self.command, self.path, headers, body)))

        def _reply(self, answer: Answer) -> None:
            if answer.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            (self.send_response_only if "Date" in answer.headers else self.send_response)(answer.status)
            for name, value in ({"Content-Length": str(len(answer.body))} | answer.headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body[: answer.cut])
            if answer.cut is not None:
                self.close_connection = True

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except (OSError, ValueError):
                self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            except (OSError, ValueError):
                self.close_connection = True

    return Handler
