"""Jobs that bring objects into Jupyter's own directory."""

from __future__ import annotations

from typing import Any

from ..models import DownloadRequest
from .base import Kind
from .copying import named
from .deleting import uri_of
from .directory import directory, inside
from .progress import Progress


def _check(request: DownloadRequest) -> None:
    from ..s3.downloading import check_download_request

    inside(request.directory)
    check_download_request(request)


def _download(request: DownloadRequest, progress: Progress) -> dict[str, Any]:
    from ..s3.downloading import download_selection

    root = directory()
    steps = inside(request.directory).relative_to(root).parts
    download_selection(request, root, steps, progress, mark_of(progress.job_id))
    return {}


def mark_of(job_id: str) -> str:
    """What is in the names of files that this job has begun."""
    return f"{job_id}-" if job_id else ""


def _tidy(request: DownloadRequest, job_id: str) -> None:
    from ..s3.downloading import remove_left

    root = directory()
    remove_left(request, root, inside(request.directory).relative_to(root).parts, mark_of(job_id))


DOWNLOAD = Kind[DownloadRequest](
    name="download",
    request=DownloadRequest,
    unit="bytes",
    title=lambda request: f"Download {named(request)}",
    uri=uri_of,
    check=_check,
    work=_download,
    phase="downloading",
    tidy=_tidy,
)
