"""Plain bytes of gzip by any ranges, in one thread or several, are those that Python's gzip gives."""

from __future__ import annotations

import gc
import gzip
import random
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from cloud_data_cockpit.errors import FormatError
from cloud_data_cockpit.formats import gzip_format, gzip_index, gzip_members, gzip_points, gzip_source
from cloud_data_cockpit.formats.gzip_index import Survey
from cloud_data_cockpit.formats.gzip_members import Engine, Members
from cloud_data_cockpit.formats.gzip_points import Points
from cloud_data_cockpit.formats.gzip_source import GzipSource
from cloud_data_cockpit.formats.text_gz import TextGzFormat
from cloud_data_cockpit.source import MemorySource

from .conformance import ignore
from .gzip_made import bgzf, member, some_lines

LINES = some_lines(20_000)
PACKED = {
    "one": member(LINES, memory=1),
    "usual": member(LINES),
    "members": b"".join(member(LINES[i : i + 33_333], i % 7) for i in range(0, len(LINES), 33_333)) + bytes(99),
    "blocks": bgzf(LINES, 9000),
    "stored and not": member(LINES[:300_000], 0) + member(b"") + member(LINES[300_000:], memory=2),
}


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps so small that small data are read in every way."""
    monkeypatch.setattr(gzip_index, "FEED", 4 << 10)
    monkeypatch.setattr(gzip_index, "_SEARCH_FEED", 1 << 10)
    monkeypatch.setattr(gzip_index, "_SEARCHED", 6 << 10)
    monkeypatch.setattr(gzip_points, "PROVED", 2 << 10)
    monkeypatch.setattr(gzip_source, "WHOLE", 60_000)
    monkeypatch.setattr(gzip_source, "APART", 20_000)
    monkeypatch.setattr(gzip_source, "PIECE", 7_000)
    monkeypatch.setattr(gzip_source, "_MOST_ROOM", 500_000)
    monkeypatch.setattr(gzip_format, "APART", 50_000)
    monkeypatch.setattr(gzip_format, "FAR", 10_000)


def points_of(packed: bytes) -> Points:
    members = Members("memory:it")
    survey = Survey(members, len(packed), 4 << 10)
    assert b"".join(survey.feed(memoryview(packed))) == LINES
    return Points.of(survey.points())


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", PACKED)
def test_any_ranges_are_read_exactly(name: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzip_source, "_threads", lambda: threads)
    packed, chance = PACKED[name], random.Random(3)
    assert gzip.decompress(packed) == LINES
    source = GzipSource(MemorySource(packed), points_of(packed), len(LINES), largest=chance.choice((1 << 10, 1 << 20)))
    assert source.read(0, len(LINES)) == LINES
    for _ in range(60):
        start = chance.randrange(len(LINES) + 1)
        length = min(len(LINES) - start, chance.choice((0, 1, 500, 70_000, 400_000, len(LINES))))
        assert source.read(start, length) == LINES[start : start + length]


@pytest.mark.parametrize("name", PACKED)
def test_any_ranges_are_read_by_threads_at_once(name: str) -> None:
    packed = PACKED[name]
    source = GzipSource(MemorySource(packed), points_of(packed), len(LINES))
    ranges = [(i * 31_000, min(90_000, len(LINES) - i * 31_000)) for i in range(len(LINES) // 31_000)]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda held: source.read(*held), ranges))
    assert got == [LINES[start : start + length] for start, length in ranges]


@pytest.mark.parametrize("name", PACKED)
def test_zlib_gives_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    points = points_of(PACKED[name])
    monkeypatch.setattr(gzip_members, "engine", lambda: Engine(zlib, zlib.error))
    source = GzipSource(MemorySource(PACKED[name]), points, len(LINES))
    assert source.read(123, len(LINES) - 123) == LINES[123:]
    assert source.read(300_001, 77_777) == LINES[300_001:377_778]


@pytest.mark.parametrize("name", PACKED)
def test_long_slices_have_further_beginnings_and_hold_the_same(name: str) -> None:
    fmt, source = TextGzFormat(), MemorySource(PACKED[name])
    fmt.spacing = 4 << 10
    index = fmt.index(source, fmt.params(), ignore)
    for number in (1, 2, 3, 10):
        cut = fmt.partition(index, fmt.params(num_slices=number))
        pieces = list(cut.slices)
        assert b"".join(fmt.read_bytes(source, cut.shared, piece, header=False) for piece in pieces) == LINES
        if number < 4 and name in ("one", "members", "blocks"):
            assert min(len(piece.details["starts"]) for piece in pieces) > 1
        assert sum(fmt.count(source, cut.shared, piece) for piece in pieces) == 20_000


def test_what_is_shorter_than_expected_is_refused_by_every_thread() -> None:
    packed = PACKED["one"]
    source = GzipSource(MemorySource(packed[: len(packed) // 2]), points_of(packed), len(LINES))
    with pytest.raises(FormatError):
        source.read(0, len(LINES))
    longer = GzipSource(MemorySource(packed), points_of(packed), len(LINES) + 50_000)
    with pytest.raises(FormatError, match="expected"):
        longer.read(0, len(LINES) + 50_000)


def test_a_source_that_is_let_go_of_leaves_no_reads_under_way(request: pytest.FixtureRequest) -> None:
    packed = PACKED["usual"]
    source = GzipSource(MemorySource(packed), points_of(packed), len(LINES), largest=1 << 10)
    gc.disable()  # what only the collector finds would stay for long
    request.addfinalizer(gc.enable)
    before = set(threading.enumerate())
    assert source.read(0, 100_000) == LINES[:100_000]
    del source
    end = time.monotonic() + 20
    while set(threading.enumerate()) - before:
        assert time.monotonic() < end, "threads were left behind"
        time.sleep(0.01)
