"""The bytes of one part of an upload: gone through once for the checksum and once for each attempt to send them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from ..errors import BadRequest, Damaged
from .crc import as_header, crc32, hexadecimal
from .faults import Fault
from .http import BrokenError, Reply
from .listing import bare_etag
from .signing import FaultInBody

PartBody = bytes | bytearray | memoryview | BinaryIO
Moved = Callable[[int], None]
"""Told of bytes as they go out, and of minus as many when an attempt begins anew; may raise to stop."""

_BLOCK = 1 << 20
_MD5 = re.compile(r"[0-9a-f]{32}")
_CRC32 = re.compile(r"[0-9a-fA-F]{1,8}")


def _unseen(count: int) -> None:
    return None


class Part:
    """The bytes of one part, which can be gone through again for another attempt."""

    def __init__(
        self, body: PartBody, size: int | None, check_open: Callable[[], None], moved: Moved | None = None
    ) -> None:
        self._check_open = check_open
        self._moved = moved or _unseen
        self._out = 0
        self._crc: int | None = None
        self._file: BinaryIO | None = None
        if isinstance(body, (bytes, bytearray, memoryview)):
            self._view = memoryview(body).cast("B")
            held = len(self._view)
        else:
            self._file = body
            self._start = body.tell()
            held = body.seek(0, 2) - self._start
        self.size = held if size is None else size
        self.attempts = 0
        if not 0 <= self.size <= held:
            raise BadRequest(f"a part of {size} bytes was announced, {held} are there")

    def blocks(self) -> Iterator[memoryview]:
        """Its bytes in blocks of 1 MiB, to be sent; between them it looks whether the upload is still wanted."""
        self.attempts += 1
        self._take_back()
        for block in self._blocks():
            yield block
            self._out += len(block)
            self._moved(len(block))

    def crc32(self) -> int:
        """CRC32 of its bytes."""
        if self._crc is None:
            crc = 0
            for block in self._blocks():
                crc = crc32(block, crc)
            self._crc = crc
        return self._crc

    def checksum(self) -> str:
        """CRC32 as S3 wants it."""
        return as_header(self.crc32())

    def md5(self) -> str:
        """MD5 in hexadecimal digits, which many services give as the ETag."""
        digest = hashlib.md5(usedforsecurity=False)
        for block in self._blocks():
            digest.update(block)
        return digest.hexdigest()

    def check_promised(self, promised: str | None) -> None:
        """Damaged unless the CRC32 that the sender computed, in hexadecimal digits, is that of what arrived."""
        if promised is None:
            return
        if not _CRC32.fullmatch(promised):
            raise BadRequest("X-Part-Crc32 is the CRC32 of the part in hexadecimal digits")
        if int(promised, 16) != self.crc32():
            raise Damaged(
                f"the bytes of this part were damaged on their way: their CRC32 is {hexadecimal(self.crc32())}, "
                f"{promised.lower()} was announced; send it again"
            )

    def received(self, reply: Reply) -> str:
        """The ETag in the reply to this part. A fault when it shows that the service has other bytes.

        A service that verifies the CRC32 repeats it; of one that does not, the ETag is compared where it is an MD5.
        """
        reply.read(_BLOCK)
        etag = bare_etag(reply.headers.get("ETag", ""))
        if not etag:
            raise BrokenError("the reply has no ETag, so nothing says that the bytes were stored")
        verified = reply.headers.get("x-amz-checksum-crc32") == self.checksum()
        encrypted = "x-amz-server-side-encryption" in reply.headers or any(
            name.lower().startswith("x-amz-server-side-encryption-customer") for name in reply.headers
        )
        if not verified and not encrypted and _MD5.fullmatch(etag) and etag != self.md5():
            raise FaultInBody(Fault(400, "BadDigest", f"its ETag is {etag}, the MD5 of what was sent is another"))
        return etag

    def take_back(self) -> None:
        """The part was not stored after all: what was told of it is taken back."""
        self._take_back()

    def settle(self) -> None:
        """It is stored: what was told of it stays, whatever is sent again."""
        self._out, self._moved = 0, _unseen

    def _take_back(self) -> None:
        out, self._out = self._out, 0
        if out:
            self._moved(-out)

    def _blocks(self) -> Iterator[memoryview]:
        self._check_open()
        if self._file is not None:
            self._file.seek(self._start)
        for offset in range(0, self.size, _BLOCK):
            self._check_open()
            length = min(_BLOCK, self.size - offset)
            yield self._view[offset : offset + length] if self._file is None else self._read(self._file, length)

    @staticmethod
    def _read(file: BinaryIO, length: int) -> memoryview:
        data = file.read(length)
        if len(data) != length:
            raise BadRequest("the file became shorter while it was uploaded; upload it again")
        return memoryview(data)
