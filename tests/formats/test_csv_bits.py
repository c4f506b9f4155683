"""Rows and numbers by bits: what a look at each cell tells, wherever words of 64 bytes begin and end."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_data_cockpit.formats import csv_bits
from cloud_data_cockpit.formats.csv_bits import FLOAT, GAP, INT, cells_by_bits

PLAIN = re.compile(r"-?(?:(?P<whole>0|[1-9][0-9]{0,14})|[0-9]{1,15}\.[0-9]+)|")

signs = st.text("0123456789.-", max_size=18)
numbers = st.one_of(
    signs,
    st.integers(-(10**16), 10**16).map(str),
    st.floats(-1e6, 1e6).map(repr),
    st.sampled_from(["", "0", "-0", "007", "-01.5", "1" * 15, "1" * 16, "-" + "9" * 15, "0." + "3" * 150, "1" * 200]),
    st.sampled_from(
        ["1e5", "+1", "inf", "1_000", "0x1F", " 1", "1 ", "é", "１", "nan", "-.", "-.5", ".5", "5.", "1..2"]
    ),
)
text = st.one_of(st.text("ab01.- é\x00", max_size=9), st.integers(55, 200).map(lambda n: "x" * n))


def by_cells(rows: list[list[str]], columns: int, wanted: tuple[int, ...]) -> list[int] | None:
    """The flags of the columns by looking at each cell; None where rows are not regular or a number not plain."""
    if any(len(row) != columns or row == [""] for row in rows):
        return None
    flags = [0] * columns
    for row in rows:
        for i in wanted:
            found = PLAIN.fullmatch(row[i])
            if found is None:
                return None
            flags[i] |= GAP if not row[i] else INT if found["whole"] else FLOAT
    return flags


def check(rows: list[list[str]], columns: int, wanted: tuple[int, ...]) -> None:
    data = "".join(",".join(row) + "\n" for row in rows).encode()
    found = cells_by_bits(np.frombuffer(data, np.uint8), ord(","), columns, wanted)
    expected = by_cells(rows, columns, wanted)
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert found[0].tolist() == [at for at, byte in enumerate(data) if byte == 10]
    assert found[1].tolist() == expected


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(numbers, text, numbers), min_size=1, max_size=30))
def test_numbers_as_each_cell_tells(rows: list[tuple[str, str, str]]) -> None:
    check([list(row) for row in rows], 3, (0, 2))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(text, text, numbers, text), min_size=1, max_size=30), st.booleans())
def test_numbers_among_text(rows: list[tuple[str, ...]], typed: bool) -> None:
    check([list(row) for row in rows], 4, (2,) if typed else ())


plain = st.one_of(st.integers(-(10**14), 10**14).map(str), st.decimals(-(10**9), 10**9, places=5).map("{:f}".format))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(plain, st.just("")), min_size=1, max_size=60), st.integers(0, 70), numbers)
def test_one_odd_cell_anywhere(cells: list[str], place: int, odd: str) -> None:
    cells.insert(place % (len(cells) + 1), odd)
    check([[cell, "t"] for cell in cells], 2, (0,))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["", "a", "1", "x" * 70]), min_size=1, max_size=4), min_size=1, max_size=40))
def test_rows_that_are_not_regular(rows: list[list[str]]) -> None:
    for columns in (1, 2, 3):
        check(rows, columns, ())


@pytest.mark.parametrize("length", [62, 63, 64, 65, 126, 127, 128, 129, 191, 192, 193, 640])
@pytest.mark.parametrize("shift", range(3))
def test_cells_that_fill_words(length: int, shift: int) -> None:
    check([["a" * shift, "b" * length, "1.5"], ["", "", "-2"]], 3, (2,))
    check([["1", "2" * length]], 2, (0,))
    check([["1", "2." + "3" * length], ["", "0"]], 2, (1,))


@pytest.mark.parametrize("chunk", [64, 128, 256])
def test_pieces_of_many_chunks(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(csv_bits, "_CHUNK", chunk)
    check([[str(i), "t" * (i % 90), f"-{i}.5"] for i in range(200)], 3, (0, 2))
