"""Point clouds for tests: any point format, LAS or LAZ, with the oddities that real files have."""

from __future__ import annotations

import io
import struct
from typing import Any

import laspy
import lazrs
import numpy as np


def cloud(
    points: int,
    point_format: int = 6,
    *,
    version: str = "1.4",
    seed: int = 3,
    extra: bool = False,
    channels: bool = False,
) -> laspy.LasData:
    """Points with every byte of every dimension random but for the coordinates, which lie in a square of 10,000.

    `channels`: several scanner channels in waveform formats too, where lazrs does not give them back.
    """
    header = laspy.LasHeader(version=version, point_format=point_format)
    header.scales, header.offsets = np.array([0.01, 0.01, 0.001]), np.array([1000.0, -2000.0, 5.0])
    if extra:
        header.add_extra_dims([laspy.ExtraBytesParams("height", "f8"), laspy.ExtraBytesParams("rgbi", "4u1")])
    chance = np.random.default_rng(seed)
    size = header.point_format.size
    raw = np.frombuffer(chance.bytes(points * size), dtype=np.uint8).reshape(points, size).copy()
    if point_format in (9, 10) and not channels:
        raw[:, 15] &= 0b11001111
    raw[:, :12] = chance.integers(0, 10_000, (points, 3)).astype("<i4").view(np.uint8).reshape(points, 12)
    packed = laspy.PackedPointRecord.from_buffer(raw.reshape(-1), header.point_format)
    if "gps_time" in packed.array.dtype.names:
        packed.array["gps_time"] = np.arange(points)
    if extra:
        packed.array["height"] = np.arange(points) / 7
    return laspy.LasData(header, packed)


def las(data: laspy.LasData) -> bytes:
    """As an uncompressed file."""
    file = io.BytesIO()
    data.write(file)
    return file.getvalue()


def laz(data: laspy.LasData, chunk: int = 100, *, variable: bool = False) -> bytes:
    """As LAZ with `chunk` points a chunk; variable chunks hold 1 to `chunk` points."""
    plain = las(data)
    points_at, vlrs, form, size = struct.unpack_from("<IIBH", plain, 96)
    compress = lazrs.LazVlr.new_for_compression(form, size - laspy.PointFormat(form).size, variable)
    if not variable:
        own = bytearray(compress.record_data())
        struct.pack_into("<I", own, 12, chunk)
        compress = lazrs.LazVlr(bytes(own))
    record = compress.record_data()
    head = bytearray(plain[:points_at])
    head += struct.pack("<2x16sHH32x", b"laszip encoded", 22204, len(record)) + record
    struct.pack_into("<IIB", head, 96, len(head), vlrs + 1, form | 0x80)
    if data.header.version.minor >= 4:
        struct.pack_into("<QI", head, 235, 0, 0)
    file = io.BytesIO(bytes(head))
    file.seek(0, io.SEEK_END)
    points = np.frombuffer(plain, dtype=np.uint8, offset=points_at, count=len(data.points) * size)
    _compress(lazrs.LasZipCompressor(file, compress), points, size, chunk if variable else 0)
    return file.getvalue()


def _compress(writer: Any, points: np.ndarray[Any, Any], size: int, variable: int) -> None:
    chance = np.random.default_rng(1)
    at = 0
    while variable and at < len(points):
        step = int(chance.integers(1, variable + 1)) * size
        if at:
            writer.finish_current_chunk()
        writer.compress_many(points[at : at + step])
        at += step
    if not variable:
        writer.compress_many(points)
    writer.done()


def table_at_the_end(data: bytes) -> bytes:
    """The same LAZ file as a writer makes it that cannot go back: offset -1, and the true one in the last 8 bytes."""
    (points_at,) = struct.unpack_from("<I", data, 96)
    at = data[points_at : points_at + 8]
    return data[:points_at] + struct.pack("<q", -1) + data[points_at + 8 :] + at


def with_evlrs(data: bytes, contents: dict[tuple[bytes, int], bytes]) -> bytes:
    """A LAS 1.4 file with extended records appended."""
    out = bytearray(data)
    struct.pack_into("<QI", out, 235, len(data), len(contents))
    for (user, number), content in contents.items():
        out += struct.pack("<2x16sHQ32x", user, number, len(content)) + content
    return bytes(out)


def patched(data: bytes, layout: str, at: int, *values: Any) -> bytes:
    """`data` with `values` packed over what stands at byte `at`."""
    out = bytearray(data)
    struct.pack_into(layout, out, at, *values)
    return bytes(out)


def records(data: laspy.LasData) -> list[bytes]:
    """Every point's bytes."""
    raw, size = data.points.array.tobytes(), data.points.array.dtype.itemsize
    return [raw[at : at + size] for at in range(0, len(raw), size)]


def whole(data: bytes) -> laspy.LasData:
    """The file as laspy reads it in one piece."""
    return laspy.read(io.BytesIO(data))
