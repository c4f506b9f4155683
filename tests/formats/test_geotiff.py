"""GeoTIFF: every pixel in one window exactly, as GDAL reads the whole; georeference, masks, and damaged files."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import random
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from pydantic import ValidationError
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.io import MemoryFile
from rasterio.rpc import RPC

from cloud_data_cockpit.demo.samples_raster import fields_sample, geotiff_sample
from cloud_data_cockpit.errors import BadRequest, CockpitError, FormatError, MissingExtra, SourceChanged
from cloud_data_cockpit.formats import geotiff_tiles
from cloud_data_cockpit.formats.base import Format, Index
from cloud_data_cockpit.formats.geotiff import GeotiffFormat
from cloud_data_cockpit.formats.geotiff_params import GeotiffParams
from cloud_data_cockpit.formats.geotiff_raster import Raster
from cloud_data_cockpit.formats.geotiff_windows import cut_in
from cloud_data_cockpit.formats.tiff_ifd import TiffFile
from cloud_data_cockpit.formats.tiff_layout import Layout, Window
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import FileSource, MemorySource, Range, Source

from .conformance import SLICE_COUNTS, CountingSource, FormatConformance, _read_elsewhere, ignore
from .geotiff_made import made, patched, pixels, read_whole, several_pages, with_next

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"


def paste(rasters: Sequence[Raster]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Windows put together; fails where one pixel is covered twice or never."""
    height = max(r.window.row + r.window.height for r in rasters)
    width = max(r.window.col + r.window.width for r in rasters)
    covered = np.zeros((height, width), int)
    data = np.zeros((len(rasters[0].data), height, width), rasters[0].dtype)
    valid = np.zeros(data.shape, bool)
    for raster in rasters:
        col, row, w, h = raster.window
        assert raster.data.shape[1:] == (h, w)
        assert raster.dtype == data.dtype
        data[:, row : row + h, col : col + w] = raster.data
        valid[:, row : row + h, col : col + w] = raster.valid()
        covered[row : row + h, col : col + w] += 1
    assert (covered == 1).all(), "every pixel exactly once"
    return data, valid


