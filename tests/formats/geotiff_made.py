"""TIFFs made for the tests by rasterio, or byte by byte where it does not write such files."""

from __future__ import annotations

import struct
import warnings
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

PLACE = Affine(10, 0, 500_000, 0, -10, 5_000_000)


def pixels(bands: int, height: int, width: int, dtype: str, seed: int = 1) -> NDArray[Any]:
    """Noise over a slope, so that every tile differs and compresses."""
    chance = np.random.default_rng(seed)
    slope = np.add.outer(np.arange(height), np.arange(width))[None] + 10 * np.arange(bands)[:, None, None]
    noisy = slope + chance.integers(0, 7, (bands, height, width))
    if dtype.startswith("complex"):
        return (noisy + 1j * noisy[:, ::-1]).astype(dtype)
    return (noisy / (3 if dtype.startswith("float") else 1)).astype(dtype)


def made(
    data: NDArray[Any],
    *,
    mask: NDArray[np.uint8] | None = None,
    overviews: tuple[int, ...] = (),
    colors: tuple[ColorInterp, ...] = (),
    placed: bool = True,
    gcps: Any = None,
    rpcs: Any = None,
    tags: dict[str, str] | None = None,
    **options: Any,
) -> bytes:
    """A TIFF of (bands, rows, columns) as GDAL writes it."""
    bands, height, width = data.shape
    place = {"transform": PLACE, "crs": "EPSG:32632"} if placed else {}
    profile = {"driver": "GTiff", "width": width, "height": height, "count": bands, "dtype": data.dtype.name}
    with warnings.catch_warnings(), MemoryFile() as file:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        import rasterio

        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            file.open(**{**profile, **place, **options}) as out,
        ):
            out.write(data)
            if colors:
                out.colorinterp = colors
            if mask is not None:
                out.write_mask(mask)
            if overviews:
                out.build_overviews(overviews, Resampling.nearest)
            if gcps:
                out.gcps = gcps
            if rpcs:
                out.rpcs = rpcs
            if tags:
                out.update_tags(**tags)
        return bytes(file.getbuffer())


def read_whole(data: bytes, **options: Any) -> tuple[NDArray[Any], NDArray[np.bool_], Any]:
    """Pixels, validity and profile by rasterio alone."""
    with warnings.catch_warnings(), MemoryFile(data) as file:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with file.open(**options) as source:
            return source.read(), source.read_masks() != 0, source.profile


def patched(data: bytes, tag: int, value: int | None = None, *, count: int | None = None) -> bytes:
    """A little-endian classic TIFF with another value or count in the first directory's entry for `tag`."""
    at = struct.unpack_from("<I", data, 4)[0]
    changed = bytearray(data)
    for i in range(struct.unpack_from("<H", data, at)[0]):
        entry = at + 2 + 12 * i
        if struct.unpack_from("<H", data, entry)[0] == tag:
            if count is not None:
                struct.pack_into("<I", changed, entry + 4, count)
            if value is not None:
                struct.pack_into("<I", changed, entry + 8, value)
            return bytes(changed)
    raise ValueError(f"no tag {tag}")


def with_next(data: bytes, pointer: int) -> bytes:
    """The same TIFF, its first directory followed by the one at byte `pointer`."""
    at = struct.unpack_from("<I", data, 4)[0]
    changed = bytearray(data)
    struct.pack_into("<I", changed, at + 2 + 12 * struct.unpack_from("<H", data, at)[0], pointer)
    return bytes(changed)


def several_pages(images: list[NDArray[np.uint8]]) -> bytes:
    """A TIFF of several uncompressed images, none an overview of another."""
    parts, at = [b"II*\0" + struct.pack("<I", 8)], 8
    for i, image in enumerate(images):
        height, width = image.shape
        body = image.tobytes() + b"\0" * (image.size % 2)
        size = 2 + 8 * 12 + 4
        entries = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, at + size), (278, height)]
        table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in [*entries, (279, image.size)])
        following = at + size + len(body) if i + 1 < len(images) else 0
        parts.append(struct.pack("<H", 8) + table + struct.pack("<I", following) + body)
        at += size + len(body)
    return b"".join(parts)
