"""Bodies in aws-chunked framing: sizes, signatures of chunks, trailing checksums, decoded as they stream in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable

from .auth import EMPTY_SHA256, ChunkKey, mac, matches
from .bodies import Expected, FileSink
from .s3errors import S3Error

_MODES = {
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER": (False, True),
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": (True, False),
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": (True, True),
}
_LINE_LIMIT = 8 * 1024
_TRAILERS_LIMIT = 16
_HEADER = re.compile(rb"([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?")


class ChunkedSink:
    """Takes the framing off and gives the rest to a FileSink; nothing is kept that `finish` does not accept.

    mode: the x-amz-content-sha256 header; length: x-amz-decoded-content-length, bytes.
    """

    def __init__(self, inner: FileSink, mode: str, chunks: ChunkKey | None, expected: Expected, length: int) -> None:
        if mode not in _MODES:
            raise S3Error("NotImplemented", f"The payload signing {mode} is not supported.")
        self._signed, self._trailed = _MODES[mode]
        if self._signed and chunks is None:
            raise S3Error("AccessDenied", "A body of signed chunks needs a signed request.")
        self.inner = inner
        self._chunks = chunks
        self._previous = chunks.seed if chunks else ""
        self._expected = expected
        self._length = length
        self._buffer = bytearray()
        self._left = 0
        self._state = "header"
        self._signature = ""
        self._hash = hashlib.sha256()
        self._trailers: list[tuple[str, str]] = []

    def write(self, data: bytes) -> Awaitable[None]:
        return self._feed(data)

    def discard(self) -> None:
        self.inner.discard()

    async def _feed(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            if self._state == "data":
                piece, view = bytes(view[: self._left]), view[self._left :]
                await self._deliver(piece)
                continue
            if self._state == "end":
                raise S3Error("InvalidRequest", "There are bytes after the last chunk.")
            line, view = self._line(view)
            if line is not None:
                self._take_line(line)

    def _line(self, view: memoryview) -> tuple[bytes | None, memoryview]:
        """The next whole line without its end, and what follows it; None while it is not complete."""
        head = bytes(view[:_LINE_LIMIT])
        end = head.find(b"\n")
        self._buffer += head if end < 0 else head[: end + 1]
        if len(self._buffer) > _LINE_LIMIT:
            raise S3Error("InvalidRequest", "A line of the chunked body is too long.")
        if end < 0:
            return None, view[len(head) :]
        line = bytes(self._buffer).rstrip(b"\r\n")
        self._buffer.clear()
        return line, view[end + 1 :]

    async def _deliver(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self.inner.size + len(piece) > self._length:
            raise S3Error("IncompleteBody", "The body is longer than x-amz-decoded-content-length.")
        if self._signed:
            self._hash.update(piece)
        wait = self.inner.write(piece)
        if wait is not None:
            await wait
        if self._left == 0:
            self._end_chunk()
            self._state = "gap"

    def _take_line(self, line: bytes) -> None:
        if self._state == "gap":
            if line:
                raise S3Error("InvalidRequest", "A chunk is longer than it says.")
            self._state = "header"
        elif self._state == "header":
            self._begin_chunk(line)
        elif line:
            name, _, value = line.decode("latin-1").partition(":")
            self._trailers.append((name.strip().lower(), value.strip()))
            if len(self._trailers) > _TRAILERS_LIMIT:
                raise S3Error("InvalidRequest", "There are too many trailers.")
        else:
            self._state = "end"

    def _begin_chunk(self, line: bytes) -> None:
        found = _HEADER.fullmatch(line)
        if found is None or (self._signed and found[2] is None):
            raise S3Error("InvalidRequest", "The header of a chunk is malformed.")
        self._left = int(found[1], 16)
        self._signature = found[2].decode() if found[2] else ""
        self._hash = hashlib.sha256()
        self._state = "data"
        if self._left == 0:
            self._end_chunk()
            self._state = "trailer"

    def _end_chunk(self) -> None:
        if self._signed:
            lines = ["AWS4-HMAC-SHA256-PAYLOAD", "{moment}", "{scope}", self._previous, EMPTY_SHA256]
            self._previous = self._check([*lines, self._hash.hexdigest()], self._signature)

    def _check(self, lines: list[str], signature: str) -> str:
        if self._chunks is None:
            raise S3Error("AccessDenied")
        text = "\n".join(lines).replace("{moment}", self._chunks.moment).replace("{scope}", self._chunks.scope)
        expected = mac(self._chunks.key, text).hex()
        if not matches(expected, signature):
            raise S3Error("SignatureDoesNotMatch", "The signature of a chunk does not match.")
        return expected

    def finish(self) -> None:
        """The body has ended: check that it is whole, and take over its trailing checksum. Raises S3Error."""
        ended = self._state == "end" or (self._state == "trailer" and not self._buffer)
        if not ended or self.inner.size != self._length:
            raise S3Error("IncompleteBody")
        trailers = dict(self._trailers)
        signature = trailers.pop("x-amz-trailer-signature", "")
        if self._signed and self._trailed:
            text = "".join(f"{name}:{value}\n" for name, value in trailers.items())
            lines = ["AWS4-HMAC-SHA256-TRAILER", "{moment}", "{scope}", self._previous]
            self._check([*lines, hashlib.sha256(text.encode()).hexdigest()], signature)
        if self._expected.trailer:
            value = trailers.get(self._expected.trailer)
            if value is None:
                raise S3Error("MalformedTrailerError", "The promised trailing checksum did not come.")
            self._expected.values[self._expected.algorithm] = value
