"""Fixtures of the S3 tests: a connection to the demo service, a server that misbehaves, a clean registry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cloud_data_cockpit.s3 import signing
from cloud_data_cockpit.s3.connections import Connection, connect

from .stub import Stub

ACCESS_KEY = "AKIACANARYCANARY"
SECRET_KEY = "canary/secret+key/never/to/be/seen"


@pytest.fixture(autouse=True)
def no_waiting(isolated_home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries follow at once."""
    monkeypatch.setattr(signing, "BACKOFF", 0.001)


@pytest.fixture
def lab(s3_service: Any) -> Connection:
    """A connection to the demo service, registered as "lab"."""
    return connect(
        "lab",
        endpoint_url=s3_service.endpoint_url,
        access_key=s3_service.access_key,
        secret_key=s3_service.secret_key,
    )


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub()
    yield server
    server.close()


@pytest.fixture
def stubbed(stub: Stub) -> Connection:
    """A connection to the server that misbehaves."""
    return connect("stubbed", endpoint_url=stub.endpoint_url, access_key=ACCESS_KEY, secret_key=SECRET_KEY)
