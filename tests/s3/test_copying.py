"""Copying and moving: whole or not at all, everything kept, nothing lost under faults, nothing left over."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.errors import BadRequest, Cancelled, CockpitError, CredentialsError, Incomplete, NotFound
from cloud_data_cockpit.models import CopyRequest
from cloud_data_cockpit.s3 import copying, in_parts, uploads
from cloud_data_cockpit.s3.connections import Connection, connect
from cloud_data_cockpit.s3.transfers import check_copy_request, copy_selection

from .watching import Watching

MIB = 1 << 20
HOSTILE = [
    "plain.csv",
    "with space +&=.csv",
    "a#b?c%d%2e%2e.csv",
    "//two//slashes",
    "dots/../up/./here",
    "käse/日本語/🧀",
    "quote'\"<>\\back`|~!*()",
    " edges ",
    "a\ttab\x01\x7f",
    "marker/",
    "‮rtl",
    "k" * 900,
]


@pytest.fixture(scope="module")
def other_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    """A second service, to which bytes have to be streamed."""
    with DemoProcess(tmp_path_factory.mktemp("other") / "data", faults=True) as service:
        yield service


@pytest.fixture
def far(other_service: DemoProcess) -> Connection:
    return connect(
        "far",
        endpoint_url=other_service.endpoint_url,
        access_key=other_service.access_key,
        secret_key=other_service.secret_key,
    )


@pytest.fixture
def far_boto(other_service: DemoProcess, boto_for: Any) -> Iterator[Any]:
    client = boto_for(other_service)
    yield client
    client.close()


@pytest.fixture
def no_faults(s3_service: DemoProcess, other_service: DemoProcess) -> Iterator[None]:
    yield
    s3_service.clear_faults()
    other_service.clear_faults()


@pytest.fixture(params=["inside", "between"])
def where(request: Any, lab: Connection, far: Connection, boto: Any, far_boto: Any) -> Any:
    """(boto of the target, request for copies within a connection or to another service, name of its bucket)."""
    client = boto if request.param == "inside" else far_boto
    bucket = f"to-{uuid.uuid4().hex[:10]}"
    client.create_bucket(Bucket=bucket)
    name = "lab" if request.param == "inside" else "far"

    def ask(source: str, **more: Any) -> CopyRequest:
        given = {"kind": "copy", "connection": "lab", "bucket": source, "to_connection": name, "to_bucket": bucket}
        return CopyRequest.model_validate(given | more)

    return client, ask, bucket


def contents(client: Any, bucket: str) -> dict[str, bytes]:
    found = {}
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for row in page.get("Contents", []):
            found[row["Key"]] = client.get_object(Bucket=bucket, Key=row["Key"])["Body"].read()
    return found


def nothing_open(connection: Connection, bucket: str) -> bool:
    return uploads.list_open(connection, bucket) == []


def no_parts_left(connection: Connection, bucket: str) -> bool:
    """An upload whose id got lost with the reply that told it stays open; but nothing was sent to it."""
    left = uploads.list_open(connection, bucket)
    return not any(uploads.list_parts(connection, bucket, each.key, each.upload_id) for each in left)


# --- what is copied, and where to ----------------------------------------------------------------


def test_any_key_below_a_prefix_is_copied_and_nothing_else(where: Any, bucket: str, boto: Any) -> None:
    client, ask, to_bucket = where
    data = {f"run1/{key}": key.encode() for key in HOSTILE} | {"run1/": b""}
    for key, body in (data | {"run10/x": b"no", "run1": b"no", "run": b"no"}).items():
        boto.put_object(Bucket=bucket, Key=key, Body=body)
    watch = Watching()
    copy_selection(ask(bucket, prefixes=["run1/"], to_prefix="in/"), watch)
    assert contents(client, to_bucket) == {f"in/{key}": body for key, body in data.items()}
    assert len(contents(boto, bucket)) == len(data) + 3
    assert (watch.items, watch.items_total) == (len(data), len(data))
    assert watch.done == watch.total == sum(map(len, data.values()))


def test_keys_are_copied_by_their_last_step(where: Any, bucket: str, boto: Any) -> None:
    client, ask, to_bucket = where
    for key in ("a/b/c.csv", "top", "a/folder/"):
        boto.put_object(Bucket=bucket, Key=key, Body=key.encode())
    watch = Watching()
    copy_selection(ask(bucket, keys=["a/b/c.csv", "top", "a/folder/"], to_prefix="x/"), watch)
    assert watch.done == watch.total == len("a/b/c.csv" + "top" + "a/folder/")
    assert set(contents(client, to_bucket)) == {"x/c.csv", "x/top", "x/folder/"}


def test_what_a_selection_names_twice_is_copied_once(where: Any, bucket: str, boto: Any) -> None:
    client, ask, to_bucket = where
    for key in ("a/b/c", "a/d"):
        boto.put_object(Bucket=bucket, Key=key, Body=b"1")
    watch = Watching()
    copy_selection(ask(bucket, keys=["a/d", "a/d"], prefixes=["a/", "a/b/", "a/"]), watch)
    assert set(contents(client, to_bucket)) == {"a/b/c", "a/d"}
    assert watch.items == 2


def test_renaming_an_object_and_a_prefix(bucket: str, boto: Any, lab: Connection) -> None:
    def ask(**more: Any) -> CopyRequest:
        given = {"kind": "move", "connection": "lab", "bucket": bucket, "to_connection": "lab", "to_bucket": bucket}
        return CopyRequest.model_validate(given | more)

    for key in ("old.csv", "run1/a", "run1/b/c", "run10/z"):
        boto.put_object(Bucket=bucket, Key=key, Body=key.encode())
    copy_selection(ask(keys=["old.csv"], rename="new/exact name.csv"), Watching())
    copy_selection(ask(prefixes=["run1/"], rename="walk/"), Watching())
    assert contents(boto, bucket) == {
        "new/exact name.csv": b"old.csv",
        "walk/a": b"run1/a",
        "walk/b/c": b"run1/b/c",
        "run10/z": b"run10/z",
    }


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "nothing is selected"),
        ({"prefixes": ["run1"]}, "ends with"),
        ({"keys": ["a/x", "b/x"]}, "would be copied to 'x'"),
        ({"prefixes": ["a/"], "to_prefix": ""}, "is there already"),
        ({"prefixes": ["a/"], "to_prefix": "a/deep/"}, "into itself"),
        ({"keys": ["k"]}, "is there already"),
        ({"keys": ["k"], "rename": ""}, "empty"),
        ({"keys": ["k", "l"], "rename": "m"}, "one object or one prefix"),
        ({"prefixes": ["a/"], "rename": "b"}, "ends with"),
        ({"prefixes": ["a/b/"], "rename": "a/"}, "parts of itself"),
        ({"prefixes": ["a/", "x/"], "keys": ["to/a/q"], "to_prefix": "to/"}, "one after the other"),
        ({"prefixes": ["x/a/", "a/q/"], "to_prefix": "", "on_conflict": "replace"}, "one after the other"),
        ({"prefixes": [""], "to_prefix": "backup/", "kind": "move"}, "whole bucket"),
        ({"keys": ["k" * 1025], "to_prefix": "x/"}, "1,?024 bytes"),
    ],
)
def test_what_cannot_be_is_refused_at_once(bucket: str, boto: Any, lab: Connection, asked: Any, words: str) -> None:
    boto.put_object(Bucket=bucket, Key="a/b/b/c", Body=b"1")
    given = {"kind": "copy", "connection": "lab", "bucket": bucket, "to_connection": "lab", "to_bucket": bucket}
    with pytest.raises(BadRequest, match=words):
        check_copy_request(CopyRequest.model_validate(given | asked))


def test_a_prefix_may_go_one_step_up_where_nothing_is_in_the_way(bucket: str, boto: Any, lab: Connection) -> None:
    boto.put_object(Bucket=bucket, Key="a/b/c", Body=b"1")
    given = {"kind": "move", "connection": "lab", "bucket": bucket, "to_connection": "lab", "to_bucket": bucket}
    copy_selection(CopyRequest.model_validate(given | {"prefixes": ["a/b/"], "rename": "a/"}), Watching())
    assert contents(boto, bucket) == {"a/c": b"1"}


# --- what is kept --------------------------------------------------------------------------------


@pytest.mark.parametrize("large", [False, True], ids=["whole", "in parts"])
def test_headers_metadata_and_tags_are_kept(
    where: Any, bucket: str, boto: Any, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, ask, to_bucket = where
    data = os.urandom(9 * MIB if large else 100)
    if large:
        monkeypatch.setattr(copying, "WHOLE", MIB)
        monkeypatch.setattr(copying, "COPIED_PART", 5 * MIB)
    boto.put_object(
        Bucket=bucket,
        Key="k",
        Body=data,
        ContentType="text/x-odd; charset=utf-8",
        CacheControl="no-store",
        ContentDisposition='attachment; filename="x.csv"',
        ContentEncoding="gzip",
        ContentLanguage="ca",
        Expires="Thu, 01 Jan 2032 00:00:00 GMT",
        Metadata={"owner": "grace hopper", "x-y": "1"},
        Tagging="team=a%20b&stage=raw%26ready",
    )
    copy_selection(ask(bucket, keys=["k"]), Watching())
    was, found = boto.head_object(Bucket=bucket, Key="k"), client.head_object(Bucket=to_bucket, Key="k")
    for name in ("ContentType", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "Expires"):
        assert found[name] == was[name], name
    assert found["Metadata"] == {"owner": "grace hopper", "x-y": "1"}
    tags = client.get_object_tagging(Bucket=to_bucket, Key="k")["TagSet"]
    assert sorted((tag["Key"], tag["Value"]) for tag in tags) == [("stage", "raw&ready"), ("team", "a b")]
    assert contents(client, to_bucket) == {"k": data}


def test_an_object_of_parts_keeps_its_parts_and_so_its_etag(
    where: Any, bucket: str, boto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, ask, to_bucket = where
    monkeypatch.setattr(copying, "WHOLE", MIB)
    upload = boto.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    parts = []
    for number, size in enumerate((6 * MIB, 6 * MIB, 17), 1):
        sent = boto.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=number, Body=os.urandom(size))
        parts.append({"ETag": sent["ETag"], "PartNumber": number})
    made = boto.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    watch = Watching()
    copy_selection(ask(bucket, keys=["k"]), watch)
    assert client.head_object(Bucket=to_bucket, Key="k")["ETag"] == made["ETag"]
    assert contents(client, to_bucket) == contents(boto, bucket)
    assert watch.done == 12 * MIB + 17


def test_large_parts_go_over_the_disk(
    lab: Connection, far: Connection, far_boto: Any, bucket: str, boto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    far_boto.create_bucket(Bucket=bucket)
    monkeypatch.setattr(in_parts, "LARGEST_READ", 3 * MIB)
    monkeypatch.setattr(in_parts, "PART", 2 * MIB)
    data = os.urandom(17 * MIB)
    boto.put_object(Bucket=bucket, Key="k", Body=data)
    with copying.Copier((lab, bucket), (far, bucket), "fail", Watching()) as copier:
        copier.copy("k", "k")
    assert contents(far_boto, bucket) == {"k": data}


def test_an_empty_object(where: Any, bucket: str, boto: Any) -> None:
    client, ask, to_bucket = where
    boto.put_object(Bucket=bucket, Key="empty", Body=b"")
    copy_selection(ask(bucket, keys=["empty"]), Watching())
    assert contents(client, to_bucket) == {"empty": b""}


# --- what exists already --------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["fail", "skip", "replace"])
@pytest.mark.parametrize("large", [False, True], ids=["whole", "in parts"])
def test_conflicts(
    where: Any, bucket: str, boto: Any, policy: str, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, ask, to_bucket = where
    if large:
        monkeypatch.setattr(copying, "WHOLE", 10)
        monkeypatch.setattr(copying, "SMALLEST_PART", 10)
    new = b"the newer one, of some length"
    boto.put_object(Bucket=bucket, Key="a/k", Body=new)
    boto.put_object(Bucket=bucket, Key="a/free", Body=new)
    client.put_object(Bucket=to_bucket, Key="a/k", Body=b"precious")
    watch = Watching()
    request = ask(bucket, prefixes=["a/"], on_conflict=policy)
    if policy == "fail":
        with pytest.raises(Incomplete, match=r"1 object was not copied.*exists already"):
            copy_selection(request, watch)
        assert any("a/k" in note for note in watch.notes)
    else:
        copy_selection(request, watch)
    assert contents(client, to_bucket) == {"a/k": new if policy == "replace" else b"precious", "a/free": new}
    assert any("skipped" in note for note in watch.notes) == (policy == "skip")


def test_a_key_that_comes_to_exist_meanwhile_is_kept(
    where: Any, bucket: str, boto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, ask, to_bucket = where
    boto.put_object(Bucket=bucket, Key="k", Body=b"new")
    original = copying.Copier._settle
    seen: list[str] = []

    def late(self: Any, key: str, to_key: str, done: Any) -> Any:
        found = original(self, key, to_key, done)
        if not seen:
            seen.append(key)
            client.put_object(Bucket=to_bucket, Key="k", Body=b"precious")
        return found

    monkeypatch.setattr(copying.Copier, "_settle", late)
    with pytest.raises(Incomplete, match="exists already"):
        copy_selection(ask(bucket, keys=["k"]), Watching())
    assert contents(client, to_bucket) == {"k": b"precious"}


def test_the_very_same_object_counts_as_copied(where: Any, bucket: str, boto: Any) -> None:
    client, ask, to_bucket = where
    boto.put_object(Bucket=bucket, Key="k", Body=b"same", Metadata={"a": "1"})
    copy_selection(ask(bucket, keys=["k"]), Watching())
    copy_selection(ask(bucket, keys=["k"]), Watching())
    client.put_object(Bucket=to_bucket, Key="k", Body=b"same", Metadata={"a": "2"})
    with pytest.raises(Incomplete, match="exists already"):
        copy_selection(ask(bucket, keys=["k"]), Watching())


# --- what goes wrong -------------------------------------------------------------------------------


def test_a_lost_reply_of_a_copy_is_no_conflict(
    where: Any, bucket: str, boto: Any, s3_service: Any, other_service: Any, no_faults: None
) -> None:
    client, ask, to_bucket = where
    boto.put_object(Bucket=bucket, Key="k", Body=b"x")
    for service in (s3_service, other_service):
        service.inject(method="PUT", path=f"/{to_bucket}/k", lose_reply=True)
    copy_selection(ask(bucket, keys=["k"]), Watching())
    assert contents(client, to_bucket) == {"k": b"x"}


def test_failures_of_some_do_not_stop_the_others(where: Any, bucket: str, boto: Any) -> None:
    client, ask, to_bucket = where
    for number in range(30):
        boto.put_object(Bucket=bucket, Key=f"d/{number:02}", Body=b"x")
    client.put_object(Bucket=to_bucket, Key="d/07", Body=b"precious")
    client.put_object(Bucket=to_bucket, Key="d/08", Body=b"precious")
    watch = Watching()
    with pytest.raises(Incomplete, match=r"3 objects were not copied, the rest was: .*; .*; .*"):
        copy_selection(ask(bucket, prefixes=["d/"], keys=["gone"]), watch)
    assert len(contents(client, to_bucket)) == 30
    assert len(watch.notes) == 3


def test_a_bucket_that_is_not_there_ends_it_at_once(lab: Connection, bucket: str, boto: Any) -> None:
    for number in range(3):
        boto.put_object(Bucket=bucket, Key=f"d/{number}", Body=b"x")
    given = {"kind": "move", "connection": "lab", "to_connection": "lab", "prefixes": ["d/"], "to_prefix": "t/"}
    for buckets in ({"bucket": bucket, "to_bucket": "no-such"}, {"bucket": "no-such", "to_bucket": bucket}):
        with pytest.raises(NotFound, match="no bucket 'no-such'"):
            copy_selection(CopyRequest.model_validate(given | buckets), Watching())
    assert len(contents(boto, bucket)) == 3


def test_wrong_credentials_end_it_at_once(s3_service: Any, bucket: str) -> None:
    connect("wrong", endpoint_url=s3_service.endpoint_url, access_key="AKIANOBODY", secret_key="x" * 20)
    request = CopyRequest(
        kind="copy",
        connection="wrong",
        bucket=bucket,
        keys=["k"],
        to_connection="wrong",
        to_bucket=bucket,
        to_prefix="t/",
    )
    with pytest.raises(CredentialsError):
        copy_selection(request, Watching())


def test_when_everything_fails_the_rest_is_not_tried(where: Any, bucket: str, boto: Any) -> None:
    _, ask, _ = where
    watch = Watching()
    with pytest.raises(Incomplete, match="were not tried"):
        copy_selection(ask(bucket, keys=[f"gone-{number}" for number in range(500)]), watch)
    assert watch.items == 0


def test_a_source_that_changes_meanwhile(where: Any, bucket: str, boto: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client, ask, to_bucket = where
    boto.put_object(Bucket=bucket, Key="d/k", Body=b"old")
    original = copying.Copier._transfer

    def late(self: Any, key: str, to_key: str, source: Any) -> bool:
        boto.put_object(Bucket=bucket, Key="d/k", Body=b"newer")
        return original(self, key, to_key, source)

    monkeypatch.setattr(copying.Copier, "_transfer", late)
    with pytest.raises(Incomplete, match="has changed while it was copied"):
        copy_selection(ask(bucket, prefixes=["d/"], kind="move"), Watching())
    assert contents(client, to_bucket) == {}
    assert contents(boto, bucket) == {"d/k": b"newer"}


def test_cancelling_in_the_middle_of_parts_leaves_nothing(
    where: Any, bucket: str, boto: Any, lab: Connection, far: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, ask, to_bucket = where
    monkeypatch.setattr(copying, "WHOLE", MIB)
    monkeypatch.setattr(copying, "COPIED_PART", 5 * MIB)
    boto.put_object(Bucket=bucket, Key="k", Body=os.urandom(40 * MIB))
    watch = Watching(lambda watch: watch.done >= 5 * MIB)
    with pytest.raises(Cancelled):
        copy_selection(ask(bucket, keys=["k"], kind="move"), watch)
    target = lab if client is boto else far
    assert nothing_open(target, to_bucket)
    assert contents(client, to_bucket) == {}
    assert list(contents(boto, bucket)) == ["k"]
    assert not any(t.name.startswith(("s3-copy", "s3-batch", "s3-count")) for t in threading.enumerate())


def test_a_part_that_keeps_failing_leaves_nothing(
    where: Any,
    bucket: str,
    boto: Any,
    lab: Connection,
    far: Connection,
    s3_service: Any,
    other_service: Any,
    no_faults: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, ask, to_bucket = where
    monkeypatch.setattr(copying, "WHOLE", MIB)
    monkeypatch.setattr(copying, "COPIED_PART", 5 * MIB)
    boto.put_object(Bucket=bucket, Key="k", Body=os.urandom(20 * MIB))
    for service in (s3_service, other_service):
        service.inject(method="PUT", path=f"/{to_bucket}/k", query="partNumber=2", status=500, times=100)
    watch = Watching()
    with pytest.raises(Incomplete, match="the service failed"):
        copy_selection(ask(bucket, keys=["k"]), watch)
    assert nothing_open(lab if client is boto else far, to_bucket)
    assert contents(client, to_bucket) == {}
    assert watch.done == 0


# --- moving ----------------------------------------------------------------------------------------


def test_a_move_that_is_not_whole_deletes_nothing(where: Any, bucket: str, boto: Any) -> None:
    client, ask, to_bucket = where
    for number in range(5):
        boto.put_object(Bucket=bucket, Key=f"d/{number}", Body=b"x")
    client.put_object(Bucket=to_bucket, Key="d/3", Body=b"precious")
    with pytest.raises(Incomplete, match="nothing was deleted at the old place, because 1 object"):
        copy_selection(ask(bucket, prefixes=["d/"], kind="move"), Watching())
    assert len(contents(boto, bucket)) == 5
    client.delete_object(Bucket=to_bucket, Key="d/3")
    copy_selection(ask(bucket, prefixes=["d/"], kind="move"), Watching())  # what was copied before is no conflict
    assert contents(boto, bucket) == {}
    assert len(contents(client, to_bucket)) == 5


def test_what_was_skipped_stays_at_its_old_place(where: Any, bucket: str, boto: Any) -> None:
    client, ask, to_bucket = where
    for key in ("d/1", "d/2"):
        boto.put_object(Bucket=bucket, Key=key, Body=b"x")
    client.put_object(Bucket=to_bucket, Key="d/1", Body=b"precious")
    copy_selection(ask(bucket, prefixes=["d/"], kind="move", on_conflict="skip"), Watching())
    assert contents(boto, bucket) == {"d/1": b"x"}
    assert contents(client, to_bucket) == {"d/1": b"precious", "d/2": b"x"}


def test_a_source_that_changed_after_its_copy_stays(
    where: Any, bucket: str, boto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cloud_data_cockpit.s3 import transfers

    client, ask, to_bucket = where
    for key in ("d/1", "d/2"):
        boto.put_object(Bucket=bucket, Key=key, Body=b"x")
    original = transfers._delete_copied

    def late(*arguments: Any) -> None:
        boto.put_object(Bucket=bucket, Key="d/1", Body=b"newer")
        boto.put_object(Bucket=bucket, Key="d/3", Body=b"new")
        original(*arguments)

    monkeypatch.setattr(transfers, "_delete_copied", late)
    with pytest.raises(Incomplete, match=r"1 object was not deleted at the old place.*has changed since"):
        copy_selection(ask(bucket, prefixes=["d/"], kind="move"), Watching())
    assert contents(boto, bucket) == {"d/1": b"newer", "d/3": b"new"}
    assert contents(client, to_bucket) == {"d/1": b"x", "d/2": b"x"}


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects of over 20 bytes go in parts."""
    monkeypatch.setattr(copying, "WHOLE", 20)
    monkeypatch.setattr(copying, "SMALLEST_PART", 20)


