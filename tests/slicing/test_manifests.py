"""Saved manifests: columns, ids, lists, and files that somebody has touched."""

from __future__ import annotations

import json
import logging
import pickle
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import cloud_data_cockpit as cdc
from cloud_data_cockpit.errors import BadRequest, Conflict, FormatError, NotFound
from cloud_data_cockpit.models import ConnectionRef, Manifest, Slice, SliceTable
from cloud_data_cockpit.slicing import manifests
from cloud_data_cockpit.slicing.partition import partition

ranges = st.lists(st.tuples(st.integers(0, 2**60), st.integers(0, 2**60)), max_size=4).map(tuple)
details = st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)


@given(st.lists(st.tuples(ranges, st.integers(0, 2**60), details), max_size=6))
def test_packed_slices_come_back(parts: list[tuple[Any, int, dict[str, Any]]]) -> None:
    slices = [Slice(number=i, ranges=r, records=n, details=d) for i, (r, n, d) in enumerate(parts)]
    table = manifests.pack(slices)
    columns = manifests.Columns(SliceTable.model_validate_json(table.model_dump_json()))
    assert [columns.slice(i) for i in range(len(slices))] == slices
    assert columns.nbytes.tolist() == [piece.nbytes for piece in slices]


def test_numbers_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="slice 1 came where slice 0 was due"):
        manifests.pack([Slice(number=1, ranges=(), records=0)])


def test_summary_page_list_and_delete(poem: Path) -> None:
    first, second = partition(poem, num_slices=5), partition(poem, num_slices=3)
    listed = manifests.list_manifests()
    assert [summary.id for summary in listed] == [second.manifest_id, first.manifest_id]
    assert (listed[1].num_slices, listed[1].records, listed[1].bytes) == (5, 100, poem.stat().st_size)
    assert listed[1].connection is None
    page = manifests.slice_page(first.manifest, 3, 10)
    assert (page.total, page.offset, [row.number for row in page.rows]) == (5, 3, [3, 4])
    assert (page.rows[0].records, page.rows[0].ranges, page.rows[0].bytes) == (20, 1, first[3].nbytes)
    assert manifests.slice_page(first.manifest, 99).rows == []
    with pytest.raises(BadRequest):
        manifests.slice_page(first.manifest, -1)
    manifests.delete(first.manifest_id)
    assert [summary.id for summary in manifests.list_manifests()] == [second.manifest_id]
    with pytest.raises(NotFound):
        manifests.delete(first.manifest_id)


def test_unknown_id_tells_where_it_looked_and_what_there_is(poem: Path) -> None:
    with pytest.raises(NotFound, match="none has been saved yet"):
        cdc.load_slices("poem-00000000")
    ids = [partition(poem).manifest_id for _ in range(7)]
    with pytest.raises(NotFound) as caught:
        cdc.load_slices("poem-00000000")
    assert str(manifests.directory()) in str(caught.value)
    assert sum(i in str(caught.value) for i in ids) == 5


@pytest.mark.parametrize("ref", ["../secret", "..", "a/b", "", ".hidden", "a\\b", "a\0b", "a\n"])
def test_ids_are_not_paths(ref: str) -> None:
    for action in (manifests.load, manifests.delete, cdc.load_slices):
        with pytest.raises(BadRequest, match="cannot be the id"):
            action(ref)


def test_by_id_by_file_and_by_record(poem: Path, tmp_path: Path) -> None:
    made = partition(poem, num_slices=4)
    path = manifests.directory() / f"{made.manifest_id}.json"
    copy = tmp_path / "copied manifest.json"
    copy.write_bytes(path.read_bytes())
    for ref in (made.manifest_id, path, str(copy), copy, made.manifest):
        assert list(cdc.load_slices(ref)) == list(made)
    with pytest.raises(NotFound, match="check the path"):
        cdc.load_slices(tmp_path / "no.json")
    with pytest.raises(FormatError, match="cannot be read"):
        cdc.load_slices(tmp_path)


def test_newer_version_says_upgrade(poem: Path) -> None:
    made = partition(poem)
    path = manifests.directory() / f"{made.manifest_id}.json"
    path.write_text(json.dumps({"version": 2, "novelty": True}))
    with pytest.raises(Conflict, match="upgrade"):
        cdc.load_slices(made.manifest_id)


