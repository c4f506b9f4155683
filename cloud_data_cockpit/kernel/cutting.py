"""The cockpit indexes and partitions, with its own connection, and keeps what was cut on shelves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..meter import Meter
from .reached import ConnectionLike, reach

if TYPE_CHECKING:
    from ..slicing.shelves import Shelf
    from ..slicing.slices import Slices


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
        return cut(uri, format=format, connection=reach(connection), num_slices=num, report=meter, **params)


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
