"""The bytes of one part of an upload: gone through once for the checksum and once for each attempt to send them."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from ..errors import BadRequest

PartBody = bytes | bytearray | memoryview | BinaryIO

_BLOCK = 1 << 20


class Part:
    """The bytes of one part, which can be gone through again for another attempt."""

    def __init__(self, body: PartBody, size: int | None, check_open: Callable[[], None]) -> None:
        self._check_open = check_open
        self._file: BinaryIO | None = None
        if isinstance(body, (bytes, bytearray, memoryview)):
            self._view = memoryview(body).cast("B")
            held = len(self._view)
        else:
            self._file = body
            self._start = body.tell()
            held = body.seek(0, 2) - self._start
        self.size = held if size is None else size
        if not 0 <= self.size <= held:
            raise BadRequest(f"a part of {size} bytes was announced, {held} are there")

    def blocks(self) -> Iterator[memoryview]:
        """Its bytes in blocks of 1 MiB; between them it looks whether the upload is still wanted."""
        self._check_open()
        if self._file is not None:
            self._file.seek(self._start)
        for offset in range(0, self.size, _BLOCK):
            self._check_open()
            length = min(_BLOCK, self.size - offset)
            yield self._view[offset : offset + length] if self._file is None else self._read(self._file, length)

    def checksum(self) -> str:
        """CRC32, big-endian, in base64, as S3 wants it."""
        crc = 0
        for block in self.blocks():
            crc = zlib.crc32(block, crc)
        return base64.b64encode(crc.to_bytes(4, "big")).decode()

    @staticmethod
    def _read(file: BinaryIO, length: int) -> memoryview:
        data = file.read(length)
        if len(data) != length:
            raise BadRequest("the file became shorter while it was uploaded; upload it again")
        return memoryview(data)
