"""What needs no S3 service is answered while services that are silent hold every thread for requests to them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from cloud_data_cockpit.extension import CloudDataCockpit
from cloud_data_cockpit.handlers.services import REQUEST_THREADS

from .conftest import Api


@pytest.fixture
def silence(extension: CloudDataCockpit) -> Iterator[None]:
    """No thread is left for requests to S3."""
    assert extension._services is not None
    over = threading.Event()
    for _ in range(REQUEST_THREADS):
        extension._services.threads.submit(over.wait)
    yield
    over.set()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "jobs", None, 200),
        ("GET", "jobs/none", None, 404),
        ("GET", "jobs/none/log", None, 404),
        ("GET", "jobs/none/hits", None, 404),
        ("POST", "jobs/none/cancel", None, 404),
        ("POST", "jobs/none/resume", None, 404),
        ("POST", "jobs/none/retry", None, 404),
        ("GET", "benchmarks", None, 200),
        ("GET", "connections", None, 200),
        ("GET", "formats", None, 200),
        ("GET", "executors", None, 200),
        ("POST", "places", {"text": "s3://bucket/key"}, 200),
    ],
)
async def test_it_is_answered(silence: None, api: Api, method: str, path: str, body: object, status: int) -> None:
    assert (await asyncio.wait_for(api(method, path, body), 15)).status == status
