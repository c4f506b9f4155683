"""Objects over HTTP: keys of any kind, metadata, ranges, conditions, copies, deleting, versions, checksums."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud_data_cockpit.demo.process import DemoProcess

from .wire import send, signed, target_of

KEYS = [
    "sp ace/k ey", "uni/été-日本-😀", "plus+sign", "per%20cent", "%2F", "amp&lt<gt>", "quote'\"q", "tilde~!*()",
    "semi;colon:at@", "eq=val", "a#hash?q", "trail/slash/", "x//double//slash", "/leading", "dots/./same",
    "dots/../up", "..", ".", "back\\slash", "control\x01\x1f\x7f", "new\nline\r", "dir", "dir/child", "k" * 1024,
    "seg/" + "é" * 510,
]  # fmt: skip


def refused(call: Any, **arguments: Any) -> tuple[int, str]:
    """(status, code) of the error a boto3 call meets."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: ascii(key[:20]))
def test_a_key_comes_back_as_it_went(boto: Any, bucket: str, key: str) -> None:
    boto.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert boto.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert [item["Key"] for item in boto.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    assert boto.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "none"}]})["Deleted"] == [{"Key": "none"}]
    boto.delete_object(Bucket=bucket, Key=key)
    assert refused(boto.get_object, Bucket=bucket, Key=key) == (404, "NoSuchKey")


def test_a_key_may_not_be_too_long_nor_broken(boto: Any, bucket: str, s3_service: DemoProcess) -> None:
    assert refused(boto.put_object, Bucket=bucket, Key="k" * 1025, Body=b"") == (400, "KeyTooLongError")
    assert signed(s3_service, "PUT", f"/{bucket}/%ff%fe", b"x").code == "InvalidURI"
    assert signed(s3_service, "PUT", f"/{bucket}/%zz", b"x").code == "InvalidURI"


def test_what_is_said_about_an_object_is_kept(boto: Any, bucket: str) -> None:
    body = os.urandom(100_000)
    said = {
        "ContentType": "text/x",
        "CacheControl": "max-age=5",
        "ContentDisposition": 'attachment; filename="q.txt"',
        "ContentEncoding": "gzip",
        "Metadata": {"foo": "Bar baz"},
    }
    etag = boto.put_object(Bucket=bucket, Key="k", Body=body, **said)["ETag"]
    assert etag == f'"{hashlib.md5(body).hexdigest()}"'
    found = boto.head_object(Bucket=bucket, Key="k")
    assert {name: found[name] for name in said} == said
    assert (found["ContentLength"], found["ETag"], found["AcceptRanges"]) == (100_000, etag, "bytes")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("0-0", 0, 1), ("10-19", 10, 20), ("990-", 990, 1000), ("990-5000", 990, 1000), ("-5", 995, 1000),
     ("-5000", 0, 1000), ("0-999", 0, 1000)],
)  # fmt: skip
def test_ranges(boto: Any, bucket: str, asked: str, start: int, end: int) -> None:
    body = os.urandom(1000)
    boto.put_object(Bucket=bucket, Key="r", Body=body)
    found = boto.get_object(Bucket=bucket, Key="r", Range=f"bytes={asked}")
    assert found["Body"].read() == body[start:end]
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert found["ContentRange"] == f"bytes {start}-{end - 1}/1000"


@pytest.mark.parametrize("asked", ["1000-2000", "1000-", "-0"])
def test_ranges_beyond_the_end(boto: Any, bucket: str, asked: str) -> None:
    boto.put_object(Bucket=bucket, Key="r", Body=b"x" * 1000)
    assert refused(boto.get_object, Bucket=bucket, Key="r", Range=f"bytes={asked}") == (416, "InvalidRange")


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=a-b"])
def test_what_is_no_range_is_ignored(boto: Any, bucket: str, s3_service: DemoProcess, asked: str) -> None:
    boto.put_object(Bucket=bucket, Key="r", Body=b"0123456789")
    answer = signed(s3_service, "GET", f"/{bucket}/r", headers={"Range": asked})
    assert (answer.status, answer.body) == (200, b"0123456789")


def test_conditions_of_reads(boto: Any, bucket: str) -> None:
    etag = boto.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    there = {"Bucket": bucket, "Key": "k"}
    assert boto.get_object(**there, IfMatch=etag)["Body"].read() == b"1"
    assert refused(boto.get_object, **there, IfMatch='"other"') == (412, "PreconditionFailed")
    assert refused(boto.get_object, **there, IfNoneMatch=etag)[0] == 304
    assert refused(boto.head_object, **there, IfMatch='"other"')[0] == 412
    modified = boto.head_object(**there)["LastModified"]
    assert refused(boto.get_object, **there, IfModifiedSince=modified)[0] == 304
    assert boto.head_object(**there, IfUnmodifiedSince=modified)["ETag"] == etag


