"""A window of a raster as people hold it: pixels, where they lie on Earth, which of them are valid; and as xarray."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtra
from .tiff_layout import Window

if TYPE_CHECKING:
    import xarray

Affine6 = tuple[float, float, float, float, float, float]
Gcp = tuple[float, float, float, float, float]

_ULPS = 2


@dataclass(frozen=True, eq=False)
class Raster:
    """Pixels of one window.

    `data` has the shape (bands, rows, columns). `mask` is the mask that the file holds, of the shape (rows, columns),
    True where pixels are valid, or None. `transform` (a, b, c, d, e, f) takes column x and row y of this window to
    a*x + b*y + c and d*x + e*y + f in `crs`, an authority code or WKT; it is the identity without a georeference.
    `window` counts columns and rows of `level`, 0 being full resolution, of image `page`. `gcps` are ground control
    points (row, column, x, y, z) in this window.
    """

    data: NDArray[Any]
    mask: NDArray[np.bool_] | None
    transform: Affine6
    crs: str | None
    nodata: float | int | None
    window: Window
    level: int = 0
    page: int = 0
    georeferenced: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)
    descriptions: tuple[str | None, ...] = ()
    colors: tuple[str, ...] = ()
    scales: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()
    units: tuple[str | None, ...] = ()
    colormap: Mapping[int, tuple[int, int, int, int]] | None = None
    gcps: tuple[Gcp, ...] = ()
    rpcs: Mapping[str, str] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns."""
        bands, rows, columns = self.data.shape
        return bands, rows, columns

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Least x and y, greatest x and y of the window's corners."""
        a, b, c, d, e, f = self.transform
        corners = [(x, y) for x in (0, self.data.shape[2]) for y in (0, self.data.shape[1])]
        xs, ys = [a * x + b * y + c for x, y in corners], [d * x + e * y + f for x, y in corners]
        return min(xs), min(ys), max(xs), max(ys)

    def valid(self) -> NDArray[np.bool_]:
        """Which values are valid, (bands, rows, columns): by the file's mask, else its nodata, else its alpha band."""
        if self.mask is not None:
            return np.broadcast_to(self.mask, self.data.shape)
        if self.nodata is not None:
            return ~is_nodata(self.data, self.nodata)
        everywhere = np.ones(self.data.shape, np.bool_)
        if self.colors[-1:] == ("alpha",) and len(self.data) in (2, 4) and self.dtype in (np.uint8, np.uint16):
            everywhere[:-1] = self.data[-1] != 0
        return everywhere

    def masked(self) -> np.ma.MaskedArray[Any, Any]:
        """The pixels as a masked array; what is not valid is masked."""
        return np.ma.MaskedArray(self.data, mask=~self.valid(), fill_value=self._fill())

    def scaled(self) -> np.ma.MaskedArray[Any, Any]:
        """Pixels times `scales` plus `offsets` of their bands, in the unit that the file means; float64, masked."""
        by_band = (len(self.data), 1, 1)
        scales = np.reshape(self.scales or np.ones(len(self.data)), by_band)
        offsets = np.reshape(self.offsets or np.zeros(len(self.data)), by_band)
        return np.ma.MaskedArray(self.data * scales + offsets, mask=~self.valid())

    def __repr__(self) -> str:
        bands, rows, columns = self.shape
        named = ", ".join(name or "?" for name in self.descriptions) if any(self.descriptions) else ""
        return (
            f"<Raster of {bands} band{'s' * (bands != 1)}{f' ({named})' if named else ''}, {rows} x {columns} pixels, "
            f"{self.dtype}, {self.crs or 'no CRS'}, from column {self.window.col} and row {self.window.row}>"
        )

    def to_xarray(self) -> xarray.DataArray:
        """A DataArray (band, y, x) with the coordinates of pixel centres, and `spatial_ref` as rioxarray has it."""
        try:
            import xarray
        except ImportError as error:
            raise MissingExtra("to_xarray needs xarray: pip install 'cloud-data-cockpit[geospatial]'") from error
        coords: dict[str, Any] = {"band": np.arange(1, len(self.data) + 1)}
        a, b, c, d, e, f = self.transform
        if b == 0 and d == 0:
            coords["y"] = f + e * (np.arange(self.data.shape[1]) + 0.5)
            coords["x"] = c + a * (np.arange(self.data.shape[2]) + 0.5)
        place = {"GeoTransform": f"{c} {a} {b} {f} {d} {e}"} if self.georeferenced else {}
        if self.crs:
            place |= {"crs_wkt": self.crs, "spatial_ref": self.crs}
        coords["spatial_ref"] = ((), 0, place)
        attrs: dict[str, Any] = {
            "transform": self.transform,
            "crs": self.crs,
            "window": tuple(self.window),
            "level": self.level,
        }
        if self.nodata is not None:
            attrs["_FillValue"] = self.nodata
        if self.mask is not None:
            coords["valid"] = (("y", "x"), self.mask)
        return xarray.DataArray(self.data, coords=coords, dims=("band", "y", "x"), attrs=attrs)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Raster):
            return NotImplemented
        masks = (self.mask is None) == (other.mask is None) and (
            self.mask is None or other.mask is None or np.array_equal(self.mask, other.mask)
        )
        same = self.transform == other.transform and self.crs == other.crs and self.window == other.window
        return masks and same and self.dtype == other.dtype and self.data.tobytes() == other.data.tobytes()

    __hash__ = None  # type: ignore[assignment]

    def _fill(self) -> Any:
        if self.nodata is None or self.dtype.kind not in "iub":
            return self.nodata
        return int(self.nodata) if is_nodata(np.array([self.nodata]).astype(self.dtype), self.nodata)[0] else None


