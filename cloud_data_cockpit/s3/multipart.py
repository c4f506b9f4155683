"""The requests of a multipart upload on the wire: create, list parts, complete, abort, list open uploads.

botocore signs them, but its own parser gives up on replies that repeat a key with control characters, and its search
for a bucket's region may not end; so they are sent and read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from xml.sax.saxutils import escape

from ..models import PartReceipt
from .connections import Connection
from .documents import ParseError, fields_of, read_document, read_page
from .faults import read_fault
from .http import BrokenError, Reply
from .listing import bare_etag, decode_key
from .signing import FaultInBody, SignedRequest, send

_LONGEST = 64 << 20
T = TypeVar("T")
Held = tuple[PartReceipt, str]
"""A part that the service holds, and its CRC32 in base64 ("" when the service keeps none)."""


def create(connection: Connection, bucket: str, key: str, content_type: str | None) -> str:
    """Begin an upload whose parts have CRC32 checksums; its id."""
    params: dict[str, object] = {"Bucket": bucket, "Key": key, "ChecksumAlgorithm": "CRC32"}
    headers = {"x-amz-checksum-algorithm": "CRC32"}
    if content_type:
        params["ContentType"] = headers["Content-Type"] = content_type
    request = SignedRequest(connection, "create_multipart_upload", params)

    def upload_id(body: bytes) -> str:
        page, space = read_page(body, "InitiateMultipartUploadResult")
        return fields_of(page, space)["UploadId"]

    return send(request, reading(upload_id), headers=headers, writing=True)


def held_parts(connection: Connection, bucket: str, key: str, upload_id: str) -> list[Held]:
    """All parts that the service holds, by number."""
    held: list[Held] = []
    params: dict[str, object] = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
    while True:
        found, more = send(SignedRequest(connection, "list_parts", params), reading(_parts_page))
        held += found
        if more is None:
            return sorted(held, key=lambda part: part[0].part_number)
        params["PartNumberMarker"] = more


def complete(
    connection: Connection, bucket: str, key: str, upload_id: str, parts: Sequence[Held], *, only_if_absent: bool
) -> str:
    """Make one object of the parts; its ETag. NotOffered when the service knows no condition on writes."""
    params: dict[str, object] = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
    headers: dict[str, str] = {}
    if only_if_absent:
        params["IfNoneMatch"] = headers["If-None-Match"] = "*"
    body = "".join(map(_part_element, parts))
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


def open_uploads(connection: Connection, bucket: str) -> list[tuple[str, str, datetime | None]]:
    """(key, upload id, begun) of all open uploads of a bucket."""
    found: list[tuple[str, str, datetime | None]] = []
    params: dict[str, object] = {"Bucket": bucket, "EncodingType": "url"}
    while True:
        page, markers = send(SignedRequest(connection, "list_multipart_uploads", params), reading(_uploads_page))
        found += page
        if markers is None:
            return found
        params |= markers


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


def _parts_page(body: bytes) -> tuple[list[Held], int | None]:
    page, space = read_page(body, "ListPartsResult")
    held = []
    for element in page.iter(f"{space}Part"):
        part = fields_of(element, space)
        receipt = PartReceipt(part_number=int(part["PartNumber"]), etag=bare_etag(part["ETag"]), size=int(part["Size"]))
        held.append((receipt, part.get("ChecksumCRC32", "")))
    about = fields_of(page, space)
    return held, int(about["NextPartNumberMarker"]) if about.get("IsTruncated") == "true" else None


def _part_element(part: Held) -> str:
    receipt, checksum = part
    # A service that keeps checksums (AWS) wants those of the parts back; one that does not has none to give.
    crc = f"<ChecksumCRC32>{escape(checksum)}</ChecksumCRC32>" if checksum else ""
    etag = escape(f'"{receipt.etag}"')
    return f"<Part><ETag>{etag}</ETag>{crc}<PartNumber>{receipt.part_number}</PartNumber></Part>"


def _uploads_page(body: bytes) -> tuple[list[tuple[str, str, datetime | None]], Mapping[str, object] | None]:
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
        return found, None
    key = decode_key(about["NextKeyMarker"], encoded)
    return found, {"KeyMarker": key, "UploadIdMarker": about["NextUploadIdMarker"]}
