"""LAZ: the laszip record, the chunk table, and chunks decoded one by one or several at once by lazrs."""

from __future__ import annotations

import io
import multiprocessing
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, MissingExtra
from ..source import Source
from .las_header import Head

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

VARIABLE = 0xFFFFFFFF
_DENSEST = 20_000  # points a byte; two million equal points compress to 612 a byte
_FEW = 65_536
_ONE_CHUNK = 0xFFFFFFFE
_LAYERED = 3
_ITEM_SIZES = {6: 20, 7: 8, 8: 6, 9: 29, 10: 30, 11: 6, 12: 8, 13: 29}
_LAYERS = {10: 9, 11: 1, 12: 2, 13: 1}
_BYTE, _BYTE14 = 0, 14
_FIXED = struct.Struct("<HHBBHIIqqH")

_forked = False


def _after_fork() -> None:
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@dataclass(frozen=True)
class Laszip:
    """How the points are compressed: the record's own bytes, chunk size (VARIABLE: by the table), layers a chunk."""

    data: bytes
    chunk_size: int
    layers: int


@dataclass(frozen=True)
class Table:
    """Where each chunk stands and how many points it holds."""

    offsets: Ints
    lengths: Ints
    counts: Ints


def lazrs() -> Any:
    """The decoder. MissingExtra when it is not installed."""
    try:
        import lazrs as library
    except ImportError:
        raise MissingExtra("LAZ needs lazrs: pip install 'cloud-data-cockpit[geospatial]'") from None
    return library


def guarded(uri: str, doing: str, call: Callable[[], Any]) -> Any:
    """`call()`; what lazrs says of damaged bytes becomes a FormatError, its panics (a BaseException) too."""
    try:
        return call()
    except BaseException as error:
        if type(error).__name__ not in {"PanicException", "LazrsError", "OverflowError", "ValueError", "MemoryError"}:
            raise
        raise FormatError(f"{uri} is damaged: {doing} failed ({error})") from None


def read_laszip(uri: str, head: Head) -> Laszip:
    """The laszip record. FormatError when there is none, or it describes what lazrs cannot decode."""
    found = [vlr for vlr in head.vlrs if vlr.user_id == b"laszip encoded" and vlr.record_id == 22204]
    if not found:
        raise FormatError(f"{uri} is marked as compressed but has no laszip record: its header is damaged")
    data = head.content(found[0])
    if len(data) < _FIXED.size:
        raise FormatError(f"{uri} has a laszip record that is too short: its header is damaged")
    compressor, coder, _, _, _, _, chunk_size, _, _, items = _FIXED.unpack_from(data)
    if compressor == 1:
        raise FormatError(
            f"{uri} is LAZ compressed point by point without chunks, which cannot be cut and which only the laszip "
            "program reads: rewrite it with laszip or PDAL"
        )
    if compressor not in (2, _LAYERED) or coder != 0 or chunk_size == 0 or len(data) < _FIXED.size + 6 * items:
        raise FormatError(f"{uri} has a laszip record that is damaged or of an unknown kind (compressor {compressor})")
    parts = [struct.unpack_from("<HHH", data, _FIXED.size + 6 * i) for i in range(items)]
    for kind, size, _ in parts:
        if kind not in (_BYTE, _BYTE14) and _ITEM_SIZES.get(kind) != size:
            raise FormatError(f"{uri} has a laszip record with an unknown part ({kind}, {size} bytes)")
    if sum(size for _, size, _ in parts) != head.record:
        raise FormatError(f"{uri} has a laszip record whose parts do not add up to {head.record} bytes a point")
    layers = sum(size if kind == _BYTE14 else _LAYERS.get(kind, 0) for kind, size, _ in parts)
    return Laszip(data, chunk_size, layers if compressor == _LAYERED else 0)


def read_table(source: Source, head: Head, laszip: Laszip) -> Table:
    """The chunk table, checked against the header and the size of the object."""
    uri, start = source.uri, head.points_at + 8
    if head.count == 0:
        return Table(*(np.zeros(0, dtype=np.int64) for _ in range(3)))
    if start > source.size:
        raise FormatError(f"{uri} ends before its points: it was cut off, fetch it again")
    (at,) = struct.unpack("<q", source.read(head.points_at, 8))
    if at == -1:
        (at,) = struct.unpack("<q", source.read(source.size - 8, 8))
    if not start <= at <= source.size - 8:
        raise FormatError(f"{uri} has no chunk table where its header says: it was cut off, or never finished")
    if at == start:
        raise FormatError(f"{uri} has no chunk table: its writer was interrupted; rewrite it with laszip or PDAL")
    version, number = struct.unpack("<II", source.read(at, 8))
    if version != 0 or number > (at - start) // head.record + 16:
        raise FormatError(f"{uri} has a damaged chunk table: {number:,} chunks cannot be")
    data = source.read(at, min(source.size - at, 64 + 16 * number))
    library = lazrs()

    def entries() -> Ints:
        found = library.read_chunk_table_only(io.BytesIO(data), library.LazVlr(laszip.data))
        return np.array(found, dtype=np.int64).reshape(-1, 2)

    pairs: Ints = guarded(uri, "reading its chunk table", entries)
    return _checked(uri, head, laszip, pairs, start, at)


