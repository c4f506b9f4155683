"""From a URI to the Source that reads it: an object in S3, or a file on this machine."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from ..errors import BadRequest
from ..models import ConnectionRef
from ..source import FileSource, Source
from ..tree import FileTree

if TYPE_CHECKING:
    from ..s3.connections import Connection

ConnectionLike: TypeAlias = "str | ConnectionRef | Connection | None"

_TABLE = "table.dat"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def is_s3(uri: str) -> bool:
    """Whether `uri` names an object in S3, and not a file on this machine."""
    return uri.startswith("s3://")


def open_source(
    uri: str | os.PathLike[str], connection: ConnectionLike = None, etag: str | None = None, size: int | None = None
) -> Source:
    """The bytes behind `s3://bucket/key`, `file:///...` or a path.

    A URI that ends with `/`, a directory, and the `table.dat` of one are a data set of many objects: a TreeSource.
    With `etag` and `size` an object in S3 is not asked for anything until it is read. BadRequest for other schemes,
    and when a connection is given for a file on this machine.
    """
    text = os.fspath(uri)
    reached = resolved(text, connection)
    if reached is None:
        return _local_source(_local_path(text), etag, size)
    text = _of_table(text)
    if text.endswith("/") and text.count("/") > 3:
        from ..s3.tree import S3Tree

        return S3Tree(reached, text, etag=etag, size=size)
    from ..s3.source import S3Source

    return S3Source(reached, text, etag=etag, size=size)


def _local_source(path: Path, etag: str | None, size: int | None) -> Source:
    if path.name == _TABLE and path.is_file():
        path = path.parent
    return FileTree(path, etag, size) if path.is_dir() else FileSource(path, etag)


def _of_table(uri: str) -> str:
    """The directory that a `table.dat` stands for: a table is of no use without the files beside it."""
    return uri.removesuffix(_TABLE) if uri.endswith(f"/{_TABLE}") else uri


def resolved(uri: str, connection: ConnectionLike) -> Connection | None:
    """The connection that reaches `uri`; None for a file on this machine, which needs none and takes none."""
    if is_s3(uri):
        from ..s3.connections import resolve

        return resolve(connection)
    if connection is not None:
        raise BadRequest(f"{uri} is a file on this machine, which no connection reaches; leave the connection out")
    return None


def check_other_file(path: Path, uri: str) -> None:
    """BadRequest when writing to `path` would replace the data `uri` themselves."""
    if is_s3(uri):
        return
    data = _local_path(uri)
    if path.exists() and data.exists() and path.samefile(data):
        raise BadRequest(f"{path} is the file that was cut, and writing there would replace the data; choose another")


def object_name(uri: str) -> str:
    """The last part of the key or path, unquoted where the URI is quoted."""
    name = uri.rstrip("/").rsplit("/", 1)[-1]
    return unquote(name) if uri.startswith("file://") else name


def _local_path(text: str) -> Path:
    scheme = _SCHEME.match(text)
    if scheme is None:
        if not text:
            raise BadRequest("the URI is empty; give s3://bucket/key or the path of a file")
        return Path(text).expanduser()
    if scheme.group(1).lower() != "file":
        raise BadRequest(f"cannot open {text}: use s3://bucket/key, file:///path or the path of a file")
    parts = urlsplit(text, allow_fragments=False)
    if parts.netloc not in ("", "localhost"):
        raise BadRequest(f"{text} is on another machine ({parts.netloc}); only files on this one can be read")
    return Path(url2pathname(parts.path))
