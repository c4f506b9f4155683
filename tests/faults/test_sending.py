"""Uploads under faults: what arrives is exact or does not arrive, and no part of it is left over."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit import upload
from cloud_data_cockpit.errors import CockpitError, Exists
from cloud_data_cockpit.s3 import sending, uploads, whole
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.items import BytesItem
from cloud_data_cockpit.s3.sending import Sending
from tests.s3.test_sending import Book, Told

MIB = 1 << 20
OLD = b"what was there before"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of the smallest size that S3 has, and objects above 1 MiB go in parts."""
    monkeypatch.setattr(uploads, "SMALLEST_PART", 5 * MIB)
    monkeypatch.setattr(sending, "MOST_BYTES", MIB)
    monkeypatch.setattr(whole, "_honours", {})


def bytes_of(seed: int, least: int, most: int) -> bytes:
    chance = random.Random(seed)
    return chance.randbytes(chance.randrange(least, most))


@pytest.mark.parametrize("seed", [*range(1, 31), *range(181, 191)])
def test_a_small_object(
    seed: int, flaky: Connection, box: str, troubled: Any, clean: Any, read: Any, boto: Any
) -> None:
    data = bytes_of(seed, 0, MIB)
    before = OLD if seed % 5 == 0 else None
    if before is not None:
        boto.put_object(Bucket=box, Key="a b/ä.bin", Body=before)
    error = troubled(seed, lambda: upload(data, f"s3://{box}/a b/ä.bin", flaky, overwrite=seed % 2 == 0))
    expected = {"a b/ä.bin": data}
    if error is None:
        assert read(box) == expected
    else:
        assert read(box) in (expected, {} if before is None else {"a b/ä.bin": before})
    if seed % 3:
        refused = before is not None and seed % 2
        assert type(error) is (Exists if refused else type(None)), error
    clean(box)


@pytest.mark.parametrize("seed", range(31, 66))
def test_an_object_in_parts(
    seed: int, flaky: Connection, box: str, troubled: Any, clean: Any, read: Any, tmp_path: Path
) -> None:
    data = bytes_of(seed, 5 * MIB - 5, 12 * MIB)
    path = tmp_path / "data.bin"
    path.write_bytes(data)
    told: list[tuple[int, int]] = []
    error = troubled(seed, lambda: upload(path, f"s3://{box}/in/", flaky, lambda *at: told.append(at)))
    if error is None:
        assert read(box) == {"in/data.bin": data}
        assert told[-1] == (len(data), len(data))
    else:
        assert read(box) in ({}, {"in/data.bin": data})
    assert seed % 3 == 0 or error is None, error
    clean(box)


@pytest.mark.parametrize("seed", range(66, 81))
def test_many_objects_that_go_on(
    seed: int, flaky: Connection, box: str, troubled: Callable[..., CockpitError | None], clean: Any, read: Any
) -> None:
    """A sending that an error ends is taken up again, as its job is; each object is there once and exact."""
    items = [BytesItem(f"run/{n}", bytes_of(seed * 100 + n, 0, 200_000), f"stamp {n}") for n in range(9)]
    items.append(BytesItem("run/large", bytes_of(seed, 5 * MIB, 7 * MIB), "stamp"))
    book, expected = Book(), {item.key: bytes(item.content) for item in items}

    def send() -> None:
        Sending(flaky, box, Told(), book, "replace").run(iter(items))

    error = troubled(seed, send)
    found = read(box)
    assert found == {key: data for key, data in expected.items() if key in found}
    if error is not None:
        send()
    assert read(box) == expected
    assert book.open_uploads() == []
    assert seed % 3 == 0 or error is None, error
    clean(box)
