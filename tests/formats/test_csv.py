"""CSV: the promises of every format, rows as the csv module finds them, one set of types, real files, known traps."""

from __future__ import annotations

import codecs
import csv
import io
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cloud_data_cockpit.errors import BadRequest, CockpitError, FormatError
from cloud_data_cockpit.formats.base import HEAD_BYTES, Cut, Format, Index
from cloud_data_cockpit.formats.csv import CsvFormat, CsvParams
from cloud_data_cockpit.formats.csv_index import RowStarts, unpack_starts
from cloud_data_cockpit.formats.csv_scan import QUOTED, RECORD, Grammar
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import FileSource, MemorySource, Source

from .conformance import CountingSource, FormatConformance, ignore
from .test_csv_scan import machine

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
FMT = CsvFormat()


def indexed(data: bytes, name: str = "table.csv", block_size: int = 1 << 20, **params: Any) -> tuple[Source, Index]:
    source = MemorySource(data, uri=f"memory:{name}")
    return source, FMT.index(source, CsvParams(**params), ignore, block_size=block_size)


def cut(
    data: bytes, name: str = "table.csv", block_size: int = 1 << 20, **params: Any
) -> tuple[Source, Cut, list[Slice]]:
    source, index = indexed(data, name, block_size, **params)
    made = FMT.partition(index, CsvParams(**params))
    return source, made, list(made.slices)


def frames(data: bytes, **params: Any) -> list[pd.DataFrame]:
    source, made, slices = cut(data, **params)
    return [FMT.read(source, made.shared, piece) for piece in slices]


def whole(data: bytes, **params: Any) -> pd.DataFrame:
    return pd.concat(frames(data, **params), ignore_index=True)


def rows_of(text: str, delimiter: str = ",", quote: str = '"') -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote) if row]


def cells(table: pa.Table) -> list[list[str]]:
    """Rows of a table of text, cells that a short row lacks left out."""
    return [[value for value in row.values() if value is not None] for row in table.to_pylist()]


def plain(value: object) -> str:
    """The same for 5, 5.0 and "5", and for all that is missing."""
    text = "" if pd.isna(value) else str(value)  # type: ignore[call-overload]
    try:
        return repr(float(text))
    except ValueError:
        return text


def long_table(rows: int) -> bytes:
    lines = (f'{i},{i * 0.25},{i % 7 == 0},"name, {i}"\r\n' for i in range(rows))
    return ("id,value,seventh,name\r\n" + "".join(lines)).encode()


EXAMPLES: dict[str, tuple[bytes, int]] = {
    "long.csv": (long_table(3000), 23),
    "small.csv": (b'a,b,c\n1,2.5,x\n3,,"y\nz"\n5,6.5,"q""r"', 6),
    "tabs.tsv": ("\ufeffid\tword\n1\tnaïve\n2\t日本\n".encode(), 11),
    "semicolons.csv": ("Ort;Höhe\r\nKöln;37\r\nGenève;375\r\n".encode("cp1252"), 10),
    "wide.csv": (codecs.BOM_UTF16_LE + 'a,b\r\n1,"x\r\ny"\r\n2,\u0a0a\r\n'.encode("utf-16-le"), 12),
    "no header.csv": (b"1,a\n2,b\n3,c\n", 0),
    "one column.csv": (b"name\nx\ny\n\n", 5),
    "returns.csv": (b"a,b\r1,2\r3,4\r", 4),
    "header only.csv": (b"a,b\n", 4),
    "uneven.csv": (b"a,b\n1,2\n3\n4,5,6\n", 4),
}


class TestConformance(FormatConformance):
    def make(self) -> Format:
        return CsvFormat()

    def examples(self) -> Mapping[str, bytes]:
        return {name: data for name, (data, _) in EXAMPLES.items()}

    def body(self, data: bytes) -> bytes:
        return next(data[header:] for known, header in EXAMPLES.values() if known == data)

    def damaged(self) -> Mapping[str, bytes]:
        return {
            "cut off.csv": b'a,b\n1,"2\n3,4\n',
            "cut off in header.csv": b'"a,b\n1,2\n3,4\n',
            "gzip.csv": bytes.fromhex("1f8b0800000000000003") + bytes(range(256)),
            "zero later.csv": b"a,b\n" + b"1,2\n" * 30000 + b"1,\0\n",
            "half a character.csv": codecs.BOM_UTF16_LE + "a,b\n".encode("utf-16-le") + b"1",
            "blank.csv": b"\n\r\n\n",
        }

    def reference(self, data: bytes) -> list[Any]:
        if data.startswith(codecs.BOM_UTF16_LE):
            text = data.decode("utf-16")
        else:
            text = data.decode("cp1252" if b"\xf6he" in data else "utf-8-sig")
        head = text.splitlines()[0]
        rows = rows_of(text, next(d for d in "\t;," if d in head or d == ","))
        data_rows = rows if rows[0][0] == "1" or rows[0][0].isdigit() else rows[1:]
        return [self._bare([plain(cell) for cell in row]) for row in data_rows]

    def records_of(self, value: Any) -> list[Any]:
        return [self._bare([plain(cell) for cell in row]) for row in value.itertuples(index=False, name=None)]

    @staticmethod
    def _bare(row: list[str]) -> list[str]:
        while row and row[-1] == "":
            row = row[:-1]
        return row


