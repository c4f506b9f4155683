"""FASTQ: a record is a read, of four lines or wrapped over more; slices hold whole reads."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TextIO

from pydantic import Field

from ..errors import FormatError
from ..models import Slice
from ..source import Range, Source
from .base import BLOCK_SIZE, Cut, Index, PartitionParams, Report, Run, View
from .fastq_read import (
    FastqRead,
    arrow_by_fours,
    arrow_of,
    clean_lines,
    read_starts,
    reads_by_fours,
    reads_by_lines,
)
from .fastq_scan import scan_fastq
from .fastq_walk import AT, GREATER, PLUS
from .lines import read_blocks
from .marks import Marks, Remainder, Wish, cut_by_marks, exact_range

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

READ_BYTES = 4 << 20


class FastqParams(PartitionParams):
    """How to cut reads: one of `num_slices`, `reads`, `slice_bytes`."""

    reads: int | None = Field(
        default=None,
        ge=1,
        title="Reads per slice",
        description="Each slice holds this many reads, the last one the rest.",
        json_schema_extra={"cut": True},
    )
    slice_bytes: int | None = Field(
        default=None,
        ge=1,
        title="Bytes per slice",
        description="Each slice holds about this many bytes, always whole reads.",
        json_schema_extra={"cut": True},
    )
    remainder: Remainder = Field(
        default="expand",
        title="What is left over",
        description="With reads per slice: the rest becomes a slice of its own (expand) or joins the last (merge).",
        json_schema_extra={"only_with": "reads"},
    )


class FastqFormat:
    """Reads with their qualities. An @ that opens a quality line never begins a read."""

    name: ClassVar[str] = "fastq"
    title: ClassVar[str] = "FASTQ"
    version: ClassVar[int] = 1
    extensions: ClassVar[tuple[str, ...]] = (".fastq", ".fq")
    extra: ClassVar[str | None] = None
    params: ClassVar[type[PartitionParams]] = FastqParams
    strategies: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "partition_reads_batches": {"num_batches": "num_slices"},
        "partition_sequences_per_chunk": {"seq_per_chunk": "reads", "strategy": "remainder"},
    }

    def detect(self, name: str, head: bytes) -> float:
        return looks_like_fastq(head)

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        if source.size == 0:
            raise FormatError(f"{source.uri} is empty: there are no reads to cut")
        if source.read(0, min(2, source.size)) == b"\x1f\x8b":
            raise FormatError(f"{source.uri} is compressed by gzip; choose the format for compressed FASTQ")
        found = scan_fastq(source, 0, source.size, report, run=run, block_size=block_size)
        return Index(
            format=self.name,
            version=self.version,
            uri=source.uri,
            etag=source.etag,
            size=source.size,
            reading=params.reading(),
            records=found.reads,
            facts={"start": 0, "wrapped": found.wrapped, "encoding": found.encoding},
            arrays={"offsets": found.offsets, "ordinals": found.ordinals},
        )

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        asked = params if isinstance(params, FastqParams) else FastqParams.model_validate(params.model_dump())
        wish = Wish(asked.num_slices, asked.reads, asked.slice_bytes, asked.remainder)
        slices, notes = cut_by_marks(Marks.of(index), wish, "reads")
        if index.facts["encoding"] != "utf-8":
            notes = (*notes, "the names of the reads are not UTF-8 and are read as Latin-1")
        return Cut(slices, {key: index.facts[key] for key in ("wrapped", "encoding")}, notes)

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> list[FastqRead]:
        return [read for some in _batches(source, shared, piece) for read in some]

    def read_bytes(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> bytes:
        return source.read(*_span(source, piece))

    def byte_parts(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> list[Range]:
        """The range that `read_bytes` gives."""
        return [_span(source, piece)]

    def count(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
        start, length = _span(source, piece)
        if length == 0:
            return 0
        return scan_fastq(source, start, start + length, _silent, run=map, block_size=READ_BYTES).reads

    @property
    def views(self) -> Mapping[str, View]:
        return {
            "iter_reads": iter_reads,
            "iter_lines": iter_lines,
            "to_text": to_text,
            "to_bytes": to_bytes,
            "to_file_obj": to_file_obj,
            "to_arrow": to_arrow,
            "to_pandas": to_pandas,
            "get_as_pandas": to_pandas,
        }


def looks_like_fastq(head: bytes) -> float:
    """How sure the bytes that an object begins with make one that it is FASTQ."""
    whole = len(head) < 1 << 16
    head = head.lstrip(b"\r\n")
    lines = head.split(b"\n", 4096)
    lines = [line.removesuffix(b"\r") for line in lines[:-1]] + ([lines[-1]] if whole else [])
    if not head.startswith(b"@") or b"\0" in head[:4096]:
        return 0
    separator = next((i for i, line in enumerate(lines) if i and line[:1] == b"+"), 0)
    body = lines[1:separator] if separator else lines[1:]
    if any(line[0] in (AT, GREATER, PLUS) or b"\t" in line for line in body if line):
        return 0
    if not separator:
        # A read longer than the head: nothing but bases so far.
        last = head.rpartition(b"\n")[2]
        return 0.6 if not whole and last.replace(b"-", b"N").replace(b".", b"N").isalpha() else 0
    bases, quality = sum(map(len, body)), 0
    if bases == 0:
        following = next((line for line in lines[separator + 1 :] if line), b"@")
        return 0.5 if following[0] == AT else 0
    for line in lines[separator + 1 :]:
        quality += len(line)
        if quality >= bases:
            return 0.98 if quality == bases else 0
    return 0.5 if whole else 0.9


def iter_reads(source: Source, shared: Mapping[str, Any], piece: Slice) -> Iterator[FastqRead]:
    """The reads of the slice one after another, in bounded memory."""
    for some in _batches(source, shared, piece):
        yield from some


def iter_lines(source: Source, shared: Mapping[str, Any], piece: Slice) -> Iterator[str]:
    """The lines of the slice without their ends, in bounded memory."""
    return clean_lines(_pieces(source, piece), shared["encoding"])


def to_text(source: Source, shared: Mapping[str, Any], piece: Slice) -> str:
    """The slice as text, line ends as they are."""
    return to_bytes(source, shared, piece).decode(shared["encoding"])


def to_bytes(source: Source, shared: Mapping[str, Any], piece: Slice) -> bytes:
    """The bytes of the slice as the object holds them."""
    return source.read(*_span(source, piece))


def to_file_obj(
    source: Source, shared: Mapping[str, Any], piece: Slice, file_obj: TextIO | None = None, close_fd: bool = False
) -> TextIO | None:
    """The slice as an open text file; or, given `file_obj`, write its lines there and close that if `close_fd`."""
    if file_obj is None:
        return io.StringIO(to_text(source, shared, piece), newline=None)
    for line in iter_lines(source, shared, piece):
        file_obj.write(line + "\n")
    if close_fd:
        file_obj.close()
    return None


def to_arrow(source: Source, shared: Mapping[str, Any], piece: Slice) -> pa.Table:
    """A table of the columns name, sequence and quality, all large_string."""
    if shared["wrapped"]:
        return arrow_of(iter_reads(source, shared, piece))
    return arrow_by_fours(_pieces(source, piece), shared["encoding"])


def to_pandas(source: Source, shared: Mapping[str, Any], piece: Slice) -> pd.DataFrame:
    """A DataFrame of the columns name, sequence and quality."""
    frame: pd.DataFrame = to_arrow(source, shared, piece).to_pandas()
    return frame


def _batches(source: Source, shared: Mapping[str, Any], piece: Slice) -> Iterator[list[FastqRead]]:
    pieces = _pieces(source, piece)
    if not shared["wrapped"]:
        yield from reads_by_fours(pieces, shared["encoding"])
        return
    for read in reads_by_lines(clean_lines(pieces, shared["encoding"])):
        yield [read]


def _pieces(source: Source, piece: Slice) -> Iterator[bytes]:
    start, length = _span(source, piece)
    return read_blocks(source, start, start + length, READ_BYTES)


def _span(source: Source, piece: Slice) -> Range:
    return exact_range(source, piece, read_starts)


def _silent(done: int, total: int) -> None:
    """Nobody asked for progress."""
