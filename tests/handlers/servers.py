"""Jupyter servers in processes of their own, for what one process cannot show: kill -9, two servers at once."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Replied:
    status: int
    json: Any


class Server:
    """A Jupyter server with the extension, in the home of this test; it ends with the block, if it was not killed."""

    def __init__(self, root: Path, log: Path, **settings: Any) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.token = secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{self.port}/"
        self._log = log
        command = [sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root"]
        command += [f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}"]
        command += ["--ServerApp.jpserver_extensions={'cloud_data_cockpit': True}"]
        command += [f"--CloudDataCockpit.{name}={value}" for name, value in settings.items()]
        environment = {**os.environ, "JUPYTER_TOKEN": self.token}
        with log.open("wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
        self._wait()

    def _wait(self, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while True:
            try:
                if self("GET", "info").status == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise AssertionError(self._log.read_text(errors="replace"))
            time.sleep(0.05)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Replied:
        """One request; a dict is sent as JSON, bytes as they are."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
            named = {"Authorization": f"token {self.token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
            connection.request(method, f"/cloud-data-cockpit/api/{path}", data if method != "GET" else None, named)
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        return Replied(reply.status, json.loads(text) if text else None)

    def half_a_part(self, path: str, size: int, body: bytes) -> socket.socket:
        """A connection that has sent `body` of a part of `size` bytes, and waits."""
        opened = socket.create_connection(("127.0.0.1", self.port))
        lines = [f"PUT /cloud-data-cockpit/api/{path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"Authorization: token {self.token}", f"Content-Length: {size}", "", ""]
        opened.sendall("\r\n".join(lines).encode() + body)
        return opened

    def ended(self, job_id: str, seconds: float = 60) -> Any:
        """The job, once it has ended."""
        until = time.monotonic() + seconds
        while True:
            job = self("GET", f"jobs/{job_id}").json
            if job["state"] not in ("queued", "running"):
                return job
            assert time.monotonic() < until, job
            time.sleep(0.02)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