# --- rows as the csv module finds them ----------------------------------------------------------

NASTY = st.text(alphabet='a,;"\n\r é0', min_size=1, max_size=80)
CELL = st.text(alphabet=st.sampled_from("ab,;\t|\" \n\ré日0'x"), max_size=6)


@settings(max_examples=200, deadline=None)
@given(NASTY, st.integers(1, 90), st.integers(1, 8), st.booleans())
def test_any_text_is_cut_into_the_rows_of_the_csv_module(
    text: str, block_size: int, num_slices: int, typed: bool
) -> None:
    params = {"delimiter": ",", "quotechar": '"', "header": "no", "encoding": "utf-8", "num_slices": num_slices}
    data, expected = text.encode(), rows_of(text)
    unclosed = machine(text, Grammar(",", '"'), RECORD)[1] == QUOTED
    if unclosed or not expected:
        with pytest.raises(FormatError, match="ends inside quotes" if unclosed else "no rows"):
            cut(data, block_size=block_size, types="text", **params)
        return
    source, made, slices = cut(data, block_size=block_size, types="text", **params)
    assert [row for s in slices for row in cells(FMT.to_arrow(source, made.shared, s))] == expected
    assert [
        row for s in slices for row in rows_of(FMT.read_bytes(source, made.shared, s, header=False).decode())
    ] == expected
    assert [FMT.count(source, made.shared, s) for s in slices] == [s.records for s in slices]
    assert len(slices) == min(num_slices, len(expected))
    assert b"".join(FMT.read_bytes(source, made.shared, s, header=False) for s in slices) == data.lstrip(b"\r\n")
    if typed:
        one, other = indexed(data, block_size=block_size, **params)[1], indexed(data, **params)[1]
        FormatConformance.same(one, other, text)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(CELL, min_size=1, max_size=4), min_size=1, max_size=12),
    st.sampled_from(",;\t|:"),
    st.sampled_from("\"'"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "gb18030", "euc_jp"]),
    st.integers(1, 12),
    st.integers(1, 64),
)
def test_written_tables_come_back_whatever_dialect_newline_encoding_slices_and_blocks(
    rows: list[list[str]], delimiter: str, quote: str, newline: str, encoding: str, num_slices: int, block_size: int
) -> None:
    assume(not (encoding == "gb18030" and delimiter == "|"))
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, quotechar=quote, lineterminator=newline).writerows(rows)
    try:
        data = buffer.getvalue().encode(encoding)
    except UnicodeEncodeError:
        data = buffer.getvalue().replace("é", "e").encode(encoding)
    expected = rows_of(data.decode(encoding), delimiter, quote)
    assume(expected)
    source, made, slices = cut(
        data,
        block_size=block_size,
        num_slices=num_slices,
        delimiter=delimiter,
        quotechar=quote,
        encoding=encoding,
        header="no",
        types="text",
    )
    assert [row for s in slices for row in cells(FMT.to_arrow(source, made.shared, s))] == expected
    assert [s.records for s in slices] == [FMT.count(source, made.shared, s) for s in slices]


def test_a_file_cut_inside_quotes_is_refused_and_the_place_is_told() -> None:
    with pytest.raises(FormatError, match=r"opened at byte 10 \(data row 2\)"):
        indexed(b'a,b\n1,2\n3,"4\n5,6\n')
    with pytest.raises(FormatError, match=r"opened at byte 2 \(the first row\)"):
        indexed(b'a,"b\n1,2\n')
    source, made, slices = cut(b'a,b\n1,2\n3,"4\n5,6\n', quotechar="none")
    assert FMT.read(source, made.shared, slices[0])["b"].tolist() == ["2", '"4', "6"]