def change(held: dict[str, Any], column: str, value: Any) -> None:
    held["slices"][column] = value


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda m: m["slices"]["offsets"].__setitem__(0, -1), "negative"),
        (lambda m: m["slices"]["offsets"].__setitem__(0, 2**70), "too large"),
        (lambda m: m["slices"]["lengths"].__setitem__(3, 10**9), "ends at byte"),
        (lambda m: m["slices"]["lengths"].pop(), "a length for every offset"),
        (lambda m: m["slices"]["records"].pop(), "differ in length"),
        (lambda m: m["slices"]["records"].__setitem__(0, 1), "records"),
        (lambda m: m["slices"]["range_counts"].__setitem__(0, 0), "other ranges"),
        (lambda m: m["slices"].update(details=[{}]), "differ in length"),
        (
            lambda m: m["slices"].update(range_counts=[4, 0, 0, 0], offsets=[0, 9, 3, 5], lengths=[1, 1, 1, 1]),
            "overlap",
        ),
        (lambda m: m.update(size=10), "ends at byte"),
        (lambda m: m.pop("etag"), "etag"),
        (lambda m: m.update(connection={"secret": "x"}), "connection"),
        (lambda m: m["slices"].update(offsets="abc"), "offsets"),
    ],
)
def test_edited_manifest_is_refused(poem: Path, edit: Any, words: str) -> None:
    made = partition(poem, num_slices=4)
    path = manifests.directory() / f"{made.manifest_id}.json"
    held = json.loads(path.read_bytes())
    edit(held)
    path.write_text(json.dumps(held))
    with pytest.raises(FormatError, match=words):
        cdc.load_slices(made.manifest_id)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": true}', "\x00\x01"])
