"""Attributes of plug-ins as plain data: JSON with a few marked kinds, and arrays; never a pickle."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError

_MARK = "$"
Arrays = dict[str, NDArray[np.generic]]


def to_plain(value: Any, where: str, arrays: Arrays | None = None) -> Any:
    """`value` as JSON. Arrays go into `arrays` by name, or into the JSON when there is no place for them.

    FormatError, naming `where` it stands, for anything but None, truth values, numbers, text, bytes, lists, tuples,
    dicts, dtypes and arrays of those kinds.
    """
    if isinstance(value, np.generic) and not isinstance(value, np.void):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [to_plain(item, f"{where}[{i}]", arrays) for i, item in enumerate(value)]
    if isinstance(value, tuple):
        return {"$tuple": [to_plain(item, f"{where}[{i}]", arrays) for i, item in enumerate(value)]}
    if isinstance(value, Mapping):
        return _plain_mapping(value, where, arrays)
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return _plain_array(value, arrays)
    return _plain_dtype(value, where)


def from_plain(value: Any, arrays: Mapping[str, NDArray[np.generic]]) -> Any:
    """The value that `to_plain` was given. FormatError for a mark that it does not know."""
    if isinstance(value, list):
        return [from_plain(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        mark, held = next(iter(value.items()))
        if mark.startswith(_MARK):
            return _marked(mark, held, arrays)
    return {name: from_plain(item, arrays) for name, item in value.items()}


def _plain_mapping(value: Mapping[Any, Any], where: str, arrays: Arrays | None) -> dict[str, Any]:
    if all(isinstance(name, str) and not name.startswith(_MARK) for name in value):
        return {name: to_plain(item, f"{where}[{name!r}]", arrays) for name, item in value.items()}
    pairs = [
        [to_plain(name, f"a key of {where}", arrays), to_plain(item, f"{where}[{name!r}]", arrays)]
        for name, item in value.items()
    ]
    return {"$pairs": pairs}


def _plain_array(value: NDArray[Any], arrays: Arrays | None) -> dict[str, Any]:
    if arrays is not None:
        name = f"value.{len(arrays)}"
        arrays[name] = value
        return {"$array": name}
    data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
    return {"$numbers": [np.lib.format.dtype_to_descr(value.dtype), list(value.shape), data]}


def _plain_dtype(value: Any, where: str) -> dict[str, str]:
    from pandas.api.extensions import ExtensionDtype
    from pandas.api.types import pandas_dtype

    if isinstance(value, np.dtype | ExtensionDtype):
        try:
            if pandas_dtype(str(value)) == value:
                return {"$dtype": str(value)}
        except TypeError:
            pass  # a dtype that its name does not tell; refused below
    raise FormatError(
        f"{where} is a {type(value).__module__}.{type(value).__qualname__}, which cannot be kept without a pickle: "
        "keep numbers, text, bytes, lists, dicts or arrays of numbers instead"
    )


def _marked(mark: str, held: Any, arrays: Mapping[str, NDArray[np.generic]]) -> Any:
    match mark:
        case "$float":
            return float(held)
        case "$bytes":
            return base64.b64decode(held)
        case "$tuple":
            return tuple(from_plain(item, arrays) for item in held)
        case "$pairs":
            return {from_plain(name, arrays): from_plain(item, arrays) for name, item in held}
        case "$array":
            return arrays[held]
        case "$numbers":
            kind, shape, data = held
            dtype = np.dtype([tuple(field) for field in kind] if isinstance(kind, list) else kind)
            return np.frombuffer(bytearray(base64.b64decode(data)), dtype=dtype).reshape(shape)
        case "$dtype":
            from pandas.api.types import pandas_dtype

            return pandas_dtype(held)
    raise FormatError(f"what a plug-in keeps has the unknown mark {mark!r}: it was written by a newer Data Cockpit")
