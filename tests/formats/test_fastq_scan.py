"""The fast scan of FASTQ marks the reads that the walk of its lines marks."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cloud_data_cockpit.formats import fastq_scan
from cloud_data_cockpit.formats.fastq_scan import FastqJoin, FastqScan, scan_bytes, scan_fastq
from cloud_data_cockpit.source import MemorySource

from .conformance import ignore


def made(seed: int) -> bytes:
    """Reads with what could be taken for the beginning of one, some wrapped or blank, line ends of either kind."""
    chance = random.Random(seed)
    end = chance.choice(("\n", "\n", "\r\n"))
    odd = chance.choice((0.0, 0.0, 0.02))
    lines: list[str] = []
    for i in range(chance.randint(1, 900)):
        length = chance.choice((0, 1, 36, 36, 36, 150))
        bases = "".join(chance.choices("ACGTN", k=length))
        quality = "".join(chance.choices("@+F:I>", k=length))
        lines += [f"@r{i}" + chance.choice(("", " é", " 1:N:0"))]
        cut = length // 2 if length > 1 and chance.random() < odd else 0
        lines += [bases[:cut], bases[cut:], "+", quality[:cut], quality[cut:]] if cut else [bases, "+", quality]
    return (end.join(lines) + end).encode()


def scanned(data: bytes, block_size: int) -> FastqScan:
    return scan_fastq(MemorySource(data), 0, len(data), ignore, run=map, block_size=block_size)


def same(one: FastqScan, other: FastqScan) -> None:
    assert (one.reads, one.wrapped, one.encoding) == (other.reads, other.wrapped, other.encoding)
    assert np.array_equal(one.offsets, other.offsets)
    assert np.array_equal(one.ordinals, other.ordinals)


@pytest.mark.parametrize("shift", [0, 6, 10])
@pytest.mark.parametrize("seed", range(12))
def test_marks_are_those_of_the_walk(seed: int, shift: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(seed)
    monkeypatch.setattr(fastq_scan, "first_shift", lambda size: shift)
    fast = [scanned(data, block_size) for block_size in (700, 4096, 20_011, 1 << 20)]
    never: Callable[..., bool] = lambda *_: False  # noqa: E731
    monkeypatch.setattr(FastqJoin, "_add_checked", never)
    walked = scanned(data, 4096)
    for found in fast:
        same(found, walked)


@pytest.mark.parametrize("strange", [b"\0", "é".encode(), b"\xff", b"\x7f", b"\x80"])
@pytest.mark.parametrize("place", [0, 1, 2000, -1])
def test_bytes_that_are_zero_or_not_ascii_are_seen_wherever_they_stand(strange: bytes, place: int) -> None:
    data: Any = bytearray(b"@name\nACGT\n+\nFFFF\n" * 300)
    at = place % len(data)
    data[at : at + 1] = strange
    block = scan_bytes(bytes(data), 1000, 4)
    assert block.null == (1000 + at if strange == b"\0" else -1)
    assert block.proof.plain == data.isascii()
