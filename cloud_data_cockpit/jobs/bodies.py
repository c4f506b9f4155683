"""A body while it arrives: in memory if it is small, on disk if not; so much at once and no more."""

from __future__ import annotations

import asyncio
import io
import tempfile
import time
from typing import BinaryIO, cast

from ..errors import BadRequest
from ..models import Record
from .room import Room

MEMORY = 16 << 20
"""Bytes of one body that are held in memory; a larger one is written to disk."""
LEAST = 256 << 10
"""What the smallest body counts as: its buffers, its thread, its connection."""
ON_DISK = 8 << 20
"""What a body on disk counts as."""


class Body:
    """`size` bytes that are about to come: `admit`, `write` as they do, `store`; `release` always.

    What is done with them is for those derived from this: `_keep`; `_wanted` says whether they still are.
    """

    def __init__(self, room: Room, size: int, crc32: str | None) -> None:
        self.size = size
        self.received = 0
        self.crc32 = crc32
        self.touched = time.monotonic()
        self._room = room
        self._taken = 0
        self._file: BinaryIO | None = None
        self._busy = False
        self._dropped = False

    async def admit(self) -> None:
        """Wait until there is room; `store` refuses the body if it is not wanted any more by then."""
        taken = await self._room.enter(max(LEAST, self.size) if self.size <= MEMORY else ON_DISK)
        if not self._wanted():
            self._room.leave(taken)
            return
        self._taken = taken
        self._file = io.BytesIO() if self.size <= MEMORY else cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115
        self.touched = time.monotonic()
        self._arriving()

    async def write(self, chunk: bytes) -> None:
        """Take bytes; those of a body that is not wanted any more go nowhere."""
        file = self._file
        if file is None:
            return
        if self.size <= MEMORY:
            file.write(chunk)
        else:
            await self._write_to_disk(file, chunk)
        self.received += len(chunk)
        self.touched = time.monotonic()
        self._told()

    async def store(self) -> Record:
        """Hand the body to S3: what is to be replied. Conflict when it is not wanted any more, and the errors of S3."""
        file = self._file
        if file is None:
            self._refuse()
            raise BadRequest("this body was not admitted")
        if self.received != self.size:
            raise BadRequest(f"the body broke off after {self.received} of {self.size} bytes: send it again")
        self._busy = True
        try:
            file.seek(0)
            return await self._keep(file)
        finally:
            self._busy = False
            self.release()

    def release(self) -> None:
        """Free the buffer and the room; of one that a thread is busy with, as soon as the thread has done."""
        if self._file is None:
            return
        if self._busy:
            self._dropped = True
            return
        self._file.close()
        self._file = None
        self._room.leave(self._taken)
        self._gone()

    async def _write_to_disk(self, file: BinaryIO, chunk: bytes) -> None:
        self._busy = True
        try:
            await asyncio.to_thread(file.write, chunk)
        finally:
            self._busy = False
        if self._dropped:
            self.release()

    # --- what a derived class adds ---------------------------------------------------------

    async def _keep(self, file: BinaryIO) -> Record:
        raise NotImplementedError

    def _wanted(self) -> bool:
        return True

    def _refuse(self) -> None:
        """Raise why the body is not wanted."""

    def _arriving(self) -> None:
        """It has been admitted."""

    def _told(self) -> None:
        """Bytes have come."""

    def _gone(self) -> None:
        """It has been released."""
