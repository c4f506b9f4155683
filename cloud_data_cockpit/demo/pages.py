"""ListObjectsV2, ListObjects and ListObjectVersions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .archive import class_in
from .listing import Page, Position, collect, first_key, position_of, walk
from .multipart import OWNER
from .operations import Call
from .replies import Reply, xml_reply
from .s3errors import S3Error
from .xml import document, element, escape, key_text, timestamp


class _Asked:
    """What the three listings ask for alike."""

    def __init__(self, call: Call) -> None:
        request = call.request
        self.call = call
        self.prefix = request.parameter("prefix").encode()
        self.delimiter = request.parameter("delimiter").encode()
        self.limit = request.number("max-keys", 1000, 0, 1000)
        encoding = request.parameter("encoding-type")
        if encoding not in ("", "url"):
            raise S3Error("InvalidArgument", "Invalid Encoding Method specified in Request")
        self.url = encoding == "url"

    def key(self, name: str, key: bytes) -> str:
        """An element holding a key."""
        return f"<{name}>{escape(key_text(key, self.url))}</{name}>"

    def head(self, page: Page) -> str:
        """The elements that begin every listing."""
        inner = element("Name", self.call.bucket.name) + self.key("Prefix", self.prefix)
        inner += element("MaxKeys", self.limit) + element("IsTruncated", page.end is not None)
        if self.delimiter:
            inner += self.key("Delimiter", self.delimiter)
        return inner + (element("EncodingType", "url") if self.url else "")

    def common_prefixes(self, page: Page) -> str:
        """The elements that end every listing."""
        return "".join(f"<CommonPrefixes>{self.key('Prefix', item)}</CommonPrefixes>" for item in page.prefixes)


def _current(asked: _Asked, start: bytes | None) -> Page:
    """A page of current objects; rows are (key, etag, size, modified, checksum, headers)."""
    bucket = asked.call.bucket.id

    def seek(low: bytes, high: bytes | None) -> Iterator[tuple[Any, ...]]:
        bound, extra = ("AND key < ?", (high,)) if high is not None else ("", ())
        query = (
            "SELECT key, etag, size, modified, checksum, headers FROM versions INDEXED BY current "
            f"WHERE latest = 1 AND bucket = ? AND key >= ? {bound} AND marker = 0 ORDER BY key"
        )
        return asked.call.store.database.execute(query, (bucket, low, *extra))

    if start is None:
        return Page([], [], None)
    return collect(walk(seek, start, asked.prefix, asked.delimiter), asked.limit)


def _contents(asked: _Asked, page: Page, owner: str) -> str:
    lines = []
    for key, etag, size, modified, checksum, headers in page.rows:
        line = asked.key("Key", key) + f"<LastModified>{timestamp(modified)}</LastModified>"  # type: ignore[arg-type]
        line += f"<ETag>{escape(str(etag))}</ETag><Size>{size}</Size>"
        if checksum:
            algorithm, _, kind = json.loads(str(checksum))
            line += f"<ChecksumAlgorithm>{algorithm}</ChecksumAlgorithm><ChecksumType>{kind}</ChecksumType>"
        lines.append(f"<Contents>{line}{owner}<StorageClass>{class_in(str(headers))}</StorageClass></Contents>")
    return "".join(lines)


async def list_objects(call: Call) -> Reply:
    """ListObjectsV2 and, without list-type=2, ListObjects."""
    if call.request.parameter("list-type") == "2":
        return _list_v2(call)
    asked = _Asked(call)
    marker = call.request.parameter("marker").encode()
    # A marker that is a common prefix, or lies in one, stands behind all of it.
    rolled = asked.delimiter and marker.startswith(asked.prefix) and asked.delimiter in marker[len(asked.prefix) :]
    after: Position | None = Position(marker) if marker else None
    if rolled:
        end = marker.index(asked.delimiter, len(asked.prefix)) + len(asked.delimiter)
        after = Position(marker[:end], True)
    page = _current(asked, first_key(after))
    inner = asked.head(page) + asked.key("Marker", marker)
    if page.end is not None and asked.delimiter:
        inner += asked.key("NextMarker", page.end.key)
    inner += _contents(asked, page, f"<Owner>{OWNER}</Owner>") + asked.common_prefixes(page)
    return xml_reply(document("ListBucketResult", inner))


def _list_v2(call: Call) -> Reply:
    asked = _Asked(call)
    token, start_after = call.request.parameter("continuation-token"), call.request.parameter("start-after")
    if "continuation-token" in call.request.parameters:
        after: Position | None = position_of(token)
    else:
        after = Position(start_after.encode()) if start_after else None
    page = _current(asked, first_key(after))
    inner = asked.head(page) + element("KeyCount", len(page.rows) + len(page.prefixes))
    if token:
        inner += element("ContinuationToken", token)
    if start_after:
        inner += asked.key("StartAfter", start_after.encode())
    if page.end is not None:
        inner += element("NextContinuationToken", page.end.token())
    owner = f"<Owner>{OWNER}</Owner>" if call.request.parameter("fetch-owner") == "true" else ""
    inner += _contents(asked, page, owner) + asked.common_prefixes(page)
    return xml_reply(document("ListBucketResult", inner))


def _versions(asked: _Asked, marker: bytes, version_marker: str) -> Page:
    """A page of all versions, newest first; a row begins with (key, version, latest, marker, etag, size, modified)."""
    store, bucket = asked.call.store, asked.call.bucket
    resumed = store.version(bucket, marker, version_marker) if version_marker else None

    def seek(low: bytes, high: bytes | None) -> Iterator[tuple[Any, ...]]:
        bound, extra = ("AND key < ?", (high,)) if high is not None else ("", ())
        query = (
            "SELECT key, version, latest, marker, etag, size, modified, id, headers FROM versions INDEXED BY history "
            f"WHERE bucket = ? AND key >= ? {bound} ORDER BY key, id DESC"
        )
        rows = store.database.execute(query, (bucket.id, low, *extra))
        return (row for row in rows if resumed is None or row[0] != marker or row[7] < resumed.id)

    if resumed is not None:
        start: bytes | None = marker
    else:
        within = asked.delimiter and marker.endswith(asked.delimiter)
        start = first_key(Position(marker, bool(within))) if marker else b""
    if start is None:
        return Page([], [], None)
    return collect(walk(seek, start, asked.prefix, asked.delimiter), asked.limit)


async def list_versions(call: Call) -> Reply:
    """ListObjectVersions."""
    asked = _Asked(call)
    key_marker, version_marker = call.request.parameter("key-marker"), call.request.parameter("version-id-marker")
    page = _versions(asked, key_marker.encode(), version_marker)
    inner = asked.head(page) + asked.key("KeyMarker", key_marker.encode()) + element("VersionIdMarker", version_marker)
    if page.end is not None:
        inner += asked.key("NextKeyMarker", page.end.key) + element("NextVersionIdMarker", page.end.detail)
    for key, version, latest, marker, etag, size, modified, _, headers in page.rows:
        line = asked.key("Key", key) + element("VersionId", version)  # type: ignore[arg-type]
        line += element("IsLatest", bool(latest)) + element("LastModified", timestamp(modified))  # type: ignore[arg-type]
        if marker:
            inner += f"<DeleteMarker>{line}<Owner>{OWNER}</Owner></DeleteMarker>"
        else:
            line += element("ETag", etag) + element("Size", size) + element("StorageClass", class_in(str(headers)))
            inner += f"<Version>{line}<Owner>{OWNER}</Owner></Version>"
    inner += asked.common_prefixes(page)
    return xml_reply(document("ListVersionsResult", inner))
