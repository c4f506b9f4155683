"""What the columns of a CSV hold, found block by block so that the blocks can be merged, and whole rows to Arrow.

Every block gives a set of flags a column, merged by union; the type follows from the union, so it is the same for any
blocks. `TYPES` are one letter a column: i int64, I int64 with gaps that float64 could not hold exactly, f float64,
b bool, B bool with gaps, s string.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from .csv_scan import CACHED_UNITS, Grammar, fields
from .parts import LARGEST, arrow_pool, each, holds_rows

GAP, INT, FLOAT, BOOL, TEXT, ZERO, HUGE, WIDE = (1 << i for i in range(8))
"""A cell is missing; is a whole number; is another number; a truth value; anything else; a whole number with leading
zeros; a whole number beyond 64 bits; one beyond 2**53."""

TRUE, FALSE = ["true", "True", "TRUE"], ["false", "False", "FALSE"]
MISSING = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
PARSE_BLOCK = 1 << 20
LARGEST_BLOCK = (1 << 31) - 1
EXACT_FLOAT = 1 << 53
LEADING_ZERO = r"^\s*-?0[0-9]+\s*$"
HEXADECIMAL = r"^\s*-?0[xX]"
WHOLE_NUMBER = r"^\s*-?[0-9]+\s*$"
LONG_TYPES = 160
MOST_APART = 64


@dataclass(frozen=True)
class Survey:
    """Flags a column; the narrowest and widest row; how many rows are narrower or wider than the usual one."""

    flags: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    narrowest: int = 1 << 62
    widest: int = 0
    narrower: int = 0
    wider: int = 0

    def merged(self, other: Survey) -> Survey:
        """What both have seen. Associative and commutative."""
        long, short = sorted((self.flags, other.flags), key=len, reverse=True)
        flags = long.copy()
        flags[: len(short)] |= short
        return Survey(
            flags,
            min(self.narrowest, other.narrowest),
            max(self.widest, other.widest),
            self.narrower + other.narrower,
            self.wider + other.wider,
        )

    def types(self, columns: int) -> str:
        """One letter for each of `columns` columns."""
        flags = np.zeros(columns, np.uint8)
        flags[: len(self.flags)] = self.flags[:columns]
        flags[min(self.narrowest, columns) :] |= GAP
        return "".join(map(_type_of, flags.tolist()))

    def text_columns(self) -> frozenset[int]:
        """Columns that are text whatever the rest of the rows holds."""
        return frozenset(int(i) for i in np.flatnonzero(self.flags & TEXT))

    def numbers_kept_as_text(self) -> list[int]:
        """Columns of numbers which a number type would change: leading zeros, or whole numbers beyond 64 bits."""
        numbers = ((self.flags & (INT | FLOAT)) > 0) & ((self.flags & (TEXT | BOOL)) == 0)
        return [int(i) for i in np.flatnonzero(numbers & ((self.flags & (ZERO | HUGE)) > 0))]


def survey(rows: bytes, grammar: Grammar, usual: int, *, typed: bool, decided: Set[int] = frozenset()) -> Survey:
    """Survey `rows`, whole rows in an 8-bit encoding that keeps ASCII, `usual` cells in most of them.

    Columns that are `decided` to be text already are not looked at, which is faster.
    """
    if typed:
        table = _inferred(rows, grammar, usual, decided)
        if table is not None:
            return Survey(_flags(table, rows, grammar, usual), usual, usual) if table.num_rows else Survey()
    elif _plainly_regular(rows, grammar, usual):
        return Survey(narrowest=usual, widest=usual)
    _, cells = fields(grammar.units(rows), grammar)
    if not len(cells):
        return Survey()
    widest = int(cells.max())
    flags = np.zeros(0, np.uint8)
    if typed:
        padded = _padded(rows, grammar, widest)
        table = _inferred(padded, grammar, widest, decided)
        if table is None:
            raise FormatError(_CANNOT_PARSE)
        flags = _flags(table, padded, grammar, widest)
    return Survey(flags, int(cells.min()), widest, int((cells < usual).sum()), int((cells > usual).sum()))


@dataclass(frozen=True)
class Columns:
    """The columns of a table: type letters, names, how many most rows have, whether other types than text were wanted.

    `large`: text in Arrow's large strings, which pandas takes as they are; it makes copies of others.
    """

    types: str
    names: Sequence[str]
    usual: int
    typed: bool
    large: bool = False

    def kinds(self) -> list[Any]:
        """Arrow's types."""
        import pyarrow as pa

        text = {"s": pa.large_string()} if self.large else {}
        return [text.get(letter) or arrow_type(letter) for letter in self.types]


