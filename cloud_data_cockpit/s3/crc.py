"""CRC32 of byte strings put together, from the CRC32 of each and their sizes, without their bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from functools import lru_cache

try:  # some ten times as fast as zlib's
    from isal.isal_zlib import crc32  # type: ignore[import-not-found,unused-ignore]
except ImportError:  # no wheel for this machine
    from zlib import crc32

__all__ = ["as_header", "combined", "crc32", "from_header", "hexadecimal"]

_POLYNOMIAL = 0xEDB88320
# A CRC register is a vector over GF(2), and further zero bytes multiply it by a matrix: a tuple of 32 columns, of which
# the one at `bit` is what becomes of that bit alone.
_Matrix = tuple[int, ...]


def combined(parts: Iterable[tuple[int, int]]) -> int:
    """The CRC32 (as zlib.crc32 gives it) of byte strings one after another, each given as (its CRC32, its size).

    Method: Mark Adler's crc32_combine of zlib. 10,000 parts of one size take some 0.1 s.
    """
    total = 0
    for crc, size in parts:
        total = _times(_zeros(size), total) ^ crc
    return total


def hexadecimal(crc: int) -> str:
    """As receipts and X-Part-Crc32 carry it: 8 digits."""
    return f"{crc:08x}"


def as_header(crc: int) -> str:
    """As S3 carries it: big-endian, in base64."""
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


def from_header(value: str) -> int | None:
    """The reverse of `as_header`; None for anything else, such as a checksum of checksums ("...-3")."""
    try:
        raw = base64.b64decode(value, validate=True)
    except ValueError:
        return None
    return int.from_bytes(raw, "big") if len(raw) == 4 else None


def _times(matrix: _Matrix, vector: int) -> int:
    product = 0
    for column in matrix:
        if not vector:
            break
        if vector & 1:
            product ^= column
        vector >>= 1
    return product


@lru_cache(maxsize=256)
def _zeros(count: int) -> _Matrix:
    """The matrix of `count` zero bytes, by squaring."""
    result: _Matrix = tuple(1 << bit for bit in range(32))
    power = _one_zero_byte()
    while count:
        if count & 1:
            result = tuple(_times(power, column) for column in result)
        power = tuple(_times(power, column) for column in power)
        count >>= 1
    return result


def _one_zero_byte() -> _Matrix:
    matrix: _Matrix = (_POLYNOMIAL, *(1 << bit for bit in range(31)))  # one zero bit
    for _ in range(3):
        matrix = tuple(_times(matrix, column) for column in matrix)
    return matrix