def test_conditions_of_writes(boto: Any, bucket: str) -> None:
    etag = boto.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    there = {"Bucket": bucket, "Key": "k"}
    assert refused(boto.put_object, **there, Body=b"2", IfNoneMatch="*") == (412, "PreconditionFailed")
    boto.put_object(**there, Body=b"3", IfMatch=etag)
    assert refused(boto.put_object, **there, Body=b"4", IfMatch=etag) == (412, "PreconditionFailed")
    assert refused(boto.put_object, Bucket=bucket, Key="no", Body=b"", IfMatch=etag) == (404, "NoSuchKey")
    assert boto.get_object(**there)["Body"].read() == b"3"


def test_of_many_writers_one_is_first(boto: Any, bucket: str) -> None:
    def put(number: int) -> bytes | None:
        try:
            boto.put_object(Bucket=bucket, Key="race", Body=b"%d" % number, IfNoneMatch="*")
        except ClientError:
            return None
        return b"%d" % number

    with ThreadPoolExecutor(8) as pool:
        winners = [body for body in pool.map(put, range(16)) if body is not None]
    assert winners == [boto.get_object(Bucket=bucket, Key="race")["Body"].read()]


def test_copies(boto: Any, bucket: str) -> None:
    body = os.urandom(200_000)
    boto.put_object(Bucket=bucket, Key="a b/é", Body=body, Metadata={"one": "1"}, Tagging="t=1")
    source = {"Bucket": bucket, "Key": "a b/é"}
    boto.copy_object(Bucket=bucket, Key="kept", CopySource=source)
    boto.copy_object(Bucket=bucket, Key="new", CopySource=source, MetadataDirective="REPLACE", Metadata={"n": "2"})
    assert boto.head_object(Bucket=bucket, Key="kept")["Metadata"] == {"one": "1"}
    assert boto.get_object_tagging(Bucket=bucket, Key="kept")["TagSet"] == [{"Key": "t", "Value": "1"}]
    assert boto.head_object(Bucket=bucket, Key="new")["Metadata"] == {"n": "2"}
    boto.delete_object(Bucket=bucket, Key="a b/é")
    assert boto.get_object(Bucket=bucket, Key="kept")["Body"].read() == body
    assert refused(boto.copy_object, Bucket=bucket, Key="x", CopySource=source) == (404, "NoSuchKey")
    same = {"Bucket": bucket, "Key": "kept"}
    assert refused(boto.copy_object, **same, CopySource=same) == (400, "InvalidRequest")


def test_many_are_deleted_at_once(boto: Any, bucket: str) -> None:
    for number in range(5):
        boto.put_object(Bucket=bucket, Key=f"d/{number}&<", Body=b"")
    wanted = [{"Key": f"d/{number}&<"} for number in range(5)]
    done = boto.delete_objects(Bucket=bucket, Delete={"Objects": [*wanted, {"Key": "none"}]})
    assert len(done["Deleted"]) == 6
    assert "Contents" not in boto.list_objects_v2(Bucket=bucket)


def test_versions(boto: Any, bucket: str) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"0")
    boto.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first, second = (boto.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"1", b"2"))
    marker = boto.delete_object(Bucket=bucket, Key="k")["VersionId"]
    found = boto.list_object_versions(Bucket=bucket)
    assert [item["VersionId"] for item in found["Versions"]] == [second, first, "null"]
    assert [item["IsLatest"] for item in found["DeleteMarkers"]] == [True]
    assert refused(boto.get_object, Bucket=bucket, Key="k") == (404, "NoSuchKey")
    assert "Contents" not in boto.list_objects_v2(Bucket=bucket)
    for version, body in ((first, b"1"), (second, b"2"), ("null", b"0")):
        assert boto.get_object(Bucket=bucket, Key="k", VersionId=version)["Body"].read() == body
    boto.delete_object(Bucket=bucket, Key="k", VersionId=marker)
    boto.delete_object(Bucket=bucket, Key="k", VersionId=second)
    assert boto.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    assert refused(boto.get_object, Bucket=bucket, Key="k", VersionId=second) == (404, "NoSuchVersion")


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_are_checked_kept_and_returned(boto: Any, bucket: str, algorithm: str) -> None:
    put = boto.put_object(Bucket=bucket, Key="k", Body=b"hello", ChecksumAlgorithm=algorithm)
    got = boto.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"hello"  # boto3 compares it with the checksum
    assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    wrong = {f"Checksum{algorithm}": "AAAA" * 7 if algorithm != "CRC32" else "AAAAAA=="}
    assert refused(boto.put_object, Bucket=bucket, Key="bad", Body=b"hello", **wrong) == (400, "BadDigest")
    assert refused(boto.head_object, Bucket=bucket, Key="bad")[0] == 404


