"""COPC: every point exactly once, the octree's levels and places, and hierarchies that cannot be."""

from __future__ import annotations

import io
import json
import struct
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import laspy
import numpy as np
import pydantic
import pytest

from cloud_data_cockpit.demo.samples_lidar import ORIGIN, SCALE, Cube, copc_file, copc_sample, laz_sample, terrain
from cloud_data_cockpit.errors import CockpitError, FormatError
from cloud_data_cockpit.formats.base import HEAD_BYTES
from cloud_data_cockpit.formats.copc import CopcFormat, CopcParams
from cloud_data_cockpit.formats.copc_octree import Info, deepest_level, octree_of
from cloud_data_cockpit.formats.las import LasFormat
from cloud_data_cockpit.formats.las_layout import layout_of
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import FileSource, MemorySource

from .conformance import CountingSource, FormatConformance, ignore
from .las_made import cloud as any_cloud
from .las_made import laz, patched, records, whole

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
INFO_AT = 375 + 54


@cache
def made() -> dict[str, bytes]:
    return {
        "small.copc.laz": copc_file(terrain(80), node_points=20),
        "more.copc.laz": copc_file(terrain(400), node_points=30),
        "one-node.copc.laz": copc_file(terrain(30), node_points=100),
    }


@cache
def large() -> bytes:
    return copc_file(terrain(6_000), node_points=200)


def pages(data: bytes) -> tuple[int, int]:
    """Where the root page stands and how long it is."""
    at, size = struct.unpack_from("<2Q", data, INFO_AT + 40)
    return int(at), int(size)


class TestCopc(FormatConformance):
    def make(self) -> CopcFormat:
        return CopcFormat()

    def examples(self) -> Mapping[str, bytes]:
        return made()

    def reference(self, data: bytes) -> list[Any]:
        return records(whole(data))

    def records_of(self, value: Any) -> list[Any]:
        return records(value)

    def body(self, data: bytes) -> bytes:
        return b"".join(records(whole(data)))

    def damaged(self) -> Mapping[str, bytes]:
        data = made()["more.copc.laz"]
        at, size = pages(data)
        last = at + size - 32
        return {
            "plain laz": laz(any_cloud(50)),
            "half": data[: len(data) // 2],
            "hierarchy cut": data[:-1],
            "no spacing": patched(data, "<d", INFO_AT + 32, 0.0),
            "no cube": patched(data, "<d", INFO_AT + 24, float("nan")),
            "root beyond the end": patched(data, "<Q", INFO_AT + 40, 1 << 50),
            "root of half an entry": patched(data, "<Q", INFO_AT + 48, 40),
            "no root": patched(data, "<Q", INFO_AT + 48, 0),
            "negative level": patched(data, "<i", at, -1),
            "a key beyond its level": patched(data, "<i", at + 4, 7),
            "count of points": patched(data, "<i", at + 28, 5),
            "negative count": patched(data, "<i", at + 28, -7),
            "length of a node": patched(data, "<i", at + 24, 11),
            "the same key twice": data[: at + 32] + data[at : at + 16] + data[at + 48 :],
            "a page within itself": patched(data, "<Qi", last + 16, at, size),
            "a page beyond the end": patched(data, "<Qi", last + 16, 1 << 60, 64),
        }


def read_all(data: bytes, **params: Any) -> tuple[list[laspy.LasData], list[Slice], Any]:
    fmt, source, asked = CopcFormat(), MemorySource(data), CopcParams(**params)
    cut = fmt.partition(fmt.index(source, asked, ignore), asked)
    slices = list(cut.slices)
    values = [fmt.read(source, cut.shared, piece) for piece in slices]
    assert [len(value.points) for value in values] == [piece.records for piece in slices]
    return values, slices, cut


def joined(values: list[laspy.LasData]) -> Counter[bytes]:
    return Counter(record for value in values for record in records(value))


def test_it_is_detected_before_las() -> None:
    data = copc_sample()
    assert CopcFormat().detect("x", data[:HEAD_BYTES]) == 1 > LasFormat().detect("x", data[:HEAD_BYTES]) > 0
    assert CopcFormat().detect("x.copc.laz", laz_sample()[:HEAD_BYTES]) == 0
    assert CopcFormat().detect("x.copc.laz", b"LASF") == 0


def test_all_pages_of_the_hierarchy_are_walked() -> None:
    source = MemorySource(large())
    octree = octree_of(source, layout_of(source))
    reader = laspy.CopcReader(io.BytesIO(large()))
    assert len(reader.root_page.entries) < len(octree.level) == len(layout_of(source).table.counts)
    assert octree.level.max() >= 2
    assert len(reader.query()) == 6_000


@pytest.mark.parametrize("tiles", [1, 2, 3, 7, 64])
def test_every_point_is_in_exactly_one_tile(tiles: int) -> None:
    values, slices, _ = read_all(large(), tiles=tiles)
    assert len(slices) == tiles
    assert joined(values) == Counter(records(whole(large())))


@pytest.mark.parametrize("resolution", [0.01, 0.8, 1.6, 3.2, 7.0, 1000.0])
def test_a_resolution_leaves_the_levels_that_laspy_leaves(resolution: float) -> None:
    expected = laspy.CopcReader(io.BytesIO(large())).query(resolution=resolution)
    for cut_by in ({"num_slices": 1}, {"num_slices": 5}, {"num_slices": 200}, {"points": 33}, {"tiles": 4}):
        values, slices, _ = read_all(large(), resolution=resolution, **cut_by)
        assert joined(values) == Counter(records(laspy.LasData(laspy.LasHeader(point_format=6), expected)))
        assert len(slices) == cut_by.get("num_slices", cut_by.get("tiles", len(slices)))


def test_the_first_level_that_is_fine_enough() -> None:
    info = Info((0, 0, 0), 64, 8.0, (0, 32))
    assert [deepest_level(info, r) for r in (100, 8, 7.9, 4, 1, 1e-30)] == [0, 0, 1, 1, 3, 31]


def test_a_box_reads_only_nodes_that_reach_into_it() -> None:
    data = whole(large())
    x, y = np.asarray(data.x), np.asarray(data.y)
    west, south = ORIGIN[0] + 20, ORIGIN[1] + 30
    box = (west, south, float(x[x > west + 50].min()), south + 55.5)
    inside = (x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3])
    expected = Counter(record for record, kept in zip(records(data), inside, strict=True) if kept)
    assert 20 < expected.total() < 3_000
    for cut_by in ({"num_slices": 1}, {"num_slices": 9}, {"tiles": 5}):
        values, _, _ = read_all(large(), box=box, **cut_by)
        assert joined(values) == expected
    source = CountingSource(MemorySource(large()))
    CopcFormat().index(source, CopcParams(box=box), ignore)
    assert source.total < len(large()) * 0.7


