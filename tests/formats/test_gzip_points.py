"""Access points: entering deflate data at any bit, finding blocks, refusing what only looks like one."""

from __future__ import annotations

import random
import zlib

import pytest

from cloud_data_cockpit.formats import gzip_points
from cloud_data_cockpit.formats.gzip_members import Engine, Point, engine
from cloud_data_cockpit.formats.gzip_points import Passage, Points, find_point, primed

from .gzip_made import some_lines

ENGINES = [engine(), Engine(zlib, zlib.error)]


def raw(data: bytes, level: int = 6, memory: int = 8, strategy: int = 0, window: bytes = b"") -> bytes:
    if window:
        squeeze = zlib.compressobj(level, zlib.DEFLATED, -15, memory, strategy, window)
    else:
        squeeze = zlib.compressobj(level, zlib.DEFLATED, -15, memory, strategy)
    return squeeze.compress(data) + squeeze.flush()


@pytest.mark.parametrize("with_engine", ENGINES, ids=["fast", "zlib"])
@pytest.mark.parametrize("bit", range(8))
@pytest.mark.parametrize("kind", ["dynamic", "fixed", "stored"])
def test_decoding_begins_at_any_bit(bit: int, kind: str, with_engine: Engine) -> None:
    window = some_lines(2000)[-32768:]
    plain = some_lines(500, seed=2) + window[:3000]
    level, strategy = {"dynamic": (6, 0), "fixed": (6, zlib.Z_FIXED), "stored": (0, 0)}[kind]
    # The bits before are those of an empty fixed block and of ones that must be left out.
    data = raw(plain, level, strategy=strategy, window=window)
    if kind == "stored":
        # Stored data are aligned to bytes, so the header alone moves.
        moved = bytes([(1 << bit) - 1 | (data[0] << bit) & 0xFF, *([0] if bit > 5 else [])]) + data[1:]
    else:
        number = int.from_bytes(data, "little") << bit | ((1 << bit) - 1)
        moved = number.to_bytes(len(data) + 1, "little")
    inflate = with_engine.inflate(window)
    got = inflate.decompress(primed(bit, moved[0]), 1 << 20)
    got += inflate.decompress(moved[1:], 1 << 20)
    assert got == plain
    assert inflate.eof


def passage(plain: bytes, data: bytes, start: int, step: int = 1024) -> Passage:
    """All of `data` from byte `start` on, as the decoder from the beginning met it."""
    inflate = engine().inflate()
    before = inflate.decompress(data[:start], 1 << 30)
    at, done, ends = start, len(before), []
    while at + step <= len(data):
        done += len(inflate.decompress(data[at : at + step], 1 << 30))
        at += step
        if inflate.eof:
            break
        ends.append((at, done))
    first = max(0, len(before) - 32768)
    return Passage(start, data[start:], ends, plain[first:], first, 0)


def noise(length: int) -> bytes:
    return random.Random(5).randbytes(length)


@pytest.mark.parametrize(
    ("plain", "level", "memory"),
    [
        (some_lines(30_000), 6, 8),
        (some_lines(30_000), 1, 8),
        (some_lines(30_000), 9, 9),
        (some_lines(30_000), 6, 1),
        (noise(400_000), 0, 8),
        (noise(400_000), 6, 8),
        (some_lines(5_000) + noise(200_000) + some_lines(5_000), 6, 8),
    ],
    ids=["usual", "fast", "best", "small blocks", "stored", "noise", "mixed"],
)
def test_a_block_is_found_and_decodes_alike(
    plain: bytes, level: int, memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gzip_points, "PROVED", 2048)
    data = raw(plain, level, memory)
    found = 0
    for start in range(1024, len(data) - (160 << 10) if len(data) > 200 << 10 else len(data) // 2, 30_011):
        point = find_point(passage(plain, data, start))
        assert point is not None, start
        assert point.bits >= start * 8
        assert point.window == plain[max(0, point.plain - 32768) : point.plain]
        inflate = engine().inflate(point.window)
        got = inflate.decompress(primed(point.bits & 7, data[point.bits >> 3]), 1 << 30)
        got += inflate.decompress(data[(point.bits >> 3) + 1 :], 1 << 30)
        assert got == plain[point.plain :]
        assert inflate.eof
        found += 1
    assert found > 1


def test_what_has_no_blocks_to_find_gives_none() -> None:
    plain = some_lines(5_000)
    fixed = raw(plain, strategy=zlib.Z_FIXED)
    assert find_point(passage(plain, fixed, 1024)) is None


def test_a_block_that_decodes_to_something_else_is_refused() -> None:
    """A dynamic block hidden within a stored one decodes well, but the object does not hold its bytes."""
    hidden = raw(some_lines(4_000, seed=8), memory=1)
    stored = raw(hidden, 0)
    assert find_point(Passage(0, stored, [(len(stored) - 100, len(hidden) - 100)], hidden, 0, 0)) in (
        None,
        find_point(passage(hidden, stored, 0)),
    )
    point = find_point(Passage(8, stored[8:], [(len(stored) - 100, len(hidden) - 95)], hidden, 0, 0))
    assert point is None


def test_points_are_kept_in_arrays() -> None:
    held = [Point(), Point(8003, 5000, some_lines(900)[:5000]), Point(16000, 9000), Point(24001, 12_000, b"abc")]
    points = Points.from_arrays(Points.of(held).arrays())
    assert [points.point(i) for i in range(4)] == held
    assert [points.before(plain) for plain in (0, 4999, 5000, 8999, 9000, 50_000)] == [0, 0, 1, 1, 2, 3]
    assert points.end(0, 4000, 9999) == 1001
    assert points.end(0, 5001, 9999) == 2000
    assert points.end(0, 12_000, 9999) == 3001
    assert points.end(0, 12_001, 9999) == 9999
