"""A format of many objects below one prefix, for tests of data sets that are directories."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

import pytest

from cloud_data_cockpit import registry
from cloud_data_cockpit.formats.base import BLOCK_SIZE, Cut, Index, PartitionParams, Report, Run, View
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import Source
from cloud_data_cockpit.tree import MARK, TreeSource


class PileFormat:
    """A prefix that holds a `pile.json`; every object below it is a record."""

    name: ClassVar[str] = "pile"
    title: ClassVar[str] = "Pile"
    version: ClassVar[int] = 1
    extensions: ClassVar[tuple[str, ...]] = (".pile",)
    extra: ClassVar[str | None] = None
    params: ClassVar[type[PartitionParams]] = PartitionParams
    views: ClassVar[Mapping[str, View]] = {}

    def detect(self, name: str, head: bytes) -> float:
        return 1.0 if head.startswith(MARK) and b"pile.json" in head.split(b"\n") else 0.0

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        if not isinstance(source, TreeSource):
            raise TypeError(f"{source.uri} is no tree")
        parts = source.parts(0, source.size)
        facts = {"sizes": [length for _, (_, length) in parts]}
        return Index(self.name, self.version, source.uri, source.etag, source.size, {}, len(parts), facts)

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        made, at = [], 0
        for number, size in enumerate(index.facts["sizes"]):
            made.append(Slice(number=number, ranges=((at, size),), records=1))
            at += size
        return Cut(made)

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> bytes:
        return b"".join(source.read_many(piece.ranges))


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare the format for one test."""
    points = {**registry._entry_points(), "pile": EntryPoint("pile", f"{__name__}:PileFormat", registry.GROUP)}
    monkeypatch.setattr(registry, "_entry_points", lambda: points)
