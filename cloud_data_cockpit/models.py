"""The records that cross REST, disk or a process: frozen, checked, and the source of the TypeScript types."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled", "interrupted"]
JobKind = Literal["partition", "upload"]
ConnectionKind = Literal["demo", "profile", "environment", "anonymous", "custom"]


class Record(BaseModel):
    """Base of all records: immutable, and a field that nobody declared is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64")


# --- connections and objects -------------------------------------------------------------------


class ConnectionRef(Record):
    """How to reach an S3 service. Names credentials (a profile, the environment), never holds them."""

    name: str
    kind: ConnectionKind
    profile: str | None = None
    endpoint_url: str | None = None
    region: str | None = None
    anonymous: bool = False


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


class Listing(Record):
    """One page of a bucket below `prefix`: common prefixes first, then objects, both in UTF-8 byte order."""

    bucket: str
    prefix: str
    prefixes: list[str]
    objects: list[ObjectEntry]
    next_token: str | None = None


class ObjectDetail(Record):
    """An object with the format found in its bytes; `problem` says why no format fits."""

    uri: str
    bucket: str
    key: str
    size: int
    last_modified: datetime
    etag: str
    content_type: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    format: str | None = None
    problem: str | None = None


class FormatInfo(Record):
    """A format as the panel needs it; `params_schema` is the JSON schema from which the form is drawn."""

    name: str
    title: str
    version: int
    extensions: list[str]
    usable: bool
    extra: str | None = None
    problem: str | None = None
    params_schema: dict[str, Any]


# --- slices and manifests ----------------------------------------------------------------------


class Slice(Record):
    """One piece that holds whole records.

    `ranges` are (offset, length) pairs in bytes of the source, ascending and disjoint. `records` counts the records
    that begin in them. `details` is what this format needs besides, small and JSON.
    """

    number: int
    ranges: tuple[tuple[int, int], ...]
    records: int
    details: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def quick(
        cls, number: int, ranges: tuple[tuple[int, int], ...], records: int, details: dict[str, Any] | None = None
    ) -> Slice:
        """The record without its checks, in a fifth of the time, for values that a program has just computed."""
        made = cls.__new__(cls)
        fields = {"number": number, "ranges": ranges, "records": records, "details": {} if details is None else details}
        object.__setattr__(made, "__dict__", fields)
        object.__setattr__(made, "__pydantic_fields_set__", _SLICE_FIELDS)
        object.__setattr__(made, "__pydantic_extra__", None)
        object.__setattr__(made, "__pydantic_private__", None)
        return made

    @property
    def nbytes(self) -> int:
        """Bytes that the slice covers in the source, its shared header not counted."""
        return sum(length for _, length in self.ranges)


_SLICE_FIELDS = set(Slice.model_fields)


class SliceTable(Record):
    """The slices of a manifest by columns, so that a million of them load fast.

    `range_counts[i]` ranges of slice i stand one after another in `offsets` and `lengths`; `details` is empty when no
    slice has any.
    """

    records: list[int]
    range_counts: list[int]
    offsets: list[int]
    lengths: list[int]
    details: list[dict[str, Any]] = Field(default_factory=list)


class Checksum(Record):
    """The sum of bytes [start, start + length) of the object, as the scan read them; `value` in hexadecimal digits."""

    algorithm: Literal["crc32"] = "crc32"
    start: int = Field(ge=0)
    length: int = Field(ge=0)
    value: str = Field(pattern=r"^[0-9a-f]{8}$")


class Manifest(Record):
    """A saved list of slices with all that is needed to read them again, credentials excepted.

    `checksum` is of the bytes that the slices hold together, where they are one stretch of the object's bytes.
    """

    version: Literal[1] = 1
    id: str
    created: datetime
    uri: str
    etag: str
    size: int
    connection: ConnectionRef | None
    format: str
    format_version: int
    params: dict[str, Any]
    shared: dict[str, Any]
    records: int
    notes: list[str]
    checksum: Checksum | None = None
    slices: SliceTable


class ManifestSummary(Record):
    """A manifest without its slices. `bytes` is the sum over the slices."""

    id: str
    created: datetime
    uri: str
    etag: str
    size: int
    connection: str | None
    format: str
    params: dict[str, Any]
    num_slices: int
    records: int
    bytes: int
    notes: list[str]


class SliceRow(Record):
    """A line of the panel's table of slices."""

    number: int
    records: int
    bytes: int
    ranges: int


class SlicePage(Record):
    """Slices `offset` .. `offset + len(rows)` of `total`."""

    manifest_id: str
    offset: int
    total: int
    rows: list[SliceRow]


# --- jobs and uploads --------------------------------------------------------------------------


class Problem(Record):
    """The body of every error reply; `code` is stable, `message` is for people."""

    code: str
    message: str


class PartitionRequest(Record):
    """Index `uri` if that has not been done, cut it by `params`, save a manifest."""

    connection: str
    uri: str
    format: str | None = None
    params: dict[str, Any] = Field(default_factory=dict)


class UploadRequest(Record):
    """One file to send to `s3://bucket/key`; `size` in bytes. Refused if the key exists, unless `overwrite`."""

    connection: str
    bucket: str
    key: str
    size: int = Field(ge=0)
    content_type: str | None = None
    overwrite: bool = False


class Upload(Record):
    """An open multipart upload: send parts 1..part_count of `part_size` bytes (the last may be shorter)."""

    job_id: str
    bucket: str
    key: str
    size: int
    part_size: int
    part_count: int


class PartReceipt(Record):
    """One part as S3 stored it."""

    part_number: int
    etag: str
    size: int


class Job(Record):
    """What a person started. `done` of `total` in `unit`; `manifest_id` once a partition has succeeded."""

    id: str
    kind: JobKind
    title: str
    state: JobState
    created: datetime
    updated: datetime
    done: int = 0
    total: int = 0
    unit: Literal["bytes", "records"] = "bytes"
    phase: str = ""
    connection: str
    uri: str
    manifest_id: str | None = None
    error: Problem | None = None


class ServerInfo(Record):
    """What the panel asks first."""

    version: str
    open_panel: bool
    default_connection: str | None
