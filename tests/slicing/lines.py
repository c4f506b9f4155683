"""A throw-away format for the tests of slicing: a record is a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from cloud_data_cockpit.errors import FormatError
from cloud_data_cockpit.formats.base import BLOCK_SIZE, Cut, Index, PartitionParams, Report, Run, View
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import Source, blocks


class LineParams(PartitionParams):
    lines: int | None = Field(default=None, ge=1, json_schema_extra={"cut": True})
    skip: int = Field(default=0, ge=0, json_schema_extra={"reading": True})


def upper(source: Source, shared: Mapping[str, Any], piece: Slice, suffix: str = "") -> str:
    """The lines in capitals."""
    return source.read(*piece.ranges[0]).decode().upper() + suffix


class LineFormat:
    name: ClassVar[str] = "lines"
    title: ClassVar[str] = "Lines"
    version: ClassVar[int] = 1
    extensions: ClassVar[tuple[str, ...]] = (".lines",)
    extra: ClassVar[str | None] = None
    params: ClassVar[type[PartitionParams]] = LineParams
    scans: ClassVar[int] = 0

    def detect(self, name: str, head: bytes) -> float:
        return 0.5 if b"\0" not in head else 0

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        type(self).scans += 1
        data = b"".join(source.read(*block) for block in blocks(0, source.size, block_size))
        if b"\0" in data:
            raise FormatError(f"{source.uri} is not text")
        report(source.size, source.size)
        starts = np.array([0, *(i + 1 for i, byte in enumerate(data[:-1]) if byte == 10)], dtype=np.int64)
        return Index(
            format=self.name,
            version=self.version,
            uri=source.uri,
            etag=source.etag,
            size=source.size,
            reading=params.reading(),
            records=len(starts),
            facts={"ünïcode": [1, 2.5, None]},
            arrays={"starts": starts},
        )

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        assert isinstance(params, LineParams)
        number = min(params.num_slices or 1, index.records)
        if params.lines:
            number = -(-index.records // params.lines)
        notes = () if number == (params.num_slices or number) else (f"the data has only {number} lines",)
        return Cut(self._slices(index, number), {"encoding": "utf-8"}, notes)

    def _slices(self, index: Index, number: int) -> Iterator[Slice]:
        edges = [index.records * i // number for i in range(number + 1)]
        starts = [*index.arrays["starts"].tolist(), index.size]
        for i in range(number):
            first, last = starts[edges[i]], starts[edges[i + 1]]
            yield Slice(number=i, ranges=((first, last - first),), records=edges[i + 1] - edges[i])

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> list[str]:
        return self.read_bytes(source, shared, piece, header=False).decode(shared["encoding"]).splitlines()

    def read_bytes(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> bytes:
        return (b"# lines\n" if header else b"") + b"".join(source.read_many(piece.ranges))

    def byte_parts(
        self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool
    ) -> list[tuple[int, int] | bytes]:
        return [*([b"# lines\n"] if header else []), *piece.ranges]

    def count(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
        return len(self.read(source, shared, piece))

    @property
    def views(self) -> Mapping[str, View]:
        return {"upper": upper}
