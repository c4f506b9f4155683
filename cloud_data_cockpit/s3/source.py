"""S3Source: the bytes of one object and one version of it, by ranges that are merged and fetched several at once."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

from ..errors import CockpitError, NotFound, ServiceError, SourceChanged
from ..source import LARGEST_READ, MERGE_GAP, Range, blocks, check_range, merge_ranges, sibling_name
from ..turns import given_up
from .connections import Connection
from .direct import Attempt
from .http import BrokenError, Reply
from .listing import bare_etag
from .loop import Loop
from .objects import check_key, head, make_uri, parse_uri
from .plain import Plain
from .signing import SignedRequest, send
from .threads import Aside, at_once

PART = 8 << 20
LARGEST_IN_LOOP = 512 << 10
"""Bytes of a range up to which one thread for all is faster than a thread for each."""
_SMALL, _MOST_SMALL = 64 << 10, 16
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
T = TypeVar("T")
Share = tuple[Range, list[int]]
"""A range that is fetched in one request, and the indices of those that lie in it."""


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
        self._small: dict[Range, bytes] = {}
        self._requests = 0
        self._lock = threading.Lock()
        params: dict[str, object] = {"Bucket": self._bucket, "Key": self._key}
        params.update({"VersionId": version_id} if version_id else {})
        self._request = SignedRequest(connection, "get_object", params)
        self._plain = Plain(self._request, self._etag, size)

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
        return self.read_joined([(offset, length)])

    def read_joined(self, parts: Sequence[Range | bytes]) -> bytes:
        """Ranges, and bytes that are there already, one after another; fetched to where they belong, several at once.

        Small ranges, such as a header that every slice begins with, are fetched once.
        """
        ranges = [part for part in parts if not isinstance(part, bytes)]
        for offset, length in ranges:
            check_range(self._size, offset, length, self.uri)
        known = {part: self._small[part] for part in ranges if part in self._small}
        if len(known) == len(set(ranges)):
            known = {}  # at least one request goes out, which finds out when the object has changed
        # While the buffer alone holds these bytes, they can be written to without a copy.
        whole = io.BytesIO(bytes(sum(len(part) if isinstance(part, bytes) else part[1] for part in parts)))
        with whole.getbuffer() as view:
            at_once(lambda fetch: self._fetch_into(*fetch), list(_placed(view, parts, known)))
            self._keep_small(view, parts)
        return whole.getvalue()

    def _keep_small(self, view: memoryview, parts: Sequence[Range | bytes]) -> None:
        at = 0
        for part in parts:
            length = len(part) if isinstance(part, bytes) else part[1]
            if not isinstance(part, bytes) and length <= _SMALL and len(self._small) < _MOST_SMALL:
                self._small[part] = bytes(view[at : at + length])
            at += length

    def read_many(self, ranges: Sequence[Range], *, gap: int = MERGE_GAP) -> list[bytes]:
        """One result per (offset, length), up to 32 requests at once; ranges less than `gap` apart travel in one.

        With a `gap` of 0 only those that overlap do.
        """
        for offset, length in ranges:
            check_range(self._size, offset, length, self.uri)
        results = [b""] * len(ranges)

        def cut(share: Share, block: bytes) -> None:
            (start, _), wanted = share
            for i in wanted:
                offset, length = ranges[i]
                # Cut here, so that the bytes between the ranges are gone as soon as the block is.
                results[i] = block if length == len(block) else block[offset - start : offset - start + length]

        shares = _shares(merge_ranges(ranges, gap), ranges)
        self._fetch_shares([share for share in shares if share[0][1] <= LARGEST_READ], cut)
        for share in shares:
            if share[0][1] > LARGEST_READ:
                cut(share, self.read(*share[0]))
        return results

    def _fetch_shares(self, shares: Sequence[Share], cut: Callable[[Share, bytes], None]) -> None:
        def fetch(share: Share) -> None:
            cut(share, self._fetch(*share[0]))

        small = [share for share in shares if share[0][1] <= LARGEST_IN_LOOP]
        if len(small) < 2:
            at_once(fetch, shares)
            return
        with given_up(), ExitStack() as begun, Aside() as aside:

            def done(number: int, data: bytes) -> None:
                cut(small[number], data)

            def other(number: int, attempt: Attempt | None) -> None:
                if attempt is not None:
                    begun.callback(attempt.end)
                aside.add(lambda: done(number, self._fetch_bytes(*small[number][0], attempt)))

            for share in shares:
                if share[0][1] > LARGEST_IN_LOOP:
                    aside.add(partial(fetch, share))
            self._count(len(small))
            Loop(self._plain, [share[0] for share in small], done, other, aside.look).run()
            aside.finish()

    def sibling(self, suffix: str, *, replacing: str = "") -> S3Source:
        """The object whose key is this one's with `suffix` appended, or instead of its end. NotFound without one."""
        return S3Source(self._connection, sibling_name(self.uri, suffix, replacing))

    def known_sibling(self, suffix: str, replacing: str, etag: str, size: int) -> S3Source:
        """The same, with this ETag and size; nothing is asked of the service. Reads tell when it is gone or another."""
        return S3Source(self._connection, sibling_name(self.uri, suffix, replacing), etag=etag, size=size)

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
        self._count(1)
        with given_up():
            came = self._plain.fetch(offset, length)
            return came if isinstance(came, bytes) else self._fetch_bytes(offset, length, came)

    def _fetch_bytes(self, offset: int, length: int, begun: Attempt | None) -> bytes:
        return self._get(offset, length, lambda reply: reply.read(length), len, begun)

    def _fetch_into(self, offset: int, target: memoryview) -> None:
        self._count(1)
        with given_up():
            self._get(offset, len(target), lambda reply: reply.read_into(target), int)

    def _get(
        self,
        offset: int,
        length: int,
        read: Callable[[Reply], T],
        came: Callable[[T], int],
        begun: Attempt | None = None,
    ) -> T:
        """What `read` makes of the reply to a request for these bytes; `came` tells how many it read."""

        def take(reply: Reply) -> T:
            self._check(reply, offset, length)
            found = read(reply)
            if came(found) != length:
                raise BrokenError(f"the body broke off after {came(found)} of {length} bytes")
            return found

        headers = {"Range": f"bytes={offset}-{offset + length - 1}", "If-Match": f'"{self._etag}"'}
        try:
            return send(self._request, take, headers=headers, begun=begun)
        except NotFound as error:
            raise NotFound(f"{self.uri} is gone: {error}") from None

    def _count(self, requests: int) -> None:
        with self._lock:
            self._requests += requests

    def _check(self, reply: Reply, offset: int, length: int) -> None:
        # A service that ignores If-Match answers with whatever is there now, so the ETag is looked at as well.
        if bare_etag(reply.headers.get("ETag", "")) != self._etag:
            raise self._changed() if reply.headers.get("ETag") else self._wrong("sends no ETag")
        if reply.status == 206:
            self._check_content_range(reply.headers.get("Content-Range", ""), offset, length)
        elif (offset, length) != (0, self._size) or reply.status != 200:
            raise self._wrong(f"ignores Range (it answered {reply.status} for a part of the object)")
        if int(reply.headers.get("Content-Length", length)) != length:
            raise BrokenError(f"{length} bytes were asked for, {reply.headers['Content-Length']} announced")

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


