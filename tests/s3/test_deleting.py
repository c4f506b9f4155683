"""Deleting: what was selected and nothing else, any key, versions, services without batches, faults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.errors import BadRequest, Cancelled, CredentialsError, Incomplete, NotFound
from cloud_data_cockpit.models import DeleteRequest
from cloud_data_cockpit.s3 import deleting
from cloud_data_cockpit.s3.connections import Connection, connect
from cloud_data_cockpit.s3.deleting import delete_selection

from .stub import Answer, Asked, Stub, fault
from .test_copying import HOSTILE
from .watching import Watching


def ask(bucket: str, connection: str = "lab", **more: Any) -> DeleteRequest:
    return DeleteRequest.model_validate({"kind": "delete", "connection": connection, "bucket": bucket} | more)


def keys(boto: Any, bucket: str) -> list[str]:
    pages = boto.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [row["Key"] for page in pages for row in page.get("Contents", [])]


def versions(boto: Any, bucket: str) -> list[str]:
    page = boto.list_object_versions(Bucket=bucket)
    return [row["Key"] for row in (*page.get("Versions", []), *page.get("DeleteMarkers", []))]


@pytest.fixture
def no_faults(s3_service: DemoProcess) -> Iterator[None]:
    yield
    s3_service.clear_faults()


def test_any_key_below_a_prefix_and_nothing_else(lab: Connection, bucket: str, boto: Any) -> None:
    mine = [*(f"run1/{key}" for key in HOSTILE), "run1/", "run1/cr\rlf\n\r\nkey", "run1/\ufffe", "alone"]
    for key in (*mine, "run10/x", "run1", "run", "alone/x", "alone2"):
        boto.put_object(Bucket=bucket, Key=key, Body=b"12")
    watch = Watching()
    delete_selection(ask(bucket, prefixes=["run1/"], keys=["alone"]), watch)
    assert sorted(keys(boto, bucket)) == ["alone/x", "alone2", "run", "run1", "run10/x"]
    assert (watch.items, watch.items_total, watch.done, watch.total) == (len(mine), len(mine), *(2 * [2 * len(mine)]))


def test_more_than_one_batch(lab: Connection, bucket: str, boto: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deleting, "MOST", 10)
    for number in range(57):
        boto.put_object(Bucket=bucket, Key=f"d/{number}", Body=b"x")
    watch = Watching()
    delete_selection(ask(bucket, prefixes=["d/"]), watch)
    assert keys(boto, bucket) == []
    assert watch.items == watch.items_total == watch.done == watch.total == 57


@pytest.mark.parametrize(
    ("asked", "words"), [({}, "nothing"), ({"prefixes": ["run1"]}, "ends with"), ({"prefixes": [""]}, "whole bucket")]
)
def test_what_cannot_be_is_refused(lab: Connection, bucket: str, asked: Any, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        deleting.check_delete_request(ask(bucket, **asked))


def test_what_is_not_there_is_no_error(lab: Connection, bucket: str) -> None:
    delete_selection(ask(bucket, keys=["gone", "gone too"], prefixes=["nothing/"]), Watching())


def test_a_versioned_bucket_keeps_what_was_there_unless_told(lab: Connection, bucket: str, boto: Any) -> None:
    boto.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in ("d/a", "d/b", "d/b2", "k", "k2"):
        for body in (b"1", b"22"):
            boto.put_object(Bucket=bucket, Key=key, Body=body)
    delete_selection(ask(bucket, prefixes=["d/"], keys=["k"]), Watching())
    assert keys(boto, bucket) == ["k2"]
    assert versions(boto, bucket).count("d/a") == 3
    watch = Watching()
    delete_selection(ask(bucket, prefixes=["d/"], keys=["k"], all_versions=True), watch)
    assert set(versions(boto, bucket)) == {"k2"}
    assert (watch.items, watch.done) == (12, 12)


def test_all_versions_of_a_bucket_without_versions(lab: Connection, bucket: str, boto: Any) -> None:
    for key in ("d/a", "k"):
        boto.put_object(Bucket=bucket, Key=key, Body=b"1")
    delete_selection(ask(bucket, prefixes=["d/"], keys=["k"], all_versions=True), Watching())
    assert keys(boto, bucket) == []


@pytest.mark.parametrize("code", ["NotImplemented", "MethodNotAllowed", "MalformedXML"])
def test_a_service_without_batches(
    lab: Connection, bucket: str, boto: Any, s3_service: Any, no_faults: None, code: str
) -> None:
    for number in range(40):
        boto.put_object(Bucket=bucket, Key=f"d/{number}", Body=b"x")
    s3_service.inject(method="POST", path=f"/{bucket}", query="delete", code=code, times=100)
    watch = Watching()
    delete_selection(ask(bucket, prefixes=["d/"]), watch)
    assert keys(boto, bucket) == []
    assert watch.items == 40


def test_faults_of_the_service_are_tried_again(
    lab: Connection, bucket: str, boto: Any, s3_service: Any, no_faults: None
) -> None:
    for number in range(5):
        boto.put_object(Bucket=bucket, Key=f"d/{number}", Body=b"x")
    s3_service.inject(method="POST", path=f"/{bucket}", status=503, times=2)
    s3_service.inject(method="POST", path=f"/{bucket}", lose_reply=True)
    delete_selection(ask(bucket, prefixes=["d/"]), Watching())
    assert keys(boto, bucket) == []


def test_what_failed_is_told_by_key(stubbed: Connection, stub: Stub) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.method == "HEAD":
            return fault(403, "AccessDenied")
        if asked.method == "GET":
            return fault(403, "AccessDenied")
        if asked.method == "POST":
            assert "content-md5" in asked.headers
            assert b"<Key>a&amp;b</Key>" in asked.body
            errors = "".join(
                f"<Error><Key>{key}</Key><Code>{code}</Code><Message>m</Message></Error>"
                for key, code in [("a&amp;b", "AccessDenied"), ("busy", "SlowDown"), ("gone", "NoSuchKey")]
            )
            return Answer(200, f"<DeleteResult>{errors}</DeleteResult>".encode())
        return Answer(204)

    stub.then = answer
    watch = Watching()
    with pytest.raises(Incomplete, match=r"1 object was not deleted, the rest was: a&b: access to .* is denied"):
        delete_selection(ask("box", "stubbed", keys=["a&b", "busy", "gone", "fine"]), watch)
    assert watch.items == 3
    assert len(watch.notes) == 1
    alone = [urlsplit(asked.target).path for asked in stub.asked if asked.method == "DELETE"]
    assert sorted(alone) == ["/box/busy", "/box/gone"]


@pytest.mark.parametrize("named", ["<Key>Caf\u00e9</Key>", "<Key>k0</Key><VersionId>null</VersionId>", ""])
def test_what_a_service_names_otherwise_is_not_taken_for_deleted(stubbed: Connection, stub: Stub, named: str) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            error = f"<Error>{named}<Code>AccessDenied</Code><Message>m</Message></Error>"
            return Answer(200, f"<DeleteResult>{error}</DeleteResult>".encode())
        return fault(403, "AccessDenied") if asked.method != "DELETE" or "k0" in asked.target else Answer(204)

    stub.then = answer
    watch = Watching()
    with pytest.raises(Incomplete, match="1 object was not deleted, the rest was: k0: access to"):
        delete_selection(ask("box", "stubbed", keys=["k0", "k1", "k2"]), watch)
    assert watch.items == 2


def test_all_versions_of_what_is_not_there_leave_no_marker(lab: Connection, bucket: str, boto: Any) -> None:
    boto.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    boto.put_object(Bucket=bucket, Key="k", Body=b"1")
    for _ in range(2):  # the second time as when a job is retried
        watch = Watching()
        delete_selection(ask(bucket, keys=["k", "never"], all_versions=True), watch)
        assert versions(boto, bucket) == []
        assert watch.items == watch.items_total == 2


def test_versions_are_named_in_batches(stubbed: Connection, stub: Stub) -> None:
    rows = "".join(
        f"<Version><Key>k</Key><VersionId>v{n}</VersionId><IsLatest>false</IsLatest><Size>1</Size>"
        f"<LastModified>2026-11-20T10:00:00Z</LastModified><ETag>e</ETag></Version>"
        for n in (1, 2)
    )

    def answer(asked: Asked) -> Answer:
        if "versions" in parse_qs(urlsplit(asked.target).query, keep_blank_values=True):
            return Answer(200, f"<ListVersionsResult>{rows}</ListVersionsResult>".encode())
        return Answer(200, b"<DeleteResult/>")

    stub.then = answer
    delete_selection(ask("box", "stubbed", keys=["k"], all_versions=True), Watching())
    (sent,) = [asked.body for asked in stub.asked if asked.method == "POST"]
    assert sent.count(b"<VersionId>") == 2


def test_cancel_stops_between_batches(lab: Connection, bucket: str, boto: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deleting, "MOST", 2)
    for number in range(60):
        boto.put_object(Bucket=bucket, Key=f"d/{number}", Body=b"x")
    watch = Watching(lambda watch: watch.items >= 4)
    with pytest.raises(Cancelled):
        delete_selection(ask(bucket, prefixes=["d/"]), watch)
    assert 30 < len(keys(boto, bucket)) < 60


def test_what_ends_it_at_once(lab: Connection, bucket: str, s3_service: Any) -> None:
    with pytest.raises(NotFound, match="no bucket 'no-such'"):
        delete_selection(ask("no-such", prefixes=["d/"]), Watching())
    with pytest.raises(NotFound, match="no bucket 'no-such'"):
        delete_selection(ask("no-such", keys=["a", "b"]), Watching())
    connect("wrong", endpoint_url=s3_service.endpoint_url, access_key="AKIANOBODY", secret_key="x" * 20)
    with pytest.raises(CredentialsError):
        delete_selection(ask(bucket, "wrong", keys=["k", "l"]), Watching())
