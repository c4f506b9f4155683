"""Folders: S3 has none, but an empty object whose key ends with "/" is shown as one by every tool."""

from __future__ import annotations

from ..errors import BadRequest, Conflict
from .connections import Connection
from .faults import NotOffered
from .objects import check_key, exists, make_uri
from .signing import SignedRequest, send


def make_folder(connection: Connection, bucket: str, prefix: str) -> None:
    """Put the marker of a folder. BadRequest when `prefix` does not end with "/", Conflict when it is there."""
    if not check_key(prefix).endswith("/"):
        raise BadRequest(f"the name of a folder ends with “/”, {prefix!r} does not; add it")
    if exists(connection, bucket, prefix):
        raise Conflict(f"there is a folder {make_uri(bucket, prefix)} already; choose another name")
    request = SignedRequest(connection, "put_object", {"Bucket": bucket, "Key": prefix})
    headers = {"Content-Length": "0", "If-None-Match": "*"}
    try:
        send(request, lambda reply: None, headers=headers, body=lambda: b"", writing=True)
    except NotOffered:  # a service without conditions on writes; it was looked for just now
        send(request, lambda reply: None, headers={"Content-Length": "0"}, body=lambda: b"", writing=True)
