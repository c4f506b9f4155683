"""A format that takes its time, for tests of progress and cancel."""

from __future__ import annotations

import time
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

import pytest

from cloud_data_cockpit import registry
from cloud_data_cockpit.formats.base import BLOCK_SIZE, Cut, Index, PartitionParams, Report, Run
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import Source


class SlowFormat:
    """Reads one byte every 10 ms."""

    name: ClassVar[str] = "slow"
    title: ClassVar[str] = "Slow"
    version: ClassVar[int] = 1
    extensions: ClassVar[tuple[str, ...]] = (".slow",)
    extra: ClassVar[str | None] = None
    params: ClassVar[type[PartitionParams]] = PartitionParams

    def detect(self, name: str, head: bytes) -> float:
        return 1.0 if head.startswith(b"slow") else 0.0

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        for done in range(source.size):
            report(done, source.size)
            time.sleep(0.01)
        return Index(self.name, self.version, source.uri, source.etag, source.size, params.reading(), 1)

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        return Cut([Slice(number=0, ranges=((0, index.size),), records=1)])

    @property
    def views(self) -> dict[str, Any]:
        return {}


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare the format for one test."""
    points = {**registry._entry_points(), "slow": EntryPoint("slow", f"{__name__}:SlowFormat", registry.GROUP)}
    monkeypatch.setattr(registry, "_entry_points", lambda: points)