def test_a_field_that_closes_at_the_very_end_is_whole() -> None:
    assert whole(b'a,b\n1,"x"\n2,"y"')["b"].tolist() == ["x", "y"]


# --- how slices are asked for -------------------------------------------------------------------


def test_rows_in_a_slice_are_exact() -> None:
    _, _, slices = cut(long_table(100), rows=30)
    assert [s.records for s in slices] == [30, 30, 30, 10]


@pytest.mark.parametrize("size", [1, 10, 100, 1000, 10**9])
def test_slices_of_so_many_bytes(size: int) -> None:
    data = long_table(200)
    source, made, slices = cut(data, slice_bytes=size)
    longest = max(len(line) + 2 for line in data.decode().split("\r\n"))
    assert all(s.nbytes < size + longest for s in slices)
    assert len(slices) >= (len(data) - 23) / (size + longest)
    assert b"".join(FMT.read_bytes(source, made.shared, s, header=False) for s in slices) == data[23:]


def test_a_row_longer_than_a_slice_or_a_block_is_whole() -> None:
    data = b"a,b\n1,x\n2," + b"y" * 3_000_000 + b"\n3,z\n"
    source, made, slices = cut(data, block_size=50_000, slice_bytes=4)
    assert [s.records for s in slices] == [1, 1, 1]
    assert len(FMT.read(source, made.shared, slices[1])["b"][0]) == 3_000_000


def test_more_slices_than_rows_is_said() -> None:
    _, made, slices = cut(b"a,b\n1,2\n3,4\n", num_slices=9)
    assert len(slices) == 2
    assert "9 slices were asked for; there are 2" in made.notes[-1]


def test_without_rows_there_is_one_slice_with_the_header() -> None:
    source, made, slices = cut(b"a,b", num_slices=3)
    assert [s.records for s in slices] == [0]
    assert list(FMT.read(source, made.shared, slices[0]).columns) == ["a", "b"]
    assert FMT.read_bytes(source, made.shared, slices[0], header=True) == b"a,b"
    assert FMT.to_text(source, made.shared, slices[0]) == "a,b"


def test_only_one_way_to_cut_and_one_character() -> None:
    for wrong in (
        {"rows": 2, "num_slices": 2},
        {"delimiter": "ab"},
        {"delimiter": "é"},
        {"delimiter": '"', "quotechar": '"'},
    ):
        with pytest.raises(ValidationError):
            CsvParams(**wrong)  # type: ignore[arg-type]
    assert (CsvParams(delimiter="tab").delimiter, CsvParams(delimiter="").delimiter) == ("\t", None)


def test_past_the_limit_every_second_fourth_row_is_kept_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RowStarts.__init__, "__defaults__", (100,))
    data = long_table(1000)
    source, one = indexed(data)
    FormatConformance.same(one, indexed(data, block_size=777)[1], "thinned")
    assert one.facts["stride"] == 16
    made = FMT.partition(one, CsvParams(rows=20))
    slices = list(made.slices)
    assert {s.records for s in slices[:-1]} == {32}
    assert any("every 16th" in note for note in made.notes)
    assert any("rounded up to 32" in note for note in made.notes)
    assert sum(FMT.count(source, made.shared, s) for s in slices) == 1000
    assert [FMT.count(source, made.shared, s) for s in slices] == [s.records for s in slices]
    assert len(list(FMT.partition(one, CsvParams(num_slices=50)).slices)) == 50


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 300) | st.integers(60000, 70000), min_size=1), min_size=1), st.sampled_from([1, 2])
)
def test_row_starts_survive_packing(blocks: list[list[int]], unit: int) -> None:
    kept, expected, offset = RowStarts(), [], 5 << 32
    for lengths in blocks:
        starts = np.cumsum(lengths)
        kept.add(offset, starts.astype(np.uint32))
        expected += [offset + int(start) * unit for start in starts]
        offset = expected[-1]
    packed = kept.packed(unit)
    assert unpack_starts(packed["deltas"], packed["long"]).tolist() == expected


def test_a_usual_row_costs_one_byte_in_the_index() -> None:
    assert indexed(long_table(1000))[1].arrays["deltas"].dtype == np.uint8


# --- types --------------------------------------------------------------------------------------


