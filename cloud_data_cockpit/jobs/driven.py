"""Jobs that are driven from outside: an upload whose parts a browser sends."""

from __future__ import annotations

from ..models import UploadRequest
from .base import Kind, last_name


def _uri(request: UploadRequest) -> str:
    from ..s3.objects import make_uri

    return make_uri(request.bucket, request.key)


UPLOAD = Kind[UploadRequest](
    name="upload",
    request=UploadRequest,
    unit="bytes",
    title=lambda request: f"Upload {last_name(request.key)}",
    uri=_uri,
    phase="uploading",
)
