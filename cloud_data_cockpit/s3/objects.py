"""Buckets and objects: list page by page, look at one, create, delete; keys are taken and given exactly as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from ..errors import AccessDenied, BadRequest, NotFound, ServiceError
from ..models import Bucket, Listing, ObjectDetail
from .clients import DEFAULT_REGION, is_aws
from .connections import Connection
from .details import detail_of
from .documents import ParseError
from .faults import Place, translated
from .listing import parse_buckets, parse_listing
from .signing import SignedRequest, send

PAGE_SIZE = 1000
LONGEST_KEY = 1024
_LONGEST_PAGE = 64 << 20
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def parse_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`; nothing is decoded, so the key is as S3 knows it. The key may be empty."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise BadRequest(f"{uri!r} is not the URI of an object; it looks like s3://bucket/key")
    return bucket, key


def make_uri(bucket: str, key: str) -> str:
    """The URI of an object; the reverse of `parse_uri`."""
    return f"s3://{bucket}/{key}"


def check_key(key: str) -> str:
    """`key`, unless no service could hold it: BadRequest when it is empty or over 1,024 bytes of UTF-8."""
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        raise BadRequest("the key cannot be written as UTF-8; S3 has no such keys") from None
    if not 1 <= length <= LONGEST_KEY:
        raise BadRequest(f"a key has 1 to {LONGEST_KEY} bytes in UTF-8, this one {length}; choose another")
    return key


# --- buckets -----------------------------------------------------------------------------------


def list_buckets(connection: Connection) -> list[Bucket]:
    """The buckets of the account, by name. AccessDenied where that is not permitted: a bucket can still be named."""
    ref = connection.ref
    if ref.anonymous and is_aws(ref.endpoint_url):
        raise AccessDenied("an anonymous connection has no list of buckets; type the bucket's name or an s3:// URI")
    found: list[Bucket] = []
    params: dict[str, object] = {}
    while True:
        body = send(SignedRequest(connection, "list_buckets", params), lambda reply: reply.read(_LONGEST_PAGE))
        with _listing_expected(Place(ref)):
            buckets, token = parse_buckets(body)
        found += buckets
        if token is None:
            return sorted(found, key=lambda bucket: bucket.name)
        params = {"ContinuationToken": token}


def create_bucket(connection: Connection, bucket: str) -> Bucket:
    """Create a bucket in the connection's region. Conflict when it exists, BadRequest when the name cannot be."""
    if not _BUCKET.fullmatch(bucket) or ".." in bucket:
        raise BadRequest("a bucket's name has 3 to 63 lower-case letters, digits, hyphens and dots; choose another")
    region = connection.region_of(None)
    place = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != DEFAULT_REGION else {}
    with translated(Place(connection.ref, bucket), writing=True):
        connection.client.create_bucket(Bucket=bucket, **place)
    return Bucket(name=bucket, created=datetime.now(UTC))


# --- objects -----------------------------------------------------------------------------------


def head(
    connection: Connection, bucket: str, key: str, version_id: str | None = None, *, checksums: bool = False
) -> ObjectDetail:
    """What an object, or one version of it, tells of itself; `format` is left open.

    `checksums`: those that the service keeps, too, where it may be asked for them. NotFound, AccessDenied, BadRequest
    for a delete marker, and the other errors of S3.
    """
    params: dict[str, object] = {"Bucket": bucket, "Key": check_key(key)}
    params.update({"VersionId": version_id} if version_id else {})
    if checksums:
        with suppress(AccessDenied, BadRequest, NotFound):  # a checksum may take a permission of its own
            return _look({**params, "ChecksumMode": "ENABLED"}, connection, {"x-amz-checksum-mode": "ENABLED"})
    with suppress(AccessDenied, BadRequest, NotFound):
        return _look(params, connection)
    # A refused HEAD has no body and so no reason; a GET of the first byte is refused with one.
    send(SignedRequest(connection, "get_object", params), lambda reply: None, headers={"Range": "bytes=0-0"})
    return _look(params, connection)  # the GET was not refused: it may have learnt the region, or it is there only now


def _look(params: dict[str, object], connection: Connection, headers: Mapping[str, str] | None = None) -> ObjectDetail:
    bucket, key = str(params["Bucket"]), str(params["Key"])
    request = SignedRequest(connection, "head_object", params)
    return send(request, lambda reply: detail_of(bucket, key, reply.headers), headers=headers)


def exists(connection: Connection, bucket: str, key: str) -> bool:
    """Whether the object is there. NotFound when the bucket is not, AccessDenied when one may not even look."""
    params = {"Bucket": bucket, "Key": check_key(key)}
    try:
        return send(SignedRequest(connection, "head_object", params), lambda reply: True)
    except NotFound:
        with suppress(AccessDenied):  # who may not list is not told whether the bucket is there
            list_page(connection, bucket, page_size=1)
        return False


def delete_object(connection: Connection, bucket: str, key: str) -> None:
    """Delete the object; to delete what is not there succeeds, as S3 has it."""
    request = SignedRequest(connection, "delete_object", {"Bucket": bucket, "Key": check_key(key)})
    send(request, lambda reply: None, writing=True)


# --- listing -----------------------------------------------------------------------------------


def list_page(
    connection: Connection,
    bucket: str,
    prefix: str = "",
    token: str | None = None,
    delimiter: str = "/",
    page_size: int = PAGE_SIZE,
    *,
    markers: bool = False,
    start_after: str | None = None,
) -> Listing:
    """One page of the keys that begin with `prefix`; those with a further `delimiter` are folded into prefixes.

    `page_size` is 1 to 1,000 keys and prefixes; `token` is the `next_token` of the page before; `start_after` a key
    after which the first page begins. The marker of a folder (the key that is `prefix` itself) is left out unless
    `markers`. ListObjectsV2, parsed here: any key survives.
    """
    if not 1 <= page_size <= PAGE_SIZE:
        raise BadRequest(f"a page holds 1 to {PAGE_SIZE} objects, not {page_size}")
    params: dict[str, object] = {"Bucket": bucket, "MaxKeys": page_size, "EncodingType": "url"}
    given = {"Prefix": prefix, "Delimiter": delimiter, "ContinuationToken": token, "StartAfter": start_after}
    params.update({name: value for name, value in given.items() if value})
    body = send(SignedRequest(connection, "list_objects_v2", params), lambda reply: reply.read(_LONGEST_PAGE))
    with _listing_expected(Place(connection.ref, bucket)):
        return parse_listing(bucket, prefix, body, markers=markers)


@contextmanager
def _listing_expected(place: Place) -> Iterator[None]:
    try:
        yield
    except (ParseError, ValueError, KeyError):
        raise ServiceError(f"{place} answered with no listing of S3; check that this is an S3 service") from None
