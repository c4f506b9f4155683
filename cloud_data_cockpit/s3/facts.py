"""All that an object says of itself and that a copy has to keep: headers, metadata, tags, class, checksums."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import AccessDenied, BadRequest, NotFound
from .connections import Connection
from .documents import fields_of, read_page
from .faults import NotOffered
from .http import BrokenError, Reply
from .listing import bare_etag
from .multipart import reading
from .objects import check_key, head
from .signing import SignedRequest, send

STANDARD = "STANDARD"
_MD5 = re.compile(r"[0-9a-f]{32}")
_OF_PARTS = re.compile(r"[0-9a-f]{32}-(\d+)")
_META = "x-amz-meta-"
HEADERS = {
    "CacheControl": "Cache-Control",
    "ContentDisposition": "Content-Disposition",
    "ContentEncoding": "Content-Encoding",
    "ContentLanguage": "Content-Language",
    "ContentType": "Content-Type",
    "Expires": "Expires",
    "WebsiteRedirectLocation": "x-amz-website-redirect-location",
}
"""Parameters of S3 operations, and the headers that carry them, of what an object tells its readers."""


@dataclass(frozen=True)
class Facts:
    """What HEAD tells. `headers` by the names of S3's parameters, `metadata` without its prefix, keys in lower case.

    `unreadable` is the number of metadata that HTTP cannot show; `checksums` by algorithm, as S3 gives them.
    """

    size: int
    etag: str
    modified: str
    headers: Mapping[str, str]
    metadata: Mapping[str, str]
    storage_class: str = STANDARD
    version_id: str | None = None
    unreadable: int = 0
    encryption: str = ""
    encryption_key: str = ""
    locked: bool = False
    checksums: Mapping[str, str] = field(default_factory=dict)
    checksum_type: str = ""

    @property
    def plain_etag(self) -> bool:
        """Whether the ETag is the MD5 of the bytes, as far as one can tell."""
        return is_md5(self.etag) and not self.own_key

    @property
    def own_key(self) -> bool:
        """Whether it is encrypted so that its ETag says nothing of the bytes."""
        return self.encryption not in ("", "AES256")


def is_md5(etag: str) -> bool:
    """Whether an ETag has the form of an MD5, as that of an object that was not put in parts."""
    return _MD5.fullmatch(etag) is not None


def parts_in(etag: str) -> int | None:
    """The number of parts that an ETag names; None for one without."""
    match = _OF_PARTS.fullmatch(etag)
    return int(match[1]) if match else None


def look(connection: Connection, bucket: str, key: str, version_id: str | None = None) -> Facts:
    """All about one object, or one version. NotFound, AccessDenied and the other errors of S3, with their reasons."""
    params: dict[str, object] = {"Bucket": bucket, "Key": check_key(key), "ChecksumMode": "ENABLED"}
    params.update({"VersionId": version_id} if version_id else {})
    try:
        return send(SignedRequest(connection, "head_object", params), _read, headers={"x-amz-checksum-mode": "ENABLED"})
    except (AccessDenied, BadRequest):  # the checksum of an encrypted object takes another permission
        del params["ChecksumMode"]
    except NotFound:
        head(connection, bucket, key, version_id)  # says whether the key or the bucket is missing
        raise
    try:
        return send(SignedRequest(connection, "head_object", params), _read)
    except (AccessDenied, BadRequest):
        head(connection, bucket, key, version_id)  # a refused HEAD gives no reason; this finds it
        raise


def part_size(connection: Connection, bucket: str, key: str, etag: str, version_id: str | None = None) -> int | None:
    """The size of the first part of an object that was put in parts; None where the service does not tell."""
    params: dict[str, object] = {"Bucket": bucket, "Key": check_key(key), "PartNumber": 1}
    params.update({"VersionId": version_id} if version_id else {})
    request = SignedRequest(connection, "head_object", params)
    # A version never changes, and not every service compares the ETag with that of the version.
    headers = {} if version_id else {"If-Match": f'"{etag}"'}
    try:
        return send(request, lambda reply: int(reply.headers["Content-Length"]), headers=headers)
    except (BadRequest, NotOffered, KeyError, ValueError):
        return None


def tags_of(connection: Connection, bucket: str, key: str, version_id: str | None = None) -> dict[str, str]:
    """The tags of an object, or one version; none where the service has no tags.

    AccessDenied when they may not be read.
    """
    params: dict[str, object] = {"Bucket": bucket, "Key": key}
    params.update({"VersionId": version_id} if version_id else {})
    request = SignedRequest(connection, "get_object_tagging", params)
    try:
        return send(request, reading(_tags))
    except NotOffered:
        return {}


def _tags(body: bytes) -> dict[str, str]:
    page, space = read_page(body, "Tagging")
    found = [fields_of(element, space) for element in page.iter(f"{space}Tag")]
    return {tag["Key"]: tag["Value"] for tag in found}


def _read(reply: Reply) -> Facts:
    headers = {name.lower(): value for name, value in reply.headers.items()}
    if not all(name in headers for name in ("content-length", "etag", "last-modified")):
        raise BrokenError("the reply lacks length, ETag or date")
    checksum = "x-amz-checksum-"
    customer = "x-amz-server-side-encryption-customer-algorithm"
    return Facts(
        size=int(headers["content-length"]),
        etag=bare_etag(headers["etag"]),
        modified=headers["last-modified"],
        headers={param: headers[name.lower()] for param, name in HEADERS.items() if headers.get(name.lower())},
        metadata={name.removeprefix(_META): value for name, value in headers.items() if name.startswith(_META)},
        storage_class=headers.get("x-amz-storage-class") or STANDARD,
        version_id=headers.get("x-amz-version-id"),
        unreadable=int(headers.get("x-amz-missing-meta") or 0),
        encryption="customer" if customer in headers else headers.get("x-amz-server-side-encryption", ""),
        encryption_key=headers.get("x-amz-server-side-encryption-aws-kms-key-id", ""),
        locked="x-amz-object-lock-mode" in headers or headers.get("x-amz-object-lock-legal-hold") == "ON",
        checksums={
            name.removeprefix(checksum).upper(): value
            for name, value in headers.items()
            if name.startswith(checksum) and name not in (f"{checksum}type", f"{checksum}mode")
        },
        checksum_type=headers.get("x-amz-checksum-type", ""),
    )
