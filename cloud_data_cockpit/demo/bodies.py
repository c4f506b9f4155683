"""Receiving bodies: to a file with its digests, in bounded memory; or a small document to memory."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import os
from collections.abc import Awaitable, Iterable
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from typing import Protocol

from .checksums import ALGORITHMS, Digest, digest, encode
from .files import BodyFiles
from .s3errors import S3Error

_BLOCK = 1 << 20
# Less than this is hashed and written where it arrives: a trip to a thread would cost more.
_INLINE = 64 * 1024


class Sink(Protocol):
    """Where the bytes of a body go."""

    def write(self, data: bytes) -> Awaitable[None] | None:
        """Take bytes; when an awaitable comes back, wait for it before writing more."""

    def discard(self) -> None:
        """Forget everything; the client went away or was refused."""


class DocumentSink:
    """A small body in memory. Raises MaxMessageLengthExceeded beyond `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()

    def write(self, data: bytes) -> None:
        if len(self._data) + len(data) > self._limit:
            raise S3Error("MaxMessageLengthExceeded")
        self._data += data

    def discard(self) -> None:
        self._data.clear()

    @property
    def data(self) -> bytes:
        """What has come."""
        return bytes(self._data)


class FileSink:
    """A body to a file of its own. After `close`: file ("" when empty), size, etag, digests."""

    def __init__(self, files: BodyFiles, pool: ThreadPoolExecutor, wanted: set[str]) -> None:
        self._files = files
        self._pool = pool
        self._digests: dict[str, Digest] = {name: digest(name) for name in wanted}
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._handle: FileIO | None = None
        self._gone = False
        self._busy = False
        self.size = 0
        self.file = ""
        self.etag = ""

    def write(self, data: bytes) -> Awaitable[None] | None:
        self._waiting.append(data)
        self._waiting_size += len(data)
        self.size += len(data)
        return self._flush(sync=False) if self._waiting_size >= _BLOCK else None

    async def _flush(self, *, sync: bool) -> None:
        data = self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting)
        self._waiting, self._waiting_size = [], 0
        if len(data) < _INLINE and not sync:
            self._store(data, sync)
        else:
            self._busy = True
            try:
                await asyncio.get_running_loop().run_in_executor(self._pool, self._store, data, sync)
            finally:
                self._busy = False
        if self._gone:
            self.discard()

    def _store(self, data: bytes, sync: bool) -> None:
        self._md5.update(data)
        for running in self._digests.values():
            running.update(data)
        if self._handle is None:
            self.file = self._files.new()
            self._handle = self._files.incoming(self.file).open("xb", buffering=0)
        rest = memoryview(data)
        while rest:
            rest = rest[self._handle.write(rest) :]
        if sync:
            os.fsync(self._handle.fileno())

    def fill(self, blocks: Iterable[bytes]) -> None:
        """Take a whole body at once, in a thread."""
        for block in blocks:
            self.size += len(block)
            self._store(block, False)

    async def close(self) -> None:
        """Everything hashed, and on disk; the file still lies among the incoming."""
        if self.size:
            await self._flush(sync=True)
        if self._gone:
            raise S3Error("IncompleteBody")
        if self._handle is not None:
            self._handle.close()
            self._handle = None
        self.etag = f'"{self._md5.hexdigest()}"'

    def keep(self) -> str:
        """Move the file to its place; returns its name, "" for an empty body."""
        if self.file:
            self._files.keep(self.file)
        name, self.file = self.file, ""
        return name

    def discard(self) -> None:
        self._gone = True
        if self._busy:
            return  # a thread still writes; it is tidied up when that is done
        if self._handle is not None:
            self._handle.close()
            self._handle = None
        if self.file:
            self._files.incoming(self.file).unlink(missing_ok=True)

    def md5(self) -> bytes:
        """The MD5 digest."""
        return self._md5.digest()

    def digest_of(self, algorithm: str) -> bytes:
        """One of the wanted checksums."""
        return self._digests[algorithm].digest()


class Expected:
    """The checksums a client promises for a body: in headers, or in a trailer after it."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.content_md5 = headers.get("content-md5")
        self.values: dict[str, str] = {}
        for name in ALGORITHMS:
            if value := headers.get(f"x-amz-checksum-{name.lower()}"):
                self.values[name] = value
        if len(self.values) > 1:
            raise S3Error("InvalidRequest", "Expecting a single x-amz-checksum- header")
        trailer = headers.get("x-amz-trailer", "").strip().lower()
        self.trailer = trailer if trailer.startswith("x-amz-checksum-") else ""
        named = self.trailer.removeprefix("x-amz-checksum-") or headers.get("x-amz-sdk-checksum-algorithm", "")
        self.algorithm = next(iter(self.values), named.upper())
        if self.algorithm and self.algorithm not in ALGORITHMS:
            raise S3Error("InvalidRequest", f"The checksum algorithm {self.algorithm} is not known.")

    def check(self, sink: FileSink) -> None:
        """Raises BadDigest or InvalidDigest when the body is not what was promised."""
        if self.content_md5 is not None:
            try:
                promised = base64.b64decode(self.content_md5, validate=True)
            except binascii.Error as error:
                raise S3Error("InvalidDigest") from error
            if len(promised) != 16:
                raise S3Error("InvalidDigest")
            if promised != sink.md5():
                raise S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.")
        for name, value in self.values.items():
            if value != encode(sink.digest_of(name)):
                raise S3Error("BadDigest", f"The {name} you specified did not match the calculated checksum.")
