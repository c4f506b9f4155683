"""Roles: assumed at STS with the credentials of a connection, renewed before they end; against moto and our own STS."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from cloud_data_cockpit.errors import AccessDenied, CredentialsError, ServiceError
from cloud_data_cockpit.s3 import objects
from cloud_data_cockpit.s3.connections import Connection, connect, resolve

from .conftest import ACCESS_KEY, SECRET_KEY
from .moto_process import moto_server
from .stub import Answer, Asked, Stub, fault

ROLE = "arn:aws:iam::123456789012:role/reader"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server() as endpoint:
        yield endpoint


def used(connection: Connection) -> Any:
    """The credentials that the connection signs with."""
    return connection._own_session().get_credentials().get_frozen_credentials()


def test_a_role_at_motos_sts(moto: str) -> None:
    connection = connect("c", endpoint_url=moto, access_key=ACCESS_KEY, secret_key=SECRET_KEY, role_arn=ROLE)
    connection.client.create_bucket(Bucket="box")
    assert [b.name for b in objects.list_buckets(connection)] == ["box"]
    assert connection.sts().get_caller_identity()["Arn"].startswith("arn:aws:sts::123456789012:assumed-role/reader/")
    assert used(connection).access_key not in ("", ACCESS_KEY)
    assert used(connection).token
    assert connection.expires is not None


def test_it_is_renewed_before_it_ends(moto: str) -> None:
    connection = connect("c", endpoint_url=moto, access_key=ACCESS_KEY, secret_key=SECRET_KEY, role_arn=ROLE)
    first = used(connection)
    assert used(connection) == first
    held = connection._own_session().get_credentials()
    held._time_fetcher = lambda: datetime.now(UTC) + timedelta(minutes=58)
    # botocore's own cache of the answer goes by the clock too
    held._refresh_using.__self__._cache.clear()
    second = used(connection)
    assert second.access_key != first.access_key


def test_a_role_at_our_own_service(s3_service: Any, bucket: str) -> None:
    keys = {"access_key": s3_service.access_key, "secret_key": s3_service.secret_key}
    connection = connect("c", endpoint_url=s3_service.endpoint_url, role_arn=ROLE, **keys)
    assert bucket in {b.name for b in objects.list_buckets(connection)}
    assert used(connection).access_key != s3_service.access_key
    for secret in (*keys.values(), used(connection).secret_key, used(connection).token):
        assert secret.encode() not in pickle.dumps(connection)
        assert secret not in repr(connection)


def test_a_web_identity(moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("a-token")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto)
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(
        f"[profile web]\nrole_arn={ROLE}\nweb_identity_token_file={tmp_path / 'token'}\nendpoint_url={moto}\n"
        "region=us-east-1\n"
    )
    connection = resolve("web")
    assert objects.list_buckets(connection) is not None
    assert used(connection).token


def test_a_role_of_a_profile_and_a_role_on_top(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto)
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(
        "[profile base]\naws_access_key_id=a\naws_secret_access_key=b\n"
        f"[profile reader]\nrole_arn={ROLE}\nsource_profile=base\nendpoint_url={moto}\nregion=us-east-1\n"
    )
    assert objects.list_buckets(resolve("reader")) is not None
    chained = connect("chained", profile="reader", endpoint_url=moto, role_arn=ROLE.replace("reader", "writer"))
    assert "/writer/" in chained.sts().get_caller_identity()["Arn"]


def test_sts_is_asked_at_the_endpoint_with_the_keys_of_the_connection(stub: Stub) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.method != "POST":
            return Answer(200, b"<ListAllMyBucketsResult/>")
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        inner = "<AccessKeyId>TEMP</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>"
        body = f"<Credentials>{inner}<Expiration>{until}</Expiration></Credentials>"
        return Answer(
            200, f"<AssumeRoleResponse><AssumeRoleResult>{body}</AssumeRoleResult></AssumeRoleResponse>".encode()
        )

    stub.then = answer
    connection = connect("c", endpoint_url=stub.endpoint_url, access_key="OWN", secret_key="b", role_arn=ROLE)
    objects.list_buckets(connection)
    asking, listing = stub.asked
    assert dict(parse_qsl(asking.body.decode()))["RoleArn"] == ROLE
    assert "Credential=OWN/" in asking.headers["authorization"]
    assert listing.query["X-Amz-Credential"].startswith("TEMP/")


def test_a_role_that_is_refused(stub: Stub) -> None:
    stub.then = lambda asked: fault(403, "AccessDenied", "no")
    connection = connect("c", endpoint_url=stub.endpoint_url, access_key="a", secret_key="b", role_arn=ROLE)
    with pytest.raises(CredentialsError, match="credentials were refused"):
        objects.list_buckets(connection)
    stub.then = lambda asked: Answer(200, b"<html>")
    with pytest.raises((ServiceError, CredentialsError)):
        objects.list_buckets(connection)


def test_roles_of_dataplugs_settings(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from cloud_data_cockpit.dataplug.storage import _assumed

    own = {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY}
    assert _assumed(ROLE, 900, None, moto, own)["SessionToken"]
    with pytest.raises(AccessDenied, match="never connected to"):
        _assumed(ROLE, 900, None, "http://169.254.169.254", own)
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_ALLOWED_ROLES", "arn:aws:iam::*:role/other")
    with pytest.raises(AccessDenied, match="allowed_roles"):
        _assumed(ROLE, 900, None, moto, own)


def test_without_anything_to_assume_it_with() -> None:
    connection = connect("c", endpoint_url="http://127.0.0.1:9", role_arn=ROLE)
    with pytest.raises(CredentialsError, match="has no credentials"):
        objects.list_buckets(connection)


def test_the_administrator_is_asked_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = connect("c", endpoint_url="http://127.0.0.1:9", access_key="a", secret_key="b", role_arn=ROLE)
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_ALLOWED_ROLES", "arn:aws:iam::*:role/other")
    with pytest.raises(AccessDenied, match="allowed_roles"):
        objects.list_buckets(connection)
