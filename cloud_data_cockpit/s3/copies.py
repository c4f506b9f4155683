"""The requests of copying on the wire: copy an object or a range of one, put a small one, begin one of parts."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from ..errors import BadRequest
from ..models import PartReceipt
from .connections import Connection
from .crc import as_header, from_header, hexadecimal
from .documents import fields_of, read_page
from .facts import HEADERS
from .faults import NotOffered
from .http import BrokenError, Reply
from .listing import bare_etag
from .multipart import reading
from .opening import Lost, opened
from .signing import SignedRequest, send

_MIB = 1 << 20
_NAMES = {
    **HEADERS,
    "ACL": "x-amz-acl",
    "ChecksumAlgorithm": "x-amz-checksum-algorithm",
    "ChecksumCRC32": "x-amz-checksum-crc32",
    "ChecksumType": "x-amz-checksum-type",
    "CopySource": "x-amz-copy-source",
    "CopySourceIfMatch": "x-amz-copy-source-if-match",
    "CopySourceRange": "x-amz-copy-source-range",
    "GrantFullControl": "x-amz-grant-full-control",
    "GrantRead": "x-amz-grant-read",
    "GrantReadACP": "x-amz-grant-read-acp",
    "GrantWriteACP": "x-amz-grant-write-acp",
    "MetadataDirective": "x-amz-metadata-directive",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "StorageClass": "x-amz-storage-class",
    "Tagging": "x-amz-tagging",
    "TaggingDirective": "x-amz-tagging-directive",
}
Settings = Mapping[str, object]
"""Parameters of S3 that an object is made with: those of HEADERS, Metadata, StorageClass, Tagging, ..."""
_CHECKSUMS: tuple[Settings, ...] = (
    {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"},
    {"ChecksumAlgorithm": "CRC32"},
    {},
)


def copy_object(
    connection: Connection,
    source: tuple[str, str],
    etag: str,
    target: tuple[str, str],
    settings: Settings,
    *,
    only_if_absent: bool,
) -> str:
    """Copy a whole object (bucket, key) of at most 5 GiB inside the service; the ETag of the copy.

    Conflict when the source no longer has `etag`, or when the target exists and must not: the reply does not say which.
    NotOffered when the service knows no condition on writes.
    """
    params = {**_to(target), **_from(source, etag), **settings}
    request = SignedRequest(connection, "copy_object", _signed(params))
    headers = _headers(params) | _condition(only_if_absent)
    return send(request, reading(lambda body: _etag(body, "CopyObjectResult")), headers=headers, writing=True)


def copy_part(
    connection: Connection,
    source: tuple[str, str],
    etag: str,
    target: tuple[str, str],
    upload_id: str,
    number: int,
    span: tuple[int, int],
    version_id: str | None = None,
) -> PartReceipt:
    """Copy `span` (offset, length) of an object, or a version of it, as part `number` of an open upload."""
    params = {**_to(target), **_from(source, etag, version_id), "UploadId": upload_id, "PartNumber": number}
    params["CopySourceRange"] = f"bytes={span[0]}-{sum(span) - 1}"
    request = SignedRequest(connection, "upload_part_copy", _signed(params))

    def receipt(body: bytes) -> PartReceipt:
        page, space = read_page(body, "CopyPartResult")
        found = fields_of(page, space)
        crc = from_header(found.get("ChecksumCRC32", ""))
        told = hexadecimal(crc) if crc is not None else None
        return PartReceipt(part_number=number, etag=bare_etag(found["ETag"]), size=span[1], crc32=told)

    return send(request, reading(receipt), headers=_headers(params), writing=True)


def begin(connection: Connection, target: tuple[str, str], settings: Settings) -> str:
    """Begin an upload of parts with the best checksums that the service offers; its id.

    NotOpened when one may be open whose id never came.
    """
    return opened(connection, *target, lambda lost: _best(connection, {**_to(target), **settings}, lost))


def _best(connection: Connection, params: Settings, lost: Lost) -> str:
    for checksums in _CHECKSUMS:
        try:
            return _begin(connection, {**params, **checksums}, lost)
        except (BadRequest, NotOffered):
            if not checksums:
                raise
    raise NotOffered(f"s3://{params['Bucket']} takes no multipart uploads")


def _begin(connection: Connection, params: Settings, lost: Lost) -> str:
    request = SignedRequest(connection, "create_multipart_upload", _signed(params))

    def upload_id(body: bytes) -> str:
        page, space = read_page(body, "InitiateMultipartUploadResult")
        return fields_of(page, space)["UploadId"]

    return send(request, reading(upload_id), headers=_headers(params), writing=True, lost=lost)


def put_small(
    connection: Connection,
    target: tuple[str, str],
    data: bytes,
    crc32: int,
    settings: Settings,
    *,
    only_if_absent: bool,
) -> str:
    """Put an object in one request, which the service verifies by its CRC32; the ETag."""
    params = {**_to(target), **settings, "ChecksumCRC32": as_header(crc32)}
    request = SignedRequest(connection, "put_object", _signed(params))
    headers = _headers(params) | _condition(only_if_absent) | {"Content-Length": str(len(data))}

    def etag(reply: Reply) -> str:
        reply.read(_MIB)
        found = bare_etag(reply.headers.get("ETag", ""))
        if not found:
            raise BrokenError("the reply has no ETag, so nothing says that the bytes were stored")
        return found

    return send(request, etag, headers=headers, body=lambda: data, writing=True)


def tagging(tags: Mapping[str, str]) -> str:
    """Tags as a header carries them."""
    return urlencode(dict(tags), quote_via=quote)


def _signed(params: Settings) -> dict[str, object]:
    """`params` without what botocore would write in another way than it was read; that header goes unsigned."""
    return {name: value for name, value in params.items() if name != "Expires"}


def _to(target: tuple[str, str]) -> dict[str, object]:
    return {"Bucket": target[0], "Key": target[1]}


def _from(source: tuple[str, str], etag: str, version_id: str | None = None) -> dict[str, object]:
    named = {"Bucket": source[0], "Key": source[1], **({"VersionId": version_id} if version_id else {})}
    return {"CopySource": named, "CopySourceIfMatch": f'"{etag}"'}


def _condition(only_if_absent: bool) -> dict[str, str]:
    # Not among the parameters: older botocores do not know it for copies, and it need not be signed.
    return {"If-None-Match": "*"} if only_if_absent else {}


def _headers(params: Settings) -> dict[str, str]:
    """What the signature of `params` covers and so has to be sent."""
    headers: dict[str, str] = {}
    for name, value in params.items():
        if name == "CopySource" and isinstance(value, dict):
            # Encoded as botocore does it: the header is part of the signature, and is sent by us.
            version = f"?versionId={value['VersionId']}" if "VersionId" in value else ""
            headers[_NAMES[name]] = quote(f"{value['Bucket']}/{value['Key']}", safe="-._~/") + version
        elif name in _NAMES:
            headers[_NAMES[name]] = str(value)
        elif name == "Metadata" and isinstance(value, Mapping):
            headers |= {f"x-amz-meta-{key}": text for key, text in value.items()}
    wrong = [name for name, value in headers.items() if not (value.isascii() and value.isprintable())]
    if wrong:
        raise BadRequest(f"{', '.join(wrong)}: this holds characters that no header can; change it first")
    return headers


def _etag(body: bytes, root: str) -> str:
    page, space = read_page(body, root)
    return bare_etag(fields_of(page, space)["ETag"])
