"""Jobs that partition: index what has not been indexed, cut it, save a manifest."""

from __future__ import annotations

from typing import Any

from ..errors import NotFound
from ..models import PartitionRequest
from .base import Kind, last_name
from .progress import Progress
from .scanning import check_scan, scanning


def _partition(request: PartitionRequest, progress: Progress) -> dict[str, Any]:
    from ..s3.connections import resolve
    from ..slicing.partition import partition_object

    connection = resolve(request.connection)
    with scanning(request, connection.ref, progress) as (run, checkpoint):
        manifest = partition_object(
            connection, request.uri, request.format, dict(request.params), progress, run, checkpoint=checkpoint
        )
    return {"manifest_id": manifest.id}


def _forget_manifest(result: dict[str, Any]) -> None:
    from ..slicing.manifests import delete

    try:
        delete(result["manifest_id"])
    except NotFound:
        return


PARTITION = Kind[PartitionRequest](
    name="partition",
    request=PartitionRequest,
    unit="bytes",
    title=lambda request: f"Partition {last_name(request.uri)}",
    uri=lambda request: request.uri,
    check=check_scan,
    work=_partition,
    undo=_forget_manifest,
    phase="indexing",
    heavy=True,
    resumes=True,
    waits=True,
)
