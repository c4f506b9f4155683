"""What a client says about an object it is about to store: metadata, tags, ACL, checksum algorithm."""

from __future__ import annotations

from urllib.parse import parse_qsl

from .archive import STANDARD, check_class
from .records import Draft
from .s3errors import S3Error

_KEPT = {
    "cache-control": "Cache-Control",
    "content-disposition": "Content-Disposition",
    "content-encoding": "Content-Encoding",
    "content-language": "Content-Language",
    "content-type": "Content-Type",
    "expires": "Expires",
    "x-amz-storage-class": "x-amz-storage-class",
    "x-amz-website-redirect-location": "x-amz-website-redirect-location",
}
_METADATA_LIMIT = 2048
CANNED_ACLS = (
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
    "aws-exec-read",
)


def canned_acl(headers: dict[str, str]) -> str:
    """The canned ACL of a request. Raises InvalidArgument; NotImplemented for grants in headers."""
    if any(name.startswith("x-amz-grant-") for name in headers):
        raise S3Error("NotImplemented", "Grants are not supported: use a canned ACL or a bucket policy.")
    acl = headers.get("x-amz-acl", "private")
    if acl not in CANNED_ACLS:
        raise S3Error("InvalidArgument", f"The canned ACL {acl} is not known.")
    return acl


def check_tags(pairs: list[tuple[str, str]], limit: int = 10) -> dict[str, str]:
    """Tags within the limits of S3. Raises InvalidTag, BadRequest when there are too many."""
    tags = dict(pairs)
    if len(tags) != len(pairs):
        raise S3Error("InvalidTag", "Cannot provide multiple Tags with the same key")
    if len(tags) > limit:
        raise S3Error("BadRequest", f"Object tags cannot be greater than {limit}")
    if any(not name or len(name) > 128 or len(value) > 256 for name, value in pairs):
        raise S3Error("InvalidTag", "A tag's key has 1 to 128 characters, its value at most 256.")
    return tags


def stored_headers(headers: dict[str, str]) -> dict[str, str]:
    """The headers that come back with the object. Raises MetadataTooLarge; NotImplemented for a client's own keys."""
    if any(name.startswith("x-amz-server-side-encryption-customer-") for name in headers):
        raise S3Error("NotImplemented", "The demo service does not encrypt; send no customer key.")
    kept = {shown: headers[name] for name, shown in _KEPT.items() if headers.get(name)}
    if "x-amz-storage-class" in kept and check_class(kept["x-amz-storage-class"]) == STANDARD:
        del kept["x-amz-storage-class"]  # S3 names the other classes only
    codings = [item.strip() for item in kept.pop("Content-Encoding", "").split(",")]
    codings = [item for item in codings if item and item != "aws-chunked"]  # the framing of the request, not the object
    if codings:
        kept["Content-Encoding"] = ",".join(codings)
    kept.setdefault("Content-Type", "binary/octet-stream")
    metadata = {name: value for name, value in headers.items() if name.startswith("x-amz-meta-")}
    if sum(len(name) - len("x-amz-meta-") + len(value) for name, value in metadata.items()) > _METADATA_LIMIT:
        raise S3Error("MetadataTooLarge", MaxSizeAllowed=str(_METADATA_LIMIT))
    return kept | metadata


def draft_of(key: bytes, headers: dict[str, str]) -> Draft:
    """Everything a request says about the object it stores."""
    tags = check_tags(parse_qsl(headers.get("x-amz-tagging", ""), keep_blank_values=True))
    return Draft(key, stored_headers(headers), tags, canned_acl(headers))
