"""What an operation answers: a status, headers, and a body in memory or in files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.utils import formatdate

from .files import BodyFiles
from .records import Piece
from .s3errors import S3Error

_BLOCK = 512 * 1024
# A read this small is done where it is asked for: a trip to a thread would cost more.
_INLINE = 64 * 1024


@dataclass(slots=True)
class Content:
    """Bytes [start, start + length) of pieces that follow each other; the files stay until `close`."""

    files: BodyFiles
    pool: ThreadPoolExecutor
    pieces: list[Piece]
    start: int
    length: int

    def __post_init__(self) -> None:
        end = self.start + self.length
        self.pieces = [piece for piece in self.pieces if piece.start < end and piece.start + piece.size > self.start]
        self.files.pin(piece.file for piece in self.pieces)

    def close(self) -> None:
        """Let go of the files."""
        free = self.files.unpin(piece.file for piece in self.pieces)
        self.pieces = []
        if free:
            self.files.remove(free)

    async def blocks(self) -> AsyncIterator[bytes]:
        """The bytes, at most half a MiB at a time."""
        loop = asyncio.get_running_loop()
        end = self.start + self.length
        for piece in list(self.pieces):
            low = max(self.start - piece.start, 0)
            left = min(end - piece.start, piece.size) - low
            with self.files.path(piece.file).open("rb", buffering=0) as file:
                file.seek(low)
                while left:
                    size = min(left, _BLOCK)
                    if size <= _INLINE:
                        block = file.read(size)
                    else:
                        block = await loop.run_in_executor(self.pool, file.read, size)
                    if not block:
                        raise S3Error("InternalError", "A body is shorter than it was when it was stored.")
                    left -= len(block)
                    yield block


@dataclass(slots=True)
class Reply:
    """An answer; content, when given, is what the body holds instead of `body`."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    content: Content | None = None

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return self.content.length if self.content is not None else len(self.body)


def xml_reply(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """An XML document as an answer."""
    return Reply(status, {"Content-Type": "application/xml", **(headers or {})}, body)


def http_date(seconds: float) -> str:
    """Seconds since 1970 as HTTP writes dates."""
    return formatdate(int(seconds), usegmt=True)
