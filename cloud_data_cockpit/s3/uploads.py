"""Multipart uploads: start, send parts, complete, abort for certain, list what is open. State lives in S3 alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..errors import AccessDenied, BadRequest, CockpitError, Conflict, Exists, NotFound, ServiceError
from ..models import PartReceipt, UploadRequest
from . import multipart
from .connections import Connection
from .content_types import checked_type
from .crc import hexadecimal
from .faults import NotOffered, Place
from .finished import Sent, is_whole, joined_crc32, joined_etag, verified
from .gates import gate_of, shut_gate
from .objects import check_key, exists, head
from .opening import abort_lost, is_lost, opened
from .parts import Moved, Part, PartBody
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
    """Begin a multipart upload. Conflict when the key exists and `overwrite` is not set.

    NotOpened when one may be open whose id never came.
    """
    bucket, key = request.bucket, check_key(request.key)
    part_size, part_count = part_plan(request.size)
    if not request.overwrite:
        check_absent(connection, bucket, key)
    content_type = checked_type(key, request.content_type)
    upload_id = opened(
        connection, bucket, key, lambda lost: multipart.create(connection, bucket, key, content_type, lost)
    )
    return OpenUpload(upload_id, part_size, part_count)


def put_part(
    connection: Connection,
    bucket: str,
    key: str,
    upload_id: str,
    number: int,
    body: PartBody,
    size: int | None = None,
    *,
    crc32: str | None = None,
    moved: Moved | None = None,
) -> PartReceipt:
    """Send part `number` (from 1): bytes, or a seekable file from where it stands (`size` bytes of it, or the rest).

    Tried again on faults of the service and broken connections; the service verifies the part's CRC32. Damaged when
    `crc32`, in hexadecimal digits, is not that of the bytes. Cancelled when the upload is being aborted, NotFound when
    it is no longer open.
    """
    if not 1 <= number <= MOST_PARTS:
        raise BadRequest(f"parts are numbered 1 to {MOST_PARTS}, not {number}")
    with gate_of((bucket, key, upload_id)) as check_open:
        part = Part(body, size, check_open, moved)
        part.check_promised(crc32)
        # The checksum is among the headers that the URL's signature covers, the body is not (UNSIGNED-PAYLOAD): AWS
        # then verifies the body by the checksum, and the body streams without being hashed for the signature.
        checksum = part.checksum()
        params = {"Bucket": bucket, "Key": key, "UploadId": upload_id, "PartNumber": number, "ChecksumCRC32": checksum}
        headers = {"Content-Length": str(part.size), "x-amz-checksum-crc32": checksum}
        request = SignedRequest(connection, "upload_part", params)
        try:
            etag = send(request, part.received, headers=headers, body=part.blocks, writing=True)
        except CockpitError:
            part.take_back()
            raise
    return PartReceipt(part_number=number, etag=etag, size=part.size, crc32=hexadecimal(part.crc32()))


def list_parts(connection: Connection, bucket: str, key: str, upload_id: str) -> list[PartReceipt]:
    """The parts that the service holds, by number. NotFound when the upload is not open."""
    return multipart.held_parts(connection, bucket, key, upload_id).parts


def complete(
    connection: Connection, request: UploadRequest, upload_id: str, parts: Sequence[PartReceipt] | None = None
) -> Sent:
    """Make the parts one object. What the service holds must be `request.size` bytes, and `parts` if given.

    Conflict when parts are missing or differ, or when the key came to exist meanwhile and `overwrite` is not set;
    ServiceError when the object is not what was sent. After an error the upload may still be open: `abort` it.
    """
    bucket, key = request.bucket, request.key
    held = multipart.held_parts(connection, bucket, key, upload_id)
    _check_parts(held.parts, parts, request.size, Place(connection.ref, bucket, key))
    if not request.overwrite:
        check_absent(connection, bucket, key)
    sent = _with_checksums(held.parts, parts)
    try:
        etag = _complete(connection, bucket, key, upload_id, held, sent, request.overwrite)
    except NotFound as error:
        etag = _completed_before(connection, bucket, key, request.size, sent, error)
    return verified(connection, bucket, key, request.size, etag, sent)


def abort(connection: Connection, bucket: str, key: str, upload_id: str, *, seconds: float = ABORT_SECONDS) -> None:
    """Abort and make sure: parts on their way in this process are over, and the service holds none any more.

    A part that arrives during an abort can outlive it, so the abort is repeated until the service no longer knows the
    upload. ServiceError when that takes longer than `seconds`. To abort what is not open succeeds. Of a NotOpened's
    id it aborts what that stands for.
    """
    if is_lost(upload_id):
        abort_lost(connection, bucket, key, upload_id)
        return
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
    page = multipart.open_uploads(connection, bucket)
    found = page.uploads
    while page.next is not None:
        page = multipart.open_uploads(connection, bucket, page.next)
        found += page.uploads
    return [UnfinishedUpload(*each) for each in found]


def check_absent(connection: Connection, bucket: str, key: str) -> None:
    """Conflict when the key exists; who may not look is not told."""
    try:
        there = exists(connection, bucket, key)
    except AccessDenied:  # who may write need not be allowed to look; the write is conditional as well
        return
    if there:
        raise Exists(f"{Place(connection.ref, bucket, key)} exists already; choose another key or overwrite it")


# --- parts -------------------------------------------------------------------------------------


def _check_parts(held: list[PartReceipt], sent: Sequence[PartReceipt] | None, size: int, place: Place) -> None:
    total = sum(part.size for part in held)
    missing = sorted(set(range(1, part_plan(size)[1] + 1)) - {part.part_number for part in held})
    if missing and (not held or total != size):
        named = ", ".join(map(str, missing[:10])) + (", ..." if len(missing) > 10 else "")
        raise Conflict(f"the upload to {place} lacks the parts {named}; send them first")
    if total != size:
        raise Conflict(f"the parts of {place} hold {total} bytes, the file has {size}; upload it again")
    if sent is not None and _stamps(sent) != _stamps(held):
        raise Conflict(f"the parts that {place} holds are not those that were sent; upload it again")


def _stamps(parts: Sequence[PartReceipt]) -> dict[int, tuple[str, int]]:
    return {part.part_number: (part.etag, part.size) for part in parts}


def _with_checksums(held: list[PartReceipt], sent: Sequence[PartReceipt] | None) -> list[PartReceipt]:
    """The parts that the service holds, each with its CRC32 as it was computed here where that is known."""
    known = {part.part_number: part.crc32 for part in sent or () if part.crc32 is not None}
    return [part.model_copy(update={"crc32": known.get(part.part_number, part.crc32)}) for part in held]


# --- completing --------------------------------------------------------------------------------


def _complete(
    connection: Connection,
    bucket: str,
    key: str,
    upload_id: str,
    held: multipart.Held,
    sent: Sequence[PartReceipt],
    overwrite: bool,
) -> str:
    crc32 = joined_crc32(sent) if held.whole else None
    try:
        return multipart.complete(connection, bucket, key, upload_id, held, only_if_absent=not overwrite, crc32=crc32)
    except NotOffered:
        if overwrite:
            raise
    # The service knows no conditional writes; that the key is free was seen just before.
    return multipart.complete(connection, bucket, key, upload_id, held, only_if_absent=False, crc32=crc32)


def _completed_before(
    connection: Connection, bucket: str, key: str, size: int, parts: Sequence[PartReceipt], error: NotFound
) -> str:
    """The ETag, if an attempt whose reply was lost has completed the upload; else `error` again."""
    try:
        found = head(connection, bucket, key)
    except CockpitError:
        raise error from None
    if not is_whole(found, size, parts):
        raise error
    return joined_etag(parts) or found.etag
