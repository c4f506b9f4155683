"""Records of buckets, objects, their versions, tags and links."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from .base import Record

ArchiveState = Literal["none", "archived", "restoring", "restored"]
"""Whether an object of an archive class must be restored before it can be read, is being restored, or has been."""


class Bucket(Record):
    name: str
    created: datetime | None = None


class ObjectEntry(Record):
    """One row of a listing. `size` in bytes; `etag` without quotes."""

    key: str
    size: int
    last_modified: datetime
    etag: str
    storage_class: str | None = None

    @classmethod
    def quick(
        cls, key: str, size: int, last_modified: datetime, etag: str, storage_class: str | None = None
    ) -> ObjectEntry:
        """The record without its checks, in a fifth of the time, for the thousands that a listing brings."""
        made = cls.__new__(cls)
        fields = {
            "key": key,
            "size": size,
            "last_modified": last_modified,
            "etag": etag,
            "storage_class": storage_class,
        }
        _set(made, "__dict__", fields)
        _set(made, "__pydantic_fields_set__", _ENTRY_FIELDS)
        _set(made, "__pydantic_extra__", None)
        _set(made, "__pydantic_private__", None)
        return made


_set = object.__setattr__
_ENTRY_FIELDS = set(ObjectEntry.model_fields)


class Listing(Record):
    """One page of a bucket below `prefix`: common prefixes first, then objects, both in UTF-8 byte order."""

    bucket: str
    prefix: str
    prefixes: list[str]
    objects: list[ObjectEntry]
    next_token: str | None = None


class ObjectDetail(Record):
    """An object with the format found in its bytes; `problem` says why no format fits.

    `checksums` by algorithm as S3 gives them (base64). `archive`: whether its bytes can be read now.
    """

    uri: str
    bucket: str
    key: str
    size: int
    last_modified: datetime
    etag: str
    content_type: str | None = None
    content_encoding: str | None = None
    content_disposition: str | None = None
    cache_control: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    format: str | None = None
    problem: str | None = None
    storage_class: str | None = None
    version_id: str | None = None
    checksums: dict[str, str] = Field(default_factory=dict)
    archive: ArchiveState = "none"
    restored_until: datetime | None = None


class ObjectVersion(Record):
    """One version of a key; `deleted` is a delete marker, which has no bytes."""

    key: str
    version_id: str
    latest: bool
    deleted: bool
    size: int
    last_modified: datetime
    etag: str | None = None
    storage_class: str | None = None


class VersionPage(Record):
    """A page of the versions below a prefix or of one key, newest first for each key."""

    versioning: Literal["off", "enabled", "suspended"]
    versions: list[ObjectVersion]
    next_token: str | None = None


class Tags(Record):
    """The tags of an object, at most 10."""

    tags: dict[str, str]


class PresignRequest(Record):
    """A link that anybody may read the object by, for `seconds` (at most 7 days)."""

    connection: str
    bucket: str
    key: str
    version_id: str | None = None
    seconds: int = Field(default=3600, ge=1, le=604_800)


class PresignedLink(Record):
    """The link and when it ends: earlier than asked for when temporary credentials end earlier, which `note` says."""

    url: str
    expires: datetime
    note: str = ""


class ThawRequest(Record):
    """Bring an archived object back for `days`."""

    connection: str
    bucket: str
    key: str
    version_id: str | None = None
    days: int = Field(default=7, ge=1, le=365)
    tier: Literal["Standard", "Bulk", "Expedited"] = "Standard"


class TagsRequest(Record):
    """Replace the tags of an object."""

    connection: str
    bucket: str
    key: str
    version_id: str | None = None
    tags: dict[str, str]


class FolderRequest(Record):
    """Make the marker of a folder: an empty object whose key is `prefix`, which ends with "/"."""

    connection: str
    bucket: str
    prefix: str


class Selection(Record):
    """Objects and prefixes of one bucket that a person has selected. A prefix ends with "/" and means all below it."""

    connection: str
    bucket: str
    keys: list[str] = Field(default_factory=list, max_length=100_000)
    prefixes: list[str] = Field(default_factory=list, max_length=10_000)


class MeasureRequest(Selection):
    """Count what a selection holds; go on with `next_token` of the reply before."""

    versions: bool = False
    next_token: str | None = None


class Measured(Record):
    """What was counted in this step (at most some 2 s of work): add them up until `next_token` is null."""

    objects: int
    bytes: int
    versions: int = 0
    next_token: str | None = None


class PlaceText(Record):
    """What a person has pasted."""

    text: str = Field(max_length=8192)


class FoundPlace(Record):
    """A place that a text names. `key` is a key, a prefix, or empty; `endpoint_hint` is None where it is AWS's."""

    bucket: str
    key: str
    version_id: str | None = None
    endpoint_hint: str | None = None
    region: str | None = None


class DownloadTicket(Record):
    """Where the browser fetches what it asked for, once and soon: a path below the API's root."""

    path: str
    filename: str
    size: int | None = None