def to_table(parts: Iterable[bytes], grammar: Grammar, columns: Columns) -> Any:
    """pyarrow.Table of `parts`, each whole rows in UTF-8: the same schema for any rows of the object.

    Rows with fewer cells get nulls. FormatError when a cell is not of its column's type, or a row too long.
    """
    import pyarrow as pa

    schema = pa.schema(list(zip(columns.names, columns.kinds(), strict=True)))
    tables = list(each(lambda rows: _part_table(rows, grammar, columns, schema), filter(holds_rows, parts)))
    return pa.concat_tables(tables or [schema.empty_table()])


def _part_table(rows: bytes, grammar: Grammar, columns: Columns, schema: Any) -> Any:
    import pyarrow as pa

    kinds, usual, typed = schema.types, columns.usual, columns.typed
    try:
        # Several parts are parsed at once; every further thread for one of them would hold memory of its own.
        block = len(rows) + 1 if len(rows) <= 2 * LARGEST else PARSE_BLOCK
        table = _read(rows, grammar, usual, block, kinds[:usual], typed=typed, threads=False)
        gaps = [pa.nulls(table.num_rows, kind) for kind in kinds[usual:]]
        return pa.table([*table.columns, *gaps], schema=schema)
    except pa.ArrowInvalid:
        return _ragged(rows, grammar, kinds, typed).rename_columns(list(columns.names))


def arrow_type(letter: str) -> Any:
    """The Arrow type of a type letter."""
    import pyarrow as pa

    return {"i": pa.int64(), "f": pa.float64(), "b": pa.bool_(), "s": pa.string()}[letter.lower()]


def to_frame(table: Any, types: str) -> Any:
    """pandas.DataFrame with dtypes by `types` alone: int64, Int64, float64, bool, boolean and pandas' strings.

    The table is used up.
    """
    import pandas as pd

    nullable = {"I": pd.Int64Dtype(), "B": pd.BooleanDtype()}
    apart = {}
    for i, letter in enumerate(types):
        if letter in nullable:
            values = table.column(i).to_pandas(types_mapper=lambda _, dtype=nullable[letter]: dtype)
            apart[i] = values.astype(nullable[letter])
    # Columns one by one, each let go as soon as it is copied; pandas is slow with very many that are not joined.
    frame = table.to_pandas(ignore_metadata=True, split_blocks=len(types) <= MOST_APART, self_destruct=True)
    for i, values in apart.items():
        frame.isetitem(i, values)
    return frame


def pack_types(types: str) -> str:
    """Type letters for the shared facts of slices, compressed when there are many."""
    if len(types) <= LONG_TYPES:
        return types
    return "z" + base64.b85encode(zlib.compress(types.encode(), 9)).decode()


def unpack_types(packed: str) -> str:
    """What `pack_types` packed."""
    return zlib.decompress(base64.b85decode(packed[1:])).decode() if packed.startswith("z") else packed


_CANNOT_PARSE = "the rows cannot be read as a table; check the delimiter and the quote character"


def _type_of(flags: int) -> str:
    numbers = flags & (INT | FLOAT)
    if flags & TEXT or (flags & BOOL and numbers) or (numbers and flags & (ZERO | HUGE)):
        return "s"
    if flags & BOOL:
        return "B" if flags & GAP else "b"
    if numbers == INT and not flags & GAP:
        return "i"
    if numbers == INT and flags & WIDE:
        return "I"
    return "f"


