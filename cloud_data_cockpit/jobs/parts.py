"""The body of one part while it arrives: in memory if it is small, on disk if not; a bounded number at once."""

from __future__ import annotations

import asyncio
import io
import tempfile
import time
from typing import TYPE_CHECKING, BinaryIO, cast

from ..models import PartReceipt

if TYPE_CHECKING:
    from .uploads import OpenUpload, Uploads

MEMORY = 16 << 20
"""Bytes of one part that are held in memory; a larger part is written to disk."""


class Part:
    """Part `number` of an open upload, `size` bytes: `admit`, `write` as bytes arrive, `store`; `release` always."""

    def __init__(self, uploads: Uploads, upload: OpenUpload, number: int, size: int) -> None:
        self.number = number
        self.size = size
        self.received = 0
        self.touched = time.monotonic()
        self._uploads = uploads
        self._upload = upload
        self._body: BinaryIO | None = None
        self._busy = False
        self._dropped = False

    async def admit(self) -> None:
        """Wait until there is room for one more part; `store` refuses it if its upload is stopped meanwhile."""
        await self._uploads.slots.acquire()
        if self._upload.closing:
            self._uploads.slots.release()
            return
        self._body = io.BytesIO() if self.size <= MEMORY else cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115
        self._upload.arriving.add(self)
        self.touched = time.monotonic()

    async def write(self, chunk: bytes) -> None:
        """Take bytes; those of an upload that has been stopped go nowhere."""
        body = self._body
        if body is None:
            return
        if self.size <= MEMORY:
            body.write(chunk)
        else:
            await self._write_to_disk(body, chunk)
        self.received += len(chunk)
        self.touched = time.monotonic()
        self._uploads.tell(self._upload)

    async def store(self) -> PartReceipt:
        """Hand the part to S3. Conflict when the upload has been stopped, and the errors of S3."""
        body = self._body
        if body is None:
            self._upload.refuse()
        self._busy = True
        try:
            return await self._uploads.store_part(self._upload, self, body)
        finally:
            self._busy = False
            self.release()

    async def _write_to_disk(self, body: BinaryIO, chunk: bytes) -> None:
        self._busy = True
        try:
            await asyncio.to_thread(body.write, chunk)
        finally:
            self._busy = False
        if self._dropped:
            self.release()

    def release(self) -> None:
        """Free the buffer and the place; one that a thread is busy with is freed when the thread has done."""
        if self._body is None:
            return
        if self._busy:
            self._dropped = True
            return
        self._body.close()
        self._body = None
        self._upload.arriving.discard(self)
        self._uploads.slots.release()
