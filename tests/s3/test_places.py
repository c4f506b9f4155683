"""Places that people paste: every form that S3 has is understood, keys come out exactly, the rest is refused."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from cloud_data_cockpit.errors import BadRequest
from cloud_data_cockpit.s3.objects import make_uri, parse_uri
from cloud_data_cockpit.s3.places import parse_place

POINT = "arn:aws:s3:eu-west-1:123456789012:accesspoint"
AWS = [
    ("s3://box/a/b.csv", "box", "a/b.csv", None),
    ("s3a://box/a%20b+c?d#e ", "box", "a%20b+c?d#e ", None),
    ("S3://box", "box", "", None),
    ("  s3://box/a/\n", "box", "a/", None),
    ("box/some/key", "box", "some/key", None),
    ("s3://box//lead", "box", "/lead", None),
    ("arn:aws:s3:::box/a b", "box", "a b", None),
    ("arn:aws-cn:s3:::box", "box", "", None),
    (f"{POINT}/mine", f"{POINT}:mine", "", "eu-west-1"),
    (f"{POINT}/mine/object/a/b", f"{POINT}:mine", "a/b", "eu-west-1"),
    (f"{POINT}:mine/a/b", f"{POINT}:mine", "a/b", "eu-west-1"),
    (f"s3://{POINT}/mine/object/a", f"{POINT}:mine", "a", "eu-west-1"),
    (
        "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/mine/object/k",
        "arn:aws:s3-outposts:us-west-2:123456789012:outpost:op-1:accesspoint:mine",
        "k",
        "us-west-2",
    ),
    ("https://s3.amazonaws.com/box/a%20b%2Bc+d", "box", "a b+c+d", None),
    ("https://s3.eu-west-3.amazonaws.com/box/a%2520b", "box", "a%20b", "eu-west-3"),
    ("https://s3-eu-west-1.amazonaws.com/box/k", "box", "k", "eu-west-1"),
    ("https://s3.cn-north-1.amazonaws.com.cn/box/k", "box", "k", "cn-north-1"),
    ("https://s3.dualstack.us-gov-west-1.amazonaws.com/box//k", "box", "/k", "us-gov-west-1"),
    ("https://box.s3.amazonaws.com/", "box", "", None),
    ("https://box.s3.amazonaws.com", "box", "", None),
    ("https://my.dotted.box.s3.us-east-2.amazonaws.com/a#b", "my.dotted.box", "a#b", "us-east-2"),
    ("https://box.s3-us-west-2.amazonaws.com/k", "box", "k", "us-west-2"),
    ("https://box.s3.dualstack.eu-west-1.amazonaws.com/k", "box", "k", "eu-west-1"),
    ("https://box.s3-fips.us-east-1.amazonaws.com/k", "box", "k", "us-east-1"),
    ("https://box.s3-accelerate.amazonaws.com/k", "box", "k", None),
    ("https://box.s3-accelerate.dualstack.amazonaws.com/k", "box", "k", None),
    ("http://box.s3-website-us-east-1.amazonaws.com/d/", "box", "d/", "us-east-1"),
    ("http://box.s3-website.eu-central-1.amazonaws.com/d/", "box", "d/", "eu-central-1"),
    ("https://mine-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/k", f"{POINT}:mine", "k", "eu-west-1"),
    ("https://box.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0", "box", "k", None),
    ("https://s3.console.aws.amazon.com/s3/buckets/box?region=eu-west-1&prefix=a/b/", "box", "a/b/", "eu-west-1"),
    (
        "https://eu-west-1.console.aws.amazon.com/s3/object/box?region=eu-west-1&prefix=a%2Fb%2Bc%20d",
        "box",
        "a/b+c d",
        "eu-west-1",
    ),
    ("https://us-east-1.console.aws.amazon.com/s3/buckets/box", "box", "", None),
]


@pytest.mark.parametrize(("text", "bucket", "key", "region"), AWS)
def test_forms_of_aws(text: str, bucket: str, key: str, region: str | None) -> None:
    found = parse_place(text)
    assert (found.bucket, found.key, found.region, found.endpoint_hint) == (bucket, key, region, None)
    assert parse_uri(make_uri(found.bucket, found.key)) == (bucket, key)


@pytest.mark.parametrize(
    ("text", "bucket", "key", "hint"),
    [
        ("http://127.0.0.1:9000/box/a%20b", "box", "a b", "http://127.0.0.1:9000"),
        ("http://localhost/box/k", "box", "k", "http://localhost"),
        ("http://[::1]:9000/box/k", "box", "k", "http://[::1]:9000"),
        ("https://minio.example/box/k", "box", "k", "https://minio.example"),
        ("https://box.s3.fr-par.scw.cloud/k", "box", "k", "https://s3.fr-par.scw.cloud"),
        ("https://s3.fr-par.scw.cloud/box/k", "box", "k", "https://s3.fr-par.scw.cloud"),
        ("https://storage.googleapis.com/box/k", "box", "k", "https://storage.googleapis.com"),
        ("https://box.storage.googleapis.com/k", "box", "k", "https://storage.googleapis.com"),
        ("https://box.nyc3.digitaloceanspaces.com/k", "box", "k", "https://nyc3.digitaloceanspaces.com"),
        ("https://data.example/box/k?X-Amz-Signature=1", "box", "k", "https://data.example"),
    ],
)
def test_other_services(text: str, bucket: str, key: str, hint: str) -> None:
    found = parse_place(text)
    assert (found.bucket, found.key, found.endpoint_hint) == (bucket, key, hint)


def test_services_that_a_connection_knows() -> None:
    known = ["https://data.example", "http://lab.example:9000/root/"]
    for text, hint in (
        ("https://data.example/box/k", known[0]),
        ("https://box.data.example:443/k", known[0]),
        ("http://lab.example:9000/root/box/k", "http://lab.example:9000/root"),
    ):
        found = parse_place(text, known)
        assert (found.bucket, found.key, found.endpoint_hint) == ("box", "k", hint)


def test_versions() -> None:
    assert parse_place("https://box.s3.amazonaws.com/k?versionId=abc").version_id == "abc"
    assert parse_place("https://s3.console.aws.amazon.com/s3/object/box?prefix=k&versionId=v").version_id == "v"
    assert parse_place("https://s3.amazonaws.com/box/k?versionId=").version_id is None


KEYS = [
    "../up",
    "%2e%2e/x",
    "//two",
    "/lead",
    "a b ",
    " a",
    "<img onerror=x>",
    "\u202eabc",
    "tab\there",
    "é" * 512,
    "#?&=+%",
]


@pytest.mark.parametrize("key", KEYS)
def test_hostile_keys_come_out_exactly(key: str) -> None:
    assert parse_place(f"s3://box/{key}").key == key
    for begin in (
        "https://s3.amazonaws.com/box/",
        "https://box.s3.eu-west-1.amazonaws.com/",
        "http://127.0.0.1:1/box/",
    ):
        assert parse_place(begin + quote(key, safe="/")).key == key
    console = "https://s3.console.aws.amazon.com/s3/object/box?prefix="
    assert parse_place(console + quote(key, safe="")).key == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s3://",
        "s3:///key",
        "a",
        "ftp://box/k",
        "arn:aws:s3",
        "arn:aws:iam::123456789012:role/x",
        "https://",
        "https:///k",
        "https://s3.amazonaws.com/",
        "https://ec2.amazonaws.com/box/k",
        "https://example.com/page.html",
        "https://user:secret@s3.amazonaws.com/box/k",
        "https://s3.amazonaws.com:port/box/k",
        "https://console.aws.amazon.com/ec2/home",
        "https://s3.amazonaws.com/box/%ff",
        "<img src=x onerror=alert(1)>",
    ],
)
def test_what_is_no_place_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadRequest, match=r"s3://bucket/key|arn:aws:s3|UTF-8"):
        parse_place(text)


def test_a_secret_in_an_address_is_not_repeated() -> None:
    with pytest.raises(BadRequest) as raised:
        parse_place("https://user:hunter2@s3.amazonaws.com/box/k")
    assert "hunter2" not in raised.value.message
