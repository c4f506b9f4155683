"""Lines in bytes: where they begin, counts between them, and the blocks of an object walked in order."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..in_order import in_order
from ..source import Range, Source, blocks
from .base import Report, Run

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Units = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.uint32]
R = TypeVar("R")

NEWLINE, RETURN = 10, 13
# A compare and its result stay in the processor's cache; so do the passes over a piece of a block.
CHUNK = 1 << 18
PIECE = 1 << 19


def positions(units: Units, value: int) -> Ints:
    """Where `value` stands in `units`, ascending."""
    found: list[Ints] = []
    rare = True
    for i in range(0, len(units), CHUNK):
        mask = units[i : i + CHUNK] == value
        part = _rare_places(mask) if rare else None
        if part is None:
            rare, part = False, np.flatnonzero(mask)
        part += i
        found.append(part)
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _rare_places(mask: Bools) -> Ints | None:
    """Where `mask` is true, by a bit for each place; None where two are in one word, as in short lines."""
    packed = np.packbits(mask, bitorder="little")
    words = packed if len(packed) % 8 == 0 else np.append(packed, np.zeros(-len(packed) % 8, np.uint8))
    words = words.view("<u8")
    at = np.flatnonzero(words != 0)
    held = words[at]
    below = held - np.uint64(1)
    if bool((held & below).any()):
        return None
    at <<= 6
    at += _bit_count(below)
    return at


def count(units: Units, value: int) -> int:
    """How often `value` stands in `units`."""
    return sum(int(np.count_nonzero(units[i : i + CHUNK] == value)) for i in range(0, len(units), CHUNK))


def line_starts(units: Units, newline: int = NEWLINE, carriage: int = RETURN) -> Ints:
    """Places in `units`, 0 left out, at which a line begins: after a newline, or a carriage return without one.

    A return that ends `units` begins no line here: what follows it decides.
    """
    ends = positions(units, newline)
    starts = ends + 1
    returns = count(units, carriage)
    if returns and returns != _paired(units, ends, carriage):
        at = positions(units, carriage)
        at = at[at + 1 < len(units)]
        lone = at[units[at + 1] != newline] + 1
        starts = np.sort(np.concatenate((starts, lone)))
    return starts[:-1] if len(starts) and starts[-1] == len(units) else starts


def _paired(units: Units, ends: Ints, carriage: int) -> int:
    inner = ends[1:] if len(ends) and ends[0] == 0 else ends
    return int(np.count_nonzero(units[inner - 1] == carriage))


def counts_between(units: NDArray[np.uint8], value: int, edges: Ints) -> Ints:
    """How often the byte `value` stands in each [edges[i], edges[i + 1]); edges ascend and lie within `units`.

    A bit for each byte, and the running sum of the bits of 64: more than twice as fast as `reduceat`.
    """
    bits = np.zeros(len(units) // 64 * 8 + 8, dtype=np.uint8)
    for i in range(0, len(units), CHUNK):
        packed = np.packbits(units[i : i + CHUNK] == value, bitorder="little")
        bits[i // 8 : i // 8 + len(packed)] = packed
    words = bits.view("<u8")
    running = np.zeros(len(words), dtype=np.int64)
    np.cumsum(_bit_count(words[:-1]), out=running[1:])
    word, within = edges >> 6, (edges & 63).astype(np.uint64)
    below = words[word] & ((np.uint64(1) << within) - np.uint64(1))
    between: Ints = np.diff(running[word] + _bit_count(below))
    return between


def _bit_count(words: NDArray[np.uint64]) -> Ints:
    if hasattr(np, "bitwise_count"):
        bits: Ints = np.bitwise_count(words).astype(np.int64)
        return bits
    # Before numpy 2.
    pairs = words - ((words >> np.uint64(1)) & np.uint64(0x5555555555555555))
    fours = (pairs & np.uint64(0x3333333333333333)) + ((pairs >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bytes_ = (fours + (fours >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    counts: Ints = ((bytes_ * np.uint64(0x0101010101010101)) >> np.uint64(56)).astype(np.int64)
    return counts


def starts_of_lines(data: bytes) -> Ints:
    """Where the lines of `data` begin, lines that end with a newline; its first byte begins one."""
    ends = positions(np.frombuffer(data, dtype=np.uint8), NEWLINE)
    starts = np.concatenate(([0], ends + 1))
    return starts[:-1] if starts[-1] == len(data) else starts


def scan_blocks(
    scan: Callable[[Range], R], start: int, stop: int, report: Report, total: int, *, run: Run, block_size: int
) -> Iterator[R]:
    """What `scan` found in each block of [start, stop), in order; progress is told after each has been used."""
    pieces = BlockList(start, stop, block_size)
    done = start
    for block, found in zip(pieces, run(scan, pieces), strict=True):
        yield found
        done += block[1]
        report(done, total)


class BlockList(Iterable[Range]):
    """(offset, length) of consecutive blocks; it may be walked more than once and holds none of them."""

    def __init__(self, start: int, stop: int, block_size: int) -> None:
        self._bounds = (start, stop, block_size)

    def __iter__(self) -> Iterator[Range]:
        return blocks(*self._bounds)


def text_lines(
    pieces: Iterable[bytes], decoder: codecs.IncrementalDecoder | io.IncrementalNewlineDecoder
) -> Iterator[str]:
    """The lines of a text that comes in pieces, without the newlines that end them."""
    rest: list[str] = []
    for text in chain((decoder.decode(piece) for piece in pieces), (decoder.decode(b"", True) for _ in "1")):
        first, *others = text.split("\n")
        rest.append(first)
        for following in others:
            yield "".join(rest)
            rest = [following]
    if last := "".join(rest):
        yield last


def lists_of_lines(
    pieces: Iterable[bytes], decoder: codecs.IncrementalDecoder | io.IncrementalNewlineDecoder
) -> Iterator[list[str]]:
    """What `text_lines` gives, without the returns that end them, a list for each piece."""
    rest = ""
    for text in chain((decoder.decode(piece) for piece in pieces), (decoder.decode(b"", True) for _ in "1")):
        lines = text.split("\n")
        if len(lines) == 1:
            rest += text
            continue
        lines[0] = rest + lines[0]
        rest = lines.pop()
        yield [line.removesuffix("\r") for line in lines] if "\r" in text or lines[0].endswith("\r") else lines
    if rest:
        yield [rest.removesuffix("\r")]


def read_blocks(source: Source, start: int, stop: int, block_size: int) -> Iterator[bytes]:
    """The bytes [start, stop), a block at a time; the next one is read while the caller works on one."""
    if stop - start <= block_size:
        if stop > start:
            yield source.read(start, stop - start)
        return
    yield from in_order(lambda block: source.read(*block), blocks(start, stop, block_size), 1, "read-block")
