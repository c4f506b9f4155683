"""FASTQ: whole reads exactly once, with an @ that opens a quality line, wrapped reads, and every way to be damaged."""

from __future__ import annotations

import codecs
import io
import random
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import dnaio
import numpy as np
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_data_cockpit.errors import FormatError
from cloud_data_cockpit.formats.base import Format, Index
from cloud_data_cockpit.formats.fastq import FastqFormat, FastqParams, looks_like_fastq
from cloud_data_cockpit.formats.fastq_read import FastqRead, arrow_by_fours
from cloud_data_cockpit.formats.lines import lists_of_lines, text_lines
from cloud_data_cockpit.source import FileSource, MemorySource, Source

from .conformance import FormatConformance, ignore

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "fastq"

Read = tuple[str, str, str]


def made_reads(number: int, seed: int = 3, longest: int = 60) -> list[Read]:
    """Reads whose qualities often begin with @ or +, some without a base."""
    chance = random.Random(seed)
    reads = []
    for i in range(number):
        bases = "".join(chance.choices("ACGTN", k=chance.choice([0, 1, 5, longest])))
        quality = "".join(chance.choices("@+!IF>#", (9, 5, 1, 1, 1, 1, 1), k=len(bases)))
        reads.append((f"r{i} lane={i % 4}", bases, quality))
    return reads


def four_lines(reads: list[Read], end: str = "\n", repeat: bool = False) -> bytes:
    lines = [line for name, seq, qual in reads for line in ("@" + name, seq, "+" + name * repeat, qual)]
    return (end.join(lines) + end).encode()


def wrapped(reads: list[Read], width: int, end: str = "\n") -> bytes:
    """Lines of `width`; a read without bases has no line for them."""
    lines = []
    for name, seq, qual in reads:
        lines += ["@" + name, *_cut(seq, width), "+", *_cut(qual, width)]
        lines += [""] if not seq else []
    return (end.join(lines) + end).encode()


def _cut(text: str, width: int) -> list[str]:
    return [text[i : i + width] for i in range(0, len(text), width)]


def simple_reader(data: bytes) -> list[Read]:
    """A reader of our own for the tests: four lines a read if that works out, else by pysam's rules."""
    lines = data.decode("latin-1").replace("\r\n", "\n").split("\n")
    while lines and not lines[-1]:
        lines.pop()
    lines += [""] * (-len(lines) % 4)
    fours = list(zip(lines[0::4], lines[1::4], lines[2::4], lines[3::4], strict=True))
    assert all(a[:1] == "@" and c[:1] == "+" and len(b) == len(d) for a, b, c, d in fours)
    return [(a[1:], b, d) for a, b, _, d in fours]


def pysam_reader(path: Path) -> list[Read]:
    with pysam.FastxFile(str(path)) as file:
        return [(f"{e.name} {e.comment}" if e.comment else e.name, e.sequence or "", e.quality or "") for e in file]


class TestFastq(FormatConformance):
    def make(self) -> Format:
        return FastqFormat()

    def examples(self) -> Mapping[str, bytes]:
        return {
            "reads.fastq": four_lines(made_reads(400)),
            "small.fq": four_lines(made_reads(20)),
            "small-crlf.fq": four_lines(made_reads(15), "\r\n"),
            "small-repeat.fq": four_lines(made_reads(9), repeat=True),
            "small-no-end.fq": four_lines([*made_reads(9), ("last", "ACGT", "@@@@")])[:-1],
            "small-empty-last.fq": four_lines([("a", "C", "+"), ("empty", "", "")])[:-1],
            "small-blank-end.fq": four_lines(made_reads(5)) + b"\n\r\n\n\n\n\n",
            "one.fq": b"@\n\n+\n",
            "long.fq": four_lines([("a", "A" * 70_000, "@" * 70_000), ("b", "", ""), ("c", "T" * 9, "+" * 9)]),
            "latin.fq": "@Zürich\nA\n+\n@\n".encode("latin-1") * 3,
        }

    def reference(self, data: bytes) -> list[Any]:
        return simple_reader(data)

    def records_of(self, value: Any) -> list[Any]:
        return [tuple(read) for read in value]

    def damaged(self) -> Mapping[str, bytes]:
        good = four_lines([("a", "ACGT", "IIII"), ("b", "ACGT", "IIII")])
        return {
            "cut-quality.fq": good[:-3],
            "cut-plus.fq": good[:-6],
            "cut-bases.fq": good[:-9],
            "cut-name.fq": good + b"@c",
            "short-quality.fq": good.replace(b"IIII\n@b", b"III\n@b"),
            "long-quality.fq": good.replace(b"IIII\n@b", b"IIIII\n@b"),
            "no-at.fq": good.replace(b"@b", b"b"),
            "genome.fa": b">chr1\nACGT\n",
            "reads.sam": b"@HD\tVN:1.6\n@SQ\tSN:1\tLN:9\nr\t0\t1\t1\t9\t*\t*\t0\t0\tA\tI\n",
            "reads.fq.gz": b"\x1f\x8b\x08\0\0\0\0\0",
            "zeros.fq": good[:20] + b"\0\0" + good[22:],
            "blank.fq": b"\n\n\n",
            "fasta-inside.fq": good + b">c\nACGT\n",
        }


