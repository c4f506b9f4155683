"""Words for contents that no format reads: what the bytes are, and what to do with them instead."""

from __future__ import annotations

import zlib

_GZIP = b"\x1f\x8b"
_TAR_AT = 257
_UNPACK = "decompress it, or compress it with gzip or bgzip instead"
_SIGNATURES = (
    (b"BCF", "BCF, the binary form of VCF: `bcftools view -Oz` makes a VCF of it, which can be cut"),
    (b"BAM\1", "BAM (aligned reads), which is not cut here: `samtools fastq` makes FASTQ of it"),
    (b"CRAM", "CRAM (aligned reads), which is not cut here: `samtools fastq` makes FASTQ of it"),
    (b"TBI\1", "an index of tabix: choose the object that it belongs to"),
    (b"CSI\1", "an index of bcftools or samtools: choose the object that it belongs to"),
    (b"PK\3\4", "a ZIP archive, as XLSX and NPZ are too: take out what is in it"),
    (b"BZh", f"compressed by bzip2: {_UNPACK}"),
    (b"\xfd7zXZ\0", f"compressed by xz: {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"compressed by Zstandard: {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: take out what is in it"),
    (b"PAR1", "Parquet, which is not cut here: pyarrow reads its row groups one by one"),
    (b"\x89HDF\r\n\x1a\n", "HDF5 (NetCDF 4, too), which is not cut here"),
    (b"SQLite format 3\0", "an SQLite database, which is not cut here"),
)


def words_for(head: bytes) -> str | None:
    """What an object that begins with `head` is, and what to do with it; None when it has no signature known here."""
    if not head.startswith(_GZIP):
        return _words_for_plain(head)
    try:
        plain = zlib.decompressobj(wbits=31).decompress(head, len(head))
    except zlib.error as error:
        return f"gzip that is damaged near its beginning ({error}): upload or download it again"
    if plain.startswith(_GZIP):
        return "compressed by gzip twice: decompress it once"
    found = _words_for_plain(plain)
    return f"gzip, and in it is {found}" if found and not plain.startswith((b"BCF", b"BAM")) else found


def _words_for_plain(head: bytes) -> str | None:
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return "a tar archive: take out what is in it"
    return next((words for signature, words in _SIGNATURES if head.startswith(signature)), None)
