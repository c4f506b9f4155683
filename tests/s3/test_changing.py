"""Changing an object: what is asked for changes, all else stays, and nothing unseen is lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.errors import AccessDenied, BadRequest, Cancelled, Conflict, NotFound, SourceChanged
from cloud_data_cockpit.models import ChangeRequest
from cloud_data_cockpit.s3 import changing, uploads
from cloud_data_cockpit.s3.changing import change_object, check_change_request
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.objects import head

from .stub import DATE, Answer, Asked, Stub, fault
from .watching import Watching

MIB = 1 << 20
KEY = "a b/é+#?.csv"


def ask(bucket: str, connection: str = "lab", **more: Any) -> ChangeRequest:
    given = {"kind": "change", "connection": connection, "bucket": bucket, "key": KEY}
    return ChangeRequest.model_validate(given | more)


@pytest.fixture
def no_faults(s3_service: DemoProcess) -> Iterator[None]:
    yield
    s3_service.clear_faults()


@pytest.fixture(params=["whole", "in parts"])
def data(request: Any, monkeypatch: pytest.MonkeyPatch) -> bytes:
    if request.param == "in parts":
        monkeypatch.setattr(changing, "WHOLE", MIB)
        monkeypatch.setattr(changing, "COPIED_PART", 5 * MIB)
        return os.urandom(11 * MIB)
    return b"some bytes"


@pytest.fixture
def kept(bucket: str, boto: Any, data: bytes) -> dict[str, Any]:
    """An object with everything; what it says of itself."""
    boto.put_object(
        Bucket=bucket,
        Key=KEY,
        Body=data,
        ContentType="text/csv",
        CacheControl="no-store",
        ContentEncoding="gzip",
        ContentLanguage="ca",
        Expires="Thu, 01 Jan 2032 00:00:00 GMT",
        Metadata={"owner": "grace"},
        Tagging="team=a%20b",
        ACL="public-read",
    )
    return facts(boto, bucket)


def facts(boto: Any, bucket: str) -> dict[str, Any]:
    found = boto.head_object(Bucket=bucket, Key=KEY)
    names = ("ContentType", "CacheControl", "ContentEncoding", "ContentLanguage", "Expires", "Metadata")
    grants = boto.get_object_acl(Bucket=bucket, Key=KEY)["Grants"]
    return {
        **{name: found.get(name) for name in names},
        "StorageClass": found.get("StorageClass", "STANDARD"),
        "tags": boto.get_object_tagging(Bucket=bucket, Key=KEY)["TagSet"],
        "grants": sorted((grant["Permission"], grant["Grantee"].get("URI", "owner")) for grant in grants),
    }


@pytest.mark.parametrize(
    ("asked", "changed"),
    [
        ({"content_type": "text/x-new"}, {"ContentType": "text/x-new"}),
        ({"metadata": {"Level": "2", "name": "Àlex 🧀"}}, {}),
        ({"metadata": {}}, {"Metadata": {}}),
        ({"storage_class": "STANDARD_IA"}, {"StorageClass": "STANDARD_IA"}),
        ({"content_type": "a/b", "metadata": {"x": "1"}}, {"ContentType": "a/b", "Metadata": {"x": "1"}}),
    ],
)
def test_only_what_is_asked_for_changes(
    lab: Connection, bucket: str, boto: Any, data: bytes, kept: dict[str, Any], asked: Any, changed: Any
) -> None:
    watch = Watching()
    change_object(ask(bucket, **asked), watch)
    found = facts(boto, bucket)
    if "name" in asked.get("metadata", {}):
        assert head(lab, bucket, KEY).metadata == {"level": "2", "name": "Àlex 🧀"}
        changed = {"Metadata": found["Metadata"]}
    assert found == kept | changed
    assert boto.get_object(Bucket=bucket, Key=KEY)["Body"].read() == data
    assert (watch.done, watch.total, watch.items) == (len(data), len(data), 1)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "nothing is to be changed"),
        ({"metadata": {"ü": "1"}}, "cannot name metadata"),
        ({"metadata": {"a": "1", "A": "2"}}, "twice"),
        ({"metadata": {"a": "x\r\nX-Evil: 1"}}, "line ends"),
        ({"content_type": "text/x\r\nX-Evil: 1"}, "characters"),
        ({"storage_class": "no such"}, "is no storage class"),
    ],
)
def test_what_cannot_be_is_refused_at_once(lab: Connection, bucket: str, asked: Any, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        check_change_request(ask(bucket, **asked))


def test_what_is_not_there(lab: Connection, bucket: str) -> None:
    with pytest.raises(NotFound):
        change_object(ask(bucket, content_type="a/b"), Watching())


def test_somebody_else_changes_it_meanwhile(
    lab: Connection, bucket: str, boto: Any, data: bytes, kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = changing.grants_of

    def late(*arguments: Any) -> Any:
        boto.put_object(Bucket=bucket, Key=KEY, Body=b"newer" + data[5:])
        return original(*arguments)

    monkeypatch.setattr(changing, "grants_of", late)
    with pytest.raises(SourceChanged, match="somebody else"):
        change_object(ask(bucket, content_type="a/b"), Watching())
    assert boto.get_object(Bucket=bucket, Key=KEY)["Body"].read(5) == b"newer"
    assert uploads.list_open(lab, bucket) == []


def test_cancel_leaves_it_as_it_was(lab: Connection, bucket: str, boto: Any, kept: dict[str, Any], data: bytes) -> None:
    with pytest.raises(Cancelled):
        change_object(ask(bucket, content_type="a/b"), Watching(lambda watch: watch.items_total > 0))
    assert facts(boto, bucket) == kept
    assert uploads.list_open(lab, bucket) == []


@pytest.mark.parametrize("query", ["acl", "tagging"])
def test_what_may_not_be_read_is_not_lost(
    lab: Connection, bucket: str, boto: Any, s3_service: Any, kept: Any, data: bytes, no_faults: None, query: str
) -> None:
    if query == "tagging" and len(data) < MIB:
        pytest.skip("a copy as a whole keeps the tags inside the service")
    s3_service.inject(method="GET", path=f"/{bucket}", query=query, code="AccessDenied", times=9)
    with pytest.raises(AccessDenied):
        change_object(ask(bucket, content_type="a/b"), Watching())
    s3_service.clear_faults()
    assert facts(boto, bucket) == kept


@pytest.mark.parametrize(
    ("headers", "error", "words"),
    [
        ({"x-amz-missing-meta": "2"}, BadRequest, "2 metadata that cannot be read"),
        ({"x-amz-object-lock-mode": "GOVERNANCE"}, Conflict, "object lock"),
        ({"x-amz-meta-odd": "caf\u00e9"}, BadRequest, "no header can"),
    ],
)
def test_what_would_be_lost_is_refused(stubbed: Connection, stub: Stub, headers: Any, error: Any, words: str) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.method == "HEAD":
            return Answer(200, b"", {"ETag": '"e"', "Last-Modified": DATE, "Content-Length": "5"} | headers)
        return fault(501, "NotImplemented")

    stub.then = answer
    with pytest.raises(error, match=words):
        change_object(ask("box", "stubbed", content_type="a/b"), Watching())
    assert {asked.method for asked in stub.asked} <= {"HEAD", "GET"}


def test_grants_to_single_accounts_and_keys_of_ones_own_are_repeated(stubbed: Connection, stub: Stub) -> None:
    acl = (
        '<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>me</ID></Owner>'
        '<AccessControlList xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<Grant><Grantee xsi:type="CanonicalUser"><ID>me</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>'
        '<Grant><Grantee xsi:type="CanonicalUser"><ID>her</ID></Grantee><Permission>READ</Permission></Grant>'
        "</AccessControlList></AccessControlPolicy>"
    )
    encryption = "x-amz-server-side-encryption"

    def answer(asked: Asked) -> Answer:
        if asked.method == "HEAD":
            key = {encryption: "aws:kms", f"{encryption}-aws-kms-key-id": "arn:key"}
            return Answer(200, b"", {"ETag": '"e"', "Last-Modified": DATE, "Content-Length": "5"} | key)
        if asked.method == "GET":
            return Answer(200, acl.encode())
        return Answer(200, b'<CopyObjectResult><ETag>"f"</ETag></CopyObjectResult>')

    stub.then = answer
    change_object(ask("box", "stubbed", storage_class="STANDARD_IA"), Watching())
    (sent,) = [asked.headers for asked in stub.asked if asked.method == "PUT"]
    assert sent["x-amz-grant-read"] == 'id="her"'
    assert sent["x-amz-grant-full-control"] == 'id="me"'
    assert sent[encryption] == "aws:kms"
    assert sent[f"{encryption}-aws-kms-key-id"] == "arn:key"
    assert sent["x-amz-copy-source-if-match"] == '"e"'
