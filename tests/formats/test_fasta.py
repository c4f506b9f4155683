"""FASTA: conformance, equality with samtools faidx, cuts inside sequences, regions, odd files, huge files."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cloud_data_cockpit as cdc
from cloud_data_cockpit.errors import BadRequest, FormatError
from cloud_data_cockpit.formats.base import Cut, Format, Index
from cloud_data_cockpit.formats.fasta import FastaFormat, FastaParams, FastaRecord, fai_text
from cloud_data_cockpit.formats.fasta_cut import Records, equal_parts
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import MemorySource, Range, Source

from .conformance import FormatConformance, ignore

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"

Plain = tuple[str, str, str]


def naive(data: bytes) -> list[Plain]:
    """Line by line, as one would write it first."""
    records: list[list[str]] = []
    for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        text = line.decode()
        if text.startswith(">"):
            name, _, description = text[1:].strip().partition(" ")
            records.append([name, description.strip(), ""])
        elif records:
            records[-1][2] += "".join(text.split())
    return [(name, description, sequence) for name, description, sequence in records]


def index_of(data: bytes, **options: Any) -> Index:
    return FastaFormat().index(MemorySource(data, uri="memory:x.fa"), FastaParams(), ignore, **options)


def cut_of(data: bytes, **params: Any) -> tuple[MemorySource, list[Slice], Cut]:
    cut = FastaFormat().partition(index_of(data), FastaParams(**params))
    return MemorySource(data, uri="memory:x.fa"), list(cut.slices), cut


def read_all(data: bytes, **params: Any) -> list[list[FastaRecord]]:
    source, slices, cut = cut_of(data, **params)
    return [FastaFormat().read(source, cut.shared, piece) for piece in slices]


def joined(parts: list[list[FastaRecord]]) -> list[Plain]:
    """Parts of sequences put together again, each checked to stand where it says."""
    records: list[list[Any]] = []
    for record in (record for part in parts for record in part):
        if record.offset or (not record.whole and records and records[-1][3]):
            assert records[-1][:2] == [record.name, record.description]
            assert record.offset == len(records[-1][2])
            assert not record.whole
            records[-1][2] += record.sequence
        else:
            records.append([record.name, record.description, record.sequence, False])
    return [(name, description, sequence) for name, description, sequence, _ in records]


def made(number: int, newline: bytes = b"\n", width: int = 60) -> bytes:
    rng = np.random.default_rng(number)
    out = []
    for i in range(number):
        sequence = rng.choice(np.frombuffer(b"ACGTN", dtype=np.uint8), int(rng.integers(0, 400))).tobytes()
        lines = [sequence[j : j + width] for j in range(0, len(sequence), width)]
        out.append(newline.join([b">seq%d sample  %d" % (i, i * i), *lines, b""]))
    return b"".join(out)


class TestFasta(FormatConformance):
    def make(self) -> Format:
        return FastaFormat()

    def examples(self) -> Mapping[str, bytes]:
        return {
            "plain.fa": made(150),
            "crlf.fa": made(120, b"\r\n"),
            "small.fasta": b">a\nACGT\nAC\n>b two words\n\n>c\n>d\nA*-\n",
            "one.fa": b">chr1\n" + b"ACGT" * 500,
            "comments.fa": b"; old style\n\n;; more\n>a\nAC\n>b\nGT\n",
            "bom.fa": b"\xef\xbb\xbf>a\nAC\n",
            "ragged.fa": b">a\nAC\nACGT\n\nA\n>a\nMKV>L\n\n\n>c\nA C\tG\n",
            "mark in data.fa": b">a >b\nAC>GT\n>b\n A\n",
            "names.fa": ">é ü\nAC\n>  spaced  out\nGT\n>\nA\n>a\x01b c\nT\n".encode(),
        }

    def reference(self, data: bytes) -> list[Any]:
        return naive(data)

    def records_of(self, value: Any) -> list[Any]:
        return [record[:3] for record in value]

    def damaged(self) -> Mapping[str, bytes]:
        return {
            "text": b"hello\n>a\nAC\n",
            "indented": b" >a\nAC\n",
            "comments": b"; only\n;comments\n",
            "blank": b"\n\n \n",
            "binary": b">a\nAC\0GT\n",
            "utf-16": ">a\nAC\n".encode("utf-16"),
            "gzip": b"\x1f\x8b\x08" + bytes(40),
            "old mac": b">a\rACGT\rACGT\r>b\rAC\r",
            "one lone return": b">a\nAC\rGT\n",
            "cut off in a header": b">a\nACGT\n>b descr",
            "accents in a sequence": ">a\nACÉGT\n".encode(),
        }


# --- equal to samtools --------------------------------------------------------------------------------

lines = st.text("AC >\t", max_size=5).map(lambda text: text.encode())
line_ends = st.sampled_from([b"\n", b"\n", b"\r\n"])
names = st.sampled_from([b">", b">a", b">b x", b"> c", b">d\xc3\xa9", b">eeeeeeeeeeee >f", b">\t g h "])
even = st.integers(1, 6).flatmap(
    lambda width: st.tuples(st.lists(st.just(b"ACGTACGT"[:width]), max_size=4), st.integers(0, width)).map(
        lambda t: [*t[0], *([b"TTTTTTTT"[: t[1]]] if t[1] else [])]
    )
)
bodies = st.one_of(even, even, st.lists(lines.filter(lambda line: not line.startswith(b">")), max_size=5))


@st.composite
def fasta(draw: st.DrawFn) -> bytes:
    newline = draw(line_ends)
    out = [draw(st.sampled_from([b"", b"", b"", b"\n", b";c\n", b"\xef\xbb\xbf"]))]
    for _ in range(draw(st.integers(1, 6))):
        out += [draw(names), newline]
        for line in draw(bodies):
            out += [line, draw(line_ends) if draw(st.integers(0, 9)) == 0 else newline]
    data = b"".join(out)
    if draw(st.booleans()) and b">" not in data.rstrip(b"\r\n").rpartition(b"\n")[2]:
        data = data.rstrip(b"\r\n")
    return data


def samtools(data: bytes, folder: Path) -> str | None:
    """The .fai that samtools makes, or None where it refuses."""
    pysam = pytest.importorskip("pysam")
    path = folder / f"{hashlib.sha256(data).hexdigest()[:16]}.fa"
    path.write_bytes(data)
    verbosity = pysam.set_verbosity(0)
    try:
        pysam.faidx(str(path))
    except pysam.SamtoolsError:
        return None
    finally:
        pysam.set_verbosity(verbosity)
    return Path(f"{path}.fai").read_bytes().decode()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fasta(), st.integers(1, 40))
def test_index_equals_samtools_wherever_that_succeeds(tmp_path: Path, data: bytes, block_size: int) -> None:
    expected = samtools(data, tmp_path)
    if expected is not None:
        assert fai_text(index_of(data, block_size=block_size)) == expected


def test_samtools_does_succeed_on_what_is_tried(tmp_path: Path) -> None:
    for data in (made(50), made(50, b"\r\n"), b">a\nAC\n\n>b\nA"):
        assert fai_text(index_of(data)) == samtools(data, tmp_path)


def test_many_portions_of_many_records_equal_samtools(tmp_path: Path) -> None:
    data = made(8000)
    assert len(data) > 1_500_000
    assert fai_text(index_of(data)) == samtools(data, tmp_path)


def test_sequences_that_no_fai_describes() -> None:
    with pytest.raises(FormatError, match=r"'b' of memory:x.fa has lines of unequal length"):
        fai_text(index_of(b">a\nAC\n>b\nA\nAC\n"))
    assert fai_text(index_of(b">a\nAC\n>a\nGG\n>b\n\n>c\n>d\nA\n")) == "a\t2\t3\t2\t3\nd\t1\t22\t1\t2\n"


def test_samples_agree_with_the_reference(tmp_path: Path) -> None:
    if not (SAMPLES / "truth.json").exists():
        pytest.skip("the samples are not part of the project")
    truth = json.loads((SAMPLES / "truth.json").read_text())
    pysam = pytest.importorskip("pysam")
    seen = 0
    for name, facts in truth.items():
        if "records_gt_lines" not in facts:
            continue
        data = (SAMPLES / name).read_bytes()
        index = index_of(data, block_size=1 << 12)
        text = fai_text(index)
        assert index.records == facts["records_gt_lines"], name
        assert int(Records(index).lengths.sum()) == facts["bases"], name
        assert text.count("\n") == facts["fai_records"], name
        assert hashlib.sha256(text.encode()).hexdigest()[:16] == facts["fai_sha"], name
        assert text == samtools(data, tmp_path), name
        with pysam.FastxFile(str(SAMPLES / name)) as file:
            expected = [(entry.name, entry.comment or "", entry.sequence) for entry in file]
        for params in ({"num_slices": 3}, {"num_slices": 50, "cut_sequences": True}, {"sequences": 2}):
            assert joined(read_all(data, **params)) == expected, (name, params)
        seen += 1
    assert seen >= 7


# --- the same index, exactly once -------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(fasta(), st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_any_content_any_block_any_cut_rejoins(data: bytes, block_size: int, number: int, inside: bool) -> None:
    index = index_of(data, block_size=block_size)
    FormatConformance.same(index_of(data), index, block_size)
    source, fmt = MemorySource(data), FastaFormat()
    cut = fmt.partition(index, FastaParams(num_slices=number, cut_sequences=inside))
    slices = list(cut.slices)
    expected = naive(data)
    assert len(slices) >= min(number, len(expected))
    assert len(slices) == number or cut.notes
    assert b"".join(fmt.read_bytes(source, cut.shared, piece, header=False) for piece in slices) == data
    assert [fmt.count(source, cut.shared, piece) for piece in slices] == [piece.records for piece in slices]
    assert sum(piece.records for piece in slices) == len(expected)
    parts = [fmt.read(source, cut.shared, piece) for piece in slices]
    assert joined(parts) == expected
    for piece, part in zip(slices, parts, strict=True):
        alone = fmt.read_bytes(source, cut.shared, piece, header=True)
        assert naive(alone) == [record[:3] for record in part]
        assert list(fmt.views["iter_records"](source, cut.shared, piece)) == part


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("number", [1, 2, 3, 10, 100, 1000, 5000])
def test_cut_sequences_gives_equal_slices(newline: bytes, number: int) -> None:
    data = b">first one" + newline + newline.join([b"ACGTACGTAC"] * 300) + newline + made(20, newline)
    source, slices, cut = cut_of(data, num_slices=number, cut_sequences=True)
    fmt = FastaFormat()
    assert joined([fmt.read(source, cut.shared, piece) for piece in slices]) == naive(data)
    assert len(slices) == number or cut.notes
    if number <= 10:
        assert len(slices) == number
        sizes = [piece.nbytes for piece in slices]
        assert max(sizes) - min(sizes) < 100
    assert max(len(json.dumps(piece.details)) for piece in slices) < 100


def test_a_part_is_a_file_by_itself_and_knows_its_place() -> None:
    data = b">a b c\r\n" + b"ACGTA\r\n" * 4 + b">d\r\nTT\r\n"
    source, slices, cut = cut_of(data, num_slices=3, cut_sequences=True)
    fmt = FastaFormat()
    (middle,) = fmt.read(source, cut.shared, slices[1])
    assert (middle.name, middle.description, middle.whole) == ("a", "b c", False)
    assert middle.sequence == naive(data)[0][2][middle.offset :][: len(middle.sequence)]
    assert fmt.read_bytes(source, cut.shared, slices[1], header=True).startswith(b">a b c\n")
    assert not fmt.read_bytes(source, cut.shared, slices[1], header=False).startswith(b">")
    assert slices[1].records == fmt.count(source, cut.shared, slices[1]) == 0
    last = fmt.read(source, cut.shared, slices[2])[-1]
    assert last == ("d", "", "TT", 0, True)


def test_irregular_sequences_stay_whole_and_it_is_said() -> None:
    data = b">a\n" + b"AC\nACGT\n" * 50 + b">b\nAC GT\nAC GT\n"
    _, slices, cut = cut_of(data, num_slices=10, cut_sequences=True)
    assert [piece.records for piece in slices] == [1, 1]
    assert any("stay whole" in note for note in cut.notes)
    assert any("asked for 10 slices" in note for note in cut.notes)


# --- ways to cut ----------------------------------------------------------------------------------------


def test_whole_sequences_by_number_bytes_and_count() -> None:
    data = made(100)
    _, slices, cut = cut_of(data, num_slices=100)
    assert [piece.records for piece in slices] == [1] * 100
    _, slices, cut = cut_of(data, num_slices=101)
    assert len(slices) == 100
    assert "there are only 100 sequences" in cut.notes[0]
    _, slices, cut = cut_of(data, sequences=30)
    assert [piece.records for piece in slices] == [30, 30, 30, 10]
    _, slices, cut = cut_of(data, slice_bytes=3000)
    assert len(slices) == -(-len(data) // 3000)
    assert max(piece.nbytes for piece in slices) < 4000
    assert cut_of(data)[1][0].records == 100
    _, slices, cut = cut_of(b">a\n" + b"A" * 5000 + b"\n>b\nC\n", slice_bytes=1000)
    assert [piece.records for piece in slices] == [1, 1]
    assert "cut_sequences=True" in cut.notes[0]


def test_slices_of_whole_sequences_are_balanced() -> None:
    data = b"".join(b">r%04d\nACGTACGTACGTACGTACGTACGT\n" % i for i in range(1000))
    _, slices, _ = cut_of(data, num_slices=7)
    assert {piece.records for piece in slices} <= {142, 143}


@pytest.mark.parametrize(
    "params",
    [
        {"num_slices": 2, "sequences": 2},
        {"sequences": 2, "cut_sequences": True},
        {"region": "a", "cut_sequences": True},
        {"slice_bytes": 0},
        {"region": ""},
    ],
)
def test_choices_that_contradict(params: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"choose one|goes with|greater than|at least 1"):
        FastaParams(**params)


def test_too_many_slices_are_refused() -> None:
    index = index_of(b">a\nAC\n")
    huge = Index(**{**index.__dict__, "size": 1 << 40})
    with pytest.raises(BadRequest, match="at most 10,000,000"):
        FastaFormat().partition(huge, FastaParams(slice_bytes=1))


# --- regions ----------------------------------------------------------------------------------------------


def test_regions_equal_samtools(tmp_path: Path) -> None:
    pysam = pytest.importorskip("pysam")
    data = made(30, width=7)
    path = tmp_path / "x.fa"
    path.write_bytes(data)
    fmt = FastaFormat()
    records = naive(data)
    wanted = [
        f"seq{i}:{a}-{b}"
        for i in range(30)
        for a, b in ((1, 1), (7, 8), (2, 50), (14, 10_000))
        if len(records[i][2]) > 14
    ]
    with pysam.FastaFile(str(path)) as reference:
        source, slices, cut = cut_of(data, region=" ".join(wanted))
        for text, piece in zip(wanted, slices, strict=True):
            (record,) = fmt.read(source, cut.shared, piece)
            assert record.sequence == reference.fetch(region=text), text
            assert record.offset == int(text.split(":")[1].split("-")[0]) - 1
            assert fmt.count(source, cut.shared, piece) == piece.records == 1
            assert list(fmt.views["iter_records"](source, cut.shared, piece)) == [record]
            alone = fmt.read_bytes(source, cut.shared, piece, header=True)
            assert naive(alone) == [(record.name, record.description, record.sequence)]


def test_forms_of_a_region() -> None:
    data = b">a:b x\nACGT\nAC\n>a\nGGGG\n>a\nTTTT\n>c,d\nCC\n>\xe9\nAA\n"
    for region, expected in {
        "a:b": [("a:b", "ACGTAC", True)],
        "a:b:2-5": [("a:b", "CGTA", False)],
        "a:b:5": [("a:b", "AC", False)],
        "a": [("a", "GGGG", True)],
        "a:2-, a:b": [("a", "GGG", False), ("a:b", "ACGTAC", True)],
        "c,d": [("c,d", "CC", True)],
        "é:1-1": [("é", "A", False)],
    }.items():
        got = [(r.name, r.sequence, r.whole) for part in read_all(data, region=region) for r in part]
        assert got == expected, region


@pytest.mark.parametrize("region", ["b", "a:0-1", "a:3-2", "a:9", "a:x", "a:1-2-3", "q:1-2"])
def test_regions_that_are_not_there(region: str) -> None:
    with pytest.raises(BadRequest, match=r"no sequence|is empty"):
        read_all(b">a\nACGT\n", region=region)


def test_region_of_an_irregular_sequence_is_refused() -> None:
    data = b">a\nAC\nACGT\n>b\nA C\n"
    assert [r.sequence for part in read_all(data, region="a b") for r in part] == ["ACACGT", "AC"]
    for region, why in (("a:2-3", "unequal length"), ("b:1-1", "white space")):
        with pytest.raises(FormatError, match=why):
            read_all(data, region=region)


# --- odd and large ------------------------------------------------------------------------------------------


def test_huge_header_lines_and_names() -> None:
    name = b"n" * 100_000
    data = b">" + name + b" " + b"d " * 1_000_000 + b"\nAC\n>b\nGG\n"
    for block_size in (1 << 12, 1 << 16, 1 << 24):
        index = index_of(data, block_size=block_size)
        assert Records(index).names == name + b"\nb\n"
        assert Records(index).headers.tolist() == [2_000_000 + len(name) + 3, 3]


def test_latin_1_headers_are_read() -> None:
    ((record,),) = read_all(b">caf\xe9 cr\xe8me\nAC\n")
    assert record[:3] == ("café", "crème", "AC")


def test_detection_prefers_the_bytes_to_the_name() -> None:
    fmt = FastaFormat()
    assert fmt.detect("x.txt", b"\n;c\n>a\nACGT\n") > 0.9
    assert fmt.detect("notes.md", b"> quoted\n> words\n\ntext\n") == 0
    assert fmt.detect("x.fa", b">quote of a mail\n> it goes on\n") < fmt.detect("x", b">a\nMKV*\n")
    assert fmt.detect("x.fa", b"a,b\n>1,2\n") == 0
    assert fmt.detect("x.fa", b"\x1f\x8b\x08\0") == 0
    assert fmt.detect("x.fa", b"") == 0
    assert 0 < fmt.detect("x.fa", b">a " + b"d" * 70_000) < 0.9


class HugeFasta:
    """Two sequences in 6 GiB of lines of 64 bytes, made when they are read."""

    uri, etag = "memory:huge.fa", "1"
    headers = (b">one".ljust(63) + b"\n", b">two".ljust(63) + b"\n")

    def __init__(self, size: int, second: int) -> None:
        self.size = size
        self.places = (0, second)
        self._tile = (b"ACGT" * 15 + b"ACG\n") * (1 << 19)

    def read(self, offset: int, length: int) -> bytes:
        data = self._tile[offset % 64 :][:length]
        assert len(data) == length
        for place, header in zip(self.places, self.headers, strict=True):
            at = place - offset
            if -64 < at < length:
                data = data[: max(at, 0)] + header[max(-at, 0) :][: length - at] + data[at + 64 :]
        return data[:length]

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        return [self.read(*one) for one in ranges]

    def sibling(self, suffix: str) -> Source:
        raise NotImplementedError


def test_offsets_beyond_4_gib() -> None:
    source = HugeFasta(6 << 30, 5 << 30)
    fmt = FastaFormat()
    index = fmt.index(source, FastaParams(), ignore)
    first, second = (5 << 30) // 64 - 1, (1 << 30) // 64 - 1
    assert fai_text(index) == f"one\t{first * 63}\t64\t63\t64\ntwo\t{second * 63}\t{(5 << 30) + 64}\t63\t64\n"
    cut = fmt.partition(index, FastaParams(num_slices=1000, cut_sequences=True))
    slices = list(cut.slices)
    assert len(slices) == 1000
    assert sum(piece.nbytes for piece in slices) == 6 << 30
    (part,) = fmt.read(source, cut.shared, slices[990])
    assert part.name == "two"
    assert part.sequence[0] == "ACGT"[part.offset % 63 % 4]
    (region,) = fmt.partition(index, FastaParams(region="two:1000000000-1000000004")).slices
    (found,) = fmt.read(source, cut.shared, region)
    assert (found.offset, found.sequence) == (
        999_999_999,
        "".join("ACGT"[i % 63 % 4] for i in range(999_999_999, 1_000_000_004)),
    )
    assert region.ranges[0][0] > 1 << 32


def test_ten_million_sequences_are_cut_fast() -> None:
    number = 10_000_000
    starts = np.arange(number, dtype=np.int64) * 100
    arrays: dict[str, Any] = {
        "starts": starts,
        "headers": np.full(number, 10, dtype=np.uint8),
        "lengths": np.full(number, 89, dtype=np.uint8),
        "line_bases": np.full(number, 89, dtype=np.uint8),
        "line_widths": np.full(number, 90, dtype=np.uint8),
        "irregular": np.zeros(number, dtype=np.uint8),
        "names": np.zeros(0, dtype=np.uint8),
    }
    index = Index("fasta", 1, "m:", "e", number * 100, {}, number, {"body": 0}, arrays)
    started = time.process_time()
    for params in ({"num_slices": 1000}, {"num_slices": 1000, "cut_sequences": True}, {"sequences": 9999}):
        slices = list(FastaFormat().partition(index, FastaParams(**params)).slices)
        assert sum(piece.records for piece in slices) == number
    assert time.process_time() - started < 5


def test_equal_parts_are_exact_for_any_size() -> None:
    parts = equal_parts(0, (1 << 62) - 1, 10_000_000)
    assert int(parts[-1]) == ((1 << 62) - 1) * 9_999_999 // 10_000_000
    assert bool((np.diff(parts) > 0).all())


# --- as a user calls it ------------------------------------------------------------------------------------------


def test_from_a_file_to_slices_and_their_views(tmp_path: Path) -> None:
    path = tmp_path / "genes.fa"
    path.write_bytes(made(40))
    slices = cdc.load_slices(cdc.partition(path, num_slices=4).manifest_id)
    assert slices.format == "fasta"
    assert [record[:3] for piece in slices for record in piece.get()] == naive(path.read_bytes())
    table = slices[1].to_pandas()
    assert table["length"].tolist() == [len(record.sequence) for record in slices[1].get()]
    assert slices[1].to_arrow().to_pylist() == table.to_dict("records")
    assert [str(kind) for kind in slices[1].to_arrow().schema.types] == [
        *["large_string"] * 3,
        "int64",
        "bool",
        "int64",
    ]
    copy = slices[1].to_file(tmp_path / "part.fa")
    assert slices[1].to_fai() == samtools(copy.read_bytes(), tmp_path)
    assert list(slices[1].iter_records()) == slices[1].get()
    with pytest.raises(BadRequest, match="no sequence 'nobody'"):
        cdc.partition(path, region="nobody")
