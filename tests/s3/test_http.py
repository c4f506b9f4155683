"""The wire: keys with dot segments, TLS that is verified, proxies, forks, many threads, URLs that are renewed."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.errors import CredentialsError, ServiceError
from cloud_data_cockpit.s3 import objects, signing
from cloud_data_cockpit.s3.connections import Connection, connect, resolve
from cloud_data_cockpit.s3.source import S3Source

from .certificates import made_certificate
from .stub import ETAG, Answer, Asked, Stub, serve_object

DATA = bytes(range(256)) * 40


@pytest.mark.parametrize("key", ["a/../b", "./x", "a//b", "%2e%2e/x", "..", "a b+c"])
def test_the_path_goes_out_as_it_was_signed(stub: Stub, stubbed: Connection, key: str) -> None:
    from urllib.parse import quote

    stub.then = serve_object(DATA)
    S3Source(stubbed, f"s3://box/{key}", etag=ETAG, size=len(DATA)).read(0, 10)
    assert stub.asked[0].target.split("?")[0] == "/box/" + quote(key, safe="/~")


def test_nothing_asks_for_or_undoes_compression(stub: Stub, stubbed: Connection) -> None:
    stub.then = serve_object(DATA)
    S3Source(stubbed, "s3://box/k", etag=ETAG, size=len(DATA)).read(0, 10)
    assert stub.asked[0].headers["accept-encoding"] == "identity"


def test_connections_are_reused_by_many_threads(stub: Stub, stubbed: Connection) -> None:
    stub.then = serve_object(DATA)
    source = S3Source(stubbed, "s3://box/k", etag=ETAG, size=len(DATA))
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda i: source.read(i, 7), range(200)))
    assert results == [DATA[i : i + 7] for i in range(200)]


def test_a_url_is_renewed_before_it_expires(stub: Stub, stubbed: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    stub.then = serve_object(DATA)
    source = S3Source(stubbed, "s3://box/k", etag=ETAG, size=len(DATA))
    source.read(0, 1)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + signing.RENEW_AFTER + 1)
    made = stubbed.presigned
    monkeypatch.setattr(stubbed, "presigned", lambda *a: f"{made(*a)}&renewed=1")
    source.read(0, 1)
    source.read(0, 1)
    assert ["renewed" in asked.query for asked in stub.asked] == [False, True, True]
    assert signing.RENEW_AFTER < signing.EXPIRES / 2


def test_reads_faults_of_the_demo_service(lab: Connection, bucket: str, boto: Any, s3_service: Any) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=DATA)
    source = S3Source(lab, f"s3://{bucket}/k")
    for fault in ({"status": 503, "times": 2}, {"cut_after": 100, "times": 2}, {"lose_reply": True}):
        s3_service.inject(method="GET", path=f"/{bucket}/k", **fault)
        assert source.read(0, len(DATA)) == DATA
        assert s3_service.faults() == []
    s3_service.inject(method="GET", path=f"/{bucket}/k", ignore_range=True)
    with pytest.raises(ServiceError, match="ignores Range"):
        source.read(3, 5)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_has_connections_of_its_own(lab: Connection, bucket: str, boto: Any) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=DATA * 40)
    code = (
        "import os, sys\n"
        "from cloud_data_cockpit.s3.connections import connect\n"
        "from cloud_data_cockpit.s3.source import S3Source\n"
        "c = connect('c', endpoint_url=os.environ['E'], access_key=os.environ['A'], secret_key=os.environ['S'])\n"
        f"s = S3Source(c, 's3://{bucket}/k')\n"
        "wanted = [(0, 10), (200000, 10), (400000, 9)]\n"
        "first = s.read_many(wanted, gap=0)\n"
        "child = os.fork()\n"
        "same = s.read_many(wanted, gap=0) == first and s.read(5, 6) == first[0][5:] + bytes([10])\n"
        "if child == 0: os._exit(0 if same else 1)\n"
        "sys.exit(0 if same and os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 else 1)\n"
    )
    keys = lab._keys
    assert keys is not None
    assert lab.ref.endpoint_url is not None
    env = os.environ | {"E": lab.ref.endpoint_url, "A": keys.access_key, "S": keys.secret_key}
    assert subprocess.run([sys.executable, "-c", code], env=env, timeout=60, check=False).returncode == 0


def test_an_http_proxy_of_the_environment_is_used(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    stub.then = serve_object(DATA)
    far = connect("far", endpoint_url="http://s3.far.example:9000", access_key="a", secret_key="b")
    monkeypatch.setenv("http_proxy", stub.endpoint_url)
    assert S3Source(far, "s3://box/k", etag=ETAG, size=len(DATA)).read(1, 5) == DATA[1:6]
    assert stub.asked[0].target.startswith("http://s3.far.example:9000/box/k?")
    monkeypatch.setenv("no_proxy", "s3.far.example")
    with pytest.raises(ServiceError, match="could not be reached"):
        S3Source(far, "s3://box/k", etag=ETAG, size=len(DATA)).read(1, 5)


# --- TLS ---------------------------------------------------------------------------------------


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Endpoint and certificate of a server whose certificate nobody has signed."""
    certificate, key = made_certificate(tmp_path)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = serve_object(DATA)(Asked("GET", self.path, {"range": self.headers["Range"]}, b""))
            self.send_response(answer.status)
            for name, value in (answer.headers | {"Content-Length": str(len(answer.body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}", certificate
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_certificate_that_nobody_signed_is_refused_unless_it_is_named(
    tls: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, certificate = tls
    secure = connect("secure", endpoint_url=endpoint, access_key="a", secret_key="b")
    source = S3Source(secure, "s3://box/k", etag=ETAG, size=len(DATA))
    with pytest.raises(ServiceError, match="AWS_CA_BUNDLE"):
        source.read(0, 5)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    assert source.read(0, 5) == DATA[:5]


# --- credentials that are missing --------------------------------------------------------------


def profile(text: str) -> None:
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(text)


def test_a_profile_without_credentials_says_how_to_get_some(stub: Stub) -> None:
    profile(f"[profile empty]\nendpoint_url = {stub.endpoint_url}\n")
    with pytest.raises(CredentialsError, match="aws configure --profile empty"):
        objects.list_page(resolve("empty"), "box")
    assert stub.asked == []


def test_credentials_that_come_later_are_found(stub: Stub) -> None:
    profile(f"[profile late]\nendpoint_url = {stub.endpoint_url}\n")
    connection = resolve("late")
    with pytest.raises(CredentialsError):
        objects.list_page(connection, "box")
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text("[late]\naws_access_key_id=a\naws_secret_access_key=b\n")
    stub.then = lambda asked: Answer(200, b"<ListBucketResult/>")
    assert objects.list_page(connection, "box").objects == []


def test_a_single_sign_on_that_has_expired_says_how_to_sign_on(stub: Stub) -> None:
    profile(
        "[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.example/start\n"
        f"[profile sso]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n"
        f"endpoint_url = {stub.endpoint_url}\n"
    )
    with pytest.raises(CredentialsError, match="aws sso login --profile sso"):
        objects.list_page(resolve("sso"), "box")


def test_half_a_pair_of_keys_is_said(stub: Stub) -> None:
    profile(f"[profile half]\naws_access_key_id = a\nendpoint_url = {stub.endpoint_url}\n")
    with pytest.raises(CredentialsError, match="complete it"):
        objects.list_page(resolve("half"), "box")
