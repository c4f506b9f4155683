"""Slices chosen by a box in the units of the file: windows of rasters, tiles of points; and what has no places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.errors import BadRequest
from cloud_data_cockpit.slicing.partition import partition

NOWHERE = (-2e9, -2e9, -1.9e9, -1.9e9)


def touch(one: Any, other: Any) -> bool:
    return bool(one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3])


def test_windows_of_a_geotiff_that_touch_a_box(tmp_path: Path) -> None:
    pytest.importorskip("rasterio")
    from cloud_data_cockpit.demo.samples_raster import geotiff_sample

    path = tmp_path / "a.tif"
    path.write_bytes(geotiff_sample())
    slices = partition(path, grid=4)
    bounds = [piece.get().bounds for piece in slices]
    assert [piece.box() for piece in slices] == [pytest.approx(tuple(b)) for b in bounds]
    inside = [(b[0] + (b[2] - b[0]) / 3, b[1] + (b[3] - b[1]) / 3) for b in bounds]
    for number, (x, y) in enumerate(inside):
        assert [piece.number for piece in slices.filter(box=(x, y, x, y))] == [number]
    box = (*inside[4], *inside[1])
    box = (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))
    expected = [number for number, own in enumerate(bounds) if touch(own, box)]
    assert 1 < len(expected) < 16
    assert [piece.number for piece in slices.filter(box=box)] == expected
    assert [piece.number for piece in slices.filter(lambda piece: piece.number != expected[0], box=box)] == expected[1:]
    assert len(slices.filter(box=NOWHERE)) == 0


def test_tiles_of_points_that_touch_a_box(tmp_path: Path) -> None:
    laspy = pytest.importorskip("laspy")
    from cloud_data_cockpit.demo.samples_lidar import las_sample

    path = tmp_path / "a.las"
    path.write_bytes(las_sample())
    slices = partition(path, tiles=9)
    for piece in slices.filter(min_records=1):
        x, y = (float(value) for value in piece.xyz()[0][:2])
        assert piece.number in [found.number for found in slices.filter(box=(x, y, x, y))]
        assert len(slices.filter(box=(x, y, x, y))) < len(slices)
    points = slices[4].xyz()
    box = (*points[:, :2].min(axis=0), *points[:, :2].max(axis=0))
    assert slices.filter(box=box).records >= len(points)
    edges = [piece.box() for piece in slices]
    whole = laspy.read(path).header
    assert min(edge[0] for edge in edges) == whole.mins[0]
    assert max(edge[3] for edge in edges) == whole.maxs[1]
    for piece, (x0, y0, x1, y1) in zip(slices, edges, strict=True):
        xy = piece.xyz()[:, :2]
        assert ((xy >= (x0, y0)) & (xy <= (x1, y1))).all()
    assert sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in edges) == pytest.approx(
        float((whole.maxs[0] - whole.mins[0]) * (whole.maxs[1] - whole.mins[1]))
    )
    in_order = partition(path, num_slices=4)
    with pytest.raises(BadRequest, match="has no place"):
        in_order[0].box()
    with pytest.raises(BadRequest, match="has no place: cut the object into tiles"):
        in_order.filter(box=box)


def test_slices_without_places_and_boxes_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    slices = partition(path)
    with pytest.raises(BadRequest, match="slices of 'csv' have no places"):
        slices[0].box()
    with pytest.raises(BadRequest, match="slices of 'csv' have no places"):
        slices.filter(box=(0, 0, 1, 1))
    for box in ((0, 0, 1), (1, 0, 0, 1), (0, 0, 1, float("nan"))):
        with pytest.raises(BadRequest, match="a box is"):
            slices.filter(box=box)
