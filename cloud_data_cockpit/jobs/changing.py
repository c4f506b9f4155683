"""Jobs that change the content type, metadata or storage class of an object."""

from __future__ import annotations

from typing import Any

from ..models import ChangeRequest
from .base import Kind, last_name
from .kept import ledger_of
from .progress import Progress


def _check(request: ChangeRequest) -> None:
    from ..s3.changing import check_change_request

    check_change_request(request)


def _change(request: ChangeRequest, progress: Progress) -> dict[str, Any]:
    from ..s3.changing import change_object
    from ..s3.connections import resolve

    change_object(request, progress, ledger_of(progress, resolve(request.connection).ref, request.bucket))
    return {}


def _uri(request: ChangeRequest) -> str:
    from ..s3.objects import make_uri

    return make_uri(request.bucket, request.key)


CHANGE = Kind[ChangeRequest](
    name="change",
    request=ChangeRequest,
    unit="bytes",
    title=lambda request: f"Change {last_name(request.key)}",
    uri=_uri,
    check=_check,
    work=_change,
    phase="changing",
)
