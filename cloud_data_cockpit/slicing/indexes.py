"""Saved indexes: one npz a scan, read and written without pickles, found by what it is the index of."""

from __future__ import annotations

import hashlib
import json
import logging
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import CockpitError
from ..formats.base import Format, Index, PartitionParams
from ..source import Source
from .places import LARGEST_INDEX, BucketPlace, LocalPlace, Place, find_place

log = logging.getLogger(__name__)

# What zipfile and numpy raise on bytes that somebody has changed, found by changing every byte of a file.
DAMAGE = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, MemoryError, OverflowError, RuntimeError),
    *(SyntaxError, struct.error, zipfile.BadZipFile, zlib.error),
)
_ABOUT = "about"
_ARRAY = "array."


@dataclass(frozen=True)
class Kept:
    """An index as it is kept: beside it the CRC-32 of the whole object, where the scan read all of it."""

    index: Index
    crc32: int | None = None


def find(place: Place, source: Source, format: Format, params: PartitionParams) -> Kept | None:
    """The index kept in `place` for these very bytes, this version of the format and this reading, or None.

    A file that is damaged or of something else is left out of account with a warning: the scan makes it again.
    CockpitError when the place cannot be read.
    """
    reading = params.reading()
    name = _name(source.uri, source.etag, format.name, format.version, reading)
    file = place.open(name)
    if file is None:
        return None
    try:
        with file:
            kept = _read(file)
    except DAMAGE as error:
        log.warning("the index %s in %s cannot be read (%s); %s is indexed again", name, place, error, source.uri)
        return None
    index = kept.index
    wanted = (source.uri, source.etag, source.size, format.name, format.version, reading)
    if (index.uri, index.etag, index.size, index.format, index.version, index.reading) != wanted:
        log.warning("the index %s in %s is of something else; %s is indexed again", name, place, source.uri)
        return None
    return kept


def keep(place: Place, kept: Kept) -> None:
    """Write an index where `find` finds it. CockpitError when the place refuses."""
    index = kept.index
    about = {
        "uri": index.uri,
        "etag": index.etag,
        "size": index.size,
        "format": index.format,
        "version": index.version,
        "reading": dict(index.reading),
        "records": index.records,
        "facts": dict(index.facts),
        "arrays": {name: [array.dtype.str, *array.shape] for name, array in index.arrays.items()},
        "crc32": kept.crc32,
    }
    columns: dict[str, NDArray[np.generic]] = {f"{_ARRAY}{name}": array for name, array in index.arrays.items()}
    columns[_ABOUT] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    name = _name(index.uri, index.etag, index.format, index.version, index.reading)
    place.write(name, lambda file: np.savez(file, allow_pickle=False, **columns))


def find_anywhere(
    place: LocalPlace | BucketPlace, source: Source, format: Format, params: PartitionParams
) -> tuple[Kept | None, str | None]:
    """The index kept in `place`, or else on this machine; and words when the place could not be read.

    One that only this machine has is brought to the place, for those who share that.
    """
    if isinstance(place, LocalPlace):
        return _local(source, format, params), None
    trouble: str | None = None
    try:
        kept = find(place, source, format, params)
        if kept is not None:
            return kept, None
    except CockpitError as error:
        trouble = f"The place of indexes {place} could not be read: {error.message}"
    kept = _local(source, format, params)
    if kept is not None and trouble is None:
        trouble = keep_anywhere(place, kept)
    return kept, trouble


def keep_anywhere(place: LocalPlace | BucketPlace, kept: Kept) -> str | None:
    """Keep an index in `place`, or on this machine when that refuses; words for the user when it did."""
    try:
        keep(place, kept)
    except CockpitError as error:
        log.warning("the index of %s is not kept in %s: %s", kept.index.uri, place, error)
        if isinstance(place, LocalPlace):
            return None
        save(kept.index, kept.crc32)
        return f"The index could not be kept in {place}, so it is on this machine only: {error.message}"
    return None


def load(source: Source, format: Format, params: PartitionParams) -> Index | None:
    """The index that this machine keeps, or None."""
    kept = _local(source, format, params)
    return kept.index if kept else None


def save(index: Index, crc32: int | None = None) -> Path | None:
    """Keep `index` on this machine. None, and a warning in the log, when the disk refuses: it can be remade."""
    place = LocalPlace()
    try:
        keep(place, Kept(index, crc32))
    except CockpitError as error:
        log.warning("%s", error)
        return None
    return place.path(_name(index.uri, index.etag, index.format, index.version, index.reading))


def delete(source: Source, format: Format, params: PartitionParams) -> None:
    """Forget the index of these bytes, on this machine and in the place that the environment names."""
    name = _name(source.uri, source.etag, format.name, format.version, params.reading())
    LocalPlace().delete(name)
    place = find_place(beside=getattr(source, "connection", None))
    if isinstance(place, BucketPlace):
        place.delete(name)


def _local(source: Source, format: Format, params: PartitionParams) -> Kept | None:
    try:
        return find(LocalPlace(), source, format, params)
    except CockpitError as error:
        log.warning("%s; %s is indexed again", error, source.uri)
        return None


def _name(uri: str, etag: str, format: str, version: int, reading: Mapping[str, Any]) -> str:
    identity = json.dumps([uri, etag, format, version, dict(reading)], sort_keys=True)
    return f"{hashlib.sha256(identity.encode()).hexdigest()}.npz"


def _read(file: IO[bytes]) -> Kept:
    _check_sizes(file)
    with np.load(file, allow_pickle=False) as held:
        about = cast("dict[str, Any]", json.loads(held[_ABOUT].tobytes()))
        promised = cast("dict[str, list[Any]]", about.pop("arrays"))
        arrays = {name: held[f"{_ARRAY}{name}"] for name in promised}
    if any([array.dtype.str, *array.shape] != promised[name] for name, array in arrays.items()):
        raise ValueError("an array is not as it was saved")
    crc = about.pop("crc32", None)
    if crc is not None and not (isinstance(crc, int) and 0 <= crc < 1 << 32):
        raise ValueError("its checksum is none")
    return Kept(Index(**about, arrays=arrays), crc)


def _check_sizes(file: IO[bytes]) -> None:
    """Refuse what would unpack to far more than it is: our own files are not packed at all."""
    with zipfile.ZipFile(file) as archive:
        if sum(member.file_size for member in archive.infolist()) > LARGEST_INDEX:
            raise ValueError("it holds more than an index may")
    file.seek(0)
