"""A real Jupyter server to be measured: its REST API, one connection a thread, and the memory that it takes."""

from __future__ import annotations

import atexit
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .cases import ACCESS_KEY, SECRET_KEY, Place


class Memory(threading.Thread):
    """Samples the resident memory of a process (Linux: /proc), in MB, from when it is made."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._path = Path(f"/proc/{pid}/status")
        self.first = self.largest = self._now()

    def _now(self) -> float:
        line = next(line for line in self._path.read_text().splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024 / 1e6

    def run(self) -> None:
        with suppress(OSError, StopIteration):  # until the process ends
            while True:
                self.largest = max(self.largest, self._now())
                time.sleep(0.05)


class JupyterServer:
    """A server over the files of `place`, with a connection "demo" to its service; ends with this process."""

    def __init__(self, place: Place) -> None:
        from cloud_data_cockpit.s3.connections import write_demo

        home = Path(os.environ["HOME"])
        os.environ.update({f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "RUNTIME")})
        write_demo(place.endpoint, ACCESS_KEY, SECRET_KEY)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        token = secrets.token_hex(16)
        self._headers = {"Authorization": f"token {token}"}
        self._local = threading.local()
        command = [sys.executable, "-m", "jupyter", "server", "--no-browser", f"--ServerApp.port={self._port}"]
        command += ["--allow-root", f"--ServerApp.root_dir={place.folder}", "--ServerApp.port_retries=0"]
        environment = {**os.environ, "JUPYTER_TOKEN": token}
        with (home / "server.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
        atexit.register(self._stop)
        self._wait()

    def memory(self) -> Memory:
        """What it takes from now on."""
        memory = Memory(self._process.pid)
        memory.start()
        return memory

    def __call__(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """The reply to a request, from JSON; `body` is bytes, or becomes JSON."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection.request(method, f"/cloud-data-cockpit/api/{path}", data or b"", {**self._headers, **(headers or {})})
        reply = connection.getresponse()
        text = reply.read()
        if reply.status >= 300:
            raise RuntimeError(f"{method} {path}: {reply.status} {text.decode()}")
        return json.loads(text)

    def _wait(self, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while True:
            try:
                self("GET", "info")
                return
            except (OSError, RuntimeError):
                if time.monotonic() > until:
                    raise
                self._local = threading.local()
                time.sleep(0.2)

    def _stop(self) -> None:
        self._process.terminate()
        self._process.wait()
