"""Fixtures of the whole suite: the demo S3 service in a process of its own, a fresh bucket, an isolated home."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.s3 import connections


@pytest.fixture(autouse=True)
def isolated_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home, Jupyter directories, an AWS configuration and connections that belong to this test alone."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    for name in ("DATA", "CONFIG", "RUNTIME"):
        place = home / f"jupyter-{name.lower()}"
        place.mkdir()
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(place))
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "CLOUD_DATA_COCKPIT_INDEX_PLACE",
        "CLOUD_DATA_COCKPIT_INDEX_CONNECTION",
        "CLOUD_DATA_COCKPIT_USER_ENDPOINTS",
        "CLOUD_DATA_COCKPIT_ALLOWED_HOSTS",
        "CLOUD_DATA_COCKPIT_ALLOWED_ROLES",
        "CLOUD_DATA_COCKPIT_REFUSE_PRIVATE_HOSTS",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_CA_BUNDLE",
        "CLOUD_DATA_COCKPIT_MANIFEST_PLACE",
        "CLOUD_DATA_COCKPIT_MANIFEST_CONNECTION",
        "DATA_COCKPIT_SERVER",
        "DATA_COCKPIT_TOKEN",
        "JUPYTER_SERVER_URL",
        "JUPYTER_SERVER_TOKEN",
        "JUPYTER_TOKEN",
        "JPY_PARENT_PID",
        "JUPYTERHUB_API_TOKEN",
        "JUPYTERHUB_SERVICE_PREFIX",
        "JUPYTERHUB_SERVICE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield home
    connections._registered.clear()
    connections._resolved.clear()


@pytest.fixture(scope="session")
def s3_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    """The demo service, faults allowed: .endpoint_url .access_key .secret_key .directory .pid, and .inject(...)."""
    with DemoProcess(tmp_path_factory.mktemp("s3") / "data", faults=True) as service:
        yield service


@pytest.fixture(scope="session")
def boto_for() -> Callable[..., Any]:
    """Make a boto3 S3 client of a service: boto_for(service, access_key=..., config={...})."""

    def make(service: DemoProcess, *, config: dict[str, Any] | None = None, **changes: Any) -> Any:
        import boto3
        from botocore.config import Config

        settings: dict[str, Any] = {
            "signature_version": "s3v4",
            "s3": {"addressing_style": "path"},
            "retries": {"total_max_attempts": 1, "mode": "standard"},
            "connect_timeout": 5,
            "read_timeout": 60,
        }
        names = {
            "endpoint_url": service.endpoint_url,
            "aws_access_key_id": service.access_key,
            "aws_secret_access_key": service.secret_key,
            "region_name": "us-east-1",
        }
        return boto3.client("s3", config=Config(**(settings | (config or {}))), **(names | changes))

    return make


@pytest.fixture
def boto(s3_service: DemoProcess, boto_for: Callable[..., Any]) -> Iterator[Any]:
    """A boto3 S3 client of the demo service: path style, SigV4, no retries."""
    client = boto_for(s3_service)
    yield client
    client.close()


@pytest.fixture
def bucket(boto: Any) -> str:
    """The name of a fresh bucket in the demo service."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    boto.create_bucket(Bucket=name)
    return name


def pytest_unconfigure(config: pytest.Config) -> None:
    """End on the line that every runner of this project ends on."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        number = {kind: len(reporter.stats.get(kind, [])) for kind in ("passed", "failed", "error", "skipped")}
        print(f"{number['passed']} passed, {number['failed'] + number['error']} failed, {number['skipped']} skipped")
