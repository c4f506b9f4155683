"""Versions of objects: list them newest first, make one the latest again, delete one for good."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Generator
from contextlib import closing
from datetime import datetime
from typing import Literal, NamedTuple

from ..errors import AccessDenied, BadRequest, NotFound
from ..models import ObjectDetail, ObjectVersion, VersionPage
from .batches import Unwatched, Watch
from .connections import Connection
from .documents import Element, fields_of, read_page
from .faults import DeleteMarker, NotOffered
from .ledger import Ledger
from .listing import bare_etag, decode_key
from .multipart import reading
from .objects import PAGE_SIZE, check_key, head
from .rebuilding import rebuild_version
from .signing import SignedRequest, send
from .walk import one_ahead

Versioning = Literal["off", "enabled", "suspended"]
LARGEST_COPY = 5 << 30
_STATES: dict[str, Versioning] = {"Enabled": "enabled", "Suspended": "suspended"}


class _Found(NamedTuple):
    versions: list[ObjectVersion]
    next_key: str
    next_version: str

    @property
    def more(self) -> bool:
        return bool(self.next_key)


class _Position(NamedTuple):
    """Where a page begins, and what the bucket's versioning was found to be."""

    versioning: Versioning
    key: str
    version: str

    def token(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(self).encode()).decode()


def list_versions(
    connection: Connection, bucket: str, *, key: str | None = None, prefix: str = "", token: str | None = None
) -> VersionPage:
    """A page of the versions of one `key`, or of all keys that begin with `prefix`; newest first for each key.

    Keys are in UTF-8 byte order; `token` is the `next_token` of the page before. A service that has no versions shows
    none and "off".
    """
    at = _position(token) if token else _Position(versioning_of(connection, bucket), "", "")
    try:
        found = _page(connection, bucket, prefix if key is None else check_key(key), at)
    except NotOffered:
        return VersionPage(versioning="off", versions=[])
    versions, more = found.versions, found.more
    if key is not None:  # other keys begin with it too, and come after it
        versions = [version for version in versions if version.key == key]
        more = more and len(versions) == len(found.versions)
    state = at.versioning
    if state == "off" and any(version.version_id != "null" for version in versions):
        state = "enabled"  # the state may not be asked for, but no other bucket has such ids
    following = _Position(state, found.next_key, found.next_version).token() if more else None
    return VersionPage(versioning=state, versions=versions, next_token=following)


def iter_versions(connection: Connection, bucket: str, prefix: str = "") -> Generator[ObjectVersion, None, None]:
    """All versions and delete markers of the keys that begin with `prefix`; memory is that of two pages."""

    def fetch(token: str | None) -> VersionPage:
        return list_versions(connection, bucket, prefix=prefix, token=token or _START)

    with closing(one_ahead(fetch, lambda page: page.next_token)) as pages:
        for page in pages:
            yield from page.versions


def versioning_of(connection: Connection, bucket: str) -> Versioning:
    """Whether the bucket keeps versions; "off" as well where one may not ask, or the service has none."""
    request = SignedRequest(connection, "get_bucket_versioning", {"Bucket": bucket})
    try:
        return send(request, reading(_versioning))
    except (AccessDenied, NotOffered, BadRequest):
        return "off"


def restore_version(
    connection: Connection,
    bucket: str,
    key: str,
    version_id: str,
    watch: Watch | None = None,
    ledger: Ledger | None = None,
) -> ObjectDetail:
    """Make a version the latest by copying it onto its key; of a delete marker: remove it. The object as it then is.

    The versions in between stay. One of over 5 GiB is copied in parts, several at once, which the `ledger` remembers;
    `watch` is told of bytes, and may raise to give up. Archived when it must be restored from its archive first,
    NotFound when there is no such version, or nothing but delete markers is left.
    """
    watch = watch or Unwatched()
    try:
        wanted = head(connection, bucket, key, version_id)
    except DeleteMarker:
        delete_version(connection, bucket, key, version_id)
        return head(connection, bucket, key)
    try:
        latest = head(connection, bucket, key)
        if latest.version_id == wanted.version_id:
            return latest
    except NotFound:
        pass  # the latest is a delete marker: just what this is to undo
    watch.add(total=wanted.size, items_total=1)
    if wanted.size > LARGEST_COPY:
        rebuild_version(connection, bucket, key, version_id, watch, ledger)
    else:
        _copy_onto_itself(connection, wanted, version_id)
        watch.add(done=wanted.size)
    watch.add(items=1)
    return head(connection, bucket, key)


