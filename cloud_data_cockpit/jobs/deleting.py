"""Jobs that delete objects, prefixes and versions."""

from __future__ import annotations

from typing import Any

from ..models import DeleteRequest, Selection
from .base import Kind
from .copying import named
from .progress import Progress


def uri_of(selection: Selection) -> str:
    """What a job over a selection is about: the one thing selected, or what lies above the first of them."""
    from ..s3.objects import make_uri
    from ..s3.selections import base_of

    picked = [*selection.keys, *selection.prefixes]
    return make_uri(selection.bucket, picked[0] if len(picked) == 1 else base_of(picked[0]) if picked else "")


def _check(request: DeleteRequest) -> None:
    from ..s3.deleting import check_delete_request

    check_delete_request(request)


def _delete(request: DeleteRequest, progress: Progress) -> dict[str, Any]:
    from ..s3.deleting import delete_selection

    delete_selection(request, progress)
    return {}


DELETE = Kind[DeleteRequest](
    name="delete",
    request=DeleteRequest,
    unit="bytes",
    title=lambda request: f"Delete {named(request)}",
    uri=uri_of,
    check=_check,
    work=_delete,
    phase="counting",
)
