"""Faults on demand: each kind happens, as often as asked, to the requests that match, and to nobody's surprise."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.client import IncompleteRead, RemoteDisconnected
from typing import Any

import pytest

from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.errors import ServiceError

from .test_objects import refused
from .wire import send, signed


@pytest.fixture
def faulty(s3_service: DemoProcess, boto: Any, bucket: str) -> Iterator[DemoProcess]:
    boto.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    yield s3_service
    s3_service.clear_faults()


def test_the_next_requests_fail_and_no_more(faulty: DemoProcess, boto: Any, bucket: str) -> None:
    faulty.inject(method="GET", path="/k$", status=503, times=2)
    assert boto.head_object(Bucket=bucket, Key="k")["ContentLength"] == 10
    assert refused(boto.get_object, Bucket=bucket, Key="k") == (503, "SlowDown")
    assert faulty.faults()[0]["happened"] == 1
    assert refused(boto.get_object, Bucket=bucket, Key="k") == (503, "SlowDown")
    assert boto.get_object(Bucket=bucket, Key="k")["Body"].read() == b"0123456789"
    assert faulty.faults() == []


def test_some_pass_before_a_fault_by_code(faulty: DemoProcess, boto: Any, bucket: str) -> None:
    faulty.inject(code="ExpiredToken", skip=1, query="partNumber=2")
    assert refused(boto.upload_part, Bucket=bucket, Key="k", UploadId="u", PartNumber=2, Body=b"")[1] == "NoSuchUpload"
    assert refused(boto.upload_part, Bucket=bucket, Key="k", UploadId="u", PartNumber=2, Body=b"")[1] == "ExpiredToken"


def test_a_body_is_cut(faulty: DemoProcess, bucket: str) -> None:
    faulty.inject(path="/k$", cut_after=4)
    with pytest.raises(IncompleteRead) as caught:
        signed(faulty, "GET", f"/{bucket}/k")
    assert caught.value.partial == b"0123"


def test_a_range_is_ignored(faulty: DemoProcess, bucket: str) -> None:
    faulty.inject(path="/k$", ignore_range=True)
    answer = signed(faulty, "GET", f"/{bucket}/k", headers={"Range": "bytes=2-3"})
    assert (answer.status, answer.body) == (200, b"0123456789")


def test_a_reply_is_lost_after_the_work(faulty: DemoProcess, boto: Any, bucket: str) -> None:
    faulty.inject(method="PUT", path="/new$", lose_reply=True)
    with pytest.raises(RemoteDisconnected):
        signed(faulty, "PUT", f"/{bucket}/new", b"there")
    assert boto.get_object(Bucket=bucket, Key="new")["Body"].read() == b"there"


def test_a_reply_is_late(faulty: DemoProcess, bucket: str) -> None:
    faulty.inject(path="/k$", delay=0.3)
    start = time.monotonic()
    assert signed(faulty, "GET", f"/{bucket}/k").status == 200
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize("wrong", [{"path": "("}, {"unknown": 1}, {"times": "x"}, {"code": "NoSuchCode"}])
def test_what_is_no_fault(faulty: DemoProcess, wrong: dict[str, Any]) -> None:
    with pytest.raises(ServiceError, match="refused the fault"):
        faulty.inject(**wrong)
    assert faulty.faults() == []


def test_only_with_the_secret_and_only_when_asked_for(faulty: DemoProcess, tmp_path: Any) -> None:
    assert send(faulty, "POST", "/_faults", b"{}", {"x-demo-secret": "wrong"}).status == 403
    with DemoProcess(tmp_path / "data") as strict, pytest.raises(ServiceError):
        strict.inject(status=500)
