"""FASTA: whole sequences, pieces of long ones that know their place, or regions; an index equal to `samtools faidx`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from ..errors import BadRequest, FormatError
from ..models import Slice
from ..source import MemorySource, Range, Source, blocks, read_joined
from .base import BLOCK_SIZE, SLICE_BYTES, Cut, Index, PartitionParams, Report, Run, View
from .fasta_cut import MOST_SLICES, Records, between_bases, between_sequences, regions, slices_between
from .fasta_join import UNEVEN, Joined
from .fasta_records import FastaRecord, count, header_range, held_ranges, parse, read_whole, stream, text_of
from .fasta_scan import scan_block

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_BOM = b"\xef\xbb\xbf"
_FIRST_READ = 1 << 16
_BEFORE = re.compile(rb"(?:[ \t\r\v\f]*\n|;[^\n]*\n)*")
_UNFINISHED = re.compile(rb"[ \t\r\v\f]*|;[^\n]*")
_RESIDUES = re.compile(rb"[A-Za-z*.\-]+")


class FastaParams(PartitionParams):
    """How to cut sequences."""

    slice_bytes: int | None = Field(
        default=None,
        ge=1,
        title="Bytes per slice",
        description="Slices of about this many bytes. A longer sequence is a slice by itself unless it may be cut.",
        json_schema_extra={"cut": True},
    )
    sequences: int | None = Field(
        default=None,
        ge=1,
        title="Sequences per slice",
        description="Slices of this many whole sequences.",
        json_schema_extra={"cut": True},
    )
    region: str | None = Field(
        default=None,
        min_length=1,
        title="Regions",
        description="Only these parts, one slice each: name, name:from or name:from-to, counted from 1, both ends "
        "within; several with spaces or commas between them.",
        examples=["chr1:1-5000, chr2"],
        json_schema_extra={"cut": True},
    )
    cut_sequences: bool = Field(
        default=False,
        title="Cut long sequences",
        description="Slices of equal size that may begin inside a sequence; each part knows its name and its place.",
    )

    @model_validator(mode="after")
    def _cuts_agree(self) -> FastaParams:
        if self.cut_sequences and (self.sequences is not None or self.region is not None):
            raise ValueError("cut_sequences goes with num_slices or slice_bytes, not with sequences or region")
        return self


class FastaFormat:
    """FASTA of nucleotides or proteins, any line length, LF or CRLF."""

    name: ClassVar[str] = "fasta"
    title: ClassVar[str] = "FASTA"
    version: ClassVar[int] = 1
    extensions: ClassVar[tuple[str, ...]] = (".fasta", ".fa", ".fna", ".faa", ".ffn", ".frn", ".fas", ".fsa", ".mpfa")
    extra: ClassVar[str | None] = None
    params: ClassVar[type[PartitionParams]] = FastaParams
    strategies: ClassVar[Mapping[str, Mapping[str, str]]] = {"partition_chunks_strategy": {"num_chunks": "num_slices"}}
    strategy_params: ClassVar[Mapping[str, Mapping[str, Any]]] = {"partition_chunks_strategy": {"cut_sequences": True}}

    def detect(self, name: str, head: bytes) -> float:
        """Sure when a line that begins with `>` is followed by residues; less so by anything else."""
        head = head.removeprefix(_BOM)
        before = _BEFORE.match(head)
        body = head[before.end() :] if before else head
        if not body.startswith(b">") or b"\0" in head or name.lower().endswith((".md", ".markdown", ".eml")):
            return 0.0
        named = 0.05 if name.lower().endswith(self.extensions) else 0.0
        lines = [line.strip() for line in body.split(b"\n")[1:] if line.strip() and not line.startswith(b">")]
        if not lines:
            return 0.5 + named
        return 0.95 + named if _RESIDUES.fullmatch(lines[0]) else 0.2 + named

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        """Scan for header lines and line lengths. FormatError for what is not FASTA, is cut off, or has lone CRs."""
        body = _find_body(source, block_size)
        joined = Joined(source, body)
        done = body
        for scan in run(partial(scan_block, source), blocks(body, source.size, block_size)):
            joined.add(scan)
            done += scan.length
            report(done, source.size)
        arrays = joined.finish()
        return Index(
            format=self.name,
            version=self.version,
            uri=source.uri,
            etag=source.etag,
            size=source.size,
            reading=params.reading(),
            records=len(arrays["starts"]),
            facts={"body": body},
            arrays=arrays,
        )

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        """Cut by the index. BadRequest for a region that is not there and for more than ten million slices."""
        if not isinstance(params, FastaParams):
            raise BadRequest(f"FASTA is cut by FastaParams, not by {type(params).__name__}")
        records = Records(index)
        shared = {"body": index.facts["body"]}
        if params.region is not None:
            return Cut(regions(records, params.region), shared)
        if params.sequences is not None:
            return Cut(slices_between(records, records.starts[params.sequences :: params.sequences]), shared)
        number = params.num_slices or -(-index.size // (params.slice_bytes or SLICE_BYTES))
        if number > MOST_SLICES:
            raise BadRequest(f"{number:,} slices are too many: at most {MOST_SLICES:,}; choose a larger slice_bytes")
        places, notes = (
            _cut_inside(records, params, number) if params.cut_sequences else _cut_between(records, params, number)
        )
        return Cut(slices_between(records, places), shared, notes)

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> list[FastaRecord]:
        """The sequences, as FastaRecord; one that other slices hold more of has `whole` False and its `offset`."""
        return parse(read_whole(source, shared, piece), piece)

    def read_bytes(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> bytes:
        """The object's bytes; with `header` a part of a sequence gets its header line and comments fall away."""
        if header:
            return read_whole(source, shared, piece)
        return read_joined(source, piece.ranges)

    def byte_parts(
        self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool
    ) -> list[Range | bytes]:
        """The ranges that `read_bytes` gives, behind the header line of a part of a sequence."""
        if not header:
            return list(piece.ranges)
        begin = [line.rstrip(b"\r\n") + b"\n" for line in source.read_many(header_range(piece))]
        return [*begin, *held_ranges(shared, piece)]

    def count(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
        """Sequences that begin in the slice, counted block by block; the part that a region names counts as one."""
        return count(source, shared, piece)

    @property
    def views(self) -> Mapping[str, View]:
        return {"iter_records": iter_records, "to_arrow": to_arrow, "to_pandas": to_pandas, "to_fai": to_fai}


def iter_records(source: Source, shared: Mapping[str, Any], piece: Slice) -> Iterator[FastaRecord]:
    """The sequences one by one, for slices that are larger than memory."""
    return stream(source, shared, piece)


def to_arrow(source: Source, shared: Mapping[str, Any], piece: Slice) -> pa.Table:
    """A table of name, description and sequence (large_string), offset, whole and length (residues)."""
    import pyarrow as pa

    records = parse(read_whole(source, shared, piece), piece)
    kinds = (pa.large_string(), pa.large_string(), pa.large_string(), pa.int64(), pa.bool_())
    columns = zip(*records, strict=True) if records else ((),) * len(kinds)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    lengths = pa.array((len(record.sequence) for record in records), pa.int64())
    return pa.table([*arrays, lengths], names=[*FastaRecord._fields, "length"])


def to_pandas(source: Source, shared: Mapping[str, Any], piece: Slice) -> pd.DataFrame:
    """A table with the columns name, description, sequence, offset, whole and length (residues)."""
    import pandas as pd

    table = pd.DataFrame(parse(read_whole(source, shared, piece), piece), columns=list(FastaRecord._fields))
    table["length"] = table["sequence"].str.len().astype("int64")
    return table


def to_fai(source: Source, shared: Mapping[str, Any], piece: Slice) -> str:
    """The `.fai` of the file that `to_file` writes."""
    alone = MemorySource(read_whole(source, shared, piece), uri=source.uri)
    return fai_text(FastaFormat().index(alone, FastaParams(), lambda done, total: None))


def fai_text(index: Index) -> str:
    """What `samtools faidx` writes: name, length, offset, bases a line and bytes a line of each sequence.

    As there, the second of two sequences of one name is left out, and so are empty ones.
    FormatError where samtools refuses: a sequence has lines of unequal length.
    """
    records = Records(index)
    names = records.names[:-1].split(b"\n")
    uneven = np.flatnonzero(records.irregular & UNEVEN)
    if len(uneven):
        name = text_of(names[int(uneven[0])])
        raise FormatError(f"the sequence {name!r} of {index.uri} has lines of unequal length: no .fai can describe it")
    columns = (records.lengths, records.offsets, records.line_bases, records.line_widths)
    lines: dict[bytes, str] = {}
    for name, *fields in zip(names, *(column.tolist() for column in columns), strict=True):
        length, _, _, width = fields
        if length or width > 1:
            lines.setdefault(name, "\t".join([text_of(name), *map(str, fields)]))
    return "".join(f"{line}\n" for line in lines.values())


def _find_body(source: Source, block_size: int) -> int:
    """Where the first `>` stands. FormatError when anything but blank lines and `;` comments stands before it."""
    if source.size == 0:
        raise FormatError(f"{source.uri} is empty: there are no sequences in it")
    head = source.read(0, min(_FIRST_READ, block_size, source.size))
    while True:
        start = len(_BOM) if head.startswith(_BOM) else 0
        line = _BEFORE.match(head, start)
        at = line.end() if line else start
        if head[at : at + 1] == b">":
            return at
        if not _UNFINISHED.fullmatch(head, at) and not _BOM.startswith(head):
            raise FormatError(
                f"{source.uri} is not FASTA: its first line is neither a header, which begins with '>', nor a comment"
            )
        if len(head) == source.size:
            raise FormatError(f"{source.uri} is not FASTA: no line begins with '>'")
        head += source.read(len(head), min(block_size, source.size - len(head)))


def _cut_between(records: Records, params: FastaParams, number: int) -> tuple[Any, tuple[str, ...]]:
    places = between_sequences(records, min(number, len(records)), exactly=params.num_slices is not None)
    if params.num_slices is not None:
        few = f"asked for {number:,} slices, there are only {len(records):,} sequences; cut_sequences=True cuts them"
        return places, (few,) if number > len(records) else ()
    return places, _note_on_large(records, places, params.slice_bytes or SLICE_BYTES)


def _cut_inside(records: Records, params: FastaParams, number: int) -> tuple[Any, tuple[str, ...]]:
    places = between_bases(records, number)
    if params.num_slices is not None and len(places) + 1 < min(number, len(records)):
        places = between_sequences(records, min(number, len(records)), exactly=True)
    notes = []
    irregular = int(np.count_nonzero(records.irregular))
    if irregular:
        notes.append(f"{irregular:,} sequences have lines of unequal length or white space in them and stay whole")
    if params.num_slices is not None and len(places) + 1 < number:
        notes.append(f"asked for {number:,} slices, there are only {len(places) + 1:,} places to cut at")
    return places, tuple(notes)


def _note_on_large(records: Records, places: Any, slice_bytes: int) -> tuple[str, ...]:
    sizes = np.diff(np.concatenate([[0], places, [records.size]]))
    large = int(np.count_nonzero(sizes > 2 * slice_bytes))
    if large == 0:
        return ()
    return (f"{large:,} slices are over twice the size wanted: their sequences are long; cut_sequences=True cuts them",)
