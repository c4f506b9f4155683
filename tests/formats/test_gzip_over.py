"""CSV, FASTA, FASTQ and VCF over gzip: the tests of each plain format, and the real samples, compressed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.demo.samples_gzip import gzip_sample
from cloud_data_cockpit.errors import CockpitError
from cloud_data_cockpit.formats import gzip_index, gzip_points
from cloud_data_cockpit.formats.base import HEAD_BYTES, Cut, Format, Index
from cloud_data_cockpit.formats.csv_gz import CsvGzFormat
from cloud_data_cockpit.formats.fasta_gz import FastaGzFormat
from cloud_data_cockpit.formats.fastq_gz import FastqGzFormat
from cloud_data_cockpit.formats.gzip_format import GzippedFormat
from cloud_data_cockpit.formats.vcf_gz import VcfGzFormat
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.registry import detect_format
from cloud_data_cockpit.source import FileSource, MemorySource, Source

from . import test_csv, test_fasta, test_fastq, test_vcf
from .conformance import ignore
from .gzip_made import OverGzip, bgzf, member

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the folder of real samples is not here")


class DenseCsvGz(CsvGzFormat):
    spacing = 4 << 10


class DenseFastaGz(FastaGzFormat):
    spacing = 4 << 10


class DenseFastqGz(FastqGzFormat):
    spacing = 4 << 10


class DenseVcfGz(VcfGzFormat):
    spacing = 4 << 10


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps so small that small data have many access points."""
    monkeypatch.setattr(gzip_index, "FEED", 4 << 10)
    monkeypatch.setattr(gzip_index, "_HEAD", 4 << 10)
    monkeypatch.setattr(gzip_index, "_SEARCH_FEED", 1 << 10)
    monkeypatch.setattr(gzip_index, "_SEARCHED", 6 << 10)
    monkeypatch.setattr(gzip_points, "PROVED", 2 << 10)


class TestCsvGz(OverGzip, test_csv.TestConformance):
    format = DenseCsvGz


class TestFastaGz(OverGzip, test_fasta.TestFasta):
    format = DenseFastaGz


class TestFastqGz(OverGzip, test_fastq.TestFastq):
    format = DenseFastqGz


class TestVcfGz(OverGzip, test_vcf.TestVcf):
    format = DenseVcfGz


def cut_of(fmt: Format, index: Index, number: int) -> tuple[Cut, list[Slice]]:
    cut = fmt.partition(index, fmt.params(num_slices=number))
    return cut, list(cut.slices)


def samples(folder: str, *endings: str) -> Iterator[Path]:
    if SAMPLES.is_dir():
        yield from (p for p in sorted((SAMPLES / folder).iterdir()) if p.name.endswith(endings))


PLAIN = [
    *(
        (DenseCsvGz, path)
        for path in samples("csv", "cities.csv", "country-codes.csv", "crlf.csv", "latin1.csv", ".tsv")
    ),
    *((DenseFastaGz, path) for path in samples("fasta", ".fa", ".fasta")),
    *((DenseVcfGz, path) for path in samples("vcf", ".vcf")),
    *((DenseFastqGz, path) for path in samples("fastq", ".fq", ".fastq")),
]


