"""Tags: read, replaced, of versions too; those that S3 would refuse cost no request."""

from __future__ import annotations

from typing import Any

import pytest

from cloud_data_cockpit.errors import BadRequest, NotFound
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.faults import NotOffered
from cloud_data_cockpit.s3.tags import get_tags, put_tags

from .stub import Stub, fault
from .test_objects import KEYS

TAGS = {"plain": "", "ü <&>\"'": "a b+c%20=;", "日本": "x" * 256, "n" * 128: "=?&"}


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_any_key_has_tags(lab: Connection, bucket: str, boto: Any, key: str) -> None:
    boto.put_object(Bucket=bucket, Key=key, Body=b"body")
    assert get_tags(lab, bucket, key).tags == {}
    assert put_tags(lab, bucket, key, TAGS).tags == TAGS
    assert {t["Key"]: t["Value"] for t in boto.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]} == TAGS
    assert put_tags(lab, bucket, key, {}).tags == {}
    assert boto.get_object(Bucket=bucket, Key=key)["Body"].read() == b"body"


def test_versions_have_their_own(lab: Connection, bucket: str, boto: Any) -> None:
    boto.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old, _ = (boto.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"] for _ in range(2))
    put_tags(lab, bucket, "k", {"of": "the old"}, old)
    assert get_tags(lab, bucket, "k", old).tags == {"of": "the old"}
    assert get_tags(lab, bucket, "k").tags == {}


def test_what_is_missing(lab: Connection, bucket: str, stub: Stub, stubbed: Connection) -> None:
    with pytest.raises(NotFound):
        get_tags(lab, bucket, "no")
    with pytest.raises(NotFound):
        put_tags(lab, bucket, "no", {"a": "b"})
    stub.then = lambda asked: fault(501, "NotImplemented")
    with pytest.raises(NotOffered):
        get_tags(stubbed, "box", "k")


@pytest.mark.parametrize(
    "tags", [{str(i): "" for i in range(11)}, {"": "x"}, {"n" * 129: ""}, {"n": "v" * 257}, {"n": "a\nb"}]
)
def test_tags_that_cannot_be_cost_no_request(stub: Stub, stubbed: Connection, tags: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        put_tags(stubbed, "box", "k", tags)
    assert stub.asked == []
