"""The line format in place of the installed ones, for the tests of slicing."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from cloud_data_cockpit import registry

from .lines import LineFormat


@pytest.fixture(autouse=True)
def line_format(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[LineFormat]]:
    points = {"lines": EntryPoint("lines", "tests.slicing.lines:LineFormat", registry.GROUP)}
    monkeypatch.setattr(registry, "_entry_points", lambda: points)
    registry.get_format.cache_clear()
    LineFormat.scans = 0
    yield LineFormat
    registry.get_format.cache_clear()


@pytest.fixture
def poem(tmp_path: Path) -> Path:
    path = tmp_path / "a poem & more.lines"
    path.write_bytes("".join(f"line {i} é\n" for i in range(100)).encode())
    return path
