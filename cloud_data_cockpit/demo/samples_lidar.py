"""Small made-up point clouds: LAS, LAZ, and COPC with its octree, from a fixed seed."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCALE = 0.01
ORIGIN = (500_000.0, 4_600_000.0, 0.0)
POINT6 = np.dtype(
    [
        *((name, "<i4") for name in "XYZ"),
        ("intensity", "<u2"),
        ("returns", "u1"),
        ("flags", "u1"),
        ("classification", "u1"),
        ("user_data", "u1"),
        ("scan_angle", "<i2"),
        ("point_source_id", "<u2"),
        ("gps_time", "<f8"),
    ]
)
_ENTRY = struct.Struct("<4iQ2i")

Points = NDArray[np.void]
Key = tuple[int, int, int, int]


def terrain(points: int = 40_000, side: int = 40_000, seed: int = 11) -> Points:
    """Points of format 6 over hills and houses, in flight lines; coordinates are in hundredths of a metre."""
    chance = np.random.default_rng(seed)
    cloud = np.zeros(points, dtype=POINT6)
    line = np.sort(chance.integers(0, 8, points))
    cloud["X"] = (line * side // 8 + chance.integers(0, side // 7, points)).clip(0, side - 1)
    cloud["Y"] = chance.integers(0, side, points)
    east, north = cloud["X"] / side, cloud["Y"] / side
    roof = (np.sin(east * 40) > 0.8) & (np.sin(north * 40) > 0.8)
    height = 4_000 + 1_500 * np.sin(east * 7) * np.cos(north * 5) + 600 * roof
    cloud["Z"] = height + chance.integers(-5, 6, points)
    cloud["intensity"] = chance.integers(0, 4_000, points)
    cloud["returns"] = 1 + 16 * chance.integers(1, 3, points)
    cloud["classification"] = np.where(roof, 6, 2)
    cloud["scan_angle"] = (east * 8 % 1 * 4_000 - 2_000).astype(np.int16)
    cloud["point_source_id"] = line + 1
    cloud["gps_time"] = 3e8 + np.arange(points) * 1e-5
    return cloud


def las_sample() -> bytes:
    """An uncompressed LAS 1.4 file."""
    cloud = terrain()
    return las_header(cloud, []) + cloud.tobytes()


def laz_sample() -> bytes:
    """The same points as LAZ, 50,000 a chunk; needs lazrs."""
    import lazrs

    cloud = terrain(120_000)
    laszip = lazrs.LazVlr.new_for_compression(6, 0)
    file = io.BytesIO()
    file.write(las_header(cloud, [vlr(b"laszip encoded", 22204, laszip.record_data())], compressed=True))
    writer = lazrs.LasZipCompressor(file, laszip)
    writer.compress_many(cloud.view(np.uint8))
    writer.done()
    return file.getvalue()


def copc_sample() -> bytes:
    """The same terrain in an octree; needs lazrs."""
    return copc_file(terrain(), node_points=2_000)


def vlr(user_id: bytes, record_id: int, content: bytes, *, extended: bool = False) -> bytes:
    """A variable-length record with its header."""
    return struct.pack("<2x16sHQ32x" if extended else "<2x16sHH32x", user_id, record_id, len(content)) + content


def las_header(
    cloud: Points, vlrs: Sequence[bytes], *, compressed: bool = False, evlrs: tuple[int, int] = (0, 0)
) -> bytes:
    """A LAS 1.4 header with its records for points of format 6; `evlrs` is where they begin and how many there are."""
    ends: list[float] = []
    for axis, origin in zip("XYZ", ORIGIN, strict=True):
        ends += [int(end) * SCALE + origin for end in (cloud[axis].max(), cloud[axis].min())]
    returns = np.bincount(cloud["returns"] & 15, minlength=16)[1:].tolist()
    points_at = 375 + sum(map(len, vlrs))
    return b"".join(
        [
            struct.pack("<4s2H16x2B32s32s2H", b"LASF", 0, 17, 1, 4, b"made up", b"Data Cockpit", 1, 2024),
            struct.pack("<HIIBH24x", 375, points_at, len(vlrs), 0x86 if compressed else 6, POINT6.itemsize),
            struct.pack("<12d", *(SCALE,) * 3, *ORIGIN, *ends),
            struct.pack("<2QI16Q", 0, evlrs[0], evlrs[1], len(cloud), *returns),
            *vlrs,
        ]
    )


@dataclass(frozen=True)
class Cube:
    """The root of an octree in stored integers: lowest corner and side."""

    corner: tuple[int, int, int]
    side: int


def copc_file(
    cloud: Points, *, node_points: int = 2_000, cube: Cube | None = None, more: Sequence[bytes] = ()
) -> bytes:
    """A COPC file of points of format 6: nodes of at most `node_points`, a hierarchy of two pages where it can be.

    more: further variable-length records, such as one with a CRS.
    """
    import lazrs

    cube = cube or Cube(tuple(int(cloud[a].min()) for a in "XYZ"), 1 + max(int(np.ptp(cloud[a])) for a in "XYZ"))  # type: ignore[arg-type]
    nodes = _nodes(cloud, cube, node_points)
    laszip = lazrs.LazVlr.new_for_compression(6, 0, True)
    records = [vlr(b"copc", 1, bytes(160)), vlr(b"laszip encoded", 22204, laszip.record_data()), *more]
    file = io.BytesIO()
    file.write(las_header(cloud, records, compressed=True))
    start = file.tell()
    writer = lazrs.LasZipCompressor(file, laszip)
    for number, part in enumerate(nodes.values()):
        if number:
            writer.finish_current_chunk()
        writer.compress_many(part.view(np.uint8))
    writer.done()
    sizes = _chunk_sizes(file, start, laszip, lazrs)
    file.seek(0, io.SEEK_END)
    at = file.tell()
    pages, root = _pages(nodes, sizes, start + 8, at + 60)
    file.write(vlr(b"copc", 1000, pages, extended=True))
    file.seek(0)
    file.write(las_header(cloud, [vlr(b"copc", 1, _info(cube, root)), *records[1:]], compressed=True, evlrs=(at, 1)))
    return file.getvalue()


def _info(cube: Cube, root: tuple[int, int]) -> bytes:
    half = cube.side * SCALE / 2
    center = [corner * SCALE + half + origin for corner, origin in zip(cube.corner, ORIGIN, strict=True)]
    return struct.pack("<5d2Q2d88x", *center, half, half / 64, *root, 0, 0)


def _nodes(cloud: Points, cube: Cube, most: int) -> dict[Key, Points]:
    """Points by node, coarse levels first: each node keeps `most` of its points, its children hold the rest."""
    chance = np.random.default_rng(5)
    found: dict[Key, Points] = {}
    waiting: list[tuple[Key, Points]] = [((0, 0, 0, 0), cloud)]
    while waiting:
        key, points = waiting.pop(0)
        if len(points) <= most or key[0] >= 12:
            found[key] = points
            continue
        order = chance.permutation(len(points))
        found[key], rest = points[np.sort(order[:most])], points[np.sort(order[most:])]
        level = key[0] + 1
        offsets = [rest[a].astype(np.int64) - corner for a, corner in zip("XYZ", cube.corner, strict=True)]
        cells = np.stack([offset * 2**level // cube.side for offset in offsets], axis=1)
        for cell in np.unique(cells, axis=0):
            waiting.append(((level, *(int(c) for c in cell)), rest[(cells == cell).all(axis=1)]))  # type: ignore[arg-type]
    return found


def _chunk_sizes(file: io.BytesIO, start: int, laszip: Any, lazrs: Any) -> list[int]:
    file.seek(start)
    return [size for _, size in lazrs.read_chunk_table(file, laszip)]


def _pages(nodes: dict[Key, Points], sizes: list[int], chunk_at: int, page_at: int) -> tuple[bytes, tuple[int, int]]:
    """The hierarchy's bytes and where its root page stands; what is below one child of the root has its own page."""
    entries: dict[Key, bytes] = {}
    for (key, points), size in zip(nodes.items(), sizes, strict=True):
        entries[key] = _ENTRY.pack(*key, chunk_at, size, len(points))
        chunk_at += size
    second = next((key for key in nodes if key[0] == 1), None)

    def below(key: Key) -> bool:
        return second is not None and key[0] >= 1 and tuple(c >> (key[0] - 1) for c in key[1:]) == second[1:]

    inner = b"".join(entry for key, entry in entries.items() if below(key))
    outer = b"".join(entry for key, entry in entries.items() if not below(key))
    if second is not None:
        outer += _ENTRY.pack(*second, page_at + len(outer) + _ENTRY.size, len(inner), -1)
    return outer + inner, (page_at, len(outer))