def test_types_are_those_of_the_whole_object_in_every_slice() -> None:
    data = b"zip,n,f,t,e\n" + b"01,1,2,True,\n" * 50 + b"2A,2,2.5,False,\n" + b"03,,3,True,x\n"
    got = frames(data, num_slices=7)
    assert {tuple(map(str, frame.dtypes)) for frame in got} == {("str", "float64", "float64", "bool", "str")} or all(
        frame.dtypes.equals(got[0].dtypes) for frame in got
    )
    assert got[0]["zip"].tolist()[0] == "01"
    pd.testing.assert_frame_equal(pd.concat(got, ignore_index=True), whole(data, num_slices=1))


@pytest.mark.parametrize(
    ("values", "dtype", "first"),
    [
        (["1", "2"], "int64", 1),
        (["1", ""], "float64", 1.0),
        (["1", "2.5"], "float64", 1.0),
        (["true", "FALSE"], "bool", True),
        (["True", "NA"], "boolean", True),
        (["True", "1"], "string", "True"),
        (["007", "8"], "string", "007"),
        (["8", "-007"], "string", "8"),
        (["007", "1.5"], "string", "007"),
        (["0x1F", "7"], "string", "0x1F"),
        (["0", "0.5"], "float64", 0.0),
        (["9223372036854775807", "1"], "int64", 2**63 - 1),
        (["9223372036854775808", "1"], "string", "9223372036854775808"),
        (["12345678901234567890123", "1.5"], "string", "12345678901234567890123"),
        (["1e300", "1"], "float64", 1e300),
        (["inf", "NAN"], "float64", float("inf")),
        (["9007199254740993", ""], "Int64", 9007199254740993),
        (["2020-01-01", "2020-01-02"], "string", "2020-01-01"),
        (["12:30:00", "12:31:00"], "string", "12:30:00"),
        (["", ""], "float64", None),
        (["x", "1"], "string", "x"),
    ],
)
@pytest.mark.parametrize("block_size", [5, 1000])
def test_the_type_of_a_column(values: list[str], dtype: str, first: object, block_size: int) -> None:
    data = "k,v\n" + "".join(f"a,{value}\n" for value in values)
    got = frames(data.encode(), num_slices=2, block_size=block_size, header="yes")
    for frame in got:
        if dtype == "string":
            assert pd.api.types.is_string_dtype(frame["v"])
        else:
            assert str(frame["v"].dtype) == dtype
    value = got[0]["v"][0]
    assert pd.isna(value) if first is None else value == first


@pytest.mark.parametrize("word_first", [True, False])
def test_one_word_far_from_the_numbers_makes_the_column_text(word_first: bool) -> None:
    numbers = b"".join(b"a,%d\n" % i for i in range(40_000))
    data = b"k,v\n" + (b"a,word\n" + numbers if word_first else numbers + b"a,word\n")
    source, made, slices = cut(data, num_slices=3, block_size=1 << 16)
    assert made.shared["types"] == "ss"
    assert all(pd.api.types.is_string_dtype(FMT.read(source, made.shared, s)["v"]) for s in slices)


def test_numbers_kept_as_text_are_named_in_a_note() -> None:
    _, made, _ = cut(b"zip,n\n01234,1\n98765,2\n")
    assert made.notes == ("Read as text, since numbers would lose leading zeros or digits: zip.",)


def test_text_keeps_every_cell_as_it_is_written() -> None:
    frame = whole(b'a,b,c\n01,NA,""\n 1.50,,True\n9\n', types="text", num_slices=3)
    assert frame.iloc[:2].to_numpy().tolist() == [["01", "NA", ""], [" 1.50", "", "True"]]
    assert frame.iloc[2].isna().tolist() == [False, True, True]


def test_ragged_rows_lose_nothing_and_all_slices_have_all_columns() -> None:
    data = b"a,b\n1,2\n3\n4,5,6,x\n7,8\n"
    source, made, slices = cut(data, num_slices=4)
    got = [FMT.read(source, made.shared, s) for s in slices]
    assert all(list(frame.columns) == ["a", "b", "column_3", "column_4"] for frame in got)
    assert [[plain(c) for c in frame.iloc[0]] for frame in got] == [
        ["1.0", "2.0", "", ""],
        ["3.0", "", "", ""],
        ["4.0", "5.0", "6.0", "x"],
        ["7.0", "8.0", "", ""],
    ]
    assert "1 rows have fewer and 1 more than the usual 2 cells" in made.notes[0]
    schemas = {FMT.to_arrow(source, made.shared, s).schema for s in slices}
    assert schemas == {
        pa.schema({"a": pa.int64(), "b": pa.float64(), "column_3": pa.float64(), "column_4": pa.string()})
    }


