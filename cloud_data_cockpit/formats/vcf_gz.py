"""VCF over gzip, BGZF above all."""

from __future__ import annotations

from .gzip_format import GzippedFormat
from .vcf import VcfFormat


class VcfGzFormat(GzippedFormat):
    """Variants of a gzip VCF."""

    inner = VcfFormat()
