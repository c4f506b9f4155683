"""Search for keys below a prefix: many folders are listed at once, and what is found is given out as it comes."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from typing import NamedTuple, Protocol

from ..models import Listing, ObjectEntry, SearchRequest
from .connections import Connection
from .objects import list_page
from .patterns import Pattern, pattern_of
from .walk import iter_pages

AT_ONCE = 8
_FEW = 20
"""Folders among the first thousand keys: if there are more, each is so small that to list them one by one is slower."""
_LOOK = 0.1
_LAST = "\U0010ffff"


class Watch(Protocol):
    """What is told how far a search is; raises Cancelled once it is to stop, but for `note`."""

    def check(self) -> None: ...

    def add(self, done: int = 0, items: int = 0, total: int = 0, items_total: int = 0) -> None: ...

    def note(self, text: str) -> None: ...


class Hits(Protocol):
    """Where hits go; keys that are there already do not count again."""

    def add(self, entries: Sequence[ObjectEntry]) -> int:
        """How many were new."""

    @property
    def full(self) -> bool:
        """Whether no more are taken."""


class _Range(NamedTuple):
    """Keys that begin with `prefix` and come after `after`; `whole` ones are never split further."""

    prefix: str
    after: str | None = None
    whole: bool = False


def search(connection: Connection, request: SearchRequest, watch: Watch, hits: Hits) -> None:
    """Find the keys that `request` asks for, until all are looked at or `hits` is full, which is noted.

    `watch` is told of keys looked at (`done`) and found (`items`). The literal beginning of a glob narrows the prefix;
    below a prefix of many keys in few folders, the folders are listed at once, AT_ONCE requests at a time.
    """
    pattern = pattern_of(request.pattern, request.syntax, request.case_sensitive)
    work = _Search(connection, request, pattern, watch, hits)
    todo = [_Range(request.prefix + pattern.literal)]
    running: set[Future[list[_Range]]] = set()
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="s3-search")
    try:
        while (todo or running) and not hits.full:
            while todo and len(running) < AT_ONCE:
                running.add(pool.submit(work.look, todo.pop()))
            done, running = wait(running, timeout=_LOOK, return_when=FIRST_COMPLETED)
            watch.check()
            for future in done:
                todo += reversed(future.result())  # the last is taken first: few wait, in the order of keys
    finally:
        work.stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
    if hits.full:
        watch.note(f"it ended at the {request.limit:,} that were asked for, there may be more; narrow it to see others")


class _Search:
    """Lists ranges of keys in the threads of the pool."""

    def __init__(
        self, connection: Connection, request: SearchRequest, pattern: Pattern, watch: Watch, hits: Hits
    ) -> None:
        self._connection = connection
        self._request = request
        self._pattern = pattern
        self._watch = watch
        self._hits = hits
        self.stop = threading.Event()

    def look(self, keys: _Range) -> list[_Range]:
        """Search a range of keys; those ranges of it that are better searched by themselves."""
        bucket, count = self._request.bucket, 0
        with closing(self._pages(keys)) as pages:
            for page in pages:
                self._take(page.objects)
                if self.stop.is_set() or self._hits.full:
                    return []
                count += 1
                if count == 1 and page.next_token is not None and not keys.whole and self._few_folders(keys, page):
                    break
            else:
                return []
        last = page.objects[-1].key
        folders = list_page(self._connection, bucket, keys.prefix, markers=True)
        self._take([entry for entry in folders.objects if entry.key > last])
        return self._split(keys, last, folders)

    def _pages(self, keys: _Range) -> Generator[Listing, None, None]:
        return iter_pages(self._connection, self._request.bucket, keys.prefix, start_after=keys.after)

    def _take(self, entries: Sequence[ObjectEntry]) -> None:
        start = len(self._request.prefix)
        found = [entry for entry in entries if self._pattern.matches(entry.key[start:])]
        self._watch.add(done=len(entries), items=self._hits.add(found) if found else 0)

    def _few_folders(self, keys: _Range, page: Listing) -> bool:
        start = len(keys.prefix)
        steps = {entry.key[start:].partition("/")[0] for entry in page.objects if "/" in entry.key[start:]}
        flat = sum("/" not in entry.key[start:] for entry in page.objects)
        return 0 < len(steps) <= _FEW and flat < len(page.objects) // 2

    def _split(self, keys: _Range, last: str, folders: Listing) -> list[_Range]:
        """The folders that are not looked at yet, the rest of the one that `last` is in, and what comes after them."""
        ranges: list[_Range] = []
        for folder in folders.prefixes:
            if last.startswith(folder):
                ranges.append(_Range(folder, last))
            elif folder > last:
                ranges.append(_Range(folder))
        start = len(self._request.prefix)
        ranges = [one for one in ranges if self._pattern.may_hold(one.prefix[start:])]
        if folders.next_token is not None:
            names = [*folders.prefixes, *(entry.key for entry in folders.objects)]
            end = max(names)
            # The service goes on after all that begins with a folder's name, as none has a greater character.
            after = end + _LAST if end.endswith("/") else end
            ranges.append(_Range(keys.prefix, max(after, last), whole=True))
        return ranges
