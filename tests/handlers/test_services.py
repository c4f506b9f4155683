"""What needs no S3 service is answered while services that are silent hold every thread for requests to them."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from cloud_data_cockpit.extension import CloudDataCockpit
from cloud_data_cockpit.handlers.services import REQUEST_THREADS
from cloud_data_cockpit.s3.connections import connect

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


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A service that takes connections and says nothing; its connection is called "silent"."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
        connect("silent", endpoint_url=endpoint, access_key="AKIACANARYCANARY", secret_key="canary/secret+key")
        listening.settimeout(15)
        yield listening


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("uploads", {"bucket": "bucket", "key": "k", "size": 9 << 20, "overwrite": True}),
        (
            "jobs",
            {
                "kind": "move",
                "bucket": "bucket",
                "prefixes": ["a/b/"],
                "to_connection": "silent",
                "to_bucket": "bucket",
                "rename": "a/",
            },
        ),
    ],
)
async def test_a_silent_service_leaves_the_threads_of_the_loop_alone(
    api: Api, silent: socket.socket, path: str, body: dict[str, object]
) -> None:
    # One thread, which the client of the tests needs as well, to look up the server's name.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    with ThreadPoolExecutor(1) as own:
        accepting = asyncio.get_running_loop().run_in_executor(own, silent.accept)
        asking = asyncio.ensure_future(api("POST", path, {"connection": "silent", **body}))
        asked, _ = await accepting
        try:
            for method, other in (("GET", "uploads"), ("GET", "jobs"), ("POST", "jobs/none/cancel")):
                assert (await asyncio.wait_for(api(method, other), 15)).status in (200, 404)
            assert not asking.done()
        finally:
            silent.close()
            asked.close()
    assert (await asyncio.wait_for(asking, 60)).status >= 400
