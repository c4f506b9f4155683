"""Points decoded to the place where they stay, window after window: the bytes that laspy reads, however cut."""

from __future__ import annotations

import io
import threading
from itertools import pairwise
from typing import Any

import laspy
import numpy as np
import pytest

from cloud_data_cockpit.errors import FormatError, SourceChanged
from cloud_data_cockpit.formats import las_layout, las_read
from cloud_data_cockpit.formats.las import LasFormat, LasParams
from cloud_data_cockpit.formats.las_grid import BEYOND, LOWEST, Box
from cloud_data_cockpit.formats.las_layout import ahead
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import MemorySource, Range

from .conformance import CountingSource, ignore
from .las_made import cloud, las, laz, patched, records, whole, with_evlrs

VERSIONS = {0: "1.2", 3: "1.2", 4: "1.3"}
FILES = {
    **{f"las-{form}": las(cloud(211, form, version=VERSIONS.get(form, "1.4"))) for form in (0, 3, 4, 6, 7, 8)},
    **{f"laz-{form}": laz(cloud(211, form, version=VERSIONS.get(form, "1.4")), 17) for form in (0, 3, 6, 7, 8)},
    "uneven": laz(cloud(211, 6, extra=True), 40, variable=True),
    "one chunk": laz(cloud(211, 7), 1000),
    "evlrs": with_evlrs(las(cloud(50)), {(b"mine", 7): b"more"}),
}
CUTS: tuple[dict[str, Any], ...] = (
    {"num_slices": 1},
    {"num_slices": 3},
    {"points": 10},
    {"num_slices": 5, "box": "1010,-1990,1070,-1920"},
    {"tiles": 6},
)