def is_nodata(data: NDArray[Any], nodata: float | int) -> NDArray[np.bool_]:
    """Where GDAL takes a value for nodata: equal, or for floating point within two units of the last place."""
    if data.dtype.kind in "iub":
        limits = np.iinfo(data.dtype)
        if not (math.isfinite(nodata) and nodata == int(nodata) and limits.min <= nodata <= limits.max):
            return np.zeros(data.shape, np.bool_)
        same: NDArray[np.bool_] = np.equal(data, data.dtype.type(int(nodata)))
        return same
    values = data.real if data.dtype.kind == "c" else data
    if math.isnan(nodata):
        missing: NDArray[np.bool_] = np.isnan(values)
        return missing
    with np.errstate(over="ignore", invalid="ignore"):
        wanted = values.dtype.type(nodata)
        near: NDArray[np.bool_] = np.abs(values - wanted) < np.finfo(values.dtype).eps * np.abs(values + wanted) * _ULPS
        near |= values == wanted
        return near


def place_of(transform: Affine6, window: Window, scale: tuple[float, float]) -> Affine6:
    """The transform of `window` in an image whose pixels are `scale` (x, y) pixels of the one `transform` is for."""
    a, b, c, d, e, f = transform
    sx, sy = scale
    a, b, d, e = a * sx, b * sy, d * sx, e * sy
    return a, b, c + a * window.col + b * window.row, d, e, f + d * window.col + e * window.row


def gcps_of(gcps: tuple[Gcp, ...], window: Window, scale: tuple[float, float]) -> tuple[Gcp, ...]:
    """Ground control points (row, column, x, y, z) as `window` of an image scaled by `scale` has them."""
    sx, sy = scale
    return tuple((row / sy - window.row, col / sx - window.col, x, y, z) for row, col, x, y, z in gcps)


def rpcs_of(rpcs: Mapping[str, str] | None, window: Window, scale: tuple[float, float]) -> dict[str, str] | None:
    """Rational polynomials as `window` has them. Their pixels are counted from the centre of the first."""
    if rpcs is None:
        return None
    moved = dict(rpcs)
    for first, start, ratio in (("SAMP", window.col, scale[0]), ("LINE", window.row, scale[1])):
        if f"{first}_OFF" in moved and f"{first}_SCALE" in moved:
            moved[f"{first}_OFF"] = repr((float(moved[f"{first}_OFF"]) + 0.5) / ratio - 0.5 - start)
            moved[f"{first}_SCALE"] = repr(float(moved[f"{first}_SCALE"]) / ratio)
    return moved