def test_a_header_longer_than_all_rows_keeps_its_columns() -> None:
    frame = whole(b"a,b,c\n1,2\n3,4\n", num_slices=2)
    assert list(frame.columns) == ["a", "b", "c"]
    assert frame["c"].isna().all()


@pytest.mark.parametrize("header", ["a,b,c", "a,a,a", ",b,", "a,a,a.1", "a.1,a,a", "x,,x,"])
def test_names_are_made_unique_as_pandas_does(header: str) -> None:
    data = f"{header}\n{','.join('1' * (header.count(',') + 1))}\n".encode()
    assert list(whole(data, header="yes").columns) == list(pd.read_csv(io.BytesIO(data)).columns)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            *[
                st.sampled_from(
                    ["1", "-2", "007", "0x1F", "2.5", "", "NA", "True", "x", "9" * 20, "é", '"1"', '"a\n""b"']
                )
            ]
            * 2
        ),
        min_size=1,
        max_size=20,
    ),
    st.integers(1, 40),
)
def test_types_do_not_depend_on_blocks(rows: list[tuple[str, str]], block_size: int) -> None:
    data = ("k,v\n" + "".join(f"{a},{b}\n" for a, b in rows)).encode()
    assume(data.strip() != b"k,v")
    one, other = indexed(data, header="yes")[1], indexed(data, block_size=block_size, header="yes")[1]
    FormatConformance.same(one, other, data)


# --- encodings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "text", "found"),
    [
        ("utf-8", "a,b\né,日\n", "utf-8"),
        ("utf-8-sig", "a,b\né,日\n", "utf-8"),
        ("cp1252", "a,b\né,€\n", "cp1252"),
        ("latin-1", "a,b\né,\x81\n", "latin-1"),
        ("utf-16", "a,b\né,日\n", "utf-16-le"),
        ("utf-16-le", "a,b\nx,é\nlonger,Latin text\n", "utf-16-le"),
        ("utf-16-be", "a,b\nx,é\nlonger,Latin text\n", "utf-16-be"),
        ("utf-32", "a,b\né,日\n", "utf-32-le"),
    ],
)
@pytest.mark.parametrize("block_size", [1, 3, 1000])
def test_the_encoding_is_found(encoding: str, text: str, found: str, block_size: int) -> None:
    source, made, slices = cut(text.encode(encoding), block_size=block_size, num_slices=1)
    assert made.shared["encoding"] == found
    assert FMT.to_text(source, made.shared, slices[0]) == text
    assert rows_of(text)[1][1] == FMT.read(source, made.shared, slices[0])["b"][0]


def test_one_byte_that_is_no_utf8_at_the_far_end_decides() -> None:
    data = b"a,b\n" + "é,1\n".encode() * 30000 + b"\xe9,2\n"
    _, made, _ = cut(data, block_size=4096)
    assert made.shared["encoding"] == "cp1252"
    assert "not UTF-8" in made.notes[0]
    with pytest.raises(FormatError, match=f"byte {len(data) - 4} is no UTF-8"):
        indexed(data, encoding="utf-8")


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [
        ("iso2022_jp", ","),
        ("utf-7", ","),
        ("hz", ","),
        ("cp037", ","),
        ("shift_jis", "|"),
        ("gb18030", "|"),
        ("big5", "|"),
    ],
)
def test_an_encoding_that_cannot_be_scanned_is_refused(encoding: str, delimiter: str) -> None:
    with pytest.raises(BadRequest, match="convert it to UTF-8"):
        indexed(b"a,b\n1,2\n", encoding=encoding, delimiter=delimiter)


def test_an_encoding_that_nobody_knows_is_refused() -> None:
    with pytest.raises(BadRequest, match="no encoding"):
        indexed(b"a,b\n1,2\n", encoding="utf-9")


@pytest.mark.parametrize("encoding", ["shift_jis", "big5", "gb18030", "euc_kr", "koi8-r"])
def test_multibyte_text_is_read_in_its_encoding(encoding: str) -> None:
    word = {"koi8-r": "Москва", "euc_kr": "서울"}.get(encoding, "東京")
    text = f"a;b\n{word};1\n{word};2\n"
    frame = whole(text.encode(encoding), encoding=encoding, num_slices=2)
    assert frame["a"].tolist() == [word, word]
    assert str(frame["b"].dtype) == "int64"


