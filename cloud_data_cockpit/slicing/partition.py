"""From a URI to slices: find the format, check the choices, index once, cut, save the manifest."""

from __future__ import annotations

import numbers
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..errors import BadRequest
from ..formats.base import HEAD_BYTES, Cut, Format, Index, PartitionParams, Report, Run
from ..models import Checksum, ConnectionRef, Manifest
from ..registry import detect_format, get_format
from ..source import Source
from ..tree import head_of
from . import manifests
from .ahead import run_for
from .bytewise import cuts_bytes
from .checkpoints import Checkpoint
from .checksums import combine, crc32, summed_for_index
from .indexes import Kept, find_anywhere, keep_anywhere
from .open import ConnectionLike, object_name, open_source, resolved
from .places import BucketPlace, LocalPlace, find_place
from .slices import Slices
from .strategies import translated

if TYPE_CHECKING:
    from ..s3.connections import Connection

MOST_BEFORE = 16 << 20


def partition(
    uri: str | os.PathLike[str],
    *,
    format: str | None = None,
    connection: ConnectionLike = None,
    num_slices: int | None = None,
    report: Report | None = None,
    run: Run | None = None,
    index_place: str | None = None,
    index_connection: ConnectionLike = None,
    checksum: bool = True,
    **params: Any,
) -> Slices:
    """Cut the object `uri` into slices that hold every record exactly once, and save the manifest.

    `uri` is `s3://bucket/key`, or a file on this machine. The format is found in the bytes unless `format` names it;
    `params` are that format's own, or `strategy=` with a name of Dataplug's and its arguments. The first call scans the
    object, block by block by `run` (threads of this process unless told), later ones use the saved index: kept on this
    machine, or in `index_place` (`s3://bucket/prefix/`, also the environment's CLOUD_DATA_COCKPIT_INDEX_PLACE), which
    is reached through `index_connection`, unless told the connection of the object. The scan sums the object up on its
    way, for `Slices.verify`, unless `checksum` is False; that costs it 2 to 10 % of its time. BadRequest for parameters
    that cannot be, FormatError for bytes that are not right, and the errors of S3.
    """
    if num_slices is not None:
        params["num_slices"] = num_slices
    place = find_place(index_place, index_connection, connection)
    return Slices(partition_object(connection, uri, format, params, report or _silent, run, place, checksum=checksum))


def partition_object(
    connection: ConnectionLike,
    uri: str | os.PathLike[str],
    format: str | None,
    params: Mapping[str, Any],
    report: Report,
    run: Run | None = None,
    place: LocalPlace | BucketPlace | None = None,
    *,
    checksum: bool = True,
    checkpoint: Checkpoint | None = None,
) -> Manifest:
    """Index if need be, cut and save; the manifest as saved. Nothing is saved of a partition that fails.

    `report(done, total)` counts bytes scanned; it may raise Cancelled, which passes through. The index is kept in
    `place`, unless told where the environment says. A scan goes on from the blocks in `checkpoint`, and keeps its own.
    """
    source, reached, chosen, checked = _looked_at(connection, uri, format, params)
    place = place or find_place(beside=reached)
    reference = reached.ref if reached else None
    manifest = planned(source, reference, chosen, checked, report, run, place, checksum=checksum, checkpoint=checkpoint)
    report(source.size, source.size)
    manifests.save(manifest)
    return manifest


def index_object(
    connection: ConnectionLike,
    uri: str | os.PathLike[str],
    format: str | None,
    params: Mapping[str, Any],
    report: Report,
    run: Run | None = None,
    place: LocalPlace | BucketPlace | None = None,
    *,
    checksum: bool = True,
    checkpoint: Checkpoint | None = None,
) -> tuple[Index, str | None]:
    """The index of an object, made and kept if nobody has it; and words when the place of indexes would not do.

    As `partition_object`, without the cut: of `params` those count that say how the object is read.
    """
    source, reached, chosen, checked = _looked_at(connection, uri, format, params)
    place = place or find_place(beside=reached)
    kept, trouble = _index(source, chosen, checked, report, run or run_for(source.uri), place, checksum, checkpoint)
    report(source.size, source.size)
    return kept.index, trouble


