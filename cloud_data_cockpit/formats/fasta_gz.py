"""FASTA over gzip, BGZF among it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..models import Slice
from ..source import Range
from .fasta import FastaFormat
from .gzip_format import GzippedFormat


class FastaGzFormat(GzippedFormat):
    """Sequences of a gzip FASTA."""

    inner = FastaFormat()

    def also_read(self, shared: Mapping[str, Any], piece: Slice) -> Iterable[Range]:
        """The header line of the sequence that the slice begins in the middle of."""
        if "header" not in piece.details:
            return ()
        start, length = piece.details["header"]
        return [(int(start), int(length))]
