"""`upload` for notebooks and scripts: a file, a directory or bytes to S3, in parallel, verified, all or nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import BadRequest
from ..models import ConnectionRef
from .connections import Connection, resolve
from .finished import Sent
from .items import BytesItem, Item, file_item
from .ledger import MemoryLedger
from .objects import check_key, parse_uri
from .sending import OnConflict, Sending

Told = Callable[[int, int], None]
"""Called with (bytes done, bytes in all) from any thread; what it raises stops the upload."""


def upload(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview,
    uri: str,
    connection: str | ConnectionRef | Connection | None = None,
    progress: Told | None = None,
    *,
    overwrite: bool = False,
) -> Sent | None:
    """Upload a file, all files of a directory, or bytes to `s3://bucket/key`.

    A `uri` that ends with "/" is a prefix, below which the file or directory keeps its name. Files of over 8 MiB go in
    parts, many at once, in bounded memory. Conflict when a key exists and `overwrite` is not set, ServiceError when
    the object is not what was sent, NotFound for a file that is not there. After an error, or when it is interrupted,
    nothing unfinished stays in S3. Returns what was sent; None for a directory.
    """
    bucket, key = parse_uri(uri)
    teller = _Teller(progress)
    policy: OnConflict = "replace" if overwrite else "fail"
    sending = Sending(resolve(connection), bucket, teller, MemoryLedger(), policy)
    for item in _items(source, key):
        teller.expect(item.size)
    try:
        sending.run(_items(source, key))
    except BaseException:
        teller.silence()
        sending.tidy()
        raise
    directory = not isinstance(source, bytes | bytearray | memoryview) and Path(source).is_dir()
    return None if directory else sending.sent


def _items(source: str | os.PathLike[str] | bytes | bytearray | memoryview, key: str) -> Iterator[Item]:
    if isinstance(source, bytes | bytearray | memoryview):
        if not key or key.endswith("/"):
            raise BadRequest("bytes have no name: give the whole key, such as s3://bucket/prefix/name")
        yield BytesItem(check_key(key), source)
        return
    path = Path(source).expanduser()
    if not path.is_dir():
        yield file_item(f"{key}{path.name}" if key.endswith("/") or not key else key, path)
        return
    prefix = f"{key}{path.resolve().name}" if key.endswith("/") or not key else key
    for below, directories, names in os.walk(path):
        directories.sort()
        for name in sorted(names):
            file = Path(below, name)
            yield file_item(f"{prefix}/{file.relative_to(path).as_posix()}", file)


class _Teller:
    """Adds up what the sending tells, and passes it on."""

    def __init__(self, progress: Told | None) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._done = 0
        self._total = 0

    def expect(self, size: int) -> None:
        self._total += size

    def silence(self) -> None:
        self._progress = None

    def add(self, done: int = 0, items: int = 0, total: int = 0, items_total: int = 0) -> None:
        with self._lock:
            self._done += done
            self._total += total
            if self._progress is not None:
                self._progress(self._done, self._total)

    def check(self) -> None:
        return None

    def note(self, text: str) -> None:
        return None
