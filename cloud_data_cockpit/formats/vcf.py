"""VCF: a record is a line of variants; every slice can be read with the header of its file."""

from __future__ import annotations

import codecs
import io
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TextIO

import numpy as np
from pydantic import Field, field_validator

from ..errors import FormatError, MissingExtra
from ..models import Slice
from ..source import Range, Source, read_joined
from .base import BLOCK_SIZE, Cut, Index, PartitionParams, Report, Run, View
from .lines import Ints, read_blocks, starts_of_lines, text_lines
from .marks import Marks, Remainder, Wish, cut_by_marks, exact_range
from .parts import FEW_NAMES, end_of_line, whole_parts
from .vcf_header import columns_in, looks_like_vcf, parse_header, read_header
from .vcf_join import scan_vcf
from .vcf_region import lines_in, parse_regions, slices_in, stretches_of
from .vcf_table import smallest_part, table_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

READ_BYTES = 4 << 20

_BLANK = re.compile(rb"\n[\r\n]+")


class VcfParams(PartitionParams):
    """How to cut records: one of `num_slices`, `records`, `slice_bytes`; and of which `region`."""

    records: int | None = Field(
        default=None,
        ge=1,
        title="Records per slice",
        description="Each slice holds this many records, the last one the rest.",
        json_schema_extra={"cut": True},
    )
    slice_bytes: int | None = Field(
        default=None,
        ge=1,
        title="Bytes per slice",
        description="Each slice holds about this many bytes, always whole records.",
        json_schema_extra={"cut": True},
    )
    region: str | None = Field(
        default=None,
        title="Region",
        description="Only records whose CHROM and POS lie in it: chr20, chr20:1000-2000; several with commas.",
        examples=["chr20:1000-2000"],
    )
    remainder: Remainder = Field(
        default="expand",
        title="What is left over",
        description="With records per slice: the rest becomes a slice of its own (expand) or joins the last (merge).",
        json_schema_extra={"only_with": "records"},
    )

    @field_validator("region", mode="before")
    @classmethod
    def _regions_may_be_listed(cls, value: object) -> object:
        return ",".join(map(str, value)) if isinstance(value, list | tuple) else value