class TestWrappedFastq(TestFastq):
    """Reads over many lines; pysam reads the same."""

    def examples(self) -> Mapping[str, bytes]:
        reads = [read for read in made_reads(300, seed=5) if read[1]]
        return {
            "wrapped.fastq": wrapped(reads, 7),
            "small.fq": wrapped(reads[:20], 11),
            "small-crlf.fq": wrapped(reads[:20], 11, "\r\n"),
            "mixed.fq": four_lines(reads[:150]) + wrapped(reads[150:160], 13) + four_lines(reads[160:]),
            "small-blanks.fq": four_lines(reads[:9]) + b"\n\n" + four_lines(reads[9:12]),
            "small-no-base-at-end.fq": b"@a\n\n+\n\n@d\n+\n",
            "small-no-base-no-line.fq": b"@a\n+\n@b\n+\n\n@c\nA\n+\n@\n@d\n+",
        }

    def reference(self, data: bytes) -> list[Any]:
        if data.endswith(b"@d\n+\n"):
            return [("a", "", ""), ("d", "", "")]
        if data.startswith(b"@a\n+\n"):
            return [("a", "", ""), ("b", "", ""), ("c", "A", "@"), ("d", "", "")][-data.count(b"\n+") :]
        return slow_reader(data)

    def test_a_slice_with_its_header_is_a_file_by_itself(self) -> None:
        pass

    def damaged(self) -> Mapping[str, bytes]:
        good = wrapped([("a", "ACGTACGT", "IIIIIIII")] * 3, 5)
        return {"cut.fq": good[:-5], "long.fq": good + b"I\n", "odd.fq": good.replace(b"III\n", b"III\nx\n")}


def slow_reader(data: bytes) -> list[Read]:
    """FASTQ by the definition: quality until it is as long as the sequence."""
    lines = [line.removesuffix("\r") for line in data.decode().split("\n")]
    reads, i = [], 0
    while i < len(lines):
        if not lines[i]:
            i += 1
            continue
        name, seq, qual = lines[i][1:], "", ""
        i += 1
        while not lines[i].startswith("+"):
            seq, i = seq + lines[i], i + 1
        i += 1
        while len(qual) < len(seq):
            qual, i = qual + lines[i], i + 1
        reads.append((name, seq, qual))
    return reads


def index_of(source: Source, block_size: int = 1 << 24) -> Index:
    return FastqFormat().index(source, FastqParams(), ignore, block_size=block_size)


def read_all(source: Source, index: Index, **choices: Any) -> list[list[Read]]:
    fmt = FastqFormat()
    cut = fmt.partition(index, FastqParams(**choices))
    return [[tuple(r) for r in fmt.read(source, cut.shared, piece)] for piece in cut.slices]


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=25),
    seed=st.integers(0, 1 << 20),
    width=st.sampled_from([0, 0, 3]),
    end=st.sampled_from(["\n", "\r\n"]),
    block=st.sampled_from([1, 3, 8, 40, 200]),
    trailing=st.sampled_from(["", "\n", "\n\n\n\n\n"]),
)
def test_any_reads(lengths: list[int], seed: int, width: int, end: str, block: int, trailing: str) -> None:
    chance = random.Random(seed)
    reads = [
        (f"r{i}", "".join(chance.choices("ACGT", k=n)), "".join(chance.choices("@+>I", k=n)))
        for i, n in enumerate(lengths)
    ]
    data = (wrapped(reads, width, end) if width else four_lines(reads, end)) + trailing.encode()
    source = MemorySource(data)
    index = index_of(source, block)
    assert index.records == len(reads)
    for number in (1, 3, len(reads)):
        assert [r for part in read_all(source, index, num_slices=number) for r in part] == reads


