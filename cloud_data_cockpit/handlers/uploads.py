"""Uploads: open one, send its parts, pause it, go on with it, complete it; small files in one request."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import cast

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from tornado.http1connection import HTTP1Connection
from tornado.web import HTTPError, authenticated, stream_request_body

from ..errors import BadRequest, CockpitError
from ..jobs.bodies import Body
from ..models import PendingUpload, ResumeRequest, UploadRequest
from .base import RESOURCE, CockpitHandler
from .requests import CompleteQuery, WholeQuery

STALLED = 120.0
"""Seconds without a byte after which the connection of a body is closed, so that it holds no place."""
DROPPED = 64 << 20
"""Bytes of a refused body that are read and dropped. Tornado would close the connection at once, and a browser that
is still sending then shows a network error instead of the reason."""
CRC32 = "X-Part-Crc32"


class UploadsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply_list(PendingUpload, await self.services.uploads.pending())

    @authenticated
    @authorized
    async def post(self) -> None:
        self.reply(await self.services.uploads.start(self.body(UploadRequest), self.user_name), HTTPStatus.CREATED)


class CompleteHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self, job_id: str) -> None:
        overwrite = self.query(CompleteQuery).overwrite
        self.reply(await self.services.uploads.complete(job_id, overwrite=overwrite))


class PauseHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self, job_id: str) -> None:
        self.reply(await self.services.uploads.pause(job_id))


class ResumeHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self, job_id: str) -> None:
        self.reply(await self.services.uploads.resume(job_id, self.body(ResumeRequest)))


class BodyHandler(CockpitHandler):
    """The body goes to a bounded buffer as it comes.

    Decorators of the method run when the body has arrived, so who may send it is settled in `prepare`.
    """

    method = "PUT"
    _body: Body | None = None
    _refusal: CockpitError | None = None
    _alarm: asyncio.TimerHandle | None = None

    async def expect(self, length: int) -> Body | CockpitError:
        """What is about to arrive, or why it is refused."""
        raise NotImplementedError

    async def prepare(self) -> None:  # type: ignore[override]
        """Login, XSRF token and permission, then length and place; no byte of the body is read before."""
        await super().prepare()
        if self._finished or self.request.method != self.method:
            return
        if not self.current_user:
            raise HTTPError(HTTPStatus.FORBIDDEN)
        if not await ensure_async(self.authorizer.is_authorized(self, self.current_user, "write", RESOURCE)):
            raise HTTPError(HTTPStatus.FORBIDDEN, f"User is not authorized to write on resource: {RESOURCE}.")
        length = self._length()
        expected = await self.expect(length)
        if isinstance(expected, CockpitError):
            if length > DROPPED:
                raise expected
            self._refusal = expected
            return
        self._connection().set_max_body_size(length)
        await expected.admit()
        self._body = expected
        self._watch()

    async def data_received(self, chunk: bytes) -> None:
        """Tornado reads no further before this has returned."""
        if self._body is not None:
            await self._body.write(chunk)

    async def store(self) -> None:
        """Hand over what has arrived, and reply."""
        self._unwatch()
        if self._body is None:
            raise self._refusal or BadRequest("this needs a body")
        self.reply(await self._body.store())

    def on_connection_close(self) -> None:
        """The client has gone: free the buffer and the place."""
        super().on_connection_close()
        self._release()

    def on_finish(self) -> None:
        """The reply has been sent, whatever it is."""
        self._release()

    def _connection(self) -> HTTP1Connection:
        return cast("HTTP1Connection", self.request.connection)

    def _length(self) -> int:
        length = self.request.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise BadRequest("this needs the header Content-Length with the size of the body in bytes")
        return int(length)

    def _release(self) -> None:
        self._unwatch()
        if self._body is not None:
            self._body.release()

    def _unwatch(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _watch(self) -> None:
        self._alarm = asyncio.get_running_loop().call_later(STALLED, self._check_stalled)

    def _check_stalled(self) -> None:
        if self._body is not None and time.monotonic() - self._body.touched >= STALLED:
            self.log.warning("%s: no byte for %d seconds, connection closed", self.request.path, STALLED)
            self._connection().stream.close()
        else:
            self._watch()


@stream_request_body
class PartHandler(BodyHandler):
    async def expect(self, length: int) -> Body | CockpitError:
        number = int(self.path_kwargs["number"])
        crc32 = self.request.headers.get(CRC32)
        return await self.services.uploads.expect(self.path_kwargs["job_id"], number, length, crc32)

    @authenticated
    @authorized
    async def put(self, job_id: str, number: str) -> None:
        await self.store()


@stream_request_body
class WholeHandler(BodyHandler):
    method = "POST"

    async def expect(self, length: int) -> Body | CockpitError:
        try:
            query = self.query(WholeQuery)
        except CockpitError as refusal:
            return refusal
        request = UploadRequest(size=length, **query.model_dump())
        return self.services.uploads.expect_whole(request, self.request.headers.get(CRC32))

    @authenticated
    @authorized
    async def post(self) -> None:
        await self.store()
