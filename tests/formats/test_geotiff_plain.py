"""Tiles decoded without GDAL: bit by bit what GDAL makes of them, and damaged ones judged as GDAL judges them."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cloud_data_cockpit.errors import FormatError
from cloud_data_cockpit.formats import geotiff_plain
from cloud_data_cockpit.formats.geotiff_gdal import meaning_of
from cloud_data_cockpit.formats.geotiff_plain import Plain, inflated, plain_of
from cloud_data_cockpit.formats.geotiff_read import read_pixels
from cloud_data_cockpit.formats.tiff_ifd import TiffFile
from cloud_data_cockpit.formats.tiff_layout import Window, read_layout, read_tiles
from cloud_data_cockpit.source import MemorySource

from .geotiff_made import made, patched, pixels, read_whole

isal = pytest.importorskip("isal", reason="without isal GDAL decodes everything")

DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64")
SHAPES = ((1, 1, 1), (1, 33, 16), (2, 40, 53), (3, 17, 80), (5, 16, 7))
WINDOWS = ((0, 0, 1, 1), (0, 0, 99, 99), (3, 5, 20, 9), (15, 15, 2, 2), (16, 16, 16, 16), (31, 0, 30, 40))


class Image:
    """A made TIFF and how its pixels are read here."""

    def __init__(self, content: bytes) -> None:
        self.tiff = TiffFile(MemorySource(content))
        self.layout = read_layout(self.tiff, self.tiff.directory(self.tiff.first))
        self.meaning = meaning_of(self.tiff, self.layout, self.layout.directory)

    @property
    def plain(self) -> Plain | None:
        return plain_of(self.tiff, self.layout, self.meaning)

    def read(self, window: Window | None = None) -> NDArray[Any]:
        return read_pixels(self.tiff, self.layout, window or self.layout.whole, self.meaning)


@pytest.fixture
def no_gdal(monkeypatch: pytest.MonkeyPatch) -> None:
    """GDAL must not be asked to decode."""

    def refused(*_: object) -> None:
        raise AssertionError("GDAL decodes what could be decoded without it")

    monkeypatch.setattr("cloud_data_cockpit.formats.geotiff_read.decode", refused)


def any_bits(shape: tuple[int, int, int], dtype: str) -> NDArray[Any]:
    """Samples of any bits: among floats every kind of NaN, infinities and the least numbers."""
    chance = np.random.default_rng(sum(map(ord, dtype)) + sum(shape))
    held = np.frombuffer(chance.bytes(int(np.prod(shape)) * np.dtype(dtype).itemsize), dtype).reshape(shape).copy()
    held[:, ::3] = pixels(*shape, dtype)[:, ::3]
    return held


LAYOUTS: list[dict[str, Any]] = [
    {**packing, **places, "interleave": interleave, "ENDIANNESS": endian}
    for packing, places, interleave, endian in product(
        ({"compress": "deflate"}, {}),
        ({"tiled": True, "blockxsize": 16, "blockysize": 32}, {"blockysize": 1}, {"blockysize": 7}, {"blockysize": 99}),
        ("pixel", "band"),
        ("LITTLE", "BIG"),
    )
]


@pytest.mark.usefixtures("no_gdal")
@pytest.mark.parametrize("dtype", DTYPES)
def test_plain_tiles_are_what_gdal_reads(dtype: str) -> None:
    for i, options in enumerate(LAYOUTS):
        shape = SHAPES[i % len(SHAPES)]
        # GDAL takes a nodata value along and changes no sample for it.
        also = {"nodata": 1, "BIGTIFF": "YES"} if i % 3 == 0 else {}
        content = made(any_bits(shape, dtype), **options, **also)
        image, whole = Image(content), read_whole(content)[0]
        for col, row, width, height in WINDOWS:
            window = Window(col, row, min(width, shape[2] - col), min(height, shape[1] - row))
            if window.width > 0 and window.height > 0:
                got = image.read(window)
                wanted = whole[:, row : row + window.height, col : col + window.width]
                assert got.dtype == wanted.dtype, options
                assert got.tobytes() == np.ascontiguousarray(wanted).tobytes(), (options, window)


ONLY_GDAL: dict[str, tuple[NDArray[Any], dict[str, Any]]] = {
    "predictor": (pixels(3, 40, 53, "uint16"), {"compress": "deflate", "predictor": 2}),
    "float-predictor": (pixels(1, 40, 53, "float32"), {"compress": "deflate", "predictor": 3}),
    "lzw": (pixels(1, 40, 53, "uint8"), {"compress": "lzw"}),
    "zstd": (pixels(1, 40, 53, "uint8"), {"compress": "zstd"}),
    "bits-12": (pixels(3, 40, 53, "uint16"), {"nbits": 12, "compress": "deflate"}),
    "half-float": (pixels(1, 40, 53, "uint8").astype("float32"), {"nbits": 16, "compress": "deflate"}),
    "complex": (pixels(1, 40, 53, "complex64"), {"compress": "deflate"}),
    "white-is-zero": (pixels(1, 40, 53, "uint8"), {"compress": "deflate", "photometric": "miniswhite"}),
    "cmyk": (pixels(4, 40, 53, "uint8"), {"compress": "deflate", "photometric": "cmyk"}),
}


@pytest.mark.parametrize("kind", ONLY_GDAL)
def test_all_other_tiles_are_left_to_gdal(kind: str) -> None:
    data, options = ONLY_GDAL[kind]
    content = made(data, **options)
    image = Image(content)
    assert image.plain is None
    assert image.read().tobytes() == read_whole(content)[0].tobytes()


def test_fields_with_other_values_are_left_to_gdal() -> None:
    content = made(pixels(1, 16, 16, "uint8"), compress="deflate")
    assert Image(content).plain is not None
    # Photometric, and samples of no known format.
    for tag, value in ((262, 0), (339, 4)):
        assert Image(patched(content, tag, value)).plain is None, tag


def test_without_isal_deflated_tiles_are_left_to_gdal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geotiff_plain, "_inflater", lambda: None)
    content = made(pixels(2, 40, 53, "int16"), compress="deflate", tiled=True, blockxsize=16, blockysize=16)
    image = Image(content)
    assert image.plain is None
    assert image.read().tobytes() == read_whole(content)[0].tobytes()
    assert Image(made(pixels(2, 40, 53, "int16"))).plain is not None


def test_tiles_that_are_not_stored_are_filled_by_gdal() -> None:
    data = np.full((2, 64, 64), 9, "uint16")
    data[:, :16, :16] = pixels(2, 16, 16, "uint16")
    for packing in ({"compress": "deflate"}, {}):
        options = {**packing, "tiled": True, "blockxsize": 16, "blockysize": 16, "SPARSE_OK": True, "nodata": 9}
        content = made(data, **options)
        assert Image(content).read().tobytes() == read_whole(content)[0].tobytes() == data.tobytes()


def test_damaged_tiles_are_judged_by_gdal() -> None:
    content = made(pixels(1, 32, 32, "uint8"), compress="deflate", tiled=True, blockxsize=16, blockysize=16)
    image = Image(content)
    tiles = read_tiles(image.tiff, image.layout, 0, 4, 1 << 20)
    first, length = int(tiles.offsets[0]), int(tiles.lengths[0])
    refused = 0
    for at in range(first, first + length):
        damaged = bytearray(content)
        damaged[at] ^= 0x10
        wanted = _outcome(lambda data=bytes(damaged): read_whole(data)[0])
        assert _outcome(lambda data=bytes(damaged): Image(data).read()) == wanted, at
        refused += wanted is None
    assert refused > length // 2


def test_a_tile_of_another_length_or_checksum_is_not_taken() -> None:
    import zlib

    packed = zlib.compress(bytes(range(200)))
    assert inflated(packed, 200) == inflated(packed + b"more", 200) == bytes(range(200))
    for tile, size in ((packed, 199), (packed, 201), (packed[:-1], 200), (packed[:-1] + b"\0", 200), (b"", 0)):
        assert inflated(tile, size) is None
    # What inflates to far more than a tile is given up as soon as it does.
    assert inflated(zlib.compress(bytes(50_000_000)), 1000) is None


def _outcome(read: Any) -> bytes | None:
    """The pixels, or None for a refusal."""
    from rasterio.errors import RasterioError

    try:
        data: bytes = read().tobytes()
    except (FormatError, RasterioError):
        return None
    return data