def test_what_is_no_manifest_at_all(poem: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    good = partition(poem)
    (manifests.directory() / "bad-1.json").write_text(text)
    with pytest.raises(FormatError, match="is not a manifest"):
        cdc.load_slices("bad-1")
    with caplog.at_level(logging.WARNING):
        assert [summary.id for summary in manifests.list_manifests()] == [good.manifest_id]
    assert "bad-1" in caplog.text


def test_credentials_have_no_place_in_a_manifest() -> None:
    assert not {"access_key", "secret_key", "session_token"} & set(ConnectionRef.model_fields)


def test_a_million_slices_are_packed_and_saved_fast() -> None:
    number = 1_000_000
    started = time.process_time()
    table = manifests.pack(Slice.quick(i, ((100 * i, 100),), 1) for i in range(number))
    assert manifests.problem_of(table, 100 * number, number) is None
    assert manifests.is_one_stretch(table, 100 * number)
    assert time.process_time() - started < 6
    assert table.details == []
    assert (table.offsets[-1], len(table.records)) == (100 * (number - 1), number)


def test_a_quick_slice_is_a_slice() -> None:
    quick = Slice.quick(3, ((1, 2), (5, 6)), 4, {"a": [1]})
    slow = Slice(number=3, ranges=((1, 2), (5, 6)), records=4, details={"a": [1]})
    assert quick == slow == pickle.loads(pickle.dumps(quick))
    assert quick.model_dump_json() == slow.model_dump_json()
    assert repr(quick) == repr(slow)
    assert quick.nbytes == 8
    assert Slice.quick(0, (), 0) == Slice(number=0, ranges=(), records=0)
    with pytest.raises(ValidationError, match="frozen"):
        quick.records = 5  # type: ignore[misc]


def test_details_of_some_slices_only() -> None:
    table = manifests.pack([Slice.quick(0, (), 0), Slice.quick(1, (), 0, {"x": 1}), Slice.quick(2, (), 0)])
    assert table.details == [{}, {"x": 1}, {}]


@pytest.mark.parametrize(
    ("pieces", "size", "one"),
    [
        ([(0, 5), (5, 5)], 10, True),
        ([(3, 2), (5, 0), (5, 5)], 10, True),
        ([(0, 5), (6, 4)], 10, False),
        ([(0, 5), (4, 6)], 10, False),
        ([(0, 5), (5, 4)], 10, False),
        ([(5, 5), (0, 5)], 10, False),
        ([], 0, False),
    ],
)
def test_slices_that_are_one_stretch(pieces: list[tuple[int, int]], size: int, one: bool) -> None:
    table = manifests.pack(Slice.quick(i, (held,), 0) for i, held in enumerate(pieces))
    assert manifests.is_one_stretch(table, size) is one


def test_a_million_slices_load_fast() -> None:
    number = 1_000_000
    table = SliceTable(
        records=[1] * number,
        range_counts=[1] * number,
        offsets=list(range(0, 100 * number, 100)),
        lengths=[100] * number,
    )
    manifest = Manifest(
        id="big-1",
        created=datetime.now(UTC),
        uri="s3://b/big",
        etag="e",
        size=100 * number,
        connection=None,
        format="lines",
        format_version=1,
        params={},
        shared={},
        records=number,
        notes=[],
        slices=table,
    )
    manifests.save(manifest)
    started = time.perf_counter()
    slices = cdc.load_slices("big-1")
    assert slices[number // 2].ranges == ((50_000_000, 100),)
    assert slices[-1].number == number - 1
    assert slices.records == number
    assert time.perf_counter() - started < 5


# --- columns that are read by numpy --------------------------------------------------------------


@pytest.fixture
def long_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small manifests are read as those with long columns are."""
    monkeypatch.setattr(manifests, "_LONG", 1)


@pytest.mark.usefixtures("long_columns")
@given(st.lists(st.tuples(ranges, st.integers(0, 2**60), details), max_size=6))
def test_columns_read_by_numpy_are_those_of_json(parts: list[tuple[Any, int, dict[str, Any]]]) -> None:
    table = manifests.pack(Slice(number=i, ranges=r, records=n, details=d) for i, (r, n, d) in enumerate(parts))
    text = _manifest(table).model_dump_json().encode()
    found = manifests._with_columns(text)
    assert found == Manifest.model_validate_json(text)
    assert found is not None
    assert found.model_dump_json().encode() == text
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.usefixtures("long_columns")
@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"[1,2]", b"[1,2.5]", "valid integer"),
        (b"[1,2]", b"[1,-2]", "negative"),
        (b"[1,2]", b"[1,2,]", "JSON"),
        (b"[1,2]", b"[1,,2]", "JSON"),
        (b"[1,2]", b"[1,0x2]", "JSON"),
        (b"[1,2]", b"[1,99999999999999999999]", "too large"),
        (b"[1,2]", b"[1,4]", "hold 5 records and it says 3"),
        (b'"version":1', b'"version":7', "newer"),
        (b'"etag":', b'"tag":', "etag"),
    ],
)
def test_columns_that_somebody_edited(before: bytes, after: bytes, words: str) -> None:
    table = manifests.pack(Slice(number=i, ranges=((i * 10, 10),), records=i + 1) for i in range(2))
    text = _manifest(table).model_dump_json().encode()
    assert manifests.parse(text, "whole").slices == table
    with pytest.raises((FormatError, Conflict), match=words):
        manifests.parse(text.replace(before, after, 1), "edited")


@pytest.mark.usefixtures("long_columns")
def test_details_that_look_like_columns() -> None:
    like = {"slices": {"records": [7], "range_counts": [7], "offsets": [7], "lengths": [7]}}
    table = manifests.pack([Slice(number=0, ranges=((0, 5),), records=1, details=like)])
    text = _manifest(table, params=like, shared=like).model_dump_json().encode()
    assert manifests.parse(text, "like").slices == table
    spaced = text.replace(b'"records":[1]', b'"records": [1]')
    assert manifests.parse(spaced, "spaced").slices == table


def _manifest(table: SliceTable, **changes: Any) -> Manifest:
    fields: dict[str, Any] = {"params": {}, "shared": {}} | changes
    return Manifest(
        id="a-1", created=datetime(2026, 1, 1, tzinfo=UTC), uri="s3://b/k", etag="e", size=2**62, connection=None,
        format="text", format_version=1, records=sum(table.records), notes=[], slices=table, **fields,
    )  # fmt: skip