FAULT = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["PUT", "GET", "HEAD", "DELETE", "POST"]),
        "skip": st.integers(0, 12),
        "times": st.integers(1, 30),
    },
    optional={
        "status": st.sampled_from([500, 503, 403]),
        "lose_reply": st.booleans(),
        "cut_after": st.integers(0, 50),
    },
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=st.lists(FAULT, min_size=1, max_size=3), stop_at=st.integers(1, 40))
def test_a_move_never_loses_an_object(
    s3_service: Any,
    other_service: Any,
    lab: Connection,
    far: Connection,
    boto: Any,
    far_boto: Any,
    small_parts: None,
    no_faults: None,
    faults: list[dict[str, Any]],
    stop_at: int,
) -> None:
    names = {f"d/{number}": os.urandom(number * 7) for number in range(12)}
    for client, name in ((boto, "lab"), (far_boto, "far")):
        here, there = f"h-{uuid.uuid4().hex[:10]}", f"t-{uuid.uuid4().hex[:10]}"
        boto.create_bucket(Bucket=here)
        client.create_bucket(Bucket=there)
        for key, body in names.items():
            boto.put_object(Bucket=here, Key=key, Body=body)
        for fault in faults:
            s3_service.inject(path=f"/({here}|{there})", **fault)
            other_service.inject(path=f"/{there}", **fault)
        request = CopyRequest(
            kind="move", connection="lab", bucket=here, prefixes=["d/"], to_connection=name, to_bucket=there
        )
        told = [0]

        def stop(watch: Watching, told: list[int] = told) -> bool:
            told[0] += 1
            return told[0] >= stop_at and stop_at > 20

        whole, watch = False, Watching(stop)
        with suppress(CockpitError):
            copy_selection(request, watch)
            whole = True
        s3_service.clear_faults()
        other_service.clear_faults()
        left, arrived = contents(boto, here), contents(client, there)
        for key, body in names.items():
            assert left.get(key, arrived.get(key)) == body, key
        assert not (whole and left)
        # Where even the abort was refused, that is told.
        assert any("are left" in note for note in watch.notes) or no_parts_left(lab if client is boto else far, there)