def delete_version(connection: Connection, bucket: str, key: str, version_id: str) -> None:
    """Delete one version, or one delete marker, for good; to delete what is not there succeeds, as S3 has it."""
    params = {"Bucket": bucket, "Key": check_key(key), "VersionId": version_id}
    send(SignedRequest(connection, "delete_object", params), lambda reply: None, writing=True)


def _copy_onto_itself(connection: Connection, wanted: ObjectDetail, version_id: str) -> None:
    from urllib.parse import quote

    # As botocore encodes it: the header is part of the signature, and is sent by us.
    source = f"{quote(f'{wanted.bucket}/{wanted.key}', safe='-._~/')}?versionId={version_id}"
    headers = {"x-amz-copy-source": source}
    params: dict[str, object] = {"Bucket": wanted.bucket, "Key": wanted.key}
    params["CopySource"] = {"Bucket": wanted.bucket, "Key": wanted.key, "VersionId": version_id}
    if wanted.storage_class:  # else the copy would be of the standard class; metadata and tags come along anyway
        params["StorageClass"] = headers["x-amz-storage-class"] = wanted.storage_class
    send(SignedRequest(connection, "copy_object", params), reading(_copied), headers=headers, writing=True)


def _copied(body: bytes) -> str:
    page, space = read_page(body, "CopyObjectResult")
    return fields_of(page, space)["ETag"]


def _page(connection: Connection, bucket: str, prefix: str, at: _Position) -> _Found:
    params: dict[str, object] = {"Bucket": bucket, "MaxKeys": PAGE_SIZE, "EncodingType": "url"}
    given = {"Prefix": prefix, "KeyMarker": at.key, "VersionIdMarker": at.version}
    params.update({name: value for name, value in given.items() if value})
    return send(SignedRequest(connection, "list_object_versions", params), reading(_parse))


def _parse(body: bytes) -> _Found:
    page, space = read_page(body, "ListVersionsResult")
    about = fields_of(page, space)
    encoded = about.get("EncodingType") == "url"
    names = (f"{space}Version", f"{space}DeleteMarker")
    versions = [_version(element, space, encoded) for element in page if element.tag in names]
    if about.get("IsTruncated") != "true":
        return _Found(versions, "", "")
    return _Found(versions, decode_key(about["NextKeyMarker"], encoded), about.get("NextVersionIdMarker", ""))


def _version(element: Element, space: str, encoded: bool) -> ObjectVersion:
    fields = fields_of(element, space)
    deleted = element.tag == f"{space}DeleteMarker"
    return ObjectVersion(
        key=decode_key(fields["Key"], encoded),
        version_id=fields["VersionId"],
        latest=fields["IsLatest"] == "true",
        deleted=deleted,
        size=0 if deleted else int(fields["Size"]),
        last_modified=datetime.fromisoformat(fields["LastModified"]),
        etag=None if deleted else bare_etag(fields["ETag"]),
        storage_class=fields.get("StorageClass") or None,
    )


def _versioning(body: bytes) -> Versioning:
    page, space = read_page(body, "VersioningConfiguration")
    return _STATES.get(fields_of(page, space).get("Status", ""), "off")


def _position(token: str) -> _Position:
    try:
        versioning, key, version = json.loads(base64.b64decode(token.encode(), b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise BadRequest("this is no `next_token` of a page of versions; begin without one") from None
    if versioning not in ("off", "enabled", "suspended") or not isinstance(key, str) or not isinstance(version, str):
        raise BadRequest("this is no `next_token` of a page of versions; begin without one")
    return _Position(versioning, key, version)


_START = _Position("enabled", "", "").token()
"""For those who want the versions only, and not what the bucket is set to."""
