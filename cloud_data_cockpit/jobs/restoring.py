"""Jobs that make an earlier version of an object the latest again."""

from __future__ import annotations

from typing import Any

from ..models import RestoreRequest
from .base import Kind, last_name
from .kept import ledger_of
from .progress import Progress


def _check(request: RestoreRequest) -> None:
    from ..s3.connections import resolve
    from ..s3.objects import check_key

    resolve(request.connection)
    check_key(request.key)


def _restore(request: RestoreRequest, progress: Progress) -> dict[str, Any]:
    from ..s3.connections import resolve
    from ..s3.versions import restore_version

    connection = resolve(request.connection)
    ledger = ledger_of(progress, connection.ref, request.bucket)
    restore_version(connection, request.bucket, request.key, request.version_id, progress, ledger)
    return {}


def _uri(request: RestoreRequest) -> str:
    from ..s3.objects import make_uri

    return make_uri(request.bucket, request.key)


RESTORE = Kind[RestoreRequest](
    name="restore",
    request=RestoreRequest,
    unit="bytes",
    title=lambda request: f"Restore a version of {last_name(request.key)}",
    uri=_uri,
    check=_check,
    work=_restore,
    phase="restoring",
)
