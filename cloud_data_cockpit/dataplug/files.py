"""Sources as a plug-in meets them: open files over them, and a source that tells how much was read of it."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Callable, Sequence
from typing import IO, Any, cast

from ..errors import BadRequest
from ..source import Range, Source, WrappedSource

AT_ONCE = 8 << 20


class SourceFile(io.RawIOBase):
    """The bytes [start, stop) of a source as an open file."""

    def __init__(self, source: Source, start: int = 0, stop: int | None = None) -> None:
        self._source = source
        self._start = start
        self._size = (source.size if stop is None else stop) - start
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), max(0, self._size - self._at))
        if wanted:
            buffer[:wanted] = self._source.read(self._start + self._at, wanted)
        self._at += wanted
        return wanted

    def readall(self) -> bytes:
        """All that is left, in one request or several at once."""
        data = self._source.read(self._start + self._at, max(0, self._size - self._at))
        self._at = max(self._at, self._size)
        return data


def open_file(
    source: Source,
    name: str,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    compression: str = "infer_from_extension",
    **others: Any,
) -> IO[Any]:
    """An open file over `source`, as smart_open gives it: gzip is undone where the name ends with .gz.

    BadRequest for writing: objects are read only.
    """
    if set(mode) - set("rbt") or "r" not in mode:
        raise BadRequest(f"{name} cannot be opened with mode {mode!r}: plug-ins only read; use 'r' or 'rb'")
    binary: IO[bytes] = io.BufferedReader(SourceFile(source), buffering if buffering > 1 else AT_ONCE)
    if compression == ".gz" or (compression == "infer_from_extension" and name.lower().endswith(".gz")):
        binary = cast("IO[bytes]", gzip.GzipFile(fileobj=binary))
    if "b" in mode:
        return binary
    return io.TextIOWrapper(binary, encoding=encoding or "utf-8", errors=errors, newline=newline)


class Watched(WrappedSource):
    """A source that tells how much has been read of it, so that a scan by foreign code can be seen and stopped."""

    def __init__(self, inner: Source, report: Callable[[int, int], None]) -> None:
        self.inner = inner
        self._report = report
        self._done = 0

    def read(self, offset: int, length: int) -> bytes:
        self.tell(length)
        return self.inner.read(offset, length)

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        self.tell(sum(length for _, length in ranges))
        return self.inner.read_many(ranges)

    def tell(self, more: int) -> None:
        """Count bytes; raises Cancelled when the job was asked to stop."""
        self._done += more
        self._report(min(self._done, self.size), self.size)
