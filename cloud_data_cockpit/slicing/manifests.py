"""Manifests on disk: one JSON file a list of slices; their ids, their columns, their checks."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import warnings
from array import array
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ..errors import BadRequest, Conflict, FormatError, NotFound
from ..models import Manifest, ManifestSummary, Slice, SlicePage, SliceRow, SliceTable
from .open import object_name
from .storage import data_directory, whole_file

log = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_VERSION = 1
_LARGEST = 1 << 61
_LONG = 1 << 20
_COLUMNS = re.compile(
    rb'"slices":{"records":\[(?P<records>[0-9,]*)\],"range_counts":\[(?P<range_counts>[0-9,]*)\],'
    rb'"offsets":\[(?P<offsets>[0-9,]*)\],"lengths":\[(?P<lengths>[0-9,]*)\]'
)
_EMPTY = b'"slices":{"records":[],"range_counts":[],"offsets":[],"lengths":[]'


def directory() -> Path:
    """Where manifests are kept on this machine."""
    return data_directory("manifests")


def new_id(uri: str) -> str:
    """An id nobody has: the object's stem in plain ASCII, and eight hexadecimal digits."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(object_name(uri)).stem)
    return f"{stem.strip('.-_')[:60] or 'object'}-{secrets.token_hex(4)}"


def is_id(text: str) -> bool:
    """Whether `text` can be the id of a manifest: no path, no hidden file."""
    return _ID.fullmatch(text) is not None


def save(manifest: Manifest) -> Path:
    """Write `manifest` under its id, whole or not at all."""
    path = _path(manifest.id)
    with whole_file(path) as file:
        file.write(manifest.model_dump_json().encode())
    return path


def load(manifest_id: str) -> Manifest:
    """The manifest with this id.

    NotFound when there is none, BadRequest when it cannot be an id, FormatError when the file is damaged, Conflict
    when a newer version of this program wrote it.
    """
    path = _path(manifest_id)
    if not path.is_file():
        recent = ", ".join(_recent_ids())
        known = f"the latest are {recent}" if recent else "none has been saved yet"
        raise NotFound(f"there is no manifest {manifest_id!r} in {path.parent}; {known}")
    manifest = load_file(path)
    return manifest if manifest.id == manifest_id else manifest.model_copy(update={"id": manifest_id})


def load_file(path: str | os.PathLike[str]) -> Manifest:
    """The manifest in a file anywhere. NotFound, FormatError and Conflict as for `load`."""
    found = Path(path).expanduser()
    try:
        stat = found.stat()
        return _parsed(found.absolute(), stat.st_mtime_ns, stat.st_size, stat.st_ino)
    except FileNotFoundError:
        raise NotFound(f"there is no manifest file {path}; check the path") from None
    except OSError as error:
        raise FormatError(f"{path} cannot be read as a manifest: {error.strerror or error}") from error


def list_manifests() -> list[ManifestSummary]:
    """All saved manifests, newest first. One that is damaged is left out, with a warning in the log."""
    found: list[ManifestSummary] = []
    for path in directory().glob("*.json"):
        if not is_id(path.stem):
            continue
        try:
            stat = path.stat()
            found.append(_summarised(path, stat.st_mtime_ns, stat.st_size))
        except (FormatError, Conflict, OSError) as error:
            log.warning("the manifest %s is left out of the list: %s", path, error)
    return sorted(found, key=lambda summary: summary.created, reverse=True)


def delete(manifest_id: str) -> None:
    """Forget a manifest; the object and its index stay. NotFound when there is none."""
    load_path = _path(manifest_id)
    try:
        load_path.unlink()
    except FileNotFoundError:
        raise NotFound(f"there is no manifest {manifest_id!r} in {load_path.parent}") from None


def summary(manifest: Manifest) -> ManifestSummary:
    """The manifest without its slices."""
    return ManifestSummary(
        **manifest.model_dump(
            include={"id", "created", "uri", "etag", "size", "format", "params", "records", "notes", "tags"}
        ),
        connection=manifest.connection.name if manifest.connection else None,
        num_slices=len(manifest.slices.records),
        bytes=_sum(_column(manifest.slices.lengths)),
    )


