"""Objects: any key survives put, list, head, read and delete; pages, regions, errors, public buckets."""

from __future__ import annotations

import json
import traceback
from typing import Any

import pytest

from cloud_data_cockpit.errors import AccessDenied, BadRequest, Conflict, NotFound, ServiceError
from cloud_data_cockpit.s3 import objects
from cloud_data_cockpit.s3.connections import Connection, connect
from cloud_data_cockpit.s3.listing import decode_key, parse_listing
from cloud_data_cockpit.s3.source import S3Source

from .stub import DATE, Answer, Stub, fault

KEYS = [
    "plain.csv",
    "sp ace/k ey ",
    " leading",
    "#hash?question",
    "per%20cent %2F %",
    "plus+plus%2B",
    "a//double//slash",
    "dots/./same",
    "dots/../up",
    "../up",
    ".",
    "/leading/slash",
    "//two",
    "umlaut-é-日本-ü",
    "emoji-😀",
    "control-\x01-\x1f-\x7f",
    "tab\tnew\nline",
    "&<>\"'amp",
    "semi;colon:at@eq=tilde~!*()",
    "back\\slash|^`{}[]",
    "trailing/",
    "a/" * 511 + "kk",
    "é" * 512,
]


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_any_key_survives(lab: Connection, bucket: str, boto: Any, key: str) -> None:
    body = b"body of " + key.encode()
    boto.put_object(Bucket=bucket, Key=key, Body=body)
    flat = objects.list_page(lab, bucket, delimiter="")
    assert [o.key for o in flat.objects] == [key]
    assert objects.list_page(lab, bucket, prefix=key[: len(key) // 2], delimiter="").objects == flat.objects
    detail = objects.head(lab, bucket, key)
    assert (detail.key, detail.size, detail.etag) == (key, len(body), flat.objects[0].etag)
    assert objects.parse_uri(detail.uri) == (bucket, key)
    assert S3Source(lab, detail.uri).read_many([(0, 4), (5, len(body) - 5)]) == [body[:4], body[5:]]
    assert objects.exists(lab, bucket, key)
    objects.delete_object(lab, bucket, key)
    assert not objects.exists(lab, bucket, key)
    assert objects.list_page(lab, bucket, delimiter="").objects == []


def test_folders_their_markers_and_pages(lab: Connection, bucket: str, boto: Any) -> None:
    for key in ["a/", "a/1", "a/b/", "a/b/2", "a-", "a.b", "é", "z", "a/ü"]:
        boto.put_object(Bucket=bucket, Key=key, Body=key.encode())
    top = objects.list_page(lab, bucket)
    assert top.prefixes == ["a/"]
    assert [o.key for o in top.objects] == ["a-", "a.b", "z", "é"]
    below = objects.list_page(lab, bucket, "a/")
    assert (below.prefixes, [o.key for o in below.objects]) == (["a/b/"], ["a/1", "a/ü"])
    assert below.next_token is None
    seen: list[str] = []
    token: str | None = None
    for _ in range(20):
        page = objects.list_page(lab, bucket, "a/", token, page_size=1)
        seen += page.prefixes + [o.key for o in page.objects]
        token = page.next_token
        if token is None:
            break
    assert sorted(seen) == ["a/1", "a/b/", "a/ü"]


def test_an_entry_has_all_its_fields(lab: Connection, bucket: str, boto: Any) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"abc", ContentType="text/x-test", Metadata={"Foo": "bar"})
    [entry] = objects.list_page(lab, bucket).objects
    detail = objects.head(lab, bucket, "k")
    assert entry.size == detail.size == 3
    assert entry.etag == detail.etag == "900150983cd24fb0d6963f7d28e17f72"
    assert abs((entry.last_modified - detail.last_modified).total_seconds()) < 2
    assert (detail.content_type, detail.metadata) == ("text/x-test", {"foo": "bar"})
    assert detail.format is None


def test_buckets(lab: Connection, bucket: str) -> None:
    created = objects.create_bucket(lab, f"{bucket}-2")
    listed = {b.name: b for b in objects.list_buckets(lab)}
    assert {bucket, created.name} <= set(listed)
    assert listed[bucket].created is not None
    assert list(listed) == sorted(listed)
    with pytest.raises(Conflict):
        objects.create_bucket(lab, bucket)
    for name in ("No", "a", "x" * 64, "a_b", "a..b", "-ab", "ab/"):
        with pytest.raises(BadRequest, match="lower-case"):
            objects.create_bucket(lab, name)


def test_what_is_missing_is_named(lab: Connection, bucket: str) -> None:
    with pytest.raises(NotFound, match=rf"s3://{bucket}/no/key at http"):
        objects.head(lab, bucket, "no/key")
    for act in (lambda: objects.list_page(lab, "no-such"), lambda: objects.head(lab, "no-such", "k")):
        with pytest.raises(NotFound, match="no bucket 'no-such' at http"):
            act()
    with pytest.raises(NotFound, match="no bucket"):
        objects.exists(lab, "no-such", "k")


def test_a_public_bucket_without_credentials(lab: Connection, bucket: str, boto: Any, s3_service: Any) -> None:
    boto.put_object(Bucket=bucket, Key="k ey", Body=b"public")
    anonymous = connect(anonymous=True, endpoint_url=s3_service.endpoint_url)
    with pytest.raises(AccessDenied, match="choose a connection with credentials"):
        objects.head(anonymous, bucket, "k ey")
    with pytest.raises(AccessDenied, match="not public"):
        objects.list_page(anonymous, bucket)
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    boto.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert [o.key for o in objects.list_page(anonymous, bucket).objects] == ["k ey"]
    source = S3Source(anonymous, objects.make_uri(bucket, "k ey"))
    assert source.read(0, 6) == b"public"
    with pytest.raises(AccessDenied):
        objects.delete_object(anonymous, bucket, "k ey")


def test_anonymous_on_aws_has_no_list_of_buckets_and_asks_nobody() -> None:
    with pytest.raises(AccessDenied, match="type the bucket's name"):
        objects.list_buckets(connect(anonymous=True))


def test_who_may_not_list_still_learns_that_an_object_is_absent(stub: Stub, stubbed: Connection) -> None:
    stub.then = lambda asked: fault(403, "AccessDenied") if "list-type" in asked.query else fault(404, "NoSuchKey")
    assert not objects.exists(stubbed, "box", "k")
    stub.then = lambda asked: fault(403, "AccessDenied")
    with pytest.raises(AccessDenied):
        objects.exists(stubbed, "box", "k")


@pytest.mark.parametrize("uri", ["", "b/k", "s3:/b/k", "http://b/k", "s3://", "s3:///k"])
def test_what_is_no_uri(uri: str) -> None:
    with pytest.raises(BadRequest, match="s3://bucket/key"):
        objects.parse_uri(uri)


def test_uris_are_taken_as_they_are() -> None:
    assert objects.parse_uri("s3://b/a%20b//?x#y+ ") == ("b", "a%20b//?x#y+ ")
    assert objects.parse_uri("s3://b") == ("b", "")
    assert objects.make_uri("b", "/x") == "s3://b//x"
    assert objects.parse_uri("s3://b//x") == ("b", "/x")


@pytest.mark.parametrize("key", ["", "x" * 1025, "é" * 513, "\ud800"])
def test_keys_that_cannot_be_cost_no_request(stub: Stub, stubbed: Connection, key: str) -> None:
    for act in (objects.head, objects.exists, objects.delete_object):
        with pytest.raises(BadRequest):
            act(stubbed, "box", key)
    assert stub.asked == []


def test_page_sizes(stubbed: Connection) -> None:
    for size in (0, 1001):
        with pytest.raises(BadRequest, match="1 to 1000"):
            objects.list_page(stubbed, "box", page_size=size)


# --- other services ----------------------------------------------------------------------------

PAGE = (
    '<?xml version="1.0"?><ListBucketResult{space}>{encoding}<IsTruncated>true</IsTruncated>'
    "<NextContinuationToken>a+b%20=</NextContinuationToken>"
    "<Contents><Key>{key}</Key><LastModified>2026-11-20T10:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
    "<Size>5000000000</Size></Contents></ListBucketResult>"
)
ENCODED = "<EncodingType>url</EncodingType>"


@pytest.mark.parametrize("space", ["", ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'])
@pytest.mark.parametrize(
    ("key", "encoding", "expected"),
    [
        ("a+b%2Bc%01%25/%C3%A9", ENCODED, "a b+c\x01%/é"),
        ("a%20b", ENCODED, "a b"),
        ("a+b%2Bc", "", "a+b%2Bc"),
    ],
)
def test_listings_of_other_services(space: str, key: str, encoding: str, expected: str) -> None:
    body = PAGE.format(space=space, key=key, encoding=encoding).encode()
    page = parse_listing("b", "", body)
    assert [(o.key, o.size, o.etag) for o in page.objects] == [(expected, 5_000_000_000, "e")]
    assert page.next_token == "a+b%20="


def test_a_key_that_is_no_utf8_does_not_hide_the_others() -> None:
    assert decode_key("%ff", True) == "\ufffd"


def test_what_is_no_s3_service_is_said(stub: Stub, stubbed: Connection) -> None:
    for body in (b"<html></html>", b"", b"<ListBucketResult><Contents/></ListBucketResult>", b"\x00"):
        stub.then = lambda asked, body=body: Answer(200, body)  # type: ignore[misc]
        with pytest.raises(ServiceError, match="check that this is an S3 service"):
            objects.list_page(stubbed, "box")
    with pytest.raises(ServiceError):
        objects.list_buckets(stubbed)


@pytest.mark.parametrize(
    "redirect",
    [
        fault(301, "PermanentRedirect", x_amz_bucket_region="eu-west-3"),
        fault(400, "AuthorizationHeaderMalformed", more="<Region>eu-west-3</Region>"),
        Answer(307, b"", {"x-amz-bucket-region": "eu-west-3", "Location": "http://elsewhere.example/"}),
    ],
)
def test_a_bucket_in_another_region_is_asked_there_once_and_remembered(
    stub: Stub, stubbed: Connection, redirect: Answer
) -> None:
    stub.first = [redirect] * (2 if b"<Region>" in redirect.body else 1)  # a HEAD has no body to tell it
    stub.then = lambda asked: Answer(200, b"", {"ETag": '"e"', "Last-Modified": DATE, "Content-Length": "3"})
    assert objects.head(stubbed, "far", "k").size == 3
    assert objects.head(stubbed, "far", "k").size == 3
    assert objects.head(stubbed, "near", "k").size == 3
    regions = [asked.query["X-Amz-Credential"].split("/")[2] for asked in stub.asked]
    assert regions[0] == "us-east-1"
    assert regions[-3:] == ["eu-west-3", "eu-west-3", "us-east-1"]


def test_a_redirect_without_end_or_to_another_host_is_not_followed(stub: Stub, stubbed: Connection) -> None:
    stub.then = lambda asked: fault(301, "PermanentRedirect", x_amz_bucket_region=f"eu-west-{len(stub.asked)}")
    with pytest.raises(ServiceError, match="redirect"):
        objects.list_page(stubbed, "far")
    assert len(stub.asked) == 2
    stub.then = lambda asked: Answer(302, b"", {"Location": stub.endpoint_url + "/other"})
    with pytest.raises(ServiceError, match="not followed"):
        objects.list_page(stubbed, "far")
    assert len(stub.asked) == 3


def test_expired_credentials_are_looked_up_anew_once(stub: Stub, stubbed: Connection) -> None:
    from cloud_data_cockpit.errors import CredentialsError

    stub.then = lambda asked: fault(400, "ExpiredToken")
    before = stubbed.client
    with pytest.raises(CredentialsError, match="expired"):
        objects.list_page(stubbed, "box")
    assert len(stub.asked) == 2
    assert stubbed.client is not before


def test_an_unreachable_service_is_named_soon() -> None:
    nowhere = connect("nowhere", endpoint_url="http://127.0.0.1:9", access_key="a", secret_key="b")
    for act in (lambda: objects.list_page(nowhere, "box"), lambda: objects.list_buckets(nowhere)):
        with pytest.raises(ServiceError, match=r"http://127\.0\.0\.1:9 could not be reached.*refused.*network"):
            act()


def test_a_head_that_is_refused_gets_its_reason_from_a_get(stub: Stub, stubbed: Connection) -> None:
    from cloud_data_cockpit.errors import CredentialsError

    stub.then = lambda asked: fault(403, "RequestTimeTooSkewed")
    with pytest.raises(CredentialsError, match="clock") as told:
        objects.head(stubbed, "box", "k")
    assert "During handling" not in "".join(traceback.format_exception(told.value))  # one reason, told once
    assert [asked.method for asked in stub.asked] == ["HEAD", "GET"]
    assert stub.asked[1].headers["range"] == "bytes=0-0"
