"""One pass over a gzip object: plain bytes for whoever scans them, access points on the way, every checksum proved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import Full, Queue
from threading import Event, Thread

from ..errors import FormatError
from ..source import Range, Source, check_range
from .base import KeepingRun
from .gzip_members import PIECE, WINDOW, Members, Point, Rest, engine
from .gzip_points import Passage, find_point, primed
from .gzip_source import Forward, PointPieces, plain_head, plain_name, read_ahead

MEMBER_SPACING = 64 << 10
"""Compressed bytes between access points at the beginnings of members, which cost nothing."""

FEED = 256 << 10
"""Compressed bytes that a decoder is fed at once; between two feeds it is seen whether an access point is due."""

_HEAD = 64 << 10
_PLAIN_SPACING = 64 << 20
_SEARCH_FEED = 16 << 10
_SEARCHED = 256 << 10
_MOST_PLAIN = 16 << 20
_QUEUED = 24
_HEAD_KEPT = 1 << 20
_NOTE = "access point"
_KEPT = 8 << 20
_SMALLEST_READ, _LARGEST_READ = 1 << 10, 4 << 20


def guessed_size(source: Source) -> int:
    """The plain size if there is one member, modulo 4 GiB as its end tells and the ratio of its beginning suggests."""
    if source.size < 18:
        return 0
    told = int.from_bytes(source.read(source.size - 4, 4), "little")
    head = source.read(0, min(_HEAD, source.size))
    likely = len(plain_head(head, 64 << 20)) * source.size // len(head)
    return told + max(0, round((likely - told) / (1 << 32))) * (1 << 32)


def spacing_for(size: int) -> int:
    """Compressed bytes between access points within a member: a 32nd of it, at most 4 MiB, at most 2,048 points."""
    return max(size // 2048, min(4 << 20, max(size // 32, 512 << 10)))


@dataclass(frozen=True)
class Stage:
    """An access point; the search for the next goes on from `clear`, and was last `tried` at (compressed, plain)."""

    rest: Rest
    tried: tuple[int, int]
    clear: int


class Survey:
    """Access points of the members that pass by; the same for the same object, however it is read.

    `before` are the stages up to the one that the members go on from.
    """

    def __init__(self, members: Members, size: int, spacing: int | None = None, before: Sequence[Stage] = ()) -> None:
        self._members = members
        self._spacing = spacing or spacing_for(size)
        self._member_spacing = max(min(MEMBER_SPACING, self._spacing), size // 65536)
        self._stages: list[Stage | Future[Stage | None]] = list(before)
        self._last = before[-1].rest.point if before else None
        self._search = ThreadPoolExecutor(1, thread_name_prefix="gzip-points")
        self._tried, self._clear = (before[-1].tried, before[-1].clear) if before else ((0, 0), 0)
        self._member_plain = before[-1].rest.point.plain - before[-1].rest.length if before else 0
        self._recent = (before[-1].rest.point.window or b"") if before else b""
        self._passage: list[bytes] | None = None
        self._plain: list[bytes] = []
        self._ends: list[tuple[int, int]] = []
        self._start = Rest(Point())
        self._settled = len(before)
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
            self._fed(now)
            data = data[len(now) :]

    def points(self) -> list[Point]:
        """All access points; waits for searches that are under way."""
        self._search.shutdown()
        found = [stage.result() if isinstance(stage, Future) else stage for stage in self._stages]
        return [stage.rest.point for stage in found if stage is not None]

    def settled(self) -> list[Stage]:
        """Stages that nobody has been told of yet, in order, as far as they are known; for one thread at a time."""
        stages: list[Stage] = []
        while self._settled < len(self._stages):
            stage = self._stages[self._settled]
            if isinstance(stage, Future):
                if not stage.done():
                    break
                found = stage.result()
            else:
                found = stage
            self._settled += 1
            stages += [found] if found is not None else []
        return stages

    def close(self) -> None:
        """Give up."""
        self._search.shutdown(cancel_futures=True)

    def _began(self, offset: int, plain: int) -> None:
        """A member begins: a place that needs no window, and none before it can be reached any more."""
        if self._last is None or offset - (self._last.bits >> 3) >= self._member_spacing:
            self._last = Point(offset * 8, plain)
            self._tried = (offset, plain)
            members = self._members
            rest = Rest(self._last, count=members.count, bgzf=members.bgzf)
            self._stages.append(Stage(rest, self._tried, offset))
        self._member_plain = plain
        self._recent = b""
        self._passage = None

    def _fed(self, data: memoryview) -> None:
        members = self._members
        if self._passage is not None:
            self._passage.append(bytes(data))
            if members.offset % _SEARCH_FEED == 0:
                self._ends.append((members.offset, members.plain))
                began = self._tried
                if members.offset - began[0] >= _SEARCHED or members.plain - began[1] >= _MOST_PLAIN:
                    self._look()
        elif members.offset % FEED == 0 and members.inside and members.offset >= self._clear:
            far = members.offset - self._tried[0] >= self._spacing
            if far or members.plain - self._tried[1] >= _PLAIN_SPACING:
                self._tried = (members.offset, members.plain)
                self._start = members.rest(Point(members.offset * 8, members.plain))
                self._passage, self._plain, self._ends = [], [self._recent], []

    def _look(self) -> None:
        passage = Passage(
            self._tried[0],
            b"".join(self._passage or ()),
            self._ends,
            b"".join(self._plain),
            self._tried[1] - len(self._plain[0]),
            self._member_plain,
        )
        self._passage = None
        if self._stages and isinstance(self._stages[-1], Future):
            # One search at a time: a passage may hold many megabytes.
            self._stages[-1].result()
        begun = Stage(self._start, self._tried, self._members.offset)
        self._stages.append(self._search.submit(_found, passage, begun))


def _found(passage: Passage, begun: Stage) -> Stage | None:
    """The stage at the first access point in the passage, which began with `begun`."""
    point = find_point(passage)
    if point is None:
        return None
    start, stop = begun.rest.point.plain - passage.plain_offset, point.plain - passage.plain_offset
    # An access point never lies before the passage, but the plain bytes that it gives are at hand from there on only.
    crc = engine().crc(passage.plain[start:stop], begun.rest.crc)
    rest = replace(begun.rest, point=point, crc=crc, length=begun.rest.length + stop - start)
    return replace(begun, rest=rest)


class Pass:
    """The plain bytes of `source`, decoded once by a thread of their own, as a Source to be read in ascending order.

    `size` is a guess unless it is `sure`. What contradicts it, or a read too far behind, raises NotStreamable; then
    `finish` tells the true size and the access points all the same. `close` it in any case. Where a scan was broken
    off, `notes` tell from which access points the decoding can go on: it begins at the last one before the first
    bytes that are read.
    """

    def __init__(
        self,
        source: Source,
        size: int,
        block_size: int,
        *,
        sure: bool = False,
        spacing: int | None = None,
        notes: KeepingRun | None = None,
    ) -> None:
        self._source = source
        self._size = size
        self._sure = sure
        self._block_size = min(max(block_size, _SMALLEST_READ), _LARGEST_READ)
        self._spacing = spacing
        self._notes = notes
        self._known = _stages_of(notes) if notes else []
        self._noted = 0
        self._queue: Queue[bytes | None] = Queue(_QUEUED)
        self._stop = Event()
        self._error: Exception | None = None
        self._ended = False
        self._head = b""
        self._grid = 0
        self._beginning: Forward | None = None
        self.unfit = False
        """Whether something was asked for that one pass cannot give."""
        self.members = Members(source.uri)
        self._thread: Thread | None = None
        if not self._known:
            self._begin(0)

    def _begin(self, plain: int) -> None:
        """Decode, from the last place before `plain` where that can go on."""
        before = [stage for stage in self._known if stage.rest.point.plain <= plain]
        self._noted = len(before)
        start = before[-1].rest if before else None
        self.members = Members(self._source.uri, rest=start)
        self._survey = Survey(self.members, self._source.size, self._spacing, before)
        self._forward = Forward(self, self.members.plain, keep=_KEPT)
        self._thread = Thread(target=self._decode, args=(start.point if start else Point(),), daemon=True)
        self._thread.name = "gzip-decode"
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
        if self._known and offset + length <= _HEAD_KEPT:
            return self._read_beginning(offset, length)
        if self._thread is None:
            self._begin(offset)
        if offset < self._forward.start:
            raise self._unfit(f"byte {offset} of {self.uri} has gone by")
        if length >= PIECE:
            self._grid = (offset + length) % PIECE
        data = self._forward.read(offset, length)
        self._note()
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
        if self._thread is None:
            self._begin(self._known[-1].rest.point.plain)
        while self._forward.step():
            self._note()
            told()
        if self._thread is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error
        return self._forward.end, self._survey.points()

    def close(self) -> None:
        """Stop decoding, wherever it stands."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=0.5)
            self._survey.close()

    def pull(self, most: int) -> bytes | None:
        """The next plain bytes; None at the end, where an error of the decoder is raised."""
        piece = None if self._ended else self._queue.get()
        if piece is not None:
            if self._forward.end == len(self._head) < _HEAD_KEPT:
                self._head += piece[: _HEAD_KEPT - len(self._head)]
            return piece
        self._ended = True
        if self._error is not None:
            raise self._error
        return None

    def _read_beginning(self, offset: int, length: int) -> bytes:
        """The beginning, which this pass will not decode."""
        if self._beginning is None:
            pieces = PointPieces(self._source, Point(), 0, self._block_size)
            self._beginning = Forward(pieces, 0, keep=_HEAD_KEPT)
        return self._beginning.read(offset, length)

    def _note(self) -> None:
        """Keep the access points that were found meanwhile."""
        if self._notes is not None:
            for stage in self._survey.settled():
                self._notes.note(f"{_NOTE} {self._noted}", stage)
                self._noted += 1

    def _decode(self, start: Point) -> None:
        try:
            self.members.limit = self._room()
            for data in self._compressed(start):
                for piece in self._survey.feed(data):
                    if not self._put(piece):
                        return
                    self.members.limit = self._room()
            self.members.finish()
        except Exception as error:  # noqa: BLE001 - whoever reads raises it
            self._error = error
        self._put(None)

    def _compressed(self, start: Point) -> Iterator[memoryview]:
        """All bytes from `start` on, the first one ready to be entered at its bit."""
        skip = start.bits & 7
        for data in read_ahead(self._source, start.bits >> 3, self._source.size, self._block_size):
            view = memoryview(data)
            if skip:
                # A chain of empty blocks gives nothing, and nobody but the decoder may count it.
                if any(self.members.feed(primed(skip, data[0]))):
                    raise FormatError(f"{self.uri} cannot be entered at bit {start.bits}; index it again")
                self.members.offset = (start.bits >> 3) + 1
                view, skip = view[1:], 0
            yield view

    def _room(self) -> int:
        """Plain bytes up to the end of the block that is read next, so that it need not be put together."""
        return PIECE - (self.members.plain - self._grid) % PIECE

    def _put(self, piece: bytes | None) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(piece, timeout=0.05)
            except Full:
                continue
            return True
        return False


def _stages_of(notes: KeepingRun) -> list[Stage]:
    """What was noted, up to the first that is missing."""
    stages: list[Stage] = []
    while isinstance(stage := notes.noted(f"{_NOTE} {len(stages)}"), Stage):
        stages.append(stage)
    return stages


class NotStreamable(FormatError):
    """The guess of the plain size was wrong, or the reader went back: the object must be read a second time."""
