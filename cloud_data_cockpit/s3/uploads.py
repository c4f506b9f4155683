"""Multipart uploads: start, send parts, complete, abort for certain, list what is open. State lives in S3 alone."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..errors import AccessDenied, BadRequest, CockpitError, Conflict, NotFound, ServiceError
from ..models import PartReceipt, UploadRequest
from . import multipart
from .connections import Connection
from .faults import NotOffered, Place
from .gates import gate_of, shut_gate
from .http import Reply
from .listing import bare_etag
from .objects import check_key, exists, head
from .parts import Part, PartBody
from .signing import SignedRequest, backoff, send

SMALLEST_PART = 8 << 20
LARGEST_PART = 5 << 30
MOST_PARTS = 10_000
ABORT_SECONDS = 120.0
_MIB = 1 << 20


@dataclass(frozen=True)
class OpenUpload:
    """A multipart upload that has begun: parts 1..part_count of `part_size` bytes, the last may be shorter."""

    upload_id: str
    part_size: int
    part_count: int


@dataclass(frozen=True)
class UnfinishedUpload:
    """A multipart upload that the service holds open, whoever began it."""

    key: str
    upload_id: str
    initiated: datetime | None


def part_plan(size: int) -> tuple[int, int]:
    """(part_size, part_count) for `size` bytes: 8 MiB, larger where there would be over 10,000; at least one part.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
    """
    least = -(-size // MOST_PARTS)
    part_size = max(SMALLEST_PART, -(-least // _MIB) * _MIB)
    if part_size > LARGEST_PART:
        raise BadRequest(f"{size} bytes are more than an object in S3 can hold; cut the file first")
    return part_size, max(1, -(-size // part_size))


def start(connection: Connection, request: UploadRequest) -> OpenUpload:
    """Begin a multipart upload. Conflict when the key exists and `overwrite` is not set."""
    bucket, key = request.bucket, check_key(request.key)
    part_size, part_count = part_plan(request.size)
    if not request.overwrite:
        _check_absent(connection, bucket, key)
    upload_id = multipart.create(connection, bucket, key, _checked_type(request.content_type))
    return OpenUpload(upload_id, part_size, part_count)


def put_part(
    connection: Connection,
    bucket: str,
    key: str,
    upload_id: str,
    number: int,
    body: PartBody,
    size: int | None = None,
) -> PartReceipt:
    """Send part `number` (from 1): bytes, or a seekable file from where it stands (`size` bytes of it, or the rest).

    Tried again on faults of the service and broken connections; the service verifies the part's CRC32. Cancelled when
    the upload is being aborted, NotFound when it is no longer open.
    """
    if not 1 <= number <= MOST_PARTS:
        raise BadRequest(f"parts are numbered 1 to {MOST_PARTS}, not {number}")
    with gate_of((bucket, key, upload_id)) as check_open:
        part = Part(body, size, check_open)
        checksum = part.checksum()
        # The checksum is among the headers that the URL's signature covers, the body is not (UNSIGNED-PAYLOAD): AWS
        # then verifies the body by the checksum, and the body streams without being hashed for the signature.
        params = {"Bucket": bucket, "Key": key, "UploadId": upload_id, "PartNumber": number, "ChecksumCRC32": checksum}
        headers = {"Content-Length": str(part.size), "x-amz-checksum-crc32": checksum}
        request = SignedRequest(connection, "upload_part", params)
        etag = send(request, _etag_of, headers=headers, body=part.blocks, writing=True)
    return PartReceipt(part_number=number, etag=etag, size=part.size)


def list_parts(connection: Connection, bucket: str, key: str, upload_id: str) -> list[PartReceipt]:
    """The parts that the service holds, by number. NotFound when the upload is not open."""
    return [receipt for receipt, _ in multipart.held_parts(connection, bucket, key, upload_id)]


def complete(
    connection: Connection, request: UploadRequest, upload_id: str, parts: Sequence[PartReceipt] | None = None
) -> str:
    """Make the parts one object; its ETag. What the service holds must be `request.size` bytes, and `parts` if given.

    Conflict when parts are missing or differ, or when the key came to exist meanwhile and `overwrite` is not set;
    ServiceError when the object has another size. After an error the upload may still be open: `abort` it.
    """
    bucket, key = request.bucket, request.key
    held = multipart.held_parts(connection, bucket, key, upload_id)
    _check_parts([receipt for receipt, _ in held], parts, request.size, Place(connection.ref, bucket, key))
    if not request.overwrite:
        _check_absent(connection, bucket, key)
    try:
        etag = _complete(connection, bucket, key, upload_id, held, request.overwrite)
    except NotFound as error:
        etag = _completed_before(connection, bucket, key, held, error)
    try:
        found = head(connection, bucket, key)
    except AccessDenied:  # who may write need not be allowed to read; the parts had the right size
        return etag
    if found.size != request.size:
        raise ServiceError(f"{found.uri} has {found.size} bytes after the upload of {request.size}; upload it again")
    return etag


def abort(connection: Connection, bucket: str, key: str, upload_id: str, *, seconds: float = ABORT_SECONDS) -> None:
    """Abort and make sure: parts on their way in this process are over, and the service holds none any more.

    A part that arrives during an abort can outlive it, so the abort is repeated until the service no longer knows the
    upload. ServiceError when that takes longer than `seconds`. To abort what is not open succeeds.
    """
    place = Place(connection.ref, bucket, key)
    deadline = time.monotonic() + seconds
    with shut_gate((bucket, key, upload_id), seconds):
        for attempt in range(1, 1_000_000):
            try:
                multipart.abort(connection, bucket, key, upload_id)
                if not list_parts(connection, bucket, key, upload_id):
                    return
            except NotFound:
                return
            if time.monotonic() > deadline:
                raise ServiceError(f"the upload to {place} still holds parts after its abort; abort it again")
            time.sleep(backoff(attempt))


def list_open(connection: Connection, bucket: str) -> list[UnfinishedUpload]:
    """Every multipart upload in the bucket that was neither completed nor aborted."""
    return [UnfinishedUpload(*found) for found in multipart.open_uploads(connection, bucket)]


# --- parts -------------------------------------------------------------------------------------


def _etag_of(reply: Reply) -> str:
    reply.read(_MIB)
    return bare_etag(reply.headers.get("ETag", ""))


def _check_parts(held: list[PartReceipt], sent: Sequence[PartReceipt] | None, size: int, place: Place) -> None:
    total = sum(part.size for part in held)
    missing = sorted(set(range(1, part_plan(size)[1] + 1)) - {part.part_number for part in held})
    if missing and (not held or total != size):
        named = ", ".join(map(str, missing[:10])) + (", ..." if len(missing) > 10 else "")
        raise Conflict(f"the upload to {place} lacks the parts {named}; send them first")
    if total != size:
        raise Conflict(f"the parts of {place} hold {total} bytes, the file has {size}; upload it again")
    if sent is not None and {p.part_number: p for p in sent} != {p.part_number: p for p in held}:
        raise Conflict(f"the parts that {place} holds are not those that were sent; upload it again")


# --- completing --------------------------------------------------------------------------------


def _check_absent(connection: Connection, bucket: str, key: str) -> None:
    try:
        there = exists(connection, bucket, key)
    except AccessDenied:  # who may write need not be allowed to look; the completion is conditional as well
        return
    if there:
        raise Conflict(f"{Place(connection.ref, bucket, key)} exists already; choose another key or overwrite it")


def _complete(
    connection: Connection, bucket: str, key: str, upload_id: str, held: list[multipart.Held], overwrite: bool
) -> str:
    try:
        return multipart.complete(connection, bucket, key, upload_id, held, only_if_absent=not overwrite)
    except NotOffered:
        if overwrite:
            raise
    # The service knows no conditional writes; that the key is free was seen just before.
    return multipart.complete(connection, bucket, key, upload_id, held, only_if_absent=False)


def _completed_before(
    connection: Connection, bucket: str, key: str, held: list[multipart.Held], error: NotFound
) -> str:
    """The ETag, if an attempt whose reply was lost has completed the upload; else `error` again."""
    try:
        etag = head(connection, bucket, key).etag
        digests = b"".join(bytes.fromhex(receipt.etag) for receipt, _ in held)
    except (CockpitError, ValueError):
        raise error from None
    if etag != f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(held)}":
        raise error
    return etag


def _checked_type(content_type: str | None) -> str | None:
    if content_type is not None and not (content_type.isascii() and content_type.isprintable()):
        raise BadRequest("the content type holds characters that no header can; leave it out")
    return content_type
