"""Conditions and ranges of reads, as RFC 9110 and S3 define them."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from .records import Version
from .s3errors import S3Error

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def _etags(header: str) -> set[str]:
    return {item.strip().removeprefix("W/").strip('"') for item in header.split(",")}


def _seconds(header: str | None) -> float | None:
    """A date of HTTP in seconds; None for none, or for one that cannot be read, which is to be ignored."""
    try:
        return parsedate_to_datetime(header).timestamp() if header else None
    except ValueError:
        return None


def check_read(version: Version, headers: dict[str, str], prefix: str = "") -> None:
    """The conditions of a GET or HEAD, or of a copy's source (prefix "x-amz-copy-source-").

    Raises PreconditionFailed, or NotModified (for a copy PreconditionFailed).
    """
    etag, modified = version.etag.strip('"'), int(version.modified)
    if_match, if_none_match = headers.get(prefix + "if-match"), headers.get(prefix + "if-none-match")
    since = _seconds(headers.get(prefix + "if-modified-since"))
    unmodified = _seconds(headers.get(prefix + "if-unmodified-since"))
    if if_match is not None:
        if if_match.strip() != "*" and etag not in _etags(if_match):
            raise S3Error("PreconditionFailed", Condition="If-Match")
    elif unmodified is not None and modified > unmodified:
        raise S3Error("PreconditionFailed", Condition="If-Unmodified-Since")
    if if_none_match is not None:
        unchanged = if_none_match.strip() == "*" or etag in _etags(if_none_match)
    else:
        unchanged = since is not None and modified <= since
    if unchanged and prefix:
        raise S3Error("PreconditionFailed", Condition="If-None-Match")
    if unchanged:
        raise S3Error("NotModified", headers={"ETag": version.etag})


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """(start, length) in bytes of a Range header; None when the whole object is meant.

    As S3 does, a header that is no single range of bytes is ignored. Raises InvalidRange when nothing lies in it.
    """
    found = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        start, end = max(size - int(found[2]), 0), size - 1
        empty = int(found[2]) == 0
    else:
        start, end = int(found[1]), int(found[2]) if found[2] else size - 1
        if found[2] and end < start:
            return None
        empty = False
    if empty or start >= size:
        raise S3Error(
            "InvalidRange",
            headers={"Content-Range": f"bytes */{size}"},
            ActualObjectSize=str(size),
            RangeRequested=header or "",
        )
    return start, min(end, size - 1) - start + 1