def test_dnaio_and_pysam_read_the_same_from_slices(tmp_path: Path) -> None:
    reads = [read for read in made_reads(500, seed=9) if read[1]]
    for data in (four_lines(reads), wrapped(reads, 17)):
        source = MemorySource(data)
        index = index_of(source, 4096)
        fmt = FastqFormat()
        cut = fmt.partition(index, FastqParams(num_slices=9))
        by_pysam, by_dnaio = [], []
        for piece in cut.slices:
            path = tmp_path / f"{piece.number}.fq"
            path.write_bytes(fmt.read_bytes(source, cut.shared, piece, header=True))
            by_pysam += pysam_reader(path)
            if not index.facts["wrapped"]:
                with dnaio.open(path) as file:
                    by_dnaio += [(r.name, r.sequence, r.qualities) for r in file]
        assert by_pysam == reads
        assert by_dnaio == (reads if not index.facts["wrapped"] else [])


def test_twenty_thousand_reads_whose_qualities_begin_with_at() -> None:
    reads = [(f"{i}", "ACGTACGT", "@" + "".join(random.Random(i).choices("@I+", k=7))) for i in range(20_000)]
    source = MemorySource(four_lines(reads))
    for block_size in (10_000, 1 << 24):
        index = index_of(source, block_size)
        assert not index.facts["wrapped"]
        assert [r for part in read_all(source, index, num_slices=208) for r in part] == reads


def test_reads_per_slice_are_exact_where_marks_are_thin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_data_cockpit.formats.marks.MarkBuilder.__init__.__defaults__", (1, 8))
    reads = made_reads(403)
    for data in (four_lines(reads), wrapped(reads, 9)):
        source = MemorySource(data)
        index = index_of(source)
        assert len(index.arrays["offsets"]) <= 8
        TestFastq.same(index, index_of(source, 777), "thinned")
        assert read_all(source, index, reads=10) == [reads[i : i + 10] for i in range(0, 403, 10)]
        merged = read_all(source, index, reads=10, remainder="merge")
        assert [len(part) for part in merged] == [10] * 39 + [13]
        parts = read_all(source, index, num_slices=403)
        assert parts == [[read] for read in reads]


def test_slices_of_so_many_bytes_hold_whole_reads() -> None:
    reads = made_reads(500)
    source = MemorySource(four_lines(reads))
    index = index_of(source)
    parts = read_all(source, index, slice_bytes=2000)
    assert [r for part in parts for r in part] == reads
    assert len(parts) > 10
    cut = FastqFormat().partition(index, FastqParams(slice_bytes=2000))
    assert max(piece.nbytes for piece in cut.slices) < 2000 + 200


def test_a_damaged_read_is_named_by_its_byte() -> None:
    good = four_lines([("a", "ACGT", "IIII")] * 200)
    for bad, words in (
        (b"@bad\nACGT\n+\nIII\n", "4 bases and a quality of"),
        (b"@bad\nACGT\n+\nI", "ends after 1 of 4"),
        (b"@bad\nACGT\n", "ends in its sequence"),
    ):
        for block_size in (16, 100, 1 << 20):
            data = good + bad + (good if bad.endswith(b"III\n") else b"")
            with pytest.raises(FormatError, match=f"read at byte {len(good):,} .*{words}"):
                index_of(MemorySource(data), block_size)


def test_views() -> None:
    fmt = FastqFormat()
    reads = made_reads(150)
    for data in (four_lines(reads), four_lines(reads, "\r\n"), wrapped(reads, 20), four_lines(reads)[:-1]):
        source = MemorySource(data)
        cut = fmt.partition(index_of(source), FastqParams(num_slices=4))
        pieces = list(cut.slices)

        def view(name: str, source: Source = source, cut: Any = cut, pieces: Any = pieces) -> list[Any]:
            return [fmt.views[name](source, cut.shared, piece) for piece in pieces]

        plain = data.decode().replace("\r\n", "\n").splitlines()
        assert [tuple(r) for some in view("iter_reads") for r in some] == reads
        assert [line for some in view("iter_lines") for line in some] == plain
        assert "".join(view("to_text")) == data.decode()
        assert b"".join(view("to_bytes")) == data
        assert [line.rstrip("\n") for some in view("to_file_obj") for line in some] == plain
        tables = view("to_arrow")
        assert len({str(table.schema) for table in tables}) == 1
        assert [tuple(row.values()) for table in tables for row in table.to_pylist()] == reads
        for name in ("to_pandas", "get_as_pandas"):
            frames = view(name)
            assert [tuple(row) for frame in frames for row in frame.itertuples(index=False)] == reads
            assert list(frames[0].columns) == ["name", "sequence", "quality"]
        out = io.StringIO()
        fmt.views["to_file_obj"](source, cut.shared, pieces[0], out, close_fd=False)
        assert out.getvalue().count("@r0 ") == 1


