"""Whether the object that an upload made is what was sent: size, ETag and CRC32, as far as the service tells them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import AccessDenied, ServiceError
from ..models import ObjectDetail, PartReceipt
from .connections import Connection
from .crc import combined, from_header, hexadecimal
from .objects import head

_MD5 = re.compile(r"[0-9a-f]{32}")


class NotWhole(ServiceError):
    """The object that came of an upload is not what was sent."""


@dataclass(frozen=True)
class Sent:
    """An object that was uploaded. `crc32` of all its bytes, in hexadecimal digits, where it is known."""

    uri: str
    size: int
    etag: str
    crc32: str | None = None


def joined_etag(parts: Sequence[PartReceipt]) -> str | None:
    """The ETag that most services give to an object of these parts: the MD5 of their MD5s, and their number.

    None when their own ETags are no MD5s. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    """
    if not all(_MD5.fullmatch(part.etag) for part in parts):
        return None
    digests = b"".join(bytes.fromhex(part.etag) for part in parts)
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"


def joined_crc32(parts: Sequence[PartReceipt]) -> int | None:
    """The CRC32 of the parts one after another; None when that of one is not known."""
    known = [(int(part.crc32, 16), part.size) for part in parts if part.crc32 is not None]
    return combined(known) if len(known) == len(parts) else None


def is_whole(found: ObjectDetail, size: int, parts: Sequence[PartReceipt]) -> bool:
    """Whether `found` is the object that these parts make: by size, and by ETag or CRC32."""
    if found.size != size or sum(part.size for part in parts) != size:
        return False
    crc32, kept = joined_crc32(parts), from_header(found.checksums.get("CRC32", ""))
    return found.etag == joined_etag(parts) or (crc32 is not None and crc32 == kept)


def verified(connection: Connection, bucket: str, key: str, size: int, etag: str, parts: Sequence[PartReceipt]) -> Sent:
    """The object, compared with what was sent. NotWhole in words when it is another; it is left as it is.

    `etag` is what the service gave for it. An ETag is compared only where the service computes it from the parts'.
    """
    crc32 = joined_crc32(parts)
    told = hexadecimal(crc32) if crc32 is not None else None
    sent = Sent(f"s3://{bucket}/{key}", size, etag, told)
    try:
        found = head(connection, bucket, key)
    except AccessDenied:  # who may write need not be allowed to read; the parts had the right size and checksums
        return sent
    there = f"what is there has {found.size} bytes and the ETag {found.etag}; look at it, and upload it again"
    if found.size != size:
        raise NotWhole(f"{found.uri} has {found.size} bytes after the upload of {size}; {there}")
    if etag in (joined_etag(parts), parts[0].etag) and found.etag != etag:
        raise NotWhole(f"{found.uri} is not what was uploaded, somebody else may have written it; {there}")
    kept = from_header(found.checksums.get("CRC32", ""))
    if crc32 is not None and kept is not None and kept != crc32:
        raise NotWhole(
            f"{found.uri} has the CRC32 {hexadecimal(kept)}, what was uploaded has {hexadecimal(crc32)}; {there}"
        )
    return sent