@pytest.mark.parametrize(("algorithm", "value"), [("crc32c", "mnG7TA=="), ("crc64nvme", "M3eFcAZSQlc=")])
def test_checksums_without_help_of_an_sdk(
    boto: Any, bucket: str, s3_service: DemoProcess, algorithm: str, value: str
) -> None:
    headers = {f"x-amz-checksum-{algorithm}": value}
    assert signed(s3_service, "PUT", f"/{bucket}/k", b"hello", headers).status == 200
    got = signed(s3_service, "GET", f"/{bucket}/k", headers={"x-amz-checksum-mode": "ENABLED"})
    assert got.headers[f"x-amz-checksum-{algorithm}"] == value
    assert signed(s3_service, "PUT", f"/{bucket}/k", b"hellO", headers).code == "BadDigest"
    assert boto.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"


def test_content_md5(bucket: str, s3_service: DemoProcess) -> None:
    headers = {"Content-MD5": "XUFAKrxLKna5cZ2REBfFkg=="}
    assert signed(s3_service, "PUT", f"/{bucket}/k", b"hello", headers).status == 200
    assert signed(s3_service, "PUT", f"/{bucket}/k", b"hellO", headers).code == "BadDigest"
    assert signed(s3_service, "PUT", f"/{bucket}/k", b"x", {"Content-MD5": "no"}).code == "InvalidDigest"


def test_subresources_never_touch_the_body(boto: Any, bucket: str, s3_service: DemoProcess) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"body")
    boto.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert boto.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "b"}]
    boto.put_object_acl(Bucket=bucket, Key="k", ACL="public-read")
    for unknown in ("retention", "legal-hold", "torrent"):
        assert signed(s3_service, "PUT", f"/{bucket}/k?{unknown}", b"<x/>").code == "NotImplemented"
    found = boto.get_object(Bucket=bucket, Key="k")
    assert (found["Body"].read(), found["TagCount"]) == (b"body", 1)


def test_attributes(boto: Any, bucket: str) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"hello", ChecksumAlgorithm="SHA256")
    wanted = ["ETag", "ObjectSize", "Checksum"]
    found = boto.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=wanted)
    assert found["ObjectSize"] == 5
    assert found["ETag"] == hashlib.md5(b"hello").hexdigest()
    assert found["Checksum"]["ChecksumSHA256"] == "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="


def test_buckets(boto: Any, bucket: str) -> None:
    assert bucket in [item["Name"] for item in boto.list_buckets()["Buckets"]]
    assert refused(boto.create_bucket, Bucket=bucket) == (409, "BucketAlreadyOwnedByYou")
    assert refused(boto.list_objects_v2, Bucket="no-such") == (404, "NoSuchBucket")
    assert refused(boto.head_bucket, Bucket="no-such")[0] == 404
    boto.put_object(Bucket=bucket, Key="k", Body=b"")
    assert refused(boto.delete_bucket, Bucket=bucket) == (409, "BucketNotEmpty")
    boto.delete_object(Bucket=bucket, Key="k")
    boto.delete_bucket(Bucket=bucket)
    assert refused(boto.head_bucket, Bucket=bucket)[0] == 404


@pytest.mark.parametrize("name", ["ab", "UPPER", "a..b", "-a-", "192.168.1.1", "under_score", "a" * 64])
def test_names_no_bucket_may_have(s3_service: DemoProcess, name: str) -> None:
    assert signed(s3_service, "PUT", f"/{name}").code == "InvalidBucketName"


def test_a_bucket_as_the_host(boto: Any, bucket: str, s3_service: DemoProcess, boto_for: Any) -> None:
    boto.put_object(Bucket=bucket, Key="a/b", Body=b"1")
    port = s3_service.endpoint_url.rpartition(":")[2]
    endpoint = f"http://localhost:{port}"
    client = boto_for(s3_service, endpoint_url=endpoint, config={"s3": {"addressing_style": "virtual"}})
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a/b"})
    client.close()
    assert url.startswith(f"http://{bucket}.localhost:{port}/a/b?")
    answer = send(s3_service, "GET", target_of(url), headers={"Host": f"{bucket}.localhost:{port}"})
    assert (answer.status, answer.body) == (200, b"1")


def test_overwriting_leaves_readers_alone(boto: Any, bucket: str, s3_service: DemoProcess) -> None:
    old = os.urandom(32 << 20)
    boto.put_object(Bucket=bucket, Key="k", Body=old)
    stream = boto.get_object(Bucket=bucket, Key="k")["Body"]
    begun = stream.read(1 << 20)
    boto.put_object(Bucket=bucket, Key="k", Body=b"new")
    assert begun + stream.read() == old
    assert boto.get_object(Bucket=bucket, Key="k")["Body"].read() == b"new"


def test_who_pays_may_be_said(boto: Any, bucket: str) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"x", RequestPayer="requester")
    assert boto.get_object(Bucket=bucket, Key="k", RequestPayer="requester")["Body"].read() == b"x"
    assert boto.list_objects_v2(Bucket=bucket, RequestPayer="requester")["KeyCount"] == 1
