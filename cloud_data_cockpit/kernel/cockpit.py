"""The cockpit as functions: what the panel does, in a notebook or a script, without a Jupyter server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import BadRequest, Conflict, NotFound
from ..meter import Meter
from ..models import (
    ConnectionRef,
    CopyRequest,
    DeleteRequest,
    DownloadRequest,
    MeasureRequest,
    ObjectDetail,
    OnConflict,
    PresignedLink,
    PresignRequest,
)
from ..s3 import connections, objects
from ..s3.connections import Connection
from ..s3.objects import make_uri, parse_uri
from .browser import Place, browse

if TYPE_CHECKING:
    from ..slicing.slices import Slices

__all__ = [
    "Counted",
    "browse",
    "cat",
    "connect",
    "copy",
    "download",
    "du",
    "find",
    "fsspec_filesystem",
    "glob",
    "head",
    "index",
    "ls",
    "move",
    "partition",
    "presign",
    "remove",
    "rm",
    "upload",
    "use",
]

ConnectionLike = str | ConnectionRef | Connection | None
_chosen: Connection | None = None


class Counted(NamedTuple):
    """What was counted, copied or deleted: objects and bytes."""

    objects: int
    bytes: int


def connect(name: str | None = None, **how: Any) -> Connection:
    """As `cloud_data_cockpit.connect`; the functions of this module use it from now on, unless told another."""
    return use(connections.connect(name, **how))


def use(connection: ConnectionLike) -> Connection:
    """The connection that the functions of this module use from now on; None for AWS's default."""
    global _chosen
    _chosen = connections.resolve(connection)
    return _chosen


# --- looking -----------------------------------------------------------------------------------


def ls(uri: str = "s3://", *, connection: ConnectionLike = None) -> list[str]:
    """URIs one level below a place, in the order of the keys: buckets, prefixes (which end with "/") and objects.

    All of them, in memory: for very many keys iterate over `browse(uri)`, or `find(uri)`.
    """
    return [place.uri for place in _place(_as_prefix(uri), connection)]


def find(uri: str, pattern: str = "**", *, connection: ConnectionLike = None) -> Iterator[str]:
    """URIs of the objects below a prefix whose keys match `pattern` from there on, as they are listed.

    `*` and `?` stop at "/", `**` does not, `[...]` is one of the characters. Memory does not grow with the keys.
    """
    from ..s3.patterns import pattern_of
    from ..s3.walk import iter_objects

    found, (bucket, prefix) = _use(connection), _below(uri)
    wanted = pattern_of(pattern, "glob", True)
    for entry in iter_objects(found, bucket, prefix):
        if wanted.matches(entry.key.removeprefix(prefix)):
            yield make_uri(bucket, entry.key)


def glob(uri: str, *, connection: ConnectionLike = None) -> Iterator[str]:
    """URIs of the objects that match a URI with `*`, `?`, `[...]` and `**` in its key."""
    from ..s3.patterns import pattern_of

    bucket, key = parse_uri(uri)
    literal = next((place for place, character in enumerate(key) if character in "*?["), len(key))
    if literal == len(key):
        if objects.exists(_use(connection), bucket, key):
            yield uri
        return
    below = key[: key.rfind("/", 0, literal) + 1]
    shape, place = key[len(below) :], make_uri(bucket, below)
    if "/" in shape or "**" in shape:
        yield from find(place, shape, connection=connection)
        return
    for found in _place(place, connection):  # one level: what is deeper need not be listed
        if not found.is_prefix and pattern_of(shape, "glob", True).matches(found.uri.removeprefix(place)):
            yield found.uri


def du(uri: str, *, connection: ConnectionLike = None) -> Counted:
    """Objects and bytes below a prefix (which ends with "/"), of a bucket, or of an object; `run1/` is not `run10/`."""
    from ..s3.measure import measure

    found, (bucket, key) = _use(connection), parse_uri(uri)
    keys, prefixes = ([], [key]) if not key or key.endswith("/") else ([key], [])
    request = MeasureRequest(connection=found.ref.name, bucket=bucket, keys=keys, prefixes=prefixes)
    counted, size = 0, 0
    while True:
        step = measure(found, request)
        counted, size = counted + step.objects, size + step.bytes
        if step.next_token is None:
            return Counted(counted, size)
        request = request.model_copy(update={"next_token": step.next_token})


def head(uri: str, *, connection: ConnectionLike = None) -> ObjectDetail:
    """What S3 says of an object: size, date, ETag, type, metadata, storage class. NotFound when it is not there."""
    return objects.head(_use(connection), *parse_uri(uri))