@pytest.fixture(params=[90, 1500, 8 << 20])
def windows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of a few points, of a few chunks, and of all."""
    for module in (las_layout, las_read):
        monkeypatch.setattr(module, "WINDOW", request.param)
    monkeypatch.setattr(las_read, "_LEAST", request.param)
    monkeypatch.setattr(las_read, "_MOST", 4 * request.param)
    monkeypatch.setattr(las_read, "_BLOCK", 7)


def cut_of(source: MemorySource, **asked: Any) -> tuple[list[Slice], Any]:
    fmt, params = LasFormat(), LasParams(**asked)
    cut = fmt.partition(fmt.index(source, params, ignore), params)
    return list(cut.slices), cut.shared


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize("name", FILES)
def test_points_are_those_that_laspy_reads(name: str) -> None:
    fmt, source, everything = LasFormat(), MemorySource(FILES[name]), records(whole(FILES[name]))
    for asked in CUTS:
        pieces, shared = cut_of(source, **asked)
        found: list[bytes] = []
        for piece in pieces:
            file = fmt.read_bytes(source, shared, piece, header=True)
            plain = fmt.read_bytes(source, shared, piece, header=False)
            data = fmt.read(source, shared, piece)
            assert data.points.array.tobytes() == plain == b"".join(records(whole(file))), asked
            assert fmt.count(source, shared, piece) == piece.records == len(records(data))
            _tells_of_its_points(file, data)
            found += records(data)
        if "box" in asked:
            inside = {point for point in everything if _within(point, (1000, 1000, 7000, 8000))}
            assert sorted(found) == sorted(inside)
        elif "tiles" in asked:
            assert sorted(found) == sorted(everything)
        else:
            assert found == everything


def _within(point: bytes, box: tuple[int, int, int, int]) -> bool:
    x, y = np.frombuffer(point, "<i4", 2)
    return bool(box[0] <= x < box[2] and box[1] <= y < box[3])


def _tells_of_its_points(file: bytes, data: laspy.LasData) -> None:
    header = laspy.open(io.BytesIO(file)).header
    assert header.point_count == len(data.points)
    if header.point_count:
        for axis, name in enumerate("XYZ"):
            ends = [np.asarray(data[name]).min(), np.asarray(data[name]).max()]
            told = sorted(int(end) * header.scales[axis] + header.offsets[axis] for end in ends)
            assert [header.mins[axis], header.maxs[axis]] == told
    returns = np.bincount(np.asarray(data.return_number), minlength=16)[1:]
    counted = np.asarray(header.number_of_points_by_return)
    told = 15 if header.version.minor >= 4 else 5
    assert np.array_equal(counted[:told], returns[:told])


@pytest.mark.usefixtures("windows")
def test_a_chunk_that_is_damaged_is_refused_in_every_window() -> None:
    content = FILES["laz-6"]
    # What the second chunk says of its own number of points.
    fmt, source = LasFormat(), MemorySource(content)
    table = las_layout.layout_of(source).table
    bad = MemorySource(patched(content, "<I", int(table.offsets[1]) + 30, 0), "memory:bad.laz")
    pieces, shared = cut_of(bad, num_slices=1)
    for read in (fmt.read, fmt.count):
        with pytest.raises(FormatError, match="damaged"):
            read(bad, shared, pieces[0])
    with pytest.raises(FormatError, match="damaged"):
        fmt.read_bytes(bad, shared, pieces[0], header=True)


def test_chunks_that_touch_are_fetched_in_one_piece() -> None:
    asked: list[list[Range]] = []

    class Seen(CountingSource):
        def read_many(self, ranges: Any) -> list[bytes]:
            asked.append(list(ranges))
            return super().read_many(ranges)

    source = MemorySource(FILES["laz-6"], "memory:touch.laz")
    pieces, shared = cut_of(source, num_slices=1)
    LasFormat().read(Seen(source), shared, pieces[0])
    table = las_layout.layout_of(source).table
    assert [int(table.offsets[0]), int(table.lengths.sum())] in [list(r) for ranges in asked for r in ranges]


def test_an_error_of_the_source_comes_through_and_no_thread_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (las_layout, las_read):
        monkeypatch.setattr(module, "WINDOW", 90)
    source = MemorySource(FILES["laz-7"])
    pieces, shared = cut_of(source, num_slices=2)

    class Broken(CountingSource):
        def read_many(self, ranges: Any) -> list[bytes]:
            if ranges and ranges[0][0] > 2000:
                raise SourceChanged("the object has changed since it was indexed")
            return super().read_many(ranges)

    with pytest.raises(SourceChanged):
        LasFormat().read_bytes(Broken(source), shared, pieces[1], header=True)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("points")]


def test_ahead_keeps_the_order_and_fetches_few() -> None:
    begun: list[int] = []

    def fetch(item: int) -> int:
        begun.append(item)
        return item * item

    for number in range(6):
        begun.clear()
        assert list(ahead(fetch, range(number))) == [(i, i * i) for i in range(number)]
    begun.clear()
    walk = ahead(fetch, range(100))
    next(walk)
    walk.close()  # type: ignore[attr-defined]
    assert len(begun) <= 3


@pytest.mark.parametrize("seed", range(4))
def test_inside_is_mask_at_every_limit(seed: int) -> None:
    chance = np.random.default_rng(seed)
    ends = np.array([LOWEST, LOWEST + 1, -1, 0, 1, BEYOND - 2, BEYOND - 1], dtype=np.int64)
    x, y = (np.concatenate([ends, chance.integers(-9, 9, 50)]) for _ in range(2))
    chance.shuffle(y)
    limits = [LOWEST, LOWEST + 1, *chance.integers(-9, 9, 3).tolist(), BEYOND - 1, BEYOND]
    for x0, x1 in pairwise([*limits, LOWEST, BEYOND]):
        for y0 in limits:
            for y1 in limits:
                box = Box(x0, y0, x1, y1)
                assert np.array_equal(box.inside(x.astype(np.int32), y.astype(np.int32)), box.mask(x, y)), box
