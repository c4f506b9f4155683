"""Downloads to the browser: a ticket for a selection, then one object or an archive of many as a stream."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import sys
from collections.abc import Callable, Generator
from contextlib import suppress
from email.utils import format_datetime
from http import HTTPStatus
from typing import TypeVar, cast
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from tornado.http1connection import HTTP1Connection
from tornado.iostream import StreamClosedError
from tornado.web import authenticated

from ..errors import CockpitError
from ..jobs.tracebacks import traceback_text
from ..models import DownloadTicket, Selection
from ..s3.streaming import Download, blocks_of, plan_download
from .base import CockpitHandler
from .tickets import Holder

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
T = TypeVar("T")


class DownloadsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self) -> None:
        download = await self.services.blocking(plan_download, self.body(Selection))
        ticket = self.services.tickets.issue(download, holder(self))
        record = DownloadTicket(path=f"downloads/{ticket}", filename=download.filename, size=download.size)
        self.reply(record)


class DownloadHandler(CockpitHandler):
    """The stream. A block is read ahead of the headers, so that what is wrong at once is said in words."""

    @property
    def content_security_policy(self) -> str:
        """Whatever the bytes are, a browser runs nothing of them."""
        return "; ".join([super().content_security_policy, "sandbox"])

    @authenticated
    @authorized
    async def get(self, ticket: str) -> None:
        span = self.request.headers.get("Range", "")
        download = self.services.tickets.redeem(ticket, holder(self), continues=bool(span))
        start, length = self._span(download, span)
        if start is None:
            return
        blocks = blocks_of(download, start, length)
        try:
            first = await self._next(blocks)
            self._describe(download)
            await self._send(blocks, first)
        finally:
            await self._aside(blocks.close)

    # --- headers ----------------------------------------------------------------------------------

    def _describe(self, download: Download) -> None:
        one = download.one
        self.set_header("Content-Type", "application/octet-stream" if one else "application/zip")
        self.set_header("Content-Disposition", disposition(download.filename))
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        if one is not None:
            self.set_header("Accept-Ranges", "bytes")
            self.set_header("ETag", f'"{one.etag}"')
            self.set_header("Last-Modified", format_datetime(one.modified, usegmt=True))
        elif download.size is not None:
            self.set_header("Content-Length", str(download.size))

    def _span(self, download: Download, asked: str) -> tuple[int | None, int | None]:
        """(start, length) of what is to be sent, with status and headers; (None, None) when that was a refusal."""
        one = download.one
        if one is None:
            return 0, None
        wanted = _RANGE.fullmatch(asked.replace(" ", ""))
        condition = self.request.headers.get("If-Range")
        if wanted is None or not any(wanted.groups()) or condition not in (None, f'"{one.etag}"'):
            self.set_header("Content-Length", str(one.size))
            return 0, one.size
        if wanted[1]:
            start, end = int(wanted[1]), min(int(wanted[2] or one.size - 1), one.size - 1)
        else:
            start, end = max(one.size - int(wanted[2]), 0), one.size - 1
        if start > end or start >= one.size:
            self.set_status(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            self.set_header("Content-Range", f"bytes */{one.size}")
            self.finish()
            return None, None
        self.set_status(HTTPStatus.PARTIAL_CONTENT)
        self.set_header("Content-Range", f"bytes {start}-{end}/{one.size}")
        self.set_header("Content-Length", str(end - start + 1))
        return start, end - start + 1

    # --- body -------------------------------------------------------------------------------------

    async def _send(self, blocks: Generator[bytes, None, None], block: bytes | None) -> None:
        try:
            while block is not None:
                self.write(block)
                await self.flush()  # returns when the client has taken it
                block = await self._next(blocks)
        except StreamClosedError:
            self.log.info("%s: the client went away", self.request.path)
        except CockpitError as error:
            self.log.warning("a download broke off: %s", error.message)
            self._break_off()
        except Exception as error:  # noqa: BLE001 - whatever it was, the client must not take this for the end
            self.log.error("a download failed unexpectedly\n%s", traceback_text(error))
            self._break_off()

    def _break_off(self) -> None:
        """Reset the connection. An end in good order would make what was sent look whole, at the latest to a proxy."""
        stream = cast("HTTP1Connection", self.request.connection).stream
        with suppress(OSError, AttributeError):
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        stream.close()

    async def _next(self, blocks: Generator[bytes, None, None]) -> bytes | None:
        return await self._aside(lambda: next(blocks, None))

    async def _aside(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.services.streams, call)


def holder(handler: CockpitHandler) -> Holder:
    """Whoever sent a request that has been let in."""
    return Holder(handler.current_user.username, bool(handler.token_authenticated))


def disposition(filename: str) -> str:
    """Content-Disposition for any name: what old browsers take, then the name in UTF-8 (RFC 6266)."""
    plain = re.sub(r'[^\x20-\x7e]|["\\%;]', "_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
