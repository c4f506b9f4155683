"""Small cloud-optimized GeoTIFFs for the demo, with overviews, nodata and a place on Earth: terrain, and farmland."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats.geotiff_read import deflate
from ..formats.tiff_ifd import REDUCED, Order
from ..formats.tiff_write import ASCII, LONG, METADATA, SHORT, SUBFILE, Field, Image, build, doubles, whole

_ORDER: Order = "<"
_TILE = 128
_NODATA = -9999.0
_PIXEL, _FIELD_PIXEL = 30.0, 10.0
_WEST, _NORTH = 420_000.0, 5_180_000.0
_UTM_32_NORTH = 32_632
_USES = ((400, 4000), (1800, 2500), (700, 3200), (1100, 2400), (2100, 2700), (300, 3600), (500, 260))
"""Reflectance x 10,000 in red and near infrared: crops, bare soil, meadow, stubble, fallow; forest; water."""
_BANDS = (
    b"<GDALMetadata>"
    b'<Item name="DESCRIPTION" sample="0" role="description">red</Item>'
    b'<Item name="SCALE" sample="0" role="scale">0.0001</Item>'
    b'<Item name="DESCRIPTION" sample="1" role="description">near infrared</Item>'
    b'<Item name="SCALE" sample="1" role="scale">0.0001</Item>'
    b"</GDALMetadata>\0"
)


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


def fields_sample(width: int = 600, height: int = 450, seed: int = 8) -> bytes:
    """Farmland in red and near infrared (reflectance x 10,000, 10 m pixels, UTM 32N), nodata off the swath's edge."""
    levels = [_farmland(width, height, seed)]
    for step in (2, 4):
        levels.append(levels[0][::step, ::step])
    return build(_ORDER, [_image(level, reduced=i > 0) for i, level in enumerate(levels)], last_first=True)


def _farmland(width: int, height: int, seed: int) -> NDArray[np.uint16]:
    """Fields about random middles, each with one use; a river through them, and forest along it."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    nearest, use = np.full((height, width), np.inf, np.float32), np.zeros((height, width), np.int8)
    brightness = np.ones((height, width))
    for kind in chance.integers(0, len(_USES) - 2, 70):
        at_x, at_y = chance.uniform(0, width), chance.uniform(0, height)
        away = np.abs(x - at_x + 0.3 * (y - at_y)) + np.abs(y - at_y - 0.3 * (x - at_x))
        use[away < nearest] = kind
        brightness[away < nearest] = chance.uniform(0.85, 1.15)
        nearest = np.minimum(nearest, away)
    river = np.abs(y - height * (0.55 + 0.18 * np.sin(x / width * 7)))
    use[river < 30 + 12 * np.sin(x / 23)] = len(_USES) - 2
    use[river < 7] = len(_USES) - 1
    pixels = np.array(_USES, dtype=np.float64)[use]
    pixels[:, :, 1] *= np.where(use < len(_USES) - 2, brightness, 1)
    pixels *= chance.normal(1, 0.01, pixels.shape)
    farmland: NDArray[np.uint16] = (np.rint(pixels / 10) * 10).astype(np.uint16)
    farmland[x + 0.35 * y > width * 1.12] = 0
    return farmland


def _image(pixels: NDArray[Any], *, reduced: bool) -> Image:
    """A level: terrain in metres with one band, or farmland with two."""
    height, width = pixels.shape[:2]
    bands = pixels.shape[2] if pixels.ndim == 3 else 1
    nodata = _NODATA if bands == 1 else 0
    tiles = []
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            part = pixels[top : top + _TILE, left : left + _TILE]
            filled = np.full((_TILE, _TILE, *pixels.shape[2:]), nodata, pixels.dtype)
            filled[: part.shape[0], : part.shape[1]] = part
            tiles.append(deflate(filled, _ORDER))
    longs = [(256, width), (257, height), (322, _TILE), (323, _TILE), *([(SUBFILE, REDUCED)] if reduced else [])]
    fields = [whole(_ORDER, number, LONG, value) for number, value in longs]
    fields += [whole(_ORDER, number, SHORT, value) for number, value in ((259, 8), (262, 1), (277, bands), (284, 1))]
    kinds = {258: 8 * pixels.dtype.itemsize, 339: 3 if pixels.dtype.kind == "f" else 1}
    fields += [
        Field(number, SHORT, struct.pack(f"{_ORDER}{bands}H", *[kind] * bands)) for number, kind in kinds.items()
    ]
    fields.append(Field(42113, ASCII, f"{nodata:g}".encode() + b"\0"))
    if bands == 2:
        fields += [whole(_ORDER, 338, SHORT, 0), *([] if reduced else [Field(METADATA, ASCII, _BANDS)])]
    return Image((*fields, *(() if reduced else _place(_PIXEL if bands == 1 else _FIELD_PIXEL))), tiles, True)


def _place(pixel: float) -> list[Field]:
    keys = [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, _UTM_32_NORTH]
    return [
        doubles(_ORDER, 33550, [pixel, pixel, 0]),
        doubles(_ORDER, 33922, [0, 0, 0, _WEST, _NORTH, 0]),
        Field(34735, SHORT, struct.pack(f"{_ORDER}{len(keys)}H", *keys)),
    ]
