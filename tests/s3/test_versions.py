"""Versions: listed newest first, made the latest again, deleted for good, read by ranges; any key."""

from __future__ import annotations

import os
import pickle
from typing import Any

import pytest

from cloud_data_cockpit.errors import Archived, BadRequest, NotFound
from cloud_data_cockpit.models import VersionPage
from cloud_data_cockpit.s3 import objects, rebuilding, versions
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.faults import DeleteMarker
from cloud_data_cockpit.s3.source import S3Source

from .stub import Answer, Asked, Stub, fault
from .test_objects import KEYS


@pytest.fixture
def kept(boto: Any, bucket: str) -> str:
    """A bucket that keeps versions."""
    boto.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def _put(boto: Any, bucket: str, key: str, *bodies: bytes, **more: Any) -> list[str]:
    """Put bodies one after another; their version ids."""
    return [str(boto.put_object(Bucket=bucket, Key=key, Body=body, **more)["VersionId"]) for body in bodies]


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_any_key_has_its_versions(lab: Connection, kept: str, boto: Any, key: str) -> None:
    old, new = _put(boto, kept, key, b"one", b"three")
    page = versions.list_versions(lab, kept, key=key)
    assert [(v.key, v.version_id, v.latest, v.size) for v in page.versions] == [
        (key, new, True, 5),
        (key, old, False, 3),
    ]
    assert (page.versioning, page.next_token) == ("enabled", None)
    assert S3Source(lab, f"s3://{kept}/{key}", version_id=old).read(0, 3) == b"one"
    assert versions.restore_version(lab, kept, key, old).size == 3
    assert boto.get_object(Bucket=kept, Key=key)["Body"].read() == b"one"
    versions.delete_version(lab, kept, key, new)
    assert new not in [v.version_id for v in versions.list_versions(lab, kept, key=key).versions]


def test_a_key_is_not_those_that_begin_with_it(lab: Connection, kept: str, boto: Any) -> None:
    for key in ("run1", "run10", "run1/a"):
        _put(boto, kept, key, b"x")
    assert [v.key for v in versions.list_versions(lab, kept, key="run1").versions] == ["run1"]
    assert [v.key for v in versions.list_versions(lab, kept, prefix="run1/").versions] == ["run1/a"]


