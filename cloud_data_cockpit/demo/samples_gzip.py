"""Small samples of compressed text: one gzip member, and BGZF."""

from __future__ import annotations

import gzip
import random
import struct
import zlib

_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_BLOCK = 65_280


def gzip_sample() -> dict[str, bytes]:
    """Key below the demo bucket -> content: a log as gzip writes it, and reads as bgzip writes them."""
    return {"logs/requests.txt.gz": request_log_gz(), "sequences/reads.fastq.gz": reads_bgzf()}


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


def reads_bgzf(reads: int = 8_000, length: int = 100) -> bytes:
    """Made-up reads with falling qualities, in BGZF blocks with the empty one at the end."""
    chance = random.Random(12)
    records = []
    for number in range(1, reads + 1):
        bases = "".join(chance.choices("ACGT", k=length))
        quality = "".join(chance.choices("IIIIHGF@#", k=length))
        records.append(f"@demo.{number} made-up read\n{bases}\n+\n{quality}\n")
    plain = "".join(records).encode()
    return b"".join(_block(plain[at : at + _BLOCK]) for at in range(0, len(plain), _BLOCK)) + _BGZF_END


def _block(plain: bytes) -> bytes:
    squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = squeeze.compress(plain) + squeeze.flush()
    head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + struct.pack("<H", len(body) + 25)
    return head + body + struct.pack("<II", zlib.crc32(plain), len(plain))
