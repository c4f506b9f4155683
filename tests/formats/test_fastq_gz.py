"""FASTQ over gzip inherits the conformance suite; detection among all formats; the demo samples."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.demo.samples_gzip import gzip_sample
from cloud_data_cockpit.formats import gzip_index, gzip_points
from cloud_data_cockpit.formats.base import HEAD_BYTES, Format
from cloud_data_cockpit.formats.fastq_gz import FastqGzFormat
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.registry import detect_format
from cloud_data_cockpit.source import FileSource, MemorySource

from .conformance import FormatConformance, ignore
from .gzip_made import bgzf, member

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"


def reads(number: int, end: str = "\n") -> bytes:
    """Reads whose qualities begin with @ now and then, some of them empty."""
    return "".join(
        f"@read.{i} x{end}{'ACGTN'[i % 5] * (i % 37)}{end}+{end}{'@' * (i % 3 == 0 and i % 37 > 0)}"
        f"{'I' * (i % 37 - (i % 3 == 0 and i % 37 > 0))}{end}"
        for i in range(1, number)
    ).encode()


class DenseFastqGz(FastqGzFormat):
    spacing = 4 << 10


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzip_index, "FEED", 4 << 10)
    monkeypatch.setattr(gzip_index, "_SEARCH_FEED", 1 << 10)
    monkeypatch.setattr(gzip_index, "_SEARCHED", 6 << 10)
    monkeypatch.setattr(gzip_points, "PROVED", 2 << 10)


class TestFastqGz(FormatConformance):
    ranges_overlap = True
    largest_pickle = 64 << 10

    def make(self) -> Format:
        return DenseFastqGz()

    def examples(self) -> Mapping[str, bytes]:
        return {
            "one.fastq.gz": member(reads(4000), memory=1),
            "small.fq.gz": member(reads(30)),
            "members.fq.gz": member(reads(100)) + member(reads(200)),
            "blocks.fq.gz": bgzf(reads(1500, "\r\n"), 3000),
        }

    def reference(self, data: bytes) -> list[Any]:
        plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        lines = plain.decode().splitlines()
        return [(lines[i][1:], lines[i + 1], lines[i + 3]) for i in range(0, len(lines), 4)]

    def records_of(self, value: Any) -> list[Any]:
        return [tuple(read) for read in value]

    def damaged(self) -> Mapping[str, bytes]:
        one = member(reads(400))
        return {
            "cut off": one[:-50],
            "plain": reads(10),
            "text inside": member(b"only text\n" * 9),
            "garbage behind": one + b"@x",
        }

    def body(self, data: bytes) -> bytes:
        return gzip.decompress(data)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the folder of real samples is not here")
@pytest.mark.parametrize(
    "name",
    ["reads_1.fq.gz", "reads_2.fq.gz", "Illimina1.8.fq.gz", "illumina.fastq.gz", "example_dos.fastq.bgz"],
)
def test_real_reads(name: str) -> None:
    truth = json.loads((SAMPLES / "truth.json").read_text())[f"gzip/{name}"]
    fmt, source = DenseFastqGz(), FileSource(SAMPLES / "gzip" / name)
    index = fmt.index(source, fmt.params(), ignore)
    assert index.records == truth["reads"]
    for asked in (1, 3, 16):
        cut = fmt.partition(index, fmt.params(num_slices=asked))
        bases = [len(read.sequence) for piece in cut.slices for read in fmt.read(source, cut.shared, piece)]
        assert len(bases) == truth["reads"]
        assert sum(bases) == truth["bases"]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the folder of real samples is not here")
def test_each_sample_is_detected_by_its_content() -> None:
    expected = {"reads_1.fq.gz": "fastq-gz", "example_dos.fastq.bgz": "fastq-gz", "hello.gz": "text-gz"}
    for name, wanted in expected.items():
        data = (SAMPLES / "gzip" / name).read_bytes()
        assert detect_format("object", data[:HEAD_BYTES], len(data)).name == wanted


def test_the_samples_of_the_demo_are_found_and_read() -> None:
    for key, wanted in (("logs/requests.txt.gz", "text-gz"), ("sequences/reads.fastq.gz", "fastq-gz")):
        data = gzip_sample()[key]
        fmt, source = detect_format(key, data[:HEAD_BYTES], len(data)), MemorySource(data)
        assert fmt.name == wanted
        cut = fmt.partition(fmt.index(source, fmt.params(), ignore), fmt.params(num_slices=4))
        pieces: list[Slice] = list(cut.slices)
        joined = b"".join(fmt.read_bytes(source, cut.shared, piece, header=False) for piece in pieces)
        assert joined == gzip.decompress(data)
        assert len(pieces) == 4