def test_pages(lab: Connection, kept: str, boto: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = []
    for key in ("a", "z", "é/+ %"):
        expected += [(key, version) for version in reversed(_put(boto, kept, key, b"1", b"2", b"3"))]
    monkeypatch.setattr(versions, "PAGE_SIZE", 2)
    found: list[tuple[str, str]] = []
    page = VersionPage(versioning="off", versions=[], next_token=None)
    for _ in range(10):
        page = versions.list_versions(lab, kept, token=page.next_token)
        assert page.versioning == "enabled"
        found += [(v.key, v.version_id) for v in page.versions]
        if page.next_token is None:
            break
    assert found == expected
    assert [(v.key, v.version_id) for v in versions.iter_versions(lab, kept)] == expected


def test_delete_markers(lab: Connection, kept: str, boto: Any) -> None:
    [version] = _put(boto, kept, "k", b"body")
    objects.delete_object(lab, kept, "k")
    marker, before = versions.list_versions(lab, kept, key="k").versions
    assert (marker.deleted, marker.latest, marker.size, marker.etag) == (True, True, 0, None)
    assert (before.version_id, before.latest) == (version, False)
    with pytest.raises(NotFound):
        objects.head(lab, kept, "k")
    with pytest.raises(DeleteMarker, match="no bytes"):
        objects.head(lab, kept, "k", marker.version_id)
    assert versions.restore_version(lab, kept, "k", marker.version_id).version_id == version
    objects.delete_object(lab, kept, "k")
    brought_back = versions.restore_version(lab, kept, "k", version)
    assert brought_back.size == 4
    assert brought_back.version_id != version
    assert len(versions.list_versions(lab, kept, key="k").versions) == 3


def test_what_a_restored_version_keeps(lab: Connection, kept: str, boto: Any) -> None:
    more = {"Metadata": {"m": "1"}, "ContentType": "text/x", "Tagging": "t=u", "StorageClass": "STANDARD_IA"}
    [old] = _put(boto, kept, "k", b"old", **more)
    [new] = _put(boto, kept, "k", b"new")
    detail = versions.restore_version(lab, kept, "k", old)
    assert (detail.metadata, detail.content_type, detail.storage_class) == ({"m": "1"}, "text/x", "STANDARD_IA")
    assert boto.get_object_tagging(Bucket=kept, Key="k")["TagSet"] == [{"Key": "t", "Value": "u"}]
    again = versions.restore_version(lab, kept, "k", str(detail.version_id))
    assert again == detail
    assert len(versions.list_versions(lab, kept, key="k").versions) == 3
    assert objects.head(lab, kept, "k", new).size == 3


def test_what_cannot_be_restored(lab: Connection, kept: str, boto: Any) -> None:
    [cold, _] = _put(boto, kept, "k", b"cold", StorageClass="GLACIER") + _put(boto, kept, "k", b"warm")
    with pytest.raises(Archived, match="restore it first"):
        versions.restore_version(lab, kept, "k", cold)
    with pytest.raises(NotFound):
        versions.restore_version(lab, kept, "k", "0" * 32)


@pytest.mark.parametrize("key", ["k", "a//é +%?&=.bin"])
def test_a_large_version_is_restored_in_parts(
    lab: Connection, kept: str, boto: Any, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setattr(versions, "LARGEST_COPY", 6 << 20)
    monkeypatch.setattr(rebuilding, "COPIED_PART", 5 << 20)
    data = os.urandom(12 << 20)
    said = {"Metadata": {"a": "b"}, "ContentType": "text/x", "Tagging": "t=1", "StorageClass": "STANDARD_IA"}
    [large, _] = _put(boto, kept, key, data, **said) + _put(boto, kept, key, b"newer")
    detail = versions.restore_version(lab, kept, key, large)
    reply = boto.get_object(Bucket=kept, Key=key)
    assert reply["Body"].read() == data
    assert (reply["Metadata"], reply["ContentType"], reply["TagCount"]) == ({"a": "b"}, "text/x", 1)
    assert (detail.storage_class, detail.size, reply["ETag"].endswith('-3"')) == ("STANDARD_IA", len(data), True)
    assert len(versions.list_versions(lab, kept, key=key).versions) == 3
    assert boto.list_multipart_uploads(Bucket=kept).get("Uploads", []) == []


def test_a_source_stays_with_its_version(lab: Connection, kept: str, boto: Any) -> None:
    old, _ = _put(boto, kept, "k", b"old", b"newer")
    source = S3Source(lab, f"s3://{kept}/k", version_id=old)
    again: S3Source = pickle.loads(pickle.dumps(source))
    assert (again.version_id, again.size, again.read(1, 2)) == (old, 3, b"ld")
    assert S3Source(lab, f"s3://{kept}/k").size == 5


def test_states_of_buckets(lab: Connection, bucket: str, boto: Any) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"x")
    page = versions.list_versions(lab, bucket)
    assert (page.versioning, [v.version_id for v in page.versions]) == ("off", ["null"])
    for state in ("Enabled", "Suspended"):
        boto.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": state})
        assert versions.list_versions(lab, bucket).versioning == state.lower()
    with pytest.raises(NotFound, match="no bucket"):
        versions.list_versions(lab, "no-such")


def test_who_may_not_ask_for_the_state_sees_it_by_the_ids(stub: Stub, stubbed: Connection) -> None:
    body = (
        "<ListVersionsResult><Version><Key>k</Key><VersionId>abc</VersionId><IsLatest>true</IsLatest>"
        "<LastModified>2026-11-20T10:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size></Version>"
        "</ListVersionsResult>"
    )

    def answer(asked: Asked) -> Answer:
        return fault(403, "AccessDenied") if "versioning" in asked.query else Answer(200, body.encode())

    stub.then = answer
    assert versions.list_versions(stubbed, "box").versioning == "enabled"


def test_a_service_without_versions_has_none(stub: Stub, stubbed: Connection) -> None:
    stub.then = lambda asked: fault(501, "NotImplemented")
    page = versions.list_versions(stubbed, "box", key="k")
    assert page == VersionPage(versioning="off", versions=[])


@pytest.mark.parametrize("token", ["x", "W10=", "WyJvZmYiXQ==", "WyJvZmYiLCAxLCAyXQ==", "é"])
def test_tokens_that_are_none(stubbed: Connection, stub: Stub, token: str) -> None:
    with pytest.raises(BadRequest, match="next_token"):
        versions.list_versions(stubbed, "box", token=token)
    assert stub.asked == []
