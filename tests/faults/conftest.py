"""Fixtures of the fault tests: a proxy that makes trouble before the demo service, a connection through it, proofs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.errors import CockpitError
from cloud_data_cockpit.s3 import http, signing
from cloud_data_cockpit.s3.connections import Connection, connect

from .plans import CALM, Plan
from .proxy import Proxy

PATIENCE = 1.5


@pytest.fixture(scope="session")
def boto(s3_service: DemoProcess, boto_for: Callable[..., Any]) -> Iterator[Any]:
    """A client past the proxy for all tests, as it takes longer to make than most of them."""
    client = boto_for(s3_service)
    yield client
    client.close()


@pytest.fixture
def proxy(s3_service: DemoProcess, isolated_home: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The proxy before the demo service; nothing goes wrong until its plan says so. Retries follow at once."""
    monkeypatch.setattr(signing, "BACKOFF", 0.001)
    monkeypatch.setattr(signing, "LONGEST_BACKOFF", 0.01)
    made = Proxy(s3_service.endpoint_url)
    yield made
    made.close()
    port = int(made.endpoint_url.rpartition(":")[2])
    for key in [key for key in http._pools if key[2] == port]:
        http._pools.pop(key).close()
    for host in [key for key in http._hosts if key[2] == port]:
        http._hosts.pop(host).close()


@pytest.fixture
def flaky(proxy: Proxy, s3_service: DemoProcess) -> Connection:
    """A connection through the proxy, registered as "flaky"."""
    keys = {"access_key": s3_service.access_key, "secret_key": s3_service.secret_key}
    return connect("flaky", endpoint_url=proxy.endpoint_url, **keys)


@pytest.fixture
def steady(s3_service: DemoProcess, isolated_home: Any) -> Connection:
    """A connection past the proxy, registered as "steady"."""
    keys = {"access_key": s3_service.access_key, "secret_key": s3_service.secret_key}
    return connect("steady", endpoint_url=s3_service.endpoint_url, **keys)


@pytest.fixture
def box(boto: Any, request: pytest.FixtureRequest) -> str:
    """A bucket whose name is that of the test, so that a plan strikes the same requests in every run."""
    name = f"faults-{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]}"
    with suppress(boto.exceptions.BucketAlreadyOwnedByYou):
        boto.create_bucket(Bucket=name)
    return name


def plan_of(seed: int) -> Plan:
    """Two thirds are trouble that retries get over; a third goes on for longer than they do."""
    stalls = seed % 10 == 0
    if seed % 3:
        return Plan(seed, rate=0.35, most=3, stalls=stalls)
    return Plan(seed, rate=0.65, most=9, stalls=stalls)


@pytest.fixture
def troubled(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Callable[..., CockpitError | None]:
    """`troubled(seed, action)`: do it while the seed's plan holds; the error that it ended in, which is one of ours."""

    def run(seed: int, action: Callable[[], object], *, flips: bool = True) -> CockpitError | None:
        proxy.plan = plan = plan_of(seed)
        plan.flips = flips
        if plan.stalls:
            monkeypatch.setattr(http, "READ_TIMEOUT", PATIENCE)
        try:
            action()
        except CockpitError as error:
            return error
        finally:
            proxy.plan = CALM
            proxy.met = plan.met
        return None

    return run


@pytest.fixture
def clean(boto: Any, proxy: Proxy) -> Callable[[str], None]:
    """`clean(bucket)`: no part of an upload is left in it.

    One whose opening was not answered is aborted when the service answers again. Where the plan lasts until the action
    has failed, that is for a server's later looks; here nobody looks, so it is still there, without parts.
    """

    def check(bucket: str) -> None:
        lost = sum(
            number for name, number in proxy.met.items() if name.endswith(" begin") and not name.startswith("refused")
        )
        found = boto.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        held = [boto.list_parts(Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"]) for each in found]
        assert [part for each in held for part in each.get("Parts", [])] == []
        assert len(found) <= lost

    return check


@pytest.fixture
def read(boto: Any) -> Callable[[str], dict[str, bytes]]:
    """`read(bucket)`: all that is in it, by key."""

    def contents(bucket: str) -> dict[str, bytes]:
        found = {}
        for page in boto.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for row in page.get("Contents", []):
                with boto.get_object(Bucket=bucket, Key=row["Key"])["Body"] as body:
                    found[row["Key"]] = body.read()
        return found

    return contents
