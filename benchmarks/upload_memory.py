"""Sends 2 GiB through a real Jupyter server into a real S3 service, as a browser and as a job; prints memory and speed.

Usage: python benchmarks/upload_memory.py [--gib 2] [--connections 4]. Needs Linux (/proc), and three times the disk.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cloud_data_cockpit.demo.process import DemoProcess

MIB = 1 << 20
BUCKET = "benchmark"
KEY = "two gib.bin"


class Memory(threading.Thread):
    """Samples the resident memory of a process, in bytes, until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._path = Path(f"/proc/{pid}/status")
        self._stopped = threading.Event()
        self.first = self.largest = self.now()

    def now(self) -> int:
        line = next(line for line in self._path.read_text().splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def run(self) -> None:
        while not self._stopped.wait(0.05):
            self.largest = max(self.largest, self.now())

    def stop(self) -> None:
        self._stopped.set()
        self.join()


class Api:
    """The REST API of a Jupyter server, one connection a thread."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"token {token}"}
        self._local = threading.local()

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection.request(method, f"/cloud-data-cockpit/api/{path}", data or b"", self._headers)
        reply = connection.getresponse()
        text = reply.read()
        if reply.status >= 300:
            raise RuntimeError(f"{method} {path}: {reply.status} {text.decode()}")
        return json.loads(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start_server(home: Path, token: str) -> tuple[subprocess.Popen[bytes], int]:
    port = _free_port()
    command = [sys.executable, "-m", "jupyter", "server", "--no-browser", f"--ServerApp.port={port}", "--allow-root"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={home}", "--ServerApp.port_retries=0"]
    log = (home / "server.log").open("wb")
    return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT), port


def _wait(api: Api, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            api("GET", "info")
            return
        except (OSError, RuntimeError):
            if time.monotonic() > until:
                raise
            api._local = threading.local()
            time.sleep(0.2)


def _upload(api: Api, size: int, connections: int) -> float:
    upload = api("POST", "uploads", {"connection": "demo", "bucket": BUCKET, "key": KEY, "size": size})
    block = os.urandom(upload["part_size"] - 8)

    def send(number: int) -> None:
        length = min(upload["part_size"], size - (number - 1) * upload["part_size"])
        body = (number.to_bytes(8, "big") + block)[:length]
        api("PUT", f"uploads/{upload['job_id']}/parts/{number}", body)

    begun = time.monotonic()
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(send, range(1, upload["part_count"] + 1)))
    job = api("POST", f"uploads/{upload['job_id']}/complete")
    took = time.monotonic() - begun
    if (job["state"], job["done"]) != ("succeeded", size):
        raise RuntimeError(f"the upload ended as {job}")
    return took


def _send(api: Api, home: Path, size: int) -> float:
    block = os.urandom(MIB)
    with (home / "large").open("wb") as file:
        for number in range(size // MIB):
            file.write(number.to_bytes(8, "big") + block[8:])
    begun = time.monotonic()
    job = api("POST", "jobs", {"kind": "upload", "connection": "demo", "bucket": BUCKET, "paths": ["large"]})
    while job["state"] in ("queued", "running"):
        time.sleep(0.1)
        job = api("GET", f"jobs/{job['id']}")
    if job["state"] != "succeeded":
        raise RuntimeError(f"the job ended as {job}")
    return time.monotonic() - begun


def _print(what: str, size: int, took: float, memory: Memory) -> None:
    print(
        f"{what}: {size / MIB:.0f} MiB in {took:.1f} s: {size / MIB / took:.0f} MiB/s; the server's memory: "
        f"{memory.first / 1e6:.0f} MB before, {memory.largest / 1e6:.0f} MB at most, "
        f"{(memory.largest - memory.first) / 1e6:.0f} MB more"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=2.0)
    parser.add_argument("--connections", type=int, default=4)
    options = parser.parse_args()
    size, token = int(options.gib * (1 << 30)), secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder, DemoProcess(Path(folder) / "s3") as service:
        home = Path(folder) / "home"
        home.mkdir()
        os.environ.update({"HOME": str(home), "JUPYTER_DATA_DIR": str(home / "data")})
        os.environ.update({f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "RUNTIME")})
        from cloud_data_cockpit.s3.connections import write_demo

        write_demo(service.endpoint_url, service.access_key, service.secret_key)
        server, port = _start_server(home, token)
        try:
            api = Api(port, token)
            _wait(api)
            api("POST", "buckets", {"connection": "demo", "bucket": BUCKET})
            for what in ("browser", "job"):
                memory = Memory(server.pid)
                memory.start()
                took = _upload(api, size, options.connections) if what == "browser" else _send(api, home, size)
                memory.stop()
                _print(what, size, took, memory)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
