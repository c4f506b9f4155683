"""imzML: spectra of an image, described in XML and kept in a companion .ibd; continuous or processed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, field_validator

from ..errors import BadRequest
from ..models import Slice
from ..source import Source
from .base import BLOCK_SIZE, Cut, Index, PartitionParams, Report, Run, View
from .imzml_cut import Spectra, edges_of, parse_region
from .imzml_header import parse_header, read_header
from .imzml_ibd import (
    BYTES,
    MZ_BYTES,
    MZ_OFFSET,
    OFFSET,
    POINTS,
    START,
    Spectrum,
    X,
    Y,
    Z,
    check_places,
    check_uuid,
    find_ibd,
    settle,
    wraps_of,
)
from .imzml_scan import table_of
from .imzml_views import ion_image, iter_spectra, spans, spectra_text, tables, to_arrays, to_imzml, to_pandas
from .imzml_write import closing, header_with


class ImzmlParams(PartitionParams):
    """How to cut spectra, and which of them."""

    spectra: int | None = Field(
        default=None,
        ge=1,
        title="Spectra per slice",
        description="Each slice holds this many spectra, the last one the rest.",
        json_schema_extra={"cut": True},
    )
    slice_bytes: int | None = Field(
        default=None,
        ge=1,
        title="Bytes per slice",
        description="Each slice brings about this many bytes of numbers of the .ibd, always whole spectra.",
        json_schema_extra={"cut": True},
    )
    region: str | None = Field(
        default=None,
        title="Region",
        description="Only pixels in it: x0:x1,y0:y1, both ends within.",
        examples=["1:100,20:40"],
    )
    check_uuid: bool = Field(
        default=True,
        title="Compare UUIDs",
        description="Refuse an .ibd whose UUID is not the one that the imzML names.",
        json_schema_extra={"reading": True},
    )

    @field_validator("region")
    @classmethod
    def _region_can_be_read(cls, value: str | None) -> str | None:
        if value is not None:
            parse_region(value)
        return value


class ImzmlFormat:
    """Mass spectrometry images. Slices are of the XML; the numbers are read from the .ibd beside it."""

    name: ClassVar[str] = "imzml"
    title: ClassVar[str] = "imzML"
    version: ClassVar[int] = 1
    extensions: ClassVar[tuple[str, ...]] = (".imzml",)
    extra: ClassVar[str | None] = None
    params: ClassVar[type[PartitionParams]] = ImzmlParams
    strategies: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "partition_chunks_strategy": {"chunk_size": "slice_bytes"},
    }

    def detect(self, name: str, head: bytes) -> float:
        """Sure of mzML that speaks the vocabulary of imaging; of other mzML only by its name."""
        text = head.replace(b"\0", b"") if head.startswith((b"\xff\xfe", b"\xfe\xff")) else head
        if b"<mzML" not in text and b"<indexedmzML" not in text and b":mzML" not in text:
            return 0.0
        if b"IMS:1000" in text or b"imagingMS" in text or b'id="IMS"' in text:
            return 1.0
        return 0.9 if name.lower().endswith(self.extensions) else 0.0

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        """Scan the XML. FormatError for XML that is cut off or wrong, and for an .ibd that is missing or another."""
        asked = _checked(params)
        header = read_header(source, block_size)
        ibd, known = find_ibd(source)
        check_uuid(ibd, header.uuid if asked.check_uuid else None)
        report(header.body, source.size)
        table, stop = table_of(source, header, report, run, block_size)
        wraps = (wraps_of(table[:, MZ_OFFSET]), wraps_of(table[:, OFFSET]))
        wrapped = bool(len(table)) and bool(wraps[0][-1] or wraps[1][-1])
        check_places(settle(table), source, ibd)
        columns = {"start": START, "x": X, "y": Y, "z": Z, "points": POINTS, "mz_offset": MZ_OFFSET}
        columns |= {"mz_bytes": MZ_BYTES, "offset": OFFSET, "bytes": BYTES}
        arrays = {name: np.ascontiguousarray(table[:, column]) for name, column in columns.items()}
        if wrapped:
            arrays |= {"mz_wraps": wraps[0], "wraps": wraps[1]}
        facts = {"body": header.body, "stop": stop, "ibd": known, "wrapped": wrapped, "count": header.count}
        return Index(
            format=self.name,
            version=self.version,
            uri=source.uri,
            etag=source.etag,
            size=source.size,
            reading=params.reading(),
            records=len(table),
            facts={**facts, "uuid": header.uuid, "continuous": header.continuous},
            arrays=arrays,
        )

    def companion(self, source: Source) -> Mapping[str, Any]:
        """What tells this .ibd from another; blocks of a scan that was broken off count only beside the same one."""
        return find_ibd(source)[1]

    def current(self, source: Source, index: Index) -> bool:
        """Whether an index that was saved still describes the companion that lies beside the object."""
        return bool(find_ibd(source)[1] == index.facts["ibd"])

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        """Cut between spectra, so that slices bring about equal numbers of bytes of the .ibd."""
        asked = _checked(params)
        region = None if asked.region is None else parse_region(asked.region)
        spectra = Spectra(index, region)
        edges = edges_of(spectra.weights, asked.num_slices, asked.spectra, asked.slice_bytes)
        shared = {"body": index.facts["body"], "ibd": index.facts["ibd"], "extent": _extent(index)}
        return Cut(spectra.slices(edges), shared, tuple(_notes(index, asked, len(spectra))))

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> list[Spectrum]:
        """The spectra, as Spectrum(x, y, z, mz, intensity) with numpy arrays."""
        return list(iter_spectra(source, shared, piece))

    def read_bytes(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> bytes:
        """The XML of the spectra; with `header` an imzML that goes with the .ibd of the whole object."""
        if not header:
            return b"".join(
                source.read_many(spans(source, shared, piece) if "region" in piece.details else piece.ranges)
            )
        head = source.read(0, shared["body"])
        body = spectra_text(source, shared, piece)
        return header_with(head, piece.records) + b"\n" + body + closing(parse_header(head).open)

    def count(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
        """Spectra, counted by reading their XML in blocks."""
        return sum(len(table) for table in tables(source, shared, piece))

    @property
    def views(self) -> Mapping[str, View]:
        found: dict[str, Any] = {
            "iter_spectra": iter_spectra,
            "to_pandas": to_pandas,
            "to_arrays": to_arrays,
            "ion_image": ion_image,
            "to_imzml": to_imzml,
        }
        return found


def _checked(params: PartitionParams) -> ImzmlParams:
    if not isinstance(params, ImzmlParams):
        raise BadRequest(f"imzML is cut by ImzmlParams, not by {type(params).__name__}")
    return params


def _extent(index: Index) -> list[int]:
    """The least and the largest x, the least and the largest y."""
    if index.records == 0:
        return [1, 0, 1, 0]
    return [int(limit) for name in "xy" for limit in (index.arrays[name].min(), index.arrays[name].max())]


def _notes(index: Index, asked: ImzmlParams, found: int) -> Iterator[str]:
    if asked.num_slices is not None and asked.num_slices > max(found, 1):
        where = "" if asked.region is None else " in the region"
        yield f"{asked.num_slices:,} slices were asked for, but there are only {found:,} spectra{where}"
    elif found == 0:
        yield "there are no spectra in it" if asked.region is None else "there are no spectra in the region"
    if index.facts["count"] not in (None, index.records):
        yield f"the imzML promises {index.facts['count']:,} spectra and has {index.records:,}"
    if index.facts["uuid"] is None:
        yield "the imzML names no UUID, so nothing proves that the .ibd belongs to it"
