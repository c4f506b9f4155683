"""Where the points of a file stand: chunks of a LAZ file, or runs of points of a LAS file; and their bytes read."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeVar

import numpy as np

from ..errors import FormatError
from ..in_order import in_order
from ..source import Source, merge_ranges
from .las_grid import Box
from .las_header import Head, read_head
from .laz_chunks import Bytes, Ints, Laszip, Table, decode_chunks, decode_pieces, read_laszip, read_table

RUN_POINTS = 50_000
WINDOW = 8 << 20

_CACHED = 4
_LARGEST_CACHED = 4 << 20


@dataclass(frozen=True)
class Layout:
    """The header and the chunks; `laszip` is None where points are not compressed."""

    head: Head
    laszip: Laszip | None
    table: Table


Room = Callable[[int], "Bytes | None"]
T = TypeVar("T")
R = TypeVar("R")

_cache: OrderedDict[tuple[str, str], Layout] = OrderedDict()
_lock = threading.Lock()


def layout_of(source: Source) -> Layout:
    """The layout of `source`; kept for the next slice of the same object that this process reads."""
    key = (source.uri, source.etag)
    with _lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    layout = _read_layout(source)
    if layout.head.points_at <= _LARGEST_CACHED:
        with _lock:
            _cache[key] = layout
            while len(_cache) > _CACHED:
                _cache.popitem(last=False)
    return layout


def _read_layout(source: Source) -> Layout:
    head = read_head(source)
    if not head.compressed:
        return Layout(head, None, _runs(head))
    if head.count == 0:
        return Layout(head, None, _runs(head))
    laszip = read_laszip(source.uri, head)
    return Layout(head, laszip, read_table(source, head, laszip))


def _runs(head: Head) -> Table:
    """Runs of points of equal number, so that a LAS file can be worked through like a LAZ file."""
    starts = np.arange(0, head.count, RUN_POINTS, dtype=np.int64)
    counts = np.minimum(RUN_POINTS, head.count - starts)
    return Table(head.points_at + starts * head.record, counts * head.record, counts)


def chunk_points(
    source: Source, layout: Layout, numbers: Ints, *, places: bool = False, room: Room | None = None, size: int = WINDOW
) -> Iterator[tuple[int, Bytes]]:
    """(chunk, points) for each of `numbers` in order, points as (n, record) bytes; a large chunk comes in pieces.

    Holds about `size` bytes of decoded points at once, and the compressed bytes of as many before and after them; of
    one chunk where that is larger. `room` is asked where a number of points that follow may be decoded to; where it
    has none, they are decoded to a place of their own. With `places` only X and Y are sure to be right.
    """

    def stored(window: list[int]) -> bytes:
        return _stored(source, layout, window)

    windows = _windows(layout, numbers, size)
    # An index fetches several batches at once already.
    for window, data in ((w, stored(w)) for w in windows) if places else ahead(stored, windows):
        counts = [int(layout.table.counts[n]) for n in window]
        into = room(sum(counts)) if room else None
        yield from _window(source.uri, layout, window, data, into, places)


def _windows(layout: Layout, numbers: Ints, most: int) -> Iterator[list[int]]:
    """Consecutive ones of `numbers` with about `most` bytes of points."""
    table, record = layout.table, layout.head.record
    window: list[int] = []
    held = 0
    for number in (int(n) for n in numbers):
        size = max(int(table.counts[number]) * record, int(table.lengths[number]))
        if window and held + size > most:
            yield window
            window, held = [], 0
        window.append(number)
        held += size
    if window:
        yield window


def ahead(fetch: Callable[[T], R], items: Iterable[T], most: int = 2) -> Iterator[tuple[T, R]]:
    """(item, what `fetch` gives for it) in order; those that follow are fetched while one is used."""
    iterator = iter(items)
    first = list(islice(iterator, 2))
    if len(first) < 2:
        yield from ((item, fetch(item)) for item in first)
        return
    yield from in_order(lambda item: (item, fetch(item)), chain(first, iterator), most, "points", wait=True)


def _stored(source: Source, layout: Layout, window: list[int]) -> bytes:
    """The stored bytes of chunks, one after another; those that touch are fetched in one piece."""
    places = [(int(layout.table.offsets[n]), int(layout.table.lengths[n])) for n in window]
    runs = source.read_many(merge_ranges(places, gap=1, largest=source.size))
    return runs[0] if len(runs) == 1 else b"".join(runs)


def _window(
    uri: str, layout: Layout, window: list[int], data: bytes, into: Bytes | None, places: bool
) -> Iterator[tuple[int, Bytes]]:
    table, record, laszip = layout.table, layout.head.record, layout.laszip
    counts = [int(table.counts[n]) for n in window]
    if laszip is None:
        points = np.frombuffer(data, dtype=np.uint8).reshape(-1, record)
    elif len(window) == 1 and counts[0] * record > WINDOW:
        step = WINDOW // record
        for piece in decode_pieces(uri, laszip, record, data, counts[0], step, into, places=places):
            _one_channel(uri, layout, piece)
            yield window[0], piece
        return
    else:
        lengths = [int(table.lengths[n]) for n in window]
        points = decode_chunks(uri, laszip, record, data, lengths, counts, into, places=places)
        _one_channel(uri, layout, points)
    at = 0
    for number, count in zip(window, counts, strict=True):
        yield number, points[at : at + count]
        at += count


def _one_channel(uri: str, layout: Layout, points: Bytes) -> None:
    """Refuse what lazrs 0.8 does not give back as it was compressed: waveform fields of several scanner channels."""
    if layout.head.point_format in (9, 10):
        channels = points[:, 15] >> 4 & 3
        if (channels != channels[:1]).any():
            raise FormatError(
                f"{uri} is LAZ with waveforms of several scanner channels, which lazrs does not decode correctly: "
                "decompress it with laszip or PDAL and read the LAS file"
            )


def xy(points: Bytes) -> tuple[Ints, Ints]:
    """The stored integer X and Y of (n, record) bytes."""
    x, y = (points[:, at : at + 4].view("<i4")[:, 0].astype(np.int64) for at in (0, 4))
    return x, y


def inside(points: Bytes, box: Box) -> Bytes:
    """The points in `box`."""
    x, y = (points[:, at : at + 4].view("<i4")[:, 0].copy() for at in (0, 4))
    mask = box.inside(x, y)
    return points if mask.all() else rows(points, mask)


def rows(points: Bytes, mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Bytes:
    """The points where `mask` is true."""
    whole = points.view(f"V{points.shape[1]}")[:, 0]
    return whole[mask].view(np.uint8).reshape(-1, points.shape[1])


def positive_scales(uri: str, head: Head) -> None:
    """Refuse to choose by coordinates where integers do not grow with them."""
    if not all(np.isfinite((*head.scales[:2], *head.offsets[:2]))) or min(head.scales[:2]) <= 0:
        raise FormatError(f"{uri} has scales {head.scales[:2]}: points cannot be chosen by their coordinates")
