"""Results of a scan as files: JSON and arrays in one npz, without pickles, so that reading one runs nothing."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from .storage import whole_file

_PLAIN = (type(None), bool, int, float, str)
_DATA = "data"
_FEW = 256
"""Bytes that are written among the JSON, more are an array; numbers that are written as they are."""
_COLLECTIONS: Mapping[str, Callable[[list[Any]], Any]] = {
    "tuple": tuple,
    "list": list,
    "set": set,
    "frozenset": frozenset,
}

Arrays = list[NDArray[np.generic]]


class NotKeepable(Exception):
    """A value that holds something besides numbers, text, bytes, arrays and records made of these."""


def encoded(value: Any, arrays: Arrays) -> Any:
    """`value` as JSON; its arrays go to `arrays`. NotKeepable for what cannot come back as it was."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.hasobject:
            raise NotKeepable("an array of objects")
        steps = _steps(value)
        if steps is not None:
            arrays.append(steps)
            return {"steps": [len(arrays) - 1, int(np.asarray(value)[0]), value.dtype.str]}
        arrays.append(np.asarray(value))
        return {"array" if isinstance(value, np.ndarray) else "scalar": len(arrays) - 1}
    if isinstance(value, bytes):
        return _bytes(value, arrays)
    if type(value) in (tuple, list, set, frozenset):
        return {type(value).__name__: [encoded(each, arrays) for each in value]}
    if type(value) is dict:
        return {"dict": [[encoded(key, arrays), encoded(each, arrays)] for key, each in value.items()]}
    return _record(value, arrays)


def _steps(value: NDArray[np.generic] | np.generic) -> NDArray[np.generic] | None:
    """What lies between numbers that ascend slowly, such as the starts of lines, in a quarter of the room or less."""
    if value.ndim != 1 or value.size < _FEW or value.dtype.kind not in "iu" or value.dtype.itemsize < 4:
        return None
    between = np.diff(value)
    least, most = int(between.min()), int(between.max())
    if least < 0 or most > np.iinfo(np.uint16).max:
        return None
    return between.astype(np.uint8 if most <= np.iinfo(np.uint8).max else np.uint16)


def _ascending(steps: NDArray[np.generic], first: int, dtype: str) -> NDArray[np.generic]:
    made = np.empty(len(steps) + 1, dtype=np.dtype(dtype))
    made[0] = first
    made[1:] = first + np.cumsum(steps, dtype=np.int64)
    return made


def _bytes(value: bytes, arrays: Arrays) -> Any:
    if len(value) <= _FEW:
        return {"bytes": base64.b64encode(value).decode()}
    arrays.append(np.frombuffer(value, dtype=np.uint8))
    return {"many bytes": len(arrays) - 1}


def _record(value: Any, arrays: Arrays) -> Any:
    kind = type(value)
    if dataclasses.is_dataclass(kind):
        names = [field.name for field in dataclasses.fields(kind)]
    elif isinstance(value, tuple) and hasattr(kind, "_fields"):
        names = list(kind._fields)
    else:
        raise NotKeepable(f"{kind.__module__}.{kind.__qualname__}")
    fields = {name: encoded(getattr(value, name), arrays) for name in names}
    return {"record": f"{kind.__module__}:{kind.__qualname__}", "fields": fields}


def decoded(value: Any, arrays: Sequence[NDArray[np.generic]], packages: Sequence[str]) -> Any:
    """What `encoded` was given. Records are made of classes of `packages` alone; ValueError for anything else."""
    if not isinstance(value, dict):
        return value
    if "record" in value:
        return _made(value, arrays, packages)
    ((name, inner),) = value.items()
    if name in ("array", "scalar"):
        return arrays[inner] if name == "array" else arrays[inner][()]
    if name == "steps":
        number, first, dtype = inner
        return _ascending(arrays[number], first, dtype)
    if name in ("bytes", "many bytes"):
        return base64.b64decode(inner) if name == "bytes" else arrays[inner].tobytes()
    if name == "dict":
        return {decoded(key, arrays, packages): decoded(each, arrays, packages) for key, each in inner}
    whole = [decoded(each, arrays, packages) for each in inner]
    return _COLLECTIONS[name](whole)


def _made(value: Mapping[str, Any], arrays: Sequence[NDArray[np.generic]], packages: Sequence[str]) -> Any:
    module, _, path = str(value["record"]).partition(":")
    if not any(module == package or module.startswith(f"{package}.") for package in packages):
        raise ValueError(f"{module} is not of {', '.join(packages)}")
    kind: Any = import_module(module)
    for name in path.split("."):
        kind = getattr(kind, name)
    fields = {name: decoded(each, arrays, packages) for name, each in value["fields"].items()}
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return kind(**fields)
    if not isinstance(kind, type) or not dataclasses.is_dataclass(kind):
        raise ValueError(f"{path} of {module} is no record")
    made = object.__new__(kind)  # as it was, whatever its __init__ does
    for name, each in fields.items():
        object.__setattr__(made, name, each)
    return made


def write(path: Path, data: Any, arrays: Sequence[NDArray[np.generic]]) -> None:
    """Write JSON and arrays, whole or not at all. CockpitError when the disk refuses."""
    columns = {str(number): array for number, array in enumerate(arrays)}
    columns[_DATA] = np.frombuffer(json.dumps(data).encode(), dtype=np.uint8)
    with whole_file(path) as file:
        np.savez(file, allow_pickle=False, **cast("dict[str, Any]", columns))


def read(file: IO[bytes] | Path) -> tuple[Any, Arrays]:
    """What `write` wrote."""
    if isinstance(file, Path):
        # numpy would leave a file open that is no archive.
        with file.open("rb") as held:
            return read(held)
    with np.load(file, allow_pickle=False) as columns:
        data = json.loads(columns[_DATA].tobytes())
        return data, [columns[str(number)] for number in range(len(columns.files) - 1)]
