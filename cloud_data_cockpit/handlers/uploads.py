"""Uploads: open one, send its parts, complete it."""

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
from ..jobs.parts import Part
from ..models import UploadRequest
from .base import RESOURCE, CockpitHandler

STALLED = 120.0
"""Seconds without a byte after which the connection of a part is closed, so that it holds no place."""
DROPPED = 64 << 20
"""Bytes of a refused part that are read and dropped. Tornado would close the connection at once, and a browser that
is still sending then shows a network error instead of the reason."""


class UploadsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self) -> None:
        self.reply(await self.services.uploads.start(self.body(UploadRequest)), HTTPStatus.CREATED)


class CompleteHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self, job_id: str) -> None:
        self.reply(await self.services.uploads.complete(job_id))


@stream_request_body
class PartHandler(CockpitHandler):
    """The body goes to a bounded buffer as it comes.

    Decorators of `put` run when the body has arrived, so who may send it is settled in `prepare`.
    """

    _part: Part | None = None
    _refusal: CockpitError | None = None
    _alarm: asyncio.TimerHandle | None = None

    async def prepare(self) -> None:  # type: ignore[override]
        """Login, XSRF token and permission, then length and place; no byte of the body is read before."""
        await super().prepare()
        if self._finished or self.request.method != "PUT":
            return
        if not self.current_user:
            raise HTTPError(HTTPStatus.FORBIDDEN)
        if not await ensure_async(self.authorizer.is_authorized(self, self.current_user, "write", RESOURCE)):
            raise HTTPError(HTTPStatus.FORBIDDEN, f"User is not authorized to write on resource: {RESOURCE}.")
        length = self._length()
        expected = self.services.uploads.expect(self.path_kwargs["job_id"], int(self.path_kwargs["number"]), length)
        if isinstance(expected, CockpitError):
            if length > DROPPED:
                raise expected
            self._refusal = expected
            return
        self._connection().set_max_body_size(length)
        await expected.admit()
        self._part = expected
        self._watch()

    async def data_received(self, chunk: bytes) -> None:
        """Tornado reads no further before this has returned."""
        if self._part is not None:
            await self._part.write(chunk)

    @authenticated
    @authorized
    async def put(self, job_id: str, number: str) -> None:
        self._unwatch()
        if self._part is None:
            raise self._refusal or BadRequest("a part needs a body")
        self.reply(await self._part.store())

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
            raise BadRequest("a part needs the header Content-Length with its size in bytes")
        return int(length)

    def _release(self) -> None:
        self._unwatch()
        if self._part is not None:
            self._part.release()

    def _unwatch(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _watch(self) -> None:
        self._alarm = asyncio.get_running_loop().call_later(STALLED, self._check_stalled)

    def _check_stalled(self) -> None:
        if self._part is not None and time.monotonic() - self._part.touched >= STALLED:
            self.log.warning("%s: no byte for %d seconds, connection closed", self.request.path, STALLED)
            self._connection().stream.close()
        else:
            self._watch()