class VcfFormat:
    """Variants, one a line. Slices share the header, which is read from the object when one needs it."""

    name: ClassVar[str] = "vcf"
    title: ClassVar[str] = "VCF"
    version: ClassVar[int] = 1
    extensions: ClassVar[tuple[str, ...]] = (".vcf",)
    extra: ClassVar[str | None] = None
    params: ClassVar[type[PartitionParams]] = VcfParams
    strategies: ClassVar[Mapping[str, Mapping[str, str]]] = {"partition_num_chunks": {"num_chunks": "num_slices"}}

    def detect(self, name: str, head: bytes) -> float:
        return looks_like_vcf(head)

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        header = read_header(source)
        report(header.size, source.size)
        found = scan_vcf(source, header, header.size, source.size, report, run=run, block_size=block_size)
        runs = found.runs or []
        names = list(dict.fromkeys(piece.name for piece in runs))
        places = {name: i for i, name in enumerate(names)}
        return Index(
            format=self.name,
            version=self.version,
            uri=source.uri,
            etag=source.etag,
            size=source.size,
            reading=params.reading(),
            records=found.records,
            facts={
                "start": header.size,
                "columns_at": header.columns_at,
                "columns": list(header.columns) if sum(map(len, header.columns)) <= FEW_NAMES else None,
                "encoding": found.encoding,
                "uneven": found.uneven,
                "contigs": None if found.runs is None else [name.decode(found.encoding) for name in names],
            },
            arrays={
                "offsets": found.offsets,
                "ordinals": found.ordinals,
                "pos": found.pos,
                "run_names": np.array([places[piece.name] for piece in runs], dtype=np.int64),
                "run_ordinals": np.array([piece.ordinal for piece in runs], dtype=np.int64),
                "run_ascending": np.array([piece.ascending for piece in runs], dtype=np.bool_),
            },
        )

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        asked = params if isinstance(params, VcfParams) else VcfParams.model_validate(params.model_dump())
        wish = Wish(asked.num_slices, asked.records, asked.slice_bytes, asked.remainder)
        marks = Marks.of(index)
        shared = {key: index.facts[key] for key in ("start", "columns_at", "encoding", "uneven")}
        shared["columns"] = index.facts.get("columns")  # an index of an earlier release does not tell
        notes: tuple[str, ...] = ()
        if index.facts["encoding"] != "utf-8":
            notes = ("the text is not UTF-8 and is read as Latin-1",)
        if asked.region is None:
            if index.records == 0:
                notes = (*notes, "the file has a header and no records")
            slices, more = cut_by_marks(marks, wish, "records")
            return Cut(slices, shared, (*notes, *more))
        regions = parse_regions(asked.region, index.facts["contigs"] or ())
        stretches, exact = stretches_of(index, marks, regions)
        if stretches and not exact:
            notes = (*notes, "records are counted before those beside the region are left out, as reading does")
        some, more = slices_in(marks, stretches, regions, wish)
        return Cut(some, shared, (*notes, *more))

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> pd.DataFrame:
        return to_pandas(source, shared, piece)

    def read_bytes(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> bytes:
        if not header:
            return _body(source, shared, piece)
        if "regions" in piece.details:
            return source.read(0, shared["start"]) + _body(source, shared, piece)
        return read_joined(source, [(0, int(shared["start"])), _span(source, piece)])

    def byte_parts(
        self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool
    ) -> list[Range] | None:
        """The ranges that `read_bytes` gives; None for the lines of regions, which are picked out."""
        if "regions" in piece.details:
            return None
        return [*([(0, int(shared["start"]))] if header else []), _span(source, piece)]

    def count(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
        if "regions" in piece.details:
            return sum(1 for _ in _body(source, shared, piece).splitlines())
        start, length = _span(source, piece)
        if length == 0:
            return 0
        head = parse_header(source.uri, source.read(shared["columns_at"], shared["start"] - shared["columns_at"]))
        found = scan_vcf(source, head, start, start + length, _silent, run=map, block_size=READ_BYTES)
        return found.records

    @property
    def views(self) -> Mapping[str, View]:
        return {
            "to_pandas": to_pandas,
            "get_as_pandas": to_pandas,
            "to_arrow": to_arrow,
            "to_text": to_text,
            "iter_lines": iter_lines,
            "variants": variants,
            "to_file_obj": to_file_obj,
        }


def to_arrow(source: Source, shared: Mapping[str, Any], piece: Slice) -> pa.Table:
    """A table: POS int64, QUAL float64 with null for a dot, the other columns and the samples strings."""
    return _table(source, shared, piece, large=False)


def to_pandas(source: Source, shared: Mapping[str, Any], piece: Slice) -> pd.DataFrame:
    """A DataFrame with the columns of the file; POS int64, QUAL float64 with NaN for a dot, all others strings."""
    # pandas takes large strings as they are and makes copies of others.
    frame: pd.DataFrame = _table(source, shared, piece, large=True).to_pandas(split_blocks=True, self_destruct=True)
    return frame


def _table(source: Source, shared: Mapping[str, Any], piece: Slice, *, large: bool) -> pa.Table:
    columns, at = shared.get("columns"), shared["columns_at"]
    if columns is None:
        columns = columns_in(read_joined(source, [(at, shared["start"] - at)]))
    if "regions" in piece.details:
        parts: Iterator[bytes] = iter((_body(source, shared, piece),))
    else:
        parts = whole_parts(source, [_span(source, piece)], end_of_line, smallest_part(len(columns)))
    try:
        return table_of(parts, columns, shared["encoding"], uneven=shared["uneven"], large=large)
    except FormatError as error:
        raise FormatError(f"slice {piece.number} of {source.uri}: {error}") from None


def to_text(source: Source, shared: Mapping[str, Any], piece: Slice) -> str:
    """The header of the file and the lines of the slice."""
    return VcfFormat().read_bytes(source, shared, piece, header=True).decode(shared["encoding"])


def iter_lines(source: Source, shared: Mapping[str, Any], piece: Slice) -> Iterator[str]:
    """The records of the slice as lines without their ends, without the header."""
    if "regions" in piece.details:
        pieces: Iterator[bytes] = iter((_body(source, shared, piece),))
    else:
        start, length = _span(source, piece)
        pieces = read_blocks(source, start, start + length, READ_BYTES)
    decoder = codecs.getincrementaldecoder(shared["encoding"])("strict")
    lines = (line.removesuffix("\r") for line in text_lines(pieces, decoder))
    return (line for line in lines if line)


def variants(source: Source, shared: Mapping[str, Any], piece: Slice) -> list[Any]:
    """The records of the slice as pysam.VariantRecord. MissingExtra without pysam."""
    try:
        import pysam
    except ImportError:
        raise MissingExtra("VariantRecords need pysam: pip install 'cloud-data-cockpit[genomics]'") from None
    # htslib takes a blank line for a damaged record.
    data = _BLANK.sub(b"\n", VcfFormat().read_bytes(source, shared, piece, header=True))
    # htslib reads files only; the name is one that nobody else has.
    with tempfile.TemporaryDirectory(prefix="cockpit-") as folder:
        path = Path(folder) / "slice.vcf"
        path.write_bytes(data)
        try:
            with pysam.VariantFile(str(path)) as file:
                return list(file)
        except (OSError, ValueError) as error:
            raise FormatError(f"pysam cannot read slice {piece.number} of {source.uri}: {error}") from None


def to_file_obj(
    source: Source, shared: Mapping[str, Any], piece: Slice, file_obj: TextIO | None = None, close_fd: bool = False
) -> TextIO | None:
    """The slice with its header as an open text file; or written to `file_obj`, which is closed if `close_fd`."""
    text = to_text(source, shared, piece)
    if file_obj is None:
        return io.StringIO(text, newline=None)
    file_obj.write(text)
    if close_fd:
        file_obj.close()
    return None


def _body(source: Source, shared: Mapping[str, Any], piece: Slice) -> bytes:
    """The bytes of the records of the slice."""
    if "regions" not in piece.details:
        return source.read(*_span(source, piece))
    body = b"".join(source.read_many(piece.ranges))
    regions = [(name.encode(shared["encoding"]), first, last) for name, first, last in piece.details["regions"]]
    return b"".join(lines_in(body, regions))


def _span(source: Source, piece: Slice) -> Range:
    return exact_range(source, piece, _starts_in)


def _starts_in(data: bytes) -> Ints:
    """Where records begin in bytes that begin with one: lines that are not blank."""
    starts = starts_of_lines(data)
    firsts = np.frombuffer(data, dtype=np.uint8)[starts]
    records: Ints = starts[(firsts != 10) & (firsts != 13)]
    return records


def _silent(done: int, total: int) -> None:
    """Nobody asked for progress."""