@needs_samples
@pytest.mark.parametrize(("fmt", "path"), PLAIN, ids=[path.name for _, path in PLAIN])
def test_real_files_compressed_are_cut_as_they_are_plain(fmt: type[GzippedFormat], path: Path) -> None:
    over, inner, data = fmt(), fmt.inner, path.read_bytes()
    plain = MemorySource(data, uri=f"memory:{path.name}")
    try:
        wanted = inner.index(plain, inner.params(), ignore)
    except CockpitError:
        with pytest.raises(CockpitError):
            over.index(MemorySource(member(data)), over.params(), ignore)
        return
    for packed in (member(data, memory=1), member(data[: len(data) // 3]) + member(data[len(data) // 3 :]), bgzf(data)):
        source = MemorySource(packed, uri=f"memory:{path.name}.gz")
        index = over.index(source, over.params(), ignore)
        assert index.records == wanted.records
        for number in (1, 3, 16):
            (cut, slices), (plain_cut, plain_slices) = cut_of(over, index, number), cut_of(inner, wanted, number)
            assert cut.notes == plain_cut.notes
            for piece, other in zip(slices, plain_slices, strict=True):
                assert piece.records == other.records
                got = over.read_bytes(source, cut.shared, piece, header=True)
                assert got == inner.read_bytes(plain, plain_cut.shared, other, header=True)


def records_read(fmt: Format, source: Source, number: int) -> int:
    cut, slices = cut_of(fmt, fmt.index(source, fmt.params(), ignore), number)
    total = sum(len(fmt.read(source, cut.shared, piece)) for piece in slices)
    assert total == sum(piece.records for piece in slices)
    return total


@needs_samples
@pytest.mark.parametrize("path", list(samples("gzip", ".fq.gz", ".fastq.gz", ".fastq.bgz")), ids=lambda path: path.name)
def test_real_reads(path: Path) -> None:
    truth = truth_of(f"gzip/{path.name}")
    fmt, source = DenseFastqGz(), FileSource(path)
    index = fmt.index(source, fmt.params(), ignore)
    assert index.records == truth["reads"]
    for number in (1, 16):
        cut, slices = cut_of(fmt, index, number)
        bases = [len(read.sequence) for piece in slices for read in fmt.read(source, cut.shared, piece)]
        assert len(bases) == truth["reads"]
        assert sum(bases) == truth["bases"]


@needs_samples
@pytest.mark.parametrize("path", list(samples("vcf", ".vcf.gz")), ids=lambda path: path.name)
def test_real_variants(path: Path) -> None:
    truth = truth_of(f"vcf/{path.name}")
    for number in (1, 7):
        assert records_read(VcfGzFormat(), FileSource(path), number) == truth["records"]


@needs_samples
def test_each_sample_is_detected_by_its_content() -> None:
    expected = {
        "gzip/reads_1.fq.gz": "fastq-gz",
        "gzip/example_dos.fastq.bgz": "fastq-gz",
        "gzip/hello.gz": "text-gz",
        "gzip/NC_000932.gb.bgz": "text-gz",
        "vcf/test.vcf.gz": "vcf-gz",
    }
    for name, wanted in expected.items():
        data = (SAMPLES / name).read_bytes()
        assert detect_format("object", data[:HEAD_BYTES], len(data)).name == wanted
    for name, wanted in {"csv/cities.csv": "csv-gz", "fasta/ce.fa": "fasta-gz", "vcf/sample.vcf": "vcf-gz"}.items():
        data = member((SAMPLES / name).read_bytes())
        assert detect_format(f"{name}.gz", data[:HEAD_BYTES], len(data)).name == wanted


def test_the_samples_of_the_demo_are_found_and_read() -> None:
    wanted_of = {"logs/requests.txt.gz": "text-gz", "sequences/reads.fastq.gz": "fastq-gz"}
    for key, wanted in (*wanted_of.items(), ("variants/cohort.vcf.gz", "vcf-gz")):
        data = gzip_sample()[key]
        fmt, source = detect_format(key, data[:HEAD_BYTES], len(data)), MemorySource(data)
        assert fmt.name == wanted
        cut, slices = cut_of(fmt, fmt.index(source, fmt.params(), ignore), 4)
        # A header is of no slice: it comes with the first one where it is asked for.
        joined = fmt.read_bytes(source, cut.shared, slices[0], header=True)
        joined += b"".join(fmt.read_bytes(source, cut.shared, piece, header=False) for piece in slices[1:])
        assert joined == gzip.decompress(data)
        assert len(slices) == 4


def truth_of(name: str) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((SAMPLES / "truth.json").read_text())[name]
    return held
