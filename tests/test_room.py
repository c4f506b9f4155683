"""Room that is written in pieces and taken as bytes."""

from __future__ import annotations

import pytest

from cloud_data_cockpit import room
from cloud_data_cockpit.room import Room


@pytest.mark.parametrize("length", [0, 1, 5000, 4 << 20, (9 << 20) + 17])
def test_what_is_written_is_taken(length: int) -> None:
    made = Room(length)
    made.view[: length // 2] = b"a" * (length // 2)
    made.view[length // 2 :] = b"b" * (length - length // 2)
    assert made.taken() == b"a" * (length // 2) + b"b" * (length - length // 2)


def test_less_may_be_taken_than_there_is_room_for() -> None:
    made = Room(5 << 20)
    made.view[:3] = b"abc"
    assert made.taken(3) == b"abc"


def test_a_system_that_gives_no_advice_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_madvise", lambda: None)
    assert Room(5 << 20).taken() == bytes(5 << 20)


def test_advice_stays_within_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(room, "_madvise", lambda: lambda start, length, _: asked.append((start.value, length.value)))
    monkeypatch.setattr(room.mmap, "MADV_HUGEPAGE", 14, raising=False)
    made = Room(5 << 20)
    import numpy as np

    first = int(np.frombuffer(made.view, dtype=np.uint8).ctypes.data)
    ((start, length),) = asked
    assert first <= start
    assert start + length <= first + (5 << 20)
    assert length > 4 << 20
