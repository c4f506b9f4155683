"""Text over gzip of every shape inherits the conformance suite; access points, one pass or two, samples, limits."""

from __future__ import annotations

import gzip
import json
import pickle
import random
import threading
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cloud_data_cockpit.errors import BadRequest, Cancelled, CockpitError, FormatError
from cloud_data_cockpit.formats import gzip_format, gzip_index, gzip_points
from cloud_data_cockpit.formats.base import Cut, Format
from cloud_data_cockpit.formats.text import TextParams
from cloud_data_cockpit.formats.text_gz import TextGzFormat
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import FileSource, MemorySource

from .conformance import CountingSource, FormatConformance, _threaded_map, ignore
from .gzip_made import bgzf, member, some_lines

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "gzip"
LINES = some_lines(7000)


class DenseTextGz(TextGzFormat):
    """With many access points, as in a large object."""

    spacing = 4 << 10


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps so small that small data have many access points."""
    monkeypatch.setattr(gzip_index, "FEED", 4 << 10)
    monkeypatch.setattr(gzip_index, "_HEAD", 4 << 10)
    monkeypatch.setattr(gzip_index, "_SEARCH_FEED", 1 << 10)
    monkeypatch.setattr(gzip_index, "_SEARCHED", 6 << 10)
    monkeypatch.setattr(gzip_points, "PROVED", 2 << 10)


EXAMPLES = {
    "one.txt.gz": member(LINES, memory=1),
    "small.txt.gz": member(some_lines(60)),
    "members.txt.gz": b"".join(member(LINES[i : i + 1234], flags=i % 32) for i in range(0, 40_000, 1234)),
    "blocks.txt.bgz": bgzf(LINES[:100_000]),
    "stored.txt.gz": member(LINES[:60_000], 0),
    "fixed.txt.gz": member(LINES[:60_000], strategy=4),
    "no newline.txt.gz": member(b"one line"),
    "empty members.txt.gz": member(b"") + member(b"a\nb") + member(b"") + member(b"c\n\nd"),
    "padded.txt.gz": member(b"a\nb\n") + bytes(512),
    "crlf.txt.bgz": bgzf(b"".join(b"line %d\r\n" % i for i in range(500)), 700),
}


class TestTextGz(FormatConformance):
    ranges_overlap = True
    largest_pickle = 64 << 10

    def make(self) -> Format:
        return DenseTextGz()

    def examples(self) -> Mapping[str, bytes]:
        return EXAMPLES

    def plain(self, data: bytes) -> bytes:
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data

    def reference(self, data: bytes) -> list[Any]:
        return self.plain(data).decode().replace("\r\n", "\n").removesuffix("\n").split("\n")

    def records_of(self, value: Any) -> list[Any]:
        assert isinstance(value, str)
        return value.replace("\r\n", "\n").removesuffix("\n").split("\n") if value else []

    def body(self, data: bytes) -> bytes:
        return self.plain(data)

    def damaged(self) -> Mapping[str, bytes]:
        one, many = EXAMPLES["one.txt.gz"], EXAMPLES["members.txt.gz"]
        blocks = EXAMPLES["blocks.txt.bgz"]
        changed = bytearray(one)
        changed[len(one) // 2] ^= 4
        return {
            "cut off": one[: len(one) // 2],
            "cut in the trailer": one[:-3],
            "changed": bytes(changed),
            "wrong checksum": one[:-8] + b"abcd" + one[-4:],
            "wrong length": one[:-4] + b"\xff\xff\xff\x7f",
            "garbage behind": one + b"garbage",
            "cut member": many[:-500],
            "cut block": blocks[:-40],
            "garbage behind blocks": blocks + b"garbage",
            "text": b"only text\n" * 100,
            "nothing inside": member(b""),
            "binary inside": member(bytes(range(256)) * 9),
        }


def test_access_points_within_a_member_are_used() -> None:
    fmt, source = DenseTextGz(), MemorySource(EXAMPLES["one.txt.gz"])
    index = fmt.index(source, fmt.params(), ignore)
    assert len(index.arrays["gzip.bits"]) >= 5
    assert len(set((index.arrays["gzip.bits"] & 7).tolist())) > 2, "points at several bits"
    assert bool((np.diff(index.arrays["gzip.plain"]) > 0).all())
    cut = fmt.partition(index, fmt.params(num_slices=6))
    for piece in list(cut.slices)[1:]:
        counting = CountingSource(source)
        assert fmt.read(counting, cut.shared, piece)
        assert counting.total < source.size / 2
        assert sum(length for _, length in piece.ranges) < source.size / 2


def test_only_slices_that_begin_within_a_member_carry_a_window() -> None:
    fmt = DenseTextGz()
    for name in EXAMPLES:
        source = MemorySource(EXAMPLES[name])
        cut = fmt.partition(fmt.index(source, fmt.params(), ignore), fmt.params(num_slices=7))
        largest = max(len(pickle.dumps((dict(cut.shared), piece))) for piece in cut.slices)
        within = name == "one.txt.gz"
        assert 1500 < largest < 64 << 10 if within else largest < 1500, name


def test_the_manifest_alone_is_enough() -> None:
    """A slice of the middle never touches the bytes before its range."""

    class Fenced(MemorySource):
        first = 0

        def read(self, offset: int, length: int) -> bytes:
            assert offset >= self.first
            return super().read(offset, length)

    fmt = DenseTextGz()
    for name in ("one.txt.gz", "members.txt.gz", "blocks.txt.bgz"):
        source = Fenced(EXAMPLES[name])
        cut = fmt.partition(fmt.index(source, fmt.params(), ignore), fmt.params(num_slices=4))
        slices = [Slice.model_validate(json.loads(piece.model_dump_json())) for piece in cut.slices]
        shared = json.loads(json.dumps(cut.shared))
        expected = gzip.decompress(EXAMPLES[name])
        source.first = slices[3].ranges[0][0]
        assert source.first > 0
        last = fmt.read_bytes(source, shared, slices[3], header=False)
        assert last
        assert expected.endswith(last)


@pytest.mark.parametrize("name", EXAMPLES)
def test_one_pass_is_enough_where_the_size_is_told(name: str) -> None:
    fmt, source = DenseTextGz(), CountingSource(MemorySource(EXAMPLES[name]))
    fmt.index(source, fmt.params(), ignore)
    passes = 1 if name.startswith(("one", "small", "stored", "fixed", "no ")) else 2
    assert source.total <= passes * source.size + 30_000


def test_plain_sizes_above_four_gigabytes_are_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a member tells its size modulo 4 GiB; the ratio of its beginning tells the rest."""

    class Huge(MemorySource):
        size = 1_500_000_000

        def read(self, offset: int, length: int) -> bytes:
            if offset == self.size - 4:
                return (6_000_000_000 % (1 << 32)).to_bytes(4, "little")
            return head[:length]

    text = some_lines(60_000)
    head = member(text)
    ratio = len(text) / len(head)
    Huge.size = int(6_000_000_000 / ratio)
    assert gzip_index.guessed_size(Huge(b"")) == 6_000_000_000


