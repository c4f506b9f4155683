"""The plain bytes of a gzip object as a Source, so that any plain format can be read over it."""

from __future__ import annotations

import os
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from threading import Lock
from typing import Any, Protocol

import numpy as np

from ..errors import FormatError
from ..in_order import in_order
from ..room import Room
from ..source import Range, Source, blocks, check_range
from .gzip_members import PIECE, Members, Point, header_length
from .gzip_points import Points, primed

LOOK_BACK = 1 << 20
SUFFIXES = (".gz", ".bgz", ".bgzf", ".gzip")
AHEAD = 3
"""Reads under way while one block is decoded: one connection to S3 is slower than a decoder."""

FEED = 64 << 10
"""Compressed bytes of the beginning that tell what an object is."""

WHOLE = 8 << 20
"""Plain bytes that are decoded as one piece where they are asked for as one."""

APART = 8 << 20
"""Plain bytes from one access point on that are worth a thread of their own."""

_CURSORS = 4
_FEW = 64
_MOST_ROOM = 256 << 20
_MOST_THREADS = 4
_FIRST_READ = 256 << 10
_SMALLEST_READ = 1 << 10
_LARGEST_READ = 4 << 20


class Pieces(Protocol):
    """Where plain bytes come from."""

    def pull(self, most: int) -> bytes | None:
        """The next plain bytes, `most` of them if that can be had as one piece; None at the end."""
        ...


class Forward:
    """Plain pieces that come one after another, to read by offset: forwards, and as far back as `keep` bytes.

    Whoever reads from it alone may use it; it takes no lock.
    """

    def __init__(self, pieces: Pieces, start: int, keep: int = LOOK_BACK) -> None:
        self._pieces = pieces
        self._keep = keep
        self._held: deque[bytes] = deque()
        self.start = start
        self.end = start
        self.finished = False

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`, fewer at the end. `offset` must not lie before `start`."""
        if length > WHOLE:
            # No more room at once, in case the length is not true.
            whole = [self._read_room(*block) for block in blocks(offset, offset + length, _MOST_ROOM)]
            return whole[0] if len(whole) == 1 else b"".join(whole)
        parts = list(self._parts(offset, offset + length, WHOLE))
        return bytes(parts[0]) if len(parts) == 1 else b"".join(parts)

    def _read_room(self, offset: int, length: int) -> bytes:
        room = Room(length)
        return room.taken(self.read_into(offset, room.view))

    def read_into(self, offset: int, target: memoryview) -> int:
        """The same, to `target`; how many bytes there were."""
        done = 0
        for part in self._parts(offset, offset + len(target), PIECE):
            target[done : done + len(part)] = part
            done += len(part)
        return done

    def step(self) -> bool:
        """Let one piece go by; False at the end."""
        more = self._pull(PIECE)
        self._forget(self.end)
        return more

    def _parts(self, offset: int, stop: int, longest: int) -> Iterator[bytes | memoryview]:
        """The bytes [offset, stop) in pieces; a piece that is wanted whole is given as it is."""
        at = self.start
        for piece in self._held:
            if at + len(piece) > offset and at < stop:
                yield _within(piece, offset - at, stop - at)
            at += len(piece)
        while self.end < stop:
            # Pieces that end where the bytes begin and end need not be cut.
            if not self._pull(min(offset - self.end, PIECE) if self.end < offset else min(stop - self.end, longest)):
                break
            at = self.end - len(self._held[-1])
            if self.end > offset:
                yield _within(self._held[-1], offset - at, stop - at)
            self._forget(min(stop, self.end) - self._keep)
        self._forget(min(stop, self.end) - self._keep)

    def _pull(self, most: int) -> bool:
        piece = self._pieces.pull(most)
        if piece is None:
            self.finished = True
            return False
        self._held.append(piece)
        self.end += len(piece)
        return True

    def _forget(self, before: int) -> None:
        while self._held and self.start + len(self._held[0]) <= before:
            self.start += len(self._held.popleft())


def _within(piece: bytes, start: int, stop: int) -> bytes | memoryview:
    return piece if start <= 0 and stop >= len(piece) else memoryview(piece)[max(0, start) : stop]


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
        edges = self._edges(offset, offset + length)
        if len(edges) > 2 and length <= _MOST_ROOM:
            return self._read_apart(edges)
        cursor = self._cursor(offset, offset + length)
        data = cursor.read(offset, length)
        self._put_back(cursor, len(data) == length)
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

    def _edges(self, offset: int, stop: int) -> list[int]:
        """Plain offsets between which threads decode apart from one another: access points, and both ends."""
        edges = [offset]
        if stop - offset >= 2 * APART and _threads() > 1:
            near = np.searchsorted(self._points.plain, (offset + APART, stop - APART), side="left").tolist()
            for plain in self._points.plain[near[0] : near[1] + 1].tolist():
                if plain - edges[-1] >= APART and stop - plain >= APART:
                    edges.append(plain)
        return [*edges, stop]

    def _read_apart(self, edges: Sequence[int]) -> bytes:
        room = Room(edges[-1] - edges[0])

        def fill(start: int, stop: int) -> None:
            with room.view[start - edges[0] : stop - edges[0]] as target:
                cursor = self._cursor(start, stop)
                self._put_back(cursor, cursor.read_into(start, target) == stop - start)

        with ThreadPoolExecutor(_threads(), thread_name_prefix="gzip-part") as pool:
            parts = [pool.submit(fill, start, stop) for start, stop in pairwise(edges)]
            try:
                for part in parts:
                    part.result()
            finally:
                for part in parts:
                    part.cancel()
        return room.taken()

    def _put_back(self, cursor: Forward, whole: bool) -> None:
        if not whole:
            raise FormatError(
                f"{self._inner.uri} holds {cursor.end} plain bytes and {self._size} were expected; partition it again"
            )
        with self._lock:
            self._idle.append(cursor)
            del self._idle[:-_CURSORS]

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
        return Forward(PointPieces(self._inner, point, hint, self._largest), point.plain)


def _threads() -> int:
    return min(_MOST_THREADS, os.cpu_count() or 1)


class PointPieces:
    """Plain pieces from `point` to the end of the object. At compressed byte `hint` the caller may lose interest."""

    def __init__(self, source: Source, point: Point, hint: int, largest: int = _LARGEST_READ) -> None:
        self._members = Members(source.uri, point)
        self._pieces = _decoded(self._members, source, point, hint, largest)

    def pull(self, most: int) -> bytes | None:
        self._members.limit = max(1, most)
        return next(self._pieces, None)


# Not a method: with a reference to its owner it would outlive it, and so would the reads under way.
def _decoded(members: Members, source: Source, point: Point, hint: int, largest: int) -> Iterator[bytes]:
    skip = point.bits & 7
    for data in _reads(source, point.bits >> 3, hint, largest):
        view = memoryview(data)
        if skip:
            yield from members.feed(primed(skip, data[0]))
            members.offset = (point.bits >> 3) + 1
            view, skip = view[1:], 0
        yield from members.feed(view)
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
    return in_order(lambda block: source.read(*block), blocks(start, stop, block_size), ahead, "gzip-read")


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
