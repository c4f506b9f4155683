"""Reading a slice of points: its chunks fetched and decoded, its points chosen; and a LAS file made of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import FormatError
from ..models import Slice
from ..source import Source, blocks
from .copc_octree import octree_of
from .las_grid import Box
from .las_header import EVLR_HEADER, Head, Vlr
from .las_layout import WINDOW, Layout, chunk_points, layout_of, rows, xy
from .laz_chunks import Bytes, Ints

LARGEST_EVLR = 1 << 20
_DROPPED = (b"copc", b"laszip encoded")
_WAVES = 65535


def slice_parts(source: Source, layout: Layout, shared: Mapping[str, Any], piece: Slice) -> Iterator[Bytes]:
    """The points of a slice as (n, record) bytes, a window at a time."""
    record = layout.head.record
    if piece.records == 0:
        return
    if "first" not in piece.details:
        for offset, length in piece.ranges:
            for at, size in blocks(offset, offset + length, max(1, WINDOW // record) * record):
                yield np.frombuffer(source.read(at, size), dtype=np.uint8).reshape(-1, record)
        return
    limits = piece.details.get("tile") or shared.get("box")
    box = Box.of(limits) if limits else None
    skip, left = piece.details.get("skip", 0), piece.records
    for _, points in chunk_points(source, layout, _numbers(source, layout, shared, piece, box)):
        if box is not None:
            points = rows(points, box.mask(*xy(points)))
        part = points[skip : skip + left]
        skip -= min(skip, len(points))
        left -= len(part)
        yield part
        if not left:
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


def read_points(source: Source, layout: Layout, shared: Mapping[str, Any], piece: Slice) -> Bytes:
    """All points of a slice. FormatError when the object does not hold as many as the index counted."""
    out = np.empty((piece.records, layout.head.record), dtype=np.uint8)
    at = 0
    for part in slice_parts(source, layout, shared, piece):
        out[at : at + len(part)] = part
        at += len(part)
    if at != piece.records:
        raise FormatError(f"slice {piece.number} of {source.uri} holds {at:,} points, not {piece.records:,}: damaged")
    return out


def count_points(source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
    """Points of a slice, counted by decoding them a window at a time."""
    return sum(len(part) for part in slice_parts(source, layout_of(source), shared, piece))


def piece_file(source: Source, head: Head, points: Bytes) -> tuple[bytes, bytes]:
    """What stands before and after `points` in an uncompressed LAS file of them alone.

    The header and its records are the object's own, byte by byte, with counts, bounds and offsets of the piece. Left
    out are what tells of compression or of an octree, waveform packets, and extended records over LARGEST_EVLR.
    """
    kept = [head.raw[v.at : v.data_at + v.length] for v in head.vlrs if v.user_id not in _DROPPED]
    last = head.vlrs[-1].data_at + head.vlrs[-1].length if head.vlrs else head.header_size
    evlrs = _kept_evlrs(source, head)
    raw = bytearray(head.raw[: head.header_size])
    tail = head.raw[last:]
    points_at = len(raw) + sum(map(len, kept)) + len(tail)
    struct.pack_into("<II", raw, 96, points_at, len(kept))
    raw[25], raw[104] = head.minor, head.point_format
    _put_counts(raw, head, points)
    _put_bounds(raw, head, points)
    if head.minor >= 3:
        struct.pack_into("<Q", raw, 227, 0)
    if head.minor >= 4:
        at = points_at + points.size if evlrs else 0
        struct.pack_into("<QI", raw, 235, at, len(evlrs))
    return b"".join([bytes(raw), *kept, tail]), b"".join(evlrs)


def _kept_evlrs(source: Source, head: Head) -> list[bytes]:
    def wanted(vlr: Vlr) -> bool:
        waves = vlr.user_id == b"LASF_Spec" and vlr.record_id == _WAVES
        return vlr.user_id not in _DROPPED and not waves and vlr.length <= LARGEST_EVLR

    return source.read_many([(v.at, EVLR_HEADER + v.length) for v in head.evlrs if wanted(v)])


def _put_counts(raw: bytearray, head: Head, points: Bytes) -> None:
    count = len(points)
    returns = np.bincount(points[:, 14] & (15 if head.point_format >= 6 else 7), minlength=16)[1:].tolist()
    old = count if head.point_format < 6 and count < 1 << 32 else 0
    struct.pack_into("<6I", raw, 107, old, *(returns[:5] if old else (0,) * 5))
    if head.minor >= 4:
        struct.pack_into("<16Q", raw, 247, count, *returns[:15])


def _put_bounds(raw: bytearray, head: Head, points: Bytes) -> None:
    bounds: list[float] = []
    for axis in range(3):
        if not len(points):
            bounds += [0.0, 0.0]
            continue
        values = points[:, 4 * axis : 4 * axis + 4].view("<i4")
        scale, offset = head.scales[axis], head.offsets[axis]
        bounds += sorted((int(end) * scale + offset for end in (values.min(), values.max())), reverse=True)
    struct.pack_into("<6d", raw, 179, *bounds)
