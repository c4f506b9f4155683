"""Text over gzip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

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