def planned(
    source: Source,
    connection: ConnectionRef | None,
    format: Format,
    params: PartitionParams,
    report: Report,
    run: Run | None,
    place: LocalPlace | BucketPlace,
    *,
    checksum: bool = True,
    checkpoint: Checkpoint | None = None,
) -> Manifest:
    """Index if need be, and cut: the manifest that `partition_object` saves, not saved.

    `report(0, size)` is the first that is told when there is no index yet, and nothing is told when there is one.
    """
    kept, trouble = _index(source, format, params, report, run or run_for(source.uri), place, checksum, checkpoint)
    cut = format.partition(kept.index, params)
    made = _manifest(source, connection, format, params, cut)
    notes = [*made.notes, *([trouble] if trouble else [])]
    return made.model_copy(update={"notes": notes, "checksum": _checksum(source, format, made, kept.crc32)})


def check_params(format: Format, params: Mapping[str, Any]) -> PartitionParams:
    """The record of the choices that `params` name. BadRequest, in plain words, when they are not the format's."""
    ours = translated(format, params)
    plain = {name: int(value) if _is_number(value) else value for name, value in ours.items()}
    try:
        return format.params.model_validate(plain)
    except ValidationError as error:
        problems = [_in_words(format, dict(problem)) for problem in error.errors(include_url=False)]
        raise BadRequest(f"cannot cut {format.title} like this: {'; '.join(problems)}") from None


def _looked_at(
    connection: ConnectionLike, uri: str | os.PathLike[str], format: str | None, params: Mapping[str, Any]
) -> tuple[Source, Connection | None, Format, PartitionParams]:
    """The object, how it is reached, its format, and the choices, checked before S3 is asked where that is possible."""
    chosen = get_format(format) if format else None
    checked = check_params(chosen, params) if chosen else None
    reached = resolved(os.fspath(uri), connection)
    source = open_source(uri, reached)
    if chosen is None:
        chosen = detect_format(object_name(source.uri), head_of(source, HEAD_BYTES), source.size)
    return source, reached, chosen, checked or check_params(chosen, params)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _index(
    source: Source,
    format: Format,
    params: PartitionParams,
    report: Report,
    run: Run,
    place: LocalPlace | BucketPlace,
    checksum: bool,
    checkpoint: Checkpoint | None,
) -> tuple[Kept, str | None]:
    """The index, made now if nobody has it, and words for the user when the place of indexes would not do."""
    kept, trouble = find_anywhere(place, source, format, params)
    current = getattr(format, "current", None)
    if kept is not None and current is not None and not current(source, kept.index):
        kept = None  # a companion of the object has changed, which its ETag does not tell
    if kept is None:
        report(0, source.size)
        summed = summed_for_index(source) if checksum else None
        if checkpoint is not None:
            run = checkpoint.over(run, source, format, params, summed)
        index = format.index(summed or source, params, report, run=run)
        kept = Kept(index, summed.crc32(0, source.size) if summed else None)
        trouble = keep_anywhere(place, kept) or trouble
    return kept, trouble


def _checksum(source: Source, format: Format, manifest: Manifest, crc: int | None) -> Checksum | None:
    """The sum of what the slices hold: the object's without what comes before the first of them."""
    table = manifest.slices
    if crc is None or not cuts_bytes(format) or not manifests.is_one_stretch(table, source.size):
        return None
    start = table.offsets[0]
    if start > MOST_BEFORE:
        return None
    length = source.size - start
    value = crc ^ combine(crc32(source.read(0, start)), 0, length)
    return Checksum(start=start, length=length, value=f"{value:08x}")


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
