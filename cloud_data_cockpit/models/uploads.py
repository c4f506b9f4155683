"""Records of uploads: what is asked for, the open multipart upload, its parts, what others left open."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from .base import Record


class UploadRequest(Record):
    """One file to send to `s3://bucket/key`; `size` in bytes. Refused if the key exists, unless `overwrite`.

    `last_modified` is the file's, in milliseconds since the epoch: with name and size it tells whether a file that is
    picked again later is the same.
    """

    connection: str
    bucket: str
    key: str
    size: int = Field(ge=0)
    content_type: str | None = None
    overwrite: bool = False
    filename: str | None = None
    last_modified: int | None = None


class PartReceipt(Record):
    """One part as S3 stored it; `crc32` of its bytes in hexadecimal digits, where it is known."""

    part_number: int
    etag: str
    size: int
    crc32: str | None = None


class Upload(Record):
    """An open multipart upload: send parts 1..part_count of `part_size` bytes (the last may be shorter).

    `received` are the parts that S3 has already: they need not be sent again if their bytes are still the same.
    """

    job_id: str
    bucket: str
    key: str
    size: int
    part_size: int
    part_count: int
    received: list[PartReceipt] = Field(default_factory=list)


class PendingUpload(Record):
    """An upload of this user that waits for its file: paused, or its page or server went away."""

    job_id: str
    connection: str
    bucket: str
    key: str
    size: int
    done: int
    filename: str | None
    last_modified: int | None
    started: datetime
    active: bool


class ResumeRequest(Record):
    """The file with which an upload goes on; it must be the one it began with."""

    size: int = Field(ge=0)
    last_modified: int | None = None


class OpenMultipart(Record):
    """A multipart upload that a bucket holds open, whoever began it; its parts are paid for until it is aborted."""

    key: str
    upload_id: str
    initiated: datetime | None
    bytes: int | None = None
    parts: int | None = None
    ours: bool = False


class MultipartPage(Record):
    """A page of the open multipart uploads of a bucket."""

    uploads: list[OpenMultipart]
    next_token: str | None = None


class SweepRequest(Record):
    """Abort these open multipart uploads: pairs of (key, upload id)."""

    connection: str
    bucket: str
    uploads: list[tuple[str, str]] = Field(max_length=1000)


class Swept(Record):
    """How many were aborted, and what went wrong with the others."""

    aborted: int
    problems: list[str]
