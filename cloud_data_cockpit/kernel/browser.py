"""An object browser for notebooks: `browse("s3://bucket/")`, with tab completion and whatever number of keys."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, NoReturn

from ..errors import BadRequest, NotFound
from ..models import ConnectionRef, Listing, ObjectEntry
from ..s3.connections import Connection, resolve
from ..s3.objects import list_buckets, list_page, make_uri, parse_uri

if TYPE_CHECKING:
    from ..s3.source import S3Source

SHOWN = 50
"""Rows of the display; one page of the service is asked for, however many keys there are."""
OFFERED = 1000
"""Names that completion offers: those of the first page."""
MOST_READ = 256 << 20


def browse(uri: str = "s3://", *, connection: str | ConnectionRef | Connection | None = None) -> Place:
    """The place that `uri` names: all buckets (`s3://`), a bucket, a prefix, or an object.

    `place.name`, or `place["any name/below"]` for names that are no identifiers, goes down; nothing is asked of the
    service before something is shown, completed or read. NotFound for an object that is not there when it is read.
    """
    found = resolve(connection)
    if uri in ("s3:", "s3:/", "s3://"):
        return Place(found, None, "")
    bucket, key = parse_uri(uri)
    return Place(found, bucket, key)


class Place:
    """Buckets, a bucket, a prefix or an object. What it is named after goes by `[...]`; attributes are for completion.

    Each place remembers the first page that it has seen; `refresh()` forgets it.
    """

    def __init__(self, connection: Connection, bucket: str | None, key: str) -> None:
        self._connection = connection
        self._bucket = bucket
        self._key = key
        self._first: Listing | None = None

    @property
    def uri(self) -> str:
        """`s3://bucket/key`."""
        return "s3://" if self._bucket is None else make_uri(self._bucket, self._key)

    @property
    def is_prefix(self) -> bool:
        """Whether there may be something below: it is named like a prefix, or is a bucket."""
        return self._key == "" or self._key.endswith("/")

    # --- going down ----------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Place:
        """What is called `name` below this place; the name may hold `/`. Nothing is asked of the service."""
        if not isinstance(name, str) or not name:
            raise BadRequest(f"{name!r} is no name; give a text, such as place['run 1/']")
        if self._bucket is None:
            bucket, _, key = name.partition("/")
            return Place(self._connection, bucket, key)
        if not self.is_prefix:
            self._fail("is an object, and nothing is below it")
        return Place(self._connection, self._bucket, self._key + name)

    def __getattr__(self, name: str) -> Place:
        if name.startswith("_"):  # notebooks ask every object for their own names
            raise AttributeError(name)
        for found in self._names():
            if found.rstrip("/") == name:
                return self[found]
        raise AttributeError(
            f"nothing called {name!r} is among the first {OFFERED} below {self.uri}; try place[{name!r}]"
        )

    def __dir__(self) -> list[str]:
        names = [name.rstrip("/") for name in self._names()]
        return [*super().__dir__(), *(name for name in names if name.isidentifier())]

    def _ipython_key_completions_(self) -> list[str]:
        return self._names()

    def __iter__(self) -> Iterator[Place]:
        """Everything one level below, page after page: prefixes and objects of each page in order."""
        for listing in self._pages("/"):
            for prefix in listing.prefixes:
                yield Place(self._connection, self._bucket, prefix)
            for entry in listing.objects:
                if entry.key != self._key:
                    yield Place(self._connection, self._bucket, entry.key)
        if self._bucket is None:
            for bucket in list_buckets(self._connection):
                yield Place(self._connection, bucket.name, "")

    def walk(self) -> Iterator[ObjectEntry]:
        """Every object below, at any depth, in the order of the keys; memory is that of two pages."""
        from ..s3.walk import iter_objects

        if self._bucket is None:
            raise BadRequest("choose a bucket first: browse('s3://bucket/')")
        yield from iter_objects(self._connection, self._bucket, self._key)

    def refresh(self) -> Place:
        """Forget what was seen, so that the next look asks the service."""
        self._first = None
        return self

    # --- objects -------------------------------------------------------------------------------

    @property
    def source(self) -> S3Source:
        """The object's bytes, by ranges. NotFound when it is not there."""
        from ..s3.source import S3Source

        if self._bucket is None or self.is_prefix:
            self._fail("is no object")
        return S3Source(self._connection, self.uri)

    @property
    def size(self) -> int:
        """Bytes of the object."""
        return self.source.size

    def read(self, offset: int = 0, length: int | None = None) -> bytes:
        """Bytes of the object, all of them unless told. BadRequest when that is more than 256 MiB: read ranges."""
        source = self.source
        wanted = source.size - offset if length is None else min(length, source.size - offset)
        if wanted > MOST_READ:
            self._fail(f"has {source.size:,} bytes: read ranges of it, or partition it")
        return source.read(offset, max(0, wanted))

    # --- display -------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<{self._what()} {self.uri}>"

    def _repr_html_(self) -> str:
        title = f"<b>{html.escape(self.uri)}</b>"
        if self._bucket is not None and not self.is_prefix:
            return f"<div>{title}</div>"
        rows = [
            f"<tr><td><bdi>{html.escape(name)}</bdi></td><td style='text-align:right'>{size}</td><td>{when}</td></tr>"
            for name, size, when in islice(self._rows(), SHOWN)
        ]
        more = len(self._names()) > SHOWN or (self._first is not None and self._first.next_token is not None)
        rest = "<div>… and more: iterate, or <code>walk()</code></div>" if more else ""
        empty = "" if rows else "<div>nothing is here</div>"
        head = "<tr><th>Name</th><th>Size</th><th>Modified</th></tr>" if rows else ""
        return f"<div>{title}<table>{head}{''.join(rows)}</table>{empty}{rest}</div>"

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        if self._bucket is None:
            for name in self._names():
                yield name, "", ""
            return
        page = self._page()
        for prefix in page.prefixes:
            yield prefix.removeprefix(self._key), "", ""
        for entry in page.objects:
            yield entry.key.removeprefix(self._key), f"{entry.size:,}", _minute(entry.last_modified)

    def _what(self) -> str:
        if self._bucket is None:
            return "buckets of"
        return "bucket" if not self._key else "prefix" if self.is_prefix else "object"

    def _names(self) -> list[str]:
        if self._bucket is None:
            return [bucket.name for bucket in list_buckets(self._connection)]
        if not self.is_prefix:
            return []
        page = self._page()
        return [name.removeprefix(self._key) for name in (*page.prefixes, *(entry.key for entry in page.objects))]

    def _page(self) -> Listing:
        if self._first is None:
            if self._bucket is None:
                raise NotFound("buckets have no page")
            self._first = list_page(self._connection, self._bucket, self._key, page_size=OFFERED)
        return self._first

    def _pages(self, delimiter: str) -> Iterator[Listing]:
        from ..s3.walk import iter_pages

        if self._bucket is not None and self.is_prefix:
            yield from iter_pages(self._connection, self._bucket, self._key, delimiter=delimiter)

    def _fail(self, why: str) -> NoReturn:
        raise BadRequest(f"{self.uri} {why}")


def _minute(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}"
