"""S3Tree: all objects below a prefix as one Source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..models import ObjectEntry
from ..source import Source
from ..tree import Found, Member, TreeSource
from .connections import Connection
from .objects import make_uri, parse_uri
from .source import S3Source
from .walk import iter_objects


class S3Tree(TreeSource):
    """The objects below `s3://bucket/prefix/`; markers of folders are left out. Pickles without credentials."""

    def __init__(self, connection: Connection, uri: str, *, etag: str | None = None, size: int | None = None) -> None:
        super().__init__(uri, etag, size)
        self._connection = connection
        self._bucket, self._prefix = parse_uri(self.uri)

    @property
    def connection(self) -> Connection:
        """The connection that it reads through."""
        return self._connection

    def _list(self) -> Iterable[Found]:
        for entry in self._entries():
            yield Found(entry.key[len(self._prefix) :], entry.size, entry.etag)

    def _entries(self) -> Iterator[ObjectEntry]:
        entries = iter_objects(self._connection, self._bucket, self._prefix)
        return (entry for entry in entries if not entry.key.endswith("/"))

    def _open(self, member: Member) -> Source:
        uri = make_uri(self._bucket, self._prefix + member.name)
        return S3Source(self._connection, uri, etag=member.etag, size=member.size)

    def __reduce__(self) -> tuple[Callable[..., S3Tree], tuple[Connection, str, str, int]]:
        return _restore, (self._connection, self.uri, self.etag, self.size)


def _restore(connection: Connection, uri: str, etag: str, size: int) -> S3Tree:
    return S3Tree(connection, uri, etag=etag, size=size)
