"""Text over gzip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from ..models import Slice
from ..source import Range
from .gzip_format import GzippedFormat
from .text import TextFormat


class TextGzFormat(GzippedFormat):
    """Lines or words of gzip text."""

    inner = TextFormat()
    strategies: ClassVar[Mapping[str, Mapping[str, str]]] = {
        **TextFormat.strategies,
        "partition_chunk_lines": {"lines_per_chunk": "lines", "strategy": "remainder"},
        "partition_num_chunks": {"n_chunks": "num_slices"},
    }
    strategy_params: ClassVar[Mapping[str, Mapping[str, Any]]] = TextFormat.strategy_params

    def also_read(self, shared: Mapping[str, Any], piece: Slice) -> Iterable[Range]:
        """The lines behind the range that belong to it."""
        offset, length = piece.ranges[0]
        return [(offset + length, int(piece.details.get("tail", 0)))]