def test_scores_are_those_of_dnaio_and_refuse_the_wrong_offset() -> None:
    assert FastqRead("a", "ACGT", "!+I~").scores().tolist() == [0, 10, 40, 93]
    assert FastqRead("a", "ACG", "@hi").scores(offset=64).tolist() == [0, 40, 41]
    assert len(FastqRead("a", "", "").scores()) == 0
    made = four_lines(made_reads(20))
    theirs = [[ord(mark) - 33 for mark in read.qualities or ""] for read in dnaio.FastqReader(io.BytesIO(made))]
    assert [read.scores().tolist() for read in made_records(made)] == theirs
    for quality, offset, strange in (("h5", 64, "5"), ("I h", 33, " "), ("Ié", 33, "é")):
        with pytest.raises(FormatError, match=f"read 'a b' has the quality '{strange}', .* offset {offset}"):
            FastqRead("a b", "ACG"[: len(quality)], quality).scores(offset)


def made_records(data: bytes) -> list[FastqRead]:
    fmt, source = FastqFormat(), MemorySource(data)
    index = fmt.index(source, fmt.params(), ignore)
    cut = fmt.partition(index, FastqParams(num_slices=3))
    return [read for piece in cut.slices for read in fmt.read(source, cut.shared, piece)]


def test_names_in_other_encodings_survive() -> None:
    for encoding in ("utf-8", "latin-1"):
        source = MemorySource("@Zürich é\nA\n+\nI\n".encode(encoding) * 4)
        index = index_of(source, 3)
        assert index.facts["encoding"] == encoding
        cut = FastqFormat().partition(index, FastqParams(num_slices=2))
        assert bool(cut.notes) == (encoding == "latin-1")
        piece = next(iter(cut.slices))
        assert FastqFormat().read(source, cut.shared, piece)[0].name == "Zürich é"
        assert FastqFormat().views["to_arrow"](source, cut.shared, piece)["name"][0].as_py() == "Zürich é"


def test_reads_are_parsed_over_the_seams_of_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = made_reads(30)
    for size in (1, 5, 33):
        monkeypatch.setattr("cloud_data_cockpit.formats.fastq.READ_BYTES", size)
        for data in (four_lines(reads, "\r\n"), wrapped(reads, 8), four_lines(reads)):
            source = MemorySource(data)
            assert read_all(source, index_of(source), num_slices=2) == [reads[:15], reads[15:]]


def test_detection() -> None:
    assert looks_like_fastq(four_lines(made_reads(3))) > 0.9
    assert looks_like_fastq(b"@a\r\nACGT\r\n+\r\nIIII\r\n") > 0.9
    assert looks_like_fastq(b"\r\n\n" + four_lines(made_reads(3))) > 0.9
    assert looks_like_fastq(four_lines([("a", "A" * 70_000, "I" * 70_000)])[: 1 << 16]) > 0.5
    assert looks_like_fastq(four_lines([("a", "A" * 40_000, "I" * 40_000)])[: 1 << 16]) > 0.5
    for other in (b"@HD\tVN:1.6\n@SQ\tSN:1\n", b"@prefix a: <b> .\n", b">a\nACGT\n", b"@\n", b"", b"@user, hi\n+1\n"):
        assert looks_like_fastq(other) < 0.6


def test_upstream_strategies_name_our_parameters() -> None:
    for arguments in FastqFormat.strategies.values():
        assert set(arguments.values()) <= set(FastqParams.model_fields)