def test_a_wrong_guess_costs_a_second_pass_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    fmt, source = DenseTextGz(), MemorySource(EXAMPLES["one.txt.gz"])
    right = fmt.index(source, fmt.params(), ignore)
    for wrong in (0, 1, 1000, len(LINES) - 1, len(LINES) + 1, len(LINES) * 3):
        monkeypatch.setattr(gzip_format, "guessed_size", lambda source, wrong=wrong: wrong)
        TestTextGz.same(right, fmt.index(source, fmt.params(), ignore), wrong)
        with pytest.raises(FormatError):
            fmt.index(MemorySource(EXAMPLES["one.txt.gz"][:-9]), fmt.params(), ignore)


def test_any_run_scans_bgzf() -> None:
    fmt, source = DenseTextGz(), MemorySource(EXAMPLES["blocks.txt.bgz"])
    one = fmt.index(source, fmt.params(), ignore)
    other = fmt.index(source, fmt.params(), ignore, run=_threaded_map, block_size=3000)
    TestTextGz.same(one, other, "threads")
    assert one.facts["members"] == 21


def test_bgzf_without_its_last_block_is_read_and_said() -> None:
    fmt = TextGzFormat()
    source = MemorySource(bgzf(LINES, end=False))
    cut = fmt.partition(fmt.index(source, fmt.params(), ignore), fmt.params(num_slices=2))
    assert b"".join(fmt.read_bytes(source, cut.shared, piece, header=False) for piece in cut.slices) == LINES
    assert any("BGZF" in note for note in cut.notes)
    whole = MemorySource(bgzf(LINES))
    assert not fmt.partition(fmt.index(whole, fmt.params(), ignore), fmt.params(num_slices=2)).notes


