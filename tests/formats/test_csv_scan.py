"""The block scan against a plain state machine and against Python's csv module, over nasty bytes and any cuts."""

from __future__ import annotations

import csv
import io
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_data_cockpit.formats import csv_columns, csv_scan
from cloud_data_cockpit.formats.csv_columns import _plainly_regular
from cloud_data_cockpit.formats.csv_scan import CR, FIELD, PLAIN, QUOTE, QUOTED, RECORD, Grammar, possible_entries, scan

GRAMMAR = Grammar(",", '"')
NASTY = st.text(alphabet='a,;"\n\r é0', max_size=60)


@pytest.fixture(params=[None, (3, 2), (1, 1)], autouse=True)
def piece_sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short texts go through the paths of long ones as well."""
    if request.param:
        monkeypatch.setattr(csv_scan, "CACHED_UNITS", request.param[0])
        monkeypatch.setattr(csv_columns, "CACHED_UNITS", request.param[0])
        monkeypatch.setattr(csv_scan, "SETTLE_UNITS", request.param[1])


def step(state: int, char: str, grammar: Grammar) -> tuple[int, bool]:
    """(next state, whether `char` begins a row): the csv module's state machine, one character at a time."""
    if state == QUOTED:
        return (QUOTE if char == grammar.quote else QUOTED), False
    if state == QUOTE and char == grammar.quote:
        return QUOTED, False
    if char == "\n":
        return RECORD, False
    if char == "\r":
        return CR, False
    begins = state in (RECORD, CR)
    if char == grammar.delimiter:
        return FIELD, begins
    if char == grammar.quote and state in (RECORD, CR, FIELD):
        return QUOTED, begins
    return PLAIN, begins


def machine(text: str, grammar: Grammar, state: int) -> tuple[list[int], int]:
    starts = []
    for i, char in enumerate(text):
        state, begins = step(state, char, grammar)
        if begins:
            starts.append(i)
    return starts, state


def agree(text: str, grammar: Grammar, entry: int, entries: list[int]) -> int:
    data = text.encode("latin-1")
    result = scan(grammar.units(data), grammar, entries)
    starts, state = machine(text, grammar, entry)
    assert result.starts(entry).tolist() == starts, (text, entry)
    assert result.count(entry) == len(starts)
    assert result.exits[entry] == state, (text, entry)
    return state


def test_every_short_text_in_every_state_agrees_with_the_state_machine() -> None:
    for length in range(5):
        for letters in product('a,"\n\r', repeat=length):
            text = "".join(letters)
            for previous in (None, *map(ord, 'a,"\n\r')):
                entries = possible_entries(previous, GRAMMAR)
                for entry in entries:
                    agree(text, GRAMMAR, entry, entries)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NASTY, st.sampled_from([Grammar(",", '"'), Grammar(";", '"'), Grammar(",", "a"), Grammar(";", None)]), st.data())
def test_blocks_of_any_size_chain_to_what_the_state_machine_says(
    text: str, grammar: Grammar, data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, 20))
    state, starts = RECORD, []
    for at in range(0, len(text), size):
        previous = ord(text[at - 1]) if at else None
        entries = possible_entries(previous, grammar)
        assert state in entries
        block = text[at : at + size]
        result = scan(grammar.units(block.encode("latin-1")), grammar, entries)
        starts += [at + int(i) for i in result.starts(state)]
        state = agree(block, grammar, state, entries)
    assert (starts, state) == machine(text, grammar, RECORD)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NASTY)
def test_rows_and_cells_are_those_of_the_csv_module(text: str) -> None:
    expected = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    units = GRAMMAR.units(text.encode("latin-1"))
    ends, cells = csv_scan.fields(units, GRAMMAR)
    starts = scan(units, GRAMMAR, [RECORD]).starts(RECORD)
    assert cells.tolist() == [len(row) for row in expected]
    alone = [next(csv.reader(io.StringIO(text[a:b], newline=""))) for a, b in zip(starts, ends, strict=True)]
    assert alone == expected


@pytest.mark.parametrize(
    ("encoding", "unit", "big"), [("utf-16-le", 2, False), ("utf-16-be", 2, True), ("utf-32-be", 4, True)]
)
def test_wide_code_units_are_seen_whole(encoding: str, unit: int, big: bool) -> None:
    # U+0A0A and U+2C22 hold the bytes of a newline, a comma and a quote.
    text = 'a,\u0a0a\n"\u2c22\n",b\r\n\u222cĊ,"x'
    wide = Grammar(",", '"', unit, big)
    narrow = "".join(c if ord(c) < 255 else "ÿ" for c in text)
    result = scan(wide.units(text.encode(encoding)), wide, [RECORD])
    assert (result.starts(RECORD).tolist(), result.exits[RECORD]) == machine(narrow, GRAMMAR, RECORD)


@pytest.mark.parametrize(
    ("text", "opening"),
    [('a,"b', 2), ('"a""', 0), ('a,"b"\n', -1), ('a"b\nc,"d""e\n', 6), ('"', 0), ('""', -1), ('"""', 0), ("", -1)],
)
def test_the_quote_that_never_closes_is_found(text: str, opening: int) -> None:
    assert csv_scan.last_opening(GRAMMAR.units(text.encode()), GRAMMAR) == opening


def test_a_scan_makes_no_python_object_a_row() -> None:
    starts = scan(np.tile(np.frombuffer(b"1,2\n", np.uint8), 1000), GRAMMAR, [RECORD]).starts(RECORD)
    assert starts.dtype == np.uint32
    assert np.array_equal(starts, np.arange(0, 4000, 4))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet='a,"\n\r', max_size=30), st.integers(1, 4))
def test_what_is_plainly_regular_is_regular(text: str, columns: int) -> None:
    rows, grammar = text.encode(), Grammar(",", '"')
    plain = _plainly_regular(rows, grammar, columns)
    cells = [len(row) for row in csv.reader(io.StringIO(text, newline="")) if row]
    if plain:
        assert cells == [columns] * len(cells)
    elif rows and not set(text) & set('\r"') and "\n\n" not in text and not text.startswith("\n"):
        assert set(cells) != {columns}
