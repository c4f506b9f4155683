"""What the functions of the cockpit share: the connection that was chosen, and what a URI selects."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import BadRequest, NotFound
from ..models import ConnectionRef
from ..s3 import connections, objects
from ..s3.connections import Connection
from ..s3.objects import parse_uri
from ..slicing.open import is_s3
from .browser import Place, browse

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


def reach(connection: ConnectionLike) -> Connection:
    if connection is None and _chosen is not None:
        return _chosen
    return connections.resolve(connection)


def reached_for(uri: str, connection: ConnectionLike) -> ConnectionLike:
    """As `reach`; a file on this machine is reached by none that was chosen for S3."""
    return reach(connection) if is_s3(uri) else connection


def place_of(uri: str, connection: ConnectionLike) -> Place:
    return browse(uri, connection=reach(connection))


def as_prefix(uri: str) -> str:
    return uri if uri.endswith("/") else uri + "/"


def below(uri: str) -> tuple[str, str]:
    bucket, prefix = parse_uri(uri)
    if prefix and not prefix.endswith("/"):
        raise BadRequest(f"{uri} is no prefix: what is below it begins with {uri}/, so end it with a slash")
    return bucket, prefix


def named(connection: Connection) -> Any:
    """Requests name connections; this makes sure that the name is this one's while they are carried out."""
    return connections.borrowed(connection)


def selected(connection: Connection, uri: str) -> tuple[str, list[str], list[str]]:
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
