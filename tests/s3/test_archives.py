"""Archives: an object says that it is archived, is not read, comes back when asked for; links tell their end."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.errors import Archived, BadRequest, Conflict, NotFound
from cloud_data_cockpit.models import PresignRequest, ThawRequest
from cloud_data_cockpit.s3.archives import thaw
from cloud_data_cockpit.s3.connections import Connection, connect
from cloud_data_cockpit.s3.details import archive_of, words_of
from cloud_data_cockpit.s3.links import make_link
from cloud_data_cockpit.s3.objects import head
from cloud_data_cockpit.s3.source import S3Source

from .test_objects import KEYS


def _service(tmp_path_factory: pytest.TempPathFactory, seconds: float) -> DemoProcess:
    return DemoProcess(tmp_path_factory.mktemp("cold") / "data", restore_seconds=seconds)


@pytest.fixture(scope="module")
def slow_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    with _service(tmp_path_factory, 3600) as service:
        yield service


@pytest.fixture(scope="module")
def quick_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    with _service(tmp_path_factory, 0) as service:
        yield service


def _with_archived(service: DemoProcess, boto_for: Callable[..., Any], key: str = "k") -> Connection:
    client = boto_for(service)
    if not client.list_buckets()["Buckets"]:
        client.create_bucket(Bucket="cold")
    client.put_object(Bucket="cold", Key=key, Body=b"frozen", StorageClass="DEEP_ARCHIVE")
    return connect(
        "cold", endpoint_url=service.endpoint_url, access_key=service.access_key, secret_key=service.secret_key
    )


def _request(key: str = "k", **more: Any) -> ThawRequest:
    return ThawRequest(connection="cold", bucket="cold", key=key, **more)


def test_what_is_archived_says_so_and_is_not_read(slow_service: DemoProcess, boto_for: Callable[..., Any]) -> None:
    cold = _with_archived(slow_service, boto_for)
    detail = head(cold, "cold", "k")
    assert (detail.archive, detail.storage_class, detail.restored_until) == ("archived", "DEEP_ARCHIVE", None)
    with pytest.raises(Archived, match="archived and cannot be read; restore it first"):
        S3Source(cold, detail.uri).read(0, 6)
    with pytest.raises(Archived, match="restored"):
        make_link(cold, PresignRequest(connection="cold", bucket="cold", key="k"))
    assert thaw(cold, _request()).archive == "restoring"
    with pytest.raises(Conflict, match="being restored already"):
        thaw(cold, _request())
    with pytest.raises(Archived):
        S3Source(cold, detail.uri).read(0, 6)


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_any_key_comes_back(quick_service: DemoProcess, boto_for: Callable[..., Any], key: str) -> None:
    cold = _with_archived(quick_service, boto_for, key)
    detail = thaw(cold, _request(key, days=3, tier="Bulk"))
    assert detail.archive == "restored"
    assert detail.restored_until is not None
    assert abs(detail.restored_until - datetime.now(UTC) - timedelta(days=3)) < timedelta(days=1)
    assert S3Source(cold, detail.uri).read(0, 6) == b"frozen"
    assert thaw(cold, _request(key)).archive == "restored"


def test_what_is_not_archived(lab: Connection, bucket: str, boto: Any) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"x", StorageClass="GLACIER_IR")
    with pytest.raises(BadRequest, match="not archived"):
        thaw(lab, ThawRequest(connection="lab", bucket=bucket, key="k"))
    with pytest.raises(NotFound):
        thaw(lab, ThawRequest(connection="lab", bucket=bucket, key="no"))


def test_states_by_headers() -> None:
    later = "Fri, 20 Nov 2099 00:00:00 GMT"
    cold = {"x-amz-storage-class": "GLACIER"}
    assert archive_of({}) == ("none", None)
    assert archive_of({"x-amz-storage-class": "GLACIER_IR"}) == ("none", None)
    assert archive_of(cold) == ("archived", None)
    assert archive_of({"x-amz-storage-class": "INTELLIGENT_TIERING", "x-amz-archive-status": "ARCHIVE_ACCESS"}) == (
        "archived",
        None,
    )
    assert archive_of(cold | {"x-amz-restore": 'ongoing-request="true"'}) == ("restoring", None)
    back = archive_of(cold | {"x-amz-restore": f'ongoing-request="false", expiry-date="{later}"'})
    assert back == ("restored", datetime(2099, 11, 20, tzinfo=UTC))
    past = archive_of(cold | {"x-amz-restore": 'ongoing-request="false", expiry-date="Fri, 20 Nov 2009 00:00:00 GMT"'})
    assert past == ("archived", None)
    assert archive_of(cold | {"x-amz-restore": 'ongoing-request="false", expiry-date="?"'}) == ("restored", None)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("plain", "plain"),
        ("=?UTF-8?B?w7xiZXI=?=", "über"),
        ("=?UTF-8?Q?=C3=BC?= and =?UTF-8?Q?more?=", "ü and more"),
        ("=?no-such-charset?B?w7w=?=", "=?no-such-charset?B?w7w=?="),
        ("=?UTF-8?B?////?=", "=?UTF-8?B?////?="),
        ("=?", "=?"),
        ("Ã¼", "ü"),
        ("ü", "ü"),
    ],
)
def test_metadata_is_what_its_writer_meant(sent: str, meant: str) -> None:
    assert words_of(sent) == meant


def test_everything_that_an_object_tells(lab: Connection, bucket: str, boto: Any) -> None:
    boto.put_object(
        Bucket=bucket,
        Key="k",
        Body=b"abc",
        ContentEncoding="gzip",
        CacheControl="no-store",
        ContentDisposition="inline",
        ChecksumAlgorithm="SHA256",
    )
    detail = head(lab, bucket, "k", checksums=True)
    assert (detail.content_encoding, detail.cache_control, detail.content_disposition) == ("gzip", "no-store", "inline")
    assert detail.checksums == {"SHA256": "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="}
    assert head(lab, bucket, "k").checksums == {}


# --- links -------------------------------------------------------------------------------------


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as reply:
        return bytes(reply.read())


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_a_link_leads_to_any_key(lab: Connection, bucket: str, boto: Any, key: str) -> None:
    boto.put_object(Bucket=bucket, Key=key, Body=key.encode())
    link = make_link(lab, PresignRequest(connection="lab", bucket=bucket, key=key, seconds=60))
    assert _get(link.url) == key.encode()
    assert abs(link.expires - datetime.now(UTC) - timedelta(seconds=60)) < timedelta(seconds=5)
    assert link.note == ""
    assert "X-Amz-Expires=60" in link.url


def test_a_link_to_a_version(lab: Connection, bucket: str, boto: Any) -> None:
    boto.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old, _ = (boto.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"old", b"new"))
    assert _get(make_link(lab, PresignRequest(connection="lab", bucket=bucket, key="k", version_id=old)).url) == b"old"
    with pytest.raises(NotFound):
        make_link(lab, PresignRequest(connection="lab", bucket=bucket, key="no"))


def test_a_link_says_that_temporary_credentials_end(
    s3_service: DemoProcess, bucket: str, boto: Any, boto_for: Callable[..., Any]
) -> None:
    import boto3

    boto.put_object(Bucket=bucket, Key="k", Body=b"x")
    sts = boto3.client(
        "sts",
        endpoint_url=s3_service.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=s3_service.access_key,
        aws_secret_access_key=s3_service.secret_key,
    )
    given = sts.get_session_token()["Credentials"]
    sts.close()
    temporary = connect(
        "temporary",
        endpoint_url=s3_service.endpoint_url,
        access_key=given["AccessKeyId"],
        secret_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
    )
    link = make_link(temporary, PresignRequest(connection="temporary", bucket=bucket, key="k"))
    assert "ends with them" in link.note
    assert _get(link.url) == b"x"
