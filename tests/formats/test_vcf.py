"""VCF: every record exactly once, with its header; regions; and every way a file can be damaged."""

from __future__ import annotations

import io
import math
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_data_cockpit.errors import BadRequest, FormatError, MissingExtra
from cloud_data_cockpit.formats.base import Format, Index
from cloud_data_cockpit.formats.marks import MarkBuilder, first_in_cells
from cloud_data_cockpit.formats.vcf import VcfFormat, VcfParams
from cloud_data_cockpit.formats.vcf_fields import Unusual, names_and_positions, words_of
from cloud_data_cockpit.source import FileSource, MemorySource, Source

from .conformance import FormatConformance, ignore

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "vcf"
META = (
    "##fileformat=VCFv4.3\n##contig=<ID=chr1>\n##contig=<ID=chr2>\n##contig=<ID=HLA-A*01:01:01:01>\n"
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="Dépth">\n##INFO=<ID=NOTE,Number=1,Type=String,Description="n">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
)
FIXED = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
HEADER = META + FIXED + "\tFORMAT\ts1\ts2\n"
POSITIONS = st.integers(0, 10**12)
CONTIGS = ("chr1", "chr2", "HLA-A*01:01:01:01")


def made_records(number: int, seed: int = 4) -> list[str]:
    chance = random.Random(seed)
    records = []
    for i in range(number):
        pos = 10 + 7 * i + chance.randint(0, 5)
        quality = chance.choice([".", "50", "3.25", "1e3"])
        info = f"DP={i}" + (";NOTE=ü" + "x" * chance.randint(0, 90) if i % 7 == 0 else "")
        columns = [CONTIGS[3 * i // number], pos, f"rs{i}", "A", "C,<DEL>", quality, "PASS", info, "GT", "0/1", "./."]
        records.append("\t".join(map(str, columns)))
    return records


def file_of(records: list[str], header: str = HEADER, end: str = "\n") -> bytes:
    return (header + "".join(record + "\n" for record in records)).replace("\n", end).encode()


def simple_reader(data: bytes) -> list[tuple[Any, ...]]:
    """Columns of the data lines; POS a number, QUAL a number or None."""
    records = []
    for line in data.decode("latin-1").split("\n"):
        line = line.removesuffix("\r")
        if line and not line.startswith("#"):
            c = line.encode("latin-1").decode("utf-8", "replace").split("\t")
            records.append((c[0], int(c[1]), *c[2:5], None if c[5] == "." else float(c[5]), *c[6:]))
    return records


def rows_of(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return [
        tuple(None if isinstance(v, float) and math.isnan(v) else v for v in row)
        for row in frame.itertuples(index=False, name=None)
    ]


class TestVcf(FormatConformance):
    def make(self) -> Format:
        return VcfFormat()

    def examples(self) -> Mapping[str, bytes]:
        return {
            "calls.vcf": file_of(made_records(1500)),
            "small.vcf": file_of(made_records(20)),
            "small-crlf.vcf": file_of(made_records(12), end="\r\n"),
            "small-no-end.vcf": file_of(made_records(9))[:-1],
            "header-only.vcf": HEADER.encode(),
            "header-only-no-end.vcf": HEADER.encode()[:-1],
            "sites.vcf": (META + FIXED + "\n" + "chr1\t5\t.\tA\tC\t.\t.\t.\n" * 5).encode(),
            "odd-meta.vcf": b"##fileformat=VCFv4.2\n##no equals sign\n##\n"
            + (FIXED + "\n1\t0\t.\tA\t.\t9\t.\t.").encode(),
            "long-lines.vcf": file_of([made_records(1)[0].replace("DP=0", f"NOTE={'x' * 40_000}")] * 7),
            "small-blank-lines.vcf": file_of(made_records(4)).replace(b"\nchr2\t", b"\n\n\nchr2\t", 1) + b"\n\r\n",
        }

    def reference(self, data: bytes) -> list[Any]:
        return simple_reader(data)

    def records_of(self, value: Any) -> list[Any]:
        return rows_of(value)

    def body(self, data: bytes) -> bytes:
        lines = data.splitlines(keepends=True)
        return b"".join(lines[next((i for i, line in enumerate(lines) if line[:1] != b"#"), len(lines)) :])

    def damaged(self) -> Mapping[str, bytes]:
        good = file_of(made_records(30))
        return {
            "no-names.vcf": good.replace(b"#CHROM", b"##CHROM"),
            "cut-header.vcf": good[: len(META) - 20],
            "spaces.vcf": good.replace(FIXED.encode(), FIXED.replace("\t", " ").encode()),
            "cut-record.vcf": good[:-12],
            "cut-early.vcf": good + b"chr1\t5",
            "few-columns.vcf": file_of([*made_records(3), "chr1\t5\t.\tA"]),
            "many-columns.vcf": file_of([made_records(1)[0] + "\t0/1"]),
            "word-as-pos.vcf": good.replace(b"\trs7\t", b"x\trs7\t"),
            "no-pos.vcf": file_of(["chr1\t\t.\tA\tC\t.\t.\t.\tGT\t0\t0"] * 9),
            "two-files.vcf": good + good,
            "table.csv": b"a,b\n1,2\n",
            "calls.vcf.gz": b"\x1f\x8b\x08\0\0\0\0\0",
            "calls.bcf": b"BCF\2\2\0\0\0",
            "zeros.vcf": good[:900] + b"\0" * 50 + good[950:],
        }


def index_of(source: Source, block_size: int = 1 << 24) -> Index:
    return VcfFormat().index(source, VcfParams(), ignore, block_size=block_size)


def read_all(source: Source, index: Index, **choices: Any) -> list[list[tuple[Any, ...]]]:
    fmt = VcfFormat()
    cut = fmt.partition(index, VcfParams(**choices))
    return [rows_of(fmt.read(source, cut.shared, piece)) for piece in cut.slices]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("chr1\t5\t.\tA", "has 4 columns and should have 11"),
        ("chr1\tfive\t.\tA\tC\t.\t.\t.\tGT\t0\t0", "a number as POS, not 'five'"),
        ("\t5\t.\tA\tC\t.\t.\t.\tGT\t0\t0", "has no CHROM"),
        ("chr1\t5\t.\tA\tC\t.\t.\tA\rB\tGT\t0\t0", "holds a carriage return"),
        ("##fileformat=VCFv4.2", "is a header line among the records"),
    ],
)
def test_a_damaged_line_is_named(bad: str, words: str) -> None:
    for before in (0, 1, 300):
        records = [*made_records(max(before, 1))[:before], bad, *made_records(5)]
        if before == 0 and bad.startswith("#"):
            continue
        line = HEADER.count("\n") + before + 1
        for block_size in (10, 500, 1 << 20):
            with pytest.raises(FormatError, match=f"line {line:,}, at byte .*{words}"):
                index_of(MemorySource(file_of(records)), block_size)


def test_dtypes_are_the_same_in_each_slice() -> None:
    records = [r.replace("\t50\t", "\t.\t") for r in made_records(40)]
    source = MemorySource(file_of(records))
    cut = VcfFormat().partition(index_of(source), VcfParams(num_slices=40))
    frames = [VcfFormat().read(source, cut.shared, piece) for piece in cut.slices]
    empty_source = MemorySource(HEADER.encode())
    empty = VcfFormat().partition(index_of(empty_source), VcfParams())
    frames.append(VcfFormat().read(empty_source, empty.shared, next(iter(empty.slices))))
    assert any("no records" in note for note in empty.notes)
    assert len({tuple(map(str, frame.dtypes)) for frame in frames}) == 1
    assert frames[0]["POS"].dtype == np.int64
    assert frames[0]["QUAL"].dtype == np.float64
    assert list(frames[0].columns) == ["CHROM", *FIXED.split("\t")[1:], "FORMAT", "s1", "s2"]


def test_lines_of_unequal_columns_without_samples() -> None:
    lines = ["1\t5\t.\tA\tC\t.\t.\tX", "1\t6\t.\tA\tC\t.\t.\tY\tGT\t0", "1\t7\t.\tA\tC\t.\t.\tZ"]
    for names in (FIXED, FIXED + "\tFORMAT"):
        source = MemorySource(("##fileformat=VCFv4.2\n" + names + "\n" + "\n".join(lines) + "\n").encode())
        rows = [row for part in read_all(source, index_of(source, 9), num_slices=2) for row in part]
        assert [row[7] for row in rows] == ["X", "Y", "Z"]
        assert [row[8:] for row in rows] == ([()] * 3 if names == FIXED else [(".",), ("GT",), (".",)])


def test_latin1_and_a_header_with_a_mark() -> None:
    data = file_of(made_records(30)).decode().replace("é", "e").encode("latin-1")
    source = MemorySource(data)
    index = index_of(source, 100)
    cut = VcfFormat().partition(index, VcfParams(num_slices=2))
    assert any("Latin-1" in note for note in cut.notes)
    assert "NOTE=ü" in VcfFormat().read(source, cut.shared, next(iter(cut.slices)))["INFO"][0]
    marked = MemorySource(b"\xef\xbb\xbf" + file_of(made_records(3)))
    assert VcfFormat().detect("x", b"\xef\xbb\xbf" + HEADER.encode()) == 1
    assert len(read_all(marked, index_of(marked), num_slices=3)) == 3


def test_a_header_longer_than_what_is_read_at_once() -> None:
    meta = META + "".join(f"##contig=<ID=scaffold_{i},length=1000>\n" for i in range(9000))
    source = MemorySource(file_of(made_records(50), meta + FIXED + "\tFORMAT\ts1\ts2\n"))
    index = index_of(source)
    assert index.records == 50
    assert index.facts["start"] == len(meta.encode()) + len(FIXED + "\tFORMAT\ts1\ts2\n")
    assert sum(map(len, read_all(source, index, num_slices=4))) == 50


@settings(max_examples=60, deadline=None)
@given(
    places=st.lists(
        st.tuples(st.sampled_from([*CONTIGS, "1", "chr1_KI270706v1_random", "12345678"]), st.integers(0, 10**12))
    ),
    regions=st.lists(
        st.tuples(st.sampled_from([*CONTIGS, "1", "none"]), st.integers(0, 10**12), st.integers(0, 10**12))
    ),
    ordered=st.booleans(),
    block=st.sampled_from([1, 7, 60, 1000]),
    number=st.integers(1, 9),
)
def test_any_records_and_any_regions(
    places: list[tuple[str, int]], regions: list[tuple[str, int, int]], ordered: bool, block: int, number: int
) -> None:
    places = sorted(places) if ordered else places
    lines = [f"{name}\t{pos}\t{i}\tA\tC\t.\t.\t.\tGT\t0\t0" for i, (name, pos) in enumerate(places)]
    source = MemorySource(file_of(lines))
    index = index_of(source, block)
    TestVcf.same(index, index_of(source), "block size")
    assert index.arrays["pos"].tolist() == [pos for _, pos in places]
    rows = [row for part in read_all(source, index, num_slices=number) for row in part]
    assert rows == simple_reader(file_of(lines))
    spans = [(name, min(a, b), max(a, b)) for name, a, b in regions] or [("chr1", 0, 10)]
    expected = [r for r in rows if any(r[0] == name and a <= r[1] <= b for name, a, b in spans)]
    cut = VcfFormat().partition(
        index, VcfParams(num_slices=number, region=",".join(f"{name}:{a}-{b}" for name, a, b in spans))
    )
    pieces = list(cut.slices)
    got = [rows_of(VcfFormat().read(source, cut.shared, piece)) for piece in pieces]
    assert [row for part in got for row in part] == expected
    assert [piece.records for piece in pieces] == [len(part) for part in got]
    assert [VcfFormat().count(source, cut.shared, piece) for piece in pieces] == [len(part) for part in got]
    assert len(pieces) == max(1, min(number, len(expected)))


def test_words_of_a_region() -> None:
    source = MemorySource(file_of(made_records(300)))
    index = index_of(source)
    everything = simple_reader(file_of(made_records(300)))

    def region(text: Any) -> list[tuple[Any, ...]]:
        return [row for part in read_all(source, index, region=text, num_slices=3) for row in part]

    assert region("chr1") == [r for r in everything if r[0] == "chr1"]
    assert region("HLA-A*01:01:01:01") == [r for r in everything if r[0].startswith("HLA")]
    assert region("HLA-A*01:01:01:01:1500-1700") == [r for r in everything if r[0][0] == "H" and 1500 <= r[1] <= 1700]
    assert region("chr2:900-") == [r for r in everything if r[0] == "chr2" and r[1] >= 900]
    one = everything[5][1]
    assert region(f"chr1:{one}") == [everything[5]]
    assert region(["chr1:1-100", "chr1:50-200", "chr2"]) == region("chr2, chr1:1-200")
    for bad in ("chr1:9-3", " , "):
        with pytest.raises(BadRequest, match="region"):
            region(bad)
    cut = VcfFormat().partition(index, VcfParams(region="chr9"))
    assert [piece.records for piece in cut.slices] == [0]
    assert any("no record" in note for note in cut.notes)


def test_regions_where_marks_are_thin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_data_cockpit.formats.marks.MarkBuilder.__init__.__defaults__", (1, 16))
    records = made_records(700)
    mixed = random.Random(1).sample(records, len(records))
    for lines in (records, mixed):
        source = MemorySource(file_of(lines))
        index = index_of(source)
        assert len(index.arrays["offsets"]) <= 16
        TestVcf.same(index, index_of(source, 333), "thinned")
        everything = simple_reader(file_of(lines))
        for name, a, b in (
            ("chr1", 0, 99),
            ("chr1", 500, 520),
            ("chr2", 1700, 2500),
            ("chr2", 0, 9**9),
            (CONTIGS[2], 4000, 9**9),
        ):
            cut = VcfFormat().partition(index, VcfParams(region=f"{name}:{a}-{b}", num_slices=3))
            pieces = list(cut.slices)
            got = [row for p in pieces for row in rows_of(VcfFormat().read(source, cut.shared, p))]
            assert got == [r for r in everything if r[0] == name and a <= r[1] <= b], (name, a, b)
            assert any("counted before" in note for note in cut.notes)
            if lines is records and b < 9**9:
                assert sum(p.nbytes for p in pieces) < source.size / 2, "the region narrows what is read"
        parts = read_all(source, index, records=9)
        assert [len(part) for part in parts] == [9] * 77 + [7]
        assert [row for part in parts for row in part] == everything


def test_too_many_runs_of_contigs_still_give_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_data_cockpit.formats.vcf_join.RUNS", 4)
    lines = [f"{'ab'[i % 2]}\t{i}\t.\tA\tC\t.\t.\t.\tGT\t0\t0" for i in range(60)]
    source = MemorySource(file_of(lines))
    index = index_of(source, 100)
    assert index.facts["contigs"] is None
    rows = [row for part in read_all(source, index, region="a:10-20", num_slices=2) for row in part]
    assert [row[1] for row in rows] == [10, 12, 14, 16, 18, 20]


def test_other_cuts_of_a_region() -> None:
    source = MemorySource(file_of(made_records(300)))
    index = index_of(source)
    by_records = read_all(source, index, region="chr1", records=30)
    assert [len(part) for part in by_records] == [30, 30, 30, 10]
    by_bytes = read_all(source, index, region="chr1,HLA-A*01:01:01:01", slice_bytes=2000)
    assert sum(map(len, by_bytes)) == 200
    assert len(by_bytes) > 3
    assert read_all(source, index, slice_bytes=3000) != by_bytes


def test_views() -> None:
    fmt = VcfFormat()
    for end in ("\n", "\r\n"):
        data = file_of(made_records(50), end=end)
        source = MemorySource(data)
        index = index_of(source)
        for choices in ({"num_slices": 3}, {"num_slices": 3, "region": "chr1,chr2,HLA-A*01:01:01:01"}):
            cut = fmt.partition(index, VcfParams(**choices))
            pieces = list(cut.slices)

            def view(name: str, source: Source = source, cut: Any = cut, pieces: Any = pieces) -> list[Any]:
                return [fmt.views[name](source, cut.shared, piece) for piece in pieces]

            assert [line for some in view("iter_lines") for line in some] == made_records(50)
            assert all(text.startswith("##fileformat") for text in view("to_text"))
            assert [row for text in view("to_text") for row in simple_reader(text.encode())] == simple_reader(data)
            assert [row for frame in view("get_as_pandas") for row in rows_of(frame)] == simple_reader(data)
            assert [row["POS"] for t in view("to_arrow") for row in t.to_pylist()] == [
                r[1] for r in simple_reader(data)
            ]
            assert view("to_file_obj")[0].readline() == "##fileformat=VCFv4.3\n"
            out = io.StringIO()
            fmt.views["to_file_obj"](source, cut.shared, pieces[0], out, close_fd=False)
            assert out.getvalue().startswith("##fileformat")


def test_pysam_reads_each_slice() -> None:
    pytest.importorskip("pysam")
    for end, blank in (("\n", 0), ("\r\n", 0), ("\n", 2), ("\r\n", 2)):
        data = file_of(made_records(60), end=end)
        last = data.rindex(end.encode(), 0, -2) + len(end)
        source = MemorySource(data[:last] + blank * end.encode() + data[last:] + blank * end.encode())
        cut = VcfFormat().partition(index_of(source), VcfParams(num_slices=4))
        records = [r for piece in cut.slices for r in VcfFormat().views["variants"](source, cut.shared, piece)]
        assert [(r.chrom, r.pos, r.id, r.info["DP"]) for r in records] == [
            (row[0], row[1], row[2], i) for i, row in enumerate(simple_reader(file_of(made_records(60))))
        ]


def test_without_pysam_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysam", None)
    source = MemorySource(file_of(made_records(3)))
    cut = VcfFormat().partition(index_of(source), VcfParams())
    with pytest.raises(MissingExtra, match="genomics"):
        VcfFormat().views["variants"](source, cut.shared, next(iter(cut.slices)))


def test_columns_of_the_same_name_and_values_in_quotes() -> None:
    data = file_of([r.replace("DP=", 'NOTE="a;DP=') for r in made_records(5)], META + FIXED + "\tFORMAT\ts\ts\n")
    source = MemorySource(data)
    cut = VcfFormat().partition(index_of(source), VcfParams())
    frame = VcfFormat().read(source, cut.shared, next(iter(cut.slices)))
    assert rows_of(frame) == simple_reader(data)
    assert list(frame.columns)[-2:] == ["s", "s"]


def test_a_quality_that_is_no_number_is_an_error_in_words() -> None:
    source = MemorySource(file_of([r.replace("\tPASS", "x\tPASS") for r in made_records(5)]))
    cut = VcfFormat().partition(index_of(source), VcfParams())
    with pytest.raises(FormatError, match="slice 0 of memory:: a record is damaged"):
        VcfFormat().read(source, cut.shared, next(iter(cut.slices)))


@pytest.mark.parametrize(
    "bad", [b"1\tx\t", b"1\t\t", b"1\t-5\t", b"1\t1 \t", b"1\t12:\t", b"1\t12345678x\t", b"1\t\xb1\t"]
)
def test_positions_that_are_no_numbers_are_unusual(bad: bytes) -> None:
    with pytest.raises(Unusual):
        names_and_positions(words_of(bad + b"\n" * 64), np.array([0]))


digits = st.one_of(
    st.integers(0, 10**15 - 1).map(lambda n: b"%d" % n),
    st.sampled_from([b"0", b"007", b"1" * 15, b"1" * 16, b"", b"-5", b"+5", b"1_0", b"1.5", b"1 ", b"\xb1", b"12:"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(digits, min_size=1, max_size=8), st.integers(0, 15))
def test_positions_of_like_length_are_those_of_each(some: list[bytes], width: int) -> None:
    alike = [part.rjust(width, b"1")[:15] if part.isdigit() and width else part for part in some]
    for parts in (some, alike):
        data = b"".join(b"chr1\t" + part + b"\t" for part in parts) + b"\n" * 64
        starts = np.cumsum([0, *(6 + len(part) for part in parts[:-1])])
        if all(part.isdigit() and len(part) <= 15 for part in parts):
            _, lengths, found = names_and_positions(words_of(data), starts)
            assert lengths.tolist() == [4] * len(parts)
            assert found.tolist() == [int(part) for part in parts]
        else:
            with pytest.raises(Unusual):
                names_and_positions(words_of(data), starts)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 1 << 12), max_size=60, unique=True), st.integers(1, 5), st.integers(0, 9))
