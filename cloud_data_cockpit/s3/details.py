"""What the headers of an object tell: its dates and sizes, class and archive, checksums, what its owner wrote to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import parsedate_to_datetime

from ..models import ArchiveState, ObjectDetail
from .http import BrokenError
from .listing import bare_etag

ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Storage classes whose objects are read after a restore only; GLACIER_IR is not one of them."""
_CHECKSUM = "x-amz-checksum-"
_META = "x-amz-meta-"
_EXPIRY = re.compile(r'expiry-date="([^"]*)"')


def detail_of(bucket: str, key: str, headers: Mapping[str, str]) -> ObjectDetail:
    """The object that a reply's headers describe; `format` is left open. BrokenError when length or dates are missing.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    given = {name.lower(): value for name, value in headers.items()}
    if not all(name in given for name in ("content-length", "etag", "last-modified")):
        raise BrokenError("the reply lacks length, ETag or date")
    try:
        size, modified = int(given["content-length"]), parsedate_to_datetime(given["last-modified"])
    except ValueError:
        raise BrokenError("the reply has a length or date that is none") from None
    archive, until = archive_of(given)
    return ObjectDetail(
        uri=f"s3://{bucket}/{key}",
        bucket=bucket,
        key=key,
        size=size,
        last_modified=modified,
        etag=bare_etag(given["etag"]),
        content_type=given.get("content-type"),
        content_encoding=given.get("content-encoding"),
        cache_control=given.get("cache-control"),
        content_disposition=given.get("content-disposition"),
        metadata={name[len(_META) :]: words_of(value) for name, value in given.items() if name.startswith(_META)},
        storage_class=given.get("x-amz-storage-class"),
        version_id=given.get("x-amz-version-id"),
        checksums={
            name[len(_CHECKSUM) :].upper(): value
            for name, value in given.items()
            if name.startswith(_CHECKSUM) and name not in (f"{_CHECKSUM}type", f"{_CHECKSUM}mode")
        },
        archive=archive,
        restored_until=until,
    )


def archive_of(headers: Mapping[str, str]) -> tuple[ArchiveState, datetime | None]:
    """Whether the bytes can be read now, and until when a restored copy stays; names of headers in lower case."""
    restore = headers.get("x-amz-restore", "")
    if 'ongoing-request="true"' in restore:
        return "restoring", None
    if 'ongoing-request="false"' in restore:
        found = _EXPIRY.search(restore)
        try:
            until = parsedate_to_datetime(found[1]) if found else None
        except ValueError:
            until = None
        if until is None or until > datetime.now(UTC):
            return "restored", until
    archived = headers.get("x-amz-storage-class") in ARCHIVES or "x-amz-archive-status" in headers
    return ("archived" if archived else "none"), None


def words_of(value: str) -> str:
    """A metadata value as its writer meant it: S3 hands out what is not ASCII as RFC 2047, others as bare UTF-8."""
    if "=?" in value:
        try:
            parts = decode_header(value)
            return "".join(text if isinstance(text, str) else text.decode(name or "ascii") for text, name in parts)
        except (HeaderParseError, LookupError, ValueError):
            return value
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode()
    except ValueError:
        return value
