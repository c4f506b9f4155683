"""Our formats under Dataplug's names: data formats, strategies, and slices that give what its slices give."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadRequest
from ..formats.base import Format, strategies_of
from ..slicing.slices import LazySlice, Origin
from ..slicing.strategies import in_our_words

if TYPE_CHECKING:
    from ..models import Slice
    from .cloudobject import CloudObject

_TUNING = ("padding",)
"""Arguments of Dataplug's strategies that say how to guess where a record ends; we need not guess."""


def _natural(piece: LazySlice) -> Any:
    return piece.get()


def _lines(piece: LazySlice) -> list[str]:
    return list(piece.iter_lines())


def _text(piece: LazySlice) -> str:
    return str(piece.to_text())


def _file(piece: LazySlice) -> bytes:
    return piece.read(header=True)


def _array(piece: LazySlice) -> Any:
    return piece.to_numpy()


@dataclass(frozen=True)
class DataFormat:
    """A format as Dataplug names it. `formats` are ours that read it, the first where nothing tells them apart.

    `gives` makes of one of our slices what the slices of Dataplug give; `known_as` says which of its attributes are
    the number of records; `companions` leads from a key's ending to the endings of the object that we cut.
    """

    name: str
    formats: tuple[str, ...]
    gives: Callable[[LazySlice], Any] = _natural
    known_as: tuple[str, ...] = ()
    companions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_folder: bool = False

    @property
    def co_class(self) -> type[Any]:
        return type(self.name, (), {})

    def __call__(self, decorated: Any) -> Any:
        raise BadRequest(f"{self.name} is a data format, not a decorator; write CloudObject.from_s3({self.name}, uri)")

    def __reduce__(self) -> tuple[Any, ...]:
        return data_format, (self.name,)

    def __repr__(self) -> str:
        return f"<data format {self.name} of Data Cockpit>"


@dataclass(frozen=True)
class Strategy:
    """A strategy of Dataplug by name; which parameters of ours it means depends on the format that is cut."""

    name: str

    def params(self, format: Format, args: Sequence[Any], options: Mapping[str, Any]) -> dict[str, Any]:
        """Our parameters for a call with these arguments. BadRequest when the format has no such strategy."""
        known = strategies_of(format)
        if self.name not in known:
            names = ", ".join(known) or "none"
            raise BadRequest(f"{format.title} has no strategy {self.name!r}; its strategies are {names}")
        arguments = known[self.name]
        if len(args) > len(arguments) + len(_TUNING):
            raise BadRequest(f"{self.name} takes {', '.join(arguments)}, not {len(args)} arguments")
        given = dict(zip([*arguments, *_TUNING], args, strict=False)) | dict(options)
        return in_our_words(format, self.name, {name: value for name, value in given.items() if name not in _TUNING})

    def __call__(self, cloud_object: CloudObject, *args: Any, **options: Any) -> list[DataSlice]:
        return cloud_object.partition(self, *args, **options)

    def __repr__(self) -> str:
        return f"<partitioning strategy {self.name} of Data Cockpit>"


class DataSlice(LazySlice):
    """A LazySlice whose `get` gives what Dataplug's slices of this format give; `load` gives the natural object."""

    def __init__(self, origin: Origin, piece: Slice, data_format: DataFormat) -> None:
        super().__init__(origin, piece)
        self._data_format = data_format

    def get(self) -> Any:
        """Text, lines, bytes, an array or a point cloud: as Dataplug gives it for this format, only complete."""
        return self._data_format.gives(LazySlice(self._origin, self._piece))

    def load(self) -> Any:
        """The natural object of the field: a table, a list of records, an array."""
        return super().get()

    @property
    def range_0(self) -> int | None:
        """The first byte of the slice in the object."""
        return self.ranges[0][0] if self.ranges else None

    @property
    def range_1(self) -> int | None:
        """The byte behind the last of the slice in the object."""
        return sum(self.ranges[-1]) if self.ranges else None

    @property
    def cloud_object(self) -> CloudObject:
        """The object that this is a slice of."""
        from .cloudobject import CloudObject

        return CloudObject.from_s3(self._data_format, self.uri, fetch=False, s3_config=self._origin.connection)

    def to_file(self, path: str | os.PathLike[str], header: bool = True) -> Path:
        """Write the slice to `path` as a file of its format."""
        return super().to_file(path, header)

    def __reduce__(self) -> tuple[Any, ...]:
        restore, arguments = super().__reduce__()
        return _restored, (self._data_format, restore, arguments)


