"""How a CSV is to be read, found in its beginning: encoding, dialect, what stands above the table, its header."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice

from ..errors import BadRequest, FormatError
from ..source import Source
from .base import HEAD_BYTES
from .csv_dialect import (
    SAMPLE_CHARS,
    Above,
    Dialect,
    Rows,
    find_above,
    looks_like_header,
    parse_rows,
    sniff,
    sniff_quote,
)
from .csv_encoding import Encoding, check_scannable, find_encoding
from .csv_index import Reading, first_rows
from .csv_params import NO_QUOTES, CsvParams
from .csv_scan import Grammar

MOST_HEAD = 16 << 20
ENOUGH_LINES = 3


@dataclass(frozen=True)
class Found:
    """Whether the table has a header, and where its first row begins: byte `top`, behind `above` lines of other things.

    `row_names`: the header has no cell for the first column.
    """

    header: bool
    top: int
    above: int = 0
    row_names: bool = False


@dataclass(frozen=True)
class _Head:
    """The text that the object begins with; `whole` when that is all of it, `most` of it to be parsed."""

    text: str
    above: Above
    whole: bool
    most: int


def find_reading(source: Source, asked: CsvParams) -> tuple[Reading, Found]:
    """How to understand the object, by its first bytes and what was asked."""
    first = source.read(0, min(HEAD_BYTES, source.size))
    encoding = find_encoding(first, asked.encoding)
    if (source.size - encoding.bom) % encoding.unit:
        raise FormatError(f"the object ends in the middle of a character of {encoding.name}: it is cut off")
    head = _head(source, first, encoding)
    dialect = _dialect(source, head, asked)
    check_scannable(encoding.name, dialect.delimiter + (dialect.quote or ""))
    grammar = Grammar(dialect.delimiter, dialect.quote, encoding.unit, encoding.big_endian)
    at, above = _table(head, dialect)
    rows = _rows(head, at, dialect)
    unquoted = Grammar(dialect.delimiter, None, encoding.unit, encoding.big_endian)
    lines = first_rows(source, unquoted, encoding.bom, HEAD_BYTES)
    top = next(islice(lines, above, None), source.size) if above else encoding.bom
    row_names = asked.header != "no" and _lacks_a_cell(rows)
    if row_names:
        rows = [["", *rows[0]], *rows[1:]]
    header = asked.header == "yes" or (asked.header == "auto" and bool(rows) and looks_like_header(rows))
    found = Found(header, top, above, header and row_names)
    usual, body = _usual(rows[header:] or rows) or 1, _body(source, grammar, found)
    return Reading(encoding, grammar, usual, asked.types == "infer", body), found


def sample_text(head: bytes, encoding: Encoding) -> str:
    """The text of the bytes that an object begins with, without its byte order mark."""
    # Delimiters and numbers are ASCII, so Latin-1 shows all that matters where the encoding is not known yet.
    return head[encoding.bom :].decode("latin-1" if encoding.guessed else encoding.name, "replace")


def _head(source: Source, first: bytes, encoding: Encoding) -> _Head:
    """As much of the beginning as holds some lines of the table, which may be wide or stand below many comments."""
    data, most = first, SAMPLE_CHARS
    while True:
        text = sample_text(data, encoding)
        above = find_above(text)
        lines = text.count("\n", above.end) or text.count("\r", above.end)
        whole = len(data) == source.size
        if whole or lines >= ENOUGH_LINES or len(data) >= MOST_HEAD:
            return _Head(text, above, whole, most)
        data += source.read(len(data), min(3 * len(data), source.size - len(data)))
        most = 4 * len(data)


def _dialect(source: Source, head: _Head, asked: CsvParams) -> Dialect:
    text = head.text[head.above.end :] or head.text[head.above.begin :]
    delimiter = asked.delimiter or head.above.delimiter
    quote = asked.quotechar or sniff_quote(text, whole=head.whole, delimiter=delimiter)
    found = sniff(
        text,
        whole=head.whole,
        name=source.uri,
        delimiter=delimiter,
        quote=None if quote == NO_QUOTES else quote,
    )
    if found.delimiter == found.quote:
        raise BadRequest(f"{quote!r} cannot be both the delimiter and the quote character; name both")
    return found


def _rows(head: _Head, begin: int, dialect: Dialect) -> Rows:
    return parse_rows(head.text[begin:], dialect.delimiter, dialect.quote, whole=head.whole, most=head.most)


def _table(head: _Head, dialect: Dialect) -> tuple[int, int]:
    """(character at which the table begins, lines above it that are not blank).

    Comments directly above the rows that have as many cells as these belong to the table: `#chrom start end`.
    """
    above = head.above
    named = int(above.delimiter is not None)
    usual = _usual(_rows(head, above.end, dialect))
    kept = len(above.comments) if usual else 0
    ends = [*above.comments[1:], above.end]
    while kept and _cells(head.text[above.comments[kept - 1] : ends[kept - 1]], dialect) == usual:
        kept -= 1
    return above.comments[kept] if kept < len(above.comments) else above.end, named + kept


def _cells(line: str, dialect: Dialect) -> int:
    return len(parse_rows(line, dialect.delimiter, dialect.quote, whole=True)[0])


def _usual(rows: Rows) -> int:
    return Counter(map(len, rows)).most_common(1)[0][0] if rows else 0


def _lacks_a_cell(rows: Rows) -> bool:
    """Whether the first row has one cell less than the others, and not because these end with a delimiter."""
    usual = _usual(rows[1:])
    if not rows or len(rows[0]) != usual - 1:
        return False
    return any(row[-1].strip() for row in rows[1:] if len(row) == usual)


def _body(source: Source, grammar: Grammar, found: Found) -> int:
    begins = first_rows(source, grammar, found.top, HEAD_BYTES)
    first = next(begins, None)
    if first is None:
        raise FormatError("the object has no rows, only blank lines")
    return next(begins, source.size) if found.header else first
