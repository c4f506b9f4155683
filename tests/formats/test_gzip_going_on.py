"""The index of plain gzip goes on after a kill: from an access point, with the checksum as it stood there."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cloud_data_cockpit.errors import FormatError
from cloud_data_cockpit.formats import gzip_index, gzip_points
from cloud_data_cockpit.formats.base import Index
from cloud_data_cockpit.formats.csv_gz import CsvGzFormat
from cloud_data_cockpit.formats.fastq_gz import FastqGzFormat
from cloud_data_cockpit.formats.gzip_format import GzippedFormat
from cloud_data_cockpit.formats.gzip_index import Survey
from cloud_data_cockpit.formats.gzip_members import Members, Rest
from cloud_data_cockpit.formats.gzip_points import primed
from cloud_data_cockpit.formats.text_gz import TextGzFormat
from cloud_data_cockpit.slicing.ahead import Ahead
from cloud_data_cockpit.slicing.checkpoints import Checkpoint
from cloud_data_cockpit.slicing.checksums import SummedSource, crc32
from cloud_data_cockpit.source import MemorySource

from .conformance import CountingSource
from .gzip_made import bgzf, member, some_lines

BLOCK = 8 << 10


class DenseTextGz(TextGzFormat):
    spacing = 4 << 10


class DenseCsvGz(CsvGzFormat):
    spacing = 4 << 10


class DenseFastqGz(FastqGzFormat):
    spacing = 4 << 10


class Stopped(Exception):
    """The scan was broken off."""


def _reads(number: int) -> bytes:
    chance = np.random.default_rng(7)
    made = []
    for i in range(number):
        bases = "".join(chance.choice(list("ACGT"), 60 + i % 40))
        made.append(f"@read {i}\n{bases}\n+\n{'F' * (len(bases) - 3)}@+:\n")
    return "".join(made).encode()


LINES = some_lines(16_000)
ROWS = b"number,word\n" + b"".join(b'%d,"w%d,\n%d"\n' % (i, i * i % 977, i) for i in range(20_000))
READS = _reads(5000)
SHAPES: dict[str, tuple[type[GzippedFormat], bytes]] = {
    "text": (DenseTextGz, member(LINES, memory=1)),
    "rows": (DenseCsvGz, member(ROWS, memory=1)),
    "reads": (DenseFastqGz, member(READS, memory=1)),
    "wrapped reads": (DenseFastqGz, member(READS + b"@w\nAC\nGT\n+\nFF\nFF\n" + READS, memory=1)),
    "members": (DenseTextGz, b"".join(member(LINES[i : i + 70_000], memory=1) for i in range(0, len(LINES), 70_000))),
    "small members": (DenseTextGz, b"".join(member(LINES[i : i + 5000]) for i in range(0, len(LINES), 5000))),
    "blocks": (DenseTextGz, bgzf(LINES, 5000)),
    "sparse": (TextGzFormat, member(LINES)),
    "stored": (DenseTextGz, member(LINES, 0)),
}


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps so small that small data have many access points."""
    _small(monkeypatch.setattr)


def _small(set_one: Any) -> None:
    set_one(gzip_index, "FEED", 4 << 10)
    set_one(gzip_index, "_HEAD", 4 << 10)
    set_one(gzip_index, "_HEAD_KEPT", 80 << 10)
    set_one(gzip_index, "_SEARCH_FEED", 1 << 10)
    set_one(gzip_index, "_SEARCHED", 6 << 10)
    set_one(gzip_index, "_QUEUED", 1)
    set_one(gzip_points, "PROVED", 2 << 10)


def _scan(
    shape: str, directory: Path | None, stop_after: int | None = None, data: bytes | None = None
) -> tuple[Index, CountingSource, SummedSource]:
    """The index, and what was read for it; Stopped after so many reports."""
    made, whole = SHAPES[shape]
    counted = CountingSource(MemorySource(whole if data is None else data, uri=f"memory:{shape}.gz", etag="e"))
    summed, format = SummedSource(counted), made()
    reports = 0

    def report(done: int, total: int) -> None:
        nonlocal reports
        reports += 1
        if stop_after is not None and reports > stop_after:
            raise Stopped

    run: Any = Ahead(2)
    if directory is not None:
        run = Checkpoint(directory, interval=0).over(run, summed, format, format.params(), summed)
    return format.index(summed, format.params(), report, run=run, block_size=BLOCK), counted, summed


