"""Jobs that copy or move objects and prefixes, also from one connection to another."""

from __future__ import annotations

from typing import Any

from ..models import CopyRequest, JobKind, Selection
from .base import Kind, last_name
from .kept import ledger_of
from .progress import Progress


def named(selection: Selection) -> str:
    """A selection in a few words, for a title."""
    picked = [*selection.keys, *selection.prefixes]
    if len(picked) == 1:
        return last_name(picked[0]) or selection.bucket
    return f"{len(picked):,} selected"


def _check(request: CopyRequest) -> None:
    from ..s3.transfers import check_copy_request

    check_copy_request(request)


def _copy(request: CopyRequest, progress: Progress) -> dict[str, Any]:
    from ..s3.connections import resolve
    from ..s3.transfers import copy_selection

    # A move that was stopped among its deletions goes on in the job that is started anew by the same request.
    former = progress.store.of_same_request(progress.job_id) if progress.store is not None else []
    target = resolve(request.to_connection).ref
    copy_selection(request, progress, ledger_of(progress, target, request.to_bucket, former))
    return {}


def _title(request: CopyRequest) -> str:
    if request.rename is not None and request.kind == "move":
        return f"Rename {named(request)} to {last_name(request.rename)}"
    return f"{'Move' if request.kind == 'move' else 'Copy'} {named(request)}"


def _uri(request: CopyRequest) -> str:
    """Where the copies go."""
    from ..s3.objects import make_uri

    return make_uri(request.to_bucket, request.rename if request.rename is not None else request.to_prefix)


def _kind(name: JobKind) -> Kind[CopyRequest]:
    return Kind[CopyRequest](
        name=name,
        request=CopyRequest,
        unit="bytes",
        title=_title,
        uri=_uri,
        check=_check,
        work=_copy,
        phase="copying",
    )


COPY = _kind("copy")
MOVE = _kind("move")
