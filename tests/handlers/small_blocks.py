"""A plug-in for servers in processes of their own: formats that are scanned in small blocks, so that there are many."""

from __future__ import annotations

from typing import ClassVar

from cloud_data_cockpit.formats.base import Index, PartitionParams, Report, Run
from cloud_data_cockpit.formats.imzml import ImzmlFormat
from cloud_data_cockpit.formats.text import TextFormat
from cloud_data_cockpit.source import Source

BLOCK = 16 << 10


class SmallImzml(ImzmlFormat):
    """imzML in blocks of 16 KiB."""

    name: ClassVar[str] = "small-imzml"

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK
    ) -> Index:
        return super().index(source, params, report, run=run, block_size=BLOCK)


class SmallText(TextFormat):
    """Text in blocks of 16 KiB."""

    name: ClassVar[str] = "small-text"

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK
    ) -> Index:
        return super().index(source, params, report, run=run, block_size=BLOCK)
