"""What no format reads is called by its name, and the error says what to do with it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
import zlib

import pytest

from cloud_data_cockpit.errors import FormatError, UnknownFormat
from cloud_data_cockpit.formats.base import HEAD_BYTES
from cloud_data_cockpit.registry import detect_format
from cloud_data_cockpit.source import MemorySource

TABLE = b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(500))
READS = b"".join(b"@r%d\nACGT\n+\nIIII\n" % i for i in range(500))


def tar_of(data: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo("table.csv")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def zip_of(data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("table.csv", data)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("calls.bcf", gzip.compress(b"BCF\2\2" + bytes(100)), "is BCF.*bcftools"),
        ("calls.bcf", b"BCF\2\2" + bytes(100), "is BCF.*bcftools"),
        ("reads.bam", gzip.compress(b"BAM\1" + bytes(100)), "is BAM.*samtools"),
        ("calls.vcf.gz.tbi", gzip.compress(b"TBI\1" + bytes(100)), "an index of tabix"),
        ("table.xlsx", zip_of(TABLE), "ZIP"),
        ("table.csv.bz2", bz2.compress(TABLE), "bzip2"),
        ("table.csv.xz", lzma.compress(TABLE), "xz"),
        ("table.tar", tar_of(TABLE), "tar archive"),
        ("table.tar.gz", gzip.compress(tar_of(TABLE)), "gzip, and in it is a tar archive"),
        ("table.csv.gz", gzip.compress(gzip.compress(TABLE)), "gzip twice"),
        ("noise.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\3" + b"\xff" * 100, "gzip that is damaged"),
        ("noise", random.Random(1).randbytes(100), "none of"),
    ],
)
def test_the_error_says_what_it_is(name: str, data: bytes, words: str) -> None:
    with pytest.raises(UnknownFormat, match=words):
        detect_format(name, data[:HEAD_BYTES], len(data))


@pytest.mark.parametrize("kept", ["no checksum", "no middle", "no end"])
@pytest.mark.parametrize(("name", "plain"), [("table.csv.gz", TABLE), ("reads.fq.gz", READS)])
def test_a_small_gzip_that_is_damaged_is_known_and_refused(name: str, plain: bytes, kept: str) -> None:
    data = bytearray(gzip.compress(plain))
    if kept == "no checksum":
        data[-8:-4] = zlib.crc32(plain[1:]).to_bytes(4, "little")
    elif kept == "no middle":
        data[len(data) // 2 : len(data) // 2 + 30] = b"\xff" * 30
    else:
        del data[-4:]
    found = detect_format(name, bytes(data), len(data))
    assert found.name == ("csv-gz" if plain is TABLE else "fastq-gz")
    with pytest.raises(FormatError, match=r"damaged|cut off"):
        found.index(MemorySource(bytes(data), uri=f"memory:{name}"), found.params(), lambda done, total: None)