def exact(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def indexed(data: bytes | Source, **params: Any) -> tuple[GeotiffFormat, Source, Index]:
    fmt = GeotiffFormat()
    source = MemorySource(data, uri="memory:made.tif") if isinstance(data, bytes) else data
    return fmt, source, fmt.index(source, GeotiffParams(**params), ignore)


def rasters_of(data: bytes | Source, **params: Any) -> list[Raster]:
    fmt, source, index = indexed(data, **params)
    cut = fmt.partition(index, GeotiffParams(**params))
    return [fmt.read(source, cut.shared, piece) for piece in cut.slices]


class TestGeotiff(FormatConformance):
    cuts_bytes = False

    def make(self) -> Format:
        return GeotiffFormat()

    def examples(self) -> Mapping[str, bytes]:
        mask = (pixels(1, 37, 41, "uint8", 9)[0] % 3 > 0).astype("uint8") * 255
        big = {"tiled": True, "blockxsize": 16, "blockysize": 16}
        return {
            "small.tif": made(pixels(1, 23, 31, "int16"), compress="lzw", blockysize=5, nodata=7),
            "tiles.tif": made(pixels(3, 37, 41, "uint8"), mask=mask, overviews=(2,), compress="deflate", **big),
            "planar.tif": made(pixels(2, 45, 29, "float32"), interleave="band", ENDIANNESS="BIG", blockysize=4),
            "bigtiff.tif": made(pixels(1, 40, 50, "uint16"), BIGTIFF="YES", **big),
            "row.tif": made(pixels(1, 1, 130, "uint8"), placed=False),
        }

    def reference(self, data: bytes) -> list[Any]:
        whole, _, _ = read_whole(data)
        return [tuple(values) for values in whole.reshape(len(whole), -1).T.tolist()]

    def records_of(self, value: Any) -> list[Any]:
        return [tuple(values) for values in value.data.reshape(len(value.data), -1).T.tolist()]

    def damaged(self) -> Mapping[str, bytes]:
        good = made(pixels(1, 40, 50, "uint16"), tiled=True, blockxsize=16, blockysize=16, compress="deflate")
        raw = made(pixels(1, 40, 50, "uint16"))
        return {
            "text.tif": b"not a raster, whatever its name says" * 9,
            "magic.tif": b"II*\0",
            "half.tif": good[: len(good) // 2],
            "cut.tif": good[:-1],
            "raw-cut.tif": raw[:-1],
            "header.tif": good[:100],
            "no-directory.tif": b"II*\0\0\0\0\0" + bytes(90),
            "directory-beyond.tif": b"II*\0\xff\xff\xff\x7f" + bytes(90),
            "circle.tif": with_next(good, int.from_bytes(good[4:8], "little")),
            "next-beyond.tif": with_next(good, 1 << 30),
            "no-size.tif": patched(good, 256, 0),
            "huge.tif": patched(good, 256, 0xFFFFFFFF),
            "wide.tif": patched(good, 256, 1 << 16),
            "huge-tile.tif": patched(good, 323, 0x10000000),
            "few-tiles.tif": patched(good, 324, count=3),
            "offsets-beyond.tif": patched(good, 324, len(good) - 10),
            "no-such-compression.tif": patched(good, 259, 4711),
            "old-jpeg.tif": patched(good, 259, 6),
            "bits.tif": patched(good, 258, 200),
            "bigtiff-size.tif": b"II+\0\x04\0\0\0" + bytes(64),
        }

    # --- a raster is put together by windows, not one piece behind the other

    def pasted(self, name: str, values: Sequence[Raster]) -> None:
        data, valid = paste(values)
        whole, masks, _ = read_whole(self.examples()[name])
        assert exact(data, whole), name
        assert np.array_equal(valid, masks), name

    def test_every_record_exactly_once(self) -> None:
        fmt = self.make()
        for name, data in self.examples().items():
            source = self.source(name)
            index = self.index(source)
            assert index.records == len(self.reference(data)), name
            for asked in SLICE_COUNTS if name == "tiles.tif" else (1, 3, 64, 300):
                slices, cut = self.cut(index, asked)
                self.pasted(name, [fmt.read(source, cut.shared, piece) for piece in slices])
                assert sum(piece.records for piece in slices) == index.records, (name, asked)

    def test_slices_are_numbered_disjoint_and_ascending(self) -> None:
        for name in self.examples():
            slices, _ = self.cut(self.index(self.source(name)), 16)
            assert [piece.number for piece in slices] == list(range(len(slices)))
            for piece in slices:
                assert all(a + n < b for (a, n), (b, _) in zip(piece.ranges, piece.ranges[1:], strict=False)), name

    def test_a_slice_with_its_header_is_a_file_by_itself(self) -> None:
        fmt = self.make()
        for name in self.examples():
            source = self.source(name)
            index = self.index(source)
            _, masks, _ = read_whole(self.examples()[name])
            for asked in (3, 41):
                slices, cut = self.cut(index, asked)
                for piece in slices:
                    raster = fmt.read(source, cut.shared, piece)
                    with MemoryFile(fmt.read_bytes(source, cut.shared, piece, header=True)) as file:
                        col, row, w, h = raster.window
                        with warnings.catch_warnings():
                            warnings.simplefilter("ignore")
                            with file.open() as alone:
                                assert exact(alone.read(), raster.data), (name, piece)
                                valid = masks[:, row : row + h, col : col + w]
                                assert np.array_equal(alone.read_masks() != 0, valid), (name, piece)
                                assert tuple(alone.transform)[:6] == pytest.approx(raster.transform)
                                assert (alone.crs.to_string() if alone.crs else None) == raster.crs
                                assert alone.nodata == raster.nodata

    def test_slices_are_read_in_any_order_and_after_pickling(self) -> None:
        fmt = self.make()
        for name in self.examples():
            source = self.source(name)
            slices, cut = self.cut(self.index(source), 7)
            packed = [pickle.dumps((dict(cut.shared), piece)) for piece in slices]
            assert max(map(len, packed)) < 1500, name
            random.Random(7).shuffle(packed)
            with ThreadPoolExecutor(3) as pool:
                self.pasted(
                    name, [f.result() for f in [pool.submit(fmt.read, source, *pickle.loads(p)) for p in packed]]
                )

    def test_slices_are_read_in_another_process(self) -> None:
        name = "tiles.tif"
        source = self.source(name)
        slices, cut = self.cut(self.index(source), 3)
        packed = [pickle.dumps((self.make(), source, dict(cut.shared), piece)) for piece in slices]
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            self.pasted(name, [pickle.loads(reply) for reply in pool.map(_read_elsewhere, packed)])


# --- every kind of TIFF


KINDS: dict[str, tuple[NDArray[Any], dict[str, Any]]] = {
    **{
        f"{dtype}-tiled": (pixels(2, 40, 53, dtype), {"tiled": True, "compress": "deflate"})
        for dtype in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64")
    },
    "complex64": (pixels(1, 40, 53, "complex64"), {"tiled": True}),
    "complex128": (pixels(1, 40, 53, "complex128"), {}),
    "planar-tiled": (pixels(3, 40, 53, "uint16"), {"tiled": True, "interleave": "band", "compress": "lzw"}),
    "pixel-tiled": (pixels(4, 40, 53, "uint16"), {"tiled": True, "interleave": "pixel", "compress": "zstd"}),
    "predictor": (pixels(3, 40, 53, "uint16"), {"tiled": True, "compress": "lzw", "predictor": 2}),
    "float-predictor": (pixels(1, 40, 53, "float32"), {"blockysize": 7, "compress": "deflate", "predictor": 3}),
    "packbits": (pixels(1, 40, 53, "uint8"), {"blockysize": 7, "compress": "packbits"}),
    "lerc": (pixels(1, 40, 53, "float32"), {"tiled": True, "compress": "lerc_zstd"}),
    "lzma": (pixels(1, 40, 53, "uint8"), {"compress": "lzma"}),
    "webp": (pixels(3, 40, 53, "uint8"), {"compress": "webp", "WEBP_LOSSLESS": True, "interleave": "pixel"}),
    "jpeg-ycbcr": (pixels(3, 40, 53, "uint8"), {"compress": "jpeg", "photometric": "ycbcr", "tiled": True}),
    "inks": (pixels(4, 40, 53, "uint8"), {"photometric": "cmyk", "interleave": "pixel", "blockysize": 7}),
    "inks-of-16-bits": (pixels(4, 40, 53, "uint16"), {"photometric": "cmyk", "interleave": "pixel"}),
    "jpeg-strips": (pixels(1, 40, 53, "uint8"), {"compress": "jpeg", "blockysize": 8}),
    "bits-1": (pixels(1, 40, 53, "uint8") % 2, {"nbits": 1}),
    "bits-1-fax": (pixels(1, 40, 53, "uint8") % 2, {"nbits": 1, "compress": "ccittfax4", "blockysize": 7}),
    "bits-12": (pixels(3, 40, 53, "uint16"), {"nbits": 12, "interleave": "pixel"}),
    "half-float": (pixels(1, 40, 53, "uint8").astype("float32"), {"nbits": 16}),
    "raw-strips": (pixels(3, 40, 53, "int32"), {"blockysize": 7, "interleave": "pixel"}),
    "raw-one-strip": (pixels(3, 40, 53, "int32"), {"blockysize": 40, "interleave": "band"}),
    "big-endian": (pixels(3, 40, 53, "int32"), {"ENDIANNESS": "BIG", "tiled": True}),
    "big-endian-bigtiff": (pixels(3, 40, 53, "float64"), {"ENDIANNESS": "BIG", "BIGTIFF": "YES", "blockysize": 7}),
    "sparse": (np.zeros((2, 40, 53), "uint16"), {"tiled": True, "SPARSE_OK": True, "nodata": 0}),
    "nodata-nan": (np.where(pixels(1, 40, 53, "float32") > 9, np.nan, 1).astype("float32"), {"nodata": np.nan}),
    "nodata-float": (pixels(1, 40, 53, "float32"), {"nodata": float(np.float32(7 / 3))}),
    "palette": (pixels(1, 40, 53, "uint8") % 4, {"photometric": "palette"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_windows_of_every_kind_of_tiff_are_the_whole(kind: str) -> None:
    data, options = KINDS[kind]
    tiles = {"blockxsize": 16, "blockysize": 16} if options.get("tiled") else {}
    content = made(data, **{**tiles, **options})
    whole, masks, _ = read_whole(content)
    fmt, source, index = indexed(content)
    for choice in ({"num_slices": 1}, {"num_slices": 5}, {"num_slices": 57}, {"grid": 3}, {"tile_rows": 2}):
        cut = fmt.partition(index, GeotiffParams(**choice))
        pieces = list(cut.slices)
        rasters = [fmt.read(source, cut.shared, piece) for piece in pieces]
        got, valid = paste(rasters)
        assert exact(got, whole), (kind, choice)
        assert np.array_equal(valid, masks), (kind, choice)
        for piece, raster in list(zip(pieces, rasters, strict=True))[:6]:
            alone, _, profile = read_whole(fmt.read_bytes(source, cut.shared, piece, header=True))
            assert exact(alone, raster.data), (kind, choice)
            assert np.array_equal(profile["nodata"], raster.nodata, equal_nan=raster.nodata is not None)
            assert fmt.read_bytes(source, cut.shared, piece, header=False) == raster.data.tobytes()
            assert fmt.count(source, cut.shared, piece) == piece.records


def test_a_strip_without_bytes_among_stored_rows_is_nodata() -> None:
    content = made(pixels(1, 40, 53, "uint8"), blockysize=8, nodata=3)
    at = int.from_bytes(content[4:8], "little")
    tables = {int.from_bytes(content[e : e + 2], "little"): e for e in range(at + 2, at + 2 + 12 * 20, 12)}
    sparse = bytearray(content)
    for tag in (273, 279):
        where = int.from_bytes(content[tables[tag] + 8 : tables[tag] + 12], "little")
        width = 4 if content[tables[tag] + 2] == 4 else 2
        sparse[where + 2 * width : where + 3 * width] = bytes(width)
    whole, masks, _ = read_whole(bytes(sparse))
    assert (whole[0, 16:24] == 3).all()
    for asked in (1, 2, 9, 40, 100):
        got, valid = paste(rasters_of(bytes(sparse), num_slices=asked))
        assert exact(got, whole)
        assert np.array_equal(valid, masks)
    fmt, source, index = indexed(bytes(sparse))
    cut = fmt.partition(index, GeotiffParams(num_slices=3))
    alone = [read_whole(fmt.read_bytes(source, cut.shared, p, header=True))[0] for p in cut.slices]
    assert exact(np.concatenate(alone, axis=1), whole)


def test_whole_numbers_of_a_type_with_a_sign() -> None:
    image = pixels(1, 40, 53, "uint16")
    content = made(image, blockysize=8, compress="deflate")
    at = int.from_bytes(content[4:8], "little")
    signed = {3: 8, 4: 9}
    for entry in range(at + 2, at + 2 + 12 * int.from_bytes(content[at : at + 2], "little"), 12):
        kind = content[entry + 2]
        if int.from_bytes(content[entry : entry + 2], "little") in (256, 257, 258, 259, 262, 277, 278):
            content = content[: entry + 2] + bytes([signed.get(kind, kind)]) + content[entry + 3 :]
    assert exact(read_whole(content)[0], image)
    for choice in (1, 7):
        assert exact(paste(rasters_of(content, num_slices=choice))[0], image)


@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize("rows", [8, 4000])
def test_a_last_strip_filled_up_to_the_height_of_the_others(predictor: int, rows: int) -> None:
    """GDAL 3.10 gives whatever was in memory for the end of such a strip where its bytes repeat themselves."""
    image = np.full((1, 37, 53), 7, "uint8")
    content = made(image, blockysize=8, compress="deflate", predictor=predictor)
    filled = np.full((rows, 53), 7, "uint8")
    filled[:, 1:] -= 7 * (predictor - 1)
    strip = zlib.compress(filled.tobytes())
    tiff = TiffFile(MemorySource(content))
    tags = tiff.directory(tiff.first).tags
    for tag, value in ((tags[273], len(content)), (tags[279], len(strip))):
        width = tag.size // tag.count
        at = tag.at + 4 * width
        content = content[:at] + value.to_bytes(width, "little") + content[at + width :]
    for choice in (1, 3, 50):
        got, _ = paste(rasters_of(content + strip, num_slices=choice))
        assert exact(got, image)


def test_alpha_palette_and_fields_stay() -> None:
    colors = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    data = pixels(4, 40, 53, "uint8")
    data[3] = np.where(data[3] > 90, 255, 0)
    content = made(data, colors=colors, tags={"station": "Zürich"}, tiled=True, blockxsize=16, blockysize=16)
    _, masks, _ = read_whole(content)
    got, valid = paste(rasters_of(content, num_slices=5))
    assert exact(got, data)
    assert np.array_equal(valid, masks)
    for asked in (2, 50):
        fmt, source, index = indexed(content)
        cut = fmt.partition(index, GeotiffParams(num_slices=asked))
        piece = next(iter(cut.slices))
        raster = fmt.read(source, cut.shared, piece)
        assert raster.tags["station"] == "Zürich"
        assert raster.colors == ("red", "green", "blue", "alpha")
        with MemoryFile(fmt.read_bytes(source, cut.shared, piece, header=True)) as file, file.open() as alone:
            assert alone.colorinterp == colors
            assert alone.tags()["station"] == "Zürich"
    palette = made(pixels(1, 40, 53, "uint8") % 4, photometric="palette")
    assert rasters_of(palette, num_slices=1)[0].colormap is not None


def test_text_that_is_not_utf8_does_not_matter() -> None:
    content = made(pixels(1, 9, 9, "uint8"), tags={"TIFFTAG_IMAGEDESCRIPTION": "Zuerich"})
    latin = content.replace(b"Zuerich", b"Z\xfcrich ")
    (raster,) = rasters_of(latin, num_slices=1)
    assert raster.tags["TIFFTAG_IMAGEDESCRIPTION"].strip() == "Zürich"


# --- place


def test_transforms_move_with_the_window_and_the_level() -> None:
    rotated = rasterio.Affine(3, 1, 100, 2, -4, 900)
    for content in (
        made(pixels(1, 64, 96, "uint8"), transform=rotated, overviews=(2, 4), tiled=True, blockxsize=16, blockysize=16),
        made(pixels(1, 64, 96, "uint8"), overviews=(2, 4), tags={"AREA_OR_POINT": "Point"}, blockysize=5),
    ):
        for level in (0, 1, 2):
            fmt, source, index = indexed(content, level=level)
            options = {"OVERVIEW_LEVEL": level - 1} if level else {}
            with MemoryFile(content) as file, file.open(**options) as whole:
                transform, size = whole.transform, (whole.width, whole.height)
            for asked in (1, 3, 100):
                cut = fmt.partition(index, GeotiffParams(num_slices=asked, level=level))
                for piece in list(cut.slices)[:9]:
                    raster = fmt.read(source, cut.shared, piece)
                    expected = transform @ rasterio.Affine.translation(raster.window.col, raster.window.row)
                    assert raster.transform == pytest.approx(tuple(expected)[:6])
                    assert raster.crs == "EPSG:32632"
                    content_of = fmt.read_bytes(source, cut.shared, piece, header=True)
                    with MemoryFile(content_of) as file, file.open() as alone:
                        assert tuple(alone.transform)[:6] == pytest.approx(raster.transform)
            assert (index.facts["image"]["width"], index.facts["image"]["height"]) == size


def test_levels_are_the_overviews_of_gdal() -> None:
    mask = np.zeros((64, 96), np.uint8)
    mask[10:40, 20:70] = 255
    content = made(
        pixels(3, 64, 96, "uint8"),
        mask=mask,
        overviews=(2, 4),
        tiled=True,
        blockxsize=16,
        blockysize=16,
        compress="lzw",
    )
    for level in (0, 1, 2):
        whole, masks, _ = read_whole(content, **({"OVERVIEW_LEVEL": level - 1} if level else {}))
        got, valid = paste(rasters_of(content, level=level, num_slices=7))
        assert exact(got, whole)
        assert np.array_equal(valid, masks)
        assert not valid.all()
    with pytest.raises(BadRequest, match="3 levels"):
        indexed(content, level=3)


def test_control_points_and_rational_polynomials_move() -> None:
    points = [
        GroundControlPoint(row=r, col=c, x=c * 2.0, y=-r * 2.0, z=0) for r, c in ((0, 0), (0, 50), (39, 0), (39, 50))
    ]
    content = made(pixels(1, 40, 53, "uint8"), placed=False, gcps=(points, CRS.from_epsg(4326)), blockysize=5)
    for asked in (4, 90):
        fmt, source, index = indexed(content)
        cut = fmt.partition(index, GeotiffParams(num_slices=asked))
        piece = list(cut.slices)[-1]
        raster = fmt.read(source, cut.shared, piece)
        row, col = raster.window.row, raster.window.col
        assert raster.crs == "EPSG:4326"
        assert [g[:4] for g in raster.gcps] == [(p.row - row, p.col - col, p.x, p.y) for p in points]
        with MemoryFile(fmt.read_bytes(source, cut.shared, piece, header=True)) as file, file.open() as alone:
            assert [(p.row, p.col, p.x, p.y) for p in alone.gcps[0]] == [g[:4] for g in raster.gcps]
    ones = [1.0] * 20
    rpc = RPC(10, 5, 46, 1, ones, ones, 20, 20, 8, 1, ones, ones, 26, 26, 0.5, 0.5)
    content = made(pixels(1, 40, 53, "uint8"), placed=False, rpcs=rpc)
    last = rasters_of(content, num_slices=4)[-1]
    assert last.rpcs is not None
    assert float(last.rpcs["LINE_OFF"]) == pytest.approx(20 - last.window.row)
    fmt, source, index = indexed(content)
    cut = fmt.partition(index, GeotiffParams(num_slices=4))
    with (
        MemoryFile(fmt.read_bytes(source, cut.shared, list(cut.slices)[-1], header=True)) as file,
        file.open() as alone,
    ):
        assert alone.rpcs.line_off == pytest.approx(20 - last.window.row)


def test_without_a_place_nothing_warns() -> None:
    content = made(pixels(1, 9, 9, "uint8"), placed=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (raster,) = rasters_of(content, num_slices=1)
    assert not raster.georeferenced
    assert raster.transform == (1, 0, 0, 0, 1, 0)
    assert raster.crs is None


# --- choices


def test_as_many_windows_as_asked_along_tiles_where_that_can_be() -> None:
    content = made(pixels(1, 50, 70, "uint8"), tiled=True, blockxsize=16, blockysize=16, compress="lzw")
    fmt, _, index = indexed(content)
    for asked in (1, 2, 4, 5, 13, 20, 21, 333, 3499, 3500):
        windows = [Window(*p.details["window"]) for p in fmt.partition(index, GeotiffParams(num_slices=asked)).slices]
        assert len(windows) == asked
        assert sum(w.pixels for w in windows) == 3500
        covered = np.zeros((50, 70), int)
        for w in windows:
            covered[w.row : w.row + w.height, w.col : w.col + w.width] += 1
        assert (covered == 1).all(), asked
        if asked <= 20:
            assert all(w.row % 16 == 0 and w.col % 16 == 0 for w in windows), asked
    cut = fmt.partition(index, GeotiffParams(num_slices=9999))
    assert len(list(cut.slices)) == 3500
    assert "3,500" in cut.notes[0]


def test_ten_million_windows_are_made_one_by_one() -> None:
    shape = {
        "samples": 1,
        "bits": 8,
        "sample_format": 1,
        "compression": 5,
        "photometric": 1,
        "planar": False,
        "tiled": True,
    }
    layout = Layout(None, 1 << 20, 1 << 19, **shape, tile_width=512, tile_height=512, offsets=None, counts=None)  # type: ignore[arg-type]
    windows = cut_in(layout, layout.whole, 10_000_000)
    assert len(windows) == 10_000_000
    first = [w for w, _ in zip(windows, range(5), strict=False)]
    assert first[0].pixels < 512 * 512
    assert first[0][:2] == (0, 0)


def test_grids_tile_rows_and_windows() -> None:
    data = pixels(2, 50, 70, "uint16")
    content = made(data, tiled=True, blockxsize=16, blockysize=16, compress="lzw")
    fmt, source, index = indexed(content)
    grid = rasters_of(content, grid=4)
    assert len(grid) == 16
    assert {(r.window.height, r.window.width) for r in grid} == {(12, 17), (12, 18), (13, 17), (13, 18)}
    assert exact(paste(grid)[0], data)
    rows = rasters_of(content, tile_rows=3)
    assert [r.window.height for r in rows] == [48, 2]
    assert exact(paste(rows)[0], data)
    cut = fmt.partition(index, GeotiffParams(grid=60))
    assert len(list(cut.slices)) == 50 * 60
    assert cut.notes
    (one,) = rasters_of(content, window="11, 7,40,30")
    assert exact(one.data, data[:, 7:37, 11:51].copy())
    for choice in ({"num_slices": 9}, {"grid": 3}, {"tile_rows": 1}, {"num_slices": 300}):
        parts = rasters_of(content, window="11,7,40,30", **choice)
        put = np.zeros((2, 50, 70), np.uint16)
        covered = np.zeros((50, 70), int)
        for r in parts:
            put[:, r.window.row :, r.window.col :][:, : r.window.height, : r.window.width] = r.data
            covered[r.window.row :, r.window.col :][: r.window.height, : r.window.width] += 1
        assert exact(put[:, 7:37, 11:51].copy(), one.data)
        assert covered.sum() == covered[7:37, 11:51].sum() == 1200
    for wrong in ("60,0,11,5", "0,50,1,1"):
        with pytest.raises(BadRequest, match="not within"):
            fmt.partition(index, GeotiffParams(window=wrong))
    for wrong in ("1,2,3", "a,b,c,d", "0,0,0,5", "-1,0,3,3"):
        with pytest.raises(ValidationError):
            GeotiffParams(window=wrong)
    assert source.size == index.size


def test_pages_are_images_of_their_own() -> None:
    images = [np.full((4, 6), 9, np.uint8), np.arange(35, dtype=np.uint8).reshape(5, 7)]
    content = several_pages(images)
    fmt, _, index = indexed(content)
    assert "2 images" in fmt.partition(index, GeotiffParams(num_slices=1)).notes[0]
    for page, image in enumerate(images):
        assert exact(paste(rasters_of(content, page=page, num_slices=3))[0][0], image)
    with pytest.raises(BadRequest, match="page 0 to 1"):
        indexed(content, page=2)


def test_natural_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    content = made(pixels(2, 20, 30, "int16"), nodata=5)
    fmt, source, index = indexed(content)
    cut = fmt.partition(index, GeotiffParams(num_slices=2))
    piece = list(cut.slices)[1]
    raster = fmt.read(source, cut.shared, piece)
    assert exact(fmt.views["to_numpy"](source, cut.shared, piece), raster.data)
    masked = fmt.views["masked"](source, cut.shared, piece)
    assert np.array_equal(masked.mask, raster.data == 5)
    assert masked.fill_value == 5
    array = fmt.views["to_xarray"](source, cut.shared, piece)
    assert array.dims == ("band", "y", "x")
    assert exact(array.values, raster.data)
    assert float(array.x[0]) == 500_005
    assert float(array.y[0]) == 5_000_000 - 10 * raster.window.row - 5
    assert raster.bounds == (500_000, 5_000_000 - 200, 500_300, 5_000_000 - 100)
    assert pickle.loads(pickle.dumps(raster)) == raster
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(MissingExtra, match="xarray"):
        raster.to_xarray()


def test_without_rasterio_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rasterio.io", None)
    with pytest.raises(MissingExtra, match="geospatial"):
        indexed(made_once())


# --- cost and behaviour


_MADE: list[bytes] = []


def made_once() -> bytes:
    """3,000 x 2,000 noisy pixels in tiles of 256: about 9 MB."""
    if not _MADE:
        data = np.random.default_rng(3).integers(0, 60_000, (1, 2000, 3000)).astype("uint16")
        _MADE.append(made(data, tiled=True, blockxsize=256, blockysize=256, compress="deflate", ZLEVEL=1))
    return _MADE[0]


class RequestSource(CountingSource):
    """A source that counts requests, as a service would see them."""

    def __init__(self, inner: Source) -> None:
        super().__init__(inner)
        self.requests: list[list[Range]] = []

    def read(self, offset: int, length: int) -> bytes:
        self.requests.append([(offset, length)])
        return super().read(offset, length)

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        self.requests.append(list(ranges))
        return [self.inner.read(offset, length) for offset, length in ranges]


def test_a_slice_reads_its_tiles_in_one_request() -> None:
    source = RequestSource(MemorySource(made_once()))
    fmt, _, index = indexed(source)
    assert source.total < 100_000, "the index reads no pixels"
    cut = fmt.partition(index, GeotiffParams(window="500,500,2,2"))
    (piece,) = cut.slices
    source.requests.clear()
    fmt.read(source, cut.shared, piece)
    assert len(source.requests) <= 5
    assert len(piece.ranges) <= 4
    assert sum(n for request in source.requests for _, n in request) < 4 * 140_000 + 70_000


def test_ranges_cover_the_tiles_and_stay_few() -> None:
    fmt, source, index = indexed(made_once())
    cut = fmt.partition(index, GeotiffParams(grid=3))
    for piece in cut.slices:
        assert len(piece.ranges) <= 24
        assert len(pickle.dumps((dict(cut.shared), piece))) < 1500
        asked: list[Range] = []
        seen = RequestSource(source)
        fmt.read(seen, cut.shared, piece)
        asked = [r for request in seen.requests[1:] for r in request if r[1] > 20_000 and r[0] > 0]
        for offset, length in asked:
            assert any(a <= offset and offset + length <= a + n for a, n in piece.ranges)
    columns = made(np.zeros((1, 2000, 64), "uint8"), tiled=True, blockxsize=16, blockysize=16)
    fmt, _, index = indexed(columns)
    wide = next(iter(fmt.partition(index, GeotiffParams(window="0,0,16,2000")).slices))
    assert 1 <= len(wide.ranges) <= 24


class SixGibibytes(CountingSource):
    """A BigTIFF of one strip of 2,048 x 3,145,728 bytes, of which only the header is in memory."""

    size = 16 + 8 + 20 * 8 + 8 + 2048 * 3_145_728
    uri, etag = "memory:six.tif", "six"

    def __init__(self) -> None:
        at = 16 + 8 + 20 * 8 + 8
        fields = [
            (256, 2048),
            (257, 3_145_728),
            (258, 8),
            (259, 1),
            (262, 1),
            (273, at),
            (278, 3_145_728),
            (279, 1 << 32),
        ]
        entries = b"".join(struct.pack("<HHQQ", tag, 16, 1, value) for tag, value in fields)
        header = b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, len(fields)) + entries + bytes(8)
        super().__init__(MemorySource(header))

    def read(self, offset: int, length: int) -> bytes:
        self.total += length
        made = (np.arange(offset, offset + length) % 251).astype("uint8").tobytes()
        head = self.inner.read(offset, min(length, self.inner.size - offset)) if offset < self.inner.size else b""
        return head + made[len(head) :]


def test_offsets_beyond_four_gibibytes() -> None:
    source = SixGibibytes()
    fmt, _, index = indexed(source)
    assert index.records == 2048 * 3_145_728
    for asked in (96, 1_000_000):
        cut = fmt.partition(index, GeotiffParams(num_slices=asked))
        assert len(cut.slices) == asked  # type: ignore[arg-type]
    cut = fmt.partition(index, GeotiffParams(window="2000,3145700,48,28"))
    (piece,) = cut.slices
    assert piece.ranges[0][0] > 6_000_000_000
    source.total = 0
    raster = fmt.read(source, cut.shared, piece)
    rows, cols = np.mgrid[3_145_700:3_145_728, 2000:2048]
    assert exact(raster.data[0], ((source.inner.size + rows * 2048 + cols) % 251).astype("uint8"))
    assert source.total < 100_000


def test_small_groups_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geotiff_tiles, "group_size", lambda layout, window: 600)
    for options in ({"tiled": True, "blockxsize": 16, "blockysize": 16}, {"blockysize": 7}, {"compress": "lzw"}):
        data = pixels(3, 40, 53, "uint8")
        content = made(data, interleave="band" if "tiled" in options else "pixel", **options)
        for asked in (1, 3, 60):
            assert exact(paste(rasters_of(content, num_slices=asked))[0], data)


def test_an_error_of_the_source_comes_through() -> None:
    class Broken(CountingSource):
        def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
            raise SourceChanged("the object has changed since it was indexed")

    fmt, source, index = indexed(made_once())
    cut = fmt.partition(index, GeotiffParams(num_slices=2))
    for piece in cut.slices:
        with pytest.raises(SourceChanged):
            fmt.read(Broken(source), cut.shared, piece)


def test_damaged_tiles_are_refused_in_words() -> None:
    content = bytearray(made_once())
    content[-500_000:] = bytes(500_000)
    fmt, source, index = indexed(bytes(content))
    cut = fmt.partition(index, GeotiffParams(num_slices=8))
    *good, bad = cut.slices
    assert fmt.count(source, cut.shared, good[0]) == good[0].records
    for read in (fmt.count, fmt.read):
        with pytest.raises(FormatError, match=r"cannot be decoded: (?!.*\.tif)[A-Za-z]"):
            read(source, cut.shared, bad)


def test_settings_of_gdal_stay_as_they_are() -> None:
    from rasterio._env import get_gdal_config

    names = (
        "GDAL_DISABLE_READDIR_ON_OPEN",
        "GDAL_PAM_ENABLED",
        "AWS_REQUEST_PAYER",
        "GDAL_HTTP_UNSAFESSL",
        "GDAL_NUM_THREADS",
    )
    before = [get_gdal_config(name) for name in names]
    during: list[Any] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            during.append([get_gdal_config(name) for name in names])

    thread = threading.Thread(target=look)
    thread.start()
    rasters_of(made_once(), num_slices=3)
    stop.set()
    thread.join()
    assert all(seen == before for seen in during)
    assert [get_gdal_config(name) for name in names] == before


MUTATE = """
import random, sys
from cloud_data_cockpit.errors import CockpitError
from cloud_data_cockpit.formats.geotiff import GeotiffFormat, GeotiffParams
from cloud_data_cockpit.source import MemorySource
fmt, ended = GeotiffFormat(), {"refused": 0, "read": 0}
for path in sys.argv[1:]:
    good = open(path, "rb").read()
    for seed in range(50):
        chance, data = random.Random(seed), bytearray(good)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(min(len(data), chance.choice((16, 200, 1200))))
            data[at] = chance.choice((0, 1, 2, 255, chance.randrange(256), data[at] ^ 1 << chance.randrange(8)))
        if chance.random() < 0.1:
            del data[chance.randrange(len(data)):]
        source = MemorySource(bytes(data), uri="memory:mutated.tif")
        try:
            index = fmt.index(source, GeotiffParams(), lambda done, total: None)
            cut = fmt.partition(index, GeotiffParams(num_slices=4))
            for piece in cut.slices:
                if piece.records > 100_000_000:
                    break
                raster = fmt.read(source, cut.shared, piece)
                assert raster.data.shape[1:] == (raster.window.height, raster.window.width)
                assert piece.records == raster.data[0].size
                fmt.read_bytes(source, cut.shared, piece, header=True)
            ended["read"] += 1
        except CockpitError as error:
            assert len(error.message) > 20
            ended["refused"] += 1
print(ended["refused"], ended["read"])
"""


def test_mutated_headers_never_crash_nor_hang(tmp_path: Path) -> None:
    kinds = (
        made(pixels(3, 60, 70, "uint8"), tiled=True, blockxsize=16, blockysize=16, compress="deflate", overviews=(2,)),
        made(pixels(2, 60, 70, "int16"), BIGTIFF="YES", ENDIANNESS="BIG", interleave="band", nodata=3),
        made(
            pixels(3, 60, 70, "uint8"), compress="jpeg", photometric="ycbcr", tiled=True, blockxsize=16, blockysize=16
        ),
    )
    paths = [tmp_path / f"{i}.tif" for i in range(len(kinds))]
    for path, kind in zip(paths, kinds, strict=True):
        path.write_bytes(kind)
    child = subprocess.run(
        [sys.executable, "-c", MUTATE, *map(str, paths)], capture_output=True, text=True, timeout=120, check=False
    )
    assert child.returncode == 0, child.stderr[-2000:]
    refused, read = map(int, child.stdout.split())
    assert refused + read == 150
    assert refused > 20
    assert read > 20


def test_the_demo_sample() -> None:
    content = geotiff_sample()
    whole, masks, profile = read_whole(content)
    assert profile["crs"].to_epsg() == 32632
    assert profile["nodata"] == -9999
    assert not masks.all()
    assert geotiff_sample() == content
    for level in (0, 1, 2):
        expected, _, _ = read_whole(content, **({"OVERVIEW_LEVEL": level - 1} if level else {}))
        assert exact(paste(rasters_of(content, num_slices=6, level=level))[0], expected)
    assert whole.shape == (1, 500, 700)


def test_the_demo_fields_in_reflectance() -> None:
    content = fields_sample()
    whole, masks, profile = read_whole(content)
    assert (profile["count"], profile["dtype"], profile["nodata"]) == (2, "uint16", 0)
    assert exact(paste(rasters_of(content, num_slices=6))[0], whole)
    (raster,) = rasters_of(content, num_slices=1)
    assert raster.descriptions == ("red", "near infrared")
    assert repr(raster) == (
        "<Raster of 2 bands (red, near infrared), 450 x 600 pixels, uint16, EPSG:32632, from column 0 and row 0>"
    )
    scaled = raster.scaled()
    assert np.array_equal(scaled.mask, masks == 0)
    assert 0 < scaled.mask.mean() < 0.1
    assert np.array_equal(scaled.compressed(), whole[masks != 0] * 0.0001)
    assert 0 < scaled.min() < scaled.max() < 1


def test_scaled_pixels_have_the_offset_of_their_band() -> None:
    (raster,) = rasters_of(geotiff_sample(), num_slices=1)
    pixels = replace(raster, scales=(2.0,), offsets=(-5.0,)).scaled()
    assert np.array_equal(pixels.compressed(), raster.data[raster.valid()] * 2.0 - 5.0)
    assert np.array_equal(replace(raster, scales=(), offsets=()).scaled().compressed(), raster.masked().compressed())
    assert "1 band, 500 x 700 pixels, float32" in repr(raster)


# --- real files

FILES = sorted((SAMPLES / "tiff").glob("*.tif")) if SAMPLES.is_dir() else []


@pytest.mark.skipif(not FILES, reason="the collection of real files is not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_real_files(path: Path) -> None:
    truth = json.loads((SAMPLES / "truth.json").read_text())[f"tiff/{path.name}"]
    whole, masks, profile = read_whole(path.read_bytes())
    assert list(whole.shape) == truth["shape"]
    fmt, source, index = indexed(FileSource(path))
    assert index.records == truth["shape"][1] * truth["shape"][2]
    for asked in (1, 2, 3, 7, 16, 64, 100):
        cut = fmt.partition(index, GeotiffParams(num_slices=asked))
        pieces = list(cut.slices)
        assert len(pieces) == asked
        rasters = [fmt.read(source, cut.shared, piece) for piece in pieces]
        data, valid = paste(rasters)
        assert exact(data, whole)
        assert np.array_equal(valid, masks)
        assert rasters[0].transform == tuple(profile["transform"])[:6]
        assert rasters[0].crs == (profile["crs"].to_string() if profile["crs"] else None)
        if asked in (7, 64):
            alone = [read_whole(fmt.read_bytes(source, cut.shared, piece, header=True)) for piece in pieces[:4]]
            for (got, got_masks, _), raster in zip(alone, rasters, strict=False):
                assert exact(got, raster.data)
                assert np.array_equal(got_masks, raster.valid())
    for level, _ in enumerate(truth["overviews"], 1):
        expected, _, _ = read_whole(path.read_bytes(), OVERVIEW_LEVEL=level - 1)
        assert exact(paste(rasters_of(source, num_slices=5, level=level))[0], expected)


@pytest.mark.skipif(not FILES, reason="the collection of real files is not here")
def test_real_files_cut_off_are_refused() -> None:
    for path in FILES:
        data = path.read_bytes()
        for keep in (len(data) // 3, 200):
            with pytest.raises(CockpitError):
                indexed(data[:keep])


def test_pieces_are_slices() -> None:
    fmt, _, index = indexed(made(pixels(1, 9, 9, "uint8")))
    (piece,) = fmt.partition(index, GeotiffParams()).slices
    assert isinstance(piece, Slice)
    assert piece.details == {"window": [0, 0, 9, 9]}


def test_decoding_takes_no_session_of_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "somebody")
    monkeypatch.setattr("rasterio.session.AWSSession.__init__", lambda *a, **k: pytest.fail("a session was made"))
    (raster,) = rasters_of(geotiff_sample(), num_slices=1)
    assert raster.data.any()