def _shares(merged: Sequence[Range], ranges: Sequence[Range]) -> list[Share]:
    """Each merged range with the indices of the ranges that lie in it."""
    order = sorted((i for i, r in enumerate(ranges) if r[1] > 0), key=lambda i: ranges[i])
    shares: list[Share] = []
    at = 0
    for block in merged:
        wanted: list[int] = []
        while at < len(order) and ranges[order[at]][0] < sum(block):
            wanted.append(order[at])
            at += 1
        shares.append((block, wanted))
    return shares


def _placed(
    view: memoryview, parts: Sequence[Range | bytes], known: Mapping[Range, bytes]
) -> Iterator[tuple[int, memoryview]]:
    """Put what is known in its place; where to begin to read and the place for each of the requests for the rest."""
    at, wanted = 0, list[tuple[int, int, int]]()
    for part in parts:
        held = part if isinstance(part, bytes) else known.get(part)
        length = len(held) if held is not None else part[1]
        if held is not None:
            view[at : at + length] = held
        elif wanted and sum(wanted[-1][::2]) == part[0] and sum(wanted[-1][1:]) == at:
            wanted[-1] = (wanted[-1][0], wanted[-1][1], wanted[-1][2] + length)
        elif length:
            wanted.append((part[0], at, length))
        at += length
    for offset, start, length in wanted:
        step = PART if length > LARGEST_READ else length
        for begin, size in blocks(offset, offset + length, step):
            place = start + begin - offset
            yield begin, view[place : place + size]
