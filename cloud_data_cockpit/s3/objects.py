"""Buckets and objects: list page by page, look at one, create, delete; keys are taken and given exactly as they are."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_to_bytes

from ..errors import AccessDenied, BadRequest, NotFound, ServiceError
from ..models import Bucket, Listing, ObjectDetail, ObjectEntry
from .clients import DEFAULT_REGION, is_aws
from .connections import Connection
from .faults import Place, translated
from .http import BrokenError, Reply
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
    token: dict[str, str] = {}
    while True:
        with translated(Place(ref)):
            page = connection.client.list_buckets(**token)
        found += [Bucket(name=each["Name"], created=each.get("CreationDate")) for each in page.get("Buckets", [])]
        if not page.get("ContinuationToken"):
            return sorted(found, key=lambda bucket: bucket.name)
        token = {"ContinuationToken": page["ContinuationToken"]}


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


def head(connection: Connection, bucket: str, key: str) -> ObjectDetail:
    """Size, date, ETag (without quotes), content type and metadata of one object; `format` is left open."""
    params = {"Bucket": bucket, "Key": check_key(key)}
    refusal: Exception
    try:
        return send(SignedRequest(connection, "head_object", params), lambda reply: _detail(bucket, key, reply))
    except (AccessDenied, BadRequest, NotFound) as error:
        refusal = error
    # A refused HEAD has no body and so no reason; a GET of the first byte is refused with one.
    send(SignedRequest(connection, "get_object", params), lambda reply: None, headers={"Range": "bytes=0-0"})
    raise refusal


def exists(connection: Connection, bucket: str, key: str) -> bool:
    """Whether the object is there. NotFound when the bucket is not."""
    params = {"Bucket": bucket, "Key": check_key(key)}
    try:
        return send(SignedRequest(connection, "head_object", params), lambda reply: True)
    except NotFound:
        list_page(connection, bucket, page_size=1)
        return False


def delete_object(connection: Connection, bucket: str, key: str) -> None:
    """Delete the object; to delete what is not there succeeds, as S3 has it."""
    request = SignedRequest(connection, "delete_object", {"Bucket": bucket, "Key": check_key(key)})
    send(request, lambda reply: None, writing=True)


def _detail(bucket: str, key: str, reply: Reply) -> ObjectDetail:
    headers = reply.headers
    if not all(name in headers for name in ("Content-Length", "ETag", "Last-Modified")):
        raise BrokenError("the reply lacks length, ETag or date")
    return ObjectDetail(
        uri=make_uri(bucket, key),
        bucket=bucket,
        key=key,
        size=int(headers["Content-Length"]),
        last_modified=parsedate_to_datetime(headers["Last-Modified"]),
        etag=bare_etag(headers["ETag"]),
        content_type=headers.get("Content-Type"),
        metadata={k.lower()[11:]: v for k, v in headers.items() if k.lower().startswith("x-amz-meta-")},
    )


def bare_etag(etag: str) -> str:
    """An ETag without its quotes, as our records hold it."""
    return etag.strip().removeprefix("W/").strip('"')


# --- listing -----------------------------------------------------------------------------------


def list_page(
    connection: Connection,
    bucket: str,
    prefix: str = "",
    token: str | None = None,
    delimiter: str = "/",
    page_size: int = PAGE_SIZE,
) -> Listing:
    """One page of the keys that begin with `prefix`; those with a further `delimiter` are folded into prefixes.

    `page_size` is 1 to 1,000 keys and prefixes; `token` is the `next_token` of the page before. The marker of a folder
    (the key that is `prefix` itself) is left out. ListObjectsV2, parsed here: any key survives.
    """
    if not 1 <= page_size <= PAGE_SIZE:
        raise BadRequest(f"a page holds 1 to {PAGE_SIZE} objects, not {page_size}")
    params: dict[str, object] = {"Bucket": bucket, "MaxKeys": page_size, "EncodingType": "url"}
    given = {"Prefix": prefix, "Delimiter": delimiter, "ContinuationToken": token}
    params.update({name: value for name, value in given.items() if value})
    body = send(SignedRequest(connection, "list_objects_v2", params), lambda reply: reply.read(_LONGEST_PAGE))
    try:
        return _listing(bucket, prefix, body)
    except (ElementTree.ParseError, ValueError, KeyError):
        where = Place(connection.ref, bucket)
        raise ServiceError(
            f"{where} answered with no listing of S3; check that the endpoint is an S3 service"
        ) from None


def _listing(bucket: str, prefix: str, body: bytes) -> Listing:
    page = ElementTree.fromstring(body)
    if page.tag.rpartition("}")[2] != "ListBucketResult":
        raise ValueError(page.tag)
    space = page.tag.removesuffix("ListBucketResult")
    url_encoded = page.findtext(f"{space}EncodingType") == "url"
    objects = [_entry(element, space, url_encoded) for element in page.iter(f"{space}Contents")]
    prefixes = [
        decode_key(element.findtext(f"{space}Prefix") or "", url_encoded)
        for element in page.iter(f"{space}CommonPrefixes")
    ]
    more = page.findtext(f"{space}IsTruncated") == "true"
    return Listing(
        bucket=bucket,
        prefix=prefix,
        prefixes=sorted(prefixes, key=str.encode),
        objects=sorted((o for o in objects if not _is_marker(o.key, prefix)), key=lambda o: o.key.encode()),
        next_token=page.findtext(f"{space}NextContinuationToken") or None if more else None,
    )


def _entry(element: ElementTree.Element, space: str, url_encoded: bool) -> ObjectEntry:
    fields = {child.tag.removeprefix(space): child.text or "" for child in element}
    return ObjectEntry(
        key=decode_key(fields["Key"], url_encoded),
        size=int(fields["Size"]),
        last_modified=datetime.fromisoformat(fields["LastModified"]),
        etag=bare_etag(fields["ETag"]),
        storage_class=fields.get("StorageClass") or None,
    )


def _is_marker(key: str, prefix: str) -> bool:
    return key == prefix and key.endswith("/")


def decode_key(text: str, url_encoded: bool) -> str:
    """A key out of a listing. AWS encodes a space as "+" and a plus as "%2B"; others write "%20"."""
    if not url_encoded:
        return text
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")
