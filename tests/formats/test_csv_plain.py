"""The quick way over plain blocks of CSV: the row starts and types of the exact way, or None."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_data_cockpit.errors import FormatError
from cloud_data_cockpit.formats import csv_plain
from cloud_data_cockpit.formats.csv import CsvFormat
from cloud_data_cockpit.formats.csv_columns import survey
from cloud_data_cockpit.formats.csv_params import CsvParams
from cloud_data_cockpit.formats.csv_plain import FLOAT, GAP, INT, plain_rows
from cloud_data_cockpit.formats.csv_scan import CR, FIELD, PLAIN, QUOTED, RECORD, Grammar, plain_scan, scan
from cloud_data_cockpit.source import MemorySource

GRAMMAR = Grammar(",", '"')

numbers = st.one_of(
    st.just(""),
    st.integers(-(10**17), 10**17).map(str),
    st.integers(-99, 99).map(str),
    st.decimals(-(10**9), 10**9, places=5, allow_nan=False).map(lambda d: f"{d:f}"),
    st.floats(-1e6, 1e6).map(repr),
    st.sampled_from(["-", ".", "-.", "5.", ".5", "-.5", "1.2.3", "1-2", "--1", "007", "-01", "00.5", "-0", "0", "1e5"]),
    st.sampled_from(["NA", "nan", "true", "0x1F", " 1", "1 ", "+1", "12345678901234567.25", "9" * 30, "1" * 9 + "-"]),
)


most_columns = st.sampled_from([0, 64])
"""By the cells of each row, by bits."""


def flags_of(cells: list[str]) -> int | None:
    rows = "".join(f"text,{cell}\n" for cell in cells)
    found = plain_rows(f"\n{rows}".encode(), 0, len(rows) + 1, GRAMMAR, 2, (1,))
    return None if found is None else int(found.flags[1])


@pytest.mark.parametrize(
    ("cells", "flags"),
    [
        (["0", "12", "-3", "999999999999999"], INT),
        (["-0", "-12345678901234"], INT),
        (["0.5", "-12.25", "12345678.5", "-123456789012.123456789"], FLOAT),
        (["00.5"], FLOAT),
        (["1", "1.5"], INT | FLOAT),
        (["1", "", "1.5"], GAP | INT | FLOAT),
        (["", "2.5"], GAP | FLOAT),
        (["", "2"], GAP | INT),
        (["", ""], GAP),
    ],
)
def test_plain_numbers(cells: list[str], flags: int) -> None:
    assert flags_of(cells) == flags


WRONG = ["-", ".", "5.", ".5", "-.5", "-5.", "1.2.3", "1-2", "--1", "007", "-01", "1e5", "+1", " 1", "1 ", "NA", "0x1F"]
LONG = ["1234567890123456", "-1234567890123456", "12345678.", "123456789.", "1234567.9.1", "1.2345678.9", "123456789-1"]


@pytest.mark.parametrize("cell", [*WRONG, *LONG, "1" * 25, "1" * 20 + ".5x", "12345678x", "é", "1\x00", "１"])
def test_anything_else_is_left_to_the_exact_way(cell: str) -> None:
    assert flags_of(["1", cell, "2.5"]) is None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=40), st.sampled_from([16, 64, 1 << 19]), most_columns)
def test_the_types_of_the_exact_way(rows: list[tuple[str, str]], piece: int, most: int) -> None:
    data = "".join(f"{a},some,{b}\n" for a, b in rows).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_plain, "PIECE_BYTES", piece)
        patch.setattr(csv_plain, "MOST_COLUMNS", most)
        found = plain_rows(b"\n" + data, 0, len(data) + 1, GRAMMAR, 3, (0, 2))
    if found is None:
        return
    exact = survey(data, GRAMMAR, 3, typed=True)
    quick = type(exact)(found.flags, 3, 3)
    assert [quick.types(3)[i] for i in (0, 2)] == [exact.types(3)[i] for i in (0, 2)]
    assert quick.numbers_kept_as_text() == exact.numbers_kept_as_text() == []


plain_text = st.text("ab,\n1", max_size=60)


@settings(max_examples=200, deadline=None)
@given(plain_text, st.integers(1, 3), st.sampled_from([RECORD, FIELD, PLAIN, CR]), st.integers(0, 5))
def test_the_row_starts_of_the_exact_way(text: str, columns: int, entry: int, before: int) -> None:
    data = text.encode()
    found = plain_rows(b"\n" * before + data, before, before + len(data), GRAMMAR, columns, ())
    if found is None:
        return
    starts, end = found.starts, found.end
    quick = plain_scan(data[0], data[-1], starts, GRAMMAR, [entry, QUOTED])
    exact = scan(np.frombuffer(data, np.uint8), GRAMMAR, [entry, QUOTED])
    for state in (entry, QUOTED):
        assert quick.starts(state).tolist() == exact.starts(state).tolist()
        assert quick.exits[state] == exact.exits[state]
    assert data[:end].endswith(b"\n")
    assert b"\n" not in data[end:]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 99), st.sampled_from([0, 1, 9, 0x7F, 0x80, 0xE9, 0xFF]), st.sampled_from([16, 1 << 19]))
def test_zeros_and_bytes_beyond_ascii_are_seen(at: int, byte: int, piece: int) -> None:
    data = bytearray(b"".join(b"%d,text\n" % i for i in range(12, 30))[:100])
    if data[at] in b"\n,":
        return
    data[at] = byte
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_plain, "PIECE_BYTES", piece)
        # The bytes before and behind the block are looked at as well.
        found = plain_rows(bytes(data), 3, 90, GRAMMAR, 2, ())
    assert found is not None
    assert found.clean == (0 < byte < 128)


@pytest.mark.parametrize("delimiter", [".", "-", "0"])
def test_delimiters_that_numbers_have(delimiter: str) -> None:
    data = f"\n12{delimiter}text\n3{delimiter}more\n".encode()
    found = plain_rows(data, 0, len(data), Grammar(delimiter, '"'), 2, (0,))
    assert found is not None
    assert found.flags.tolist() == [INT, 0]
    assert len(found.starts) == 2


def test_a_zero_byte_far_behind_is_refused() -> None:
    rows = b"".join(b"%d,text\n" % i for i in range(30_000))
    at = len(rows) - 3
    source = MemorySource(b"n,t\n" + rows[:at] + b"\0" + rows[at + 1 :], uri="memory:a.csv")
    with pytest.raises(FormatError, match=f"offset {at + 4}"):
        CsvFormat().index(source, CsvParams(), lambda *_: None, block_size=1 << 16)


@pytest.mark.parametrize(
    "data", [b"", b"1,2", b"\n1,2", b"\n1,2\n3\n", b"\n1,2\n\n3,4\n", b'\n"1",2\n', b"\n1,2\r\n", b"\n1\n2,3,4\n"]
)
def test_what_is_not_plain(data: bytes) -> None:
    assert plain_rows(data, 0, len(data), GRAMMAR, 2, ()) is None


def test_a_row_longer_than_a_piece_is_not_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_plain, "PIECE_BYTES", 8)
    rows: Any = b"\n1,2\n" + b"3" * 20 + b",4\n"
    assert plain_rows(rows, 0, len(rows), GRAMMAR, 2, ()) is None
