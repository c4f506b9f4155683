"""Slices as tables, made part by part: the same for any parts, and only a few of them fetched ahead."""

from __future__ import annotations

import csv
import io
import itertools
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_data_cockpit.formats import parts
from cloud_data_cockpit.formats.csv import CsvFormat
from cloud_data_cockpit.formats.csv_params import CsvParams
from cloud_data_cockpit.formats.csv_scan import Grammar, end_of_rows
from cloud_data_cockpit.formats.parts import end_of_line, holds_rows, whole_parts
from cloud_data_cockpit.formats.vcf import VcfFormat, VcfParams
from cloud_data_cockpit.source import MemorySource

cells = st.one_of(
    st.text('ab,"\n\r é', max_size=6),
    st.sampled_from(["", "1", "-2.5", "007", "NaN", "inf", "1e5", "+1", "-0", "1_000", "9" * 20, "true", "x" * 40]),
)


def table_in(monkeypatch: pytest.MonkeyPatch, size: int, make: Any) -> Any:
    """What `make` gives when parts have `size` bytes."""
    with monkeypatch.context() as patch:
        patch.setattr(parts, "LARGEST", size)
        patch.setattr(parts.whole_parts, "__defaults__", (size,))
        return make()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(cells, min_size=1, max_size=4), min_size=1, max_size=12),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-32-be"]),
    st.sampled_from(["infer", "text"]),
    st.booleans(),
)
def test_a_csv_in_any_parts(
    monkeypatch: pytest.MonkeyPatch, rows: list[list[str]], end: str, encoding: str, types: Any, finished: bool
) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows([["first", "second"], *rows])
    data = (text.getvalue() if finished else text.getvalue().removesuffix(end)).encode(encoding, "replace")
    source, form = MemorySource(data, uri="memory:a.csv"), CsvFormat()
    named = encoding.replace("utf-8-sig", "utf-8")
    params = CsvParams(num_slices=1, header="yes", delimiter=",", quotechar='"', types=types, encoding=named)
    cut = form.partition(form.index(source, params, lambda *_: None), params)
    (piece,) = cut.slices
    whole = form.to_arrow(source, cut.shared, piece)
    frame = form.read(source, cut.shared, piece)
    for size in (4, 16, 64):
        found = table_in(monkeypatch, size, lambda: form.to_arrow(source, cut.shared, piece))
        assert found.schema == whole.schema
        # What is not a number is equal to nothing, itself included.
        assert found.combine_chunks().to_pandas().equals(whole.combine_chunks().to_pandas())
        again = table_in(monkeypatch, size, lambda: form.read(source, cut.shared, piece))
        assert (again.dtypes == frame.dtypes).all()
        assert again.equals(frame)


@settings(max_examples=200, deadline=None)
@given(st.text('ab,"\n\r', max_size=40), st.integers(0, 40), st.sampled_from([None, '"']))
def test_whole_rows_are_whole_whatever_follows(text: str, at: int, quote: str | None) -> None:
    def rows(part: str) -> list[list[str]]:
        quoting = csv.QUOTE_NONE if quote is None else csv.QUOTE_MINIMAL
        return [row for row in csv.reader(io.StringIO(part, newline=""), quoting=quoting) if row]

    end = end_of_rows(Grammar(",", quote), text[:at].encode())
    assert rows(text[:end]) + rows(text[end:]) == rows(text)


VCF = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("finished", [True, False])
def test_a_vcf_in_any_parts(monkeypatch: pytest.MonkeyPatch, end: bytes, finished: bool) -> None:
    line = b"chr1\t%d\t.\tA\tC\t%s\tPASS\tDP=%s\tGT\t0/1"
    rows = [line % (i, (b".", b"3.5")[i % 2], b"\xc3\xa9" * (i % 50)) for i in range(1, 90)]
    rows[40:40] = [b"", b"", b""]
    data = (VCF + end.join(rows)) + (end if finished else b"")
    source, form = MemorySource(data, uri="memory:a.vcf"), VcfFormat()
    params = VcfParams(num_slices=2)
    cut = form.partition(form.index(source, params, lambda *_: None), params)
    for piece in cut.slices:
        whole = form.views["to_arrow"](source, cut.shared, piece)
        assert whole.schema.field("S1").type == pa.string()
        frame = form.read(source, cut.shared, piece)
        assert frame.equals(whole.to_pandas())
        for size in (1, 100, 1000):
            monkeypatch.setattr("cloud_data_cockpit.formats.vcf_table._BLOCK", size)
            monkeypatch.setattr(parts, "LARGEST", size)
            assert form.views["to_arrow"](source, cut.shared, piece).combine_chunks() == whole.combine_chunks()
            assert form.read(source, cut.shared, piece).equals(frame)


def test_parts_end_with_lines_and_join_to_the_whole() -> None:
    data = b"".join(b"x" * (i % 30) + b"\n" for i in range(500)) + b"the rest"
    source = MemorySource(data, uri="memory:a")
    for size in (1, 7, 100, 10_000):
        found = list(whole_parts(source, [(0, 40), (40, len(data) - 40)], end_of_line, size))
        assert b"".join(found) == data
        assert all(part.endswith(b"\n") for part in found[:-1])
    assert list(whole_parts(source, [], end_of_line)) == []


def test_only_some_parts_are_fetched_ahead() -> None:
    class Counted(MemorySource):
        reads = 0

        def read(self, offset: int, length: int) -> bytes:
            Counted.reads += 1
            return super().read(offset, length)

    source = Counted(b"a line\n" * 1000, uri="memory:a")
    found = whole_parts(source, [(0, source.size)], end_of_line, 28)
    assert len(list(itertools.islice(found, 10))) == 10
    assert Counted.reads <= 10 + 4
    found.close()


@pytest.mark.parametrize(
    ("part", "holds"), [(b"", False), (b"\r\n\n", False), (b"\n" * 99, False), (b"\n" * 99 + b" ", True), (b"1", True)]
)
def test_what_holds_rows(part: bytes, holds: bool) -> None:
    assert holds_rows(part) is holds
