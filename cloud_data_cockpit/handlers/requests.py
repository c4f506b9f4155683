"""What the routes take besides the records that models.py shares: the parameters in their URLs, and one small body."""

from __future__ import annotations

from pydantic import Field

from ..models import Record


class ConnectionQuery(Record):
    connection: str


class BucketRequest(Record):
    connection: str
    bucket: str


class ListingQuery(Record):
    """`next_token` is that of the page before: Jupyter takes a parameter called `token` for a login.

    `delimiter` "" lists all keys below the prefix, flat.
    """

    connection: str
    bucket: str
    prefix: str = ""
    delimiter: str = Field(default="/", max_length=1)
    next_token: str | None = None
    page_size: int = Field(default=1000, ge=1, le=1000)


class ObjectQuery(Record):
    """`detect` its format as well; without, its bytes are not looked at."""

    connection: str
    bucket: str
    key: str = Field(min_length=1)
    version_id: str | None = None
    detect: bool = True


class VersionsQuery(Record):
    """The versions of `key`, or of all keys that begin with `prefix`."""

    connection: str
    bucket: str
    key: str | None = Field(default=None, min_length=1)
    prefix: str = ""
    next_token: str | None = None


class VersionQuery(Record):
    connection: str
    bucket: str
    key: str = Field(min_length=1)
    version_id: str = Field(min_length=1)


class TagsQuery(Record):
    connection: str
    bucket: str
    key: str = Field(min_length=1)
    version_id: str | None = None


class HitsQuery(Record):
    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=100, ge=1, le=1000)


class SlicesQuery(Record):
    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=100, ge=1, le=10_000)


class CompleteQuery(Record):
    """`overwrite` also a key that came to exist since the upload was begun."""

    overwrite: bool = False


class WholeQuery(Record):
    """A small file, whose bytes are the body."""

    connection: str
    bucket: str
    key: str = Field(min_length=1)
    content_type: str | None = None
    overwrite: bool = False


class MultipartsQuery(Record):
    connection: str
    bucket: str
    next_token: str | None = None


class ShareRequest(Record):
    """Where a manifest is to be copied: `s3://bucket/prefix/`, or the URI of an object that ends with `.json`."""

    connection: str
    uri: str


class ManifestsQuery(Record):
    """Which manifests: of an object (`uri`, or below one that ends with "/"), a format, a tag, with `text` in them.

    With `place`, an `s3://bucket/prefix/` that `connection` reaches, those that are shared there.
    """

    uri: str | None = None
    format: str | None = None
    tag: str | None = None
    text: str | None = None
    place: str | None = None
    connection: str | None = None


class TakeRequest(Record):
    """A manifest that somebody shared, to be kept here too: the URI of its object, and what reaches it.

    `use` replaces the connection by which its slices are read.
    """

    connection: str
    uri: str
    use: str | None = None
