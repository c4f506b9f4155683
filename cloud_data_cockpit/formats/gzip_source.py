"""The plain bytes of a gzip object as a Source, so that any plain format can be read over it."""

from __future__ import annotations

import io
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import Any

from ..errors import FormatError
from ..source import Range, Source, blocks, check_range
from .gzip_members import Members, Point, header_length
from .gzip_points import Points, primed

LOOK_BACK = 1 << 20
SUFFIXES = (".gz", ".bgz", ".bgzf", ".gzip")
AHEAD = 3
"""Reads under way while one block is decoded: one connection to S3 is slower than a decoder."""

FEED = 64 << 10
"""Compressed bytes a decoder is fed at once: few enough to stay in the cache."""

_CURSORS = 4
_FEW = 64
_MOST_ROOM = 256 << 20
_FIRST_READ = 256 << 10
_SMALLEST_READ = 1 << 10
_LARGEST_READ = 4 << 20


class Forward:
    """Plain pieces that come one after another, to read by offset: forwards, and as far back as `keep` bytes.

    Whoever reads from it alone may use it; it takes no lock.
    """

    def __init__(self, pieces: Iterator[bytes], start: int, keep: int = LOOK_BACK) -> None:
        self._pieces = pieces
        self._keep = keep
        self._held: deque[bytes] = deque()
        self.start = start
        self.end = start
        self.finished = False

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`, fewer at the end. `offset` must not lie before `start`."""
        stop = offset + length
        # Room for all of it: to grow little by little would copy it several times.
        target = io.BytesIO(bytes(min(length, _MOST_ROOM)))
        at = self.start
        for piece in self._held:
            if at + len(piece) > offset and at < stop:
                target.write(memoryview(piece)[max(0, offset - at) : stop - at])
            at += len(piece)
        while self.end < stop and self._pull():
            at = self.end - len(self._held[-1])
            if self.end > offset:
                target.write(memoryview(self._held[-1])[max(0, offset - at) : stop - at])
            self._forget(min(stop, self.end) - self._keep)
        self._forget(min(stop, self.end) - self._keep)
        target.truncate(target.tell())
        return target.getvalue()

    def step(self) -> bool:
        """Let one piece go by; False at the end."""
        more = self._pull()
        self._forget(self.end)
        return more

    def _pull(self) -> bool:
        piece = next(self._pieces, None)
        if piece is None:
            self.finished = True
            return False
        self._held.append(piece)
        self.end += len(piece)
        return True

    def _forget(self, before: int) -> None:
        while self._held and self.start + len(self._held[0]) <= before:
            self.start += len(self._held.popleft())


def plain_name(name: str) -> str:
    """The name that the plain bytes would have: some formats take hints from its ending."""
    return next((name[: -len(suffix)] for suffix in SUFFIXES if name.lower().endswith(suffix)), name)


class GzipSource:
    """Plain bytes `0..size` of the compressed `inner`, decoded from the nearest access point.

    Reads in ascending order go on where the last one ended. At most `largest` compressed bytes are read at once. `size`
    is trusted; FormatError when the data end before.
    """

    def __init__(self, inner: Source, points: Points, size: int, largest: int = _LARGEST_READ) -> None:
        self._inner = inner
        self._points = points
        self._size = size
        self._largest = max(largest, _SMALLEST_READ)
        self._lock = Lock()
        self._idle: list[Forward] = []

    @property
    def uri(self) -> str:
        return plain_name(self._inner.uri)

    @property
    def size(self) -> int:
        return self._size

    @property
    def etag(self) -> str:
        return self._inner.etag

    def read(self, offset: int, length: int) -> bytes:
        check_range(self._size, offset, length, self.uri)
        if length == 0:
            return b""
        cursor = self._cursor(offset, offset + length)
        data = cursor.read(offset, length)
        if len(data) != length:
            raise FormatError(
                f"{self._inner.uri} holds {cursor.end} plain bytes and {self._size} were expected; partition it again"
            )
        with self._lock:
            self._idle.append(cursor)
            del self._idle[:-_CURSORS]
        return data

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        found: dict[int, bytes] = {}
        for i in sorted(range(len(ranges)), key=lambda i: ranges[i]):
            found[i] = self.read(*ranges[i])
        return [found[i] for i in range(len(ranges))]

    def sibling(self, suffix: str, *, replacing: str = "") -> Source:
        """The companion of the compressed object, as it is."""
        return self._inner.sibling(suffix, replacing=replacing)

    def __reduce__(self) -> tuple[Any, ...]:
        return GzipSource, (self._inner, self._points, self._size, self._largest)

    def _cursor(self, offset: int, stop: int) -> Forward:
        """One that stands before `offset`, and not further away than the nearest access point."""
        number = self._points.before(offset)
        nearest = int(self._points.plain[number])
        with self._lock:
            fit = [i for i, held in enumerate(self._idle) if held.start <= offset and held.end >= min(nearest, offset)]
            if fit:
                # The one that has come least far keeps the others free for what lies ahead.
                return self._idle.pop(max(fit, key=lambda i: min(self._idle[i].end, offset)))
        point = self._points.point(number)
        hint = self._points.end(number, stop, self._inner.size)
        return Forward(plain_pieces(self._inner, point, hint, self._largest), point.plain)


def plain_pieces(source: Source, point: Point, hint: int, largest: int = _LARGEST_READ) -> Iterator[bytes]:
    """Plain pieces from `point` to the end of the object. At compressed byte `hint` the caller may lose interest."""
    members = Members(source.uri, point)
    at = point.bits >> 3
    head = b""
    if point.bits & 7:
        head = primed(point.bits & 7, source.read(at, 1)[0])
    yield from members.feed(head)
    members.offset = at = at + bool(point.bits & 7)
    for data in _reads(source, at, hint, largest):
        view = memoryview(data)
        for start in range(0, len(view), FEED):
            yield from members.feed(view[start : start + FEED])
    members.finish()


def _reads(source: Source, at: int, hint: int, largest: int) -> Iterator[bytes]:
    """All bytes from `at` on: those that are wanted for sure ahead of time, further ones little by little."""
    if hint - at > largest:
        yield from read_ahead(source, at, hint, largest)
    elif hint > at:
        yield source.read(at, hint - at)
    at, further = max(at, hint), min(_FIRST_READ, largest)
    while at < source.size:
        length = min(further, source.size - at)
        yield source.read(at, length)
        at, further = at + length, min(further * 2, largest)


def read_ahead(source: Source, start: int, stop: int, block_size: int, ahead: int = AHEAD) -> Iterator[bytes]:
    """Consecutive blocks of [start, stop); `ahead` more are being fetched while the caller works on one."""
    pool = ThreadPoolExecutor(ahead, thread_name_prefix="gzip-read")
    coming: deque[Future[bytes]] = deque()
    try:
        for block in blocks(start, stop, block_size):
            coming.append(pool.submit(source.read, *block))
            if len(coming) > ahead:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:
        # Nobody waits for blocks that are not wanted any more.
        pool.shutdown(wait=False, cancel_futures=True)


def plain_head(data: bytes, most: int) -> bytes:
    """Up to `most` plain bytes of a gzip object that begins with `data`; what is damaged or cut off is left out."""
    members = Members("the beginning")
    head = bytearray()
    with suppress(FormatError):
        for start in range(0, len(data), FEED):
            for piece in members.feed(data[start : start + FEED]):
                head += piece
                if len(head) >= most:
                    return bytes(head[:most])
    return bytes(head) or _first_plain(data, most)


def _first_plain(data: bytes, most: int) -> bytes:
    """The plain bytes before the place where the first member is damaged; its checksum is not looked at."""
    head = b""
    with suppress(ValueError, zlib.error):
        inflate = zlib.decompressobj(wbits=-15)
        for start in range(header_length(data) or len(data), len(data), _FEW):
            head += inflate.decompress(data[start : start + _FEW], most)
            if len(head) >= most or inflate.eof:
                break
    return head[:most]
