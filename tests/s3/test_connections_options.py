"""Requester pays, addressing, TLS and regions of a connection: what goes out on the wire."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud_data_cockpit.errors import BadRequest, CockpitError, ServiceError
from cloud_data_cockpit.models import UploadRequest
from cloud_data_cockpit.s3 import objects, uploads
from cloud_data_cockpit.s3.connections import Connection, connect
from cloud_data_cockpit.s3.source import S3Source

from .conftest import ACCESS_KEY, SECRET_KEY
from .stub import ETAG, Answer, Stub, fault

PAYER = "x-amz-request-payer"


# --- requester pays ----------------------------------------------------------------------------


@pytest.fixture
def paying(stub: Stub) -> Connection:
    return connect(
        "paying", endpoint_url=stub.endpoint_url, access_key=ACCESS_KEY, secret_key=SECRET_KEY, requester_pays=True
    )


def test_every_request_says_who_pays(stub: Stub, paying: Connection) -> None:
    acts = [
        lambda: objects.list_page(paying, "box"),
        lambda: objects.head(paying, "box", "k"),
        lambda: objects.delete_object(paying, "box", "k"),
        lambda: S3Source(paying, "s3://box/k", etag=ETAG, size=10).read(0, 5),
        lambda: uploads.put_part(paying, "box", "k", "id", 1, b"x"),
        lambda: uploads.start(paying, UploadRequest(connection="x", bucket="box", key="k", size=1, overwrite=True)),
        lambda: uploads.list_parts(paying, "box", "k", "id"),
        lambda: uploads.abort(paying, "box", "k", "id", seconds=0.01),
        lambda: paying.client.copy_object(Bucket="box", Key="k", CopySource="box/j"),
        lambda: paying.client.list_object_versions(Bucket="box"),
        lambda: paying.client.get_object_tagging(Bucket="box", Key="k"),
    ]
    stub.then = lambda asked: fault(404, "NoSuchKey")
    for act in acts:
        before = len(stub.asked)
        with suppress(CockpitError, ClientError):
            act()
        assert len(stub.asked) > before
    for asked in stub.asked:
        assert asked.headers.get(PAYER) == "requester", asked.target
        signed = asked.query.get("X-Amz-SignedHeaders") or asked.headers["authorization"]
        assert PAYER in signed, asked.target


def test_links_for_people_say_it_in_the_url(paying: Connection) -> None:
    """A browser sends no header of ours."""
    url = paying.client.generate_presigned_url("get_object", Params={"Bucket": "box", "Key": "k"})
    assert f"{PAYER}=requester" in url
    assert "X-Amz-SignedHeaders=host&" in url


def test_nobody_else_says_it(stub: Stub, stubbed: Connection) -> None:
    with pytest.raises(CockpitError):
        objects.head(stubbed, "box", "k")
    assert all(PAYER not in asked.headers for asked in stub.asked)


# --- addressing --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "addressing", "expected"),
    [
        ("https://minio.example", "auto", "https://minio.example/box/k?"),
        ("https://minio.example", "path", "https://minio.example/box/k?"),
        ("https://minio.example", "virtual", "https://box.minio.example/k?"),
        (None, "auto", "https://box.s3.eu-west-1.amazonaws.com/k?"),
        (None, "path", "https://s3.eu-west-1.amazonaws.com/box/k?"),
    ],
)
def test_addressing(endpoint: str | None, addressing: Any, expected: str) -> None:
    made = connect(
        "c", endpoint_url=endpoint, region="eu-west-1", access_key="a", secret_key="b", addressing=addressing
    )
    url = made.client_of("box", "k").generate_presigned_url("get_object", Params={"Bucket": "box", "Key": "k"})
    assert url.startswith(expected)


# --- regions -----------------------------------------------------------------------------------


def test_a_bucket_is_followed_to_its_region(stub: Stub, stubbed: Connection) -> None:
    stub.first = [fault(400, "AuthorizationHeaderMalformed", more="<Region>eu-central-1</Region>")]
    stub.then = lambda asked: Answer(200, b"<ListBucketResult/>")
    for _ in range(2):
        assert objects.list_page(stubbed, "box").objects == []
    scopes = [asked.query["X-Amz-Credential"].split("/")[2] for asked in stub.asked]
    assert scopes == ["us-east-1", "eu-central-1", "eu-central-1"]
    assert stubbed.region_of("box") == "eu-central-1"
    assert stubbed.region_of("other") == "us-east-1"


# --- TLS ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A service over TLS whose certificate nobody signed but itself; its endpoint and certificate."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = b"<ListAllMyBucketsResult/>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

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


def both(connection: Connection) -> None:
    """A request of ours and one of botocore's."""
    assert objects.list_buckets(connection) == []
    assert connection.client.list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_tls(secure: tuple[str, Path], tmp_path: Path) -> None:
    endpoint, certificate = secure
    common: dict[str, Any] = {"endpoint_url": endpoint, "access_key": "a", "secret_key": "b"}
    strict = connect("strict", **common)
    with pytest.raises(ServiceError, match="CERTIFICATE_VERIFY_FAILED"):
        objects.list_buckets(strict)
    both(connect("own", **common, ca_bundle=str(certificate)))
    both(connect("lax", **common, verify_tls=False))  # and warns at none of its requests
    with pytest.raises(ServiceError, match="CERTIFICATE_VERIFY_FAILED"):  # nothing of it sticks to the host
        objects.list_buckets(strict)
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    with pytest.raises(ServiceError, match=r"broken\.pem cannot be used"):
        objects.list_buckets(connect("broken", **common, ca_bundle=str(broken)))


def test_tls_options_are_for_the_service_alone(secure: tuple[str, Path]) -> None:
    lax = connect("lax", endpoint_url="https://minio.example", access_key="a", secret_key="b", verify_tls=False)
    assert lax.trust_of("minio.example") is False
    assert lax.trust_of("box.minio.example") is False
    assert lax.trust_of("evilminio.example") is None
    assert lax.trust_of("sts.amazonaws.com") is None
    for more in ({"endpoint_url": None}, {"endpoint_url": "https://s3.amazonaws.com"}):
        with pytest.raises(BadRequest, match="everybody can verify"):
            connect("aws", access_key="a", secret_key="b", verify_tls=False, **more)
