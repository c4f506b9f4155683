"""Whether two connections lead to one and the same bucket: a move onto itself would delete the only copy."""

from __future__ import annotations

from ..errors import AccessDenied, BadRequest, NotFound
from . import multipart, uploads
from .connections import Connection
from .faults import NotOffered
from .ledger import Begun, Ledger, MemoryLedger
from .objects import make_uri
from .opening import NotOpened, opened

Place = tuple[Connection, str]
"""A bucket, and the connection that reaches it."""
_UNKNOWN = (
    "it cannot be told whether {} and {} are the same place, in which case a move would delete the only copy: copy"
)


def surely_same(one: Place, other: Place) -> bool:
    """Whether both are called the same."""
    return one[0].ref.endpoint_url == other[0].ref.endpoint_url and one[1] == other[1]


def may_be_same(one: Place, other: Place) -> bool:
    """Whether they may be one bucket under two names: two names of a host, or a bucket and its access point."""
    return one[1] == other[1] or _is_alias(one[1]) or _is_alias(other[1])


def are_same(source: Place, target: Place, key: str, ledger: Ledger | None = None) -> bool:
    """Whether the two are one: an upload that is begun at `key` of the target is looked for at the source, and aborted.

    BadRequest where that cannot be found out. Nothing of it can be seen in either bucket.
    """
    ledger = ledger or MemoryLedger()
    connection, bucket = target
    try:
        upload_id = opened(connection, bucket, key, lambda lost: multipart.create(connection, bucket, key, None, lost))
    except NotOffered:
        raise _unknown(source, target) from None
    except NotOpened as error:
        ledger.begin(Begun(key, "", error.upload_id, 0))
        raise
    ledger.begin(Begun(key, "", upload_id, 0))
    try:
        multipart.held_parts(source[0], source[1], key, upload_id, pages=1)
    except (NotFound, BadRequest):  # some services find the form of another one's id wrong
        return False
    except (AccessDenied, NotOffered):
        raise _unknown(source, target) from None
    else:
        return True
    finally:
        uploads.abort(connection, bucket, key, upload_id)
        ledger.end(upload_id)


def _is_alias(bucket: str) -> bool:
    """Access points by ARN or alias, and Ceph's tenant:bucket."""
    return ":" in bucket or bucket.endswith(("-s3alias", "--ol-s3"))


def _unknown(source: Place, target: Place) -> BadRequest:
    places = (f"{make_uri(bucket, '')} of {connection.ref.name!r}" for connection, bucket in (source, target))
    return BadRequest(f"{_UNKNOWN.format(*places)}, look at the copy, then delete")
