"""The records of the demo service's store: buckets, versions, their pieces, uploads and their parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Checksum(NamedTuple):
    """A stored checksum: algorithm as in headers (CRC32, SHA256, ...), base64 value, FULL_OBJECT or COMPOSITE."""

    algorithm: str
    value: str
    kind: str = "FULL_OBJECT"


class Piece(NamedTuple):
    """Bytes [start, start + size) of a version, in one file (no file when size is 0)."""

    number: int
    start: int
    size: int
    file: str
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class Bucket:
    id: int
    name: str
    created: float
    versioning: str
    acl: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a client says about an object before its bytes are stored."""

    key: bytes
    headers: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    acl: str = "private"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, or a delete marker."""

    id: int
    bucket: int
    key: bytes
    version: str
    latest: bool
    marker: bool
    size: int
    etag: str
    modified: float
    headers: dict[str, str]
    tags: dict[str, str]
    acl: str
    checksum: Checksum | None


class Restore(NamedTuple):
    """An archived version that can be read from `ready` to `until`, in seconds since 1970."""

    ready: float
    until: float


@dataclass(frozen=True, slots=True)
class Upload:
    """An open multipart upload."""

    id: str
    bucket: int
    key: bytes
    started: float
    headers: dict[str, str]
    tags: dict[str, str]
    acl: str
    algorithm: str
    kind: str


class Part(NamedTuple):
    """One uploaded part."""

    number: int
    size: int
    etag: str
    modified: float
    file: str
    checksum: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold for the current version of a key when a write commits."""

    if_match: str | None = None
    if_none_match: str | None = None
