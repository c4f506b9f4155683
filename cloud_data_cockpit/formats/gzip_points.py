"""Access points of a gzip object: kept in arrays, and found by searching for the start of a deflate block.

Neither zlib nor isal tells Python where a block begins. So the bits are searched for what can be the header of one
(the method of rapidgzip: Knespel and Brunst, HPDC 2023), and a find counts only when decoding from there, with the
32 KiB before it, gives the very bytes that the decoder from the beginning gave.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .gzip_members import WINDOW, Point, engine

PROVED = 16 << 10
"""Compressed bytes that must decode alike before a block start is believed."""

_SEGMENT = 8 << 10
_PROBE = 256
_SECOND_PROBE = 4 << 10
_MOST_PROBES = 20_000
_NO_WINDOW = bytes(WINDOW)
_LONGEST_BLOCK_HEADER = 24
_CODE_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)


class Points:
    """Access points in ascending order, as the arrays that an index holds; the first is the beginning of the object."""

    def __init__(
        self,
        bits: NDArray[np.int64],
        plain: NDArray[np.int64],
        window_ends: NDArray[np.int64],
        windows: NDArray[np.uint8],
        until: Sequence[int] | None = None,
    ) -> None:
        self.bits = bits
        self.plain = plain
        self._ends = window_ends
        self._windows = windows
        self._until = until

    @classmethod
    def of(cls, points: Sequence[Point]) -> Points:
        """Arrays of these points; their windows are compressed."""
        packed = [None if point.window is None else engine().pack(point.window) for point in points]
        return cls.packed([(point.bits, point.plain, window) for point, window in zip(points, packed, strict=True)])

    @classmethod
    def packed(cls, points: Sequence[tuple[int, int, bytes | None]], until: Sequence[int] | None = None) -> Points:
        """Arrays of (bits, plain, compressed window or None where a member begins).

        `until` gives for each point the compressed byte up to which it is wanted, 0 where that is not known.
        """
        windows = [window for _, _, window in points]
        ends = np.cumsum([len(window or b"") for window in windows])
        return cls(
            np.array([bits for bits, _, _ in points], dtype=np.int64),
            np.array([plain for _, plain, _ in points], dtype=np.int64),
            np.where([window is None for window in windows], -1, ends).astype(np.int64),
            np.frombuffer(b"".join(window or b"" for window in windows), dtype=np.uint8),
            until,
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Points:
        return cls(
            arrays["bits"].astype(np.int64),
            arrays["plain"].astype(np.int64),
            arrays["window_ends"].astype(np.int64),
            arrays["windows"].astype(np.uint8),
        )

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        return {"bits": self.bits, "plain": self.plain, "window_ends": self._ends, "windows": self._windows}

    def __len__(self) -> int:
        return len(self.bits)

    def before(self, plain: int) -> int:
        """Number of the last point at or before this plain byte."""
        return max(0, int(np.searchsorted(self.plain, plain, side="right")) - 1)

    def end(self, number: int, plain: int, size: int) -> int:
        """A compressed byte, of `size`, before which all plain bytes below `plain` end; 0 when that is not known.

        `number` is the point from which decoding begins.
        """
        most = size if self._until is None else self._until[number]
        after = int(np.searchsorted(self.plain, plain, side="left"))
        return min(most, int(self.bits[after] + 7) >> 3) if 0 < after < len(self) else most

    def point(self, number: int) -> Point:
        packed = self.packed_window(number)
        window = None if packed is None else zlib.decompress(packed)
        return Point(int(self.bits[number]), int(self.plain[number]), window)

    def packed_window(self, number: int) -> bytes | None:
        """The window of a point, compressed by zlib; None where a member begins."""
        end = int(self._ends[number])
        if end < 0:
            return None
        start = int(self._ends[:number].max(initial=0))
        return self._windows[start:end].tobytes()


# --- entering the bit stream ---------------------------------------------------------------------


def primed(skip: int, first: int) -> bytes:
    """What to feed a decoder in place of byte `first`, so that it starts at bit `skip` of it.

    It is a chain of empty deflate blocks of as many bits (modulo 8) as are to be left out, then the rest of `first`.
    Shifting all the data instead would break stored blocks, which are aligned to bytes.
    """
    if skip == 0:
        return bytes((first,))
    prefix = _empty_blocks()[skip]
    return prefix[:-1] + bytes((prefix[-1] | first >> skip << skip,))


@cache
def _empty_blocks() -> tuple[bytes, ...]:
    """For each number of bits 0..7: deflate blocks that hold nothing and are so long, modulo 8."""
    fixed = [0, 1, 0, *[0] * 7]
    dynamic = [0, 0, 1, *_bits(0, 5), *_bits(1, 5), *_bits(15, 4)]
    for symbol in _CODE_ORDER:
        dynamic += _bits(1 if symbol in (1, 18) else 0, 3)
    # Literal 0, end of block and two distances have codes of one bit; 255 literals between have none.
    dynamic += [0, 1, *_bits(138 - 11, 7), 1, *_bits(117 - 11, 7), 0, 0, 0, 1]
    chains: list[bytes] = []
    for length in range(8):
        bits = list(dynamic) if length % 2 else []
        while len(bits) % 8 != length:
            bits += fixed
        chains.append(sum(bit << i for i, bit in enumerate(bits)).to_bytes((len(bits) + 7) // 8, "little"))
    return tuple(chains)


def _bits(value: int, length: int) -> list[int]:
    return [value >> i & 1 for i in range(length)]


# --- finding a block -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Passage:
    """A stretch of one member as it was decoded, to look for a block start in.

    `data` are the compressed bytes from `offset` on, `ends` pairs of a compressed offset and the plain offset that
    all bits before it gave, `plain` the plain bytes from `plain_offset` on; none of them belong to a member before.
    """

    offset: int
    data: bytes
    ends: Sequence[tuple[int, int]]
    plain: bytes
    plain_offset: int
    member_plain: int


def find_point(passage: Passage) -> Point | None:
    """The first place in the passage where a deflate block begins, proved by decoding; None when there is none."""
    probes = 0
    for bit in _candidates(passage.data):
        probes += 1
        if probes > _MOST_PROBES:
            return None
        if not (_decodes(passage.data, bit, _PROBE, _PROBE) and _decodes(passage.data, bit, _SECOND_PROBE, 1 << 16)):
            continue
        point = _proved(passage, bit)
        if point is not None:
            return point
    return None


def _proved(passage: Passage, bit: int) -> Point | None:
    at = passage.offset + (bit >> 3)
    proof = at + PROVED + _stored_length(passage.data, bit)
    end, plain_end = next((pair for pair in passage.ends if pair[0] >= proof), (0, 0))
    if end == 0:
        return None
    length = end - at
    blind = _decoded(passage.data, bit, length, _NO_WINDOW)
    if not blind:
        return None
    plain = plain_end - len(blind)
    first = max(passage.member_plain, plain - WINDOW)
    if first < passage.plain_offset or plain < passage.member_plain:
        return None
    start = plain - passage.plain_offset
    window = passage.plain[first - passage.plain_offset : start]
    if _decoded(passage.data, bit, length, window) != passage.plain[start : plain_end - passage.plain_offset]:
        return None
    return Point(passage.offset * 8 + bit, plain, window)


def _stored_length(data: bytes, bit: int) -> int:
    """Bytes of a stored block that begins at `bit`. Within stored data a false one decodes alike up to its end."""
    at = bit >> 3
    if data[at] >> (bit & 7) & 6:
        return 0
    return int.from_bytes(data[at + 1 : at + 3], "little")


def _decodes(data: bytes, bit: int, length: int, most: int) -> bool:
    return _decoded(data, bit, length, _NO_WINDOW, most) is not None


def _decoded(data: bytes, bit: int, length: int, window: bytes, most: int = 64 << 20) -> bytes | None:
    """Plain bytes of `length` compressed ones from `bit` on (`most` of them); None if they are wrong or end there."""
    at = bit >> 3
    inflate = engine().inflate(window)
    try:
        plain = inflate.decompress(primed(bit & 7, data[at]) + data[at + 1 : at + length], most)
    except engine().error:
        return None
    return None if inflate.eof else plain


def _candidates(data: bytes) -> Iterator[int]:
    """Bits of `data`, ascending, at which the header of a dynamic or a stored block may stand."""
    held = np.frombuffer(data + bytes(_LONGEST_BLOCK_HEADER), dtype=np.uint8)
    for start in range(0, len(data), _SEGMENT):
        length = min(_SEGMENT, len(data) - start)
        part = held[start : start + length + _LONGEST_BLOCK_HEADER]
        found = np.concatenate([_dynamic(part, length), _stored(part, length)])
        found.sort()
        yield from (found + start * 8).tolist()


def _dynamic(part: NDArray[np.uint8], length: int) -> NDArray[np.int64]:
    """Bits where a header of a dynamic block has possible counts and a complete code for the code lengths."""
    heads = np.ndarray((length, 1), np.dtype("<u4"), part.data, 0, (1, 1)) >> np.arange(8, dtype=np.uint32)
    bits = np.flatnonzero(_possible()[heads & np.uint32(8191)])
    words = np.ndarray((length + 10,), np.dtype("<u8"), part.data, 0, (1,))
    codes = (words[bits >> 3] >> (bits & 7).astype(np.uint64) >> np.uint64(13) & np.uint64(15)) + np.uint64(4)
    after = bits + 17
    lengths = words[after >> 3] >> (after & 7).astype(np.uint64)
    lengths &= (np.uint64(1) << codes * np.uint64(3)) - np.uint64(1)
    kraft = np.zeros(len(bits), dtype=np.int32)
    for four in range(5):
        kraft += _kraft()[(lengths >> np.uint64(12 * four) & np.uint64(4095)).astype(np.intp)]
    complete: NDArray[np.int64] = bits[kraft == 128]
    return complete


@cache
def _possible() -> NDArray[np.bool_]:
    """For 13 bits: whether a dynamic block, not the last, of at most 286 literals and 30 distances begins so."""
    head = np.arange(1 << 13)
    possible: NDArray[np.bool_] = (head & 7 == 4) & (head >> 3 & 31 < 30) & (head >> 8 < 30)
    return possible


@cache
def _kraft() -> NDArray[np.int32]:
    """For four code lengths of three bits each: the part of 128 codes that they take up."""
    share = np.array([0, 64, 32, 16, 8, 4, 2, 1], dtype=np.int32)
    packed = np.arange(4096)
    kraft: NDArray[np.int32] = np.sum([share[packed >> 3 * i & 7] for i in range(4)], axis=0, dtype=np.int32)
    return kraft


def _stored(part: NDArray[np.uint8], length: int) -> NDArray[np.int64]:
    """Bits where three zeros stand before a length and its complement."""
    words = np.ndarray((length,), np.dtype("<u4"), part.data, 1, (1,))
    fits = ((words ^ words >> np.uint32(16)) & np.uint32(0xFFFF) == 0xFFFF) & (part[:length] < 32)
    return np.flatnonzero(fits) * 8 + 5