def test_box_and_resolution_together() -> None:
    box = (ORIGIN[0] + 100, ORIGIN[1], ORIGIN[0] + 250, ORIGIN[1] + 150)
    values, _, _ = read_all(large(), box=box, resolution=2.0, num_slices=3)
    points = laspy.CopcReader(io.BytesIO(large())).query(resolution=2.0)
    x, y = np.asarray(points.x), np.asarray(points.y)
    inside = (x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3])
    assert joined(values) == Counter(records(laspy.LasData(laspy.LasHeader(point_format=6), points[inside])))


def test_points_outside_their_node_are_found_out() -> None:
    cloud = terrain(500)
    honest = Cube((0, 0, 0), 1 << 16)
    data = bytearray(copc_file(cloud, node_points=50, cube=honest))
    struct.pack_into("<d", data, INFO_AT, ORIGIN[0] + 5000 * SCALE)
    for params in (CopcParams(tiles=3), CopcParams(box="0,0,1e9,1e9")):
        with pytest.raises(FormatError, match="outside their node"):
            CopcFormat().index(MemorySource(bytes(data)), params, ignore)
    assert CopcFormat().index(MemorySource(bytes(data)), CopcParams(), ignore).records == 500


def test_a_piece_is_no_copc_file() -> None:
    fmt, source = CopcFormat(), MemorySource(made()["more.copc.laz"])
    cut = fmt.partition(fmt.index(source, CopcParams(), ignore), CopcParams(num_slices=2))
    for piece in cut.slices:
        alone = fmt.read_bytes(source, cut.shared, piece, header=True)
        assert fmt.detect("x", alone) == 0
        assert not [v for v in whole(alone).vlrs if v.user_id == "copc"]


@pytest.mark.parametrize("resolution", [0, -1, float("nan"), float("inf")])
def test_a_resolution_that_is_none_is_refused(resolution: float) -> None:
    with pytest.raises(pydantic.ValidationError, match="resolution"):
        CopcParams(resolution=resolution)


def test_changed_bytes_of_the_hierarchy_give_an_error_or_a_whole_answer() -> None:
    chance = np.random.default_rng(2)
    data = made()["more.copc.laz"]
    at, _ = pages(data)
    fmt = CopcFormat()
    refused = 0
    for _ in range(120):
        changed = bytearray(data)
        place = int(chance.integers(INFO_AT, INFO_AT + 56) if chance.random() < 0.3 else chance.integers(at, len(data)))
        changed[place] = int(chance.integers(0, 256))
        source, params = MemorySource(bytes(changed)), CopcParams(tiles=2)
        try:
            cut = fmt.partition(fmt.index(source, params, ignore), params)
            assert sum(len(fmt.read(source, cut.shared, piece).points) for piece in cut.slices) == 400
        except CockpitError:
            refused += 1
    assert refused > 60


def sample_names() -> list[str]:
    place = SAMPLES / "truth.json"
    return sorted(n for n in json.loads(place.read_text()) if n.startswith("copc/")) if place.exists() else []


@pytest.mark.skipif(not sample_names(), reason="the real samples are not on this machine")
@pytest.mark.parametrize("name", sample_names())
def test_real_files(name: str) -> None:
    truth = json.loads((SAMPLES / "truth.json").read_text())[name]
    data = (SAMPLES / name).read_bytes()
    fmt, source = CopcFormat(), FileSource(SAMPLES / name)
    assert fmt.detect(name, data[:HEAD_BYTES]) == 1
    assert octree_of(source, layout_of(source)).info.spacing == truth["spacing"]
    expected = laspy.read(SAMPLES / name).points.array
    index = fmt.index(source, CopcParams(), ignore)
    for asked in (1, 2, 3, 16, 64):
        cut = fmt.partition(index, CopcParams(num_slices=asked))
        values = [fmt.read(source, cut.shared, piece) for piece in cut.slices]
        assert len(values) == asked
        assert b"".join(value.points.array.tobytes() for value in values) == expected.tobytes()
    assert sum(int(np.asarray(value.X, dtype=np.int64).sum()) for value in values) == truth["copc_sumX"]
    for params in ({"tiles": 3}, {"resolution": truth["spacing"] / 2, "num_slices": 4}):
        values, _, _ = read_all(data, **params)
        want = (
            expected
            if "tiles" in params
            else laspy.CopcReader(io.BytesIO(data)).query(resolution=params["resolution"]).array
        )
        assert np.array_equal(np.sort(np.concatenate([v.points.array for v in values])), np.sort(want))
