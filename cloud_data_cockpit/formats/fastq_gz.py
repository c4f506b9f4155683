"""FASTQ over gzip."""

from __future__ import annotations

from .fastq import FastqFormat
from .gzip_format import GzippedFormat


class FastqGzFormat(GzippedFormat):
    """Reads of a gzip FASTQ."""

    inner = FastqFormat()
