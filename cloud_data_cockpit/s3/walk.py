"""Everything below a prefix, page by page; the next page is fetched while one is used."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from ..models import Listing, ObjectEntry
from .connections import Connection
from .objects import list_page

P = TypeVar("P")


def iter_objects(
    connection: Connection, bucket: str, prefix: str = "", *, start_after: str | None = None
) -> Generator[ObjectEntry, None, None]:
    """All objects whose keys begin with `prefix`, in UTF-8 byte order of the keys, markers of folders among them.

    Memory is that of two pages, whatever the number of keys. Close the iterator if it is not used to its end. Raises
    the errors of `list_page` where they occur.
    """
    with closing(iter_pages(connection, bucket, prefix, start_after=start_after)) as pages:
        for page in pages:
            yield from page.objects


def iter_pages(
    connection: Connection,
    bucket: str,
    prefix: str = "",
    *,
    delimiter: str = "",
    start_after: str | None = None,
    token: str | None = None,
) -> Generator[Listing, None, None]:
    """The pages of a listing, one ahead of the caller; with a `delimiter` what is deeper is folded into prefixes.

    `token` is the `next_token` of a page after which this one begins.
    """

    def fetch(following: str | None) -> Listing:
        after = start_after if following is None else None
        return list_page(connection, bucket, prefix, following or token, delimiter, markers=True, start_after=after)

    return one_ahead(fetch, lambda page: page.next_token)


def one_ahead(fetch: Callable[[str | None], P], next_of: Callable[[P], str | None]) -> Generator[P, None, None]:
    """Pages by their tokens, None for the first; the next is fetched by a thread while one is used."""
    page = fetch(None)
    token = next_of(page)
    if token is None:
        yield page
        return
    ahead = ThreadPoolExecutor(1, thread_name_prefix="s3-list")
    try:
        while token is not None:
            coming = ahead.submit(fetch, token)
            yield page
            page = coming.result()
            token = next_of(page)
        yield page
    finally:
        ahead.shutdown(wait=False, cancel_futures=True)  # who stops half-way does not wait for a slow service
