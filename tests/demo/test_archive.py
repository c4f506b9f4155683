"""Storage classes and archives: what is archived is not read before it has been restored, and only as long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud_data_cockpit.demo.process import DemoProcess


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    """A service whose restores take an hour."""
    with DemoProcess(tmp_path_factory.mktemp("slow") / "data", restore_seconds=3600) as service:
        yield service


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    """A service that restores at once."""
    with DemoProcess(tmp_path_factory.mktemp("quick") / "data", restore_seconds=0) as service:
        yield service


def _client(boto_for: Callable[..., Any], service: DemoProcess) -> Any:
    client = boto_for(service)
    client.create_bucket(Bucket="cold") if not client.list_buckets()["Buckets"] else None
    client.put_object(Bucket="cold", Key="k", Body=b"frozen", StorageClass="GLACIER")
    return client


def _refusal(act: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(ClientError) as raised:
        act()
    reply = raised.value.response
    return reply["ResponseMetadata"]["HTTPStatusCode"], reply["Error"]["Code"]


def _restore(client: Any, days: int = 2) -> int:
    request = {"Days": days, "GlacierJobParameters": {"Tier": "Bulk"}}
    reply = client.restore_object(Bucket="cold", Key="k", RestoreRequest=request)
    return int(reply["ResponseMetadata"]["HTTPStatusCode"])


def test_the_class_is_told_everywhere(boto: Any, bucket: str) -> None:
    boto.put_object(Bucket=bucket, Key="ia", Body=b"x", StorageClass="STANDARD_IA")
    boto.put_object(Bucket=bucket, Key="std", Body=b"x", StorageClass="STANDARD")
    upload = boto.create_multipart_upload(Bucket=bucket, Key="parts", StorageClass="DEEP_ARCHIVE")["UploadId"]
    etag = boto.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"1")["ETag"]
    done = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    boto.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload=done)
    classes = {"ia": "STANDARD_IA", "parts": "DEEP_ARCHIVE", "std": "STANDARD"}
    assert {o["Key"]: o["StorageClass"] for o in boto.list_objects_v2(Bucket=bucket)["Contents"]} == classes
    assert {o["Key"]: o["StorageClass"] for o in boto.list_object_versions(Bucket=bucket)["Versions"]} == classes
    assert boto.head_object(Bucket=bucket, Key="ia")["StorageClass"] == "STANDARD_IA"
    assert "StorageClass" not in boto.head_object(Bucket=bucket, Key="std")
    attributes = boto.get_object_attributes(Bucket=bucket, Key="ia", ObjectAttributes=["StorageClass"])
    assert attributes["StorageClass"] == "STANDARD_IA"
    assert boto.get_object(Bucket=bucket, Key="ia")["Body"].read() == b"x"


def test_a_class_that_does_not_exist(boto: Any, bucket: str) -> None:
    put = lambda: boto.put_object(Bucket=bucket, Key="k", Body=b"x", StorageClass="ICE")  # noqa: E731
    assert _refusal(put) == (400, "InvalidStorageClass")


def test_metadata_that_looks_like_a_class_is_none(boto: Any, bucket: str) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"x", Metadata={"a": '"x-amz-storage-class": "GLACIER"'})
    assert boto.list_objects_v2(Bucket=bucket)["Contents"][0]["StorageClass"] == "STANDARD"


def test_a_copy_has_the_class_that_is_asked_for(boto: Any, bucket: str) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"x", StorageClass="STANDARD_IA", Metadata={"m": "1"})
    source = {"Bucket": bucket, "Key": "k"}
    boto.copy_object(Bucket=bucket, Key="plain", CopySource=source)
    assert "StorageClass" not in boto.head_object(Bucket=bucket, Key="plain")
    boto.copy_object(Bucket=bucket, Key="k", CopySource=source, StorageClass="GLACIER_IR")
    found = boto.head_object(Bucket=bucket, Key="k")
    assert (found["StorageClass"], found["Metadata"]) == ("GLACIER_IR", {"m": "1"})


def test_what_is_archived_is_not_read(boto_for: Callable[..., Any], slow: DemoProcess) -> None:
    client = _client(boto_for, slow)
    assert "Restore" not in client.head_object(Bucket="cold", Key="k")
    get = lambda: client.get_object(Bucket="cold", Key="k")  # noqa: E731
    assert _refusal(get) == (403, "InvalidObjectState")
    copy = lambda: client.copy_object(Bucket="cold", Key="c", CopySource={"Bucket": "cold", "Key": "k"})  # noqa: E731
    assert _refusal(copy) == (403, "InvalidObjectState")
    assert _restore(client) == 202
    assert client.head_object(Bucket="cold", Key="k")["Restore"] == 'ongoing-request="true"'
    assert _refusal(get) == (403, "InvalidObjectState")
    assert _refusal(lambda: _restore(client)) == (409, "RestoreAlreadyInProgress")


def test_what_is_restored_can_be_read_for_some_days(boto_for: Callable[..., Any], quick: DemoProcess) -> None:
    client = _client(boto_for, quick)
    assert _restore(client) == 202
    said = client.head_object(Bucket="cold", Key="k")["Restore"]
    assert said.startswith('ongoing-request="false", expiry-date="')
    until = time.strptime(said.split('"')[3], "%a, %d %b %Y %H:%M:%S GMT")
    assert time.strftime("%F", until) == time.strftime("%F", time.gmtime(time.time() + 2 * 86_400))
    assert client.get_object(Bucket="cold", Key="k", Range="bytes=1-2")["Body"].read() == b"ro"
    assert _restore(client, days=3) == 200
    client.put_object(Bucket="cold", Key="k", Body=b"anew", StorageClass="GLACIER")
    assert _refusal(lambda: client.get_object(Bucket="cold", Key="k")) == (403, "InvalidObjectState")


def test_only_archives_are_restored(boto: Any, bucket: str) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"x")
    restore = lambda days: boto.restore_object(Bucket=bucket, Key="k", RestoreRequest={"Days": days})  # noqa: E731
    assert _refusal(lambda: restore(1)) == (403, "InvalidObjectState")
    assert _refusal(lambda: restore(0)) == (400, "MalformedXML")


def test_a_service_of_an_earlier_version_is_taken_over(tmp_path: Path, boto_for: Callable[..., Any]) -> None:
    import sqlite3

    with DemoProcess(tmp_path / "data") as service:
        _client(boto_for, service)
    with sqlite3.connect(tmp_path / "data" / "service.sqlite") as database:
        database.execute("DROP TABLE restores")
    with DemoProcess(tmp_path / "data") as service:
        assert _restore(boto_for(service)) == 202
