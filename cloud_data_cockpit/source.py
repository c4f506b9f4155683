"""The bytes of one object, read by ranges: the Source protocol, merged ranges, sources over a file and over memory."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from .errors import BadRequest, NotFound, SourceChanged

Range = tuple[int, int]

MERGE_GAP = 1 << 20
LARGEST_READ = 16 << 20


@runtime_checkable
class Source(Protocol):
    """What a format may know of an object.

    `uri` names it, `size` is its length in bytes, `etag` identifies these very bytes. Every read is of the version
    `etag`; if the object has changed since, reads raise SourceChanged and never return other bytes.
    """

    @property
    def uri(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def etag(self) -> str: ...

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`, exactly. BadRequest when the range leaves the object."""
        ...

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        """One result per (offset, length), in the order asked; close ranges travel in one request."""
        ...

    def sibling(self, suffix: str, *, replacing: str = "") -> Source:
        """The source whose name is this one's with `suffix` appended. NotFound when there is none.

        The name's end `replacing` is taken off first: `.ibd` replacing `.imzML` leads from `a.imzML` to `a.ibd`.
        """
        ...


def sibling_name(name: str, suffix: str, replacing: str = "") -> str:
    """`name` without its end `replacing`, and `suffix` after it. BadRequest when it does not end so."""
    if not name.endswith(replacing):
        raise BadRequest(f"{name} does not end with {replacing}, which its companion {suffix} has instead")
    return name.removesuffix(replacing) + suffix


def known_sibling(source: Source, suffix: str, replacing: str, etag: str, size: int) -> Source:
    """The companion with this ETag and size. SourceChanged when it is another one: now, or when it is read first.

    In S3 nothing is asked for that, so that a slice does not wait for an answer more.
    """
    own: Callable[[str, str, str, int], Source] | None = getattr(source, "known_sibling", None)
    if own is not None:
        return own(suffix, replacing, etag, size)
    found = source.sibling(suffix, replacing=replacing)
    if (found.etag, found.size) != (etag, size):
        raise SourceChanged(f"{found.uri} has changed since it was indexed; partition {source.uri} again")
    return found


def check_range(size: int, offset: int, length: int, uri: str) -> None:
    """Raise BadRequest unless [offset, offset + length) lies within `size` bytes."""
    if offset < 0 or length < 0 or offset + length > size:
        raise BadRequest(f"bytes {offset}..{offset + length} lie outside {uri}, which has {size} bytes")


def merge_ranges(ranges: Sequence[Range], gap: int = MERGE_GAP, largest: int = LARGEST_READ) -> list[Range]:
    """Ascending ranges that cover all of `ranges`, joined where they are less than `gap` bytes apart.

    A joined range is at most `largest` bytes long, unless one asked for is longer itself. Empty ranges are left out.
    """
    merged: list[Range] = []
    for offset, length in sorted(r for r in ranges if r[1] > 0):
        if merged:
            start, held = merged[-1]
            end = max(start + held, offset + length)
            if offset - (start + held) < gap and (end - start <= largest or end == start + held):
                merged[-1] = (start, end - start)
                continue
            if offset < start + held:
                merged[-1] = (start, end - start)
                continue
        merged.append((offset, length))
    return merged


def read_merged(read: Callable[[int, int], bytes], ranges: Sequence[Range]) -> list[bytes]:
    """The bytes of each range, read in as few calls of `read` as `merge_ranges` allows."""
    return split_merged(merge_ranges(ranges), read, ranges)


def read_joined(source: Source, parts: Sequence[Range | bytes]) -> bytes:
    """Ranges of `source`, and bytes that are there already, one after another."""
    own: Callable[[Sequence[Range | bytes]], bytes] | None = getattr(source, "read_joined", None)
    if own is not None:
        return own(parts)
    read = iter(source.read_many([part for part in parts if not isinstance(part, bytes)]))
    held = [part if isinstance(part, bytes) else next(read) for part in parts]
    return held[0] if len(held) == 1 else b"".join(held)


