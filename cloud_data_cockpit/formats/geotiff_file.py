"""A window as a TIFF of its own: its tiles copied as they are where it holds whole ones, else written anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .geotiff_gdal import Meaning
from .geotiff_raster import gcps_of, place_of
from .geotiff_read import Opened, deflate, read_mask, read_pixels, rows_as_strips
from .geotiff_tiles import fetch, part_ranges
from .tiff_ifd import Order, TiffFile
from .tiff_layout import Layout, Window
from .tiff_write import (
    GEO_KEYS,
    LONG,
    RPC,
    SHORT,
    TIEPOINTS,
    TRANSFORMATION,
    Field,
    Image,
    all_fields,
    build,
    decoding_fields,
    doubles,
    geometry,
    mask_field,
    whole,
    without_place,
)

_STRIP_BYTES = 1 << 20
_RGB, _PALETTE, _SEPARATED, _YCBCR, _MASK = 2, 3, 5, 6, 4
_KEPT_COLORS = frozenset({0, 1, 2, 3, 5, 8})
_PIXEL_IS_POINT = 2
_SAMPLE_FORMATS = {"u": 1, "b": 1, "i": 2, "f": 3, "c": 6}
# How tiles are packed and what of that a new writing replaces.
_PACKING = frozenset(
    {258, 259, 262, 266, 274, 277, 284, 292, 293, 317, 320, 332, 334, 338, 339, 347, 529, 530, 531, 532, 50674}
)


def window_file(opened: Opened, window: Window) -> bytes:
    """A GeoTIFF of `window` with its mask: same values, nodata, CRS, fields; the place is that of the window."""
    meaning = opened.meaning()
    place = place_fields(opened, window, meaning)
    fields = without_place(all_fields(opened.tiff, opened.layout.directory, opened.main))
    if opened.layout.holds_whole_tiles(window):
        image = _copied(opened.tiff, opened.layout, window, [*fields, *place])
    else:
        pixels = read_pixels(opened.tiff, opened.layout, window, meaning)
        image = _written(opened, pixels, [*fields, *place], meaning)
    masks = [] if opened.mask is None else [_mask_image(opened, opened.mask, window)]
    return build(opened.tiff.order, [image, *masks])


def place_fields(opened: Opened, window: Window, meaning: Meaning) -> list[Field]:
    """Fields that say where `window` lies: a transformation, or control points; and rational polynomials."""
    order, scale = opened.tiff.order, opened.scale
    fields = []
    if meaning.georeferenced:
        a, b, c, d, e, f = place_of(meaning.transform, window, scale)
        if _is_point(opened):
            c, f = c + (a + b) / 2, f + (d + e) / 2
        fields.append(doubles(order, TRANSFORMATION, [a, b, 0, c, d, e, 0, f, 0, 0, 0, 0, 0, 0, 0, 1]))
    elif meaning.gcps:
        shift = 0.5 if _is_point(opened) else 0.0
        points = gcps_of(meaning.gcps, window, scale)
        fields.append(
            doubles(order, TIEPOINTS, [v for r, k, x, y, z in points for v in (k - shift, r - shift, 0, x, y, z)])
        )
    rpc = list(opened.tiff.doubles(opened.main, RPC))
    if len(rpc) == 92:
        for at, start, ratio in ((2, window.row, scale[1]), (3, window.col, scale[0])):
            rpc[at] = (rpc[at] + 0.5) / ratio - 0.5 - start
            rpc[at + 5] /= ratio
        fields.append(doubles(order, RPC, rpc))
    return fields


def _is_point(opened: Opened) -> bool:
    keys = opened.tiff.ints(opened.main, GEO_KEYS)
    entries = [keys[at : at + 4] for at in range(4, len(keys) - 3, 4)]
    return any(key == 1025 and where == 0 and value == _PIXEL_IS_POINT for key, where, _, value in entries)


def _copied(tiff: TiffFile, layout: Layout, window: Window, fields: list[Field]) -> Image:
    """The stored tiles of a window that is made of whole ones."""
    tiles = fetch(tiff.source, part_ranges(tiff, layout, window))
    if not layout.by_rows:
        shape = geometry(tiff.order, layout, window.width, window.height)
        return Image((*fields, *shape), tiles, layout.tiled)
    strip_rows, strips = rows_as_strips(
        layout, window, tiles, max(1, min(window.height, _STRIP_BYTES // layout.row_bytes))
    )
    return Image((*fields, *geometry(tiff.order, layout, window.width, window.height, strip_rows)), strips, False)


def _written(opened: Opened, pixels: NDArray[np.generic], fields: list[Field], meaning: Meaning) -> Image:
    """Pixels in strips of their own, band after band."""
    order = opened.tiff.order
    bands, height, width = pixels.shape
    rows = max(1, min(height, _STRIP_BYTES // (width * pixels.itemsize)))
    strips = [deflate(pixels[b, at : at + rows], order) for b in range(bands) for at in range(0, height, rows)]
    kept = [field for field in fields if field.number not in _PACKING]
    return Image((*kept, *_packing(opened, pixels, meaning), *_strips(order, width, height, rows)), strips, False)


def _packing(opened: Opened, pixels: NDArray[np.generic], meaning: Meaning) -> list[Field]:
    order, layout, bands = opened.tiff.order, opened.layout, len(pixels)
    # GDAL has turned inks of 8 bits into red, green, blue and alpha by now.
    same = bands == layout.samples and not (layout.photometric == _SEPARATED and meaning.colors[:1] == ("red",))
    color = layout.photometric if layout.photometric in _KEPT_COLORS and same else _RGB
    fields = [
        whole(order, 258, SHORT, *([pixels.itemsize * 8] * bands)),
        whole(order, 259, SHORT, 8),
        whole(order, 262, SHORT, color if color != _RGB or bands >= 3 else 1),
        whole(order, 277, SHORT, bands),
        whole(order, 284, SHORT, 2 if bands > 1 else 1),
        whole(order, 339, SHORT, *([_SAMPLE_FORMATS[pixels.dtype.kind]] * bands)),
    ]
    extra = opened.tiff.ints(layout.directory, 338) if same else (2,) * (bands - 3)
    if extra:
        fields.append(whole(order, 338, SHORT, *extra))
    if color == _PALETTE and meaning.colormap:
        fields.append(_palette(opened, 1 << (8 * pixels.itemsize)))
    return fields


def _palette(opened: Opened, size: int) -> Field:
    """The colours of the file, filled up with black to the number that the new type of the pixels can name."""
    values = opened.tiff.ints(opened.layout.directory, 320)
    each = len(values) // 3
    filled = [v for part in range(3) for v in (*values[part * each : (part + 1) * each], *([0] * (size - each)))]
    return whole(opened.tiff.order, 320, SHORT, *filled)


def _mask_image(opened: Opened, mask: Layout, window: Window) -> Image:
    tiff, order = opened.tiff, opened.tiff.order
    if mask.holds_whole_tiles(window):
        return _copied(tiff, mask, window, [*decoding_fields(tiff, mask.directory), mask_field(order)])
    bits = read_mask(opened, window)
    packed = np.packbits(bits if bits is not None else np.ones((window.height, window.width), np.bool_), axis=1)
    numbers = ((258, 1), (259, 8), (262, _MASK), (277, 1), (284, 1))
    fields = [mask_field(order), *(whole(order, number, SHORT, value) for number, value in numbers)]
    shape = _strips(order, window.width, window.height, window.height)
    return Image((*fields, *shape), [deflate(packed, order)], False)


def _strips(order: Order, width: int, height: int, rows: int) -> list[Field]:
    return [whole(order, 256, LONG, width), whole(order, 257, LONG, height), whole(order, 278, LONG, rows)]


def raw_pixels(pixels: NDArray[np.generic]) -> bytes:
    """Pixels in C order (bands, rows, columns), in the byte order of this machine."""
    return np.ascontiguousarray(pixels).tobytes()
