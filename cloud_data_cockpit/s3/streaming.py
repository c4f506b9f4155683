"""What a browser downloads: one object, or an archive of many, as blocks of bytes with a bounded number read ahead."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from ..errors import Archived, NotFound
from ..models import ObjectDetail, ObjectEntry, Selection
from .connections import Connection, resolve
from .details import ARCHIVES
from .local_names import Taken, safe_path
from .objects import head, make_uri
from .selections import Picked, Picks, base_of, iter_picked, picks_of
from .source import S3Source
from .zipping import Archive, Member, archive_size

BLOCK = 2 << 20
AHEAD = 8
"""Blocks of one download that are read while one is sent: with BLOCK this bounds its memory."""
MOST_KNOWN = 1000
"""Of so many objects at most the sizes are found out before, so that the size of their archive is known."""
_AT_ONCE = 16


@dataclass(frozen=True)
class One:
    """An object of a download, as it was when that was asked for."""

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True)
class Download:
    """What was asked for. `one`: this object as it is; else an archive, of `known` if these are all.

    `size` in bytes, None where it is not known.
    """

    connection: Connection
    bucket: str
    picks: Picks
    filename: str
    size: int | None
    one: One | None = None
    known: tuple[tuple[One, Member], ...] | None = None


def plan_download(selection: Selection) -> Download:
    """Look at what is to be downloaded. NotFound when there is nothing, Archived when it cannot be read now."""
    connection, picks = resolve(selection.connection), picks_of(selection)
    bucket = selection.bucket
    if len(picks.keys) == 1 and not picks.prefixes:
        one = _looked_at(connection, bucket, picks.keys[0])
        name = safe_path(one.key[len(base_of(one.key)) :])[0]
        return Download(connection, bucket, picks, name, one.size, one)
    filename = f"{_name_of(bucket, picks)}.zip"
    with closing(iter_picked(connection, bucket, picks)) as found:
        first = list(islice(found, MOST_KNOWN + 1))
    if not first:
        raise NotFound(f"there is nothing below {' and '.join(picks.prefixes)} in {bucket}; look at it again")
    if len(first) > MOST_KNOWN:
        return Download(connection, bucket, picks, filename, None)
    with closing(Taken()) as taken:
        known = tuple(_members(connection, bucket, picks, first, taken))
    return Download(connection, bucket, picks, filename, archive_size(member for _, member in known), None, known)


def blocks_of(download: Download, start: int = 0, length: int | None = None) -> Generator[bytes, None, None]:
    """The bytes of a download; of one object from `start` on, `length` of them. Close it if it is not used up.

    SourceChanged when an object is no longer what it was, and the errors of S3: what came by then is not all.
    """
    if download.one is None:
        return _archive(download)
    one = download.one
    end = one.size if length is None else start + length
    source = _source(download, one)
    spans = ((offset, min(BLOCK, end - offset)) for offset in range(start, end, BLOCK))
    return _ahead(_read(source, span) for span in spans)


# --- what there is ---------------------------------------------------------------------------------


def _looked_at(connection: Connection, bucket: str, key: str) -> One:
    detail = head(connection, bucket, key)
    _check_readable(detail)
    return One(key, detail.size, detail.etag, detail.last_modified)


def _check_readable(detail: ObjectDetail) -> None:
    if detail.archive in ("archived", "restoring"):
        words = "is archived; restore it first" if detail.archive == "archived" else "is still being restored"
        raise Archived(f"{detail.uri} {words}, then download it")


def _of_entry(connection: Connection, bucket: str, entry: ObjectEntry) -> One:
    if entry.storage_class in ARCHIVES:  # one that was restored can be read
        return _looked_at(connection, bucket, entry.key)
    return One(entry.key, entry.size, entry.etag, entry.last_modified)


def _members(
    connection: Connection, bucket: str, picks: Picks, found: Iterable[Picked], taken: Taken
) -> Iterator[tuple[One, Member]]:
    """Each object with its place in the archive; those that nothing is known of are looked at, several at once."""

    def look(picked: Picked) -> tuple[Picked, One]:
        if picked.entry is None:
            return picked, _looked_at(connection, bucket, picked.key)
        return picked, _of_entry(connection, bucket, picked.entry)

    rest = iter(found)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="s3-look") as pool:
        while some := list(islice(rest, 4 * _AT_ONCE)):
            for picked, one in pool.map(look, some):
                name = f"{bucket}/{one.key}" if "" in picks.prefixes else picked.name
                folder = one.key.endswith("/") and not one.size
                if one.key.endswith("/") and one.size:  # a folder's marker with bytes: a file without a name in it
                    name += "_"
                path = "/".join(taken.path_for(one.key, name, folder=folder))
                yield one, Member(f"{path}/" if folder else path, one.size, one.modified)


def _name_of(bucket: str, picks: Picks) -> str:
    if len(picks.prefixes) == 1 and not picks.keys and picks.prefixes[0]:
        prefix = picks.prefixes[0]
        return safe_path(prefix[len(base_of(prefix)) :])[0]
    return safe_path(bucket)[0]


# --- the bytes -------------------------------------------------------------------------------------


def _source(download: Download, one: One) -> S3Source:
    return S3Source(download.connection, make_uri(download.bucket, one.key), etag=one.etag, size=one.size)


def _read(source: S3Source, span: tuple[int, int]) -> Callable[[], bytes]:
    return lambda: source.read(*span)


def _ahead(reads: Iterator[Callable[[], bytes]]) -> Generator[bytes, None, None]:
    """The results of calls in order; up to AHEAD calls run while one result is used."""
    waiting: deque[Future[bytes]] = deque()
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="s3-stream") as pool:
        try:
            while True:
                waiting.extend(pool.submit(read) for read in islice(reads, AHEAD - len(waiting)))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _archive(download: Download) -> Generator[bytes, None, None]:
    with closing(Taken()) as taken, closing(Archive()) as archive:
        with closing(iter_picked(download.connection, download.bucket, download.picks)) as found:
            members = download.known or _members(download.connection, download.bucket, download.picks, found, taken)
            yield from _stored(download, archive, iter(members))
        yield from archive.finish()


def _stored(
    download: Download, archive: Archive, members: Iterator[tuple[One, Member]]
) -> Generator[bytes, None, None]:
    """Each member with what is around it. Blocks of the members that follow are read while one is sent."""
    steps: deque[tuple[Member, int]] = deque()

    def reads() -> Iterator[Callable[[], bytes]]:
        for one, member in members:
            source = _source(download, one)
            for offset in range(0, max(one.size, 1), BLOCK):
                length = min(BLOCK, one.size - offset)
                steps.append((member, offset))
                yield _read(source, (offset, length))

    crc32 = 0
    with closing(_ahead(reads())) as blocks:
        for block in blocks:
            member, offset = steps.popleft()
            if offset == 0:
                crc32 = 0
                yield archive.begin(member)
            crc32 = zlib.crc32(block, crc32)
            if block:
                yield block
            if offset + len(block) == member.size:
                yield archive.end(member, crc32)
