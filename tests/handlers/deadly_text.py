"""Text of which one block ends the worker that scans it, once or every time; and a slice that does the same."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cloud_data_cockpit import registry
from cloud_data_cockpit.formats.base import Index, PartitionParams, Report, Run
from cloud_data_cockpit.formats.text import TextFormat
from cloud_data_cockpit.source import Source

BLOCK = 4 << 10
DEADLY = 5 * BLOCK
"""Where the block begins that ends its worker."""
FOLDER, TIMES, LINGER = "DEADLY_TEXT_FOLDER", "DEADLY_TEXT_TIMES", "DEADLY_TEXT_LINGER"


class DeadlyText(TextFormat):
    """Text in small blocks."""

    name: ClassVar[str] = "deadly-text"

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK
    ) -> Index:
        def over(fn: Callable[[Any], Any], items: Iterable[Any]) -> Iterable[Any]:
            return run(partial(_scan, fn), items)

        return super().index(source, params, report, run=over, block_size=BLOCK)


def _scan(fn: Callable[[Any], Any], item: Any) -> Any:
    _die_if(item[0] == DEADLY, f"block-{item[0]}")
    time.sleep(float(os.environ.get(LINGER, "0")))
    return fn(item)


def read(piece: Any) -> int:
    """What a benchmark times: the slice with number 2 ends its worker."""
    _die_if(piece.number == 2, "slice-2")
    return len(piece.read())


def _die_if(deadly: bool, name: str) -> None:
    folder = Path(os.environ[FOLDER])
    (folder / f"begun-{os.getpid()}").touch()
    if not deadly or len(list(folder.glob(f"{name}-*"))) >= int(os.environ[TIMES]):
        return
    (folder / f"{name}-{time.monotonic_ns()}").touch()
    os.kill(os.getpid(), signal.SIGKILL)


def register(monkeypatch: pytest.MonkeyPatch, folder: Path, times: int, linger: float = 0) -> None:
    """Declare the format for one test; the block and the slice kill so many times."""
    folder.mkdir(exist_ok=True)
    for name, value in ((FOLDER, folder), (TIMES, times), (LINGER, linger)):
        monkeypatch.setenv(name, str(value))
    point = EntryPoint("deadly-text", f"{__name__}:DeadlyText", registry.GROUP)
    points = {**registry._entry_points(), "deadly-text": point}
    monkeypatch.setattr(registry, "_entry_points", lambda: points)
