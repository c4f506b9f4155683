"""Indexes on disk: one npz a scan, read and written without pickles, found by what it is the index of."""

from __future__ import annotations

import hashlib
import json
import logging
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import CockpitError
from ..formats.base import Format, Index, PartitionParams
from ..source import Source
from .storage import data_directory, whole_file

log = logging.getLogger(__name__)

# What zipfile and numpy raise on bytes that somebody has changed, found by changing every byte of a file.
_DAMAGE = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, MemoryError, OverflowError, RuntimeError),
    *(SyntaxError, struct.error, zipfile.BadZipFile, zlib.error),
)
_ABOUT = "about"
_ARRAY = "array."


def load(source: Source, format: Format, params: PartitionParams) -> Index | None:
    """The index that was saved for these very bytes, this version of the format and this reading, or None.

    A file that is damaged or of something else is left out of account with a warning: the scan makes it again.
    """
    reading = params.reading()
    path = _path(source.uri, source.etag, format.name, format.version, reading)
    if not path.is_file():
        return None
    try:
        index = _read(path)
    except _DAMAGE as error:
        log.warning("the index %s cannot be read (%s); %s is indexed again", path, error, source.uri)
        return None
    wanted = (source.uri, source.etag, source.size, format.name, format.version, reading)
    if (index.uri, index.etag, index.size, index.format, index.version, index.reading) != wanted:
        log.warning("the index %s is of something else; %s is indexed again", path, source.uri)
        return None
    return index


def save(index: Index) -> Path | None:
    """Write `index` where `load` finds it. None, and a warning in the log, when the disk refuses: it can be remade."""
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
    }
    columns: dict[str, NDArray[np.generic]] = {f"{_ARRAY}{name}": array for name, array in index.arrays.items()}
    columns[_ABOUT] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    path = _path(index.uri, index.etag, index.format, index.version, index.reading)
    try:
        with whole_file(path) as file:
            np.savez(file, allow_pickle=False, **columns)
    except CockpitError as error:
        log.warning("%s", error)
        return None
    return path


def _path(uri: str, etag: str, format: str, version: int, reading: Mapping[str, Any]) -> Path:
    identity = json.dumps([uri, etag, format, version, dict(reading)], sort_keys=True)
    return data_directory("indexes") / f"{hashlib.sha256(identity.encode()).hexdigest()}.npz"


def _read(path: Path) -> Index:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
        about = cast("dict[str, Any]", json.loads(held[_ABOUT].tobytes()))
        promised = cast("dict[str, list[Any]]", about.pop("arrays"))
        arrays = {name: held[f"{_ARRAY}{name}"] for name in promised}
    if any([array.dtype.str, *array.shape] != promised[name] for name, array in arrays.items()):
        raise ValueError("an array is not as it was saved")
    return Index(**about, arrays=arrays)
