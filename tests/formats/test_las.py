"""LAS and LAZ: every point exactly once, by number, by tiles, in a box; the traps that real files hold."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import pickle
import random
import struct
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import laspy
import numpy as np
import pydantic
import pytest

from cloud_data_cockpit.demo.samples_lidar import las_sample, laz_sample
from cloud_data_cockpit.errors import BadRequest, CockpitError, FormatError
from cloud_data_cockpit.formats.base import HEAD_BYTES
from cloud_data_cockpit.formats.las import LasFormat, LasParams
from cloud_data_cockpit.formats.las_grid import CELLS, Grid, tile_cells
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import FileSource, MemorySource, Range, Source

from .conformance import FormatConformance, ignore
from .las_made import cloud, las, laz, patched, records, table_at_the_end, whole, with_evlrs

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
POINTWISE = 1


@cache
def made() -> dict[str, bytes]:
    return {
        "small.las": las(cloud(60)),
        "small.laz": laz(cloud(60, 1, version="1.2")),
        "old.las": las(cloud(300, 3, version="1.2", extra=True)),
        "chunks.laz": laz(cloud(320, 7, extra=True), 50),
        "uneven.laz": laz(cloud(250, 3, version="1.2"), 40, variable=True),
    }


class TestLas(FormatConformance):
    def make(self) -> LasFormat:
        return LasFormat()

    def examples(self) -> Mapping[str, bytes]:
        return made()

    def reference(self, data: bytes) -> list[Any]:
        return records(whole(data))

    def records_of(self, value: Any) -> list[Any]:
        return records(value)

    def body(self, data: bytes) -> bytes:
        return b"".join(records(whole(data)))

    def damaged(self) -> Mapping[str, bytes]:
        plain, packed = made()["small.las"], made()["chunks.laz"]
        (points_at,) = struct.unpack_from("<I", packed, 96)
        laszip = packed.index(b"laszip encoded") + 52
        return {
            "another type": b"PK\3\4" + bytes(5000),
            "signature alone": b"LASF",
            "header cut": plain[:200],
            "records cut": packed[: points_at - 10],
            "one byte short": plain[:-1],
            "half": plain[: len(plain) // 2],
            "laz half": packed[: len(packed) // 2],
            "laz without table": packed[:-20],
            "laz to the points": packed[:points_at],
            "version 2": patched(plain, "<B", 24, 2),
            "version 1.9": patched(plain, "<B", 25, 9),
            "point format 11": patched(plain, "<B", 104, 11),
            "short points": patched(plain, "<H", 105, 20),
            "more points than bytes": patched(plain, "<Q", 247, 61),
            "2**63 points": patched(packed, "<Q", 247, 1 << 63),
            "header longer than the file": patched(plain, "<I", 96, 1 << 31),
            "points within the header": patched(plain, "<I", 96, 100),
            "short header": patched(plain, "<H", 94, 227),
            "a thousand million records": patched(plain, "<I", 100, 1_069_128_089),
            "one record too many": patched(packed, "<I", 100, 9),
            "extended records beyond the end": patched(plain, "<QI", 235, 1 << 40, 1),
            "a million extended records": patched(plain, "<QI", 235, len(plain), 1_000_000),
            "pointwise": patched(packed, "<H", laszip, POINTWISE),
            "unknown compressor": patched(packed, "<H", laszip, 9),
            "no chunk size": patched(packed, "<I", laszip + 12, 0),
            "unknown part": patched(packed, "<H", laszip + 34, 99),
            "other parts": patched(packed, "<H", laszip + 32, 0),
            "no table": patched(packed, "<q", points_at, points_at + 8),
            "table beyond the end": patched(packed, "<q", points_at, 1 << 40),
            "table before the points": patched(packed, "<q", points_at, 12),
            "too many chunks": patched(packed, "<I", struct.unpack_from("<q", packed, points_at)[0] + 4, 1 << 31),
            "too few chunks": patched(packed, "<Q", 247, 5_000),
            "no laszip record": packed.replace(b"laszip encoded", b"laszip_encoded"),
        }


# --- tiles


def tiled(fmt: Any, source: Source, tiles: int, **options: Any) -> tuple[list[Slice], Any, Any]:
    params = fmt.params(tiles=tiles, **options)
    index = fmt.index(source, params, ignore)
    cut = fmt.partition(index, params)
    return list(cut.slices), cut, index


def stored(data: laspy.LasData) -> np.ndarray[Any, Any]:
    return np.stack([np.asarray(data.X), np.asarray(data.Y)], axis=1).astype(np.int64)


@pytest.mark.parametrize("name", ["old.las", "chunks.laz", "uneven.laz"])
def test_every_point_is_in_exactly_one_tile(name: str) -> None:
    fmt, source = LasFormat(), MemorySource(made()[name])
    expected = Counter(records(whole(made()[name])))
    for tiles in (1, 2, 3, 7, 64, 200):
        slices, cut, index = tiled(fmt, source, tiles)
        assert len(slices) == tiles
        values = [fmt.read(source, cut.shared, piece) for piece in slices]
        assert [len(value.points) for value in values] == [piece.records for piece in slices]
        assert sum((Counter(records(value)) for value in values), Counter()) == expected
        assert index.records == sum(expected.values())
        for piece, value in zip(slices, values, strict=True):
            x0, y0, x1, y1 = piece.details["tile"]
            places = stored(value)
            assert ((places >= (x0, y0)) & (places < (x1, y1))).all()
    assert any("tiles hold no points" in note for note in cut.notes)


def test_points_outside_the_bounds_of_the_header_are_in_the_tiles_at_the_edge() -> None:
    data = patched(made()["chunks.laz"], "<4d", 179, 1060.0, 1040.0, -1940.0, -1960.0)
    fmt, source = LasFormat(), MemorySource(data)
    for tiles in (1, 5, 9):
        slices, cut, _ = tiled(fmt, source, tiles)
        got = sum((Counter(records(fmt.read(source, cut.shared, piece))) for piece in slices), Counter())
        assert got == Counter(records(whole(data)))


@pytest.mark.parametrize(
    "bounds", [(0.0,) * 4, (float("nan"),) * 4, (1e300, -1e300, 1e300, -1e300), (-5.0, 5.0, -5.0, 5.0)]
)
def test_bounds_that_are_no_use_do_not_leave_all_points_in_one_tile(bounds: tuple[float, ...]) -> None:
    data = patched(made()["chunks.laz"], "<4d", 179, *bounds)
    slices, _, index = tiled(LasFormat(), MemorySource(data), 16)
    assert index.records == 320
    assert max(piece.records for piece in slices) < 60


def test_a_tile_reads_only_chunks_that_have_points_in_it() -> None:
    data = cloud(2_000, 0, version="1.2")
    data.points.array["X"].sort()
    source = MemorySource(laz(data, 50))
    slices, cut, _ = tiled(LasFormat(), source, 4)
    for piece in slices:
        assert 0 < piece.nbytes < source.size * 0.6
    assert len(cut.shared) == 0


def test_tiles_cover_the_grid_once_and_are_as_many_as_asked() -> None:
    for width, height in ((1000, 1000), (10_000, 10), (1, 1), (3, 50_000)):
        grid = Grid(0, 0, width - 1, height - 1)
        for tiles in (1, 2, 3, 5, 7, 48, 257, 1000, 65_536):
            held = np.zeros((CELLS, CELLS), dtype=int)
            found = tile_cells(grid, tiles)
            assert len(found) == tiles
            for x0, y0, x1, y1 in found:
                held[y0:y1, x0:x1] += 1
            assert (held == 1).all()


def test_cells_are_where_their_edges_say() -> None:
    for low, high in ((0, 0), (-7, 90), (-(1 << 31), (1 << 31) - 1), (100, 99_999)):
        grid = Grid(low, low, high, high)
        x = np.unique(np.linspace(low, high, 5_000).astype(np.int64))
        column, _ = grid.cells(x, x)
        edges = np.array(grid.edges(low, high))
        assert ((edges[column] <= x) & (x < edges[column + 1])).all()


def test_the_index_of_places_is_the_same_for_any_block_size() -> None:
    fmt = LasFormat()
    for name in ("chunks.laz", "old.las"):
        for params in (
            LasParams(tiles=5),
            LasParams(box="1010,-1990,1060,-1940"),
            LasParams(tiles=2, box="0,-9e9,1050,0"),
        ):
            one = fmt.index(MemorySource(made()[name], name), params, ignore)
            for block_size in (1, 5_000, 1 << 20):
                other = fmt.index(MemorySource(made()[name], name), params, ignore, block_size=block_size)
                FormatConformance.same(one, other, (name, block_size))


def test_tiles_need_an_index_of_places() -> None:
    fmt = LasFormat()
    index = fmt.index(MemorySource(made()["small.las"]), LasParams(), ignore)
    with pytest.raises(BadRequest, match="index again"):
        fmt.partition(index, LasParams(tiles=2))
    assert LasParams().reading() != LasParams(tiles=2).reading() == LasParams(tiles=3).reading()


def test_progress_of_an_index_of_places() -> None:
    seen: list[tuple[int, int]] = []
    data = patched(made()["chunks.laz"], "<4d", 179, 0.0, 0.0, 0.0, 0.0)
    LasFormat().index(MemorySource(data), LasParams(tiles=3), lambda *at: seen.append(at), block_size=1)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1] > 0
    assert len(seen) > 12


# --- boxes


@pytest.mark.parametrize("name", ["old.las", "chunks.laz", "uneven.laz"])
def test_a_box_holds_the_points_inside_it_and_cuts_like_the_whole(name: str) -> None:
    fmt, source, data = LasFormat(), MemorySource(made()[name]), whole(made()[name])
    x, y = np.asarray(data.x), np.asarray(data.y)
    minx, miny, maxx, maxy = float(x[3]), float(y[4]) - 30, float(x[3]) + 40, float(y[4]) + 20.005
    inside = (x >= minx) & (x < maxx) & (y >= miny) & (y < maxy)
    expected = [record for record, kept in zip(records(data), inside, strict=True) if kept]
    assert 10 < len(expected) < len(x)
    for cut_by in ({"num_slices": 1}, {"num_slices": 7}, {"num_slices": 999}, {"points": 5}, {"tiles": 6}):
        params = LasParams(box=(minx, miny, maxx, maxy), **cut_by)
        index = fmt.index(source, params, ignore)
        cut = fmt.partition(index, params)
        slices = list(cut.slices)
        got = [record for piece in slices for record in records(fmt.read(source, cut.shared, piece))]
        assert (Counter(got) == Counter(expected)) if "tiles" in cut_by else (got == expected)
        assert [fmt.count(source, cut.shared, piece) for piece in slices] == [piece.records for piece in slices]
        assert index.records == len(expected)
    assert len(slices) == 6


def test_boxes_side_by_side_hold_every_point_once() -> None:
    fmt, source = LasFormat(), MemorySource(made()["old.las"])
    edge = float(np.asarray(whole(made()["old.las"]).x)[17])
    found = 0
    for box in (f"-1e9,-1e9,{edge!r},1e9", f"{edge!r},-1e9,1e9,1e9"):
        found += fmt.index(source, LasParams(box=box), ignore).records
    assert found == 300


def test_a_box_without_points_is_one_empty_slice_and_said() -> None:
    fmt, source, params = LasFormat(), MemorySource(made()["chunks.laz"]), LasParams(box="0,0,1,1")
    cut = fmt.partition(fmt.index(source, params, ignore), params)
    (piece,) = cut.slices
    assert piece.records == 0
    assert "no points" in cut.notes[-1]
    assert len(fmt.read(source, cut.shared, piece).points) == 0


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "5,0,1,9", "0,0,nan,1", "0,0,inf,1", [1, 2]])
def test_a_box_that_is_none_is_refused(box: Any) -> None:
    with pytest.raises(pydantic.ValidationError, match="box"):
        LasParams(box=box)


def test_one_way_to_cut() -> None:
    with pytest.raises(pydantic.ValidationError, match="choose one"):
        LasParams(tiles=3, num_slices=3)


# --- every kind of point, and what real files hold


@pytest.mark.parametrize("point_format", range(11))
def test_every_point_format(point_format: int) -> None:
    version = "1.2" if point_format < 4 else "1.4"
    data = cloud(130, point_format, version=version)
    fmt = LasFormat()
    for content in (las(data), laz(data, 50)):
        source = MemorySource(content)
        index = fmt.index(source, LasParams(), ignore)
        cut = fmt.partition(index, LasParams(num_slices=4))
        pieces = [fmt.read(source, cut.shared, piece) for piece in cut.slices]
        assert [r for piece in pieces for r in records(piece)] == records(data)
        assert any("waveform" in note for note in cut.notes) == (point_format in (4, 5, 9, 10))
        for piece in pieces:
            assert piece.point_format == data.point_format
            assert list(piece.header.scales) == list(data.header.scales)
            assert list(piece.header.offsets) == list(data.header.offsets)


def test_waveforms_of_several_channels_are_refused_where_the_decoder_is_wrong() -> None:
    data = cloud(130, 9, channels=True)
    fmt = LasFormat()
    for content, fine in ((las(data), True), (laz(data, 50), False)):
        source = MemorySource(content)
        cut = fmt.partition(fmt.index(source, LasParams(), ignore), LasParams(num_slices=1))
        if fine:
            assert records(fmt.read(source, cut.shared, next(iter(cut.slices)))) == records(data)
        else:
            with pytest.raises(FormatError, match="scanner channels"):
                fmt.read(source, cut.shared, next(iter(cut.slices)))


def test_the_header_of_a_piece_tells_of_the_piece() -> None:
    data = cloud(500, 3, version="1.2", extra=True)
    fmt, source = LasFormat(), MemorySource(laz(data, 100))
    cut = fmt.partition(fmt.index(source, LasParams(), ignore), LasParams(num_slices=3))
    for piece in cut.slices:
        alone = whole(fmt.read_bytes(source, cut.shared, piece, header=True))
        again = laspy.LasHeader(version="1.2", point_format=data.point_format)
        again.scales, again.offsets = data.header.scales, data.header.offsets
        again.update(alone.points)
        for header in (alone.header, fmt.read(source, cut.shared, piece).header):
            assert header.point_count == piece.records
            np.testing.assert_array_equal(header.mins, again.mins)
            np.testing.assert_array_equal(header.maxs, again.maxs)
            np.testing.assert_array_equal(header.number_of_points_by_return[:5], again.number_of_points_by_return[:5])
        assert list(alone.point_format.extra_dimension_names) == ["height", "rgbi"]


def test_a_chunk_table_at_the_end_of_the_file() -> None:
    data = table_at_the_end(made()["chunks.laz"])
    fmt, source = LasFormat(), MemorySource(data)
    cut = fmt.partition(fmt.index(source, LasParams(), ignore), LasParams(num_slices=3))
    got = [r for piece in cut.slices for r in records(fmt.read(source, cut.shared, piece))]
    assert got == records(whole(made()["chunks.laz"]))


def test_extended_records_travel_with_the_piece_unless_they_are_large() -> None:
    wkt = b'PROJCS["somewhere"]\0'
    contents = {(b"LASF_Projection", 2112): wkt, (b"mine", 7): b"abc", (b"big", 1): bytes(2 << 20)}
    for plain in (made()["small.las"], made()["chunks.laz"]):
        fmt, source = LasFormat(), MemorySource(with_evlrs(plain, contents))
        cut = fmt.partition(fmt.index(source, LasParams(), ignore), LasParams(num_slices=2))
        for piece in cut.slices:
            alone = whole(fmt.read_bytes(source, cut.shared, piece, header=True))
            assert [evlr.record_id for evlr in alone.evlrs] == [2112, 7]
            assert alone.evlrs[0].record_data_bytes() == wkt
            assert [evlr.record_id for evlr in fmt.read(source, cut.shared, piece).header.evlrs] == [2112, 7]


def test_files_without_points() -> None:
    empty = laspy.LasData(laspy.LasHeader(version="1.4", point_format=6))
    packed = io.BytesIO()
    empty.write(packed, do_compress=True)
    for content in (las(empty), packed.getvalue()):
        fmt, source = LasFormat(), MemorySource(content)
        for params in (LasParams(num_slices=5), LasParams(tiles=3)):
            cut = fmt.partition(fmt.index(source, params, ignore), params)
            slices = list(cut.slices)
            assert [piece.records for piece in slices] == [0] * (params.tiles or 1)
            assert "no points" in cut.notes[-1]
            assert len(fmt.read(source, cut.shared, slices[0]).points) == 0
            assert len(whole(fmt.read_bytes(source, cut.shared, slices[0], header=True)).points) == 0


def test_the_old_count_is_used_where_the_new_one_is_zero() -> None:
    data = cloud(40, 1)
    content = patched(patched(las(data), "<Q", 247, 0), "<I", 107, 40)
    index = LasFormat().index(MemorySource(content), LasParams(), ignore)
    assert index.records == 40
    assert "64-bit" in index.facts["notes"][0]


def test_bytes_after_the_points_are_told_of() -> None:
    index = LasFormat().index(MemorySource(made()["small.las"] + bytes(300)), LasParams(), ignore)
    assert index.records == 60
    assert "room for 10 more" in index.facts["notes"][0]


def test_chunks_that_lie_about_their_size_are_refused_not_believed() -> None:
    data = made()["chunks.laz"]
    (points_at,) = struct.unpack_from("<I", data, 96)
    record = whole(data).point_format.size
    first = points_at + 8
    for at in (first + record, first + record + 4):
        fmt, source = LasFormat(), MemorySource(patched(data, "<I", at, 0xFFFFFFF0 if at > first + record else 3))
        cut = fmt.partition(fmt.index(source, LasParams(), ignore), LasParams(num_slices=1))
        with pytest.raises(FormatError, match="damaged"):
            fmt.read(source, cut.shared, next(iter(cut.slices)))
        with pytest.raises(FormatError, match="damaged"):
            fmt.index(source, LasParams(tiles=2), ignore)


class Endless:
    """A LAS file of 200 million points, 6 GB, that makes its bytes: X counts the points, Y is X modulo 1,000."""

    uri, record = "memory:endless.las", 30

    def __init__(self, count: int) -> None:
        self.etag = str(count)
        self.head = patched(las(cloud(1))[:375], "<Q", 247, count)
        self.size = 375 + count * self.record

    def read(self, offset: int, length: int) -> bytes:
        if offset + length <= 375:
            return self.head[offset : offset + length]
        first, last = max(0, offset - 375) // self.record, -(-(offset + length - 375) // self.record)
        points = np.zeros((last - first, self.record), dtype=np.uint8)
        points[:, :4] = np.arange(first, last, dtype="<i4").view(np.uint8).reshape(-1, 4)
        start = offset - 375 - first * self.record
        head = self.head[offset:] if offset < 375 else b""
        return head + points.tobytes()[max(0, start) : max(0, start) + length - len(head)]

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        return [self.read(*span) for span in ranges]

    def sibling(self, suffix: str) -> Source:
        raise NotImplementedError


def test_offsets_beyond_four_gib() -> None:
    fmt, source = LasFormat(), Endless(200_000_000)
    assert source.size > 4 << 30
    index = fmt.index(source, LasParams(), ignore)
    cut = fmt.partition(index, LasParams(points=1_000))
    slices = list(cut.slices)
    assert len(slices) == 200_000
    for number in (0, 150_000, 199_999):
        value = fmt.read(source, cut.shared, slices[number])
        assert np.asarray(value.X).tolist() == list(range(number * 1_000, number * 1_000 + 1_000))


# --- views, memory, processes


def test_views() -> None:
    fmt, source = LasFormat(), MemorySource(made()["chunks.laz"])
    cut = fmt.partition(fmt.index(source, LasParams(), ignore), LasParams(num_slices=3))
    for piece in cut.slices:
        data = fmt.read(source, cut.shared, piece)
        views = {name: view(source, cut.shared, piece) for name, view in fmt.views.items()}
        np.testing.assert_array_equal(views["xyz"], data.xyz)
        frame = views["to_pandas"]
        np.testing.assert_array_equal(frame[["x", "y", "z"]].to_numpy(), data.xyz)
        np.testing.assert_array_equal(frame["classification"], data.classification)
        np.testing.assert_array_equal(frame["height"], data["height"])
        np.testing.assert_array_equal(frame["rgbi_2"], data["rgbi"][:, 2])
        assert views["to_arrow"].num_rows == piece.records
        assert views["get_as_pandas"].equals(frame)
        assert records(whole(views["to_laz"])) == records(data)


def old_version() -> bytes:
    return patched(las(cloud(30, 1, version="1.2")), "<B", 25, 0)


def undecodable_texts() -> bytes:
    data = cloud(30, 3, version="1.2")
    data.header.vlrs.append(laspy.VLR("me", 1, "of a program", b"x"))
    return patched(patched(las(data), "64s", 26, b"\xe9" * 64), "32s", 227 + 22, b"\xcd" * 32)


@pytest.mark.parametrize("make", [old_version, undecodable_texts])
def test_what_laspy_reads_and_does_not_write_is_pickled_and_compressed(make: Callable[[], bytes]) -> None:
    """LAS 1.0, and texts of the header that are not ASCII."""
    data = make()
    fmt, source = LasFormat(), MemorySource(data)
    cut = fmt.partition(fmt.index(source, LasParams(), ignore), LasParams(num_slices=2))
    found: list[bytes] = []
    for piece in cut.slices:
        points = fmt.read(source, cut.shared, piece)
        again = pickle.loads(pickle.dumps(points))
        packed = fmt.to_laz(source, cut.shared, piece)
        assert records(again) == records(points) == records(whole(packed))
        assert again.header.system_identifier == points.header.system_identifier
        assert packed[24:90] == data[24:90]
        found += records(again)
    assert found == records(whole(data))


@pytest.mark.parametrize(("version", "says", "point_format"), [("1.2", 3, 1), ("1.2", 4, 3), ("1.3", 4, 4)])
def test_a_header_as_short_as_that_of_an_older_version_is_read_as_that(
    version: str, says: int, point_format: int
) -> None:
    sound = las(cloud(30, point_format, version=version))
    fmt, source = LasFormat(), MemorySource(patched(sound, "<B", 25, says))
    index = fmt.index(source, LasParams(), ignore)
    cut = fmt.partition(index, LasParams(num_slices=3))
    found = [point for piece in cut.slices for point in records(fmt.read(source, cut.shared, piece))]
    assert found == records(whole(sound))
    assert any(f"says LAS 1.{says}" in note for note in cut.notes)
    for piece in cut.slices:
        assert len(whole(fmt.read_bytes(source, cut.shared, piece, header=True)).points) == piece.records


def test_points_of_a_slice_may_be_changed() -> None:
    fmt, source = LasFormat(), MemorySource(made()["small.laz"])
    cut = fmt.partition(fmt.index(source, LasParams(), ignore), LasParams(num_slices=1))
    data = fmt.read(source, cut.shared, next(iter(cut.slices)))
    data.classification[:] = 2
    assert set(np.asarray(data.classification)) == {2}


def test_memory_of_a_read_and_of_an_index_is_bounded() -> None:
    fmt, source = LasFormat(), Endless(2_000_000)
    index = fmt.index(source, LasParams(), ignore)
    cut = fmt.partition(index, LasParams(num_slices=1))
    (piece,) = cut.slices
    assert peak(lambda: fmt.read(source, cut.shared, piece)) < 2.2 * piece.nbytes
    assert peak(lambda: fmt.count(source, cut.shared, piece)) < 1.6 * piece.nbytes
    assert peak(lambda: fmt.index(source, LasParams(tiles=4), ignore, block_size=1 << 20)) < 30 << 20


def peak(call: Any) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _read_in_child(content: bytes, pipe: Any) -> None:
    fmt, source = LasFormat(), MemorySource(content)
    cut = fmt.partition(fmt.index(source, LasParams(), ignore), LasParams(num_slices=1))
    pipe.send(len(fmt.read(source, cut.shared, next(iter(cut.slices))).points))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_decodes_after_its_parent_has() -> None:
    content = made()["chunks.laz"]
    fmt, source = LasFormat(), MemorySource(content)
    cut = fmt.partition(fmt.index(source, LasParams(), ignore), LasParams(num_slices=1))
    fmt.read(source, cut.shared, next(iter(cut.slices)))
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_read_in_child, args=(content, theirs))
    child.start()
    try:
        assert ours.poll(30), "the child did not answer"
        assert ours.recv() == 320
    finally:
        child.kill()
        child.join()


def test_it_is_detected_by_its_signature() -> None:
    for content in (las_sample(), laz_sample()):
        assert LasFormat().detect("x.bin", content[:HEAD_BYTES]) == 0.9
    assert LasFormat().detect("x.las", b"LAS") == 0


# --- damaged at random


@pytest.mark.parametrize("seed", range(4))
def test_changed_bytes_give_an_error_or_a_whole_answer(seed: int) -> None:
    chance = random.Random(seed)
    fmt = LasFormat()
    for _ in range(40):
        name = chance.choice(list(made()))
        data = bytearray(made()[name])
        (points_at,) = struct.unpack_from("<I", data, 96)
        low, high = chance.choice([(4, 375), (200, points_at + 8), (points_at, len(data)), (len(data) - 60, len(data))])
        for _ in range(chance.choice([1, 1, 3])):
            data[chance.randrange(low, min(high, len(data)))] = chance.choice([0, 255, chance.randrange(256)])
        params = chance.choice([LasParams(num_slices=3), LasParams(tiles=3)])
        source, started = MemorySource(bytes(data)), time.monotonic()
        try:
            index = fmt.index(source, params, ignore)
            cut = fmt.partition(index, params)
            got = [len(fmt.read(source, cut.shared, piece).points) for piece in cut.slices]
            assert sum(got) == index.records
        except CockpitError:
            pass
        assert time.monotonic() - started < 10


# --- real files


def sample_names() -> list[str]:
    place = SAMPLES / "truth.json"
    return sorted(n for n in json.loads(place.read_text()) if n.startswith("las/")) if place.exists() else []


@pytest.mark.skipif(not sample_names(), reason="the real samples are not on this machine")
@pytest.mark.parametrize("name", sample_names())
def test_real_files(name: str) -> None:
    truth = json.loads((SAMPLES / "truth.json").read_text())[name]
    fmt, source = LasFormat(), FileSource(SAMPLES / name)
    if truth.get("negative"):
        with pytest.raises(FormatError):
            fmt.index(source, LasParams(), ignore)
        return
    expected = laspy.read(SAMPLES / name).points.array
    index = fmt.index(source, LasParams(), ignore)
    assert index.records == truth["points_read"]
    many = (1, 2, 3, 7, 16, 64, 1000) if index.records < 1_000 else (1, 3, 16)
    for asked in many:
        cut = fmt.partition(index, LasParams(num_slices=asked))
        values = [fmt.read(source, cut.shared, piece) for piece in cut.slices]
        assert len(values) == min(asked, index.records)
        assert b"".join(value.points.array.tobytes() for value in values) == expected.tobytes()
    assert sum(int(np.asarray(value.X, dtype=np.int64).sum()) for value in values) == truth["sumX"]
    assert list(values[0].point_format.extra_dimension_names) == truth["extra_dims"]
    slices, cut, _ = tiled(fmt, source, 3)
    values = [fmt.read(source, cut.shared, piece) for piece in slices]
    assert len(values) == 3
    assert np.array_equal(np.sort(np.concatenate([v.points.array for v in values])), np.sort(expected))
