"""URLs presigned without a client are those that botocore's client makes, and what is not plain is left to it."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.errors import CockpitError
from cloud_data_cockpit.s3.connections import Connection, connect
from cloud_data_cockpit.s3.signing import EXPIRES, SignedRequest
from cloud_data_cockpit.s3.source import S3Source

from .conftest import ACCESS_KEY, SECRET_KEY

KEYS = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
ENDPOINT = "http://127.0.0.1:9123"
NAMES = ["a.csv", "a b+c/é~(1)'.csv", "x//y/", "../up/./here", "%41&=?#;:@,$!*", "日本語/\u0301", "a\tb\nc"]


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: moment.replace(tzinfo=None))


def by_client(connection: Connection, operation: str, bucket: str, key: str) -> str:
    """What botocore makes of the same request."""
    params = {"Bucket": bucket, "Key": key}
    client = connection.client_of(bucket, key)
    return str(client.generate_presigned_url(operation, Params=params, ExpiresIn=EXPIRES))


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize("key", [*NAMES, "/leading", "//two"])
@pytest.mark.parametrize(("operation", "method"), [("get_object", "GET"), ("head_object", "HEAD")])
def test_the_same_url_as_a_client_makes(key: str, operation: str, method: str) -> None:
    for endpoint in (ENDPOINT, "https://minio.example.org", "http://store:80"):
        connection = connect("store", endpoint_url=endpoint, region="eu-central-1", session_token="to/ken+", **KEYS)
        connection.learn_region("elsewhere", "ap-south-2")
        for bucket in ("my.bucket-1", "elsewhere"):
            made = connection.presigned(method, bucket, key, EXPIRES)
            assert made == by_client(connection, operation, bucket, key)


@pytest.mark.parametrize("key", NAMES)
def test_anonymous_urls_are_unsigned(key: str) -> None:
    connection = connect("open", endpoint_url=ENDPOINT, anonymous=True)
    made = connection.presigned("GET", "bucket", key, EXPIRES)
    assert made == by_client(connection, "get_object", "bucket", key)
    assert "Signature" not in str(made)


def test_credentials_of_a_profile_are_left_to_botocore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config"
    file.write_text(f"[profile lab]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    assert connect("lab", profile="lab", endpoint_url=ENDPOINT).presigned("GET", "bucket", "k", EXPIRES) is None


@pytest.mark.parametrize(
    ("endpoint", "bucket", "region"),
    [
        (None, "bucket", "us-east-1"),
        ("https://s3.eu-west-1.amazonaws.com", "bucket", "eu-west-1"),
        ("http://127.0.0.1:9123/below", "bucket", "us-east-1"),
        ("http://[::1]:9123", "bucket", "us-east-1"),
        (ENDPOINT, "arn:aws:s3:us-east-1:123456789012:accesspoint/a", "us-east-1"),
    ],
)
def test_what_is_not_plain_is_left_to_botocore(endpoint: str | None, bucket: str, region: str) -> None:
    assert connect("other", endpoint_url=endpoint, region=region, **KEYS).presigned("GET", bucket, "k", 60) is None


def test_a_profile_that_sets_the_style_of_addresses_is_left_to_botocore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config"
    file.write_text("[default]\ns3 =\n    addressing_style = virtual\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    assert connect("styled", endpoint_url="http://store:9000", **KEYS).presigned("GET", "bucket", "k", 60) is None


@pytest.mark.parametrize(
    "option",
    [{"addressing": "virtual"}, {"requester_pays": True}, {"role_arn": "arn:aws:iam::123456789012:role/reader"}],
)
def test_a_connection_with_wishes_of_its_own_is_left_to_botocore(option: dict[str, Any]) -> None:
    connection = connect("wishes", endpoint_url="http://store:9000", **KEYS, **option)
    assert connection.presigned("GET", "bucket", "k", 60) is None


def test_without_credentials_botocore_says_so() -> None:
    connection = connect("nothing", endpoint_url=ENDPOINT)
    assert connection.presigned("GET", "bucket", "k", 60) is None
    with pytest.raises(CockpitError, match="credentials"):
        SignedRequest(connection, "get_object", {"Bucket": "bucket", "Key": "k"}).url()


def test_reading_makes_no_client(
    s3_service: Any, boto: Any, bucket: str, lab: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto.put_object(Bucket=bucket, Key="some/ké y", Body=b"0123456789")
    monkeypatch.setattr(Connection, "client_of", lambda *_: pytest.fail("a client was made"))
    source = S3Source(lab, f"s3://{bucket}/some/ké y")
    assert (source.size, source.read(3, 4)) == (10, b"3456")