def _checked(uri: str, head: Head, laszip: Laszip, pairs: Ints, start: int, end: int) -> Table:
    """The table of the first chunks that hold the header's number of points."""
    counts, lengths = pairs[:, 0].copy(), pairs[:, 1].copy()
    if laszip.chunk_size != VARIABLE:
        counts[:] = laszip.chunk_size
    most = np.iinfo(np.int64).max // max(1, 2 * len(counts))
    if (counts < 0).any() or (lengths < 0).any() or (lengths > most).any() or lengths.sum() > end - start:
        raise FormatError(f"{uri} has a damaged chunk table: its chunks do not fit before it")
    starts = np.cumsum(counts) - counts
    counts = np.minimum(counts, head.count - starts)
    needed = int(np.searchsorted(starts, head.count))
    counts, lengths = counts[:needed], lengths[:needed]
    if counts.sum() != head.count:
        raise FormatError(
            f"{uri} promises {head.count:,} points, but its chunks hold {counts.sum():,}: it was cut off or damaged"
        )
    if (lengths[counts > 0] < head.record).any() or (counts > _FEW + _DENSEST * lengths).any():
        raise FormatError(f"{uri} has a damaged chunk table: a chunk is too short for its points")
    offsets = start + np.cumsum(lengths) - lengths
    return Table(offsets, lengths, counts)


def check_chunk(uri: str, laszip: Laszip, record: int, data: bytes | memoryview, count: int) -> None:
    """Refuse a layered chunk whose own sizes do not add up, before a decoder reserves memory for them."""
    if not laszip.layers:
        return
    head = record + 4 + 4 * laszip.layers
    if len(data) >= head:
        own, *sizes = struct.unpack_from(f"<{1 + laszip.layers}I", data, record)
        if own >= count and head + sum(sizes) <= len(data):
            return
    raise FormatError(f"{uri} is damaged: a chunk of {count:,} points does not hold what it says")


def decode_chunks(
    uri: str,
    laszip: Laszip,
    record: int,
    data: bytes,
    lengths: list[int],
    counts: list[int],
    into: Bytes | None = None,
    *,
    places: bool = False,
) -> Bytes:
    """The points of whole chunks that stand one after another in `data`, (points, record) bytes, in `into` if given.

    On several cores, except in a forked or worker process. With `places` only X, Y and the scanner channel are sure to
    be right: layered chunks are decoded no further.
    """
    out = np.zeros((sum(counts), record), dtype=np.uint8) if into is None else into
    view, ends = memoryview(data), np.cumsum(lengths).tolist()
    chunks = [view[end - length : end] for end, length in zip(ends, lengths, strict=True)]
    for chunk, count in zip(chunks, counts, strict=True):
        check_chunk(uri, laszip, record, chunk, count)
    if len(chunks) > 1 and not _forked and multiprocessing.parent_process() is None:
        library = lazrs()
        sizes = list(zip(counts, lengths, strict=True))
        guarded(
            uri,
            "decoding its points",
            lambda: library.decompress_points_with_chunk_table(
                data, laszip.data, out.reshape(-1), sizes, _selection(library, places)
            ),
        )
        return out
    at = 0
    for chunk, count in zip(chunks, counts, strict=True):
        for piece in decode_pieces(uri, laszip, record, chunk, count, count, out[at : at + count], places=places):
            at += len(piece)
    return out


def decode_pieces(
    uri: str,
    laszip: Laszip,
    record: int,
    data: bytes | memoryview,
    count: int,
    step: int,
    into: Bytes | None = None,
    *,
    places: bool = False,
) -> Iterator[Bytes]:
    """The `count` points of one chunk, `step` at a time; with `places` as `decode_chunks` does."""
    check_chunk(uri, laszip, record, data, count)
    library = lazrs()
    alone = bytearray(laszip.data)
    struct.pack_into("<I", alone, 12, _ONE_CHUNK)
    # The decoder wants a file: where its chunk table is, the chunk, and a table (version 0, one chunk, its length).
    file = io.BytesIO(b"".join([struct.pack("<q", 8 + len(data)), data, b"\0\0\0\0\1\0\0\0\4\0\0\0"]))
    decoder = guarded(
        uri, "decoding its points", lambda: library.LasZipDecompressor(file, bytes(alone), _selection(library, places))
    )
    for at in range(0, count, step):
        size = min(step, count - at)
        out = np.zeros((size, record), dtype=np.uint8) if into is None else into[at : at + size]
        guarded(uri, "decoding its points", partial(decoder.decompress_many, out.reshape(-1)))
        yield out


def _selection(library: Any, places: bool) -> Any:
    wanted = library.SELECTIVE_DECOMPRESS_XY_RETURNS_CHANNEL if places else library.SELECTIVE_DECOMPRESS_ALL
    return library.DecompressionSelection(wanted)
