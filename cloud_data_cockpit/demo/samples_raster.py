"""A small cloud-optimized GeoTIFF for the demo: made-up terrain with overviews, nodata and a place on Earth."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from ..formats.geotiff_read import deflate
from ..formats.tiff_ifd import REDUCED, Order
from ..formats.tiff_write import ASCII, LONG, SHORT, SUBFILE, Field, Image, build, doubles, whole

_ORDER: Order = "<"
_TILE = 128
_NODATA = -9999.0
_PIXEL = 30.0
_WEST, _NORTH = 420_000.0, 5_180_000.0
_UTM_32_NORTH = 32_632


def geotiff_sample(width: int = 700, height: int = 500, seed: int = 5) -> bytes:
    """Terrain in metres (float32, 30 m pixels, UTM 32N), tiles of 128, two overviews; the lake in it is nodata."""
    terrain = _terrain(width, height, seed)
    levels = [terrain]
    for step in (2, 4):
        levels.append(terrain[::step, ::step])
    return build(_ORDER, [_image(level, reduced=i > 0) for i, level in enumerate(levels)], last_first=True)


def _terrain(width: int, height: int, seed: int) -> NDArray[np.float32]:
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    metres = np.full((height, width), 900.0)
    for _ in range(24):
        at_x, at_y, spread = chance.uniform(0, width), chance.uniform(0, height), chance.uniform(20, 160)
        metres += chance.uniform(-250, 500) * np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / (2 * spread**2))
    terrain: NDArray[np.float32] = np.round(metres, 1).astype(np.float32)
    terrain[terrain < np.quantile(terrain, 0.04)] = _NODATA
    return terrain


def _image(pixels: NDArray[np.float32], *, reduced: bool) -> Image:
    height, width = pixels.shape
    tiles = []
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            part = pixels[top : top + _TILE, left : left + _TILE]
            filled = np.pad(part, ((0, _TILE - part.shape[0]), (0, _TILE - part.shape[1])), constant_values=_NODATA)
            tiles.append(deflate(filled, _ORDER))
    longs = [(256, width), (257, height), (322, _TILE), (323, _TILE), *([(SUBFILE, REDUCED)] if reduced else [])]
    shorts = [(258, 32), (259, 8), (262, 1), (277, 1), (284, 1), (339, 3)]
    fields = [whole(_ORDER, number, LONG, value) for number, value in longs]
    fields += [whole(_ORDER, number, SHORT, value) for number, value in shorts]
    fields.append(Field(42113, ASCII, f"{_NODATA:g}".encode() + b"\0"))
    return Image((*fields, *(() if reduced else _place())), tiles, True)


def _place() -> list[Field]:
    keys = [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, _UTM_32_NORTH]
    return [
        doubles(_ORDER, 33550, [_PIXEL, _PIXEL, 0]),
        doubles(_ORDER, 33922, [0, 0, 0, _WEST, _NORTH, 0]),
        Field(34735, SHORT, struct.pack(f"{_ORDER}{len(keys)}H", *keys)),
    ]
