"""Headers of tiled storage managers of casacore tables: which bytes of which file hold which rows."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

MAGIC = b"\xbe\xbe\xbe\xbe"
_KINDS = ("TiledColumnStMan", "TiledShapeStMan")
_MOST = 1 << 24


class NotUnderstood(Exception):
    """A header of another kind or version: its files are then read whole."""


@dataclass(frozen=True)
class Tiles:
    """A file of tiles: row r, if it is in one of the stretches, stands in the hypercube at a place along its last axis.

    Stretch i holds the rows `last_row[i] - held[i] + 1` to `last_row[i]`, the last of them at place `last_place[i]`.
    The cube has `across` tiles beside each other for every `deep` places; each of them has `tile_bytes`.
    """

    file: int
    size: int
    across: int
    deep: int
    tile_bytes: int
    last_row: Ints
    held: Ints
    last_place: Ints

    def needed(self, first: int, last: int) -> tuple[int, int]:
        """(offset, length) of the tiles that hold the rows [first, last)."""
        low = int(np.searchsorted(self.last_row, first))
        high = int(np.searchsorted(self.last_row - self.held + 1, last))
        if low >= high:
            return 0, 0
        ends, places = self.last_row[low:high], self.last_place[low:high]
        stop = places - np.maximum(ends - (last - 1), 0)
        start = places - (ends - np.maximum(ends - self.held[low:high] + 1, first))
        row = self.across * self.tile_bytes
        begin = int(start.min()) // self.deep * row
        return begin, min((int(stop.max()) // self.deep + 1) * row, self.size) - begin


def table_kind(head: bytes) -> str | None:
    """What kind of table a `table.dat` that begins with `head` is ("PlainTable", "RefTable", ...); None for none."""
    if not head.startswith(MAGIC) or head[8:17] != b"\0\0\0\x05Table":
        return None
    for kind in ("PlainTable", "RefTable", "ConcatTable", "MemoryTable"):
        if kind.encode() in head[:64]:
            return kind
    return None


def tiles_of(header: bytes) -> tuple[int, list[Tiles]]:
    """Rows, and the files with tiles, of the storage manager with this header. NotUnderstood when it is another kind.

    The layout is that of casacore's TSMFile, TSMCube, TiledStMan, TiledColumnStMan and TiledShapeStMan.
    """
    try:
        return _tiles_of(_Reader(header))
    except (struct.error, ValueError, IndexError, OverflowError) as error:
        raise NotUnderstood(str(error)) from None


@dataclass(frozen=True)
class _Cube:
    shape: list[int]
    tile: list[int]
    file: int
    offset: int


class _Reader:
    """Reads what AipsIO writes: big-endian numbers, strings, and objects with a type and a version."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, code: str = "I") -> int:
        value: int = struct.unpack_from(f">{code}", self._data, self._at)[0]
        self._at += struct.calcsize(code)
        return value

    def boolean(self) -> bool:
        return self.number("B") != 0

    def text(self) -> str:
        length = self.number()
        self._at += length
        return self._data[self._at - length : self._at].decode("ascii")

    def enter(self, *versions: int, kind: str = "") -> tuple[str, int]:
        """The type and version of the object that begins here. NotUnderstood when it is none of those asked for."""
        self.number()
        name, version = self.text(), self.number()
        if (kind and name != kind) or version not in versions:
            raise NotUnderstood(f"{name} of version {version}")
        return name, version

    def skip(self) -> None:
        """Pass over an object, whose length includes that number itself."""
        self._at += struct.unpack_from(">I", self._data, self._at)[0]

    def counted(self, one: Callable[[], int]) -> list[int]:
        count = self.number()
        if count > _MOST:
            raise NotUnderstood("a list that is too long")
        return [one() for _ in range(count)]

    def shape(self) -> list[int]:
        _, version = self.enter(1, 2, kind="IPosition")
        return self.counted(lambda: self.number("i" if version == 1 else "q"))

    def block(self) -> Ints:
        self.enter(1, kind="Block")
        count = self.number()
        values = np.frombuffer(self._data, dtype=">u4", count=count, offset=self._at) if count else np.zeros(0)
        self._at += 4 * count
        return values.astype(np.int64)


def _tiles_of(reader: _Reader) -> tuple[int, list[Tiles]]:
    if reader.number() != int.from_bytes(MAGIC, "big"):
        raise NotUnderstood("no header")
    kind, _ = reader.enter(1)
    if kind not in _KINDS:
        raise NotUnderstood(kind)
    if kind == "TiledColumnStMan":
        reader.shape()
        rows, sizes, cubes = _cubes(reader)
        whole = np.array([rows - 1]), np.array([0]), np.array([rows - 1])
        return rows, _files(sizes, cubes, whole) if rows else []
    rows, sizes, cubes = _cubes(reader)
    reader.shape()
    used = reader.number()
    last_row, cube, place = reader.block(), reader.block(), reader.block()
    if min(len(last_row), len(cube), len(place)) < used:
        raise NotUnderstood("a map of rows that is too short")
    return rows, _files(sizes, cubes, (last_row[:used], cube[:used], place[:used]))


def _cubes(reader: _Reader) -> tuple[int, dict[int, int], list[_Cube]]:
    """Rows, sizes of the files by their number, and the hypercubes."""
    _, version = reader.enter(1, 2, kind="TiledStMan")
    if version == 2:
        reader.boolean()
    reader.number()
    rows = reader.number()
    reader.counted(reader.number)  # types of the columns
    reader.text()
    reader.number()
    reader.number()
    sizes: dict[int, int] = {}
    for _ in range(reader.number()):
        if reader.boolean():
            written = reader.number()
            number = reader.number()
            sizes[number] = reader.number("I" if written == 1 else "Q")
    return rows, sizes, [_cube(reader) for _ in range(min(reader.number(), _MOST))]


def _cube(reader: _Reader) -> _Cube:
    version = reader.number()
    if version not in (1, 2):
        raise NotUnderstood(f"a hypercube of version {version}")
    reader.skip()
    reader.boolean()
    reader.number()
    shape, tile = reader.shape(), reader.shape()
    return _Cube(shape, tile, reader.number("i"), reader.number("I" if version == 1 else "q"))


def _files(sizes: dict[int, int], cubes: list[_Cube], chunks: tuple[Ints, Ints, Ints]) -> list[Tiles]:
    """One Tiles a file that holds one hypercube only, which lets the size of a tile be told."""
    last_row, cube_of, last_place = (np.asarray(values, dtype=np.int64) for values in chunks)
    held = np.diff(last_row, prepend=-1)
    if (held <= 0).any():
        raise NotUnderstood("a map of rows that does not ascend")
    found = []
    for number, size in sizes.items():
        inside = [i for i, cube in enumerate(cubes) if cube.file == number]
        if len(inside) != 1:
            continue
        cube = cubes[inside[0]]
        counts = [-(-length // tile) for length, tile in zip(cube.shape, cube.tile, strict=True) if tile > 0]
        tiles = prod(counts)
        if cube.offset or len(counts) != len(cube.shape) or not counts or tiles <= 0 or size % tiles:
            continue
        mine = cube_of == inside[0]
        places = last_place[mine]
        if not mine.any() or places.max() >= cube.shape[-1] or (places - held[mine] + 1).min() < 0:
            continue
        across, deep = prod(counts[:-1]), cube.tile[-1]
        found.append(Tiles(number, size, across, deep, size // tiles, last_row[mine], held[mine], places))
    return found
