"""Fixtures of the REST tests: a real Jupyter server with the extension, and a short way to ask it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403 - its fixtures and hooks, for this folder alone

from cloud_data_cockpit.extension import CloudDataCockpit

SETTINGS: dict[str, Any] = {"ServerApp": {"jpserver_extensions": {"cloud_data_cockpit": True}}}


@dataclass(frozen=True)
class Answer:
    """Status, JSON body and headers of a reply."""

    status: int
    json: Any
    headers: Any
    raw: bytes


Api = Callable[..., Awaitable[Answer]]


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    """Only our extension, and no route that may be used without a login."""
    return {**SETTINGS, "ServerApp": {**SETTINGS["ServerApp"], "allow_unauthenticated_access": False}}


@pytest.fixture
def api(jp_fetch: Any) -> Api:
    """`await api("POST", "jobs", {...}, query={...})`; errors are answers too."""

    async def ask(method: str, path: str, body: Any = None, *, query: Any = None, **more: Any) -> Answer:
        if method in ("POST", "PUT") and not isinstance(body, bytes):
            body = b"" if body is None else json.dumps(body).encode()
        reply = await jp_fetch(
            "cloud-data-cockpit/api",
            *path.split("/"),
            method=method,
            params=query,
            body=body,
            raise_error=False,
            follow_redirects=False,
            **more,
        )
        text = reply.body or b""
        is_json = reply.headers.get("Content-Type", "").startswith("application/json") and text
        return Answer(reply.code, json.loads(text) if is_json else None, reply.headers, text)

    return ask


@pytest.fixture
def extension(jp_serverapp: Any) -> CloudDataCockpit:
    """The extension in the server."""
    (app,) = jp_serverapp.extension_manager.extension_apps["cloud_data_cockpit"]
    assert isinstance(app, CloudDataCockpit)
    return app


HOSTILE = [
    "plain.csv",
    "with space.csv",
    "a#b?c%d.csv",
    "100%25 %2F+plus&and=is;semi.csv",
    "//two/slashes//inside.csv",
    "dots/../up/./here.csv",
    "käse/日本語/🧀 naïve.csv",
    "quote'\"<>\\back`|.csv",
    " leading and trailing ",
    "a\ttab and a del\x7f.csv",
]


@pytest.fixture
def demo(jp_environ: Any, s3_service: Any) -> str:
    """The name of a connection to the service of the tests, announced as the demo's is."""
    from cloud_data_cockpit.s3.connections import write_demo

    write_demo(s3_service.endpoint_url, s3_service.access_key, s3_service.secret_key)
    return "demo"


@pytest.fixture
def put(boto: Any, bucket: str) -> Callable[[str, bytes], str]:
    """Put an object into the bucket; its URI."""

    def send(key: str, content: bytes) -> str:
        boto.put_object(Bucket=bucket, Key=key, Body=content)
        return f"s3://{bucket}/{key}"

    return send


@pytest.fixture
def ended(api: Api) -> Callable[..., Awaitable[Any]]:
    """`await ended(job_id)`: the job, once it has ended."""

    async def wait(job_id: str, seconds: float = 30) -> Any:
        until = time.monotonic() + seconds
        while True:
            job = (await api("GET", f"jobs/{job_id}")).json
            if job["state"] not in ("queued", "running"):
                return job
            assert time.monotonic() < until, job
            await asyncio.sleep(0.02)

    return wait


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """`await until(condition)`: once an asynchronous condition holds."""

    async def wait(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not await condition():
            assert time.monotonic() < end
            await asyncio.sleep(0.02)

    return wait


async def login_cookies(server: Any, client: Any, base_url: str) -> dict[str, str]:
    """Log in as a browser does: by the token in the URL of a page, which then sets the login and the XSRF cookie."""
    page = f"{base_url}no-such-page?token={server.identity_provider.token}"
    reply = await client.fetch(page, raise_error=False)
    pairs = [line.split(";")[0].partition("=") for line in reply.headers.get_list("Set-Cookie")]
    found = {name: value for name, _, value in pairs}
    assert "_xsrf" in found
    assert len(found) == 2
    return found
