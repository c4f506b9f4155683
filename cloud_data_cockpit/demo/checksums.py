"""The five checksums of S3: CRC32, CRC32C, CRC64NVME, SHA1, SHA256; and CRCs of joined parts without their bytes."""

from __future__ import annotations

import base64
import hashlib
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")
# name: (width in bits, reflected polynomial)
_CRCS = {"CRC32": (32, 0xEDB88320), "CRC32C": (32, 0x82F63B78), "CRC64NVME": (64, 0x9A6C9329AC4BC9B5)}
# Below this, a plain loop is quicker than bringing numpy in.
_SMALL = 16 * 1024
_BLOCKS = ((4096, 256), (1024, 128), (512, 32))  # lanes, bytes a lane


class Digest(Protocol):
    """What hashlib's objects can do, as far as the service needs it."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def digest(self) -> bytes:
        """The checksum so far, most significant byte first."""


def digest(algorithm: str) -> Digest:
    """A running checksum; algorithm is one of ALGORITHMS."""
    if algorithm == "SHA1":
        return hashlib.sha1(usedforsecurity=False)
    if algorithm == "SHA256":
        return hashlib.sha256()
    return _Zlib() if algorithm == "CRC32" else _Crc(algorithm)


def encode(value: bytes) -> str:
    """A checksum as headers carry it."""
    return base64.b64encode(value).decode("ascii")


class _Zlib:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class _Crc:
    """A reflected CRC with all-ones start and end, as CRC32C and CRC64NVME are."""

    def __init__(self, algorithm: str) -> None:
        self._width, self._polynomial = _CRCS[algorithm]
        self._value = 0

    def update(self, data: bytes) -> None:
        if len(data) >= _SMALL:
            self._value = _vectorised(self._width, self._polynomial, data, self._value)
        else:
            self._value = _plain(self._width, self._polynomial, data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width // 8, "big")


@cache
def _table(polynomial: int) -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
        table.append(value)
    return table


def _plain(width: int, polynomial: int, data: bytes, value: int) -> int:
    ones = (1 << width) - 1
    table = _table(polynomial)
    register = value ^ ones
    for byte in data:
        register = (register >> 8) ^ table[(register ^ byte) & 0xFF]
    return register ^ ones


# Appending zero bits to a message multiplies its CRC register by a matrix over GF(2). Mark Adler's crc32_combine of
# zlib does the same; here for any width. A matrix is a list of columns: matrix[i] is the image of bit i.


def _times(matrix: list[int], vector: int) -> int:
    total = 0
    for column in matrix:
        if not vector:
            break
        if vector & 1:
            total ^= column
        vector >>= 1
    return total


@cache
def _power(width: int, polynomial: int, exponent: int) -> tuple[int, ...]:
    """The matrix of 2**exponent zero bytes."""
    if exponent == 0:
        matrix = [polynomial] + [1 << bit for bit in range(width - 1)]  # one zero bit
        for _ in range(3):
            matrix = [_times(matrix, column) for column in matrix]
        return tuple(matrix)
    half = list(_power(width, polynomial, exponent - 1))
    return tuple(_times(half, column) for column in half)


def _advance(width: int, polynomial: int, register: int, zeros: int) -> int:
    exponent = 0
    while zeros:
        if zeros & 1:
            register = _times(list(_power(width, polynomial, exponent)), register)
        zeros >>= 1
        exponent += 1
    return register


def combine(algorithm: str, first: bytes, second: bytes, second_size: int) -> bytes:
    """The CRC of two byte strings put together, from the CRC of each and the size of the second, bytes."""
    width, polynomial = _CRCS[algorithm]
    shifted = _advance(width, polynomial, int.from_bytes(first, "big"), second_size)
    return (shifted ^ int.from_bytes(second, "big")).to_bytes(width // 8, "big")


@cache
def _wide_table(width: int, polynomial: int) -> NDArray[Any]:
    """The register after two bytes, for each value of the two."""
    import numpy as np

    table = np.array(_table(polynomial), dtype=np.uint32 if width == 32 else np.uint64)
    pairs = np.arange(65536)
    first = table[pairs & 0xFF]
    wide: NDArray[Any] = (first >> 8) ^ table[((first & 0xFF) ^ (pairs >> 8).astype(table.dtype)).astype(np.intp)]
    return wide


@cache
def _shift_tables(width: int, polynomial: int, zeros: int) -> list[NDArray[Any]]:
    """Tables, one a byte of the register, that advance many registers by `zeros` zero bytes at once."""
    import numpy as np

    kind = np.uint32 if width == 32 else np.uint64
    columns = [_advance(width, polynomial, 1 << bit, zeros) for bit in range(width)]
    tables = []
    for byte in range(width // 8):
        entries = [_times(columns[8 * byte : 8 * byte + 8], value) for value in range(256)]
        tables.append(np.array(entries, dtype=kind))
    return tables


def _vectorised(width: int, polynomial: int, data: bytes, value: int) -> int:
    """The CRC of more bytes, by blocks of a few fixed sizes, so that few tables are ever made."""
    start = 0
    for lanes, length in _BLOCKS:
        while len(data) - start >= lanes * length:
            value = _block(width, polynomial, data, start, lanes, length, value)
            start += lanes * length
    return _plain(width, polynomial, data[start:], value)


def _block(width: int, polynomial: int, data: bytes, start: int, lanes: int, length: int, value: int) -> int:
    """The bytes as equal lanes, all advanced together two bytes a step, then joined in pairs."""
    import numpy as np

    ones = (1 << width) - 1
    bulk = np.frombuffer(data, dtype="<u2", count=lanes * length // 2, offset=start).reshape(lanes, length // 2)
    table = _wide_table(width, polynomial)
    registers = np.zeros(lanes, dtype=table.dtype)
    # Each lane starts from zero, the first from the running value: registers are linear, so they can be joined by xor.
    registers[0] = value ^ ones
    for step in np.ascontiguousarray(bulk.T):
        registers = (registers >> 16) ^ table.take((registers & 0xFFFF).astype(np.uint16) ^ step)
    span = length
    while len(registers) > 1:
        left, joined = registers[0::2], registers[1::2].copy()
        for byte, shift in enumerate(_shift_tables(width, polynomial, span)):
            joined ^= shift[((left >> (8 * byte)) & 0xFF).astype(np.intp)]
        registers, span = joined, span * 2
    return int(registers[0]) ^ ones