def cat(uri: str, offset: int = 0, length: int | None = None, *, connection: ConnectionLike = None) -> bytes:
    """Bytes of an object, at most 256 MiB of them; BadRequest when that is too little."""
    return _place(uri, connection).read(offset, length)


def presign(uri: str, seconds: int = 3600, *, connection: ConnectionLike = None) -> PresignedLink:
    """A link by which anybody may read the object for so long, at most 7 days."""
    from ..s3.links import make_link

    found, (bucket, key) = _use(connection), parse_uri(uri)
    return make_link(found, PresignRequest(connection=found.ref.name, bucket=bucket, key=key, seconds=seconds))


# --- acting ------------------------------------------------------------------------------------


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

    found = _use(connection)
    bucket, keys, prefixes = _selected(found, uri)
    request = DeleteRequest(
        kind="delete",
        connection=found.ref.name,
        bucket=bucket,
        keys=keys,
        prefixes=prefixes,
        all_versions=all_versions,
    )
    with _named(found), Meter(f"Delete {uri}", shown=progress, unit="objects") as meter:
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

    found, (bucket, key) = _use(connection), parse_uri(uri)
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

    found = _use(connection)
    bucket, keys, prefixes = _selected(found, uri)
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
    with _named(found), Meter(f"Download {uri}", shown=progress) as meter:
        download_selection(request, root.resolve(), (), meter)
    return root


# --- slices ------------------------------------------------------------------------------------


def index(uri: str, *, format: str | None = None, connection: ConnectionLike = None, progress: bool = False) -> None:
    """Scan the object once and keep its index, so that every later `partition` is free."""
    partition(uri, format=format, connection=connection, progress=progress, num=1)


def partition(
    uri: str,
    num: int | None = None,
    *,
    format: str | None = None,
    connection: ConnectionLike = None,
    progress: bool = False,
    **params: Any,
) -> Slices:
    """As `cloud_data_cockpit.partition`, with this module's connection: slices that hold every record exactly once."""
    from ..slicing.partition import partition as cut

    with Meter(f"Index {uri}", shown=progress) as meter:
        return cut(uri, format=format, connection=_use(connection), num_slices=num, report=meter, **params)


def fsspec_filesystem(*, connection: ConnectionLike = None) -> Any:
    """The same connection as an fsspec filesystem: s3fs, which has to be installed (`pip install s3fs`)."""
    from .filesystem import s3fs_of

    return s3fs_of(_use(connection))


# --- what they share ---------------------------------------------------------------------------


def _use(connection: ConnectionLike) -> Connection:
    if connection is None and _chosen is not None:
        return _chosen
    return connections.resolve(connection)


def _place(uri: str, connection: ConnectionLike) -> Place:
    return browse(uri, connection=_use(connection))


def _as_prefix(uri: str) -> str:
    return uri if uri.endswith("/") else uri + "/"


def _below(uri: str) -> tuple[str, str]:
    bucket, prefix = parse_uri(uri)
    if prefix and not prefix.endswith("/"):
        raise BadRequest(f"{uri} is no prefix: what is below it begins with {uri}/, so end it with a slash")
    return bucket, prefix


def _named(connection: Connection) -> Any:
    """Requests name connections; this makes sure that the name is this one's while they are carried out."""
    return connections.borrowed(connection)


def _selected(connection: Connection, uri: str) -> tuple[str, list[str], list[str]]:
    """(bucket, keys, prefixes). NotFound when nothing is there, BadRequest for a prefix without its slash."""
    bucket, key = parse_uri(uri)
    if not key:
        raise BadRequest(f"{uri} is a whole bucket; name a prefix or an object in it")
    if key.endswith("/"):
        if not _has_below(connection, bucket, key):
            raise NotFound(f"nothing is below {uri}")
        return bucket, [], [key]
    if objects.exists(connection, bucket, key):
        return bucket, [key], []
    if _has_below(connection, bucket, key + "/"):
        raise BadRequest(f"{uri} is a prefix: write {uri}/ to mean all that is below it")
    raise NotFound(f"there is no object {uri}")


def _has_below(connection: Connection, bucket: str, prefix: str) -> bool:
    page = objects.list_page(connection, bucket, prefix, delimiter="", page_size=1, markers=True)
    return bool(page.objects)


def _transfer(
    kind: str,
    uri: str,
    to: str,
    ends: tuple[ConnectionLike, ConnectionLike],
    on_conflict: OnConflict,
    progress: bool,
) -> Counted:
    from ..s3.transfers import copy_selection

    source = _use(ends[0])
    target = source if ends[1] is None else connections.resolve(ends[1])
    bucket, keys, prefixes = _selected(source, uri)
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
    with _named(source), _named(target), Meter(f"{kind.title()} {uri}", shown=progress) as meter:
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
