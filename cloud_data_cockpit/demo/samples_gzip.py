"""Small samples of compressed text: one gzip member, and BGZF (reads of a sequencer, variants of a cohort)."""

from __future__ import annotations

import gzip
import random
import struct
import zlib

import numpy as np

_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_BLOCK = 65_280
_CHR6 = 170_805_979
_CENTROMERE = (58_500_000, 62_600_000)


def gzip_sample() -> dict[str, bytes]:
    """Key below the demo bucket -> content: a log as gzip writes it, reads and variants as bgzip writes them."""
    return {
        "logs/requests.txt.gz": request_log_gz(),
        "sequences/reads.fastq.gz": reads_bgzf(),
        "variants/cohort.vcf.gz": cohort_vcf_bgzf(),
    }


def request_log_gz(lines: int = 40_000) -> bytes:
    """A made-up log of requests, one line each; one gzip member."""
    chance = random.Random(11)
    paths = ("/", "/maps/tiles", "/search?q=größe", "/reads/7", "/export.csv")
    text = "".join(
        f"2024-03-{1 + i * 28 // lines:02d} 10.0.{chance.randint(0, 255)}.{chance.randint(1, 254)} "
        f"GET {chance.choice(paths)} {chance.choice((200, 200, 200, 304, 404, 500))} {chance.randint(80, 90_000)}\n"
        for i in range(lines)
    )
    return gzip.compress(text.encode(), mtime=0)


def reads_bgzf(reads: int = 8_000, length: int = 100, seed: int = 12) -> bytes:
    """Made-up reads whose qualities (Phred + 33) fall along the read; a fifth is of a second organism, rich in GC."""
    chance = np.random.default_rng(seed)
    along = np.arange(length) / length
    expected = 37 - 15 * along**2 - 4 * np.exp(-length * along / 3)
    scores = expected + chance.normal(0, 2, (reads, 1)) + chance.normal(0, 3, (reads, length))
    quality = (np.rint(scores).clip(2, 41) + 33).astype(np.uint8)
    rich = chance.random(reads) < 0.2
    gc = np.where(rich, chance.normal(0.64, 0.02, reads), chance.normal(0.41, 0.02, reads))[:, None]
    drawn = chance.random((reads, length))
    which = np.select([drawn < gc / 2, drawn < gc, drawn < (1 + gc) / 2], [0, 1, 2], 3)
    bases = np.frombuffer(b"GCAT", np.uint8)[which]
    bases[quality == 2 + 33] = ord("N")
    records = [
        b"@demo.%d made-up read\n%b\n+\n%b\n" % (number, row.tobytes(), marks.tobytes())
        for number, (row, marks) in enumerate(zip(bases, quality, strict=True), 1)
    ]
    return _bgzf(b"".join(records))


def cohort_vcf_bgzf(records: int = 16_000, seed: int = 6) -> bytes:
    """Made-up variants of chromosome 6: none in the centromere, many in the MHC, rare ones more than common ones."""
    chance = np.random.default_rng(seed)
    at = np.unique(
        np.concatenate(
            [
                chance.integers(60_000, _CHR6 - 60_000, records * 7 // 8),
                chance.normal(31_500_000, 1_200_000, records // 8).astype(np.int64),
            ]
        )
    )
    at = at[(at < _CENTROMERE[0]) | (at > _CENTROMERE[1])]
    common = chance.beta(0.4, 2.5, len(at)).clip(0.001, 0.999)
    quality, depth = chance.integers(12, 99, len(at)), chance.integers(60, 400, len(at))
    calls = (chance.random((len(at), 6)) < common[:, None]).astype(int)
    lines = [
        "##fileformat=VCFv4.3",
        "##source=cloud-data-cockpit demo",
        f"##contig=<ID=chr6,length={_CHR6},assembly=GRCh38>",
        '##INFO=<ID=DP,Number=1,Type=Integer,Description="Total depth">',
        '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tanna\tben\tcleo",
    ]
    pairs = [(ref, alt) for ref in "ACGT" for alt in "ACGT" if ref != alt]
    for row, kind in enumerate(chance.integers(0, len(pairs), len(at))):
        ref, alt = pairs[kind]
        a, b, c, d, e, f = calls[row]
        lines.append(
            f"chr6\t{at[row]}\t.\t{ref}\t{alt}\t{quality[row]}\tPASS\tDP={depth[row]};AF={common[row]:.3f}\tGT\t"
            f"{a}/{b}\t{c}/{d}\t{e}/{f}"
        )
    return _bgzf("".join(line + "\n" for line in lines).encode())


def _bgzf(plain: bytes) -> bytes:
    """BGZF blocks with the empty one at the end."""
    return b"".join(_block(plain[at : at + _BLOCK]) for at in range(0, len(plain), _BLOCK)) + _BGZF_END


def _block(plain: bytes) -> bytes:
    squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = squeeze.compress(plain) + squeeze.flush()
    head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + struct.pack("<H", len(body) + 25)
    return head + body + struct.pack("<II", zlib.crc32(plain), len(plain))