def _restored(data_format: DataFormat, restore: Callable[..., LazySlice], arguments: tuple[Any, ...]) -> DataSlice:
    piece = restore(*arguments)
    return DataSlice(piece._origin, piece._piece, data_format)


_IBD = {".ibd": (".imzML", ".imzml", ".IMZML"), ".IBD": (".imzML", ".imzml", ".IMZML")}

DATA_FORMATS: dict[str, DataFormat] = {
    known.name: known
    for known in (
        DataFormat("CSV", ("csv", "csv-gz"), _text),
        DataFormat("UTF8Text", ("text", "text-gz"), _text),
        DataFormat("GZipText", ("text-gz",), _lines, ("total_lines",)),
        DataFormat("FASTQGZip", ("fastq-gz", "fastq"), _lines),
        DataFormat("FASTA", ("fasta", "fasta-gz"), _file, ("num_sequences",)),
        DataFormat("VCF", ("vcf", "vcf-gz"), _text),
        DataFormat("LiDARPointCloud", ("las", "copc"), _natural, ("point_count",)),
        DataFormat("CloudOptimizedPointCloud", ("copc", "las"), _file, ("points",)),
        DataFormat("CloudOptimizedGeoTiff", ("geotiff",), _array),
        DataFormat("ImzML", ("imzml",), _natural, (), _IBD),
        DataFormat("MS", ("ms",), _natural, ("total_rows",), is_folder=True),
    )
}
ALIASES = {
    "COPC": "CloudOptimizedPointCloud",
    "COG": "CloudOptimizedGeoTiff",
    "FASTQ": "FASTQGZip",
    "LAS": "LiDARPointCloud",
}

MODULES: dict[str, tuple[tuple[str, ...], str, tuple[str, ...]]] = {
    "generic.csv": (("CSV",), "CSVSlice", ("partition_chunk_size", "partition_num_chunks")),
    "generic.text": (("UTF8Text",), "UTF8TextSlice", ("whole_words_strategy",)),
    "compressed.gzipped": (("GZipText",), "GZipTextSlice", ("partition_chunk_lines", "partition_num_chunks")),
    "genomics.fastq": (("FASTQGZip",), "GZipTextSlice", ("partition_reads_batches", "partition_sequences_per_chunk")),
    "genomics.fasta": (("FASTA",), "FASTASlice", ("partition_chunks_strategy",)),
    "genomics.vcf": (("VCF",), "VCFSlice", ("partition_num_chunks",)),
    "geospatial.laspc": (("LiDARPointCloud",), "LiDARSlice", ("square_split_strategy",)),
    "geospatial.copc": (("CloudOptimizedPointCloud",), "COPCSlice", ("square_split_strategy",)),
    "geospatial.cog": (("CloudOptimizedGeoTiff",), "BlockWindowSlice", ("grid_partition_strategy",)),
    "metabolomics.imzml": (("ImzML",), "ImzMLSlice", ("partition_chunks_strategy",)),
    "astronomics.ms": (("MS",), "MSSLice", ("ms_partitioning_strategy",)),
}
"""Dataplug's modules below `dataplug.formats`: their data formats, their slice, their strategies."""

STRATEGIES = {name: Strategy(name) for _, _, names in MODULES.values() for name in names}
SLICES = {name: DataSlice for _, name, _ in MODULES.values()}


def data_format(name: str) -> DataFormat:
    """The data format that Dataplug calls `name`."""
    return DATA_FORMATS[ALIASES.get(name, name)]
