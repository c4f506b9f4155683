"""Trying a connection: each thing that can be wrong is told with its cause and its cure, within the time given."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.errors import BadRequest
from cloud_data_cockpit.models import ConnectionDraft, ConnectionReport, ConnectionTest
from cloud_data_cockpit.s3 import saved
from cloud_data_cockpit.s3.connections import connect
from cloud_data_cockpit.s3.saving import add_connection
from cloud_data_cockpit.s3.trial import try_connection

from .conftest import ACCESS_KEY, SECRET_KEY
from .stub import Answer, Stub, fault


def draft(**more: Any) -> ConnectionDraft:
    usual = {"name": "lab", "access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "keep_in": "process"}
    return ConnectionDraft.model_validate({**usual, **more})


def tried(bucket: str | None = None, **more: Any) -> ConnectionReport:
    report = try_connection(ConnectionTest(draft=draft(**more), bucket=bucket))
    for secret in (SECRET_KEY, ACCESS_KEY, "X-Amz-Signature"):
        assert secret not in report.model_dump_json()
    if report.ok:
        assert (report.cause, report.cure) == ("", "")
    else:
        assert report.cause.endswith(".")
        assert report.cure.endswith((".", ")."))
    return report


def of(service: Any, **more: Any) -> dict[str, Any]:
    keys = {"access_key": service.access_key, "secret_key": service.secret_key}
    return {"endpoint_url": service.endpoint_url, **keys, **more}


# --- what works --------------------------------------------------------------------------------


def test_one_that_works(s3_service: Any, bucket: str) -> None:
    report = tried(**of(s3_service, region="eu-west-1"))
    assert report.ok
    assert report.identity == "arn:aws:iam::000000000000:user/demo"
    assert report.region == "eu-west-1"
    assert report.buckets is not None
    assert report.buckets >= 1
    assert report.milliseconds is not None
    assert 0 < report.milliseconds < 5000
    assert tried(bucket, **of(s3_service)).ok
    missing = tried("no-such-bucket", **of(s3_service))
    assert (missing.ok, missing.cause) == (False, "There is no bucket of that name.")


def test_nothing_is_saved_or_registered(s3_service: Any) -> None:
    from cloud_data_cockpit.s3.connections import list_connections

    assert tried(**of(s3_service)).ok
    assert [ref.name for ref in list_connections()] == ["anonymous"]


def test_by_name_and_with_the_keys_that_are_kept(s3_service: Any) -> None:
    add_connection(draft(**of(s3_service)))
    assert try_connection(ConnectionTest(name="lab")).ok
    changed = draft(endpoint_url=s3_service.endpoint_url, access_key=None, secret_key=None, name="new name")
    assert try_connection(ConnectionTest(name="lab", draft=changed)).ok
    assert not try_connection(ConnectionTest(draft=changed)).ok
    unknown = try_connection(ConnectionTest(name="nobody"))
    assert "no connection 'nobody'" in unknown.cause
    with pytest.raises(BadRequest):
        try_connection(ConnectionTest())
    assert list(saved.read_saved()) == ["lab"]


def test_who_may_not_list_buckets_may_look_into_one(stub: Stub) -> None:
    def answer(asked: Any) -> Answer:
        if asked.method == "GET" and asked.target.startswith("/mine"):
            return Answer(200, b"<ListBucketResult/>")
        return fault(403, "AccessDenied", "no")

    stub.then = answer
    denied = tried(endpoint_url=stub.endpoint_url)
    assert "may not list the buckets" in denied.cause
    assert "pin it" in denied.cure
    for more in ({"bucket": "mine"}, {"buckets": ["mine", "other"]}):
        report = tried(endpoint_url=stub.endpoint_url, **more)
        assert (report.ok, report.buckets) == (True, None)
    assert (
        "does not let these credentials list the bucket other" in tried("other", endpoint_url=stub.endpoint_url).cause
    )


def test_anonymous(s3_service: Any, stub: Stub) -> None:
    common = {"credentials": "anonymous", "access_key": None, "secret_key": None}
    assert tried(endpoint_url=s3_service.endpoint_url, **common).ok  # it answers as S3 does
    stub.then = lambda asked: Answer(404, b"<html>")
    assert not tried(endpoint_url=stub.endpoint_url, **common).ok


def test_a_bucket_elsewhere_is_followed(stub: Stub) -> None:
    def answer(asked: Any) -> Answer:
        if not asked.target.startswith("/box"):
            return Answer(200, b"<ListAllMyBucketsResult/>")
        if "eu-central-1" in asked.query["X-Amz-Credential"]:
            return Answer(200, b"<ListBucketResult/>")
        return fault(301, "PermanentRedirect", x_amz_bucket_region="eu-central-1")

    stub.then = answer
    report = tried("box", endpoint_url=stub.endpoint_url)
    assert (report.ok, report.region) == (True, "eu-central-1")


# --- what the service says ---------------------------------------------------------------------


def test_wrong_keys(s3_service: Any) -> None:
    assert "does not know this access key" in tried(**of(s3_service, access_key="AKIAWRONG")).cause
    assert "secret key does not fit" in tried(**of(s3_service, secret_key="wrong")).cause


def dated(hours: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)


ANSWERS = [
    (fault(403, "ExpiredToken"), "have expired", "new ones"),
    (fault(400, "ExpiredToken"), "have expired", "new ones"),
    (fault(403, "RequestTimeTooSkewed"), "clock is over 15 minutes off", "clock right"),
    (fault(400, "AuthorizationHeaderMalformed", more="<Region>eu-west-3</Region>"), "region eu-west-3", "to eu-west-3"),
    (fault(500, "InternalError"), "The service failed", "Try again"),
    (fault(503, "SlowDown"), "busy", "Try again"),
    (fault(400, "Odd"), "refuses the request (Odd: told so)", "addressing"),
    (Answer(200, b"<html>hello</html>"), "no S3 service", "9001 and 9000"),
    (Answer(404, b"nothing here"), "no S3 service", "console"),
    (Answer(302, b"", {"Location": "/login"}), "no S3 service", "console"),
    (Answer(200, b'{"a": 1}'), "no S3 service", "console"),
    (Answer(400, b"Client sent an HTTP request to an HTTPS server."), "speaks https", "https://"),
    (Answer(502, b"Bad gateway"), "answers 502", "Try again"),
    (Answer(reset=True), "ends the exchange", "https://"),
    (Answer(200, b"<ListAll", {"Content-Length": "100"}, cut=8), "ends the exchange", "whether it is S3"),
]


@pytest.mark.parametrize(("answer", "cause", "cure"), ANSWERS)
def test_what_the_service_says(stub: Stub, answer: Answer, cause: str, cure: str) -> None:
    stub.then = lambda asked: answer
    report = tried(endpoint_url=stub.endpoint_url)
    assert not report.ok
    assert cause in report.cause
    assert cure in report.cure
    assert len(stub.asked) == 1  # one small request


def test_a_clock_that_is_off_shows_in_the_date(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    from http.server import BaseHTTPRequestHandler

    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda self, timestamp=None: dated(-3))
    stub.then = lambda asked: fault(403, "AccessDenied", "Request has expired")
    report = tried(endpoint_url=stub.endpoint_url)
    assert report.cause == "This machine's clock is about 180 minutes ahead."


# --- what fails on the way ---------------------------------------------------------------------


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        report = tried(endpoint_url=f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert "refuses connections" in report.cause
    assert "port" in report.cure


def test_no_such_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    report = tried(endpoint_url="https://s3.nowhere.example")
    assert "There is no host s3.nowhere.example" in report.cause
    assert "VPN" in report.cure


def test_a_proxy_that_does_not_let_through(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    report = tried(endpoint_url="https://s3.far.example")
    assert "proxy" in report.cause
    assert "NO_PROXY" in report.cure


def test_http_in_place_of_https(stub: Stub) -> None:
    report = tried(endpoint_url=stub.endpoint_url.replace("http:", "https:"))
    assert "speaks no TLS" in report.cause
    assert "http://" in report.cure


def test_a_host_that_is_never_connected_to() -> None:
    report = tried(endpoint_url="http://169.254.169.254")
    assert "metadata" in report.cause or "link-local" in report.cause


def test_a_profile_without_a_login() -> None:
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(
        "[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.example/start\n"
        "[profile sso]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\nregion = eu-west-1\n"
    )
    report = try_connection(ConnectionTest(name="sso"))
    assert not report.ok
    assert "aws sso login --profile sso" in report.cure


@pytest.fixture
def silent() -> Iterator[str]:
    """A service that takes connections and says nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(8)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_service_that_says_nothing(silent: str) -> None:
    begun = time.monotonic()
    report = try_connection(ConnectionTest(draft=draft(endpoint_url=silent)), seconds=0.5)
    assert time.monotonic() - begun < 3
    assert "No result after" in report.cause


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_program_that_hangs(s3_service: Any, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # whoever reads it waits until somebody writes
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(
        f"[profile p]\ncredential_process={sys.executable} -c 'open(\"{pipe}\").read()'\n"
        f"endpoint_url={s3_service.endpoint_url}\n"
    )
    waiting = {thread.name for thread in threading.enumerate()}
    report = try_connection(ConnectionTest(name="p"), seconds=0.5)
    assert "No result after" in report.cause
    pipe.open("w").close()  # lets the program end
    for thread in threading.enumerate():
        if thread.name not in waiting:
            thread.join(10)


def test_a_program_that_is_not_there(s3_service: Any) -> None:
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(
        f"[profile p]\ncredential_process=/no/such/program\nendpoint_url={s3_service.endpoint_url}\n"
    )
    report = try_connection(ConnectionTest(name="p"))
    assert "its credentials cannot be had" in report.cause


def test_the_registered_one_keeps_working(s3_service: Any) -> None:
    keys = {"access_key": s3_service.access_key, "secret_key": s3_service.secret_key}
    connect("mine", endpoint_url=s3_service.endpoint_url, **keys)
    for _ in range(2):
        assert try_connection(ConnectionTest(name="mine")).ok
