"""Jobs that index: scan an object once, so that every later cut is quick."""

from __future__ import annotations

from typing import Any

from ..models import IndexRequest
from .base import Kind, last_name
from .progress import Progress
from .scanning import check_scan, scanning


def _index(request: IndexRequest, progress: Progress) -> dict[str, Any]:
    from ..s3.connections import resolve
    from ..slicing.partition import index_object

    connection = resolve(request.connection)
    with scanning(request, connection.ref, progress) as (run, checkpoint):
        index, trouble = index_object(
            connection, request.uri, request.format, dict(request.params), progress, run, checkpoint=checkpoint
        )
    progress.note(f"{index.records:,} records", "info")
    if trouble:
        progress.note(trouble)
    return {}


INDEX = Kind[IndexRequest](
    name="index",
    request=IndexRequest,
    unit="bytes",
    title=lambda request: f"Index {last_name(request.uri)}",
    uri=lambda request: request.uri,
    check=check_scan,
    work=_index,
    phase="indexing",
    heavy=True,
    resumes=True,
    waits=True,
)
