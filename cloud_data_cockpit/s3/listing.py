"""What S3 answers to ListBuckets and ListObjectsV2, as records; a parser of our own, by which any key survives."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import unquote_to_bytes

from ..models import Bucket, Listing, ObjectEntry
from .documents import Element, fields_of, read_page


def parse_buckets(body: bytes) -> tuple[list[Bucket], str | None]:
    """The buckets of one page and the token of the next. ValueError, KeyError or ParseError for anything else."""
    page, space = read_page(body, "ListAllMyBucketsResult")
    buckets = [_bucket(element, space) for element in page.iter(f"{space}Bucket")]
    return buckets, page.findtext(f"{space}ContinuationToken") or None


def parse_listing(bucket: str, prefix: str, body: bytes) -> Listing:
    """One page below `prefix`, without the marker of the folder. ValueError, KeyError or ParseError as above."""
    page, space = read_page(body, "ListBucketResult")
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
        next_token=(page.findtext(f"{space}NextContinuationToken") or None) if more else None,
    )


def decode_key(text: str, url_encoded: bool) -> str:
    """A key out of a listing. AWS encodes a space as "+" and a plus as "%2B"; others write "%20"."""
    if not url_encoded:
        return text
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")


def bare_etag(etag: str) -> str:
    """An ETag without its quotes, as our records hold it."""
    return etag.strip().removeprefix("W/").strip('"')


def _bucket(element: Element, space: str) -> Bucket:
    fields = fields_of(element, space)
    created = fields.get("CreationDate")
    return Bucket(name=fields["Name"], created=datetime.fromisoformat(created) if created else None)


def _entry(element: Element, space: str, url_encoded: bool) -> ObjectEntry:
    fields = fields_of(element, space)
    return ObjectEntry(
        key=decode_key(fields["Key"], url_encoded),
        size=int(fields["Size"]),
        last_modified=datetime.fromisoformat(fields["LastModified"]),
        etag=bare_etag(fields["ETag"]),
        storage_class=fields.get("StorageClass") or None,
    )


def _is_marker(key: str, prefix: str) -> bool:
    return key == prefix and key.endswith("/")
