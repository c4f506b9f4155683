"""GDAL, given nothing but small TIFFs made in memory: it decodes tiles and says what a georeference means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, MissingExtra
from .geotiff_raster import Affine6, Gcp
from .tiff_ifd import Directory, TiffFile
from .tiff_layout import Layout, Window
from .tiff_write import (
    PIXEL_SCALE,
    RPC,
    TIEPOINTS,
    TRANSFORMATION,
    Image,
    all_fields,
    build,
    geometry,
    readable,
    some_place,
)

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

# The name that rasterio makes up for a file in memory, which tells nobody anything.
_FILE_NAME = re.compile(r"(/vsimem/[0-9a-f-]+/)?[0-9a-f-]{36}\.tif[,:]? ?")
IDENTITY: Affine6 = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True)
class Meaning:
    """What GDAL makes of the fields of an image, at full resolution."""

    dtype: str
    bands: int
    nodata: float | int | None
    transform: Affine6
    crs: str | None
    georeferenced: bool
    tags: Mapping[str, str]
    descriptions: tuple[str | None, ...]
    colors: tuple[str, ...]
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    units: tuple[str | None, ...]
    colormap: Mapping[int, tuple[int, int, int, int]] | None
    gcps: tuple[Gcp, ...]
    rpcs: Mapping[str, str] | None


def meaning_of(tiff: TiffFile, layout: Layout, main: Directory) -> Meaning:
    """What the image means, its georeference taken from `main`. FormatError when GDAL cannot read such an image."""
    fields = readable(all_fields(tiff, layout.directory, main))
    known = {field.number for field in fields}
    placed = TRANSFORMATION in known or (PIXEL_SCALE in known and TIEPOINTS in known)
    if not known & {PIXEL_SCALE, TIEPOINTS, TRANSFORMATION, RPC}:
        fields.append(some_place(tiff.order))
    tiles = [b""] * layout.planes
    rows = 1 if layout.by_rows else layout.tile_height
    image = Image((*fields, *geometry(tiff.order, layout, layout.tile_width, rows, rows)), tiles, layout.tiled)
    return _describe(build(tiff.order, [image]), placed, tiff.source.uri)


@lru_cache(maxsize=32)
def _describe(tiff: bytes, placed: bool, uri: str) -> Meaning:
    with opened(tiff, uri) as dataset:
        dtypes = {_numpy_name(name) for name in dataset.dtypes}
        if len(dtypes) != 1:
            raise FormatError(f"{uri} has bands of several types ({', '.join(sorted(dtypes))}), which are not read")
        points, _ = dataset.gcps
        crs = dataset.crs or dataset.gcps[1]
        a, b, c, d, e, f = tuple(dataset.transform)[:6] if placed else IDENTITY
        rpcs = dataset.tags(ns="RPC")
        return Meaning(
            dtype=dtypes.pop(),
            bands=dataset.count,
            nodata=dataset.nodata,
            transform=(a, b, c, d, e, f),
            crs=crs.to_string() if crs else None,
            georeferenced=placed,
            tags={key: value for key, value in dataset.tags().items() if not key.startswith("STATISTICS_")},
            descriptions=tuple(dataset.descriptions),
            colors=tuple(color.name for color in dataset.colorinterp),
            scales=tuple(dataset.scales),
            offsets=tuple(dataset.offsets),
            units=tuple(dataset.units),
            colormap=_colormap(dataset),
            gcps=tuple((p.row, p.col, p.x, p.y, p.z or 0.0) for p in points),
            rpcs=dict(rpcs) or None,
        )


def decode(tiff: bytes, window: Window, out: NDArray[Any], uri: str) -> None:
    """Read `window` of the TIFF into `out` (bands, rows, columns), whatever its strides."""
    from rasterio.windows import Window as RasterioWindow

    with opened(tiff, uri) as dataset:
        if _numpy_name(dataset.dtypes[0]) != out.dtype.name or dataset.count != len(out):
            raise FormatError(f"{uri} is damaged: its tiles are of another type than the image")
        dataset.read(out=out, window=RasterioWindow(*window))


@contextmanager
def opened(tiff: bytes, uri: str) -> Iterator[DatasetReader]:
    """The TIFF as a dataset. What GDAL says against it becomes a FormatError.

    No setting of GDAL is made, since rasterio sets those of the whole process from its main thread; the file in memory
    has no neighbours that GDAL could look for, and reaches no network. So it needs no credentials either: left to
    itself, rasterio makes a session of boto3's for each file, which takes longer than decoding it.
    """
    try:
        from rasterio.env import Env, hasenv
        from rasterio.errors import RasterioError
        from rasterio.io import MemoryFile
        from rasterio.session import DummySession
    except ImportError as error:
        raise MissingExtra("rasters need rasterio: pip install 'cloud-data-cockpit[geospatial]'") from error
    try:
        with (
            nullcontext() if hasenv() else Env.from_defaults(DummySession()),
            MemoryFile(tiff) as file,
            file.open(driver="GTiff", GEOREF_SOURCES="INTERNAL") as dataset,
        ):
            yield dataset
    except (RasterioError, ValueError, TypeError, KeyError, UnicodeDecodeError, MemoryError) as error:
        raise FormatError(
            f"{uri} cannot be decoded: {_words(error)}; it is damaged, or of a kind GDAL does not read"
        ) from error


def _words(error: BaseException) -> str:
    cause = error.__cause__ or error.__context__ or error
    return _FILE_NAME.sub("", str(cause)).rstrip(". ") or type(cause).__name__


def _numpy_name(name: str) -> str:
    """GDAL's complex integers are read as complex64, as rasterio does."""
    return "complex64" if name.startswith("complex_int") else np.dtype(name).name


def _colormap(dataset: DatasetReader) -> Mapping[int, tuple[int, int, int, int]] | None:
    if dataset.count == 0 or dataset.colorinterp[0].name != "palette":
        return None
    colors: Mapping[int, tuple[int, int, int, int]] = dataset.colormap(1)
    return colors
