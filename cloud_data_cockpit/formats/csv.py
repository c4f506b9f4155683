"""CSV and its kin: rows as Python's csv module finds them, cut at rows, read with the same types in every slice."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest, CockpitError, FormatError
from ..models import Slice
from ..source import Range, Source, read_joined
from .base import BLOCK_SIZE, HEAD_BYTES, SLICE_BYTES, Cut, Index, PartitionParams, Report, Run, View
from .csv_columns import Columns, pack_types, to_frame, to_table, unpack_types
from .csv_dialect import likelihood, unique_names
from .csv_encoding import Encoding, find_encoding, first_bad_utf8, to_text, to_utf8, undefined_in_cp1252
from .csv_found import Found, find_reading, sample_text
from .csv_index import Merge, Reading, build, count_rows, refuse_zeros, unpack_starts
from .csv_params import CsvParams
from .csv_scan import Grammar, end_of_rows
from .parts import FEW_NAMES, whole_parts

NAMES_SHOWN = 8


@dataclass(frozen=True)
class Pieces:
    """Slices made one by one from the row numbers and offsets at which they begin, and where the last ends."""

    rows: NDArray[np.int64]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows) - 1

    def __iter__(self) -> Iterator[Slice]:
        columns = (self.offsets[:-1], np.diff(self.offsets), np.diff(self.rows))
        for i, (start, length, records) in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
            yield Slice.quick(i, ((start, length),), records)


class CsvFormat:
    """CSV, TSV and other text tables with one delimiter, with or without a header, in any encoding one can scan."""

    name: ClassVar[str] = "csv"
    title: ClassVar[str] = "CSV / TSV"
    version: ClassVar[int] = 2
    extensions: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".tab")
    extra: ClassVar[str | None] = None
    params: ClassVar[type[PartitionParams]] = CsvParams
    strategies: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "partition_chunk_size": {"chunk_size": "slice_bytes"},
        "partition_num_chunks": {"num_chunks": "num_slices"},
    }

    def detect(self, name: str, head: bytes) -> float:
        """0.9 for a table with a name that says so, 0.7 for a table, 0.5 for other text so named; else 0."""
        try:
            encoding = find_encoding(head, None)
            text = sample_text(head, encoding)
        except CockpitError:
            return 0.0
        return likelihood(name, text, whole=len(head) < HEAD_BYTES)

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        """One scan: where rows begin, what the columns hold, whether all of it is UTF-8.

        FormatError when the object is empty, binary, not in its encoding, or ends within quotes.
        """
        asked = _own(params)
        if source.size == 0:
            raise FormatError("the object is empty: there is nothing to cut")
        reading, found = find_reading(source, asked)
        header = found.header
        merge = build(source, reading, report, run, block_size)
        report(source.size, source.size)
        encoding = _settle(source, reading, merge)
        line = source.read(found.top, reading.body - found.top) if header else b""
        names = _names(line, encoding, reading.grammar, found.row_names) if header else []
        columns = max(len(names), merge.survey.widest)
        types = "s" * columns if not (reading.typed and merge.starts.rows) else merge.survey.types(columns)
        facts = {
            "encoding": encoding.name,
            "bom": encoding.bom,
            "delimiter": reading.grammar.delimiter,
            "quotechar": reading.grammar.quote,
            "header": header,
            "top": found.top,
            "row_names": found.row_names,
            "names": names if sum(map(len, names)) <= FEW_NAMES else None,
            "body": reading.body,
            "usual": reading.usual,
            "typed": reading.typed,
            "types": pack_types(types),
            "stride": merge.starts.stride,
            "notes": _reading_notes(asked, reading, encoding, merge, found, _extended(names, columns)),
        }
        return Index(
            format=self.name,
            version=self.version,
            uri=source.uri,
            etag=source.etag,
            size=source.size,
            reading=asked.reading(),
            records=merge.starts.rows,
            facts=facts,
            arrays=merge.starts.packed(reading.grammar.unit),
        )

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        """Cut at row starts. Slices cover the body from the first data row to the end, without gaps."""
        asked = _own(params)
        facts = index.facts
        starts = unpack_starts(index.arrays["deltas"], index.arrays["long"])
        at, notes = _cut_points(starts, index, asked)
        rows = np.append(at * facts["stride"], index.records)
        offsets = np.append(starts[at], index.size)
        if not len(at):
            rows, offsets = np.zeros(2, np.int64), np.array([facts["body"], index.size])
        shared = {key: value for key, value in facts.items() if key not in ("notes", "stride")}
        return Cut(Pieces(rows, offsets), shared, (*facts["notes"], *notes))

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> Any:
        """pandas.DataFrame with the columns and dtypes of the whole object, whatever this slice holds."""
        return to_frame(self._table(source, shared, piece, large=True), unpack_types(shared["types"]))

    def read_bytes(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> bytes:
        """The rows as they are stored; with `header`, behind the header row and the byte order mark of the object."""
        return read_joined(source, self.byte_parts(source, shared, piece, header=header))

    def byte_parts(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> list[Range]:
        """The ranges that `read_bytes` gives."""
        return [*([(0, int(shared["body"]))] if header else []), *piece.ranges]

    def count(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
        """Rows, counted by reading them block by block."""
        grammar = _grammar(shared)
        return sum(count_rows(source, grammar, offset, length, BLOCK_SIZE) for offset, length in piece.ranges)

    def to_arrow(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> Any:
        """pyarrow.Table with the same schema in every slice: int64, double, bool, string."""
        return self._table(source, shared, piece, large=False)

    def _table(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, large: bool) -> Any:
        encoding, grammar = Encoding(shared["encoding"], bom=shared["bom"]), _grammar(shared)
        types, top = unpack_types(shared["types"]), int(shared["top"])
        names: list[str] | None = shared["names"]
        if names is None:
            header = read_joined(source, [(top, int(shared["body"]) - top)])
            names = _names(header, encoding, grammar, shared["row_names"])
        ranges = piece.ranges if piece.records else ()
        parts = (to_utf8(part, encoding.name) for part in whole_parts(source, ranges, partial(end_of_rows, grammar)))
        usual = min(int(shared["usual"]), len(types))
        columns = Columns(types, _extended(names, len(types)), usual, shared["typed"], large)
        return to_table(parts, Grammar(grammar.delimiter, grammar.quote), columns)

    def to_text(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> str:
        """The text with its header, newlines as they are stored, without a byte order mark."""
        data = self.read_bytes(source, shared, piece, header=True)
        return to_text(data[int(shared["bom"]) :], shared["encoding"])

    @property
    def views(self) -> Mapping[str, View]:
        return {
            "to_pandas": self.read,
            "get_as_pandas": self.read,
            "to_arrow": self.to_arrow,
            "to_text": self.to_text,
        }


def _own(params: PartitionParams) -> CsvParams:
    if not isinstance(params, CsvParams):
        raise BadRequest(f"CSV is cut by CsvParams, not by {type(params).__name__}")
    return params


def _settle(source: Source, reading: Reading, merge: Merge) -> Encoding:
    """The encoding that fits all of the object; the header is looked at here, the body was in the scan."""
    header = source.read(0, reading.body)
    refuse_zeros(reading.grammar.units(header[reading.encoding.bom :]), reading.encoding.bom, reading.grammar.unit)
    if not reading.encoding.guessed:
        return reading.encoding
    if merge.bad_utf8 is None and first_bad_utf8(header, len(header), first=True) is None:
        return replace(reading.encoding, guessed=False)
    undefined = merge.undefined_cp1252 or undefined_in_cp1252(header)
    return Encoding("latin-1" if undefined else "cp1252")


def _names(header: bytes, encoding: Encoding, grammar: Grammar, row_names: bool) -> list[str]:
    lines = io.StringIO(to_text(header, encoding.name), newline="")
    try:
        if grammar.quote:
            rows = csv.reader(lines, delimiter=grammar.delimiter, quotechar=grammar.quote)
        else:
            rows = csv.reader(lines, delimiter=grammar.delimiter, quoting=csv.QUOTE_NONE)
        cells = next(row for row in rows if row)
        return unique_names(["", *cells] if row_names else cells)
    except csv.Error as error:
        raise FormatError(f'the header cannot be read ({error}); header="no" reads it as data') from error


def _extended(names: list[str], columns: int) -> list[str]:
    """As many names as columns: those without one are called column_1, column_2, ... by their place."""
    extended = list(names)
    for i in range(len(names), columns):
        name = f"column_{i + 1}"
        while name in names:
            name += "_"
        extended.append(name)
    return extended


def _grammar(shared: Mapping[str, Any]) -> Grammar:
    name = str(shared["encoding"])
    unit = int(name[4:6]) // 8 if name.startswith(("utf-16", "utf-32")) else 1
    return Grammar(shared["delimiter"], shared["quotechar"], unit, name.endswith("be"))


def _cut_points(starts: NDArray[np.int64], index: Index, asked: CsvParams) -> tuple[NDArray[np.int64], list[str]]:
    """Which of `starts` begin a slice, and words about what could not be done as asked."""
    kept, stride, notes = len(starts), int(index.facts["stride"]), []
    if stride > 1:
        notes.append(f"There are {index.records:,} rows; cuts fall on every {stride}th of them.")
    if not kept:
        return np.zeros(0, np.int64), ["There are no rows besides the header: one slice holds nothing."]
    if asked.rows is not None:
        step = -(-asked.rows // stride)
        if step * stride != asked.rows:
            notes.append(f"{asked.rows:,} rows a slice were rounded up to {step * stride:,}.")
        return np.arange(0, kept, step, dtype=np.int64), notes
    if asked.num_slices is not None:
        if asked.num_slices > kept:
            notes.append(f"{asked.num_slices:,} slices were asked for; there are {kept:,}, one for each row.")
        count = min(asked.num_slices, kept)
        return np.arange(count, dtype=np.int64) * kept // count, notes
    size = asked.slice_bytes or SLICE_BYTES
    # A slice begins at the first row that begins in the next `size` bytes of the body.
    bins = (starts - starts[0]) // size
    return np.flatnonzero(np.diff(bins, prepend=-1)).astype(np.int64), notes


def _reading_notes(
    asked: CsvParams, reading: Reading, encoding: Encoding, merge: Merge, found: Found, names: list[str]
) -> list[str]:
    notes = []
    if reading.encoding.guessed and encoding.name != "utf-8":
        notes.append(f"The text is not UTF-8; it is read as {encoding.name}. Choose an encoding if signs look wrong.")
    if found.above:
        notes.append(f"{found.above:,} lines above the table (comments, or sep=) are no rows; read() keeps them.")
    if found.row_names:
        notes.append("The header has one cell less than the rows: the first column has no name, as R writes row names.")
    if not found.header and asked.header == "auto":
        notes.append('The first row looks like data; the columns are called column_1, ... header="yes" says otherwise.')
    survey = merge.survey
    if survey.narrower or survey.wider:
        notes.append(
            f"{survey.narrower:,} rows have fewer and {survey.wider:,} more than the usual {reading.usual} cells; "
            "missing cells are read as null, further ones as further columns."
        )
    kept = [names[i] for i in survey.numbers_kept_as_text()]
    if kept:
        shown = ", ".join(kept[:NAMES_SHOWN]) + (", ..." if len(kept) > NAMES_SHOWN else "")
        notes.append(f"Read as text, since numbers would lose leading zeros or digits: {shown}.")
    return notes
