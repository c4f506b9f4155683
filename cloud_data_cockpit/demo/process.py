"""The demo service in a process of its own: start it, learn its address and keys, stop it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from ..errors import ServiceError


class DemoProcess:
    """A running demo service; a context manager that ends it.

    directory: where objects are kept (made when missing). port 0: any free one. faults: let tests inject
    failures. restore_seconds: what a restore of an archived object takes. The process also ends when this one does.
    Raises ServiceError when it does not start.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        port: int = 0,
        access_key: str | None = None,
        secret_key: str | None = None,
        faults: bool = False,
        patience: float = 20.0,
        restore_seconds: float | None = None,
    ) -> None:
        self.directory = Path(directory)
        command = [sys.executable, "-m", "cloud_data_cockpit.demo", "--dir", str(self.directory), "--port", str(port)]
        command += ["--follow-stdin"] + (["--faults"] if faults else [])
        command += [] if restore_seconds is None else ["--restore-seconds", str(restore_seconds)]
        keys = {"access_key": access_key, "secret_key": secret_key} if access_key and secret_key else {}
        # In a session of its own, a Ctrl-C in the terminal reaches the one who started it and not the service.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        try:
            if self._process.stdin is not None:
                # Keys go in by a pipe: a command line can be read by everyone on the machine.
                with suppress(BrokenPipeError):  # it has ended already; what follows says so
                    self._process.stdin.write(json.dumps(keys).encode() + b"\n")
                    self._process.stdin.flush()
            announced = self._first_line(patience)
        except BaseException:
            self.kill()
            raise
        self.endpoint_url = announced["endpoint_url"]
        self.access_key = announced["access_key"]
        self.secret_key = announced["secret_key"]

    def _first_line(self, patience: float) -> dict[str, str]:
        lines: list[bytes] = []
        out = self._process.stdout
        if out is None:
            raise ServiceError("The demo service has no output to read its address from.")
        reader = threading.Thread(target=lambda: lines.append(out.readline()), daemon=True)
        reader.start()
        reader.join(patience)
        if not lines or not lines[0]:
            raise ServiceError(
                f"The demo service did not start within {patience:g} s (exit code {self._process.poll()}). "
                f"Look at its messages, and check that {self.directory} can be written and the port is free."
            )
        announced: dict[str, str] = json.loads(lines[0])
        return announced

    @property
    def pid(self) -> int:
        """The process id of the service."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def stop(self, patience: float = 10.0) -> None:
        """End the service as an operator would (SIGTERM); kill it when it takes longer than `patience` seconds."""
        if self.running:
            self._process.terminate()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._close()

    def kill(self) -> None:
        """End the service at once, without a chance to tidy up (SIGKILL)."""
        self._process.kill()
        self._close()

    def _close_input(self) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # the process went away with our last line unread
                self._process.stdin.close()

    def _close(self) -> None:
        self._process.wait()
        self._close_input()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def inject(self, **fault: Any) -> None:
        """Make coming requests fail; see docs/demo-service.md for the fields of a fault."""
        self._control("POST", fault)

    def clear_faults(self) -> None:
        """Forget every fault that has not happened yet."""
        self._control("DELETE", {})

    def faults(self) -> list[dict[str, Any]]:
        """The faults still waiting, each with how often it has happened."""
        found: list[dict[str, Any]] = self._control("GET", {})["faults"]
        return found

    def _control(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        parts = urlsplit(self.endpoint_url)
        connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=10)
        try:
            headers = {"x-demo-secret": self.secret_key, "content-type": "application/json"}
            connection.request(method, "/_faults", json.dumps(body), headers)
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        if reply.status != 200:
            raise ServiceError(f"The demo service refused the fault ({reply.status}): {text.decode(errors='replace')}")
        answer: dict[str, Any] = json.loads(text)
        return answer

    def __enter__(self) -> DemoProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
