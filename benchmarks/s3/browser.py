"""1 GiB through a real Jupyter server: in parts as a browser sends them, and as a job; and how its memory grows."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .cases import BUCKET, Case, Peer, Place, Work
from .jupyter import JupyterServer
from .places import LARGE_MIB, MIB, with_large_file
from .sending import boto3_large
from .sending import ours as direct

CONNECTIONS = 4
"""Parts that the panel sends at once."""


class Served:
    """Work that a Jupyter server does; `send` asks for it."""

    def __init__(self, place: Place, send: Callable[[JupyterServer, Place], None]) -> None:
        self._server, self._place, self._send = JupyterServer(place), place, send
        self._memory = self._server.memory()

    def __call__(self) -> int:
        self._send(self._server, self._place)
        return LARGE_MIB * MIB

    def grown_mb(self) -> float:
        """How much more memory the server had at most than before the first turn."""
        return self._memory.largest - self._memory.first


def in_parts(server: JupyterServer, place: Place) -> None:
    """As the panel does it: read, CRC32, PUT; several at once, each over a connection of its own."""
    path = Path(place.folder) / "large"
    size = path.stat().st_size
    fields = {"connection": "demo", "bucket": BUCKET, "key": "browser/large", "size": size, "overwrite": True}
    upload = server("POST", "uploads", fields)

    def send(number: int) -> None:
        with path.open("rb") as file:
            file.seek((number - 1) * upload["part_size"])
            body = file.read(upload["part_size"])
        server("PUT", f"uploads/{upload['job_id']}/parts/{number}", body, {"X-Part-Crc32": f"{zlib.crc32(body):08x}"})

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(send, range(1, upload["part_count"] + 1)))
    _check(server("POST", f"uploads/{upload['job_id']}/complete"))


def as_a_job(server: JupyterServer, place: Place) -> None:
    """POST jobs, then ask until it is done."""
    fields = {"kind": "upload", "connection": "demo", "bucket": BUCKET, "paths": ["large"], "prefix": "job/"}
    job = server("POST", "jobs", {**fields, "on_conflict": "replace"})
    while job["state"] in ("queued", "running"):
        time.sleep(0.05)
        job = server("GET", f"jobs/{job['id']}")
    _check(job)


def _check(job: dict[str, Any]) -> None:
    if (job["state"], job["done"]) != ("succeeded", LARGE_MIB * MIB):
        raise RuntimeError(f"the upload ended as {job}")


def _unserved(place: Place) -> Work:
    return direct(place, "large")


CASES = {
    "browser": Case(
        "1 GiB through the Jupyter server (MB: what the server's memory grows by)",
        "bytes",
        {
            "ours, as a browser sends": Peer(lambda place: Served(place, in_parts)),
            "ours, a job of the server": Peer(lambda place: Served(place, as_a_job)),
            "ours, without the server": Peer(_unserved),
            "boto3": Peer(boto3_large),
        },
        with_large_file,
        rounds=3,
    ),
}
