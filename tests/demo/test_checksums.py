"""Checksums: the published check values, any splitting of the bytes, and joining without them."""

from __future__ import annotations

import hashlib
import random
import zlib

import pytest

from cloud_data_cockpit.demo.checksums import ALGORITHMS, combine, digest

# The check values of the CRC catalogue for the nine bytes "123456789".
CHECK = {"CRC32": "cbf43926", "CRC32C": "e3069283", "CRC64NVME": "ae8b14860a799888"}
CRCS = tuple(CHECK)
DATA = random.Random(7).randbytes(1_400_003)


def of(algorithm: str, *blocks: bytes) -> bytes:
    running = digest(algorithm)
    for block in blocks:
        running.update(block)
    return running.digest()


@pytest.mark.parametrize("algorithm", CRCS)
def test_published_check_values(algorithm: str) -> None:
    assert of(algorithm, b"123456789").hex() == CHECK[algorithm]
    assert set(of(algorithm)) == {0}


def test_those_of_the_standard_library_agree() -> None:
    assert of("CRC32", DATA) == zlib.crc32(DATA).to_bytes(4, "big")
    assert of("SHA1", DATA) == hashlib.sha1(DATA).digest()
    assert of("SHA256", DATA) == hashlib.sha256(DATA).digest()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("cut", [0, 1, 16_383, 16_385, 131_072, 1_048_576, 1_400_002])
def test_blocks_of_any_size_give_the_same(algorithm: str, cut: int) -> None:
    small = [DATA[start : start + 10_007] for start in range(0, len(DATA), 10_007)]  # the plain loop
    assert of(algorithm, DATA[:cut], DATA[cut:]) == of(algorithm, *small)


@pytest.mark.parametrize("algorithm", CRCS)
@pytest.mark.parametrize("cut", [0, 1, 4096, 99_999, 100_000])
def test_joined_from_the_checksums_of_two_parts(algorithm: str, cut: int) -> None:
    first, second = DATA[:cut], DATA[cut:100_000]
    assert combine(algorithm, of(algorithm, first), of(algorithm, second), len(second)) == of(algorithm, first, second)
