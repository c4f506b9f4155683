"""Gzip data in many shapes, made for the tests."""

from __future__ import annotations

import random
import struct
import zlib

EOF_BLOCK = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def member(data: bytes, level: int = 6, *, memory: int = 8, strategy: int = 0, flags: int = 0) -> bytes:
    """One member, with the header fields that `flags` asks for; little `memory` makes many small blocks."""
    header = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\xff"
    if flags & 4:
        header += struct.pack("<H", 8) + b"XY\x04\0abcd"
    if flags & 8:
        header += b"name of it.txt\0"
    if flags & 16:
        header += "a comment é".encode("latin-1") + b"\0"
    if flags & 2:
        header += struct.pack("<H", zlib.crc32(header) & 0xFFFF)
    squeeze = zlib.compressobj(level, zlib.DEFLATED, -15, memory, strategy)
    return header + squeeze.compress(data) + squeeze.flush() + trailer(data)


def trailer(data: bytes) -> bytes:
    return struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def bgzf(data: bytes, block: int = 5000, *, end: bool = True) -> bytes:
    """BGZF of blocks of so many plain bytes."""
    parts = []
    for start in range(0, len(data), block):
        plain = data[start : start + block]
        squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = squeeze.compress(plain) + squeeze.flush()
        header = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + struct.pack("<H", len(body) + 25)
        parts.append(header + body + trailer(plain))
    return b"".join(parts) + (EOF_BLOCK if end else b"")


def some_lines(number: int, seed: int = 1) -> bytes:
    """Lines of words and numbers, none alike."""
    chance = random.Random(seed)
    words = ["alpha", "beta", "gamma", "delta", "épsilon", "zeta"]
    lines = [f"{i} {chance.choice(words)} {chance.random():.9f} {chance.choice(words)}" for i in range(number)]
    return ("\n".join(lines) + "\n").encode()
