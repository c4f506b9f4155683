"""The place of indexes: this machine, or a bucket and a prefix that the user owns."""

from __future__ import annotations

import io
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from ..errors import BadRequest, CockpitError, NotFound
from .open import ConnectionLike
from .storage import data_directory, whole_file

if TYPE_CHECKING:
    from ..s3.connections import Connection

log = logging.getLogger(__name__)

PLACE_VARIABLE = "CLOUD_DATA_COCKPIT_INDEX_PLACE"
CONNECTION_VARIABLE = "CLOUD_DATA_COCKPIT_INDEX_CONNECTION"
LARGEST_INDEX = 1 << 30
LOCAL_BYTES = 2 << 30
_ABANDONED = 24 * 3600


class Place(Protocol):
    """Where indexes are kept by name."""

    def open(self, name: str) -> IO[bytes] | None:
        """The index called `name`, or None when there is none. CockpitError when the place cannot be read."""
        ...

    def write(self, name: str, fill: Callable[[IO[bytes]], None]) -> None:
        """Keep what `fill` writes under `name`, whole or not at all. CockpitError when the place refuses."""
        ...

    def delete(self, name: str) -> None:
        """Forget `name`; nothing happens when there is none."""
        ...


@dataclass(frozen=True)
class LocalPlace:
    """Jupyter's data directory on this machine, kept below `most` bytes: those that were not used longest go."""

    most: int = LOCAL_BYTES

    def __str__(self) -> str:
        return str(data_directory("indexes"))

    def path(self, name: str) -> Path:
        return data_directory("indexes") / name

    def open(self, name: str) -> IO[bytes] | None:
        path = self.path(name)
        if not path.is_file():
            return None
        try:
            file = path.open("rb")
        except OSError as error:
            raise CockpitError(f"cannot read {path}: {error.strerror or error}") from error
        try:
            os.utime(path)
        except OSError:
            log.debug("cannot note that %s was used", path)
        return file

    def write(self, name: str, fill: Callable[[IO[bytes]], None]) -> None:
        with whole_file(self.path(name)) as file:
            fill(file)
        prune(data_directory("indexes"), self.most, keep=name)

    def delete(self, name: str) -> None:
        self.path(name).unlink(missing_ok=True)


def prune(directory: Path, most: int, keep: str = "") -> None:
    """Delete the indexes that were not used longest until the others have at most `most` bytes; `keep` stays.

    Files that a program left half written a day ago go as well.
    """
    held: list[tuple[int, int, Path]] = []
    for path in directory.iterdir():
        try:
            stat = path.stat()
        except OSError:
            continue
        if path.suffix == ".npz" and not path.name.startswith("."):
            held.append((stat.st_mtime_ns, stat.st_size, path))
        elif path.name.startswith(".") and ".npz." in path.name and stat.st_mtime < time.time() - _ABANDONED:
            path.unlink(missing_ok=True)
    total = sum(size for _, size, _ in held)
    for _, size, path in sorted(held):
        if total <= most:
            return
        if path.name != keep:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                log.warning("the old index %s cannot be deleted: %s", path, error)
                continue
            total -= size


@dataclass(frozen=True)
class BucketPlace:
    """A prefix of a bucket. An index is one object there: it appears whole, and everybody who may read it shares it."""

    uri: str
    connection: ConnectionLike

    def __str__(self) -> str:
        return self.uri

    def open(self, name: str) -> IO[bytes] | None:
        from ..s3.source import S3Source

        try:
            source = S3Source(self._reached(), self.uri + name)
        except NotFound:
            return None
        if source.size > LARGEST_INDEX:
            raise CockpitError(f"{source.uri} has {source.size:,} bytes, too many for an index; delete it")
        return io.BytesIO(source.read(0, source.size))

    def write(self, name: str, fill: Callable[[IO[bytes]], None]) -> None:
        from ..s3.faults import Place as Whereabouts
        from ..s3.faults import translated
        from ..s3.objects import parse_uri

        body = io.BytesIO()
        fill(body)
        if body.tell() > LARGEST_INDEX:
            raise CockpitError(f"the index has {body.tell():,} bytes, and from a bucket no more than 1 GiB is read")
        connection = self._reached()
        bucket, key = parse_uri(self.uri + name)
        with translated(Whereabouts(connection.ref, bucket, key), writing=True):
            connection.client_of(bucket, key).put_object(
                Bucket=bucket, Key=key, Body=body.getvalue(), ContentType="application/octet-stream"
            )

    def delete(self, name: str) -> None:
        from ..s3.objects import delete_object, parse_uri

        delete_object(self._reached(), *parse_uri(self.uri + name))

    def _reached(self) -> Connection:
        from ..s3.connections import resolve

        return resolve(self.connection)


def checked_place(text: str) -> str:
    """`text` with a slash at its end, or "" for this machine. BadRequest when it is not `s3://bucket/prefix/`."""
    if text in ("", "local"):
        return ""
    if not text.startswith("s3://") or not text[5:].split("/", 1)[0]:
        raise BadRequest(f"indexes can be kept in s3://bucket/prefix/ or (local) on this machine, not in {text!r}")
    return text if text.endswith("/") else f"{text}/"


def find_place(
    asked: str | None = None, connection: ConnectionLike = None, beside: ConnectionLike = None
) -> LocalPlace | BucketPlace:
    """The place that `asked` names, else the environment, else this machine.

    A bucket is reached through `connection`, else the one that the environment names, else through `beside`, by which
    the data are read, unless that is anonymous. BadRequest for a place that cannot be.
    """
    place = checked_place(os.environ.get(PLACE_VARIABLE, "") if asked is None else asked)
    if not place:
        return LocalPlace()
    return BucketPlace(place, connection or os.environ.get(CONNECTION_VARIABLE) or _not_anonymous(beside))


def _not_anonymous(connection: ConnectionLike) -> ConnectionLike:
    if connection is None:
        return None
    from ..s3.connections import resolve

    return None if resolve(connection).ref.anonymous else connection