def slice_page(manifest: Manifest, offset: int = 0, limit: int = 100) -> SlicePage:
    """Rows `offset` .. `offset + limit` of the table of slices; fewer at its end, none beyond it."""
    if offset < 0 or limit < 0:
        raise BadRequest(f"offset and limit count from 0, not {offset} and {limit}")
    columns = Columns(manifest.slices)
    total = len(columns.records)
    rows = [
        SliceRow(
            number=i,
            records=int(columns.records[i]),
            bytes=int(columns.nbytes[i]),
            ranges=int(columns.first_range[i + 1] - columns.first_range[i]),
        )
        for i in range(min(offset, total), min(offset + limit, total))
    ]
    return SlicePage(manifest_id=manifest.id, offset=offset, total=total, rows=rows)


class Columns:
    """The table of slices as int64 arrays; slice i holds ranges `first_range[i]` .. `first_range[i + 1]`."""

    def __init__(self, table: SliceTable) -> None:
        self.records = _column(table.records)
        self.offsets = _column(table.offsets)
        self.lengths = _column(table.lengths)
        self.details = table.details
        self.first_range = np.zeros(len(table.range_counts) + 1, dtype=np.int64)
        np.cumsum(_column(table.range_counts), out=self.first_range[1:])
        before = np.zeros(len(self.lengths) + 1, dtype=np.int64)
        np.cumsum(self.lengths, out=before[1:])
        self.nbytes = before[self.first_range[1:]] - before[self.first_range[:-1]]

    def slice(self, number: int) -> Slice:
        """The record of slice `number`, made now."""
        first, last = int(self.first_range[number]), int(self.first_range[number + 1])
        return Slice.quick(
            number,
            tuple(zip(self.offsets[first:last].tolist(), self.lengths[first:last].tolist(), strict=True)),
            int(self.records[number]),
            self.details[number] if self.details else None,
        )


def pack(slices: Iterable[Slice]) -> SliceTable:
    """The columns of slices that come in order, 0, 1, 2, ... ValueError when a number is out of order.

    None of them is kept: a million slices take a second and the memory of their numbers.
    """
    records, range_counts, offsets, lengths = (array("q") for _ in range(4))
    details: list[dict[str, Any]] = []
    for expected, piece in enumerate(slices):
        if piece.number != expected:
            raise ValueError(f"slice {piece.number} came where slice {expected} was due")
        records.append(piece.records)
        range_counts.append(len(piece.ranges))
        for offset, length in piece.ranges:
            offsets.append(offset)
            lengths.append(length)
        if piece.details or details:
            details += [{}] * (expected - len(details))
            details.append(piece.details)
    return SliceTable(records=records, range_counts=range_counts, offsets=offsets, lengths=lengths, details=details)


def problem_of(table: SliceTable, size: int, records: int) -> str | None:
    """What is wrong with a table of slices of an object of `size` bytes, or None."""
    number = len(table.records)
    if len(table.range_counts) != number or (table.details and len(table.details) != number):
        return "its columns of slices differ in length"
    if len(table.offsets) != len(table.lengths):
        return "it has not a length for every offset"
    try:
        columns = [_column(values) for values in (table.records, table.range_counts, table.offsets, table.lengths)]
    except OverflowError:
        return "it holds a number that is too large"
    if any(len(column) and (column.min() < 0 or column.max() > _LARGEST) for column in columns):
        return "it holds a number that is negative or too large"
    held, counted = _sum(columns[0]), _sum(columns[1])
    if counted != len(table.offsets):
        return "its slices count other ranges than it holds"
    if held != records:
        return f"its slices hold {held} records and it says {records}"
    ends = columns[2] + columns[3]
    if len(ends) and int(ends.max()) > size:
        return f"a slice ends at byte {int(ends.max())} and the object at byte {size}"
    return _overlap(Columns(table), ends)


def is_one_stretch(table: SliceTable, size: int) -> bool:
    """Whether the slices hold all bytes of the object from the first of theirs to its end, in order and once."""
    if not table.offsets:
        return False
    offsets, lengths = _column(table.offsets), _column(table.lengths)
    ends = offsets + lengths
    return int(ends[-1]) == size and bool((offsets[1:] == ends[:-1]).all())