def test_broken_utf16_is_refused() -> None:
    data = codecs.BOM_UTF16_LE + "a,b\n1,".encode("utf-16-le") + b"\x00\xd8" + "\n".encode("utf-16-le")
    with pytest.raises(FormatError, match="utf-16-le"):
        indexed(data)


# --- detection and sniffing ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("a.csv", b">seq\nACGT\n"),
        ("a.csv", b'{"a": 1, "b": 2}\n'),
        ("a.csv", b"[1, 2]\n"),
        ("a.csv", b"<html><body>a,b</body></html>"),
        ("reads", b"@r1\nACGT\n+\nIIII\n"),
        ("a.csv", b"\x1f\x8b\x08\x00\x00\x00"),
        ("a.csv", b""),
        ("letter.txt", b"Dear all,\nwe met, talked, and left.\nThe end.\n"),
        ("letter.txt", b"It was the best of times, it was the worst of times,\nIt was wisdom, it was foolishness,\n"),
        ("names.txt", b"one\ntwo\nthree\n"),
        ("README.md", b"# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n"),
        ("load.sql", b"INSERT INTO t VALUES (1, 2);\nINSERT INTO t VALUES (3, 4);\n"),
        ("variants", b"##fileformat=VCFv4.2\n#CHROM\tPOS\n1\t2\n"),
    ],
)
def test_what_is_no_table_is_not_detected(name: str, head: bytes) -> None:
    assert FMT.detect(name, head) == 0


def test_a_table_is_detected_without_a_name_and_surer_with_one() -> None:
    assert 0 < FMT.detect("data", b"a,b\n1,2\n3,4\n") < FMT.detect("data.csv", b"a,b\n1,2\n3,4\n")
    assert FMT.detect("letter.csv", b"one\ntwo\n") > 0


@pytest.mark.parametrize(
    ("text", "delimiter", "quote"),
    [
        ("a,b\n1,2\n", ",", '"'),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";", '"'),
        ("1,5;2,5;3\n1,5;2,5;3\n", ";", '"'),
        ("a\tb\nx, y\tz\nq\tr, s\n", "\t", '"'),
        ("a|b\n1|2\n3|4\n", "|", '"'),
        ("root:x:0:0\nbin:x:1:1\nsys:x:2:2\n", ":", '"'),
        ('a,b\n"x;y;z",2\n"p;q;r",3\n', ",", '"'),
        ("t\n12:30:00\n12:31:00\n", ",", '"'),
        ("a,b\n'x,y',1\n'p',2\n'q,r,s',3\n", ",", "'"),
        ("a,b\nit's,1\nhe's,2\n", ",", '"'),
        ("a\n1,2\n1,2,3\n1,2,3,4\n", ",", '"'),
    ],
)
def test_the_delimiter_and_the_quote_are_found(text: str, delimiter: str, quote: str) -> None:
    facts = indexed(text.encode())[1].facts
    assert (facts["delimiter"], facts["quotechar"]) == (delimiter, quote)


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a,b\n1,2\n", True),
        ("1,2\n3,4\n", False),
        ("name,city\nAnn,Rome\nBob,Oslo\n", True),
        ("x,1\ny,2\n", False),
        ("title,,,,\n1,2,3,4,5\n", False),
        (",b,c\n1,2,3\n", True),
        ("a,a\n1,2\n", True),
        ("a,a\nb,b\n", False),
        ("country,1990,1991\nA,3.5,4\n", True),
        ("Ann,1990,1991\nBob,1985,2001\n", False),
        ("yes,no\nyes,no\nyes,no\n", False),
        (",0,1\n0,0.5,0.25\n1,0.75,0.5\n", True),
        (",0\n0,0.5\n1,0.25\n", True),
        ("0,1,2\n0.5,0.25,7\n3,2,1\n", True),
        ("0,1,2\n3,4,5\n6,7,8\n", False),
        ("0,1,2\n", False),
        (",2000,2001\na,3.5,4\nb,3,4.5\n", True),
        (",5,7\n,3,4\n1,9,8\n", False),
        ("sample,400.5,401,402.5,403,404,405\ns1,3,2,1,7,5,3\ns2,3,5,4,4,4,1\n", True),
        ("low,1,2,3,4,5,6\nhigh,2,3,4,5,6,7\n", False),
        ("station,0,1,2,3\nA,9,7,8,9\nB,8,9,8,9\n", True),
        ("x,1,5\ny,3,2\nz,4,1\n", False),
        (",a,0,1\n0,1,5,2\n1,2,3,4\n", True),
        ("1,NA,3\n2,5,4\n3,6,8\n", False),
    ],
)
def test_the_header_is_found(text: str, header: bool) -> None:
    assert indexed(text.encode(), delimiter=",")[1].facts["header"] is header


