"""What each kind of job does; a new kind is one entry in KINDS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from ..errors import NotFound
from ..formats.base import Report
from ..models import JobKind, PartitionRequest, Record, UploadRequest
from ..registry import get_format

RequestT = TypeVar("RequestT", bound=Record)


@dataclass(frozen=True)
class Kind(Generic[RequestT]):
    """How jobs of one kind are shown, checked and done.

    `check` raises what can be said at once about a request. `work` is called in a thread of the pool and gives the
    fields of the Job that its success sets; `undo` takes these back when the job was cancelled meanwhile. A kind
    without `work` is driven from outside.
    """

    name: JobKind
    unit: Literal["bytes", "records"]
    title: Callable[[RequestT], str]
    uri: Callable[[RequestT], str]
    check: Callable[[RequestT], None] | None = None
    work: Callable[[RequestT, Report], dict[str, Any]] | None = None
    undo: Callable[[dict[str, Any]], None] | None = None


def _last(key: str) -> str:
    return key.rstrip("/").rsplit("/", 1)[-1] or key


def _check_partition(request: PartitionRequest) -> None:
    from ..s3.connections import resolve
    from ..s3.objects import parse_uri
    from ..slicing.partition import check_params

    parse_uri(request.uri)
    resolve(request.connection)
    if request.format is not None:
        check_params(get_format(request.format), request.params)


def _partition(request: PartitionRequest, report: Report) -> dict[str, Any]:
    from ..s3.connections import resolve
    from ..slicing.partition import partition_object

    connection = resolve(request.connection)
    manifest = partition_object(connection, request.uri, request.format, dict(request.params), report)
    return {"manifest_id": manifest.id}


def _forget_manifest(result: dict[str, Any]) -> None:
    from ..slicing.manifests import delete

    try:
        delete(result["manifest_id"])
    except NotFound:
        return


def _upload_uri(request: UploadRequest) -> str:
    from ..s3.objects import make_uri

    return make_uri(request.bucket, request.key)


PARTITION = Kind[PartitionRequest](
    name="partition",
    unit="bytes",
    title=lambda request: f"Partition {_last(request.uri)}",
    uri=lambda request: request.uri,
    check=_check_partition,
    work=_partition,
    undo=_forget_manifest,
)
UPLOAD = Kind[UploadRequest](
    name="upload",
    unit="bytes",
    title=lambda request: f"Upload {_last(request.key)}",
    uri=_upload_uri,
)
KINDS: dict[str, Kind[Any]] = {kind.name: kind for kind in (PARTITION, UPLOAD)}
