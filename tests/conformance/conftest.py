"""The same checks against three S3 services that know nothing of each other: the demo's, Ceph's gateway, moto."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.s3.connections import Connection, connect
from cloud_data_cockpit.s3.objects import create_bucket

ROOT = Path(__file__).parents[2]
SERVICES = ("demo", "ceph", "moto")


@dataclass(frozen=True)
class Service:
    """A service that runs, and what is known to be wrong with it."""

    name: str
    endpoint_url: str
    access_key: str
    secret_key: str


@pytest.fixture(scope="session")
def ceph_service() -> Iterator[Service]:
    if shutil.which("radosgw") is None:
        pytest.skip("Ceph is not installed: scripts/ceph/install does that on Debian, as root")
    with subprocess.Popen(
        [sys.executable, str(ROOT / "scripts/ceph/serve.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdout is None:
            raise RuntimeError("Ceph has no output")
        yield Service("ceph", **json.loads(process.stdout.readline()))
        process.communicate(timeout=60)


@pytest.fixture(scope="session")
def moto_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    pytest.importorskip("moto.server")
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path_factory.mktemp("moto") / "log").open("wb")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        url = f"http://127.0.0.1:{port}"
        _until_it_answers(url, process)
        yield Service("moto", url, "AKIDMOTO", "secret")
        process.terminate()


def _until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{url}/moto-api/", timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.05)


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> Any:
    if request.param == "demo":
        demo = request.getfixturevalue("s3_service")
        return Service("demo", demo.endpoint_url, demo.access_key, demo.secret_key)
    return request.getfixturevalue(f"{request.param}_service")


@pytest.fixture
def there(service: Service) -> Connection:
    """A connection to the service."""
    return connect(
        f"conformance-{service.name}",
        endpoint_url=service.endpoint_url,
        region="us-east-1",
        access_key=service.access_key,
        secret_key=service.secret_key,
    )


@pytest.fixture
def box(there: Connection) -> str:
    """A fresh bucket."""
    name = f"box-{secrets.token_hex(6)}"
    create_bucket(there, name)
    return name
