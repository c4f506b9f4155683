"""A plug-in for servers in processes of their own: text that takes its time, and a slow function to benchmark.

Every block that is scanned is a line of the file that WAITING_TEXT_LOG names.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from cloud_data_cockpit.formats.base import Index, PartitionParams, Report, Run
from cloud_data_cockpit.formats.text import TextFormat
from cloud_data_cockpit.source import Source

BLOCK = 16 << 10


class WaitingText(TextFormat):
    """Text in small blocks, each of which takes 50 ms."""

    name: ClassVar[str] = "waiting-text"
    extensions: ClassVar[tuple[str, ...]] = (".waiting",)

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK
    ) -> Index:
        def slowly(fn: Callable[[Any], Any], items: Iterable[Any]) -> Iterable[Any]:
            return run(partial(_waiting, fn), items)

        return super().index(source, params, report, run=slowly, block_size=BLOCK)


def _waiting(fn: Callable[[Any], Any], item: Any) -> Any:
    log = os.environ.get("WAITING_TEXT_LOG")
    if log:
        time.sleep(0.05)
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(f"{item}\n")
    return fn(item)


def read_slowly(piece: Any) -> int:
    """A slice, read with delay."""
    time.sleep(0.05)
    return len(piece.read())
