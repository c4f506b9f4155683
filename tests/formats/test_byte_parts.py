"""Formats that cut bytes: a slice copied in pieces is what `read` gives, in bounded memory, and proves itself."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.registry import format_names, get_format
from cloud_data_cockpit.slicing import bytewise
from cloud_data_cockpit.slicing import piece as pieces
from cloud_data_cockpit.slicing.bytewise import byte_parts, chunks, cuts_bytes
from cloud_data_cockpit.slicing.partition import partition
from cloud_data_cockpit.slicing.slices import LazySlice, Origin
from cloud_data_cockpit.source import MemorySource, Range

VCF = b"##fileformat=VCFv4.2\n##contig=<ID=1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + b"".join(
    b"1\t%d\t.\tA\tC\t.\tPASS\t.\n" % (i * 10 + 1) for i in range(200)
)
FASTQ = b"".join(b"@r%d\n%s\n+\n%s\n" % (i, b"ACGT" * (i % 9), b"@III" * (i % 9)) for i in range(100))
FASTA = b"; made\r\n\r\n" + b"".join(b">s%d of\r\n" % i + b"ACGTACGTAC\r\n" * (3 * i + 1) for i in range(20))
OBJECTS: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "csv": ("a.csv", b"\xef\xbb\xbfn;\xc3\xa9\n" + b"".join(b'%d;"a\nb"\n' % i for i in range(300)), {}),
    "csv without a header": ("a.csv", b"".join(b"%d,%d\n" % (i, i * i) for i in range(300)), {}),
    "text": ("a.txt", "".join(f"line {i} é\n" for i in range(300)).encode(), {"format": "text"}),
    "text in UTF-16": ("a.txt", "".join(f"line {i} é\n" for i in range(300)).encode("utf-16"), {"format": "text"}),
    "fasta": ("a.fa", FASTA, {"cut_sequences": True}),
    "fasta, whole sequences": ("a.fa", FASTA, {"cut_sequences": False}),
    "fastq": ("a.fq", FASTQ, {}),
    "vcf": ("a.vcf", VCF, {}),
}


@pytest.fixture(autouse=True)
def small_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytewise, "COPY_BYTES", 100)


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("num_slices", [1, 3, 16, 500])
def test_a_file_is_what_is_read_and_all_slices_prove_themselves(name: str, num_slices: int, tmp_path: Path) -> None:
    file, data, options = OBJECTS[name]
    (tmp_path / file).write_bytes(data)
    made = partition(tmp_path / file, num_slices=num_slices, **options)
    for header in (True, False):
        for piece in made:
            assert piece.to_file(tmp_path / "out", header=header).read_bytes() == piece.read(header=header), piece
    found = made.verify()
    assert found.ok, str(found)
    assert found.checksum == "equal"
    assert found.bytes == made.nbytes


@pytest.mark.parametrize(
    ("name", "region"), [("fasta", "s3:2-20 s7 s7:5-9"), ("vcf", "1:50-300")], ids=["fasta", "vcf"]
)
def test_regions_are_read_alike_and_have_no_checksum(name: str, region: str, tmp_path: Path) -> None:
    file, data, _ = OBJECTS[name]
    (tmp_path / file).write_bytes(data)
    made = partition(tmp_path / file, region=region)
    for piece in made:
        for header in (True, False):
            assert piece.to_file(tmp_path / "out", header=header).read_bytes() == piece.read(header=header)
    found = made.verify()
    assert found.ok, str(found)
    assert found.checksum == "not compared"


def test_formats_that_cut_bytes() -> None:
    expected = {"csv", "fasta", "fastq", "text", "vcf"} & set(format_names())
    assert {name for name in format_names() if cuts_bytes(get_format(name))} >= expected


def test_close_ranges_are_read_together_and_no_read_is_large() -> None:
    asked: list[Sequence[Range]] = []

    class Watched(MemorySource):
        def read(self, offset: int, length: int) -> bytes:
            asked.append([(offset, length)])
            return super().read(offset, length)

        def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
            asked.append(ranges)
            return [MemorySource.read(self, *each) for each in ranges]

    data = bytes(range(250)) * 4
    got = list(chunks(Watched(data), [(0, 10), b"between", (20, 30), (900, 100), (100, 250), (5, 0)]))
    assert b"".join(got) == data[:10] + b"between" + data[20:50] + data[900:] + data[100:350]
    assert max(map(len, got)) <= 100
    assert asked[0] == [(0, 10), (20, 30)]
    assert list(chunks(Watched(data), [])) == []


class Endless:
    """A CSV of any size, made as it is read."""

    uri, etag = "memory:endless.csv", "1"
    row = b"1,2,3,4,5,6,7,8\n"

    def __init__(self, size: int) -> None:
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        first = offset % len(self.row)
        return (self.row * (length // len(self.row) + 2))[first : first + length]

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        return [self.read(*each) for each in ranges]

    def sibling(self, suffix: str, *, replacing: str = "") -> Any:
        raise NotImplementedError


def test_a_large_slice_is_copied_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytewise, "COPY_BYTES", 1 << 20)
    source = Endless(48 << 20)
    monkeypatch.setattr(pieces, "opened_source", lambda *_: source)
    shared = {"body": 16}
    origin = Origin(source.uri, source.etag, source.size, None, "csv", get_format("csv").version, shared)
    piece = Slice(number=0, ranges=((16, source.size - 16),), records=1)
    assert byte_parts(get_format("csv"), source, shared, piece, header=True) == [(0, 16), *piece.ranges]
    tracemalloc.start()
    try:
        LazySlice(origin, piece).to_file(tmp_path / "out")
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert (tmp_path / "out").stat().st_size == source.size
