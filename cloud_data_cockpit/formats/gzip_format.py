"""Any plain format over gzip: its index beside access points, its slices with what they need to begin to decode."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest, FormatError
from ..models import Slice
from ..source import Range, Source
from .base import BLOCK_SIZE, HEAD_BYTES, Cut, Format, Index, KeepingRun, PartitionParams, Report, Run, View
from .bgzf import walk
from .gzip_index import Pass, guessed_size
from .gzip_members import MAGIC, PIECE
from .gzip_points import Points
from .gzip_source import GzipSource, plain_head, plain_name

VERSION = 1
FAR = 16 << 20
"""Plain bytes from which on a second start, with a second window, is better than decoding up to it."""

APART = 24 << 20
"""Plain bytes of a slice that take a start of their own along, so that they can be decoded by a thread of their own."""

_POINTS = "gzip."
_INNER = "plain."
_MOST_WINDOW_BYTES = 256 << 20
_NO_END = (
    "the file is BGZF without the empty block that ends one: all blocks in it are whole and correct, but if its writer "
    "was interrupted, later blocks are missing"
)


@dataclass(frozen=True)
class _Scanned:
    index: Index
    points: Points
    size: int
    facts: Mapping[str, Any]


class GzippedFormat:
    """A plain format, `inner`, over gzip: one member or many, or BGZF.

    Cuts, records and values are those of the plain format, in plain bytes; ranges of slices are of the compressed
    object. Subclass it with `inner` and register the subclass.
    """

    inner: ClassVar[Format]
    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[int]
    extensions: ClassVar[tuple[str, ...]]
    extra: ClassVar[str | None]
    params: ClassVar[type[PartitionParams]]
    strategies: ClassVar[Mapping[str, Mapping[str, str]]]
    strategy_params: ClassVar[Mapping[str, Mapping[str, Any]]]

    spacing: int | None = None
    """Compressed bytes between access points; None for what suits the size."""

    def __init_subclass__(cls) -> None:
        inner = cls.inner
        cls.name = f"{inner.name}-gz"
        cls.title = f"{inner.title}, gzip"
        cls.version = 100 * VERSION + inner.version
        cls.extensions = tuple(ending + suffix for ending in inner.extensions for suffix in (".gz", ".bgz"))
        cls.extra = inner.extra
        cls.params = inner.params
        for name in ("strategies", "strategy_params"):
            if name not in cls.__dict__:
                setattr(cls, name, getattr(inner, name, {}))

    def also_read(self, shared: Mapping[str, Any], piece: Slice) -> Iterable[Range]:
        """Plain (offset, length) outside the ranges of a plain slice that reading it needs as well.

        A header at the beginning of the object need not be named: it can always be reached. A slice cut by marks may
        hold records behind its range.
        """
        if "tail" not in piece.details:
            return ()
        offset, length = piece.ranges[-1]
        return [(offset + length, int(piece.details["tail"]))]

    def detect(self, name: str, head: bytes) -> float:
        """As sure as the plain format is of the beginning of the plain bytes; 0 when this is not gzip."""
        if head[:2] != MAGIC:
            return 0.0
        return self.inner.detect(plain_name(name), plain_head(head, HEAD_BYTES))

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        """One pass that decodes, proves every checksum, notes access points and feeds the plain format's own scan.

        FormatError when the data are cut off, damaged, or followed by something else than gzip.
        """
        told = _Progress(report, source.size)
        found = self._blocks(source, params, told, run, block_size)
        if found is None:
            found = self._members(source, params, told, run, block_size, guessed_size(source), sure=False)
        told.at(source.size)
        arrays: dict[str, NDArray[np.generic]] = {_POINTS + key: array for key, array in found.points.arrays().items()}
        arrays |= {_INNER + key: array for key, array in found.index.arrays.items()}
        return Index(
            format=self.name,
            version=self.version,
            uri=source.uri,
            etag=source.etag,
            size=source.size,
            reading=params.reading(),
            records=found.index.records,
            facts={"size": found.size, "inner": dict(found.index.facts), **found.facts},
            arrays=arrays,
        )

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        """The cut of the plain format; every slice is told where to begin to decode, and with which window."""
        inner = Index(
            format=self.inner.name,
            version=self.inner.version,
            uri=index.uri,
            etag=index.etag,
            size=int(index.facts["size"]),
            reading=index.reading,
            records=index.records,
            facts=index.facts["inner"],
            arrays=_under(_INNER, index.arrays),
        )
        cut = self.inner.partition(inner, params)
        points = Points.from_arrays(_under(_POINTS, index.arrays))
        wrap = _Wrap(points, index.size, lambda piece: self.also_read(cut.shared, piece))
        notes = (*cut.notes, _NO_END) if index.facts["bgzf"] and not index.facts["ended"] else cut.notes
        return Cut(_Wrapped(cut.slices, wrap), {"size": inner.size, "inner": dict(cut.shared)}, notes)

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> Any:
        return self.inner.read(*_plain(source, shared, piece))

    def read_bytes(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> bytes:
        """The plain bytes of the slice."""
        return self.inner.read_bytes(*_plain(source, shared, piece), header=header)

    def count(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
        return self.inner.count(*_plain(source, shared, piece))

    @property
    def views(self) -> Mapping[str, View]:
        return {name: _over_gzip(view) for name, view in self.inner.views.items()}

    # --- two ways to scan

    def _blocks(
        self, source: Source, params: PartitionParams, told: _Progress, run: Run, block_size: int
    ) -> _Scanned | None:
        """BGZF: sizes are in the headers, so that `run` can scan anywhere at once. None when it is not BGZF."""
        walked = walk(source, lambda done: told.at(done // 8), run, block_size, self.spacing)
        if walked is None:
            return None
        facts = {"members": walked.count, "bgzf": True, "ended": walked.ends_empty}
        if run is map:
            found = self._members(source, params, told, run, block_size, walked.plain, sure=True)
            return replace(found, points=walked.points, facts=facts)
        plain = GzipSource(source, walked.points, walked.plain, block_size)
        index = self.inner.index(plain, params, told.rest(), run=run, block_size=block_size)
        return _Scanned(index, walked.points, walked.plain, facts)

    def _members(
        self,
        source: Source,
        params: PartitionParams,
        told: _Progress,
        run: Run,
        block_size: int,
        guess: int,
        *,
        sure: bool,
    ) -> _Scanned:
        """Any gzip: one pass where `guess` is the plain size, else the plain format scans in a second pass."""
        kept = run if isinstance(run, KeepingRun) else None
        stream = Pass(source, guess, block_size, sure=sure, spacing=self.spacing, notes=kept)
        first, second = (kept.in_turn("first"), kept.in_turn("second")) if kept else (map, map)
        scanned = min(block_size, PIECE)
        index, failed = None, None
        try:
            try:
                index = self.inner.index(
                    stream, params, lambda done, total: told.at(stream.members.offset), run=first, block_size=scanned
                )
            except FormatError as error:
                failed = error
            # A second pass will follow where the first was of no use: leave it half of what is left.
            share = 1 if index is not None else 2
            met = stream.members.offset
            size, found = stream.finish(lambda: told.at(met + (stream.members.offset - met) // share))
        finally:
            stream.close()
        points = Points.of(found)
        if failed is not None and size == guess and not stream.unfit:
            raise failed
        if index is None or size != guess:
            again = GzipSource(source, points, size, block_size)
            index = self.inner.index(again, params, told.rest(), run=second, block_size=block_size)
        members = stream.members
        facts = {"members": members.count, "bgzf": members.bgzf, "ended": members.last_length == 0}
        return _Scanned(index, points, size, facts)


class _Progress:
    """Bytes of the compressed object that are done with; they never become fewer."""

    def __init__(self, report: Report, total: int) -> None:
        self._report = report
        self._total = total
        self._done = 0

    def at(self, done: int) -> None:
        self._done = min(self._total, max(done, self._done))
        self._report(self._done, self._total)

    def rest(self) -> Report:
        """A report of anything that covers what is left."""
        first = self._done

        def report(done: int, total: int) -> None:
            self.at(first + (self._total - first) * done // max(total, 1))

        return report


# --- slices --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wrap:
    """Makes slices of the compressed object from plain ones."""

    points: Points
    size: int
    also_read: Callable[[Slice], Iterable[Range]]

    def __call__(self, piece: Slice) -> Slice:
        starts: list[int] = []
        spans: list[tuple[int, int]] = []
        ranges = (part for held in (*piece.ranges, *self.also_read(piece)) for part in self._parts(*held))
        for offset, length in sorted(ranges):
            number = self.points.before(offset)
            begin, end = int(self.points.bits[number]) >> 3, self.points.end(number, offset + length, self.size)
            if spans and begin <= spans[-1][1]:
                if int(self.points.plain[number] - self.points.plain[starts[-1]]) < FAR:
                    spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
                    continue
                spans[-1] = (spans[-1][0], begin)
            starts.append(number)
            spans.append((begin, end))
        details = {"ranges": [list(held) for held in piece.ranges], "starts": [self._start(i) for i in starts]}
        return Slice(
            number=piece.number,
            ranges=tuple((begin, end - begin) for begin, end in spans),
            records=piece.records,
            details={**details, "inner": piece.details} if piece.details else details,
        )

    def _parts(self, offset: int, length: int) -> Iterator[Range]:
        """The range in about even parts of APART or more, cut where access points are."""
        number, held = length // APART, self.points.plain
        if number < 2 or len(held) < 2:
            return iter([(offset, length)] if length else [])
        begin, stop = int(held[self.points.before(offset)]), offset + length
        wanted = begin + np.arange(1, number, dtype=np.int64) * (stop - begin) // number
        after = np.searchsorted(held, wanted).clip(1, len(held) - 1)
        near = np.where(wanted - held[after - 1] <= held[after] - wanted, held[after - 1], held[after])
        edges = [offset, *np.unique(near[(near > offset) & (near < stop)]).tolist(), stop]
        return ((start, end - start) for start, end in pairwise(edges))

    def _start(self, number: int) -> list[Any]:
        window = self.points.packed_window(number)
        text = None if window is None else base64.b85encode(window).decode()
        return [int(self.points.bits[number]), int(self.points.plain[number]), text]


@dataclass(frozen=True)
class _Wrapped:
    """Slices wrapped as they are asked for."""

    slices: Iterable[Slice]
    wrap: _Wrap

    def __iter__(self) -> Iterator[Slice]:
        held = 0
        for piece in self.slices:
            wrapped = self.wrap(piece)
            held += sum(len(text or "") for _, _, text in wrapped.details["starts"])
            if held > _MOST_WINDOW_BYTES:
                raise BadRequest(
                    f"after {piece.number:,} slices the manifest would hold {held >> 20} MB, because a slice of one "
                    "long gzip member carries the 32 KiB before it; cut into fewer slices, or compress with bgzip"
                )
            yield wrapped


def _plain(source: Source, shared: Mapping[str, Any], piece: Slice) -> tuple[Source, Mapping[str, Any], Slice]:
    """What the plain format is given to read a slice of the compressed object."""
    try:
        starts = [
            (0, 0, None),
            *((bits, plain, text and base64.b85decode(text)) for bits, plain, text in piece.details["starts"]),
        ]
        until = [0, *_ends(piece.ranges)]
        if len(starts) > 1 and starts[1][0] == 0:
            del starts[0], until[0]
        inner = Slice(
            number=piece.number,
            ranges=tuple((offset, length) for offset, length in piece.details["ranges"]),
            records=piece.records,
            details=piece.details.get("inner", {}),
        )
        return GzipSource(source, Points.packed(starts, until), int(shared["size"])), shared["inner"], inner
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"slice {piece.number} of {source.uri} is not one of a gzip object: {error}") from None


def _ends(ranges: Sequence[Range]) -> list[int]:
    """Where the bytes end that follow one another from each of the ranges on."""
    ends = [offset + length for offset, length in ranges]
    for i in range(len(ranges) - 2, -1, -1):
        if ends[i] == ranges[i + 1][0]:
            ends[i] = ends[i + 1]
    return ends


def _over_gzip(view: View) -> View:
    @wraps(view)
    def over(source: Source, shared: Mapping[str, Any], piece: Slice) -> Any:
        return view(*_plain(source, shared, piece))

    return over


def _under(prefix: str, arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
