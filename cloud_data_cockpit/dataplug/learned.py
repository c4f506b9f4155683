"""What the preprocessing of a plug-in gave, as our index keeps it: attributes, metadata, objects written beside it."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from .plain import Arrays, from_plain, to_plain

MOST_CARRIED = 256 << 10
"""Bytes that slices carry with them; what a plug-in learned beyond that is read from the index, or learned again."""


@dataclass(frozen=True)
class Learned:
    """`metadata` is the metadata object, `objects` what the plug-in wrote beside it, by key."""

    attributes: Mapping[str, Any] = field(default_factory=dict)
    metadata: bytes = b""
    objects: Mapping[str, bytes] = field(default_factory=dict)

    def to_parts(self, plugin: str) -> tuple[dict[str, Any], Arrays]:
        """Facts (JSON) and arrays. FormatError for attributes that are not plain data."""
        arrays: Arrays = {}
        attributes = to_plain(dict(self.attributes), f"attributes of {plugin}", arrays)
        arrays["metadata"] = np.frombuffer(self.metadata, dtype=np.uint8)
        for number, data in enumerate(self.objects.values()):
            arrays[f"object.{number}"] = np.frombuffer(data, dtype=np.uint8)
        return {"attributes": attributes, "objects": list(self.objects)}, arrays

    @classmethod
    def from_parts(cls, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[np.generic]]) -> Learned:
        """The reverse of `to_parts`."""
        objects = {key: arrays[f"object.{number}"].tobytes() for number, key in enumerate(facts["objects"])}
        return cls(from_plain(facts["attributes"], arrays), arrays["metadata"].tobytes(), objects)


def carried(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[np.generic]]) -> str | None:
    """Facts and arrays as text that slices carry; None when that would be too much."""
    if sum(array.nbytes for array in arrays.values()) > 64 * MOST_CARRIED:
        return None
    file = io.BytesIO()
    about = np.frombuffer(json.dumps(dict(facts)).encode(), dtype=np.uint8)
    np.savez_compressed(file, allow_pickle=False, about=about, **{f"array.{name}": a for name, a in arrays.items()})
    text = base64.b64encode(file.getvalue()).decode()
    return text if len(text) <= MOST_CARRIED else None


def uncarried(text: str) -> Learned:
    """What `carried` gave."""
    with np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False) as held:
        facts = json.loads(held["about"].tobytes())
        arrays = {name.removeprefix("array."): held[name] for name in held.files if name != "about"}
    return Learned.from_parts(facts, arrays)


def result_of(given: Any, plugin: str) -> Learned:
    """What a preprocessing or finalizer function returned. FormatError when that is no PreprocessingMetadata."""
    if given is None:
        return Learned()
    if not hasattr(given, "attributes") or not hasattr(given, "metadata"):
        raise FormatError(
            f"the preprocessing of {plugin} returned a {type(given).__name__}, not PreprocessingMetadata(...)"
        )
    path = getattr(given, "metadata_file_path", None)
    if given.metadata is not None and path:
        raise FormatError(f"the preprocessing of {plugin} gave metadata and metadata_file_path; it may give one")
    attributes = given.attributes
    if attributes is not None and not isinstance(attributes, Mapping):
        raise FormatError(f"the attributes of {plugin} are a {type(attributes).__name__}, not a dict")
    return Learned(dict(attributes or {}), _metadata(given.metadata, path, plugin))


def _metadata(given: Any, path: str | None, plugin: str) -> bytes:
    if path:
        # The plug-in hands its file over, as it does to Dataplug.
        data = Path(path).read_bytes()
        Path(path).unlink()
        return data
    if given is None:
        return b""
    data = given.read() if hasattr(given, "read") else given
    if hasattr(given, "close"):
        given.close()
    if isinstance(data, str):
        data = data.encode()
    if not isinstance(data, bytes | bytearray | memoryview):
        raise FormatError(f"the metadata of {plugin} are a {type(data).__name__}, not bytes or a file of bytes")
    return bytes(data)
