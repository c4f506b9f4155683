"""Reading a slice of points: its chunks fetched and decoded, its points chosen; and a LAS file made of them."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import FormatError
from ..models import Slice
from ..source import Source, blocks
from .copc_octree import octree_of
from .las_grid import Box
from .las_header import EVLR_HEADER, Head, Vlr
from .las_layout import WINDOW, Layout, ahead, chunk_points, inside, layout_of
from .laz_chunks import Bytes, Ints

LARGEST_EVLR = 1 << 20
_DROPPED = (b"copc", b"laszip encoded")
_WAVES = 65535
_BLOCK = 8192
_LEAST, _MOST = 1 << 20, 32 << 20


def slice_parts(
    source: Source, layout: Layout, shared: Mapping[str, Any], piece: Slice, out: Bytes | None = None
) -> Iterator[Bytes]:
    """The points of a slice as (n, record) bytes, a window at a time.

    Where that can be they are decoded to their place in `out`, which holds all points of the slice; then a part is the
    view of it.
    """
    record = layout.head.record
    if piece.records == 0:
        return
    if "first" not in piece.details:
        for offset, length in piece.ranges:
            step = max(1, min(WINDOW, max(_LEAST, length // 8)) // record) * record
            for _, data in ahead(lambda place: source.read(*place), blocks(offset, offset + length, step), 3):
                yield np.frombuffer(data, dtype=np.uint8).reshape(-1, record)
        return
    limits = piece.details.get("tile") or shared.get("box")
    box = Box.of(limits) if limits else None
    skip, at = piece.details.get("skip", 0), 0

    def room(count: int) -> Bytes | None:
        fits = out is not None and box is None and skip == 0 and at + count <= len(out)
        return out[at : at + count] if out is not None and fits else None

    size = WINDOW if out is None or box else min(_MOST, max(WINDOW, out.nbytes // 4))
    numbers = _numbers(source, layout, shared, piece, box)
    for _, points in chunk_points(source, layout, numbers, room=room, size=size):
        if box is not None:
            points = inside(points, box)
        part = points[skip : skip + piece.records - at]
        skip -= min(skip, len(points))
        at += len(part)
        yield part
        if at == piece.records:
            return


def _numbers(source: Source, layout: Layout, shared: Mapping[str, Any], piece: Slice, box: Box | None) -> Ints:
    """Chunks to decode: those that the ranges touch, less those that an octree rules out."""
    first, last = piece.details["first"], piece.details["last"]
    numbers = np.arange(first, last + 1)
    starts = layout.table.offsets[numbers]
    stops = starts + layout.table.lengths[numbers]
    begins = np.array([offset for offset, _ in piece.ranges], dtype=np.int64)
    ends = np.array([offset + length for offset, length in piece.ranges], dtype=np.int64)
    # A chunk is touched when a range that begins before its end reaches beyond its start.
    place = np.searchsorted(begins, stops, side="left") - 1
    wanted = (place >= 0) & (ends[place.clip(0)] > starts) if len(begins) else np.zeros(len(numbers), dtype=np.bool_)
    wanted[0] = wanted[-1] = True
    if shared.get("octree"):
        wanted &= octree_of(source, layout).chosen(layout.head, shared.get("level"), box)[numbers]
    chosen: Ints = numbers[wanted]
    return chosen


def read_points(
    source: Source, layout: Layout, shared: Mapping[str, Any], piece: Slice, into: Bytes | None = None
) -> Bytes:
    """All points of a slice, in `into` if given. FormatError when there are not as many as the index counted."""
    out = np.zeros((piece.records, layout.head.record), dtype=np.uint8) if into is None else into
    at = 0
    for part in slice_parts(source, layout, shared, piece, out):
        place = out[at : at + len(part)]
        if part.ctypes.data != place.ctypes.data:
            place[:] = part
        at += len(part)
    if at != piece.records:
        raise FormatError(f"slice {piece.number} of {source.uri} holds {at:,} points, not {piece.records:,}: damaged")
    return out


def count_points(source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
    """Points of a slice, counted by decoding them a window at a time."""
    return sum(len(part) for part in slice_parts(source, layout_of(source), shared, piece))


@dataclass(frozen=True)
class Around:
    """What stands around the points in an uncompressed LAS file of some of an object's points alone.

    The header and its records are the object's own, byte by byte, with counts, bounds and offsets of the piece. Left
    out are what tells of compression or of an octree, waveform packets, and extended records over LARGEST_EVLR.
    """

    head: Head
    records: bytes
    number: int
    evlrs: tuple[bytes, ...]

    @property
    def points_at(self) -> int:
        """Bytes before the points."""
        return self.head.header_size + len(self.records)

    @property
    def after(self) -> bytes:
        """What stands after the points."""
        return b"".join(self.evlrs)

    def before(self, points: Bytes) -> bytes:
        """What stands before `points`."""
        head = self.head
        raw = bytearray(head.raw[: head.header_size])
        struct.pack_into("<II", raw, 96, self.points_at, self.number)
        raw[25], raw[104] = head.minor, head.point_format
        _put_counts(raw, head, points)
        if head.minor >= 3:
            struct.pack_into("<Q", raw, 227, 0)
        if head.minor >= 4:
            at = self.points_at + points.size if self.evlrs else 0
            struct.pack_into("<QI", raw, 235, at, len(self.evlrs))
        return bytes(raw) + self.records


def around(source: Source, head: Head) -> Around:
    """What stands around points of `source`."""
    kept = [head.raw[v.at : v.data_at + v.length] for v in head.vlrs if v.user_id not in _DROPPED]
    last = head.vlrs[-1].data_at + head.vlrs[-1].length if head.vlrs else head.header_size
    records = b"".join([*kept, head.raw[last:]])
    return Around(head, records, len(kept), tuple(_kept_evlrs(source, head)))


def file_of(source: Source, layout: Layout, shared: Mapping[str, Any], piece: Slice) -> bytes:
    """An uncompressed LAS file of the points of a slice, put together where it stays."""
    frame, record = around(source, layout.head), layout.head.record
    start, size = frame.points_at, piece.records * record
    # While the buffer alone holds these bytes, they can be written to without a copy.
    file = io.BytesIO(bytes(start + size + len(frame.after)))
    whole = np.frombuffer(file.getbuffer(), dtype=np.uint8)
    points = whole[start : start + size].reshape(-1, record)
    read_points(source, layout, shared, piece, points)
    whole[:start] = np.frombuffer(frame.before(points), dtype=np.uint8)
    whole[start + size :] = np.frombuffer(frame.after, dtype=np.uint8)
    del whole, points
    return file.getvalue()


def _kept_evlrs(source: Source, head: Head) -> list[bytes]:
    def wanted(vlr: Vlr) -> bool:
        waves = vlr.user_id == b"LASF_Spec" and vlr.record_id == _WAVES
        return vlr.user_id not in _DROPPED and not waves and vlr.length <= LARGEST_EVLR

    return source.read_many([(v.at, EVLR_HEADER + v.length) for v in head.evlrs if wanted(v)])


def _put_counts(raw: bytearray, head: Head, points: Bytes) -> None:
    """Counts by return, and bounds."""
    count, found = len(points), np.zeros(16, dtype=np.int64)
    ends: list[list[int]] = [[], [], []]
    # Blocks that stay in the processor's cache, since they are passed over seven times.
    for at in range(0, count, _BLOCK):
        block = points[at : at + _BLOCK]
        found += np.bincount(block[:, 14] & (15 if head.point_format >= 6 else 7), minlength=16)
        for axis in range(3):
            values = block[:, 4 * axis : 4 * axis + 4].view("<i4")
            ends[axis] += [int(values.min()), int(values.max())]
    returns = found[1:].tolist()
    old = count if head.point_format < 6 and count < 1 << 32 else 0
    struct.pack_into("<6I", raw, 107, old, *(returns[:5] if old else (0,) * 5))
    if head.minor >= 4:
        struct.pack_into("<16Q", raw, 247, count, *returns[:15])
    bounds: list[float] = []
    for axis in range(3):
        scale, offset = head.scales[axis], head.offsets[axis]
        of_axis = (end * scale + offset for end in (min(ends[axis]), max(ends[axis]))) if count else (0.0, 0.0)
        bounds += sorted(of_axis, reverse=True)
    struct.pack_into("<6d", raw, 179, *bounds)