class Synthetic:
    """6 GiB of one read after another, made as it is read."""

    def __init__(self) -> None:
        bases = b"ACGT" * ((1 << 20) // 8 - 4)
        name = b"@" + b"n" * 26
        self.read_of = name + b"\n" + bases + b"\n+\n" + b"@" * len(bases) + b"\n"
        self.read_of = self.read_of.replace(b"@n", b"@n" + b"x" * ((1 << 20) - len(self.read_of)), 1)
        self.size = 6 << 30
        self.uri = "memory:synthetic"
        self.etag = "1"

    def read(self, offset: int, length: int) -> bytes:
        first = offset % len(self.read_of)
        return (self.read_of * (length // len(self.read_of) + 2))[first : first + length]

    def read_many(self, ranges: Any) -> list[bytes]:
        return [self.read(*r) for r in ranges]

    def sibling(self, suffix: str) -> Source:
        raise NotImplementedError


def test_offsets_beyond_four_gibibytes() -> None:
    from dataclasses import replace

    source = Synthetic()
    assert len(source.read_of) == 1 << 20
    first: list[Any] = []

    def once(fn: Any, items: Any) -> Any:
        # All blocks are alike; what is found in the first is moved to where the others stand.
        for offset, length in items:
            if not first:
                first.extend(fn((0, length)))
            yield [
                replace(
                    piece,
                    offset=piece.offset + offset,
                    offsets=piece.offsets + offset,
                    seam={k: (start + offset, n, byte) for k, (start, n, byte) in piece.seam.items()},
                )
                for piece in first
            ]

    index = FastqFormat().index(source, FastqParams(), ignore, run=once)
    assert index.records == 6144
    assert index.arrays["offsets"].dtype == np.int64
    assert np.array_equal(index.arrays["offsets"], np.arange(6144, dtype=np.int64) << 20)
    cut = FastqFormat().partition(index, FastqParams(num_slices=6144))
    last = list(cut.slices)[-1]
    assert last.ranges == ((6143 << 20, 1 << 20),)
    assert len(FastqFormat().read(source, cut.shared, last)) == 1


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real sample files are not on this machine")
@pytest.mark.parametrize(
    ("name", "reads"),
    [("faidx_ex1.fq", 3270), ("faidx_empty_seq.fq", 10), ("tricky.fastq", 4), ("withplus.fastq", 2)],
)
def test_samples(name: str, reads: int) -> None:
    expected = pysam_reader(SAMPLES / name)
    assert len(expected) == reads
    source = FileSource(SAMPLES / name)
    assert looks_like_fastq(source.read(0, min(1 << 16, source.size))) > 0.9
    whole = index_of(source)
    assert whole.records == reads
    for block_size in (50, 5000):
        TestFastq.same(whole, index_of(source, block_size), name)
    for number in (1, 2, 3, 7, 16, 64, 10_000):
        parts = read_all(source, whole, num_slices=number)
        assert [(a.strip(), b, c) for part in parts for a, b, c in part] == expected
        assert len(parts) == min(number, reads)
        ends = [p for p in parts if p]
        assert all(a[-1] != b[0] for a, b in pairwise(ends))


LINES = st.lists(st.sampled_from(["", "A", "ACGT", "é", "x\r", "\r"]), max_size=12).map("\n".join)


@settings(max_examples=100, deadline=None)
@given(LINES, st.integers(1, 9), st.booleans())
def test_lists_of_lines_are_the_lines(text: str, step: int, ended: bool) -> None:
    data = (text + "\n" * ended).encode()
    pieces = [data[i : i + step] for i in range(0, len(data), step)]
    new = codecs.getincrementaldecoder("utf-8")
    expected = [line.removesuffix("\r") for line in text_lines(pieces, new())]
    assert [line for lines in lists_of_lines(pieces, new()) for line in lines] == expected


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 80), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_the_table_is_the_same_for_any_pieces(step: int, end: str, ended: bool) -> None:
    reads = [("a b", "ACGT", "@+@>"), ("", "", ""), ("é", "A", "+"), ("last", "GATTACA", "FFFFFFF")]
    data = "".join(f"@{n}{end}{s}{end}+{end}{q}{end}" for n, s, q in reads).encode()
    data = data if ended else data.removesuffix(end.encode())
    pieces = [data[i : i + step] for i in range(0, len(data), step)]
    table = arrow_by_fours(pieces, "utf-8")
    assert [tuple(row.values()) for row in table.to_pylist()] == reads
    assert arrow_by_fours([], "utf-8").schema == table.schema
