"""The `demo` command as a whole: JupyterLab over the demo service, and nothing left when it ends."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from cloud_data_cockpit.s3 import connections


def eventually(look: Callable[[], Any], seconds: float = 60) -> Any:
    """The first true answer of `look`."""
    ends = time.monotonic() + seconds
    while not (answer := look()):
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.1)
    return answer


def test_the_demo_serves_the_panel_and_leaves_nothing_behind(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-m", "cloud_data_cockpit", "demo", "--no-browser", "--port", "18943"]
    with log.open("w") as file:
        demo = subprocess.Popen([*command, "--notebook-dir", str(tmp_path)], stdout=file, stderr=file)
    try:
        address = eventually(lambda: re.search(r"(http://127\.0\.0\.1:\d+)/lab\?token=(\w+)", log.read_text()))

        def ask(path: str) -> Any:
            request = Request(
                f"{address[1]}/cloud-data-cockpit/api/{path}", headers={"Authorization": f"token {address[2]}"}
            )
            with urlopen(request, timeout=20) as reply:
                return json.load(reply)

        info = ask("info")
        assert info["open_panel"]
        assert info["default_connection"] == "demo"
        listing = ask("objects?connection=demo&bucket=demo&prefix=tables/")
        assert [entry["key"] for entry in listing["objects"]] == ["tables/weather.csv"]
        endpoint = connections.resolve("demo").ref.endpoint_url
        demo.send_signal(signal.SIGTERM)
        demo.wait(30)
    finally:
        if demo.poll() is None:
            demo.kill()
            demo.wait()
    assert endpoint
    assert "demo" not in {ref.name for ref in connections.list_connections()}
    eventually(lambda: not _listening(int(endpoint.rpartition(":")[2])), 10)


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
