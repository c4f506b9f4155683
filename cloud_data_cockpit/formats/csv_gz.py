"""CSV over gzip."""

from __future__ import annotations

from .csv import CsvFormat
from .gzip_format import GzippedFormat


class CsvGzFormat(GzippedFormat):
    """Rows of a gzip table."""

    inner = CsvFormat()
