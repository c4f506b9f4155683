"""Plain text: a record is a line, or a word; any encoding whose lines can be found by code units."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, TextIO

import numpy as np
from pydantic import Field, model_validator

from ..errors import FormatError
from ..models import Slice
from ..source import Range, Source, read_joined
from .base import BLOCK_SIZE, HEAD_BYTES, Cut, Index, PartitionParams, Report, Run, View
from .encodings import Encoding, find_encoding, of_name
from .lines import Ints, read_blocks, text_lines
from .marks import Marks, Remainder, Wish, cut_by_marks, exact_range
from .text_scan import Rules, rules_for, scan_bytes, scan_text

READ_BYTES = 1 << 20


class TextParams(PartitionParams):
    """How to cut text: one of `num_slices`, `lines`, `slice_bytes`; and how to read it."""

    lines: int | None = Field(
        default=None,
        ge=1,
        title="Lines per slice",
        description="Each slice holds this many lines, the last one the rest.",
        json_schema_extra={"cut": True},
    )
    slice_bytes: int | None = Field(
        default=None,
        ge=1,
        title="Bytes per slice",
        description="Each slice holds about this many bytes, always whole lines or words.",
        json_schema_extra={"cut": True},
    )
    words: bool = Field(
        default=False,
        title="Cut between words",
        description="Slices end at any white space, not only at line ends; records are words.",
        json_schema_extra={"reading": True},
    )
    encoding: str | None = Field(
        default=None,
        title="Encoding",
        description="Found in the bytes unless named: UTF-8, UTF-16 and UTF-32, otherwise Windows-1252 or Latin-1.",
        json_schema_extra={"reading": True},
    )
    remainder: Remainder = Field(
        default="expand",
        title="What is left over",
        description="With lines per slice: the rest becomes a slice of its own (expand) or joins the last (merge).",
        json_schema_extra={"only_with": "lines"},
    )

    @model_validator(mode="after")
    def _lines_are_not_words(self) -> TextParams:
        if self.words and self.lines is not None:
            raise ValueError("choose one of lines and words: slices of so many lines are not cut between words")
        return self


class TextFormat:
    """Lines or words of text. Lines end at newline, carriage return and newline, or a carriage return alone."""

    name: ClassVar[str] = "text"
    title: ClassVar[str] = "Text"
    version: ClassVar[int] = 1
    extensions: ClassVar[tuple[str, ...]] = (".txt", ".text", ".log", ".md")
    extra: ClassVar[str | None] = None
    params: ClassVar[type[PartitionParams]] = TextParams
    strategies: ClassVar[Mapping[str, Mapping[str, str]]] = {"whole_words_strategy": {"num_chunks": "num_slices"}}
    strategy_params: ClassVar[Mapping[str, Mapping[str, Any]]] = {"whole_words_strategy": {"words": True}}

    def detect(self, name: str, head: bytes) -> float:
        try:
            encoding = find_encoding(head, None)
        except FormatError:
            return 0
        return 0.05 if len(head) > len(encoding.bom) else 0

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        asked = _checked(params)
        try:
            encoding = find_encoding(source.read(0, min(HEAD_BYTES, source.size)), asked.encoding)
        except FormatError as error:
            raise FormatError(f"{source.uri} cannot be read: {error}") from None
        start = len(encoding.bom)
        if source.size <= start:
            raise FormatError(f"{source.uri} is empty: there is nothing to cut")
        rules = rules_for(encoding, asked.words, source.size)
        found = scan_text(source, start, source.size, rules, report, run=run, block_size=block_size)
        return Index(
            format=self.name,
            version=self.version,
            uri=source.uri,
            etag=source.etag,
            size=source.size,
            reading=params.reading(),
            records=found.records,
            facts={"start": start, "encoding": found.encoding, "words": asked.words, "note": found.note},
            arrays={"offsets": found.offsets, "ordinals": found.ordinals},
        )

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        asked = _checked(params)
        wish = Wish(asked.num_slices, asked.lines, asked.slice_bytes, asked.remainder)
        slices, notes = cut_by_marks(Marks.of(index), wish, "words" if index.facts["words"] else "lines")
        if index.facts["note"]:
            notes = (*notes, index.facts["note"])
        shared = {
            "encoding": index.facts["encoding"],
            "words": index.facts["words"],
            "bom": index.facts["start"],
        }
        return Cut(slices, shared, notes)

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> str:
        data = self.read_bytes(source, shared, piece, header=False)
        return _encoding(shared).decode(data, f"slice {piece.number} of {source.uri}")

    def read_bytes(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> bytes:
        return read_joined(source, self.byte_parts(source, shared, piece, header=header))

    def byte_parts(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> list[Range]:
        """The ranges that `read_bytes` gives."""
        return [*([(0, int(shared["bom"]))] if header and shared["bom"] else []), _span(source, shared, piece)]

    def count(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
        start, length = _span(source, shared, piece)
        if length == 0:
            return 0
        rules = Rules(_encoding(shared), shared["words"], 63)
        found = scan_text(source, start, start + length, rules, _silent, run=map, block_size=READ_BYTES)
        return found.records

    @property
    def views(self) -> Mapping[str, View]:
        return {
            "iter_lines": iter_lines,
            "lines": lines,
            "words": words,
            "to_text": self.read,
            "to_bytes": to_bytes,
            "to_file_obj": to_file_obj,
        }


def iter_lines(source: Source, shared: Mapping[str, Any], piece: Slice) -> Iterator[str]:
    """The lines of the slice without their ends, read a MiB at a time."""
    start, length = _span(source, shared, piece)
    decoder = codecs.getincrementaldecoder(_encoding(shared).name)("strict")
    translate = io.IncrementalNewlineDecoder(decoder, translate=True)
    try:
        yield from text_lines(read_blocks(source, start, start + length, READ_BYTES), translate)
    except UnicodeDecodeError:
        raise FormatError(f"{source.uri} is not {shared['encoding']}: choose another encoding") from None


def lines(source: Source, shared: Mapping[str, Any], piece: Slice) -> list[str]:
    """The lines of the slice without their ends."""
    return list(iter_lines(source, shared, piece))


def words(source: Source, shared: Mapping[str, Any], piece: Slice) -> list[str]:
    """The words of the slice: what stands between blanks, tabs, line ends and page breaks."""
    text = TextFormat().read(source, shared, piece)
    for white in "\t\n\r\v\f":
        text = text.replace(white, " ")
    return [word for word in text.split(" ") if word]


def to_bytes(source: Source, shared: Mapping[str, Any], piece: Slice) -> bytes:
    """The bytes of the slice as the object holds them."""
    return TextFormat().read_bytes(source, shared, piece, header=False)


def to_file_obj(
    source: Source, shared: Mapping[str, Any], piece: Slice, file_obj: TextIO | None = None, close_fd: bool = False
) -> TextIO | None:
    """The slice as an open text file; or, given `file_obj`, write its lines there and close that if `close_fd`."""
    if file_obj is None:
        return io.StringIO(TextFormat().read(source, shared, piece), newline=None)
    for line in iter_lines(source, shared, piece):
        file_obj.write(line + "\n")
    if close_fd:
        file_obj.close()
    return None


def _checked(params: PartitionParams) -> TextParams:
    return params if isinstance(params, TextParams) else TextParams.model_validate(params.model_dump())


def _encoding(shared: Mapping[str, Any]) -> Encoding:
    return of_name(shared["encoding"])


def _span(source: Source, shared: Mapping[str, Any], piece: Slice) -> Range:
    return exact_range(source, piece, _starts_in(shared))


def _starts_in(shared: Mapping[str, Any]) -> Callable[[bytes], Ints]:
    """Where records begin in bytes that begin with one."""
    rules = Rules(_encoding(shared), shared["words"], 0)

    def starts(data: bytes) -> Ints:
        return np.concatenate(([0], scan_bytes(data, 0, rules).offsets))

    return starts


def _silent(done: int, total: int) -> None:
    """Nobody asked for progress."""
