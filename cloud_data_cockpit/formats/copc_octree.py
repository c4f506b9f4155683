"""The octree of a COPC file: its info record and all pages of its hierarchy, matched to the chunks of the LAZ file."""

from __future__ import annotations

import struct
import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..source import Source
from .las_grid import Box
from .las_header import Head
from .las_layout import Layout
from .laz_chunks import Bytes, Ints

ENTRY = np.dtype(
    [("level", "<i4"), ("x", "<i4"), ("y", "<i4"), ("z", "<i4"), ("at", "<u8"), ("length", "<i4"), ("points", "<i4")]
)
DEEPEST = 31
_MOST_PAGES = 1_000_000
_CACHED = 4
_cache: OrderedDict[tuple[str, str], Octree] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class Info:
    """Middle, half the side and the spacing of the root cube in the file's coordinates; where its root page stands."""

    center: tuple[float, float, float]
    half: float
    spacing: float
    root: tuple[int, int]


@dataclass(frozen=True)
class Octree:
    """Level and cell of the node of each chunk."""

    info: Info
    level: Ints
    x: Ints
    y: Ints

    def chosen(self, head: Head, deepest: int | None, box: Box | None) -> NDArray[np.bool_]:
        """Which chunks may hold points of a level up to `deepest` and in `box`."""
        wanted = np.ones(len(self.level), dtype=np.bool_)
        if deepest is not None:
            wanted &= self.level <= deepest
        if box is not None:
            for axis, low, high in ((0, box.x0, box.x1), (1, box.y0, box.y1)):
                first, last = self._reach(head, axis)
                wanted &= (last >= low) & (first < high)
        return wanted

    def holds(self, head: Head, chunk: int, points: Bytes) -> bool:
        """Whether the points of `chunk` lie in its node's cell, as `chosen` relies on."""
        for axis in (0, 1):
            values = points[:, 4 * axis : 4 * axis + 4].view("<i4")
            first, last = self._reach(head, axis, chunk)
            if values.min() < first or values.max() > last:
                return False
        return True

    def _reach(self, head: Head, axis: int, chunk: int | slice = slice(None)) -> tuple[NDArray[np.float64], ...]:
        """Stored coordinates between which points of each node lie; a rounding error is let pass."""
        size = 2 * self.info.half / np.exp2(self.level[chunk])
        cell = (self.x if axis == 0 else self.y)[chunk]
        low = self.info.center[axis] - self.info.half + cell * size
        first = (low - head.offsets[axis]) / head.scales[axis]
        width = size / head.scales[axis]
        margin = 2 + 1e-6 * width
        return first - margin, first + width + margin


def is_copc(data: bytes) -> bool:
    """Whether the first record after the header that `data` begins with is COPC's."""
    if len(data) < 149 or not data.startswith(b"LASF"):
        return False
    (at,) = struct.unpack_from("<H", data, 94)
    return data[at + 2 : at + 18].rstrip(b"\0") == b"copc" and data[at + 18 : at + 20] == b"\1\0"


def deepest_level(info: Info, resolution: float) -> int:
    """The first level whose spacing is `resolution` or finer: spacing halves at each."""
    level = 0
    while level < DEEPEST and info.spacing / 2**level > resolution:
        level += 1
    return level


def read_info(uri: str, head: Head) -> Info:
    """The COPC info record. FormatError when it is missing or damaged."""
    if not is_copc(head.raw) or not head.vlrs or head.vlrs[0].length < 160:
        raise FormatError(f"{uri} is not COPC: its first record is not a COPC info record; read it as las")
    x, y, z, half, spacing, at, size = struct.unpack_from("<5d2Q", head.content(head.vlrs[0]))
    scales = head.scales[:2]
    if not np.isfinite([x, y, z, half, spacing, *scales]).all() or min(half, spacing, *scales) <= 0:
        raise FormatError(f"{uri} has a damaged COPC info record: its cube makes no sense; read it as las")
    return Info((x, y, z), half, spacing, (at, size))


def octree_of(source: Source, layout: Layout) -> Octree:
    """The octree of `source`; kept for the next slice of the same object that this process reads."""
    key = (source.uri, source.etag)
    with _lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    octree = _matched(source.uri, layout, read_info(source.uri, layout.head), read_nodes(source, layout.head))
    with _lock:
        _cache[key] = octree
        while len(_cache) > _CACHED:
            _cache.popitem(last=False)
    return octree


def read_nodes(source: Source, head: Head) -> NDArray[np.void]:
    """All nodes that hold points, from every page, in order of their bytes."""
    uri = source.uri
    pages = [read_info(uri, head).root]
    seen: set[int] = set()
    found: list[NDArray[np.void]] = []
    while pages:
        for at, size in pages:
            if at in seen or size <= 0 or size % ENTRY.itemsize or at + size > source.size:
                raise FormatError(
                    f"{uri} has a damaged COPC hierarchy: a page at byte {at:,} cannot be; read it as las"
                )
            seen.add(at)
        if len(seen) > _MOST_PAGES:
            raise FormatError(f"{uri} has a damaged COPC hierarchy: more than {_MOST_PAGES:,} pages; read it as las")
        page = np.frombuffer(b"".join(source.read_many(pages)), dtype=ENTRY)
        _check_keys(uri, page)
        found.append(page[page["points"] > 0])
        below = page[page["points"] == -1]
        pages = [(int(at), int(size)) for at, size in zip(below["at"], below["length"], strict=True)]
        if len({at for at, _ in pages}) != len(pages):
            raise FormatError(f"{uri} has a damaged COPC hierarchy: two entries share a page; read it as las")
    nodes = np.concatenate(found)
    ordered: NDArray[np.void] = nodes[np.argsort(nodes["at"], kind="stable")]
    return ordered


def _check_keys(uri: str, page: NDArray[np.void]) -> None:
    level = page["level"].astype(np.int64)
    good = (level >= 0) & (level <= DEEPEST) & (page["points"] >= -1)
    for axis in "xyz":
        good &= (page[axis] >= 0) & (page[axis] < np.exp2(level.clip(0, DEEPEST)))
    if not good.all():
        raise FormatError(f"{uri} has a damaged COPC hierarchy: a node's key or count cannot be; read it as las")


def _matched(uri: str, layout: Layout, info: Info, nodes: NDArray[np.void]) -> Octree:
    """The octree, after making sure that its nodes are the chunks of the file, each once."""
    table = layout.table
    filled = np.flatnonzero(table.counts)
    same = len(filled) == len(nodes) and all(
        np.array_equal(nodes[name].astype(np.int64), column[filled])
        for name, column in (("at", table.offsets), ("length", table.lengths), ("points", table.counts))
    )
    keys = np.stack([nodes[name] for name in ("level", "x", "y", "z")], axis=1)
    if not same or len(np.unique(keys, axis=0)) != len(nodes):
        raise FormatError(
            f"{uri} has a COPC hierarchy that does not agree with its chunk table: it is damaged; read it as las"
        )
    columns = []
    for name in ("level", "x", "y"):
        column = np.zeros(len(table.counts), dtype=np.int64)
        column[filled] = nodes[name]
        columns.append(column)
    return Octree(info, *columns)
