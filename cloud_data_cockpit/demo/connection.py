"""HTTP: one exchange of a request and a reply over Tornado, bodies streamed both ways in bounded memory."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Coroutine, Iterator
from http import HTTPStatus
from typing import Any, Protocol

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import StreamClosedError

from .bodies import Sink
from .faults import Fault, Faults
from .replies import Reply, http_date
from .request import Request, parse_request
from .s3errors import S3Error

# A refused body up to this size, bytes, is read and dropped, so that the connection can be used again.
_DROPPED = 256 << 20

log = logging.getLogger(__name__)


class ReplyHeaders(HTTPHeaders):
    """Headers whose x-amz- names stay in lower case, as clients expect of metadata."""

    def get_all(self) -> Iterator[tuple[str, str]]:
        """Names and values as they are sent."""
        for name, value in super().get_all():
            yield (name.lower() if name.startswith("X-Amz-") else name), value


class Action(Protocol):
    """A request on its way: where its body goes, and what is done when the body is there."""

    sink: Sink | None

    def run(self) -> Coroutine[Any, Any, Reply]:
        """Do it. Raises S3Error."""


class Application(Protocol):
    """What the connections need of the service."""

    faults: Faults

    def begin(self, request: Request) -> Action:
        """A request's head has come: check who asks, and choose what to do. Raises S3Error."""

    def finish(self, request: Request, reply: Reply) -> None:
        """Add the headers that every reply to this request has."""

    def now(self) -> float:
        """Seconds since 1970."""


class Exchange(HTTPMessageDelegate):
    """One request and its reply."""

    def __init__(self, application: Application, connection: HTTPConnection, tasks: set[asyncio.Task[None]]) -> None:
        self._application = application
        self._connection = connection
        self._tasks = tasks
        self._id = secrets.token_hex(8).upper()
        self._request: Request | None = None
        self._action: Action | None = None
        self._refusal: S3Error | None = None
        self._fault: Fault | None = None
        self._unread = False
        self._method = "GET"
        self._target = ""

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        if not isinstance(start_line, RequestStartLine):
            return None
        self._method, self._target = start_line.method, start_line.path
        try:
            self._request = parse_request(start_line.method, start_line.path, headers.get_all())
            self._fault = self._application.faults.match(self._request)
            if self._fault is not None:
                self._fault.refuse()
            self._action = self._application.begin(self._request)
        except S3Error as error:
            self._refuse(error)
        except Exception:
            log.exception("The head of a request could not be handled")
            self._refuse(S3Error("InternalError"))
        self._unread = self._refusal is not None and self._is_better_not_sent(headers)
        return self._answer() if self._unread else None

    def _is_better_not_sent(self, headers: HTTPHeaders) -> bool:
        """Whether to answer before a refused body: one the client still holds back, or one too large to drop."""
        length = headers.get("Content-Length", "0")
        too_large = not length.isascii() or not length.isdigit() or int(length) > _DROPPED
        return too_large or headers.get("Expect", "").lower() == "100-continue"

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        if self._action is None or self._action.sink is None:
            return None  # a refused request: the rest of its body is read and dropped
        try:
            wait = self._action.sink.write(chunk)
        except S3Error as error:
            self._refuse(error)
            return None
        return self._guarded(wait) if wait is not None else None

    async def _guarded(self, wait: Awaitable[None]) -> None:
        try:
            await wait
        except S3Error as error:
            self._refuse(error)
        except OSError as error:
            log.warning("A body could not be written: %s", error)
            self._refuse(S3Error("InternalError", "The service could not write the body; is its disk full?"))

    def _refuse(self, error: S3Error) -> None:
        if self._action is not None and self._action.sink is not None:
            self._action.sink.discard()
        self._action = None
        self._refusal = error

    def finish(self) -> None:
        task = asyncio.ensure_future(self._answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def on_connection_close(self) -> None:
        if self._action is not None and self._action.sink is not None:
            self._action.sink.discard()

    async def _answer(self) -> None:
        reply = await self._reply()
        try:
            await self._send(reply)
        except StreamClosedError:
            log.debug("The client went away during %s.", self._method)
        finally:
            if reply.content is not None:
                reply.content.close()

    async def _reply(self) -> Reply:
        if self._fault is not None and self._fault.delay:
            await asyncio.sleep(self._fault.delay)
        try:
            if self._refusal is not None or self._action is None:
                raise self._refusal or S3Error("InternalError")
            if self._fault is not None and self._fault.ignore_range and self._request is not None:
                self._request.headers.pop("range", None)  # only now: it may have been signed
            reply = await self._action.run()
        except S3Error as error:
            reply = self._error_reply(error)
        except Exception:
            log.exception("%s failed", self._method)
            reply = self._error_reply(S3Error("InternalError"))
        if self._request is not None:
            self._application.finish(self._request, reply)
        return reply

    def _error_reply(self, error: S3Error) -> Reply:
        body = b"" if error.status == 304 else error.as_xml(self._target.partition("?")[0], self._id)
        return Reply(error.status, {"Content-Type": "application/xml", **error.headers}, body)

    async def _send(self, reply: Reply) -> None:
        fault = self._fault
        if fault is not None and fault.lose_reply:
            self._close()
            return
        status, length = reply.status, reply.length
        headers = ReplyHeaders()
        headers["Server"] = "DataCockpitDemo"
        headers["Date"] = http_date(self._application.now())
        headers["x-amz-request-id"] = self._id
        if status not in (204, 304):
            headers["Content-Length"] = str(length)
        if self._unread:
            # Tornado ends such a connection; a client that is not told uses it again and meets a reset.
            headers["Connection"] = "close"
        for name, value in reply.headers.items():
            headers[name] = value
        reason = HTTPStatus(status).phrase
        bodiless = self._method == "HEAD" or status in (204, 304)
        first = b"" if bodiless or reply.content is not None else reply.body
        cut = fault.cut_after if fault is not None else None
        if cut is not None and not bodiless:
            first = first[:cut]
        waiting = self._connection.write_headers(ResponseStartLine("HTTP/1.1", status, reason), headers, first or None)
        if reply.content is not None and not bodiless:
            await self._stream(reply, cut)
        if cut is not None and not bodiless and cut < length:
            await waiting
            self._close()
            return
        self._connection.finish()

    async def _stream(self, reply: Reply, cut: int | None) -> None:
        left = reply.length if cut is None else cut
        if reply.content is None:
            return
        async for block in reply.content.blocks():
            await self._connection.write(block[:left])
            left -= len(block)
            if left <= 0:
                return

    def _close(self) -> None:
        self._connection.close()  # type: ignore[attr-defined]


class Connections(HTTPServerConnectionDelegate):
    """Makes an Exchange for each request; keeps the tasks that answer."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.tasks: set[asyncio.Task[None]] = set()

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        return Exchange(self._application, request_conn, self.tasks)

    def on_close(self, server_conn: object) -> None:
        return None