def _same(one: Index, other: Index) -> None:
    assert (one.records, one.facts) == (other.records, other.facts)
    assert one.arrays.keys() == other.arrays.keys()
    assert all(np.array_equal(array, other.arrays[name]) for name, array in one.arrays.items())


@pytest.mark.parametrize("shape", SHAPES)
def test_it_goes_on_from_wherever_it_was_broken_off(shape: str, tmp_path: Path) -> None:
    whole, all_read, _ = _scan(shape, None)
    size = all_read.size
    read = []
    for stop_after in (0, 1, 5, 12, 34, 60):
        directory = tmp_path / str(stop_after)
        try:
            _scan(shape, directory, stop_after)
        except Stopped:
            index, counted, summed = _scan(shape, directory)
            _same(index, whole)
            assert summed.crc32(0, size) == crc32(SHAPES[shape][1])
            read.append(counted.total)
    assert len(read) > 2
    if shape in ("text", "rows", "reads", "blocks"):
        assert min(read) < all_read.total - size // 4, "what was scanned is not scanned again"


def test_it_goes_on_more_than_once(tmp_path: Path) -> None:
    whole, _, _ = _scan("reads", None)
    for stop_after in (6, 6, 6):
        with pytest.raises(Stopped):
            _scan("reads", tmp_path, stop_after)
    index, _, _ = _scan("reads", tmp_path)
    _same(index, whole)


@pytest.mark.parametrize("shape", ["text", "members"])
def test_damage_before_and_behind_the_break_is_noticed(shape: str, tmp_path: Path) -> None:
    """The checksum of the member covers what was decoded before the kill and what is decoded after it."""
    good = SHAPES[shape][1]
    end = good.index(b"\x1f\x8b\x08", 1) if shape == "members" else len(good)
    wrong_sum = good[: end - 8] + bytes([good[end - 8] ^ 1]) + good[end - 7 :]
    wrong_length = good[: end - 4] + bytes([good[end - 4] ^ 1]) + good[end - 3 :]
    for number, data in enumerate((wrong_sum, wrong_length, good[:-20])):
        with pytest.raises((Stopped, FormatError)):
            _scan(shape, tmp_path / str(number), 12, data)
        with pytest.raises(FormatError):
            _scan(shape, tmp_path / str(number), None, data)


@pytest.mark.parametrize("shape", ["text", "members", "stored"])
def test_members_go_on_from_every_stage_and_prove_the_whole(shape: str) -> None:
    data = SHAPES[shape][1]
    members = Members("memory:it")
    survey = Survey(members, len(data), 4 << 10)
    plain = b"".join(survey.feed(memoryview(data)))
    survey.points()
    stages = survey.settled()
    assert len(stages) > 5 or shape == "stored"
    for stage in stages:
        assert _rest_of(data, stage.rest) == plain[stage.rest.point.plain :]
        if stage.rest.point.window is not None:
            with pytest.raises(FormatError, match="checksum"):
                _rest_of(data, replace(stage.rest, crc=stage.rest.crc ^ 1))
            with pytest.raises(FormatError, match="length"):
                _rest_of(data, replace(stage.rest, length=stage.rest.length + 1))


def _rest_of(data: bytes, rest: Rest) -> bytes:
    members, (at, skip) = Members("memory:it", rest=rest), divmod(rest.point.bits, 8)
    begun = b"".join(members.feed(primed(skip, data[at]))) if skip else b""
    more = b"".join(members.feed(data[at + bool(skip) :]))
    members.finish()
    return begun + more


def test_damaged_notes_are_passed_over(tmp_path: Path) -> None:
    whole, _, _ = _scan("text", None)
    with pytest.raises(Stopped):
        _scan("text", tmp_path, 20)
    files = sorted(tmp_path.glob("*.npz"))
    for path in files[1::3]:
        path.write_bytes(path.read_bytes()[:-50])
    index, _, _ = _scan("text", tmp_path)
    _same(index, whole)


def _scan_and_die(shape: str, directory: Path) -> None:
    _small(setattr)
    try:
        _scan(shape, directory, 60)
    except Stopped:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_it_goes_on_after_the_process_was_killed(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_scan_and_die, args=("reads", tmp_path))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    whole, all_read, _ = _scan("reads", None)
    index, counted, _ = _scan("reads", tmp_path)
    _same(index, whole)
    assert counted.total < all_read.total * 3 / 4
