"""Points as laspy's objects and as columns."""

from __future__ import annotations

import io
import struct
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, MissingExtra
from ..source import Source
from .las_header import POINT_SIZES, Head
from .las_read import around
from .laz_chunks import Bytes, lazrs

if TYPE_CHECKING:
    import laspy


def las_header(source: Source, head: Head, points: Bytes) -> laspy.LasHeader:
    """laspy's header of a file that holds `points` alone. It is given only headers whose lengths were checked."""
    try:
        import laspy
    except ImportError:
        raise MissingExtra("point clouds need laspy: pip install 'cloud-data-cockpit[geospatial]'") from None
    frame = around(source, head)
    before, after, start = frame.before(points), frame.after, frame.points_at
    file = bytearray(before + after)
    if after:
        file[235:243] = start.to_bytes(8, "little")
    try:
        header = laspy.LasHeader.read_from(io.BytesIO(bytes(file)), read_evlrs=True)
        size = header.point_format.dtype().itemsize
    except Exception as error:
        raise FormatError(f"{source.uri} has a header that laspy does not read: {error}") from error
    if size != head.record:
        raise FormatError(f"{source.uri} has {head.record} bytes a point, but describes {size}: its header is damaged")
    return header


def las_data(source: Source, head: Head, points: Bytes) -> laspy.LasData:
    """The points with the object's header, its counts and bounds those of the points."""
    import laspy

    header = las_header(source, head, points)
    packed = laspy.PackedPointRecord.from_buffer(points.reshape(-1), header.point_format)
    data: laspy.LasData = _slice_data()(header, packed)
    return data


def laz_file(source: Source, head: Head, points: Bytes) -> bytes:
    """A LAZ file of `points` alone, its header and records the object's own as in `Around`."""
    frame = around(source, head)
    before, after = frame.before(points), frame.after
    library = lazrs()
    how = library.LazVlr.new_for_compression(head.point_format, head.record - POINT_SIZES[head.point_format], False)
    record = how.record_data()
    laszip = struct.pack("<2x16sHH32x", b"laszip encoded", 22204, len(record)) + record
    start, vlrs = struct.unpack_from("<II", before, 96)
    raw = bytearray(before[: head.header_size] + laszip + before[head.header_size :])
    struct.pack_into("<IIB", raw, 96, start + len(laszip), vlrs + 1, head.point_format | 0x80)
    file = io.BytesIO()
    file.write(raw)
    compressor = library.LasZipCompressor(file, how)
    compressor.compress_many(points.reshape(-1))
    compressor.done()
    end = file.seek(0, io.SEEK_END)
    file.write(after)
    if after:
        file.seek(235)
        file.write(struct.pack("<Q", end))
    return file.getvalue()


def columns_of(data: laspy.LasData) -> dict[str, NDArray[Any]]:
    """Dimensions by name; x, y, z scaled; one with several elements becomes several columns, name_0 and so on."""
    columns: dict[str, NDArray[Any]] = {}
    for name in data.point_format.dimension_names:
        values = np.asarray(data[name.lower() if name in ("X", "Y", "Z") else name])
        if values.ndim == 1:
            columns[name.lower() if name in ("X", "Y", "Z") else name] = values
        else:
            columns |= {f"{name}_{i}": values[:, i] for i in range(values.shape[1])}
    return columns


@cache
def _slice_data() -> type[Any]:
    """laspy.LasData that can be sent to another process, which laspy's own cannot."""
    import laspy

    class SliceData(laspy.LasData):  # type: ignore[misc]
        """The points of a slice: laspy.LasData in all, and it can be pickled."""

        def __reduce__(self) -> tuple[Any, ...]:
            # Not as a file: laspy writes neither LAS 1.0 nor texts of the header that are not ASCII.
            return _from_parts, (self.header, self.points.array)

    return SliceData


def _from_parts(header: laspy.LasHeader, points: NDArray[np.void]) -> laspy.LasData:
    import laspy

    return _slice_data()(header, laspy.PackedPointRecord(points, header.point_format))
