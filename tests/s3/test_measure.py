"""Measuring: every object counts once, prefixes end at their slash, steps add up; folders are made once."""

from __future__ import annotations

from typing import Any

import pytest

from cloud_data_cockpit.errors import BadRequest, Conflict, NotFound
from cloud_data_cockpit.models import Measured, MeasureRequest
from cloud_data_cockpit.s3 import walk
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.folders import make_folder
from cloud_data_cockpit.s3.measure import measure
from cloud_data_cockpit.s3.objects import list_page

from .stub import Stub
from .test_objects import KEYS


def _in_steps(lab: Connection, seconds: float, **wanted: Any) -> tuple[Measured, int]:
    """What was counted in all, and the number of steps."""
    objects = size = versions = steps = 0
    token: str | None = None
    while True:
        step = measure(lab, MeasureRequest(connection="lab", next_token=token, **wanted), seconds)
        objects, size, versions = objects + step.objects, size + step.bytes, versions + step.versions
        steps, token = steps + 1, step.next_token
        if token is None:
            return Measured(objects=objects, bytes=size, versions=versions), steps
        assert steps < 50


def _put(boto: Any, bucket: str, *keys: str) -> None:
    for key in keys:
        boto.put_object(Bucket=bucket, Key=key, Body=key.encode())


def test_run1_is_not_run10(lab: Connection, bucket: str, boto: Any) -> None:
    _put(boto, bucket, "run1", "run1/", "run1/a", "run1/b/c", "run10/a", "run1x")
    found, _ = _in_steps(lab, 5, bucket=bucket, prefixes=["run1/"])
    assert found == Measured(objects=3, bytes=len("run1/run1/arun1/b/c"))
    with pytest.raises(BadRequest, match="ends with"):
        measure(lab, MeasureRequest(connection="lab", bucket=bucket, prefixes=["run1"]))


def test_nothing_counts_twice(lab: Connection, bucket: str, boto: Any) -> None:
    _put(boto, bucket, "a/1", "a/b/2", "z", "y")
    wanted = {"bucket": bucket, "keys": ["z", "a/1", "z", "gone"], "prefixes": ["a/b/", "a/", "a/"]}
    found, _ = _in_steps(lab, 5, **wanted)
    assert found == Measured(objects=3, bytes=len("a/1a/b/2z"))


def test_any_key_is_measured(lab: Connection, bucket: str, boto: Any) -> None:
    _put(boto, bucket, *KEYS)
    whole = Measured(objects=len(KEYS), bytes=sum(len(key.encode()) for key in KEYS))
    assert _in_steps(lab, 5, bucket=bucket, keys=KEYS)[0] == whole
    assert _in_steps(lab, 5, bucket=bucket, prefixes=[""])[0] == whole


def test_steps_add_up(lab: Connection, bucket: str, boto: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _put(boto, bucket, *(f"a/{i}" for i in range(7)), *(f"b/{i}" for i in range(3)), *(f"k{i}" for i in range(40)))

    def pages_of_two(connection: Any, bucket: str, prefix: str, token: Any, delimiter: str, **more: Any) -> Any:
        return list_page(connection, bucket, prefix, token, delimiter, 2, **more)

    monkeypatch.setattr(walk, "list_page", pages_of_two)
    wanted = {"bucket": bucket, "keys": [f"k{i}" for i in range(40)], "prefixes": ["a/", "b/"]}
    at_once, steps = _in_steps(lab, 60, **wanted)
    assert (at_once.objects, steps) == (50, 1)
    in_steps, steps = _in_steps(lab, 0, **wanted)
    assert in_steps == at_once
    assert steps > 5


def test_versions_are_measured_too(lab: Connection, bucket: str, boto: Any) -> None:
    boto.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    _put(boto, bucket, "a/1", "a/1", "a/2", "k", "k0")
    boto.delete_object(Bucket=bucket, Key="a/2")
    found, _ = _in_steps(lab, 0, bucket=bucket, keys=["k"], prefixes=["a/"], versions=True)
    assert found == Measured(objects=2, bytes=10, versions=5)
    assert _in_steps(lab, 5, bucket=bucket, prefixes=["a/"])[0] == Measured(objects=1, bytes=3)


def test_what_cannot_be_measured(lab: Connection, stub: Stub, stubbed: Connection) -> None:
    for keys, prefixes in ((["k"], []), ([], ["p/"])):
        with pytest.raises(NotFound, match="no bucket"):
            measure(lab, MeasureRequest(connection="lab", bucket="no-such", keys=keys, prefixes=prefixes))
    for token in ("?", "WzUsIDAsIG51bGxd", "WzAsIDAsIDVd", "é"):
        request = MeasureRequest(connection="stubbed", bucket="box", keys=["k"], next_token=token)
        with pytest.raises(BadRequest, match="next_token"):
            measure(stubbed, request)
    assert stub.asked == []


def test_folders(lab: Connection, bucket: str, boto: Any) -> None:
    for prefix in ("new/", "new/deep er/", "../up/", "é//"):
        make_folder(lab, bucket, prefix)
        assert boto.head_object(Bucket=bucket, Key=prefix)["ContentLength"] == 0
        with pytest.raises(Conflict, match="already"):
            make_folder(lab, bucket, prefix)
    assert "new/" in list_page(lab, bucket).prefixes
    with pytest.raises(BadRequest, match="ends with"):
        make_folder(lab, bucket, "new")