def test_marks_that_are_thinned_already(offsets: list[int], parts: int, shift: int) -> None:
    ascending = np.array(sorted(offsets), dtype=np.int64)
    whole, thinned = MarkBuilder(shift, 1, limit=4), MarkBuilder(shift, 1, limit=4)
    for part in np.array_split(ascending, parts):
        whole.add(part, part * 2)
        kept = part[first_in_cells(part, shift)]
        thinned.add(kept, kept * 2, thinned=True)
    assert [column.tolist() for column in thinned.finish()] == [column.tolist() for column in whole.finish()]


@pytest.mark.parametrize("byte", [0, 0x80, 0xC3])
def test_strange_bytes_anywhere_are_seen(byte: int) -> None:
    data = file_of([record.replace("ü", "u") for record in made_records(3)], HEADER.replace("é", "e"))
    for at in range(data.index(b"rs0"), len(data)):
        if data[at] in b"\t\n":
            continue
        source = MemorySource(data[:at] + bytes([byte]) + data[at + 1 :])
        if byte and data[: at + 1].rsplit(b"\n", 1)[-1].count(b"\t") != 1:
            assert index_of(source).facts["encoding"] == "latin-1"
        else:
            with pytest.raises(FormatError):
                index_of(source)


def test_detection() -> None:
    detect = VcfFormat().detect
    assert detect("a.vcf", HEADER.encode()) == 1
    assert detect("a.txt", (FIXED + "\n").encode()) > 0.9
    assert detect("a.txt", ("##x\n" + FIXED + "\n").encode()) > 0.8
    for other in (b"", b"a\tb\n", b"##gff-version 3\nchr1\t.\tgene\n", b"BCF\2\2", b"\x1f\x8b"):
        assert detect("a.vcf", other) == 0


