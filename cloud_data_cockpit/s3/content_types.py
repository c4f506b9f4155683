"""The content type of an object: what the sender says, else guessed by the name, scientific formats included."""

from __future__ import annotations

from functools import lru_cache
from mimetypes import MimeTypes

from ..errors import BadRequest

_COMPRESSED = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "compress": "application/x-compress",
    "br": "application/x-brotli",
}
_SCIENTIFIC = {
    "application/fits": (".fits", ".fit", ".fts"),
    "application/geo+json": (".geojson",),
    "application/geopackage+sqlite3": (".gpkg",),
    "application/gzip": (".bgz", ".tbi"),
    "application/netcdf": (".nc", ".nc4"),
    "application/vnd.apache.arrow.file": (".arrow", ".feather"),
    "application/vnd.apache.parquet": (".parquet",),
    "application/vnd.las": (".las",),
    "application/vnd.laszip": (".laz",),
    "application/vnd.pmtiles": (".pmtiles",),
    "application/x-hdf5": (".h5", ".hdf5", ".h5ad", ".loom"),
    "application/x-ipynb+json": (".ipynb",),
    "application/x-ndjson": (".ndjson", ".jsonl"),
    "application/zstd": (".zst",),
    "application/xml": (".imzml", ".mzml", ".mzxml"),
    "application/octet-stream": (".ibd", ".bam", ".bai", ".cram", ".bcf", ".csi", ".npy", ".raw"),
    "application/toml": (".toml",),
    "application/yaml": (".yaml", ".yml"),
    "image/tiff": (".tif", ".tiff"),
    "text/markdown": (".md",),
    "text/plain": (".fasta", ".fa", ".fna", ".faa", ".fastq", ".fq", ".fai", ".crai", ".gff3", ".gtf", ".bed", ".sam"),
    "text/tab-separated-values": (".tsv",),
    "text/vnd.vcf": (".vcf",),
    "text/csv": (".csv",),
}


def guess_type(name: str) -> str | None:
    """The content type of a file or key of this name; None when it tells nothing.

    What is compressed is called by its compression, never as an encoding of what is inside: clients would unpack it.
    """
    kind, encoding = _table().guess_type("/" + name.rsplit("/", 1)[-1].lower(), strict=True)
    return _COMPRESSED.get(encoding) if encoding is not None else kind


def checked_type(key: str, given: str | None) -> str | None:
    """`given`, or what the key tells where it is empty. BadRequest when it cannot stand in a header."""
    if not given:
        return guess_type(key)
    if not (given.isascii() and given.isprintable()):
        raise BadRequest("the content type holds characters that no header can; leave it out")
    return given


@lru_cache
def _table() -> MimeTypes:
    """Python's own table with ours over it; not the system's files, so that all machines guess the same."""
    table = MimeTypes()
    for kind, endings in _SCIENTIFIC.items():
        for ending in endings:
            table.add_type(kind, ending)
    return table
