"""S3Source: exact bytes over ranges, of one version only, whatever the service does."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_data_cockpit.errors import BadRequest, NotFound, ServiceError, SourceChanged
from cloud_data_cockpit.s3 import source as source_module
from cloud_data_cockpit.s3.connections import Connection, write_demo
from cloud_data_cockpit.s3.objects import make_uri
from cloud_data_cockpit.s3.source import S3Source
from cloud_data_cockpit.source import MemorySource, Source, known_sibling

from .stub import ETAG, Answer, Asked, Stub, fault, serve_object

DATA = bytes(os.urandom(300_000))
URI = "s3://box/thing"


def stub_source(stubbed: Connection, data: bytes = DATA) -> S3Source:
    return S3Source(stubbed, URI, etag=ETAG, size=len(data))


@pytest.fixture
def put(boto: Any, bucket: str) -> Callable[..., str]:
    def put(body: bytes, key: str = "data.bin") -> str:
        boto.put_object(Bucket=bucket, Key=key, Body=body)
        return make_uri(bucket, key)

    return put


# --- against the demo service ------------------------------------------------------------------


def test_it_is_a_source_with_the_size_and_etag_of_the_object(lab: Connection, put: Callable[..., str]) -> None:
    source = S3Source(lab, put(DATA))
    assert isinstance(source, Source)
    assert source.size == len(DATA)
    assert source.etag
    assert '"' not in source.etag


def test_reads_exact_ranges(lab: Connection, put: Callable[..., str]) -> None:
    source = S3Source(lab, put(DATA))
    for offset, length in [(0, 1), (17, 4096), (len(DATA) - 1, 1), (0, len(DATA))]:
        assert source.read(offset, length) == DATA[offset : offset + length]


def test_a_range_outside_is_refused_and_an_empty_one_costs_no_request(stub: Stub, stubbed: Connection) -> None:
    source = stub_source(stubbed)
    assert source.read(5, 0) == b""
    assert source.read_many([(3, 0), (len(DATA), 0)]) == [b"", b""]
    for offset, length in [(-1, 2), (0, len(DATA) + 1), (len(DATA), 1), (3, -1)]:
        with pytest.raises(BadRequest):
            source.read(offset, length)
        with pytest.raises(BadRequest):
            source.read_many([(0, 1), (offset, length)])
    assert stub.asked == []


def test_a_zero_byte_object(lab: Connection, put: Callable[..., str]) -> None:
    source = S3Source(lab, put(b""))
    assert source.size == 0
    assert source.read(0, 0) == b""
    assert source.read_many([(0, 0)]) == [b""]


def test_a_missing_object_is_named(lab: Connection, bucket: str) -> None:
    with pytest.raises(NotFound, match=f"s3://{bucket}/none"):
        S3Source(lab, f"s3://{bucket}/none")
    with pytest.raises(NotFound, match=r"no bucket 'no-such-bucket' at http"):
        S3Source(lab, "s3://no-such-bucket/none")


def test_an_overwritten_object_raises_source_changed(lab: Connection, put: Callable[..., str]) -> None:
    source = S3Source(lab, put(DATA))
    put(DATA[::-1])
    with pytest.raises(SourceChanged, match="partition it again"):
        source.read(0, 10)
    with pytest.raises(SourceChanged):
        source.read_many([(0, 10), (200_000, 10)])
    with pytest.raises(SourceChanged):
        S3Source(lab, source.uri, etag=source.etag)


def test_a_deleted_object_is_gone(lab: Connection, put: Callable[..., str], boto: Any, bucket: str) -> None:
    source = S3Source(lab, put(DATA))
    boto.delete_object(Bucket=bucket, Key="data.bin")
    with pytest.raises(NotFound, match=r"data\.bin"):
        source.read(0, 10)


def test_siblings(lab: Connection, put: Callable[..., str]) -> None:
    source = S3Source(lab, put(DATA, "a b/x.bam"))
    put(b"index", "a b/x.bam.bai")
    sibling = source.sibling(".bai")
    assert sibling.read(0, sibling.size) == b"index"
    with pytest.raises(NotFound):
        source.sibling(".csi")


def test_a_sibling_that_is_known_is_not_asked_for(lab: Connection, put: Callable[..., str]) -> None:
    beside = S3Source(lab, put(b"numbers", "x.ibd"))
    known = (".ibd", ".imzML", beside.etag, beside.size)
    found = known_sibling(S3Source(lab, put(DATA, "x.imzML")), *known)
    assert isinstance(found, S3Source)
    assert (found.uri, found.requests, found.read(0, 7)) == (beside.uri, 0, b"numbers")
    put(b"another", "x.ibd")
    changed = known_sibling(S3Source(lab, put(DATA, "x.imzML")), *known)
    with pytest.raises(SourceChanged, match=r"x\.ibd"):
        changed.read(0, 7)
    memory = MemorySource(DATA, "memory:x.imzML", beside={"memory:x.ibd": b"another"})
    with pytest.raises(SourceChanged, match=r"x\.ibd"):
        known_sibling(memory, *known)


def test_siblings_with_another_ending(lab: Connection, put: Callable[..., str]) -> None:
    put(b"data", "a b#/x.y.ibd")
    sibling = S3Source(lab, put(DATA, "a b#/x.y.imzML")).sibling(".ibd", replacing=".imzML")
    assert sibling.read(0, sibling.size) == b"data"
    with pytest.raises(NotFound):
        sibling.sibling(".IBD", replacing=".ibd")


def test_parts_joined_are_fetched_to_their_places(
    lab: Connection, put: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = os.urandom(40 << 20)
    source = S3Source(lab, put(data))
    asked: list[tuple[int, int]] = []
    get = S3Source._get

    def spy(self: S3Source, offset: int, length: int, *how: Any) -> Any:
        asked.append((offset, length))
        return get(self, offset, length, *how)

    monkeypatch.setattr(S3Source, "_get", spy)
    assert source.read_joined([(0, 10), b"between", (100, 5), (105, 7), b"", (50, 0)]) == (
        data[:10] + b"between" + data[100:112]
    )
    assert sorted(asked) == [(0, 10), (100, 12)]
    asked.clear()
    assert (
        source.read_joined([(0, 10), (100, 12), (10, 20 << 20)])
        == data[:10] + data[100:112] + data[10 : (20 << 20) + 10]
    )
    assert (0, 10) not in asked, "a small range is fetched once"
    assert len(asked) == 4
    assert max(length for _, length in asked) == 8 << 20
    asked.clear()
    assert source.read_joined([(0, 10)]) == data[:10]
    assert asked == [(0, 10)], "a read of nothing but what is known still asks whether the object is the same"
    assert source.read_joined([b"a", b"b"]) == b"ab"
    assert source.read_joined([]) == b""


def test_a_joined_read_notices_a_change(lab: Connection, put: Callable[..., str]) -> None:
    uri = put(b"header\n" + bytes(200_000))
    source = S3Source(lab, uri)
    source.read_joined([(0, 7), (7, 100_000)])
    put(b"HEADER\n" + bytes(200_000))
    with pytest.raises(SourceChanged):
        source.read_joined([(0, 7), (7, 100_000)])
    with pytest.raises(SourceChanged):
        source.read_joined([(0, 7)])


def test_large_reads_come_in_parts(lab: Connection, put: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(40 << 20)
    source = S3Source(lab, put(data))
    asked: list[tuple[int, int]] = []
    get = S3Source._get

    def spy(self: S3Source, offset: int, length: int, *how: Any) -> Any:
        asked.append((offset, length))
        return get(self, offset, length, *how)

    monkeypatch.setattr(S3Source, "_get", spy)
    assert source.read(3, (33 << 20) + 1) == data[3 : (33 << 20) + 4]
    assert len(asked) == 5
    assert max(length for _, length in asked) == 8 << 20
    both = source.read_many([(1, 20 << 20), (0, 5), ((39 << 20), 7)])
    assert both == [data[1 : (20 << 20) + 1], data[:5], data[39 << 20 : (39 << 20) + 7]]


RANGES = st.lists(
    st.one_of(st.tuples(st.integers(0, 60_000), st.integers(0, 9_000)), st.sampled_from([(0, 69_000), (7, 7), (7, 0)])),
    max_size=30,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ranges=RANGES,
    gap=st.sampled_from([0, 1, 50, 1000, 1 << 20]),
    largest=st.sampled_from([500, 5_000, 1 << 24]),
    in_loop=st.sampled_from([0, 400, 3_000, 1 << 20]),
)
def test_read_many_equals_the_bytes(
    stub: Stub, stubbed: Connection, ranges: list[tuple[int, int]], gap: int, largest: int, in_loop: int
) -> None:
    data = DATA[:69_000]
    stub.then = serve_object(data)
    source = stub_source(stubbed, data)
    merge = source_module.merge_ranges
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_module, "merge_ranges", lambda wanted, _: merge(wanted, gap, largest))
        patch.setattr(source_module, "LARGEST_READ", largest)
        patch.setattr(source_module, "LARGEST_IN_LOOP", in_loop)
        patch.setattr(source_module, "PART", 700)
        assert source.read_many(ranges) == [data[o : o + n] for o, n in ranges]


def test_close_ranges_travel_together_and_far_ones_at_once(stub: Stub, stubbed: Connection) -> None:
    data = bytes(16 << 20)
    together = threading.Barrier(4, timeout=10)

    def answer(asked: Asked) -> Answer:
        together.wait()
        return serve_object(data)(asked)

    stub.then = answer
    ranges = [(i * (4 << 20) + j * 1000, 10) for i in range(4) for j in range(25)]
    assert stub_source(stubbed, data).read_many(ranges) == [bytes(10)] * 100
    assert len(stub.asked) == 4


def test_one_signature_serves_many_reads(stub: Stub, stubbed: Connection) -> None:
    stub.then = serve_object(DATA)
    source = stub_source(stubbed)
    for offset in range(5):
        source.read(offset, 10)
    assert len({asked.target for asked in stub.asked}) == 1
    assert {asked.headers["if-match"] for asked in stub.asked} == {f'"{ETAG}"'}


def test_pickles_without_credentials_and_reads_elsewhere(s3_service: Any, bucket: str, boto: Any) -> None:
    from cloud_data_cockpit.s3.connections import resolve

    boto.put_object(Bucket=bucket, Key="k", Body=b"over there")
    write_demo(s3_service.endpoint_url, s3_service.access_key, s3_service.secret_key)
    pickled = pickle.dumps(S3Source(resolve("demo"), make_uri(bucket, "k")))
    assert s3_service.secret_key.encode() not in pickled
    assert s3_service.access_key.encode() not in pickled
    assert len(pickled) < 1500
    code = "import pickle, sys; s = pickle.load(sys.stdin.buffer); sys.stdout.buffer.write(s.read(0, s.size))"
    done = subprocess.run([sys.executable, "-c", code], input=pickled, capture_output=True, check=True)
    assert done.stdout == b"over there"


# --- against a service that misbehaves ---------------------------------------------------------


def good(offset: int = 0, length: int = 10, **headers: str) -> Answer:
    answer = serve_object(DATA)(Asked("GET", "/", {"range": f"bytes={offset}-{offset + length - 1}"}, b""))
    answer.headers |= {k.replace("_", "-"): v for k, v in headers.items()}
    return answer


@pytest.mark.parametrize(
    "trouble",
    [
        fault(500, "InternalError"),
        fault(503, "SlowDown"),
        Answer(502, b"<html>bad gateway"),
        fault(400, "RequestTimeout"),
        fault(429, "TooManyRequests"),
        Answer(reset=True),
        Answer(206, DATA[:10], {"ETag": ETAG, "Content-Range": f"bytes 0-9/{len(DATA)}"}, cut=4),
        Answer(206, DATA[:9], {"ETag": ETAG, "Content-Range": f"bytes 0-9/{len(DATA)}"}),
    ],
    ids=["500", "503", "502", "timeout", "429", "reset", "cut", "short"],
)
def test_what_passes_is_tried_again(stub: Stub, stubbed: Connection, trouble: Answer) -> None:
    stub.first = [trouble, trouble]
    stub.then = serve_object(DATA)
    assert stub_source(stubbed).read(0, 10) == DATA[:10]
    assert len(stub.asked) == 3


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (fault(500, "InternalError"), "the service failed for s3://box/thing"),
        (fault(503, "SlowDown"), "throttled"),
        (Answer(reset=True), "127.0.0.1"),
        (Answer(206, DATA[:10], {"ETag": ETAG, "Content-Range": f"bytes 0-9/{len(DATA)}"}, cut=4), "127.0.0.1"),
    ],
)
def test_what_stays_is_a_service_error(stub: Stub, stubbed: Connection, trouble: Answer, words: str) -> None:
    stub.then = lambda asked: trouble
    with pytest.raises(ServiceError, match=words):
        stub_source(stubbed).read(0, 10)
    assert len(stub.asked) == 5


def test_a_range_answered_with_200_is_an_error_and_its_body_is_not_read(stub: Stub, stubbed: Connection) -> None:
    stub.then = lambda asked: Answer(200, DATA, {"ETag": ETAG})
    with pytest.raises(ServiceError, match="ignores Range"):
        stub_source(stubbed).read(5, 10)
    assert len(stub.asked) == 1
    assert stub_source(stubbed).read(0, len(DATA)) == DATA


@pytest.mark.parametrize(
    "answer",
    [
        good(ETag='"other"'),
        good(Content_Range="bytes 0-9/77"),
        Answer(200, DATA, {"ETag": '"other"'}),
        fault(412, "PreconditionFailed"),
        fault(416, "InvalidRange"),
    ],
    ids=["etag", "total", "etag-200", "412", "416"],
)
def test_another_version_is_source_changed_and_never_tried_again(
    stub: Stub, stubbed: Connection, answer: Answer
) -> None:
    stub.then = lambda asked: answer
    with pytest.raises(SourceChanged):
        stub_source(stubbed).read(0, 10)
    assert len(stub.asked) == 1


@pytest.mark.parametrize(
    "answer", [good(Content_Range="bytes 1-10/300000"), good(Content_Range="nonsense"), good(ETag="")]
)
def test_another_range_or_no_etag_is_a_service_error(stub: Stub, stubbed: Connection, answer: Answer) -> None:
    stub.then = lambda asked: answer
    with pytest.raises(ServiceError, match="cannot be read by ranges"):
        stub_source(stubbed).read(0, 10)


def test_content_encoding_is_not_undone(stub: Stub, stubbed: Connection) -> None:
    stub.then = lambda asked: good(Content_Encoding="gzip")
    assert stub_source(stubbed).read(0, 10) == DATA[:10]


def test_the_first_error_of_many_ends_the_read(stub: Stub, stubbed: Connection) -> None:
    data = bytes(40 << 20)
    stub.then = lambda asked: (
        fault(403, "AccessDenied") if asked.headers["range"].startswith("bytes=8388608") else serve_object(data)(asked)
    )
    from cloud_data_cockpit.errors import AccessDenied

    with pytest.raises(AccessDenied):
        stub_source(stubbed, data).read(0, len(data))
