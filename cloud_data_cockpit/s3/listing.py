"""What S3 answers to ListBuckets and ListObjectsV2, as records; a parser of our own, by which any key survives."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from ..models import Bucket, Listing, ObjectEntry
from .documents import Element, fields_of, read_page

_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ROOT = re.compile(r'\s*(?:<\?xml [^<>]*\?>\s*)?<ListBucketResult(?: xmlns="[^"<>]*")?>')
_END = "</ListBucketResult>"
_FIELDS = ("Key", "LastModified", "ETag", "Size", "StorageClass")
_FIELD = re.compile(f"<({'|'.join(_FIELDS)})>")
_PREFIX = re.compile(r"<CommonPrefixes>\s*<Prefix>([^<]*)</Prefix>\s*</CommonPrefixes>")

Row = tuple[str, ...]
"""Texts of an entry, of the names in _FIELDS: the ETag without quotes, StorageClass empty where there is none."""


class _Page(NamedTuple):
    rows: Iterable[Row]
    prefixes: list[str]
    url_encoded: bool
    token: str | None


def parse_buckets(body: bytes) -> tuple[list[Bucket], str | None]:
    """The buckets of one page and the token of the next. ValueError, KeyError or ParseError for anything else."""
    page, space = read_page(body, "ListAllMyBucketsResult")
    buckets = [_bucket(element, space) for element in page.iter(f"{space}Bucket")]
    return buckets, page.findtext(f"{space}ContinuationToken") or None


def parse_listing(bucket: str, prefix: str, body: bytes, *, markers: bool = False) -> Listing:
    """One page below `prefix`; without the marker of the folder itself, unless `markers`.

    ValueError, KeyError or ParseError for what is no such page. Pages of the usual shape are read by one regular
    expression, at three times the speed of an XML parser; any other by the XML parser.
    """
    page = _read_fast(body) or _read_xml(body)
    objects = [_entry(row, page.url_encoded) for row in page.rows]
    if not markers and prefix.endswith("/"):
        objects = [entry for entry in objects if entry.key != prefix]
    keys = [entry.key for entry in objects]
    if keys != sorted(keys):  # by code points, which is the order of their UTF-8 bytes too; few services need it
        objects.sort(key=lambda entry: entry.key)
    return Listing.model_construct(
        bucket=bucket,
        prefix=prefix,
        prefixes=sorted(decode_key(text, page.url_encoded) for text in page.prefixes),
        objects=objects,
        next_token=page.token,
    )


def decode_key(text: str, url_encoded: bool) -> str:
    """A key out of a listing. AWS encodes a space as "+" and a plus as "%2B"; others write "%20"."""
    if not url_encoded or ("%" not in text and "+" not in text):
        return text
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")


def bare_etag(etag: str) -> str:
    """An ETag without its quotes, as our records hold it."""
    return etag.strip().removeprefix("W/").strip('"')


def _entry(row: Row, url_encoded: bool) -> ObjectEntry:
    key, last_modified, etag, size, storage_class = row
    if url_encoded and ("%" in key or "+" in key):
        key = decode_key(key, url_encoded)
    modified = datetime.fromisoformat(last_modified)
    return ObjectEntry.quick(key, int(size), modified, etag, storage_class or None)


def _bucket(element: Element, space: str) -> Bucket:
    fields = fields_of(element, space)
    created = fields.get("CreationDate")
    return Bucket(name=fields["Name"], created=datetime.fromisoformat(created) if created else None)


# --- pages of any shape ------------------------------------------------------------------------


def _read_xml(body: bytes) -> _Page:
    page, space = read_page(body, "ListBucketResult")
    entries = [fields_of(element, space) for element in page.iter(f"{space}Contents")]
    prefixes = [element.findtext(f"{space}Prefix") or "" for element in page.iter(f"{space}CommonPrefixes")]
    more = page.findtext(f"{space}IsTruncated") == "true"
    return _Page(
        rows=[_row(entry) for entry in entries],
        prefixes=prefixes,
        url_encoded=page.findtext(f"{space}EncodingType") == "url",
        token=(page.findtext(f"{space}NextContinuationToken") or None) if more else None,
    )


def _row(entry: dict[str, str]) -> Row:
    key, last_modified, etag, size = (entry[name] for name in _FIELDS[:4])
    return key, last_modified, bare_etag(etag), size, entry.get("StorageClass", "")


# --- pages of the usual shape ------------------------------------------------------------------


def _read_fast(body: bytes) -> _Page | None:
    """The page, if each entry has its fields in the order of the first one's; None leaves it to the XML parser.

    So is a page left that has comments, CDATA, a DOCTYPE or attributes: without these, a "<" can only begin a tag.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    if _ROOT.match(text) is None or "<!" in text or "\r" in text or not text[-64:].rstrip().endswith(_END):
        return None
    text = text.replace("&quot;", '"')
    begin = text.find("<Contents>")
    shape = tuple(_FIELD.findall(text, begin, text.find("</Contents>", begin))) if begin >= 0 else _FIELDS
    if sorted(shape) not in (sorted(_FIELDS), sorted(_FIELDS[:4])):
        return None
    rows: list[Row] = _entries_like(shape).findall(text)
    prefixes: list[str] = _PREFIX.findall(text)
    if len(rows) != text.count("<Contents") or len(prefixes) != text.count("<CommonPrefixes"):
        return None
    if shape != _FIELDS:
        order = [shape.index(name) if name in shape else len(shape) for name in _FIELDS]
        rows = [tuple(row[i] for i in order) for row in ((*row, "") for row in rows)]
    if "&" in text:
        rows = [tuple(map(_undo_references, row)) for row in rows]
        prefixes = [_undo_references(prefix) for prefix in prefixes]
    more = _text_of(text, "IsTruncated") == "true"
    token = _text_of(text, "NextContinuationToken") or None
    return _Page(rows, prefixes, _text_of(text, "EncodingType") == "url", token if more else None)


@lru_cache(maxsize=16)
def _entries_like(shape: tuple[str, ...]) -> re.Pattern[str]:
    """An entry whose fields stand in this order; elements between them that nobody needs are passed over."""
    others = rf"[^<]*+(?:<(?!/?Contents|(?:{'|'.join(_FIELDS)})>)[^<]*+)*+"
    texts = {"ETag": '(?:W/)?"?([^<"]*)"?'}
    fields = "".join(rf"{others}<{name}>{texts.get(name, '([^<]*)')}</{name}>" for name in shape)
    return re.compile(f"<Contents>{fields}{others}</Contents>")


def _text_of(text: str, name: str) -> str:
    found = re.search(f"<{name}>([^<]*)</{name}>", text)
    return _undo_references(found[1]) if found else ""


def _undo_references(text: str) -> str:
    if "&" not in text:
        return text
    if text.count("&") != len(_REFERENCE.findall(text)):
        raise ValueError("an entity that XML does not define")
    return _REFERENCE.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    if found[3]:
        return _ENTITIES[found[3]]
    number = int(found[1], 16) if found[1] else int(found[2])
    return "\ufffd" if 0xD800 <= number < 0xE000 else chr(number)
