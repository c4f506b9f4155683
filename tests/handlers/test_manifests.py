"""Manifests over REST: filtered, renamed, tagged, as CSV, shared in a bucket and taken over from there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cloud_data_cockpit as cdc
from cloud_data_cockpit.slicing import manifests
from cloud_data_cockpit.slicing.partition import partition
from cloud_data_cockpit.slicing.slices import Slices

from .conftest import Api


@pytest.fixture
def made(tmp_path: Path) -> Slices:
    path = tmp_path / "poem.txt"
    path.write_text("".join(f"line {i}\n" for i in range(100)))
    return partition(path, num_slices=4)


async def test_renamed_tagged_and_found(api: Api, made: Slices) -> None:
    path = f"manifests/{made.manifest_id}"
    changed = await api("PUT", path, {"tags": ["good"]})
    assert (changed.status, changed.json["tags"], changed.json["id"]) == (200, ["good"], made.manifest_id)
    changed = await api("PUT", path, {"id": "run-7"})
    assert (changed.json["tags"], changed.json["id"]) == (["good"], "run-7")
    assert (await api("GET", path)).status == 404
    for query, found in (
        ({"tag": "good"}, ["run-7"]),
        ({"tag": "bad"}, []),
        ({"text": "RUN"}, ["run-7"]),
        ({"format": "csv"}, []),
        ({"uri": made.uri}, ["run-7"]),
    ):
        assert [row["id"] for row in (await api("GET", "manifests", query=query)).json] == found
    other = partition(made.uri, num_slices=2)
    taken = await api("PUT", f"manifests/{other.manifest_id}", {"id": "run-7"})
    assert (taken.status, taken.json["code"]) == (409, "conflict")
    assert (await api("PUT", "manifests/run-7", {"id": "../x"})).status == 400
    assert (await api("PUT", "manifests/gone-1", {"tags": []})).status == 404
    assert (await api("PUT", "manifests/run-7", {"colour": 1})).status == 400


async def test_slices_as_csv(api: Api, made: Slices) -> None:
    reply = await api("GET", f"manifests/{made.manifest_id}/csv")
    lines = reply.raw.decode().split("\r\n")
    assert (lines[0], len(lines)) == ("slice,records,offset,length", 6)
    assert reply.headers["Content-Disposition"] == 'attachment; filename="slices.csv"'


async def test_shared_and_taken_over(
    api: Api, made: Slices, s3_service: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"access_key": s3_service.access_key, "secret_key": s3_service.secret_key}
    cdc.connect("lab", endpoint_url=s3_service.endpoint_url, **keys)
    place = f"s3://{bucket}/team/"
    shared = await api("POST", f"manifests/{made.manifest_id}/share", {"connection": "lab", "uri": place})
    assert shared.status == 200
    listed = await api("GET", "manifests", query={"place": place, "connection": "lab"})
    assert [row["id"] for row in listed.json] == [made.manifest_id]
    uri = f"{place}{made.manifest_id}.json"
    again = await api("POST", "manifests", {"connection": "lab", "uri": uri})
    assert (again.status, again.json["id"]) == (201, made.manifest_id)
    manifests.delete(made.manifest_id)
    assert (await api("POST", "manifests", {"connection": "lab", "uri": uri})).status == 201
    assert list(cdc.load_slices(made.manifest_id)) == list(made)
    manifests.save(partition(made.uri, num_slices=2).manifest.model_copy(update={"id": made.manifest_id}))
    other = await api("POST", "manifests", {"connection": "lab", "uri": uri})
    assert (other.status, other.json["code"]) == (409, "conflict")
    gone = await api("POST", "manifests", {"connection": "lab", "uri": f"{place}gone.json"})
    assert (gone.status, gone.json["code"]) == (404, "not_found")
    assert (await api("GET", "manifests", query={"place": "/etc"})).status == 400
