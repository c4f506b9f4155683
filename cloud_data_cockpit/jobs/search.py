"""Jobs that search for keys; what they find is read while they run."""

from __future__ import annotations

from typing import Any

from ..models import SearchRequest
from .base import Kind
from .hits import Hits
from .progress import Progress


def _check(request: SearchRequest) -> None:
    from ..s3.connections import resolve

    resolve(request.connection)


def _uri(request: SearchRequest) -> str:
    from ..s3.objects import make_uri

    return make_uri(request.bucket, request.prefix)


def _search(request: SearchRequest, progress: Progress) -> dict[str, Any]:
    from ..s3.connections import resolve
    from ..s3.search import search

    with Hits(progress.job_id, request.limit) as hits:
        search(resolve(request.connection), request, progress, hits)
    return {}


SEARCH = Kind[SearchRequest](
    name="search",
    request=SearchRequest,
    unit="objects",
    title=lambda request: f"Search for {request.pattern}",
    uri=_uri,
    check=_check,
    work=_search,
    phase="searching",
)
