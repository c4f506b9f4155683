"""Lines of VCF as an Arrow table: the fixed columns typed, FORMAT and samples as text, the same in every slice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import FormatError
from .lines import NEWLINE, positions
from .parts import LARGEST, arrow_pool, each, holds_rows

if TYPE_CHECKING:
    import pyarrow as pa

# Several parts are parsed at once, each by one thread.
_BLOCK, _WIDE_BLOCK, _WIDE = 1 << 20, 16 << 20, 256


def table_of(
    parts: Iterable[bytes], columns: Sequence[str], encoding: str, *, uneven: bool, large: bool = False
) -> pa.Table:
    """The records in `parts`, whole lines without a header, of which `columns` are the names.

    CHROM, ID, REF, ALT, FILTER, INFO, FORMAT and samples are strings as they stand, `large` ones if wanted, POS int64,
    QUAL float64 and null for a dot. `uneven`: lines may have more or fewer columns than there are names. FormatError
    for a value that does not fit.
    """
    import pyarrow as pa

    schema = schema_of(columns, large=large)
    tables = list(each(lambda part: _part_table(part, schema, encoding, uneven), filter(holds_rows, parts)))
    return pa.concat_tables(tables or [schema.empty_table()])


def schema_of(columns: Sequence[str], *, large: bool = False) -> pa.Schema:
    """The types of the columns."""
    import pyarrow as pa

    text = pa.large_string() if large else pa.string()
    types = {"POS": pa.int64(), "QUAL": pa.float64()}
    return pa.schema([pa.field(name, types.get(name, text) if i < 8 else text) for i, name in enumerate(columns)])


def smallest_part(columns: int) -> int:
    """Bytes to parse at a time at least: many columns need larger blocks to be fast."""
    return _WIDE_BLOCK if columns > _WIDE else _BLOCK


def _part_table(body: bytes, schema: pa.Schema, encoding: str, uneven: bool) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    if uneven:
        body = _evened(body, len(schema))
    # Names of columns may occur twice, so the reader numbers them.
    numbered = [str(i) for i in range(len(schema))]
    try:
        table = csv.read_csv(
            pa.BufferReader(pa.py_buffer(body)),
            read_options=csv.ReadOptions(
                column_names=numbered, encoding=encoding, block_size=_block_size(body, len(schema)), use_threads=False
            ),
            parse_options=csv.ParseOptions(delimiter="\t", quote_char=False, double_quote=False, escape_char=False),
            convert_options=csv.ConvertOptions(
                column_types=dict(zip(numbered, schema.types, strict=True)),
                null_values=["."],
                strings_can_be_null=False,
            ),
            memory_pool=arrow_pool(),
        )
    except pa.ArrowInvalid as error:
        raise FormatError(f"a record is damaged: {error}") from None
    return table.rename_columns(schema.names).cast(schema)


def _block_size(body: bytes, columns: int) -> int:
    """Bytes that are parsed at a time: no less than the longest line; a part as a whole."""
    if len(body) <= 2 * LARGEST:
        return len(body) + 1
    ends = positions(np.frombuffer(body, dtype=np.uint8), NEWLINE)
    longest = int(np.diff(ends, prepend=-1, append=len(body)).max())
    return max(smallest_part(columns), longest + 1024)


def _evened(body: bytes, columns: int) -> bytes:
    """The same with `columns` columns a line: more are left out, missing ones are dots."""
    lines = []
    for line in body.split(b"\n"):
        if line := line.removesuffix(b"\r"):
            fields = line.split(b"\t")[:columns]
            lines.append(b"\t".join(fields + [b"."] * (columns - len(fields))))
    return b"\n".join(lines)