def test_upstream_strategies_name_our_parameters() -> None:
    for arguments in VcfFormat.strategies.values():
        assert set(arguments.values()) <= set(VcfParams.model_fields)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real sample files are not on this machine")
@pytest.mark.parametrize(
    ("name", "records"),
    [
        ("example_vcf43_with_utf8.vcf", 6),
        ("mpileup.vcf", 4103),
        ("sample.vcf", 9),
        ("sv44.vcf", 9),
        ("v45_zero_length_LAA.vcf", 6),
    ],
)
def test_samples(name: str, records: int) -> None:
    data = (SAMPLES / name).read_bytes()
    source = FileSource(SAMPLES / name)
    assert VcfFormat().detect(name, data[: 1 << 16]) == 1
    whole = index_of(source)
    assert whole.records == records
    for block_size in (64, 10_000):
        TestVcf.same(whole, index_of(source, block_size), name)
    expected = simple_reader(data)
    for number in (1, 2, 3, 7, 16, 64, 500):
        parts = read_all(source, whole, num_slices=number)
        assert [row for part in parts for row in part] == expected
        assert len(parts) == min(number, records)
    for contig in {row[0] for row in expected}:
        got = [row for part in read_all(source, whole, num_slices=2, region=contig) for row in part]
        assert got == [row for row in expected if row[0] == contig]


def test_the_samples_of_the_demo_are_detected_and_read() -> None:
    from cloud_data_cockpit.demo.samples_text import fastq_sample, text_sample, vcf_sample
    from cloud_data_cockpit.formats.fastq import FastqFormat
    from cloud_data_cockpit.formats.text import TextFormat

    formats: list[tuple[Format, bytes, int]] = [
        (TextFormat(), text_sample(), 4000),
        (FastqFormat(), fastq_sample(), 2500),
        (VcfFormat(), vcf_sample(), 3000),
    ]
    for fmt, data, records in formats:
        assert fmt.detect("sample", data[: 1 << 16]) == max(f.detect("sample", data[: 1 << 16]) for f, _, _ in formats)
        assert fmt.index(MemorySource(data), fmt.params(), ignore).records == records
