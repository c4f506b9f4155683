"""The cockpit acts: copy, move, remove, upload, download."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import BadRequest, Conflict
from ..meter import Meter
from ..models import CopyRequest, DeleteRequest, DownloadRequest, OnConflict
from ..s3 import connections
from ..s3.objects import make_uri, parse_uri
from .reached import ConnectionLike, Counted, named, reach, selected


def copy(
    uri: str,
    to: str,
    *,
    connection: ConnectionLike = None,
    to_connection: ConnectionLike = None,
    on_conflict: OnConflict = "fail",
    progress: bool = False,
) -> Counted:
    """Copy an object, or all below a prefix; `to` ends with "/" to keep the name below it, else it is the new name.

    `copy("s3://b/run1/", "s3://b/old/")` makes `old/run1/`, and `copy("s3://b/run1/", "s3://b/run2")` makes `run2/`.

    Verified, and to another connection too. Conflict when a key exists, unless told to "skip" or "replace" it.
    """
    return _transfer("copy", uri, to, (connection, to_connection), on_conflict, progress)


def move(
    uri: str,
    to: str,
    *,
    connection: ConnectionLike = None,
    to_connection: ConnectionLike = None,
    on_conflict: OnConflict = "fail",
    progress: bool = False,
) -> Counted:
    """As `copy`; what was copied and verified is deleted at its old place after that, and nothing before."""
    return _transfer("move", uri, to, (connection, to_connection), on_conflict, progress)


def remove(
    uri: str, *, connection: ConnectionLike = None, all_versions: bool = False, progress: bool = False
) -> Counted:
    """Delete an object, or all below a prefix, which has to end with "/": `remove(".../run1")` leaves `run10` alone.

    NotFound when there is nothing. In a versioned bucket it can be brought back, unless `all_versions` is set.
    """
    from ..s3.deleting import delete_selection

    found = reach(connection)
    bucket, keys, prefixes = selected(found, uri)
    request = DeleteRequest(
        kind="delete",
        connection=found.ref.name,
        bucket=bucket,
        keys=keys,
        prefixes=prefixes,
        all_versions=all_versions,
    )
    with named(found), Meter(f"Delete {uri}", shown=progress, unit="objects") as meter:
        delete_selection(request, meter)
    return Counted(meter.items, meter.done)


rm = remove


def upload(
    what: str | os.PathLike[str] | bytes | bytearray | memoryview,
    uri: str,
    *,
    connection: ConnectionLike = None,
    on_conflict: OnConflict = "fail",
    progress: bool = False,
) -> str:
    """Send a file, a directory or bytes to `uri`; one that ends with "/" keeps the name below it. Gives the URI.

    In parts, several at once, in bounded memory, each verified by the service and the whole compared at the end.
    """
    from ..s3.items import BytesItem, Item, file_item
    from ..s3.ledger import MemoryLedger
    from ..s3.sending import Sending

    found, (bucket, key) = reach(connection), parse_uri(uri)
    items: Iterator[Item]
    if isinstance(what, bytes | bytearray | memoryview):
        if not key or key.endswith("/"):
            raise BadRequest(f"{uri} is a prefix; name the object that the bytes become")
        items = iter([BytesItem(key, what)])
    else:
        path = Path(what)
        if path.is_dir():
            below = key if not key or key.endswith("/") else key + "/"
            items = (file_item(f"{below}{file.relative_to(path).as_posix()}", file) for file in _files(path))
            key = below
        else:
            key = f"{key}{path.name}" if not key or key.endswith("/") else key
            items = iter([file_item(key, path)])
    with Meter(f"Upload to {uri}", shown=progress) as meter:
        sending = Sending(found, bucket, meter, MemoryLedger(), on_conflict)
        try:
            sending.run(items)
        finally:
            sending.tidy()
    return make_uri(bucket, key)


def download(
    uri: str,
    directory: str | os.PathLike[str] = ".",
    *,
    connection: ConnectionLike = None,
    on_conflict: OnConflict = "fail",
    progress: bool = False,
) -> Path:
    """Bring an object, or all below a prefix, into a directory; gives that directory.

    Any key becomes a safe file name, and nothing is written outside. A file has its name only once it is whole and
    verified. Conflict when one exists, unless told to "skip" or "replace" it.
    """
    from ..s3.downloading import download_selection

    found = reach(connection)
    bucket, keys, prefixes = selected(found, uri)
    root = Path(directory)
    root.mkdir(parents=True, exist_ok=True)
    request = DownloadRequest(
        kind="download",
        connection=found.ref.name,
        bucket=bucket,
        keys=keys,
        prefixes=prefixes,
        on_conflict=on_conflict,
    )
    with named(found), Meter(f"Download {uri}", shown=progress) as meter:
        download_selection(request, root.resolve(), (), meter)
    return root


def _transfer(
    kind: str,
    uri: str,
    to: str,
    ends: tuple[ConnectionLike, ConnectionLike],
    on_conflict: OnConflict,
    progress: bool,
) -> Counted:
    from ..s3.transfers import copy_selection

    source = reach(ends[0])
    target = source if ends[1] is None else connections.resolve(ends[1])
    bucket, keys, prefixes = selected(source, uri)
    to_bucket, to_key = parse_uri(to)
    into = not to_key or to_key.endswith("/")
    request = CopyRequest(
        kind="move" if kind == "move" else "copy",
        connection=source.ref.name,
        bucket=bucket,
        keys=keys,
        prefixes=prefixes,
        to_connection=target.ref.name,
        to_bucket=to_bucket,
        to_prefix=to_key if into else "",
        rename=None if into else to_key + "/" * bool(prefixes),
        on_conflict=on_conflict,
    )
    with named(source), named(target), Meter(f"{kind.title()} {uri}", shown=progress) as meter:
        copy_selection(request, meter)
    return Counted(meter.items, meter.done)


def _files(directory: Path) -> Iterator[Path]:
    """Regular files below, in order; links are followed only where they stay inside."""
    top = directory.resolve()
    seen = False
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            if path.is_symlink() and not path.resolve().is_relative_to(top):
                raise BadRequest(
                    f"{path} is a link that leads out of {directory}; copy the file into it, or leave it out"
                )
            seen = True
            yield path
    if not seen:
        raise Conflict(f"{directory} holds no files")
