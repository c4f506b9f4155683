"""S3Source: the bytes of one object and one version of it, by ranges that are merged and fetched several at once."""

from __future__ import annotations

import io
import os
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from ..errors import CockpitError, NotFound, ServiceError, SourceChanged
from ..source import LARGEST_READ, Range, blocks, check_range, merge_ranges, sibling_name
from .connections import Connection
from .http import BrokenError, Reply
from .listing import bare_etag
from .objects import check_key, head, make_uri, parse_uri
from .signing import SignedRequest, send

PART = 8 << 20
AT_ONCE = 8
_THREADS = 16
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
T = TypeVar("T")


class S3Source:
    """An object in S3 as a Source. Thread-safe; pickles by ConnectionRef, without credentials.

    `version_id` names one of its versions; without, it is the one that is the latest when it is first looked at.
    With `etag` and `size` nothing is asked of the service until something is read; otherwise a HEAD finds them.
    Reads raise SourceChanged when the object is no longer that version, NotFound when it is gone, ServiceError when
    the service keeps failing.
    """

    def __init__(
        self,
        connection: Connection,
        uri: str,
        *,
        etag: str | None = None,
        size: int | None = None,
        version_id: str | None = None,
    ) -> None:
        self._connection = connection
        self._bucket, key = parse_uri(uri)
        self._key = check_key(key)
        self._version_id = version_id
        if etag is None or size is None:
            etag, size = self._look(etag)
        self._etag = bare_etag(etag)
        self._size = size
        self._requests = 0
        self._lock = threading.Lock()
        params: dict[str, object] = {"Bucket": self._bucket, "Key": self._key}
        params.update({"VersionId": version_id} if version_id else {})
        self._request = SignedRequest(connection, "get_object", params)

    @property
    def uri(self) -> str:
        return make_uri(self._bucket, self._key)

    @property
    def size(self) -> int:
        return self._size

    @property
    def etag(self) -> str:
        return self._etag

    @property
    def version_id(self) -> str | None:
        """The version that it is bound to; None for one that was opened by its key alone."""
        return self._version_id

    @property
    def connection(self) -> Connection:
        """The connection that it reads through."""
        return self._connection

    @property
    def requests(self) -> int:
        """Reads that were sent to the service so far; one that was sent again counts once."""
        return self._requests

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`; more than 16 MiB come in parts of 8 MiB, several at once."""
        check_range(self._size, offset, length, self.uri)
        if length == 0:
            return b""
        if length <= LARGEST_READ:
            return self._fetch(offset, length)
        whole = io.BytesIO(b"")
        whole.seek(length - 1)
        whole.write(b"\0")
        with whole.getbuffer() as view:

            def place(part: Range) -> None:
                view[part[0] - offset : sum(part) - offset] = self._fetch(*part)

            _at_once(place, blocks(offset, offset + length, PART))
        return whole.getvalue()

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        """One result per (offset, length); close ranges travel in one request, up to 8 requests at once."""
        for offset, length in ranges:
            check_range(self._size, offset, length, self.uri)
        results = [b""] * len(ranges)

        def fill(merged: Range, wanted: list[int]) -> None:
            block = self.read(*merged)
            for i in wanted:
                offset, length = ranges[i]
                start = offset - merged[0]
                # Cut here, so that the bytes between the ranges are gone as soon as the block is.
                results[i] = block if length == len(block) else block[start : start + length]

        shares = _shares(merge_ranges(ranges), ranges)
        _at_once(lambda share: fill(*share), [s for s in shares if s[0][1] <= LARGEST_READ])
        for share in shares:
            if share[0][1] > LARGEST_READ:
                fill(*share)
        return results

    def sibling(self, suffix: str, *, replacing: str = "") -> S3Source:
        """The object whose key is this one's with `suffix` appended, or instead of its end. NotFound without one."""
        return S3Source(self._connection, sibling_name(self.uri, suffix, replacing))

    def __reduce__(self) -> tuple[Callable[..., S3Source], tuple[Connection, str, str, int, str | None]]:
        return _restore, (self._connection, self.uri, self._etag, self._size, self._version_id)

    def __repr__(self) -> str:
        return f"<S3Source {self.uri}: {self._size} bytes, {self._connection!r}>"

    def _look(self, etag: str | None) -> tuple[str, int]:
        detail = head(self._connection, self._bucket, self._key, self._version_id)
        if etag is not None and bare_etag(etag) != detail.etag:
            raise self._changed()
        return detail.etag, detail.size

    def _changed(self) -> SourceChanged:
        return SourceChanged(f"{self.uri} has changed since it was indexed; partition it again")

    def _fetch(self, offset: int, length: int) -> bytes:
        headers = {"Range": f"bytes={offset}-{offset + length - 1}", "If-Match": f'"{self._etag}"'}
        with self._lock:
            self._requests += 1
        try:
            return send(self._request, lambda reply: self._take(reply, offset, length), headers=headers)
        except NotFound as error:
            raise NotFound(f"{self.uri} is gone: {error}") from None

    def _take(self, reply: Reply, offset: int, length: int) -> bytes:
        # A service that ignores If-Match answers with whatever is there now, so the ETag is looked at as well.
        if bare_etag(reply.headers.get("ETag", "")) != self._etag:
            raise self._changed() if reply.headers.get("ETag") else self._wrong("sends no ETag")
        if reply.status == 206:
            self._check_content_range(reply.headers.get("Content-Range", ""), offset, length)
        elif (offset, length) != (0, self._size) or reply.status != 200:
            raise self._wrong(f"ignores Range (it answered {reply.status} for a part of the object)")
        if int(reply.headers.get("Content-Length", length)) != length:
            raise BrokenError(f"{length} bytes were asked for, {reply.headers['Content-Length']} announced")
        data = reply.read(length)
        if len(data) != length:
            raise BrokenError(f"the body broke off after {len(data)} of {length} bytes")
        return data

    def _check_content_range(self, said: str, offset: int, length: int) -> None:
        match = _CONTENT_RANGE.fullmatch(said)
        if match is None or (int(match[1]), int(match[2])) != (offset, offset + length - 1):
            raise self._wrong(
                f"answered with another range ({said or 'none'}) than bytes {offset}-{offset + length - 1}"
            )
        if match[3] not in ("*", str(self._size)):
            raise self._changed()

    def _wrong(self, what: str) -> CockpitError:
        service = self._request.place.service
        return ServiceError(f"{service} {what} for {self.uri}; it cannot be read by ranges through this endpoint")


def _restore(connection: Connection, uri: str, etag: str, size: int, version_id: str | None = None) -> S3Source:
    return S3Source(connection, uri, etag=etag, size=size, version_id=version_id)


def _shares(merged: Sequence[Range], ranges: Sequence[Range]) -> list[tuple[Range, list[int]]]:
    """Each merged range with the indices of the ranges that lie in it."""
    order = sorted((i for i, r in enumerate(ranges) if r[1] > 0), key=lambda i: ranges[i])
    shares: list[tuple[Range, list[int]]] = []
    at = 0
    for block in merged:
        wanted: list[int] = []
        while at < len(order) and ranges[order[at]][0] < sum(block):
            wanted.append(order[at])
            at += 1
        shares.append((block, wanted))
    return shares


# --- several requests at once ------------------------------------------------------------------

_pool: ThreadPoolExecutor | None = None
_pool_lock = threading.Lock()


def _at_once(do: Callable[[T], None], items: Iterable[T]) -> None:
    """Call `do` for every item, at most AT_ONCE at a time; the first error ends it. `do` must not come here again."""
    todo = list(items)
    if len(todo) == 1:
        return do(todo[0])
    running: set[Future[None]] = set()
    try:
        for item in todo:
            if len(running) >= AT_ONCE:
                running = _finish_some(running)
            running.add(_threads().submit(do, item))
        while running:
            running = _finish_some(running)
    finally:
        # After an error: what has begun writes into the caller's buffer, so it must be over before that is let go.
        for future in running:
            future.cancel()
        wait(running)
    return None


def _finish_some(running: set[Future[None]]) -> set[Future[None]]:
    done, rest = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        future.result()
    return rest


def _threads() -> ThreadPoolExecutor:
    global _pool
    with _pool_lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="s3-read")
        return _pool


def _forget_threads() -> None:
    """A forked child has none of its parent's threads."""
    global _pool, _pool_lock
    _pool, _pool_lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
