"""What is said of an object and of a format before any job: head and first bytes, name and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import CockpitError
from ..formats.base import HEAD_BYTES
from ..models import FormatInfo, ObjectDetail
from ..registry import detect_format, format_names, get_format, missing_libraries

if TYPE_CHECKING:
    from ..s3.connections import Connection

_ARCHIVED = {
    "archived": "it is archived, so it cannot be read; restore it first, which takes minutes to days",
    "restoring": "it is being restored from its archive; it can be read once that is done",
}


def describe_object(
    connection_name: str, bucket: str, key: str, version_id: str | None = None, *, detect: bool = True
) -> ObjectDetail:
    """The object, or one version of it, with its checksums and the format found in its first bytes; blocks.

    Without `detect` only its headers are looked at. One whose bytes cannot be read or fit no format is described all
    the same, with `problem`. A key that ends with `/` is a prefix: all objects below it are described as one data set.
    """
    from ..s3.connections import resolve
    from ..s3.objects import head
    from ..s3.source import S3Source

    connection = resolve(connection_name)
    if key.endswith("/") and detect and version_id is None:
        return _describe_prefix(connection, bucket, key)
    detail = head(connection, bucket, key, version_id, checksums=True)
    if not detect:
        return detail
    if detail.archive in _ARCHIVED:
        return detail.model_copy(update={"problem": _ARCHIVED[detail.archive]})
    try:
        source = S3Source(connection, detail.uri, etag=detail.etag, size=detail.size, version_id=version_id)
        first = source.read(0, min(HEAD_BYTES, detail.size)) if detail.size else b""
        return detail.model_copy(update={"format": detect_format(key, first, detail.size).name})
    except CockpitError as error:
        return detail.model_copy(update={"problem": error.message})


def _describe_prefix(connection: Connection, bucket: str, prefix: str) -> ObjectDetail:
    from ..s3.prefixes import describe_prefix

    detail, first = describe_prefix(connection, bucket, prefix, HEAD_BYTES)
    if not first:
        return detail
    try:
        name = prefix.rstrip("/").rsplit("/", 1)[-1]
        return detail.model_copy(update={"format": detect_format(name, first, detail.size).name})
    except CockpitError as error:
        return detail.model_copy(update={"problem": detail.problem or error.message})


def describe_formats() -> list[FormatInfo]:
    """Every declared format; one whose library is missing says how to get it. Blocks on the first call."""
    return [_describe(name) for name in format_names()]


def _describe(name: str) -> FormatInfo:
    try:
        found = get_format(name)
    except CockpitError as error:
        return FormatInfo(
            name=name, title=name, version=0, extensions=[], usable=False, problem=error.message, params_schema={}
        )
    missing = missing_libraries(found)
    return FormatInfo(
        name=found.name,
        title=found.title,
        version=found.version,
        extensions=list(found.extensions),
        usable=not missing,
        extra=found.extra,
        problem=f"needs {', '.join(missing)}: pip install 'cloud-data-cockpit[{found.extra}]'" if missing else None,
        params_schema=found.params.model_json_schema(),
        views=sorted(found.views),
    )
