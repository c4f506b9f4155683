"""Slices.verify: what is whole is found whole, and every kind of loss is found with its slice."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.errors import Cancelled, CockpitError, FormatError, SourceChanged
from cloud_data_cockpit.models import Manifest
from cloud_data_cockpit.slicing import manifests
from cloud_data_cockpit.slicing.partition import partition
from cloud_data_cockpit.slicing.slices import Slices, load_slices
from cloud_data_cockpit.tree import TreeSource

from .lines import LineFormat


def changed(slices: Slices, **columns: Any) -> Slices:
    """The slices of a manifest whose columns somebody has changed, consistent enough to be loaded."""
    table = slices.manifest.slices.model_copy(update=columns)
    made = slices.manifest.model_copy(update={"slices": table, "records": sum(table.records)})
    return load_slices(Manifest.model_validate_json(made.model_dump_json()))


@pytest.mark.parametrize("num_slices", [1, 2, 7, 100, 1000])
def test_whole_slices_are_found_whole(poem: Path, num_slices: int) -> None:
    slices = partition(poem, num_slices=num_slices)
    found = slices.verify()
    assert found.ok
    assert (found.slices, found.records, found.bytes) == (len(slices), 100, poem.stat().st_size)
    assert (found.checksum, found.reason, found.problems) == ("equal", "", ())
    assert slices.manifest.checksum is not None
    assert slices.manifest.checksum.value == f"{zlib.crc32(poem.read_bytes()):08x}"
    assert "100 records counted" in str(found)
    assert "checksum equal" in str(found)
    assert "✓" in found._repr_html_()
    found.raise_if_bad()


def test_a_slice_that_is_lost(poem: Path) -> None:
    slices = partition(poem, num_slices=10)
    table = slices.manifest.slices
    cut = {name: getattr(table, name)[:4] + getattr(table, name)[5:] for name in ("records", "range_counts", "offsets")}
    found = changed(slices, **cut, lengths=table.lengths[:4] + table.lengths[5:]).verify()
    assert not found.ok
    assert found.checksum == "differs"
    assert [problem.slice for problem in found.problems] == [4, None]
    assert "are in no slice" in str(found)
    with pytest.raises(FormatError, match="are in no slice"):
        found.raise_if_bad()


@pytest.mark.parametrize("end", [0, -1])
def test_the_first_or_last_slice_that_is_lost(poem: Path, end: int) -> None:
    slices = partition(poem, num_slices=10)
    table = slices.manifest.slices
    kept = slice(1, None) if end == 0 else slice(0, -1)
    names = ("records", "range_counts", "offsets", "lengths")
    found = changed(slices, **{name: getattr(table, name)[kept] for name in names}).verify()
    assert found.checksum == "differs"
    assert not found.ok


def test_bytes_in_two_slices(poem: Path) -> None:
    slices = partition(poem, num_slices=10)
    table = slices.manifest.slices
    offsets, lengths = list(table.offsets), list(table.lengths)
    offsets[3] -= 5
    lengths[3] += 5
    found = changed(slices, offsets=offsets, lengths=lengths).verify()
    assert [problem.slice for problem in found.problems] == [3, None, 3, None]
    assert "are in two slices" in str(found.problems[2])
    assert "11 records were counted, the manifest says 10" in str(found.problems[0])


def test_a_number_of_records_that_is_wrong(poem: Path) -> None:
    slices = partition(poem, num_slices=10)
    records = list(slices.manifest.slices.records)
    records[2], records[3] = records[2] + 1, records[3] - 1
    found = changed(slices, records=records).verify()
    assert [problem.slice for problem in found.problems] == [2, 3]
    assert found.checksum == "equal"
    assert (found.records, found.ok) == (100, False)


def test_a_checksum_of_something_else(poem: Path) -> None:
    slices = partition(poem, num_slices=3)
    assert slices.manifest.checksum is not None
    other = slices.manifest.checksum.model_copy(update={"value": "00000000"})
    found = Slices(slices.manifest.model_copy(update={"checksum": other})).verify()
    assert found.checksum == "differs"
    assert "CRC-32" in str(found)


def test_slices_that_cannot_be_read_are_named(poem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slices = partition(poem, num_slices=4)

    def count(self: LineFormat, source: Any, shared: Any, piece: Any) -> int:
        if piece.number == 2:
            raise KeyError("tail")
        return piece.records

    monkeypatch.setattr(LineFormat, "count", count)
    found = slices.verify()
    assert [problem.slice for problem in found.problems] == [2, None]
    assert "cannot be read" in str(found.problems[0])
    assert found.checksum == "equal"


def test_some_of_the_slices(poem: Path) -> None:
    found = partition(poem, num_slices=10)[2:5].verify(workers=2)
    assert found.ok
    assert (found.slices, found.records, found.checksum) == (3, 30, "not compared")
    assert "not all of the slices" in found.reason


def test_slices_that_are_not_bytes(poem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(LineFormat, "byte_parts")
    slices = partition(poem, num_slices=10)
    assert slices.manifest.checksum is None
    found = slices.verify()
    assert found.ok
    assert (found.records, found.checksum) == (100, "not compared")
    assert "not one stretch" in found.reason


def test_without_a_checksum(poem: Path) -> None:
    slices = partition(poem, num_slices=10, checksum=False)
    found = slices.verify()
    assert found.ok
    assert found.checksum == "not compared"
    assert "the manifest has none" in found.reason


def test_the_checksum_is_kept_with_the_index(poem: Path) -> None:
    first, second = partition(poem, num_slices=10), partition(poem, num_slices=3)
    assert LineFormat.scans == 1
    assert first.manifest.checksum == second.manifest.checksum
    assert second.manifest.checksum is not None


def test_slices_that_begin_behind_a_header(poem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = LineFormat._slices

    def body(self: LineFormat, index: Any, number: int) -> Any:
        for piece in whole(self, index, number):
            yield (
                piece
                if piece.number
                else piece.model_copy(update={"ranges": ((9, piece.ranges[0][1] - 9),), "records": piece.records - 1})
            )

    monkeypatch.setattr(LineFormat, "_slices", body)
    slices = partition(poem, num_slices=5)
    assert slices.manifest.checksum is not None
    assert slices.manifest.checksum.start == 9
    assert slices.manifest.checksum.value == f"{zlib.crc32(poem.read_bytes()[9:]):08x}"
    assert slices.verify().checksum == "equal"


def test_an_object_that_changed_is_no_finding_but_an_error(poem: Path) -> None:
    slices = partition(poem, num_slices=10)
    poem.write_bytes(poem.read_bytes().swapcase())
    with pytest.raises(SourceChanged):
        slices.verify()


def test_progress_and_cancel(poem: Path) -> None:
    slices = partition(poem, num_slices=10)
    told: list[tuple[int, int]] = []
    slices.verify(report=lambda done, total: told.append((done, total)))
    assert told[-1] == (slices.nbytes, slices.nbytes)
    assert told == sorted(told)

    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        slices.verify(report=stop)


def test_what_is_shown_is_escaped(poem: Path) -> None:
    slices = partition(poem, num_slices=2)
    evil = slices.manifest.model_copy(update={"format": "lines", "checksum": None, "records": 7})
    found = Slices(evil).verify()
    assert not found.ok
    assert "<ul><li>" in found._repr_html_()
    from cloud_data_cockpit.slicing.verify import Problem, Verification

    bad = Verification(1, 1, 1, "differs", "<b>", (Problem(0, "<script>"),), 1.0)
    assert "<script>" not in bad._repr_html_()
    assert "<b>" not in bad._repr_html_()


def test_manifests_without_a_checksum_are_still_read(poem: Path) -> None:
    slices = partition(poem, num_slices=2)
    path = manifests.directory() / f"{slices.manifest_id}.json"
    assert slices.manifest.checksum is not None
    text = path.read_text(encoding="utf-8")
    old = text.replace(f',"checksum":{slices.manifest.checksum.model_dump_json()}', "")
    assert old != text
    path.write_text(old, encoding="utf-8")
    back = load_slices(slices.manifest_id)
    assert back.manifest.checksum is None
    assert back.manifest.version == 1
    assert back.verify().ok


def test_a_checksum_that_leaves_the_object_is_damage(poem: Path, tmp_path: Path) -> None:
    manifest = partition(poem, num_slices=2).manifest
    assert manifest.checksum is not None
    for damage in ({"start": 5}, {"length": manifest.size + 1}, {"value": "xyz"}, {"start": -1}):
        bad = manifest.model_copy(update={"checksum": manifest.checksum.model_copy(update=damage)})
        (tmp_path / "m.json").write_text(bad.model_dump_json(), encoding="utf-8")
        with pytest.raises(CockpitError):
            load_slices(tmp_path / "m.json")


def test_a_tree_of_objects_is_counted_as_a_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tree").mkdir()
    for name in ("a", "b"):
        (tmp_path / "tree" / name).write_bytes(b"x\ny\n")
    whole = LineFormat.count

    def count(self: LineFormat, source: Any, shared: Any, piece: Any) -> int:
        assert isinstance(source, TreeSource)
        return whole(self, source, shared, piece)

    monkeypatch.setattr(LineFormat, "count", count)
    monkeypatch.setattr(LineFormat, "detect", lambda self, name, head: 1.0)
    told: list[int] = []
    made = partition(tmp_path / "tree", num_slices=3)
    found = made.verify(report=lambda done, total: told.append(done))
    assert found.ok, str(found)
    assert (found.records, found.checksum) == (4, "not compared")
    assert told[-1] == made.nbytes
