"""A move whose two places are one bucket under two names is refused: it would delete the only copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.errors import BadRequest
from cloud_data_cockpit.models import CopyRequest
from cloud_data_cockpit.s3 import sameness, uploads
from cloud_data_cockpit.s3.connections import Connection, connect
from cloud_data_cockpit.s3.transfers import copy_selection

from .stub import Answer, Asked, Stub, fault
from .watching import Watching


@pytest.fixture
def by_name(s3_service: DemoProcess) -> Connection:
    """The service of `lab`, by another name of its host."""
    return connect(
        "by-name",
        endpoint_url=s3_service.endpoint_url.replace("127.0.0.1", "localhost"),
        access_key=s3_service.access_key,
        secret_key=s3_service.secret_key,
    )


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    with DemoProcess(tmp_path_factory.mktemp("elsewhere") / "data") as service:
        yield service


def keys(client: Any, bucket: str) -> list[str]:
    return [row["Key"] for row in client.list_objects_v2(Bucket=bucket).get("Contents", [])]


def ask(bucket: str, to: str, **more: Any) -> CopyRequest:
    given = {"kind": "move", "connection": "lab", "bucket": bucket, "to_connection": to, "to_bucket": bucket}
    return CopyRequest.model_validate(given | more)


@pytest.mark.parametrize("policy", ["fail", "skip", "replace"])
@pytest.mark.parametrize(
    "asked", [{"keys": ["a.txt"]}, {"prefixes": ["d/"]}, {"prefixes": ["d/"], "to_prefix": "d/deep/"}]
)
def test_a_move_onto_itself_deletes_nothing(
    lab: Connection, by_name: Connection, bucket: str, boto: Any, asked: Any, policy: str
) -> None:
    for key in ("a.txt", "d/1", "d/2"):
        boto.put_object(Bucket=bucket, Key=key, Body=b"the only copy")
    with pytest.raises(BadRequest, match="'lab' and 'by-name' lead to the same bucket"):
        copy_selection(ask(bucket, "by-name", on_conflict=policy, **asked), Watching())
    assert keys(boto, bucket) == ["a.txt", "d/1", "d/2"]
    assert uploads.list_open(lab, bucket) == []


def test_within_one_bucket_by_two_names_other_moves_are_made(
    lab: Connection, by_name: Connection, bucket: str, boto: Any
) -> None:
    boto.put_object(Bucket=bucket, Key="d/1", Body=b"1")
    copy_selection(ask(bucket, "by-name", prefixes=["d/"], to_prefix="new/"), Watching())
    assert keys(boto, bucket) == ["new/d/1"]


def test_a_mirror_of_the_same_name_is_another_place(
    lab: Connection, elsewhere: DemoProcess, boto_for: Any, bucket: str, boto: Any
) -> None:
    client = boto_for(elsewhere)
    client.create_bucket(Bucket=bucket)
    there = connect(
        "there",
        endpoint_url=elsewhere.endpoint_url,
        access_key=elsewhere.access_key,
        secret_key=elsewhere.secret_key,
    )
    boto.put_object(Bucket=bucket, Key="d/1", Body=b"1")
    copy_selection(ask(bucket, "there", prefixes=["d/"]), Watching())
    assert (keys(boto, bucket), keys(client, bucket)) == ([], ["d/1"])
    assert uploads.list_open(there, bucket) == []
    client.close()


def test_what_cannot_be_told_is_refused_and_leaves_nothing(lab: Connection, stubbed: Connection, stub: Stub) -> None:
    open_uploads: list[str] = []

    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            open_uploads.append("u")
            words = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
            return Answer(200, words.encode())
        if asked.method == "DELETE":
            open_uploads.clear()
            return Answer(204)
        return fault(404, "NoSuchUpload") if not open_uploads else fault(403, "AccessDenied")

    stub.then = answer
    with pytest.raises(BadRequest, match="cannot be told whether s3://b/ of 'stubbed' and s3://b/ of 'stubbed'"):
        sameness.are_same((stubbed, "b"), (stubbed, "b"), "k")
    assert stub.asked[0].method == "POST"
    assert not open_uploads


@pytest.mark.parametrize(
    ("one", "other", "may_be"),
    [
        ("data", "data", True),
        ("data", "other", False),
        ("data", "arn:aws:s3:eu-west-1:123456789012:accesspoint:p", True),
        ("p-abcdefgh-s3alias", "data", True),
        ("tenant:data", "data", True),
    ],
)
def test_which_names_may_mean_one_bucket(
    lab: Connection, by_name: Connection, one: str, other: str, may_be: bool
) -> None:
    assert sameness.may_be_same((lab, one), (by_name, other)) is may_be
