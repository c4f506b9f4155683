"""The header of a VCF file: where the records begin and which columns they have."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import FormatError
from ..source import Source

FIXED = ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
LARGEST_HEADER = 256 << 20

_BOM = b"\xef\xbb\xbf"
_FIRST_STEP = 64 << 10
_BODY = re.compile(rb"\n(?=[^#])")


@dataclass(frozen=True)
class VcfHeader:
    """`size` bytes and `lines` lines up to the first record; the line of column names begins at byte `columns_at`."""

    size: int
    lines: int
    columns_at: int
    columns: tuple[str, ...]
    text: bytes

    @property
    def samples(self) -> int:
        """How many columns of samples there are."""
        return max(0, len(self.columns) - len(FIXED) - 1)


def read_header(source: Source) -> VcfHeader:
    """The header of `source`, read from its beginning as far as it goes. FormatError when it is none of VCF."""
    data = b""
    step = _FIRST_STEP
    while True:
        more = source.read(len(data), min(step, source.size - len(data)))
        seen = max(0, len(data) - 1)
        data += more
        if not data:
            raise FormatError(f"{source.uri} is empty: there are no records to cut")
        _check_beginning(source.uri, data)
        body = _BODY.search(data, seen)
        if body or len(data) == source.size:
            return parse_header(source.uri, data[: body.end()] if body else data)
        if len(data) > LARGEST_HEADER:
            raise FormatError(f"{source.uri} has no record in its first {len(data):,} bytes: it is damaged, or no VCF")
        step *= 2


def parse_header(uri: str, text: bytes) -> VcfHeader:
    """The record of a header. FormatError when its last line does not name the columns of VCF."""
    at = text.rstrip(b"\r\n").rfind(b"\n") + 1
    line = text[at:].rstrip(b"\r\n")
    line = line.removeprefix(_BOM) if at == 0 else line
    if not line.startswith(b"#") or line.startswith(b"##"):
        raise FormatError(
            f"{uri} is not VCF, or is cut off: the line of column names, which begins with #CHROM, is missing"
        )
    columns = tuple(columns_in(line))
    if columns[: len(FIXED)] != FIXED or (len(columns) > len(FIXED) and columns[len(FIXED)] != "FORMAT"):
        raise FormatError(
            f"{uri} is not VCF: the columns should be #{' '.join(FIXED)} and, with samples, FORMAT, separated by tabs; "
            f"they are {' '.join(columns)[:80]!r}"
        )
    return VcfHeader(len(text), text.count(b"\n") + (not text.endswith(b"\n")), at, columns, text)


def columns_in(line: bytes) -> list[str]:
    """The names in the line of column names, without its #."""
    try:
        names = line.decode("utf-8")
    except UnicodeDecodeError:
        names = line.decode("latin-1")
    return names.removeprefix("\ufeff").removeprefix("#").rstrip("\r\n").split("\t")


def looks_like_vcf(head: bytes) -> float:
    """How sure the bytes that an object begins with make one that it is VCF."""
    head = head.removeprefix(_BOM)
    if head.startswith(b"##fileformat=VCF"):
        return 1.0
    named = b"#CHROM\tPOS\tID\tREF\tALT\t"
    if head.startswith(named):
        return 0.95
    return 0.9 if head.startswith(b"##") and b"\n" + named in head else 0


def _check_beginning(uri: str, data: bytes) -> None:
    if data.startswith(b"\x1f\x8b"):
        raise FormatError(f"{uri} is compressed by gzip; choose the format for compressed VCF")
    if data.startswith(b"BCF"):
        raise FormatError(f"{uri} is BCF, the binary form of VCF: `bcftools view -Oz` makes a VCF of it")
    if not data.removeprefix(_BOM).startswith(b"#"):
        raise FormatError(f"{uri} is not VCF: it should begin with a header line, ##fileformat=VCF...")
    if b"\0" in data:
        raise FormatError(f"{uri} is not VCF: byte {data.find(0):,} is zero, so this is a binary file")
