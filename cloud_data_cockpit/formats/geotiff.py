"""COG and GeoTIFF: a record is a pixel with all its bands; slices are windows, disjoint and complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest
from ..models import Slice
from ..source import Range, Source, merge_ranges
from .base import BLOCK_SIZE, SLICE_BYTES, Cut, Index, PartitionParams, Report, Run, View
from .geotiff_file import raw_pixels, window_file
from .geotiff_gdal import meaning_of
from .geotiff_images import Found, find_image
from .geotiff_params import GeotiffParams, window_from
from .geotiff_raster import Raster
from .geotiff_read import bounds_of, count_pixels, open_shared, read_pixels, read_raster
from .geotiff_windows import Windows, by_tile_rows, cut_in, grid_of
from .tiff_ifd import PAGE, Directory, Tag, TiffFile, signature
from .tiff_layout import Layout, Tiles, Window, places_of, read_tiles

if TYPE_CHECKING:
    import xarray

_MOST_RANGES = 24
_SHAPE = (
    "width",
    "height",
    "samples",
    "bits",
    "sample_format",
    "compression",
    "photometric",
    "planar",
    "tiled",
    "tile_width",
    "tile_height",
)


class GeotiffFormat:
    """Rasters in TIFF, with or without a georeference: tiled, in strips, planar, BigTIFF, overviews, masks, nodata."""

    name: ClassVar[str] = "geotiff"
    title: ClassVar[str] = "COG / GeoTIFF"
    version: ClassVar[int] = 1
    extensions: ClassVar[tuple[str, ...]] = (".tif", ".tiff", ".gtiff", ".btf")
    extra: ClassVar[str | None] = "geospatial"
    libraries: ClassVar[tuple[str, ...]] = ("rasterio",)
    params: ClassVar[type[PartitionParams]] = GeotiffParams
    strategies: ClassVar[Mapping[str, Mapping[str, str]]] = {"grid_partition_strategy": {"n_splits": "grid"}}

    def detect(self, name: str, head: bytes) -> float:
        return 0.9 if signature(head) else 0.0

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        """Read the image directories and the tables of tiles, nothing of the pixels.

        FormatError when they are damaged, when a tile ends beyond the object, or when GDAL does not read such images.
        """
        asked = _own(params)
        progress = _Progress(report, source.size)
        tiff = TiffFile(source, page=max(512, min(block_size, PAGE)), tick=progress)
        found = find_image(tiff, asked.page, asked.level)
        meaning = meaning_of(tiff, found.image, found.main.directory)
        arrays: dict[str, NDArray[np.generic]] = {}
        for prefix, layout in (("", found.image), ("mask_", found.mask)):
            if layout is not None:
                total = layout.rows * layout.cols * layout.planes
                tiles = read_tiles(tiff, layout, 0, total, max(512, block_size))
                arrays |= {prefix + "offsets": tiles.offsets, prefix + "lengths": tiles.lengths}
        report(source.size, source.size)
        return Index(
            format=self.name,
            version=self.version,
            uri=source.uri,
            etag=source.etag,
            size=source.size,
            reading=asked.reading(),
            records=found.image.whole.pixels,
            facts={**_facts(found), "dtype": meaning.dtype, "bands": meaning.bands},
            arrays=arrays,
        )

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        """Cut the image into windows. BadRequest for a window that is not within it."""
        asked = _own(params)
        facts = index.facts
        image = _layout_of(facts["image"])
        area = _area(asked, image)
        windows, notes = _windows(asked, image, area, _pixel_bytes(facts))
        if facts["pages"] > 1:
            notes = (
                *notes,
                f"the file holds {facts['pages']:,} images and this is number {asked.page}; choose with page",
            )
        tables = [(image, _tiles_of(index, ""))]
        if facts["mask"]:
            tables.append((_layout_of(facts["mask"]), _tiles_of(index, "mask_")))
        shared = {
            "image": facts["image"]["at"],
            "main": facts["main"],
            "mask": facts["mask"]["at"] if facts["mask"] else 0,
            "full": facts["full"],
            "level": asked.level,
            "page": asked.page,
        }
        return Cut(_Pieces(windows, tables), shared, notes)

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> Raster:
        """A Raster: pixels (bands, rows, columns), the file's mask, where they lie."""
        return read_raster(open_shared(source, shared), _window_of(piece))

    def read_bytes(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> bytes:
        """With `header` a GeoTIFF of the window; without, its pixels in C order (bands, rows, columns)."""
        opened, window = open_shared(source, shared), _window_of(piece)
        if header:
            return window_file(opened, window)
        return raw_pixels(read_pixels(opened.tiff, opened.layout, window, opened.meaning()))

    def boxes(
        self, source: Source, shared: Mapping[str, Any]
    ) -> Callable[[Slice], tuple[float, float, float, float] | None]:
        """Tells the bounds of a slice's window in the file's CRS. BadRequest when the file is not georeferenced."""
        opened = open_shared(source, shared)
        meaning = opened.meaning()
        if not meaning.georeferenced:
            raise BadRequest(f"{source.uri} has no coordinates; choose its windows by the pixels in slice.details")
        return lambda piece: bounds_of(meaning.transform, _window_of(piece), opened.scale)

    def count(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
        """Pixels, each of them decoded, a few tiles at a time."""
        return count_pixels(open_shared(source, shared), _window_of(piece))

    @property
    def views(self) -> Mapping[str, View]:
        return {"to_numpy": to_numpy, "to_xarray": to_xarray, "masked": masked}


def to_numpy(source: Source, shared: Mapping[str, Any], piece: Slice) -> NDArray[Any]:
    """The pixels alone, (bands, rows, columns)."""
    opened = open_shared(source, shared)
    return read_pixels(opened.tiff, opened.layout, _window_of(piece), opened.meaning())


def to_xarray(source: Source, shared: Mapping[str, Any], piece: Slice) -> xarray.DataArray:
    """A DataArray (band, y, x) with coordinates and CRS. MissingExtra without xarray."""
    return read_raster(open_shared(source, shared), _window_of(piece)).to_xarray()


def masked(source: Source, shared: Mapping[str, Any], piece: Slice) -> np.ma.MaskedArray[Any, Any]:
    """The pixels as a masked array: masked where the file's mask, its nodata or its alpha band say so."""
    return read_raster(open_shared(source, shared), _window_of(piece)).masked()


class _Progress:
    """Tells bytes read of the headers; the whole object counts as done when they are."""

    def __init__(self, report: Report, total: int) -> None:
        self.report, self.total, self.done = report, total, 0

    def __call__(self, count: int) -> None:
        self.report(self.done, self.total)
        self.done = min(self.total, self.done + count)


@dataclass(frozen=True)
class _Pieces:
    """Slices made one by one from their windows and the tables of tiles."""

    windows: Windows
    tables: list[tuple[Layout, Tiles]]

    def __len__(self) -> int:
        return len(self.windows)

    def __iter__(self) -> Iterator[Slice]:
        for number, window in enumerate(self.windows):
            ranges = _few([r for layout, tiles in self.tables for r in _ranges(layout, tiles, window)])
            yield Slice(number=number, ranges=ranges, records=window.pixels, details={"window": list(window)})


def _ranges(layout: Layout, tiles: Tiles, window: Window) -> Iterator[Range]:
    """Joined ranges of the tiles of a window, or of its rows where rows can be read."""
    for start, stop in places_of(layout, window):
        offsets, lengths = tiles.offsets[start:stop].copy(), tiles.lengths[start:stop].copy()
        stored = lengths > 0
        if layout.by_rows:
            top = window.row - window.row // layout.tile_height * layout.tile_height
            spare = -(-(window.row + window.height) // layout.tile_height) * layout.tile_height
            below = min(spare, layout.height) - (window.row + window.height)
            offsets[0] += top * layout.row_bytes
            lengths[0] -= top * layout.row_bytes
            lengths[-1] -= below * layout.row_bytes
        offsets, lengths = offsets[stored], lengths[stored]
        order = np.argsort(offsets, kind="stable")
        offsets, ends = offsets[order], np.maximum.accumulate((offsets + lengths)[order])
        # A new range begins where there is a gap to all before.
        first = np.flatnonzero(np.r_[True, offsets[1:] > ends[:-1]]) if len(offsets) else np.empty(0, np.int64)
        last = np.r_[first[1:], len(offsets)] - 1 if len(first) else first
        yield from zip(offsets[first].tolist(), (ends[last] - offsets[first]).tolist(), strict=True)


def _few(ranges: list[Range]) -> tuple[Range, ...]:
    """At most 24 disjoint ranges that cover `ranges`: over the smallest gaps where there are more, to stay small."""
    joined = merge_ranges(ranges, gap=1, largest=1 << 62)
    if len(joined) > _MOST_RANGES:
        gaps = np.array([b[0] - (a[0] + a[1]) for a, b in pairwise(joined)])
        kept = np.sort(np.argpartition(-gaps, _MOST_RANGES - 2)[: _MOST_RANGES - 1])
        starts, stops = [0, *(int(k) + 1 for k in kept)], [*(int(k) for k in kept), len(joined) - 1]
        joined = [
            (joined[a][0], joined[b][0] + joined[b][1] - joined[a][0]) for a, b in zip(starts, stops, strict=True)
        ]
    return tuple(joined)


def _windows(asked: GeotiffParams, image: Layout, area: Window, pixel_bytes: int) -> tuple[Windows, tuple[str, ...]]:
    if asked.grid is not None:
        windows = grid_of(area, asked.grid)
        few = f"{area.width:,} x {area.height:,} pixels give a grid of {len(windows):,} windows, not {asked.grid**2:,}"
        return windows, (few,) if len(windows) < asked.grid**2 else ()
    if asked.tile_rows is not None:
        return by_tile_rows(image, area, asked.tile_rows), ()
    if asked.num_slices is not None:
        windows = cut_in(image, area, asked.num_slices)
        few = f"there are {area.pixels:,} pixels, so {len(windows):,} slices and not {asked.num_slices:,}"
        return windows, (few,) if len(windows) < asked.num_slices else ()
    if asked.window is not None:
        return cut_in(image, area, 1), ()
    return cut_in(image, area, max(1, -(-area.pixels * pixel_bytes // SLICE_BYTES))), ()


def _area(asked: GeotiffParams, image: Layout) -> Window:
    if asked.window is None:
        return image.whole
    area = window_from(asked.window)
    if area.col + area.width > image.width or area.row + area.height > image.height:
        raise BadRequest(
            f"the window {asked.window} is not within the image of {image.width:,} columns and {image.height:,} rows"
        )
    return area


def _facts(found: Found) -> dict[str, Any]:
    return {
        "image": _packed(found.image),
        "mask": _packed(found.mask) if found.mask else None,
        "main": found.main.directory.at,
        "full": [found.main.width, found.main.height],
        "pages": found.pages,
        "levels": found.levels,
    }


def _packed(layout: Layout) -> dict[str, Any]:
    return {"at": layout.directory.at, **{name: getattr(layout, name) for name in _SHAPE}}


def _layout_of(packed: Mapping[str, Any]) -> Layout:
    """The geometry alone, as cutting needs it."""
    shape = {name: packed[name] for name in _SHAPE}
    return Layout(directory=Directory(packed["at"], {}, 0), offsets=Tag(0, 4, 0, 0), counts=None, **shape)


def _tiles_of(index: Index, prefix: str) -> Tiles:
    offsets, lengths = index.arrays[prefix + "offsets"], index.arrays[prefix + "lengths"]
    return Tiles(offsets.astype(np.int64, copy=False), lengths.astype(np.int64, copy=False))


def _pixel_bytes(facts: Mapping[str, Any]) -> int:
    return int(np.dtype(facts["dtype"]).itemsize) * int(facts["bands"])


def _window_of(piece: Slice) -> Window:
    col, row, width, height = (int(value) for value in piece.details["window"])
    return Window(col, row, width, height)


def _own(params: PartitionParams) -> GeotiffParams:
    return params if isinstance(params, GeotiffParams) else GeotiffParams.model_validate(params.model_dump())
