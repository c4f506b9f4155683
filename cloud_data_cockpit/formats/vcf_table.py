"""Lines of VCF as an Arrow table: the fixed columns typed, FORMAT and samples as text, the same in every slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import FormatError
from .lines import NEWLINE, positions

if TYPE_CHECKING:
    import pyarrow as pa

# Slices are read side by side, so each is parsed by one thread; many columns need larger blocks to be fast.
_BLOCK, _WIDE_BLOCK, _WIDE = 1 << 20, 16 << 20, 256


def table_of(body: bytes, columns: Sequence[str], encoding: str, *, uneven: bool) -> pa.Table:
    """The records in `body`, lines without a header, of which `columns` are the names.

    CHROM, ID, REF, ALT, FILTER, INFO, FORMAT and samples are strings as they stand, POS int64, QUAL float64 and null
    for a dot. `uneven`: lines may have more or fewer columns than there are names. FormatError for a value that does
    not fit.
    """
    import pyarrow as pa
    from pyarrow import csv

    schema = schema_of(columns)
    if not body.strip(b"\r\n"):
        return schema.empty_table()
    if uneven:
        body = _evened(body, len(columns))
    # Names of columns may occur twice, so the reader numbers them.
    numbered = [str(i) for i in range(len(columns))]
    try:
        table = csv.read_csv(
            pa.BufferReader(pa.py_buffer(body)),
            read_options=csv.ReadOptions(
                column_names=numbered, encoding=encoding, block_size=_block_size(body, len(columns)), use_threads=False
            ),
            parse_options=csv.ParseOptions(delimiter="\t", quote_char=False, double_quote=False, escape_char=False),
            convert_options=csv.ConvertOptions(
                column_types=dict(zip(numbered, schema.types, strict=True)),
                null_values=["."],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise FormatError(f"a record is damaged: {error}") from None
    return table.rename_columns(list(columns)).cast(schema)


def schema_of(columns: Sequence[str]) -> pa.Schema:
    """The types of the columns."""
    import pyarrow as pa

    types = {"POS": pa.int64(), "QUAL": pa.float64()}
    return pa.schema(
        [pa.field(name, types.get(name, pa.string()) if i < 8 else pa.string()) for i, name in enumerate(columns)]
    )


def _block_size(body: bytes, columns: int) -> int:
    """Bytes that are parsed at a time: no less than the longest line."""
    ends = positions(np.frombuffer(body, dtype=np.uint8), NEWLINE)
    longest = int(np.diff(ends, prepend=-1, append=len(body)).max())
    return max(_WIDE_BLOCK if columns > _WIDE else _BLOCK, longest + 1024)


def _evened(body: bytes, columns: int) -> bytes:
    """The same with `columns` columns a line: more are left out, missing ones are dots."""
    lines = []
    for line in body.split(b"\n"):
        if line := line.removesuffix(b"\r"):
            fields = line.split(b"\t")[:columns]
            lines.append(b"\t".join(fields + [b"."] * (columns - len(fields))))
    return b"\n".join(lines)
