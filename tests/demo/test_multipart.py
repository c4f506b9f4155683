"""Multipart uploads: parts in any order, listing, completing, aborting, copying, joined checksums."""

from __future__ import annotations

import base64
import hashlib
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud_data_cockpit.demo.process import DemoProcess

from .test_objects import refused

MIB = 1 << 20


def start(boto: Any, bucket: str, key: str = "mp", **more: Any) -> dict[str, Any]:
    """What every call about a fresh upload names."""
    upload = boto.create_multipart_upload(Bucket=bucket, Key=key, **more)["UploadId"]
    return {"Bucket": bucket, "Key": key, "UploadId": upload}


def put(boto: Any, upload: dict[str, Any], number: int, body: bytes, **more: Any) -> dict[str, Any]:
    """Upload a part; returns how a completion names it."""
    return {"PartNumber": number, "ETag": boto.upload_part(**upload, PartNumber=number, Body=body, **more)["ETag"]}


def test_parts_in_any_order_at_once(boto: Any, bucket: str) -> None:
    bodies = [os.urandom(5 * MIB), os.urandom(5 * MIB), b"tail"]
    upload = start(boto, bucket, ContentType="text/plain", Metadata={"m": "1"})
    with ThreadPoolExecutor(3) as pool:
        parts = list(pool.map(lambda number: put(boto, upload, number, bodies[number - 1]), [3, 1, 2]))
    listed = boto.list_parts(**upload)["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, 5 * MIB), (2, 5 * MIB), (3, 4)]
    assert [item["UploadId"] for item in boto.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload["UploadId"]]
    parts.sort(key=lambda part: part["PartNumber"])
    done = boto.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    digests = b"".join(hashlib.md5(body).digest() for body in bodies)
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    whole, found = b"".join(bodies), boto.get_object(Bucket=bucket, Key="mp")
    assert found["Body"].read() == whole
    assert (found["ContentType"], found["Metadata"], found["ETag"]) == ("text/plain", {"m": "1"}, done["ETag"])
    across = boto.get_object(Bucket=bucket, Key="mp", Range=f"bytes={5 * MIB - 3}-{10 * MIB + 1}")["Body"].read()
    assert across == whole[5 * MIB - 3 : 10 * MIB + 2]
    second = boto.get_object(Bucket=bucket, Key="mp", PartNumber=2)
    assert (second["Body"].read(), second["PartsCount"]) == (bodies[1], 3)
    assert "Uploads" not in boto.list_multipart_uploads(Bucket=bucket)


def test_what_cannot_be_completed(boto: Any, bucket: str) -> None:
    upload = start(boto, bucket)
    parts = [put(boto, upload, number, b"small") for number in (1, 2)]

    def attempt(parts: list[dict[str, Any]], **more: Any) -> tuple[int, str]:
        return refused(boto.complete_multipart_upload, **upload, MultipartUpload={"Parts": parts}, **more)

    assert attempt([{"PartNumber": 1, "ETag": '"00"'}]) == (400, "InvalidPart")
    assert attempt([*parts, {"PartNumber": 3, "ETag": parts[0]["ETag"]}]) == (400, "InvalidPart")
    assert attempt(parts[::-1]) == (400, "InvalidPartOrder")
    assert attempt(parts) == (400, "EntityTooSmall")
    assert attempt(parts[:1], MpuObjectSize=6) == (400, "InvalidRequest")
    boto.put_object(Bucket=bucket, Key="mp", Body=b"there")
    assert attempt(parts[:1], IfNoneMatch="*") == (412, "PreconditionFailed")
    assert boto.get_object(Bucket=bucket, Key="mp")["Body"].read() == b"there"
    boto.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts[:1]})
    assert boto.get_object(Bucket=bucket, Key="mp")["Body"].read() == b"small"
    assert attempt(parts[:1]) == (404, "NoSuchUpload")


