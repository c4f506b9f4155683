"""One pass over a gzip object: plain bytes for whoever scans them, access points on the way, every checksum proved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Full, Queue
from threading import Event, Thread

from ..errors import FormatError
from ..source import Range, Source, check_range
from .gzip_members import WINDOW, Members, Point
from .gzip_points import Passage, find_point
from .gzip_source import FEED, Forward, plain_head, plain_name, read_ahead

MEMBER_SPACING = 64 << 10
"""Compressed bytes between access points at the beginnings of members, which cost nothing."""

_PLAIN_SPACING = 64 << 20
_SEARCH_FEED = 16 << 10
_SEARCHED = 256 << 10
_MOST_PLAIN = 16 << 20
_QUEUED = 24
_HEAD_KEPT = 1 << 20
_KEPT = 8 << 20
_SMALLEST_READ, _LARGEST_READ = 1 << 10, 4 << 20


def guessed_size(source: Source) -> int:
    """The plain size if there is one member, modulo 4 GiB as its end tells and the ratio of its beginning suggests."""
    if source.size < 18:
        return 0
    told = int.from_bytes(source.read(source.size - 4, 4), "little")
    head = source.read(0, min(FEED, source.size))
    likely = len(plain_head(head, 64 << 20)) * source.size // len(head)
    return told + max(0, round((likely - told) / (1 << 32))) * (1 << 32)


def spacing_for(size: int) -> int:
    """Compressed bytes between access points within a member: a 32nd of it, at most 4 MiB, at most 2,048 points."""
    return max(size // 2048, min(4 << 20, max(size // 32, 512 << 10)))


class Survey:
    """Access points of the members that pass by; the same for the same object, however it is read."""

    def __init__(self, members: Members, size: int, spacing: int | None = None) -> None:
        self._members = members
        self._spacing = spacing or spacing_for(size)
        self._member_spacing = max(min(MEMBER_SPACING, self._spacing), size // 65536)
        self._points: list[Point] = []
        self._found: list[Future[Point | None]] = []
        self._search = ThreadPoolExecutor(1, thread_name_prefix="gzip-points")
        self._tried = (0, 0)
        self._member_plain = 0
        self._recent = b""
        self._passage: list[bytes] | None = None
        self._plain: list[bytes] = []
        self._ends: list[tuple[int, int]] = []
        self._start = (0, 0)
        members.began = self._began

    def feed(self, data: memoryview) -> Iterator[bytes]:
        """Plain pieces of the next compressed bytes, which are fed on a grid that no way of reading changes."""
        members = self._members
        while len(data):
            grid = FEED if self._passage is None else min(FEED, _SEARCH_FEED)
            now = data[: grid - members.offset % grid]
            for piece in members.feed(now):
                self._recent = piece[-WINDOW:] if len(piece) >= WINDOW else (self._recent + piece)[-WINDOW:]
                if self._passage is not None:
                    self._plain.append(piece)
                yield piece
            self._fed(bytes(now))
            data = data[len(now) :]

    def points(self) -> list[Point]:
        """All access points; waits for searches that are under way."""
        self._search.shutdown()
        found = [point for point in (future.result() for future in self._found) if point is not None]
        return sorted([*self._points, *found], key=lambda point: point.bits)

    def close(self) -> None:
        """Give up."""
        self._search.shutdown(cancel_futures=True)

    def _began(self, offset: int, plain: int) -> None:
        """A member begins: a place that needs no window, and none before it can be reached any more."""
        if not self._points or offset - (self._points[-1].bits >> 3) >= self._member_spacing:
            self._points.append(Point(offset * 8, plain))
            self._tried = (offset, plain)
        self._member_plain = plain
        self._recent = b""
        self._passage = None

    def _fed(self, data: bytes) -> None:
        members = self._members
        if self._passage is not None:
            self._passage.append(data)
            if members.offset % _SEARCH_FEED == 0:
                self._ends.append((members.offset, members.plain))
                if members.offset - self._start[0] >= _SEARCHED or members.plain - self._start[1] >= _MOST_PLAIN:
                    self._look()
        elif members.offset % FEED == 0 and members.inside:
            far = members.offset - self._tried[0] >= self._spacing
            if far or members.plain - self._tried[1] >= _PLAIN_SPACING:
                self._tried = self._start = (members.offset, members.plain)
                self._passage, self._plain, self._ends = [], [self._recent], []

    def _look(self) -> None:
        passage = Passage(
            self._start[0],
            b"".join(self._passage or ()),
            self._ends,
            b"".join(self._plain),
            self._start[1] - len(self._plain[0]),
            self._member_plain,
        )
        self._passage = None
        if self._found:
            # One search at a time: a passage may hold many megabytes.
            self._found[-1].result()
        self._found.append(self._search.submit(find_point, passage))


class Pass:
    """The plain bytes of `source`, decoded once by a thread of their own, as a Source to be read in ascending order.

    `size` is a guess unless it is `sure`. What contradicts it, or a read too far behind, raises NotStreamable; then
    `finish` tells the true size and the access points all the same. `close` it in any case.
    """

    def __init__(
        self, source: Source, size: int, block_size: int, *, sure: bool = False, spacing: int | None = None
    ) -> None:
        self._source = source
        self._size = size
        self._sure = sure
        self._block_size = min(max(block_size, _SMALLEST_READ), _LARGEST_READ)
        self.members = Members(source.uri)
        self._survey = Survey(self.members, source.size, spacing)
        self._queue: Queue[bytes | None] = Queue(_QUEUED)
        self._stop = Event()
        self._error: Exception | None = None
        self._head = b""
        self.unfit = False
        """Whether something was asked for that one pass cannot give."""
        self._forward = Forward(self._pieces(), 0, keep=_KEPT)
        self._thread = Thread(target=self._decode, name="gzip-decode", daemon=True)
        self._thread.start()

    @property
    def uri(self) -> str:
        return plain_name(self._source.uri)

    @property
    def etag(self) -> str:
        return self._source.etag

    @property
    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        check_range(self._size, offset, length, self.uri)
        if not self._sure and self.members.count and self.members.inside:
            raise self._unfit(f"{self.uri} has more than one member")
        if offset + length <= len(self._head):
            return self._head[offset : offset + length]
        if offset < self._forward.start:
            raise self._unfit(f"byte {offset} of {self.uri} has gone by")
        data = self._forward.read(offset, length)
        if len(data) != length:
            raise self._unfit(f"{self.uri} has {self._forward.end} plain bytes, not {self._size}")
        return data

    def _unfit(self, words: str) -> NotStreamable:
        # Noted, because a format may tell of it in an error of its own.
        self.unfit = True
        return NotStreamable(words)

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        return [self.read(offset, length) for offset, length in ranges]

    def sibling(self, suffix: str, *, replacing: str = "") -> Source:
        return self._source.sibling(suffix, replacing=replacing)

    def finish(self, told: Callable[[], None]) -> tuple[int, list[Point]]:
        """Decode the rest, calling `told` on the way; the plain size and the access points. FormatError as it comes."""
        while self._forward.step():
            told()
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._forward.end, self._survey.points()

    def close(self) -> None:
        """Stop decoding, wherever it stands."""
        self._stop.set()
        self._thread.join(timeout=0.5)
        self._survey.close()

    def _pieces(self) -> Iterator[bytes]:
        while (piece := self._queue.get()) is not None:
            if len(self._head) < _HEAD_KEPT:
                self._head += piece[: _HEAD_KEPT - len(self._head)]
            yield piece
        if self._error is not None:
            raise self._error

    def _decode(self) -> None:
        try:
            for data in read_ahead(self._source, 0, self._source.size, self._block_size):
                for piece in self._survey.feed(memoryview(data)):
                    if not self._put(piece):
                        return
            self.members.finish()
        except Exception as error:  # noqa: BLE001 - whoever reads raises it
            self._error = error
        self._put(None)

    def _put(self, piece: bytes | None) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(piece, timeout=0.05)
            except Full:
                continue
            return True
        return False


class NotStreamable(FormatError):
    """The guess of the plain size was wrong, or the reader went back: the object must be read a second time."""
