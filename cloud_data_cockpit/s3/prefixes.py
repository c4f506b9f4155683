"""A prefix described as one data set, looked at to a bound: a prefix may hold more than anyone wants to list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from ..errors import BadRequest
from ..models import ObjectDetail, ObjectEntry
from ..tree import MARK
from .connections import Connection
from .objects import list_page, make_uri
from .tree import S3Tree

MOST_LOOKED_AT = 20_000


class _TooMany(BadRequest):
    """There are more objects than are looked at."""


class _BoundedTree(S3Tree):
    """A tree that is listed to a bound and remembers what it has seen by then."""

    def __init__(self, connection: Connection, uri: str, most: int) -> None:
        super().__init__(connection, uri)
        self._most = most
        self.seen = 0
        self.bytes_seen = 0
        self.newest = datetime.fromtimestamp(0, UTC)

    def _entries(self) -> Iterator[ObjectEntry]:
        for entry in super()._entries():
            if self.seen == self._most:
                raise _TooMany(
                    f"there are over {self._most:,} objects below {self.uri}: the size is that of the first of them, "
                    "and the ETag is not known before it is partitioned; a longer prefix is looked at whole"
                )
            self.seen += 1
            self.bytes_seen += entry.size
            self.newest = max(self.newest, entry.last_modified)
            yield entry


def describe_prefix(
    connection: Connection, bucket: str, prefix: str, head_bytes: int, most: int = MOST_LOOKED_AT
) -> tuple[ObjectDetail, bytes]:
    """The objects below `prefix`, which ends with `/`, as one; and the bytes by which their format is found.

    Size is the sum, `last_modified` the newest, the ETag that of the tree. Of more than `most` objects only so many are
    listed: `problem` says so, and the ETag is empty. The bytes are empty where no source can be made of the prefix,
    which `problem` then explains. NotFound when there is nothing, and the errors of S3.
    """
    tree = _BoundedTree(connection, make_uri(bucket, prefix), most)
    etag, head, problem = "", b"", None
    try:
        etag, head = tree.etag, tree.head(head_bytes)
    except _TooMany as error:
        problem, head = error.message, _top(connection, bucket, prefix)[:head_bytes]
    except BadRequest as error:
        problem = error.message
    detail = ObjectDetail(
        uri=tree.uri,
        bucket=bucket,
        key=prefix,
        size=tree.bytes_seen,
        last_modified=tree.newest,
        etag=etag,
        problem=problem,
    )
    return detail, head


def _top(connection: Connection, bucket: str, prefix: str) -> bytes:
    """What formats are found by, of the first objects that lie right below the prefix."""
    names = [entry.key[len(prefix) :] for entry in list_page(connection, bucket, prefix).objects]
    return MARK + "".join(f"{name}\n" for name in names if name).encode("utf-8", "replace")