def _read(
    rows: bytes,
    grammar: Grammar,
    columns: int,
    block: int,
    kinds: Sequence[Any] | None,
    *,
    typed: bool,
    only: list[str] | None = None,
    threads: bool = True,
) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    names = [str(i) for i in range(columns)]
    return csv.read_csv(
        cast(Any, pa.BufferReader(rows)),
        read_options=csv.ReadOptions(column_names=names, block_size=block, use_threads=threads),
        parse_options=csv.ParseOptions(
            delimiter=grammar.delimiter,
            quote_char=grammar.quote or False,
            newlines_in_values=grammar.quote is not None and grammar.quote.encode() in rows,
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict(zip(names, kinds, strict=True)) if kinds is not None else None,
            null_values=list(MISSING) if typed else [],
            true_values=TRUE,
            false_values=FALSE,
            strings_can_be_null=typed,
            include_columns=only,
        ),
        memory_pool=arrow_pool(),
    )


def _inferred(rows: bytes, grammar: Grammar, columns: int, decided: Set[int]) -> Any:
    """The rows with types found by Arrow, without `decided` columns; None when not every row has `columns` cells."""
    import pyarrow as pa

    if not rows:
        return pa.table({})
    # Arrow would take no columns for all of them.
    only = [str(i) for i in range(columns) if i not in decided] or ["0"]
    for block in (PARSE_BLOCK, min(len(rows) + 1, LARGEST_BLOCK)):
        try:
            return _read(rows, grammar, columns, block, None, typed=True, only=only)
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error):
                return None
    return None


def _flags(table: Any, rows: bytes, grammar: Grammar, columns: int) -> NDArray[np.uint8]:
    import pyarrow.compute as pc
    from pyarrow import types

    flags = np.zeros(columns, np.uint8)
    check: list[str] = []
    zeros = _zero_may_lead(rows, grammar)
    for name, column in zip(table.column_names, table.columns, strict=True):
        i = int(name)
        flags[i] = GAP if column.null_count else 0
        if types.is_integer(column.type) or types.is_floating(column.type):
            extremes = pc.min_max(column)
            largest = max(abs(extremes["min"].as_py()), abs(extremes["max"].as_py()))
            whole = types.is_integer(column.type)
            flags[i] |= INT if whole else FLOAT
            flags[i] |= WIDE if whole and largest > EXACT_FLOAT else 0
            if zeros or (not whole and not largest < 2**63):
                check.append(name)
        elif types.is_boolean(column.type):
            flags[i] |= BOOL
        elif not types.is_null(column.type):
            flags[i] |= TEXT
    if check:
        _check_numbers(flags, check, table, rows, grammar)
    return flags


