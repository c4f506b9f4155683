"""The requests of a multipart upload on the wire: create, list parts, complete, abort, list open uploads.

botocore signs them, but its own parser gives up on replies that repeat a key with control characters, and its search
for a bucket's region may not end; so they are sent and read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from xml.sax.saxutils import escape

from ..errors import BadRequest
from ..models import PartReceipt
from .connections import Connection
from .crc import as_header, from_header, hexadecimal
from .documents import ParseError, fields_of, read_document, read_page
from .faults import NotOffered, read_fault
from .http import BrokenError, Reply
from .listing import bare_etag, decode_key
from .signing import FaultInBody, SignedRequest, send

_LONGEST = 64 << 20
T = TypeVar("T")
_CHECKSUMS: tuple[dict[str, str], ...] = (
    {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"},
    {"ChecksumAlgorithm": "CRC32"},
    {},
)
"""What is asked for of an upload, best first: the CRC32 of the whole object kept, those of the parts, or none."""
_HEADERS = {"ChecksumAlgorithm": "x-amz-checksum-algorithm", "ChecksumType": "x-amz-checksum-type"}


@dataclass(frozen=True)
class Held:
    """What the service holds of an open upload: its parts by number.

    `whole`: it will keep a CRC32 of the whole object. `kept`: those parts whose CRC32 it keeps, which it wants back.
    """

    parts: list[PartReceipt]
    whole: bool = False
    kept: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class UploadsPage:
    """Open uploads of a bucket as (key, upload id, begun), and where the next page begins."""

    uploads: list[tuple[str, str, datetime | None]]
    next: Mapping[str, str] | None


def create(
    connection: Connection, bucket: str, key: str, content_type: str | None, lost: Callable[[], None] | None = None
) -> str:
    """Begin an upload with the best checksums that the service offers; its id. `lost`: see `send`."""
    for checksums in _CHECKSUMS:
        try:
            return _create(connection, bucket, key, content_type, checksums, lost)
        except (BadRequest, NotOffered):
            if not checksums:
                raise
    raise NotOffered(f"s3://{bucket} takes no multipart uploads")


def _create(
    connection: Connection,
    bucket: str,
    key: str,
    content_type: str | None,
    checksums: Mapping[str, str],
    lost: Callable[[], None] | None,
) -> str:
    params: dict[str, object] = {"Bucket": bucket, "Key": key, **checksums}
    headers = {_HEADERS[name]: value for name, value in checksums.items()}
    if content_type:
        params["ContentType"] = headers["Content-Type"] = content_type
    request = SignedRequest(connection, "create_multipart_upload", params)

    def upload_id(body: bytes) -> str:
        page, space = read_page(body, "InitiateMultipartUploadResult")
        return fields_of(page, space)["UploadId"]

    return send(request, reading(upload_id), headers=headers, writing=True, lost=lost)


def held_parts(connection: Connection, bucket: str, key: str, upload_id: str, *, pages: int | None = None) -> Held:
    """What the service holds of an upload; `pages` of 1,000 parts at most. NotFound when it is not open."""
    held: list[PartReceipt] = []
    kept: set[int] = set()
    params: dict[str, object] = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
    while True:
        found, checked, whole, more = send(SignedRequest(connection, "list_parts", params), reading(_parts_page))
        held += found
        kept |= checked
        pages = None if pages is None else pages - 1
        if more is None or pages == 0:
            held.sort(key=lambda part: part.part_number)
            return Held(held, whole and kept == {part.part_number for part in held}, frozenset(kept))
        params["PartNumberMarker"] = more


def complete(
    connection: Connection,
    bucket: str,
    key: str,
    upload_id: str,
    held: Held,
    *,
    only_if_absent: bool,
    crc32: int | None = None,
) -> str:
    """Make one object of the parts, whose CRC32 the service is to verify; its ETag.

    NotOffered when the service knows no condition on writes.
    """
    params: dict[str, object] = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
    headers: dict[str, str] = {}
    if only_if_absent:
        params["IfNoneMatch"] = headers["If-None-Match"] = "*"
    if crc32 is not None:
        params["ChecksumCRC32"] = headers["x-amz-checksum-crc32"] = as_header(crc32)
        params["ChecksumType"] = headers["x-amz-checksum-type"] = "FULL_OBJECT"
    body = "".join(_part_element(part, part.part_number in held.kept) for part in held.parts)
    body = f'<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{body}</CompleteMultipartUpload>'
    request = SignedRequest(connection, "complete_multipart_upload", params)

    def etag(body: bytes) -> str:
        page, space = read_page(body, "CompleteMultipartUploadResult")
        return bare_etag(fields_of(page, space)["ETag"])

    return send(request, reading(etag), headers=headers, body=body.encode, writing=True)


def abort(connection: Connection, bucket: str, key: str, upload_id: str) -> None:
    """Ask once for the upload to be aborted."""
    params = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
    send(SignedRequest(connection, "abort_multipart_upload", params), lambda reply: None, writing=True)


def open_uploads(
    connection: Connection, bucket: str, after: Mapping[str, str] | None = None, limit: int = 1000
) -> UploadsPage:
    """A page of at most `limit` open uploads of a bucket; `after` is the `next` of the page before."""
    params: dict[str, object] = {"Bucket": bucket, "EncodingType": "url", "MaxUploads": limit, **(after or {})}
    return send(SignedRequest(connection, "list_multipart_uploads", params), read_uploads)


def read_uploads(reply: Reply) -> UploadsPage:
    """The page of open uploads that a reply brings."""
    return reading(_uploads_page)(reply)


def reading(parse: Callable[[bytes], T]) -> Callable[[Reply], T]:
    """A reader of whole bodies; an error in place of the result is a fault, and nonsense a broken reply."""

    def read(reply: Reply) -> T:
        body = reply.read(_LONGEST).lstrip()
        try:
            # A completion may take minutes: S3 answers 200 at once, and what became of it stands in the body.
            if read_document(body)[0] == "Error":
                raise FaultInBody(read_fault(reply.status, reply.headers, body))
            return parse(body)
        except (ParseError, ValueError, KeyError):
            raise BrokenError("the reply is none of S3") from None

    return read


def _parts_page(body: bytes) -> tuple[list[PartReceipt], set[int], bool, int | None]:
    page, space = read_page(body, "ListPartsResult")
    held: list[PartReceipt] = []
    kept: set[int] = set()
    for element in page.iter(f"{space}Part"):
        part = fields_of(element, space)
        crc = from_header(part.get("ChecksumCRC32", ""))
        receipt = PartReceipt(
            part_number=int(part["PartNumber"]),
            etag=bare_etag(part["ETag"]),
            size=int(part["Size"]),
            crc32=hexadecimal(crc) if crc is not None else None,
        )
        held.append(receipt)
        if crc is not None:
            kept.add(receipt.part_number)
    about = fields_of(page, space)
    more = int(about["NextPartNumberMarker"]) if about.get("IsTruncated") == "true" else None
    return held, kept, about.get("ChecksumType") == "FULL_OBJECT", more


def _part_element(part: PartReceipt, keeps_checksum: bool) -> str:
    # A service that keeps checksums (AWS) wants those of the parts back; one that does not has none to give.
    crc = ""
    if keeps_checksum and part.crc32 is not None:
        crc = f"<ChecksumCRC32>{escape(as_header(int(part.crc32, 16)))}</ChecksumCRC32>"
    etag = escape(f'"{part.etag}"')
    return f"<Part><ETag>{etag}</ETag>{crc}<PartNumber>{part.part_number}</PartNumber></Part>"


def _uploads_page(body: bytes) -> UploadsPage:
    page, space = read_page(body, "ListMultipartUploadsResult")
    about = fields_of(page, space)
    encoded = about.get("EncodingType") == "url"
    found: list[tuple[str, str, datetime | None]] = []
    for element in page.iter(f"{space}Upload"):
        upload = fields_of(element, space)
        begun = upload.get("Initiated")
        when = datetime.fromisoformat(begun) if begun else None
        found.append((decode_key(upload["Key"], encoded), upload["UploadId"], when))
    if about.get("IsTruncated") != "true":
        return UploadsPage(found, None)
    key = decode_key(about["NextKeyMarker"], encoded)
    return UploadsPage(found, {"KeyMarker": key, "UploadIdMarker": about["NextUploadIdMarker"]})
