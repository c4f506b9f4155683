"""Bodies in aws-chunked framing: with signed chunks, with trailing checksums, and broken in every way."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.demo.auth import ChunkKey
from cloud_data_cockpit.demo.bodies import Expected, FileSink
from cloud_data_cockpit.demo.chunked import ChunkedSink
from cloud_data_cockpit.demo.files import BodyFiles
from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.demo.s3errors import S3Error

from .wire import Answer, signed

UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
KEY = ChunkKey(b"key", "20260101T000000Z", "20260101/r/s3/aws4_request", "0" * 64)
BODY = bytes(range(256)) * 300


def crc(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def framed(data: bytes, size: int, trailer: str) -> bytes:
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return chunks + b"0\r\n" + trailer.encode() + b"\r\n"


def signed_chunks(data: bytes, size: int, *, trailer: str = "") -> bytes:
    previous, out = KEY.seed, b""
    empty = hashlib.sha256(b"").hexdigest()

    def sign(*lines: str) -> str:
        text = "\n".join([lines[0], KEY.moment, KEY.scope, *lines[1:]])
        return hmac.new(KEY.key, text.encode(), "sha256").hexdigest()

    for piece in [*(data[start : start + size] for start in range(0, len(data), size)), b""]:
        previous = sign("AWS4-HMAC-SHA256-PAYLOAD", previous, empty, hashlib.sha256(piece).hexdigest())
        end = b"\r\n" if piece else b""
        out += b"%x;chunk-signature=%b\r\n%b%b" % (len(piece), previous.encode(), piece, end)
    if trailer:
        text = hashlib.sha256(f"{trailer}\n".encode()).hexdigest()
        last = sign("AWS4-HMAC-SHA256-TRAILER", previous, text)
        out += f"{trailer}\r\nx-amz-trailer-signature:{last}\r\n".encode()
    return out + b"\r\n"


def decode(tmp_path: Path, wire: bytes, mode: str, length: int, step: int, headers: dict[str, str]) -> bytes:
    """What a ChunkedSink makes of these bytes, given `step` at a time."""

    async def run() -> bytes:
        files = BodyFiles(tmp_path)
        with ThreadPoolExecutor(1) as pool:
            inner = FileSink(files, pool, {"CRC32"})
            sink = ChunkedSink(inner, mode, KEY if "HMAC" in mode else None, expected := Expected(headers), length)
            try:
                for start in range(0, len(wire), step):
                    await sink.write(wire[start : start + step])
                sink.finish()
                await inner.close()
                expected.check(inner)
                name = inner.keep()
                return files.path(name).read_bytes() if name else b""
            finally:
                sink.discard()
                assert list((tmp_path / "incoming").iterdir()) == []

    return asyncio.run(run())


TRAILED = {"x-amz-trailer": "x-amz-checksum-crc32"}


@pytest.mark.parametrize("step", [1, 7, 4096, 1 << 20])
@pytest.mark.parametrize("body", [b"", b"x", BODY], ids=["empty", "one", "many"])
def test_any_splitting_gives_the_body(tmp_path: Path, body: bytes, step: int) -> None:
    trailer = f"x-amz-checksum-crc32:{crc(body)}\r\n"
    assert decode(tmp_path, framed(body, 10_000, trailer), UNSIGNED, len(body), step, TRAILED) == body
    assert decode(tmp_path, signed_chunks(body, 10_000), SIGNED, len(body), step, {}) == body
    both = signed_chunks(body, 10_000, trailer=f"x-amz-checksum-crc32:{crc(body)}")
    assert decode(tmp_path, both, f"{SIGNED}-TRAILER", len(body), step, TRAILED) == body


def test_a_changed_chunk_is_refused(tmp_path: Path) -> None:
    wire = signed_chunks(BODY, 10_000)
    for place in (100, 60_000, 20):
        changed = bytearray(wire)
        changed[place] ^= 1
        with pytest.raises(S3Error, match=r"SignatureDoesNotMatch|InvalidRequest"):
            decode(tmp_path, bytes(changed), SIGNED, len(BODY), 4096, {})
    swapped = signed_chunks(BODY, 10_000, trailer="x-amz-checksum-crc32:AAAAAA==").replace(b"AAAAAA", b"BBBBBB")
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        decode(tmp_path, swapped, f"{SIGNED}-TRAILER", len(BODY), 4096, TRAILED)


GOOD = f"x-amz-checksum-crc32:{crc(BODY)}\r\n"


@pytest.mark.parametrize(
    ("wire", "length", "code"),
    [
        (framed(BODY, 9999, "x-amz-checksum-crc32:AAAAAA==\r\n"), len(BODY), "BadDigest"),
        (framed(BODY, 9999, ""), len(BODY), "MalformedTrailerError"),
        (framed(BODY, 9999, GOOD), len(BODY) - 1, "IncompleteBody"),
        (framed(BODY, 9999, GOOD), len(BODY) + 1, "IncompleteBody"),
        (framed(BODY, 9999, GOOD)[:-400], len(BODY), "IncompleteBody"),
        (framed(BODY, 9999, GOOD) + b"more", len(BODY), "InvalidRequest"),
        (b"zz\r\n", 1, "InvalidRequest"),
        (b"-1\r\n", 1, "InvalidRequest"),
        (b"3\r\nabcdef\r\n0\r\n\r\n", 6, "InvalidRequest"),
        (b"1" * 20_000, 1, "InvalidRequest"),
        (b"0\r\n" + b"a:b\r\n" * 100, 0, "InvalidRequest"),
    ],
)
def test_broken_framing_is_refused(tmp_path: Path, wire: bytes, length: int, code: str) -> None:
    with pytest.raises(S3Error, match=code):
        decode(tmp_path, wire, UNSIGNED, length, 4096, TRAILED)


def test_over_http(boto: Any, bucket: str, s3_service: DemoProcess) -> None:
    body = os.urandom(3_000_000)

    def put(key: str, trailer: str) -> Answer:
        headers = TRAILED | {"Content-Encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(body))}
        wire = framed(body, 65_536, f"x-amz-checksum-crc32:{trailer}\r\n")
        return signed(s3_service, "PUT", f"/{bucket}/{key}", wire, headers, payload=UNSIGNED)

    assert put("good", crc(body)).status == 200
    found = boto.get_object(Bucket=bucket, Key="good", ChecksumMode="ENABLED")
    assert (found["Body"].read(), found["ChecksumCRC32"]) == (body, crc(body))
    assert "ContentEncoding" not in found
    assert put("bad", crc(b"other")).code == "BadDigest"
    assert [item["Key"] for item in boto.list_objects_v2(Bucket=bucket)["Contents"]] == ["good"]
