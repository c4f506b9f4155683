"""Small objects in one request: whole or not at all, verified, and not over one that exists unless asked."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..errors import CockpitError, Exists
from . import uploads
from .clients import is_aws
from .connections import Connection
from .content_types import checked_type
from .crc import hexadecimal
from .faults import NotOffered, Place
from .finished import Sent
from .objects import check_key, head, make_uri
from .parts import Moved, Part, PartBody
from .signing import SignedRequest, send

MOST_BYTES = 8 << 20
"""Bytes up to which an object goes in one request; larger ones go in parts."""

_honours: dict[str, bool] = {}
"""Whether a service refuses a conditional write to a key that exists, by endpoint, as it was found in this process."""
_asking = threading.Lock()


def put_whole(
    connection: Connection,
    bucket: str,
    key: str,
    body: PartBody,
    *,
    content_type: str | None = None,
    overwrite: bool = False,
    crc32: str | None = None,
    moved: Moved | None = None,
    check_open: Callable[[], None] = lambda: None,
) -> Sent:
    """Put bytes, or a seekable file from where it stands, as one object; the service verifies their CRC32.

    Conflict when the key exists and `overwrite` is not set. Damaged when `crc32`, in hexadecimal digits, is not that
    of the bytes. Tried again on faults of the service and broken connections.
    """
    part = Part(body, None, check_open, moved)
    part.check_promised(crc32)
    request = _Put(connection, bucket, check_key(key), checked_type(key, content_type), part)
    try:
        etag = request.send() if overwrite else _put_absent(request)
    except CockpitError:
        part.take_back()
        raise
    return Sent(make_uri(bucket, key), part.size, etag, hexadecimal(part.crc32()))


class _Put:
    """A request that can be sent with a condition and without."""

    def __init__(self, connection: Connection, bucket: str, key: str, content_type: str | None, part: Part) -> None:
        self.connection = connection
        self.bucket = bucket
        self.key = key
        self.part = part
        self._type = content_type

    def send(self, *, only_if_absent: bool = False) -> str:
        """The ETag. Conflict when the condition does not hold, NotOffered when the service knows none."""
        checksum = self.part.checksum()
        params: dict[str, object] = {"Bucket": self.bucket, "Key": self.key, "ChecksumCRC32": checksum}
        headers = {"Content-Length": str(self.part.size), "x-amz-checksum-crc32": checksum}
        if self._type:
            params["ContentType"] = headers["Content-Type"] = self._type
        if only_if_absent:
            params["IfNoneMatch"] = headers["If-None-Match"] = "*"
        request = SignedRequest(self.connection, "put_object", params)
        return send(request, self.part.received, headers=headers, body=self.part.blocks, writing=True)

    def exists(self) -> Exists:
        """What to say of a key that is taken."""
        place = Place(self.connection.ref, self.bucket, self.key)
        return Exists(f"{place} exists already; choose another key or overwrite it")


def _put_absent(request: _Put) -> str:
    """Put it unless the key exists. A service not known to honour the condition is asked before, and tried once.

    Some services ignore `If-None-Match` on writes without a word. So after the first object that was put, the same
    bytes are put once more: the service must refuse them.
    """
    endpoint = request.connection.ref.endpoint_url or ""
    if is_aws(request.connection.ref.endpoint_url) or _honours.get(endpoint):
        return _put_if_absent(request)
    uploads.check_absent(request.connection, request.bucket, request.key)
    if endpoint in _honours:
        return _put_if_absent(request)
    with _asking:
        if endpoint not in _honours:
            etag = _put_if_absent(request)
            _honours[endpoint] = _refuses(request)
            return etag
    return _put_if_absent(request)


def _put_if_absent(request: _Put) -> str:
    try:
        return request.send(only_if_absent=True)
    except NotOffered:
        return request.send()
    except Exists:
        if request.part.attempts < 2:
            raise request.exists() from None
    # An attempt whose reply was lost may be what is there now.
    found = head(request.connection, request.bucket, request.key)
    if found.size != request.part.size or found.etag != request.part.md5():
        raise request.exists()
    return found.etag


def _refuses(request: _Put) -> bool:
    request.part.settle()
    try:
        request.send(only_if_absent=True)
    except Exists:
        return True
    except CockpitError:
        return False
    return False