def _overlap(columns: Columns, ends: NDArray[np.int64]) -> str | None:
    goes_on = np.ones(len(ends), dtype=bool)
    starts = columns.first_range[:-1]
    goes_on[starts[starts < len(ends)]] = False
    goes_on[:1] = False
    behind = goes_on[1:] & (columns.offsets[1:] < ends[:-1])
    return "the ranges of a slice overlap or are out of order" if bool(behind.any()) else None


@lru_cache(maxsize=2)
def _parsed(path: Path, mtime_ns: int, size: int, inode: int) -> Manifest:
    return parse(path.read_bytes(), str(path))


def parse(data: bytes, where: str) -> Manifest:
    """The manifest in `data`, checked; `where` it is from is told in errors.

    FormatError when it is none or does not hold together, Conflict when a newer version of this program wrote it.
    """
    try:
        manifest = _with_columns(data) or Manifest.model_validate_json(data)
    except ValidationError as error:
        _refuse_newer(where, data)
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise FormatError(f"{where} is not a manifest: {field + ': ' if field else ''}{first['msg']}") from None
    problem = problem_of(manifest.slices, manifest.size, manifest.records)
    checksum = manifest.checksum
    if problem is None and checksum and checksum.start + checksum.length > manifest.size:
        problem = "its checksum is of more bytes than the object has"
    if problem:
        raise FormatError(f"the manifest {where} has been damaged: {problem}; partition the object again")
    return manifest


@lru_cache(maxsize=1024)
def _summarised(path: Path, mtime_ns: int, size: int) -> ManifestSummary:
    return summary(load_file(path)).model_copy(update={"id": path.stem})


def _refuse_newer(where: str, data: bytes) -> None:
    try:
        held = json.loads(data)
    except (ValueError, RecursionError):
        return
    version = held.get("version") if isinstance(held, dict) else None
    if isinstance(version, int) and version > _VERSION:
        raise Conflict(
            f"{where} was written by a newer Data Cockpit (manifest version {version}, this one reads {_VERSION}): "
            "pip install --upgrade cloud-data-cockpit"
        )


def _path(manifest_id: str) -> Path:
    if not is_id(manifest_id):
        raise BadRequest(f"{manifest_id!r} cannot be the id of a manifest: ids hold letters, digits, '.', '_' and '-'")
    return directory() / f"{manifest_id}.json"


def _recent_ids(most: int = 5) -> list[str]:
    paths = [path for path in directory().glob("*.json") if is_id(path.stem)]
    return [path.stem for path in sorted(paths, key=lambda path: path.stat().st_mtime_ns, reverse=True)[:most]]


def _with_columns(data: bytes) -> Manifest | None:
    """The manifest in `data` as this program writes it, its long columns read by numpy; None to read it all as JSON.

    A text like that of the columns may stand in details too: where there are two, none is taken.
    """
    if len(data) < _LONG:
        return None
    found = _COLUMNS.search(data)
    if found is None or _COLUMNS.search(data, found.end()):
        return None
    columns: dict[str, Any] = {}
    for name, text in found.groupdict().items():
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # by which numpy tells that it met anything but numbers
            try:
                read = np.fromstring(text.decode(), np.int64, sep=",") if text else np.zeros(0, np.int64)
            except (DeprecationWarning, ValueError):
                return None
        if len(read) != (text.count(b",") + 1 if text else 0):
            return None
        columns[name] = array("q", read.tobytes())
    try:
        rest = Manifest.model_validate_json(data[: found.start()] + _EMPTY + data[found.end() :])
    except ValidationError:
        return None
    if any(len(getattr(rest.slices, name)) for name in columns):
        return None
    return rest.model_copy(update={"slices": rest.slices.model_copy(update=columns)})


def _column(values: Sequence[int]) -> NDArray[np.int64]:
    return np.asarray(values, dtype=np.int64)


def _sum(column: NDArray[np.int64]) -> int:
    """Of numbers that are not negative, however large."""
    if not len(column):
        return 0
    return int(column.sum()) if int(column.max()) < _LARGEST // len(column) else sum(column.tolist())
