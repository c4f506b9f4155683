"""Shelves of manifests: on this machine and in a bucket alike; tags, names, filters, exports, and what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

import cloud_data_cockpit as cdc
from cloud_data_cockpit.errors import BadRequest, Conflict, NotFound
from cloud_data_cockpit.kernel import cockpit
from cloud_data_cockpit.slicing import manifests
from cloud_data_cockpit.slicing.partition import partition
from cloud_data_cockpit.slicing.shelves import Shelf
from cloud_data_cockpit.slicing.slices import Slices


@pytest.fixture(params=["here", "bucket"])
def shelf(request: pytest.FixtureRequest, s3_service: Any, bucket: str) -> Shelf:
    cdc.connect("lab", endpoint_url=s3_service.endpoint_url, access_key=s3_service.access_key,
                secret_key=s3_service.secret_key)  # fmt: skip
    return Shelf() if request.param == "here" else Shelf(f"s3://{bucket}/team/cuts", connection="lab")


def put(shelf: Shelf, path: Path, number: int) -> Slices:
    made = partition(path, num_slices=number)
    if shelf.place != "this machine":
        Shelf().share(made.manifest_id, f"{shelf.place}/", connection="lab")
        manifests.delete(made.manifest_id)
    return made


def ids(shelf: Shelf, **wanted: str) -> list[str]:
    return [row.id for row in shelf.list(**wanted)]


def test_tagged_renamed_deleted(shelf: Shelf, poem: Path) -> None:
    first, second = put(shelf, poem, 3), put(shelf, poem, 5)
    assert ids(shelf) == [second.manifest_id, first.manifest_id]
    assert shelf.tag(first.manifest_id, "good", " best ", "good").tags == ["good", "best"]
    assert shelf.tag(first.manifest_id, "new", remove=["best"]).tags == ["good", "new"]
    assert ids(shelf, tag="good") == [first.manifest_id]
    assert shelf.rename(first.manifest_id, "run-7").id == "run-7"
    assert sorted(ids(shelf)) == sorted(["run-7", second.manifest_id])
    assert "run-7" in shelf
    assert first.manifest_id not in shelf
    assert shelf.load("run-7").records == first.records
    assert len(shelf.load("run-7")) == 3
    with pytest.raises(Conflict, match="'run-7' already"):
        shelf.rename(second.manifest_id, "run-7")
    shelf.delete("run-7")
    assert [row.id for row in shelf] == [second.manifest_id]
    for gone in (shelf.delete, shelf.load, shelf.tag):
        with pytest.raises(NotFound):
            gone("run-7")


def test_filters(shelf: Shelf, poem: Path, tmp_path: Path) -> None:
    made = put(shelf, poem, 2)
    other = tmp_path / "deep" / "Reads.FASTA"
    other.parent.mkdir()
    other.write_text(">a\nACGT\n")
    fasta = put(shelf, other, 1)
    shelf.tag(fasta.manifest_id, "Öffentlich")
    assert ids(shelf, uri=poem.as_uri()) == [made.manifest_id]
    assert ids(shelf, uri=other.parent.as_uri() + "/") == [fasta.manifest_id]
    assert ids(shelf, uri=other.parent.as_uri()) == []
    assert ids(shelf, format="csv") == []
    assert len(ids(shelf, format="lines")) == 2
    assert ids(shelf, text="reads.fasta") == [fasta.manifest_id]
    assert ids(shelf, text="öff") == [fasta.manifest_id]
    assert ids(shelf, text="nothing like it") == []


def test_exports(shelf: Shelf, poem: Path, tmp_path: Path) -> None:
    made = put(shelf, poem, 4)
    expected = [
        {"slice": piece.number, "records": piece.records, "offset": offset, "length": length}
        for piece in made
        for offset, length in piece.ranges
    ]
    found = shelf.export(made.manifest_id, tmp_path / "cut.csv")
    with found.open(newline="") as file:
        assert [{name: int(text) for name, text in row.items()} for row in csv.DictReader(file)] == expected
    assert parquet.read_table(shelf.export(made.manifest_id, tmp_path / "cut.parquet")).to_pylist() == expected
    assert list(cdc.load_slices(shelf.export(made.manifest_id, tmp_path / "cut.json"))) == list(made)
    with pytest.raises(BadRequest, match=r"\.json, \.csv, \.parquet"):
        shelf.export(made.manifest_id, tmp_path / "cut.xlsx")


def test_shown_escaped(shelf: Shelf, poem: Path) -> None:
    assert "none" in shelf._repr_html_()
    made = put(shelf, poem, 2)
    shelf.tag(made.manifest_id, "<img src=x>")
    assert "<img" not in shelf._repr_html_()
    assert made.manifest_id in shelf._repr_html_()


@pytest.mark.parametrize("bad", ["../up", "a/b", "", ".hidden", "x" * 200])
def test_ids_that_cannot_be(shelf: Shelf, poem: Path, bad: str) -> None:
    made = put(shelf, poem, 2)
    with pytest.raises(BadRequest, match="id"):
        shelf.rename(made.manifest_id, bad)
    with pytest.raises(BadRequest, match="id"):
        shelf.load(bad)
    assert bad not in shelf


@pytest.mark.parametrize("tag", ["", "   ", "x" * 101])
def test_tags_that_cannot_be(shelf: Shelf, poem: Path, tag: str) -> None:
    made = put(shelf, poem, 2)
    with pytest.raises(BadRequest, match="tags"):
        shelf.tag(made.manifest_id, tag)


def test_what_is_no_manifest_is_left_out(s3_service: Any, bucket: str, boto: Any, poem: Path) -> None:
    cdc.connect("lab", endpoint_url=s3_service.endpoint_url, access_key=s3_service.access_key,
                secret_key=s3_service.secret_key)  # fmt: skip
    shelf = cockpit.manifests(f"s3://{bucket}/", connection="lab")
    made = put(Shelf(f"s3://{bucket}", connection="lab"), poem, 2)
    boto.put_object(Bucket=bucket, Key="other.json", Body=json.dumps({"a": 1}).encode())
    boto.put_object(Bucket=bucket, Key="new.json", Body=b'{"version": 9}')
    boto.put_object(Bucket=bucket, Key="below/x.json", Body=b"{}")
    assert ids(shelf) == [made.manifest_id]


def test_places_that_cannot_be() -> None:
    with pytest.raises(BadRequest, match="s3://bucket/prefix/"):
        Shelf("/tmp/x")
    with pytest.raises(BadRequest, match="need no connection"):
        Shelf(connection="lab")
