"""A canary: whoever sets the whole server to DEBUG finds neither secrets nor signatures in its log."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.s3.hushed import LIBRARIES, hush

from .servers import Server

CANARY = "canary-in-a-query"
CONFIG = """
import logging
logging.basicConfig(level=logging.DEBUG, force=True)
logging.getLogger("botocore.auth").setLevel(logging.DEBUG)
c.ServerApp.log_level = "DEBUG"
"""


@pytest.fixture
def file_url() -> Iterator[str]:
    """A file behind a URL that holds a secret."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"bytes")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/file.bin?token={CANARY}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_nothing_secret_is_in_a_log_at_debug(
    isolated_home: Path, tmp_path: Path, s3_service: Any, bucket: str, file_url: str
) -> None:
    config = Path(os.environ["JUPYTER_CONFIG_DIR"])
    config.mkdir(parents=True, exist_ok=True)
    (config / "jupyter_server_config.py").write_text(CONFIG)
    (tmp_path / "root").mkdir()
    log = tmp_path / "log"
    with Server(tmp_path / "root", log) as server:
        draft = {
            "name": "lab",
            "endpoint_url": s3_service.endpoint_url,
            "credentials": "keys",
            "access_key": s3_service.access_key,
            "secret_key": s3_service.secret_key,
            "keep_in": "process",
        }
        assert server("POST", "connections/test", {"draft": draft}).status == 200
        assert server("POST", "connections", draft).status == 201
        assert server("GET", "buckets?connection=lab").status == 200
        assert server("GET", f"objects?connection=lab&bucket={bucket}").status == 200
        fields = {"connection": "lab", "bucket": bucket}
        link = server("POST", "presign", {**fields, "key": "file.bin", "version_id": None, "seconds": 60})
        assert link.status == 404
        job = server("POST", "jobs", {**fields, "kind": "upload", "urls": [file_url]}).json
        assert server.ended(job["id"])["state"] == "succeeded"
        link = server("POST", "presign", {**fields, "key": "file.bin", "version_id": None, "seconds": 60})
        signature = re.search(r"X-Amz-Signature=([0-9a-f]{64})", link.json["url"])
        assert signature is not None
    text = log.read_text()
    assert "DEBUG" in text
    assert "lab" in text
    for secret in (s3_service.secret_key, s3_service.access_key, signature[1], CANARY, server.token):
        assert secret not in text
    assert not re.search(r"(?i)signature\W{0,3}[0-9a-f]{16}", text)


def test_only_the_libraries_are_hushed(monkeypatch: pytest.MonkeyPatch) -> None:
    loggers = [*LIBRARIES, "botocore.auth", "botocore.hooks", "boto3fresh", "tornado.access"]
    for name in loggers:
        monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
    monkeypatch.setattr(logging.getLogger("boto3"), "level", logging.ERROR)
    hush()
    found = {name: logging.getLogger(name).level for name in loggers}
    assert found.pop("boto3") == logging.ERROR
    assert found.pop("boto3fresh") == logging.DEBUG
    assert found.pop("tornado.access") == logging.DEBUG
    assert set(found.values()) == {logging.INFO}