def _check_numbers(flags: NDArray[np.uint8], check: list[str], table: Any, rows: bytes, grammar: Grammar) -> None:
    """Add ZERO, HUGE and, for hexadecimal numbers, TEXT by the text of the cells in the columns `check`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    block = min(len(rows) + 1, LARGEST_BLOCK)
    texts = _read(rows, grammar, len(flags), block, [pa.string()] * len(flags), typed=True, only=check)
    for name, cells in zip(check, texts.columns, strict=True):
        i, numbers = int(name), table.column(name)
        if pc.any(pc.match_substring_regex(cells, LEADING_ZERO)).as_py():
            flags[i] |= ZERO
        # Arrow takes 0x1F for a whole number, but not beside decimals.
        if pc.any(pc.match_substring_regex(cells, HEXADECIMAL)).as_py():
            flags[i] |= TEXT
        if pa.types.is_floating(numbers.type):
            whole = pc.match_substring_regex(cells, WHOLE_NUMBER)
            beyond = pc.greater_equal(pc.abs(numbers), pa.scalar(float(2**63)))
            if pc.any(pc.and_(whole, beyond)).as_py():
                flags[i] |= HUGE


def _zero_may_lead(rows: bytes, grammar: Grammar) -> bool:
    """Whether a cell may begin with 0 and another digit (or x); never False when one does."""
    units = np.frombuffer(rows, np.uint8)
    edge = np.full(2, ord("\n"), np.uint8)
    for at in range(0, len(units), CACHED_UNITS):
        before = units[at - 2 : at] if at else edge
        if _zero_leads(np.concatenate([before, units[at : at + CACHED_UNITS + 1], edge[:1]]), grammar):
            return True
    return False


def _zero_leads(units: NDArray[np.uint8], grammar: Grammar) -> bool:
    """The same for a piece, from its third unit to the last but one."""
    before, zero, after = units[1:-2], units[2:-1] == ord("0"), units[3:]
    opens = ((before < ord("0")) & (before != ord("."))) | (before == ord(grammar.delimiter))
    if grammar.quote:
        opens |= before == ord(grammar.quote)
    goes_on = ((after - np.uint8(ord("0"))) < 10) | ((after | np.uint8(32)) == ord("x"))
    found = np.flatnonzero(zero & opens & goes_on) + 2
    # A blank or a minus in the middle of a cell, as in 2012-06-22 00:00, is not its beginning.
    opening = np.zeros(256, np.bool_)
    opening[np.frombuffer(f"\r\n\t\v\f -{grammar.delimiter}{grammar.quote or ''}".encode(), np.uint8)] = True
    signed = np.isin(units[found - 1], np.frombuffer(b" -", np.uint8))
    return bool((opening[units[found - 1]] & (~signed | opening[units[found - 2]])).any())


def _plainly_regular(rows: bytes, grammar: Grammar, columns: int) -> bool:
    """Whether `rows` have no quotes, no blank lines and `columns` cells each; False where telling takes more work."""
    if not rows or b"\r" in rows or (grammar.quote and grammar.quote.encode() in rows):
        return False
    # With more columns, a blank line is found by the delimiters that it lacks.
    if columns == 1 and (rows.startswith(b"\n") or b"\n\n" in rows):
        return False
    units = np.frombuffer(rows, np.uint8)
    at = 0
    while at < len(rows):
        # Rows of a piece that stays in the processor's cache; a longer row is a piece of its own.
        stop = rows.rfind(b"\n", at, at + CACHED_UNITS) + 1 or rows.find(b"\n", at) + 1 or len(rows)
        if not _regular_piece(units[at:stop], ord(grammar.delimiter), columns):
            return False
        at = stop
    return True


def _regular_piece(units: NDArray[np.uint8], delimiter: int, columns: int) -> bool:
    """As many delimiters as regular rows have, and each row's own before its end and behind the row before."""
    ends = np.flatnonzero(units == ord("\n"))
    if not len(ends) or ends[-1] != len(units) - 1:
        ends = np.append(ends, len(units))
    cuts = np.flatnonzero(units == delimiter)
    if len(cuts) != len(ends) * (columns - 1):
        return False
    table = cuts.reshape(len(ends), columns - 1)
    return columns == 1 or bool((table[:, -1] < ends).all() and (table[1:, 0] > ends[:-1]).all())


def _padded(rows: bytes, grammar: Grammar, columns: int) -> bytes:
    """The rows with as many delimiters put at the end of each as it lacks cells."""
    units = np.frombuffer(rows, np.uint8)
    ends, cells = fields(units, grammar)
    lacking = columns - cells
    if lacking.min() < 0:
        raise FormatError(f"a row has {int(cells.max())} cells, more than the {columns} that were indexed")
    return np.insert(units, np.repeat(ends, lacking), ord(grammar.delimiter)).tobytes()


def _ragged(rows: bytes, grammar: Grammar, kinds: Sequence[Any], typed: bool) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    padded = _padded(rows, grammar, len(kinds))
    try:
        block = min(len(padded) + 1, LARGEST_BLOCK)
        table = _read(padded, grammar, len(kinds), block, kinds, typed=typed, threads=False)
    except pa.ArrowInvalid as error:
        raise FormatError(f"{_CANNOT_PARSE}: {error}") from error
    if typed:
        return table
    _, cells = fields(grammar.units(rows), grammar)
    for i in range(int(cells.min()), len(kinds)):
        missing = pa.array(cells <= i)
        table = table.set_column(i, str(i), pc.if_else(missing, pa.scalar(None, kinds[i]), table.column(i)))
    return table
