"""Where the points of a file stand: chunks of a LAZ file, or runs of points of a LAS file; and their bytes read."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..errors import FormatError
from ..source import Source
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


def chunk_points(source: Source, layout: Layout, numbers: Ints, *, places: bool = False) -> Iterator[tuple[int, Bytes]]:
    """(chunk, points) for each of `numbers` in order, points as (n, record) bytes; a large chunk comes in pieces.

    Holds about WINDOW bytes of decoded points at once, and one chunk's compressed bytes where that is larger. With
    `places` only X and Y are sure to be right.
    """
    table, record = layout.table, layout.head.record
    window: list[int] = []
    held = 0
    for number in (int(n) for n in numbers):
        size = max(int(table.counts[number]) * record, int(table.lengths[number]))
        if window and held + size > WINDOW:
            yield from _window(source, layout, window, places)
            window, held = [], 0
        window.append(number)
        held += size
    if window:
        yield from _window(source, layout, window, places)


def _window(source: Source, layout: Layout, window: list[int], places: bool) -> Iterator[tuple[int, Bytes]]:
    table, record, laszip = layout.table, layout.head.record, layout.laszip
    counts = [int(table.counts[n]) for n in window]
    chunks = source.read_many([(int(table.offsets[n]), int(table.lengths[n])) for n in window])
    if laszip is None:
        for number, data in zip(window, chunks, strict=True):
            yield number, np.frombuffer(data, dtype=np.uint8).reshape(-1, record)
        return
    if len(window) == 1 and counts[0] * record > WINDOW:
        step = WINDOW // record
        for piece in decode_pieces(source.uri, laszip, record, chunks[0], counts[0], step, places=places):
            _one_channel(source.uri, layout, piece)
            yield window[0], piece
        return
    points = decode_chunks(source.uri, laszip, record, chunks, counts, places=places)
    _one_channel(source.uri, layout, points)
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


def rows(points: Bytes, mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Bytes:
    """The points where `mask` is true."""
    whole = points.view(f"V{points.shape[1]}")[:, 0]
    return whole[mask].view(np.uint8).reshape(-1, points.shape[1])


def positive_scales(uri: str, head: Head) -> None:
    """Refuse to choose by coordinates where integers do not grow with them."""
    if not all(np.isfinite((*head.scales[:2], *head.offsets[:2]))) or min(head.scales[:2]) <= 0:
        raise FormatError(f"{uri} has scales {head.scales[:2]}: points cannot be chosen by their coordinates")