def test_aborting_leaves_nothing(boto: Any, bucket: str, s3_service: DemoProcess) -> None:
    def bodies() -> set[Path]:
        return {file for file in (s3_service.directory / "bodies").rglob("*") if file.is_file()}

    before = bodies()
    upload = start(boto, bucket)
    put(boto, upload, 1, b"one")
    put(boto, upload, 1, b"one again")
    assert len(bodies() - before) == 1
    boto.abort_multipart_upload(**upload)
    assert bodies() == before
    assert refused(boto.list_parts, **upload) == (404, "NoSuchUpload")
    assert refused(boto.upload_part, **upload, PartNumber=1, Body=b"x") == (404, "NoSuchUpload")
    with pytest.raises(ClientError) as told:
        boto.upload_part(**upload, PartNumber=1, Body=b"x")
    assert told.value.response["ResponseMetadata"]["HTTPHeaders"]["connection"] == "close"
    assert refused(boto.head_object, Bucket=bucket, Key="mp")[0] == 404


def test_pages_of_parts(boto: Any, bucket: str) -> None:
    upload = start(boto, bucket)
    for number in (1, 5, 9):
        put(boto, upload, number, b"x")
    pages = list(boto.get_paginator("list_parts").paginate(**upload, PaginationConfig={"PageSize": 2}))
    assert [[part["PartNumber"] for part in page["Parts"]] for page in pages] == [[1, 5], [9]]


@pytest.mark.parametrize("number", [0, 10_001])
def test_part_numbers_have_limits(boto: Any, bucket: str, number: int) -> None:
    assert refused(boto.upload_part, **start(boto, bucket), PartNumber=number, Body=b"") == (400, "InvalidArgument")


def test_a_part_copied_from_an_object(boto: Any, bucket: str) -> None:
    body = os.urandom(6 * MIB)
    boto.put_object(Bucket=bucket, Key="source", Body=body)
    upload = start(boto, bucket)
    source = {"Bucket": bucket, "Key": "source"}
    copied = boto.upload_part_copy(**upload, PartNumber=1, CopySource=source, CopySourceRange=f"bytes=7-{5 * MIB + 6}")
    whole = boto.upload_part_copy(**upload, PartNumber=2, CopySource=source)
    parts = [{"PartNumber": n, "ETag": r["CopyPartResult"]["ETag"]} for n, r in ((1, copied), (2, whole))]
    boto.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert boto.get_object(Bucket=bucket, Key="mp")["Body"].read() == body[7 : 5 * MIB + 7] + body
    beyond = {"CopySource": source, "CopySourceRange": f"bytes=0-{6 * MIB}"}
    assert refused(boto.upload_part_copy, **start(boto, bucket), PartNumber=1, **beyond) == (400, "InvalidArgument")


@pytest.mark.parametrize("kind", ["COMPOSITE", "FULL_OBJECT"])
def test_joined_checksums(boto: Any, bucket: str, kind: str) -> None:
    bodies = [os.urandom(5 * MIB), b"tail"]
    upload = start(boto, bucket, ChecksumAlgorithm="CRC32", ChecksumType=kind)
    parts = [put(boto, upload, number, body, ChecksumAlgorithm="CRC32") for number, body in enumerate(bodies, 1)]
    done = boto.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    each = b"".join(zlib.crc32(body).to_bytes(4, "big") for body in bodies)
    value = zlib.crc32(each) if kind == "COMPOSITE" else zlib.crc32(b"".join(bodies))
    text = base64.b64encode(value.to_bytes(4, "big")).decode() + ("-2" if kind == "COMPOSITE" else "")
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (text, kind)
    assert boto.head_object(Bucket=bucket, Key="mp", ChecksumMode="ENABLED")["ChecksumCRC32"] == text


def test_deleting_a_bucket_ends_its_uploads(boto: Any, bucket: str) -> None:
    upload = start(boto, bucket)
    put(boto, upload, 1, b"x")
    boto.delete_bucket(Bucket=bucket)
    boto.create_bucket(Bucket=bucket)
    assert refused(boto.list_parts, **upload) == (404, "NoSuchUpload")
