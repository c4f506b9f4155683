"""Gzip data in many shapes, and what turns the tests of a plain format into those of the same over gzip."""

from __future__ import annotations

import gzip
import random
import struct
import zlib
from collections.abc import Mapping
from typing import Any, ClassVar

from cloud_data_cockpit.formats.base import Format

from .conformance import SMALL_EXAMPLE, FormatConformance

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


def plain_of(data: bytes) -> bytes:
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


class OverGzip(FormatConformance):
    """Stands before the test class of a plain format: the same promises over the same data, compressed."""

    ranges_overlap = True
    largest_pickle = 64 << 10
    format: ClassVar[type[Format]]

    def make(self) -> Format:
        return self.format()

    def examples(self) -> Mapping[str, bytes]:
        """The small examples of the plain format and its largest, in every shape."""
        plain = super().examples()
        largest = max(plain, key=lambda name: len(member(plain[name])))
        made = {f"{largest}.gz": member(plain[largest], memory=1), f"{largest}.bgz": bgzf(plain[largest], 4000)}
        small = [name for name, data in plain.items() if len(data) <= SMALL_EXAMPLE and name != largest]
        for i, name in enumerate(small[:6]):
            data = plain[name]
            made[f"{name}.gz"] = [member(data), bgzf(data, 500), member(data[:50]) + member(data[50:])][i % 3]
        return made

    def reference(self, data: bytes) -> list[Any]:
        return super().reference(plain_of(data))

    def body(self, data: bytes) -> bytes:
        return super().body(plain_of(data))

    def damaged(self) -> Mapping[str, bytes]:
        """What is damaged inside, and the good examples cut off, changed, or with something behind."""
        inside = {f"{name}.gz": member(data) for name, data in super().damaged().items()}
        good = self.examples()
        cut = {f"cut {name}": data[:-30] for name, data in good.items()}
        return inside | cut | {f"more {name}": data + b"more" for name, data in good.items()}