def test_damaged_bgzf_is_noticed_by_any_run() -> None:
    fmt, data = TextGzFormat(), bytearray(EXAMPLES["blocks.txt.bgz"])
    data[len(data) // 2] ^= 1
    for run in (map, _threaded_map):
        with pytest.raises(FormatError):
            fmt.index(MemorySource(bytes(data)), fmt.params(), ignore, run=run)


def test_bgzf_followed_by_plain_gzip_is_one_text() -> None:
    fmt, data = DenseTextGz(), bgzf(LINES[:20_000], end=False) + member(LINES[20_000:])
    source = MemorySource(data)
    cut = fmt.partition(fmt.index(source, fmt.params(), ignore), fmt.params(num_slices=5))
    assert b"".join(fmt.read_bytes(source, cut.shared, piece, header=False) for piece in cut.slices) == LINES


@pytest.mark.parametrize(
    "data", [member(b""), member(b"") * 3, member(b"", 0), bgzf(b"")], ids=["one", "three", "stored", "bgzf"]
)
def test_empty_content_is_refused_and_never_hangs(data: bytes) -> None:
    began = time.monotonic()
    with pytest.raises(FormatError, match="empty"):
        TextGzFormat().index(MemorySource(data), TextGzFormat.params(), ignore)
    assert time.monotonic() - began < 5


def test_a_cancel_stops_at_once_and_leaves_no_thread() -> None:
    fmt = TextGzFormat()
    source = MemorySource(member(bytes(b"0123456789abcde\n" * (12 << 20)), 1))
    calls = []

    def stop(done: int, total: int) -> None:
        calls.append(time.monotonic())
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        fmt.index(source, fmt.params(), stop)
    assert len(calls) == 1
    assert time.monotonic() - calls[0] < 1
    while any(thread.name.startswith("gzip") for thread in threading.enumerate()):
        assert time.monotonic() - calls[0] < 20, "a thread was left behind"
        time.sleep(0.01)


def test_progress_covers_the_object() -> None:
    for name, run in (
        ("one.txt.gz", map),
        ("members.txt.gz", map),
        ("blocks.txt.bgz", map),
        ("blocks.txt.bgz", _threaded_map),
    ):
        seen: list[tuple[int, int]] = []
        source = MemorySource(EXAMPLES[name])
        DenseTextGz().index(source, TextParams(), lambda d, t, s=seen: s.append((d, t)), run=run, block_size=2048)
        assert seen == sorted(seen)
        assert seen[-1] == (source.size, source.size)
        assert len(seen) > 5


def test_it_is_detected_by_what_is_inside() -> None:
    fmt = TextGzFormat()
    assert fmt.detect("a.txt.gz", member(LINES)) == TextGzFormat.inner.detect("a.txt", LINES[: 64 << 10]) > 0
    assert fmt.detect("a.txt.gz", LINES) == 0
    assert fmt.detect("a.txt.gz", member(bytes(range(256)) * 40)) == 0
    assert fmt.detect("whatever", member(LINES)[: 30 << 10]) > 0


def test_it_is_made_from_the_plain_format() -> None:
    fmt = TextGzFormat()
    assert (fmt.name, fmt.title) == ("text-gz", "Text, gzip")
    assert ".txt.gz" in fmt.extensions
    assert fmt.params is TextParams
    assert fmt.views.keys() == fmt.inner.views.keys()
    assert "partition_chunk_lines" in fmt.strategies


def test_views_read_over_gzip() -> None:
    fmt, source = DenseTextGz(), MemorySource(EXAMPLES["one.txt.gz"])
    cut = fmt.partition(fmt.index(source, fmt.params(), ignore), fmt.params(lines=1500))
    pieces = list(cut.slices)
    assert [piece.records for piece in pieces] == [1500, 1500, 1500, 1500, 1000]
    lines = [line for piece in pieces for line in fmt.views["iter_lines"](source, cut.shared, piece)]
    assert lines == LINES.decode().splitlines()


def test_records_behind_a_long_slice_have_a_start_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a slice that must look first where its last record ends would be decoded twice."""
    fmt, source = DenseTextGz(), MemorySource(EXAMPLES["one.txt.gz"])
    index = fmt.index(source, fmt.params(), ignore)
    span, tail = (5000, len(LINES) - 20_000), (len(LINES) - 15_000, 300)
    long = Slice(number=0, ranges=(span,), records=1, details={"tail": tail[1]})
    monkeypatch.setattr(fmt.inner, "partition", lambda *_: Cut([long]))
    for far, starts in ((gzip_format.FAR, 1), (1000, 2)):
        monkeypatch.setattr(gzip_format, "FAR", far)
        cut = fmt.partition(index, fmt.params())
        (piece,) = cut.slices
        assert len(piece.details["starts"]) == len(piece.ranges) == starts
        assert all(a[0] + a[1] == b[0] for a, b in pairwise(piece.ranges))
        plain, _, inner = gzip_format._plain(source, cut.shared, piece)
        assert plain.read(*tail) == LINES[tail[0] : tail[0] + tail[1]]
        assert plain.read(*inner.ranges[0]) == LINES[span[0] : span[0] + span[1]]


@pytest.mark.parametrize("seed", range(20))
def test_any_mixture_of_members_is_cut_exactly(seed: int) -> None:
    chance = random.Random(seed)
    plain, parts = some_lines(chance.randint(1, 4000), seed), []
    edges = sorted(chance.randrange(len(plain) + 1) for _ in range(chance.choice((0, 0, 1, 3, 40))))
    for start, stop in pairwise([0, *edges, len(plain)]):
        data = plain[start:stop]
        if chance.random() < 0.3:
            parts.append(bgzf(data, chance.randint(100, 60_000), end=chance.random() < 0.5))
        else:
            level, memory, strategy = chance.choice((0, 1, 6, 9)), chance.choice((1, 8, 9)), chance.choice((0, 0, 2, 4))
            parts.append(member(data, level, memory=memory, strategy=strategy, flags=chance.randrange(32)))
        parts.append(bytes(chance.choice((0, 0, 0, 100))))
    packed = b"".join(parts)
    fmt, source = DenseTextGz(), MemorySource(packed)
    fmt.spacing = chance.choice((2 << 10, 8 << 10, None))
    index = fmt.index(source, fmt.params(), ignore, run=chance.choice((map, _threaded_map)), block_size=3000)
    for asked in (1, 5, chance.randint(2, 300)):
        cut = fmt.partition(index, fmt.params(num_slices=asked))
        pieces = list(cut.slices)
        chance.shuffle(pieces)
        got = {piece.number: fmt.read_bytes(source, cut.shared, piece, header=False) for piece in pieces}
        assert b"".join(got[number] for number in sorted(got)) == plain
    cut_off = packed.rstrip(b"\0")[: -chance.randint(1, 7)]
    with pytest.raises(FormatError):
        fmt.index(MemorySource(cut_off), fmt.params(), ignore)


def test_windows_that_no_manifest_can_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzip_format, "_MOST_WINDOW_BYTES", 20_000)
    fmt, source = DenseTextGz(), MemorySource(EXAMPLES["one.txt.gz"])
    index = fmt.index(source, fmt.params(), ignore)
    with pytest.raises(BadRequest, match="fewer slices"):
        list(fmt.partition(index, fmt.params(num_slices=100)).slices)


def test_a_slice_of_something_else_is_refused() -> None:
    with pytest.raises(FormatError, match="not one of a gzip object"):
        TextGzFormat().read(MemorySource(EXAMPLES["one.txt.gz"]), {}, Slice(number=0, ranges=((0, 10),), records=1))


def test_highly_compressible_text_stays_within_bounds() -> None:
    fmt = TextGzFormat()
    data = member(b"the same line again\n" * (6 << 20), 9)
    source = MemorySource(data)
    index = fmt.index(source, fmt.params(), ignore)
    cut = fmt.partition(index, fmt.params(num_slices=3))
    assert [fmt.count(source, cut.shared, piece) for piece in cut.slices] == [
        piece.records for piece in fmt.partition(index, fmt.params(num_slices=3)).slices
    ]
    assert index.records == 6 << 20


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the folder of real samples is not here")
@pytest.mark.parametrize(
    "name",
    [
        "Illimina1.8.fq.gz",
        "NC_000932.gb.bgz",
        "bgziptest.txt.gz",
        "example_dos.fastq.bgz",
        "hello.gz",
        "illumina.fastq.gz",
        "reads_1.fq.gz",
        "reads_2.fq.gz",
    ],
)
def test_real_files_come_out_whole(name: str) -> None:
    fmt, source = DenseTextGz(), FileSource(SAMPLES / name)
    truth = json.loads((SAMPLES.parent / "truth.json").read_text())[f"gzip/{name}"]
    plain = gzip.decompress((SAMPLES / name).read_bytes())
    index = fmt.index(source, fmt.params(), ignore)
    assert index.facts["members"] == truth["members"]
    if "reads" in truth:
        assert index.records == truth["reads"] * 4
    for asked in (1, 2, 3, 7, 16, 64):
        cut = fmt.partition(index, fmt.params(num_slices=asked))
        assert b"".join(fmt.read_bytes(source, cut.shared, piece, header=False) for piece in cut.slices) == plain


def test_errors_are_words_for_people() -> None:
    with pytest.raises(CockpitError) as caught:
        TextGzFormat().index(MemorySource(member(LINES)[:-20], uri="s3://bucket/log.txt.gz"), TextParams(), ignore)
    assert "s3://bucket/log.txt.gz" in caught.value.message
    assert "cut off" in caught.value.message
