"""How much a selection holds, counted in steps that each end soon: what was counted stays with who asks."""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple

from ..errors import BadRequest, NotFound
from ..models import Measured, MeasureRequest, ObjectEntry, ObjectVersion
from .connections import Connection
from .faults import NoSuchBucket
from .objects import head
from .selections import Picks, picks_of
from .versions import list_versions
from .walk import iter_pages

SECONDS = 1.2
"""After so long no further page is begun; one page more may be under way."""
_HEADS_AT_ONCE = 16


class _At(NamedTuple):
    """The key or prefix that comes next, by its number, and the token of the page of it."""

    keys: int = 0
    prefixes: int = 0
    page: str | None = None

    def token(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(self).encode()).decode()


class _Count:
    def __init__(self) -> None:
        self.objects = self.bytes = self.versions = 0

    def add(self, entries: Iterable[ObjectEntry]) -> None:
        for entry in entries:
            self.objects += 1
            self.bytes += entry.size

    def add_versions(self, versions: Iterable[ObjectVersion]) -> None:
        for version in versions:
            self.versions += 1
            self.bytes += version.size
            self.objects += version.latest and not version.deleted


def measure(connection: Connection, request: MeasureRequest, seconds: float = SECONDS) -> Measured:
    """Count the objects of a selection and their bytes, for about `seconds`; go on with `next_token`, and add up.

    With `versions` every version counts, and delete markers as versions without bytes; `objects` are the keys that
    are there. A key counts once, also when it lies below a selected prefix; one that is gone does not count. A prefix
    is all that begins with it up to its "/": "run1/" is not "run10/".
    """
    picks = picks_of(request)
    at = _read(request.next_token, picks) if request.next_token else _At()
    until = time.monotonic() + seconds
    count = _Count()
    step = _of_versions if request.versions else _of_objects
    following = step(connection, request.bucket, picks, at, count, until)
    return Measured(
        objects=count.objects,
        bytes=count.bytes,
        versions=count.versions,
        next_token=following.token() if following is not None else None,
    )


def _of_objects(connection: Connection, bucket: str, picks: Picks, at: _At, count: _Count, until: float) -> _At | None:
    keys, prefixes, page_token = at
    with ThreadPoolExecutor(_HEADS_AT_ONCE, thread_name_prefix="s3-measure") as pool:
        while keys < len(picks.keys):
            some = picks.keys[keys : keys + _HEADS_AT_ONCE]
            sizes = pool.map(lambda key: _size_of(connection, bucket, key), some)
            found = [size for size in sizes if size is not None]
            count.objects += len(found)
            count.bytes += sum(found)
            keys += len(some)
            if time.monotonic() > until and (keys < len(picks.keys) or picks.prefixes):
                return _At(keys)
    while prefixes < len(picks.prefixes):
        with closing(iter_pages(connection, bucket, picks.prefixes[prefixes], token=page_token)) as pages:
            for page in pages:
                count.add(page.objects)
                if page.next_token is not None and time.monotonic() > until:
                    return _At(keys, prefixes, page.next_token)
        prefixes, page_token = prefixes + 1, None
        if prefixes < len(picks.prefixes) and time.monotonic() > until:
            return _At(keys, prefixes)
    return None


def _of_versions(connection: Connection, bucket: str, picks: Picks, at: _At, count: _Count, until: float) -> _At | None:
    keys, prefixes, page_token = at
    while keys < len(picks.keys) or prefixes < len(picks.prefixes):
        if time.monotonic() > until and (keys, prefixes, page_token) != at:
            return _At(keys, prefixes, page_token)
        if keys < len(picks.keys):
            page = list_versions(connection, bucket, key=picks.keys[keys], token=page_token)
            keys += page.next_token is None
        else:
            page = list_versions(connection, bucket, prefix=picks.prefixes[prefixes], token=page_token)
            prefixes += page.next_token is None
        count.add_versions(page.versions)
        page_token = page.next_token
    return None


def _size_of(connection: Connection, bucket: str, key: str) -> int | None:
    try:
        return head(connection, bucket, key).size
    except NotFound as error:
        if isinstance(error, NoSuchBucket):
            raise
        return None


def _read(token: str, picks: Picks) -> _At:
    try:
        keys, prefixes, page = json.loads(base64.b64decode(token.encode(), b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise BadRequest("this is no `next_token` of a measurement; begin without one") from None
    if not (isinstance(keys, int) and isinstance(prefixes, int) and isinstance(page, str | None)):
        raise BadRequest("this is no `next_token` of a measurement; begin without one")
    if not (0 <= keys <= len(picks.keys) and 0 <= prefixes <= len(picks.prefixes)):
        raise BadRequest("this `next_token` is that of another selection; begin without one")
    return _At(keys, prefixes, page)
