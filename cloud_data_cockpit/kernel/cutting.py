"""The cockpit indexes and partitions, with its own connection, and keeps what was cut on shelves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..meter import Meter
from .reached import ConnectionLike, reach, reached_for

if TYPE_CHECKING:
    from ..slicing.shelves import Shelf
    from ..slicing.slices import Slices


def index(
    uri: str | os.PathLike[str],
    *,
    format: str | None = None,
    connection: ConnectionLike = None,
    progress: bool = False,
) -> None:
    """Scan the object once and keep its index, so that every later `partition` is free. No manifest is saved."""
    from ..slicing.partition import index_object

    text = os.fspath(uri)
    with Meter(f"Index {text}", shown=progress) as meter:
        index_object(reached_for(text, connection), text, format, {}, meter)


def partition(
    uri: str | os.PathLike[str],
    num: int | None = None,
    *,
    format: str | None = None,
    connection: ConnectionLike = None,
    progress: bool = False,
    **params: Any,
) -> Slices:
    """As `cloud_data_cockpit.partition`, with this module's connection: slices that hold every record exactly once."""
    from ..slicing.partition import partition as cut

    text = os.fspath(uri)
    with Meter(f"Index {text}", shown=progress) as meter:
        reached = reached_for(text, connection)
        return cut(text, format=format, connection=reached, num_slices=num, report=meter, **params)


def manifests(place: str | None = None, *, connection: ConnectionLike = None) -> Shelf:
    """The saved manifests of this machine, or those shared at a place, `s3://bucket/prefix/`.

    `.list(uri=, format=, tag=, text=)`, `.load`, `.tag`, `.rename`, `.delete`, `.export`, `.share`; shown as a table.
    """
    from ..slicing.shelves import Shelf

    return Shelf(place, connection=None if place is None else reach(connection))


def fsspec_filesystem(*, connection: ConnectionLike = None) -> Any:
    """The same connection as an fsspec filesystem: s3fs, which has to be installed (`pip install s3fs`)."""
    from .filesystem import s3fs_of

    return s3fs_of(reach(connection))