def test_the_header_may_be_said_instead_of_found() -> None:
    assert indexed(b"a,b\n1,2\n", header="no")[1].records == 2
    assert list(whole(b"1,2\n3,4\n", header="yes").columns) == ["1", "2"]


def test_blank_lines_and_a_mark_before_the_header_belong_to_it() -> None:
    data = b"\xef\xbb\xbf\r\n\na,b\n\n1,2\n"
    source, made, slices = cut(data)
    assert slices[0].ranges == ((11, 4),)
    assert list(FMT.read(source, made.shared, slices[0]).columns) == ["a", "b"]
    assert FMT.read_bytes(source, made.shared, slices[0], header=True) == data


# --- sizes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("above", "table"),
    [
        ("sep=;\r\n", "Ort;Höhe\r\nKöln;37\r\nGenf;375\r\n"),
        ('"sep=|"\n', "a|b\n1,5|2\n3,5|4\n"),
        ("# made by a tool, version 2\n# second line\n", "name,value\nx,1\ny,2\n"),
        ("#!genome-build GRCh38\n", 'chr1\t5\tgene_id "A"; b "c"\nchr2\t6\tgene_id "B"; b "d"\n'),
        ("##a\n##b, c, d\n\n##it's\n", "#chrom\tstart\tend\nchr1\t1\t2\nchr2\t3\t4\n"),
        ('!Series\t"A study"\n\n!Sample\t"a"\t"b"\n!begin\n', '"ID"\t"a"\t"b"\n"p1"\t1.5\t2\n"p2"\t2.5\t3\n'),
        ('browser position chr7:1-9\ntrack name="a b"\n', "chr7\t1\t5\tx\nchr7\t6\t9\ty\n"),
        ("", "track name,artist\nA,B\nC,D\n"),
        ("# note\n" * 30_000, "a,b\n1,2\n3,4\n"),
        ("", "#ff0000,red\n#00ff00,green\n#0000ff,blue\n"),
        ("", "#tag\n#other\n#third\n"),
    ],
    ids=[
        "excel",
        "excel quoted",
        "comments",
        "gtf",
        "comments above #header",
        "geo",
        "ucsc",
        "a header like ucsc's",
        "very many",
        "no comments",
        "one column",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_what_stands_above_the_table_is_no_row(above: str, table: str, encoding: str) -> None:
    data = (above + table).encode(encoding)
    alone = whole(table.encode(encoding))
    source, made, slices = cut(data, num_slices=2)
    together = pd.concat([FMT.read(source, made.shared, piece) for piece in slices], ignore_index=True)
    pd.testing.assert_frame_equal(together, alone)
    assert len(slices) == 2
    assert any("above the table" in note for note in made.notes) == bool(above)
    by_itself = FMT.read_bytes(source, made.shared, slices[1], header=True)
    assert by_itself.startswith(above.encode(encoding))
    pd.testing.assert_frame_equal(whole(by_itself), FMT.read(source, made.shared, slices[1]).reset_index(drop=True))


def test_a_named_delimiter_is_stronger_than_the_one_in_the_file() -> None:
    assert list(whole(b"sep=;\na,b;c\n1,2;3\n4,5;6\n", delimiter=",").columns) == ["a", "b;c"]


@pytest.mark.parametrize("columns", [10_000, 60_000])
def test_rows_longer_than_the_head_have_their_header(columns: int) -> None:
    names = [f"g{i}" for i in range(columns)]
    rows = [[str(i * j % 7) for i in range(columns)] for j in range(2)]
    data = "".join("\t".join(row) + "\n" for row in [names, *rows]).encode()
    assert FMT.detect("counts.txt", data[:HEAD_BYTES]) == 0.7
    found = whole(data, num_slices=2)
    assert list(found.columns) == names
    assert set(found.dtypes.astype(str)) == {"int64"}
    assert found.astype(str).to_numpy().tolist() == rows


def test_a_header_without_a_cell_for_the_row_names_stands_over_the_right_columns() -> None:
    data = b'"a"\t"b"\n"r1"\t1\tx\n"r2"\t2\ty\n"r3"\t3\tz\n'
    source, made, slices = cut(data, num_slices=3)
    found = pd.concat([FMT.read(source, made.shared, piece) for piece in slices], ignore_index=True)
    expected = pd.read_csv(io.BytesIO(data), sep="\t").rename_axis("Unnamed: 0").reset_index()
    pd.testing.assert_frame_equal(found, expected)
    assert any("row names" in note for note in made.notes)
    assert whole(data, header="no").shape == (4, 3)


def test_rows_that_end_with_a_delimiter_have_no_row_names() -> None:
    assert list(whole(b"a,b\n1,2,\n3,4,\n").columns) == ["a", "b", "column_3"]


def test_pickled_slices_of_wide_tables_are_small() -> None:
    for columns, limit in ((97, 1200), (5000, 1500)):
        header = ",".join(f"a rather long name {i}" for i in range(columns))
        row = ",".join(("1", "2.5", "x")[i % 3] for i in range(columns))
        _, made, slices = cut(f"{header}\n{row}\n{row}\n".encode(), num_slices=2)
        assert len(pickle.dumps((dict(made.shared), slices[1]))) < limit
        json.dumps(dict(made.shared))


def test_the_object_is_read_once_seams_aside() -> None:
    data = long_table(20_000)
    source = CountingSource(MemorySource(data))
    FMT.index(source, CsvParams(), ignore, block_size=1 << 16)
    assert source.total < len(data) * 1.05 + (200 << 10)


def test_blocks_whose_entry_was_guessed_wrong_are_read_again() -> None:
    # A quoted field of many lines: a block within it looks like rows.
    data = b"a,b\n" + b'1,"' + b"x,y\n" * 500 + b'"\n2,z\n'
    for block_size in (16, 64, 1000):
        FormatConformance.same(indexed(data)[1], indexed(data, block_size=block_size)[1], block_size)
    assert indexed(data, block_size=64)[1].records == 2


# --- real files ---------------------------------------------------------------------------------


def real_files() -> list[Path]:
    return sorted((SAMPLES / "csv").iterdir()) if (SAMPLES / "csv").is_dir() else []


@pytest.mark.skipif(not real_files(), reason="the real sample files are not on this machine")
class TestRealFiles:
    @pytest.mark.parametrize("path", real_files(), ids=lambda p: p.name)
    def test_rows_are_those_of_the_truth(self, path: Path) -> None:
        truth = json.loads((SAMPLES / "truth.json").read_text())[f"csv/{path.name}"]
        source = FileSource(path)
        index = FMT.index(source, CsvParams(), ignore, block_size=1 << 16)
        assert FMT.detect(path.name, source.read(0, min(source.size, 1 << 16))) > 0.5
        assert index.records == truth["nonblank_records"] - index.facts["header"]
        assert index.facts["delimiter"] == truth["sep"]
        assert index.facts["encoding"] == truth["encoding"].removesuffix("-sig")
        made = FMT.partition(index, CsvParams(num_slices=13))
        slices = list(made.slices)
        assert sum(FMT.count(source, made.shared, s) for s in slices) == index.records

    @pytest.mark.parametrize("path", real_files(), ids=lambda p: p.name)
    def test_slices_together_are_what_pandas_reads(self, path: Path) -> None:
        source = FileSource(path)
        index = FMT.index(source, CsvParams(), ignore)
        made = FMT.partition(index, CsvParams(num_slices=13))
        got = [FMT.read(source, made.shared, piece) for piece in made.slices]
        assert len({tuple(map(str, frame.dtypes)) for frame in got}) == 1
        frame = pd.concat(got, ignore_index=True)
        facts = index.facts
        listed = [note.split(": ")[1].rstrip(".") for note in made.notes if note.startswith("Read as text")]
        kept = [i for i, name in enumerate(frame.columns) if name in ", ".join(listed).split(", ")]
        expected = pd.read_csv(
            path,
            sep=facts["delimiter"],
            encoding=facts["encoding"],
            header=0 if facts["header"] else None,
            dtype=dict.fromkeys(kept, str) or None,
        )
        expected.columns = frame.columns
        pd.testing.assert_frame_equal(frame, expected)


@pytest.mark.skipif(not real_files(), reason="the real sample files are not on this machine")
def test_no_other_sample_is_taken_for_csv() -> None:
    for path in SAMPLES.rglob("*"):
        if path.is_file() and path.suffix not in (".csv", ".tsv", ".md", ".fai"):
            with path.open("rb") as file:
                assert FMT.detect(path.name, file.read(1 << 16)) == 0, path.name


def test_an_error_is_always_one_of_ours() -> None:
    for data in (b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"\xff\xfea", b'"', b"\r"):
        with pytest.raises(CockpitError):
            indexed(data)