def split_merged(merged: Sequence[Range], read: Callable[[int, int], bytes], ranges: Sequence[Range]) -> list[bytes]:
    """Cut the merged reads into the ranges that were asked for; each merged range is read once."""
    results: list[bytes] = [b""] * len(ranges)
    order = sorted((i for i, r in enumerate(ranges) if r[1] > 0), key=lambda i: ranges[i])
    at = 0
    for start, held in merged:
        block = read(start, held)
        while at < len(order) and ranges[order[at]][0] < start + held:
            offset, length = ranges[order[at]]
            results[order[at]] = block[offset - start : offset - start + length]
            at += 1
    return results


def blocks(start: int, stop: int, block_size: int) -> Iterator[Range]:
    """(offset, length) of consecutive blocks that cover [start, stop)."""
    for offset in range(start, stop, block_size):
        yield offset, min(block_size, stop - offset)


class WrappedSource:
    """What a source over another one does not change: its name, size, ETag and companions are those of `inner`."""

    inner: Source

    @property
    def uri(self) -> str:
        return self.inner.uri

    @property
    def size(self) -> int:
        return self.inner.size

    @property
    def etag(self) -> str:
        return self.inner.etag

    def sibling(self, suffix: str, *, replacing: str = "") -> Source:
        return self.inner.sibling(suffix, replacing=replacing)


class FileSource:
    """A file on this machine. Its ETag is its size and time of change in nanoseconds."""

    def __init__(self, path: str | os.PathLike[str], etag: str | None = None) -> None:
        self._path = Path(path).absolute()
        stat = self._stat()
        self._size = stat.st_size
        self._etag = etag or self._etag_of(stat)
        self._check_unchanged()

    @property
    def uri(self) -> str:
        return self._path.as_uri()

    @property
    def size(self) -> int:
        return self._size

    @property
    def etag(self) -> str:
        return self._etag

    def read(self, offset: int, length: int) -> bytes:
        self._check_unchanged()
        check_range(self._size, offset, length, self.uri)
        with self._path.open("rb") as file:
            file.seek(offset)
            data = file.read(length)
        if len(data) != length:
            raise SourceChanged(f"{self.uri} became shorter while it was read; index it again")
        return data

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        return read_merged(self.read, ranges)

    def sibling(self, suffix: str, *, replacing: str = "") -> FileSource:
        return FileSource(self._path.with_name(sibling_name(self._path.name, suffix, replacing)))

    def _stat(self) -> os.stat_result:
        try:
            return self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"there is no file {self._path}; check the path") from None

    @staticmethod
    def _etag_of(stat: os.stat_result) -> str:
        return f"{stat.st_size:x}-{stat.st_mtime_ns:x}"

    def _check_unchanged(self) -> None:
        if self._etag_of(self._stat()) != self._etag:
            raise SourceChanged(f"{self.uri} has changed since it was indexed; partition it again")


class MemorySource:
    """Bytes that are in memory already, such as a piece that was fetched or made.

    `beside` holds the content of companions by their uri.
    """

    def __init__(
        self, data: bytes, uri: str = "memory:", etag: str | None = None, beside: Mapping[str, bytes] | None = None
    ) -> None:
        self._data = data
        self._beside = dict(beside or {})
        self._uri = uri
        self._etag = etag if etag is not None else f"{len(data):x}-{hash(data) & 0xFFFFFFFFFFFFFFFF:x}"

    @property
    def uri(self) -> str:
        return self._uri

    @property
    def size(self) -> int:
        return len(self._data)

    @property
    def etag(self) -> str:
        return self._etag

    def read(self, offset: int, length: int) -> bytes:
        check_range(len(self._data), offset, length, self._uri)
        return self._data[offset : offset + length]

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        return [self.read(offset, length) for offset, length in ranges]

    def sibling(self, suffix: str, *, replacing: str = "") -> Source:
        name = sibling_name(self._uri, suffix, replacing)
        if name not in self._beside:
            raise NotFound(f"{self._uri} is in memory and has no companion {name}")
        data = self._beside[name]
        # The same in every process, so that a slice finds the companion that was indexed elsewhere.
        return MemorySource(data, name, f"{len(data):x}-{zlib.crc32(data):x}", self._beside)
