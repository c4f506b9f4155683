"""From a URI to slices: find the format, check the choices, index once, cut, save the manifest."""

from __future__ import annotations

import numbers
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from ..errors import BadRequest
from ..formats.base import HEAD_BYTES, Cut, Format, Index, PartitionParams, Report, Run
from ..models import ConnectionRef, Manifest
from ..registry import detect_format, get_format
from ..source import Source
from . import indexes, manifests
from .ahead import run_for
from .open import ConnectionLike, object_name, open_source, resolved
from .slices import Slices


def partition(
    uri: str | os.PathLike[str],
    *,
    format: str | None = None,
    connection: ConnectionLike = None,
    num_slices: int | None = None,
    report: Report | None = None,
    run: Run | None = None,
    **params: Any,
) -> Slices:
    """Cut the object `uri` into slices that hold every record exactly once, and save the manifest.

    `uri` is `s3://bucket/key`, or a file on this machine. The format is found in the bytes unless `format` names it;
    `params` are that format's own. The first call scans the object, block by block by `run` (threads of this process
    unless told), later ones use the saved index. BadRequest for parameters that cannot be, FormatError for bytes that
    are not right, and the errors of S3.
    """
    if num_slices is not None:
        params["num_slices"] = num_slices
    return Slices(partition_object(connection, uri, format, params, report or _silent, run))


def partition_object(
    connection: ConnectionLike,
    uri: str | os.PathLike[str],
    format: str | None,
    params: Mapping[str, Any],
    report: Report,
    run: Run | None = None,
) -> Manifest:
    """Index if need be, cut and save; the manifest as saved. Nothing is saved of a partition that fails.

    `report(done, total)` counts bytes scanned; it may raise Cancelled, which passes through.
    """
    chosen = get_format(format) if format else None
    checked = check_params(chosen, params) if chosen else None
    reached = resolved(os.fspath(uri), connection)
    source = open_source(uri, reached)
    if chosen is None:
        chosen = detect_format(object_name(source.uri), source.read(0, min(HEAD_BYTES, source.size)), source.size)
    checked = checked or check_params(chosen, params)
    index = _index(source, chosen, checked, report, run or run_for(source.uri))
    cut = chosen.partition(index, checked)
    manifest = _manifest(source, reached.ref if reached else None, chosen, checked, cut)
    report(source.size, source.size)
    manifests.save(manifest)
    return manifest


def check_params(format: Format, params: Mapping[str, Any]) -> PartitionParams:
    """The record of the choices that `params` name. BadRequest, in plain words, when they are not the format's."""
    plain = {name: int(value) if isinstance(value, numbers.Integral) else value for name, value in params.items()}
    try:
        return format.params.model_validate(plain)
    except ValidationError as error:
        problems = [_in_words(format, dict(problem)) for problem in error.errors(include_url=False)]
        raise BadRequest(f"cannot cut {format.title} like this: {'; '.join(problems)}") from None


def _index(source: Source, format: Format, params: PartitionParams, report: Report, run: Run) -> Index:
    index = indexes.load(source, format, params)
    current = getattr(format, "current", None)
    if index is not None and current is not None and not current(source, index):
        index = None  # a companion of the object has changed, which its ETag does not tell
    if index is None:
        report(0, source.size)
        index = format.index(source, params, report, run=run)
        indexes.save(index)
    return index


def _manifest(
    source: Source, connection: ConnectionRef | None, format: Format, params: PartitionParams, cut: Cut
) -> Manifest:
    table = manifests.pack(cut.slices)
    records = sum(table.records)
    problem = manifests.problem_of(table, source.size, records)
    if problem:
        raise ValueError(f"the format {format.name} cut {source.uri} wrongly: {problem}")
    return Manifest(
        id=manifests.new_id(source.uri),
        created=datetime.now(UTC),
        uri=source.uri,
        etag=source.etag,
        size=source.size,
        connection=connection,
        format=format.name,
        format_version=format.version,
        params=params.model_dump(mode="json", exclude_none=True),
        shared=dict(cut.shared),
        records=records,
        notes=list(cut.notes),
        slices=table,
    )


def _in_words(format: Format, problem: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"there is no parameter {where!r}; known are {', '.join(format.params.model_fields)}"
    words = str(problem["msg"]).removeprefix("Value error, ")
    return f"{where}: {words} (not {problem['input']!r})" if where else words


def _silent(done: int, total: int) -> None:
    """Nobody asked for progress."""
