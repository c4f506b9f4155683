"""How values become Zarr nodes and come back: arrays of any dtype, sparse and masked ones, dicts, lists, JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr

from ..errors import BadRequest, FormatError
from .array_dtypes import chunk_shape, from_stored, stored_dtype, to_stored

if TYPE_CHECKING:
    from zarr.abc.store import Store

ATTRIBUTE = "data_cockpit"
"""Where a node says what it holds: {"version": 1, "kind": ..., and what that kind needs}."""
VERSION = 1
_SPARSE_PARTS = {
    "csr": ("data", "indices", "indptr"),
    "csc": ("data", "indices", "indptr"),
    "coo": ("data", "row", "col"),
}
_DEEPEST = 100

Note = dict[str, Any]


def write(store: Store, path: str, value: Any, *, chunks: tuple[int, ...] | None, compress: bool) -> None:
    """Write `value` as the node `path`, which must not exist. BadRequest for what only a pickle could hold."""
    _Writer(store, chunks, compress).write(path, value, 0)


def note_of(node: zarr.Array[Any] | zarr.Group) -> Note:
    """What a node says it holds; a plain Zarr node of somebody else's is an array or a dict."""
    note = node.attrs.asdict().get(ATTRIBUTE)
    if note is None:
        return {"version": VERSION, "kind": "array" if isinstance(node, zarr.Array) else "dict", "complete": True}
    if not isinstance(note, dict) or not isinstance(note.get("version"), int) or "kind" not in note:
        raise FormatError(f"the attribute {ATTRIBUTE!r} of {node.name!r} is not one that Data Cockpit wrote")
    if note["version"] > VERSION:
        raise FormatError("this was saved by a newer release: pip install --upgrade cloud-data-cockpit")
    return note


def read(node: zarr.Array[Any] | zarr.Group) -> Any:
    """The whole value of a node, in memory."""
    note = note_of(node)
    reader = _READERS.get(note["kind"])
    if reader is None:
        raise FormatError(f"{note['kind']!r} is a kind of value that this release does not know")
    return reader(node, note)


def mark(node: zarr.Array[Any] | zarr.Group, **changes: Any) -> None:
    """Change what a node says it holds."""
    node.attrs.update({ATTRIBUTE: {**note_of(node), **changes}})


class _Writer:
    def __init__(self, store: Store, chunks: tuple[int, ...] | None, compress: bool) -> None:
        self.store = store
        self.chunks = chunks
        self.compress = compress

    def write(self, path: str, value: Any, depth: int) -> None:
        if depth > _DEEPEST:
            raise BadRequest(f"dicts and lists are nested more than {_DEEPEST} deep, or hold themselves")
        if _is_plain(value):
            self._group(path, "json", value=value)
        elif isinstance(value, Mapping):
            self._members(path, "dict", {_text(key): member for key, member in value.items()}, depth)
        elif isinstance(value, list | tuple):
            kind = "tuple" if isinstance(value, tuple) else "list"
            self._members(path, kind, {str(number): member for number, member in enumerate(value)}, depth)
        elif isinstance(value, np.ma.MaskedArray):
            fill = {"fill_value": np.asarray(value.fill_value, value.dtype)}
            parts = {"data": value.data, "mask": np.ma.getmaskarray(value), **fill}
            self._members(path, "masked", parts, depth)
        elif type(value).__module__.startswith("scipy.sparse"):
            self._sparse(path, value, depth)
        elif type(value).__module__.startswith("dask.array"):
            self._dask(path, value)
        else:
            self._dense(path, value)

    def _group(self, path: str, kind: str, **note: Any) -> None:
        attributes = {ATTRIBUTE: {"version": VERSION, "kind": kind, "complete": False, **note}}
        zarr.create_group(self.store, path=path, attributes=attributes)

    def _members(self, path: str, kind: str, members: Mapping[str, Any], depth: int) -> None:
        """A group with one node a member. Small JSON values stand in its attributes: a request each would be waste."""
        plain = {key: member for key, member in members.items() if _is_plain(member)}
        names = {key: f"{number}" for number, key in enumerate(members) if key not in plain}
        self._group(path, kind, order=list(members), values=plain, names=names)
        for key, name in names.items():
            self.write(f"{path}/{name}" if path else name, members[key], depth + 1)

    def _sparse(self, path: str, value: Any, depth: int) -> None:
        if value.format not in _SPARSE_PARTS:
            value = value.tocsr()
        is_array = type(value).__name__.endswith("_array")
        parts = {name: getattr(value, name) for name in _SPARSE_PARTS[value.format]}
        if value.format == "coo" and value.ndim != 2:
            raise BadRequest("of sparse arrays those with two dimensions can be saved")
        details = {"format": value.format, "shape": list(value.shape), "is_array": is_array}
        self._members(path, "sparse", {**parts, "details": details}, depth)

    def _dense(self, path: str, value: Any) -> None:
        # As a text of numpy's, bytes would lose the zeros at their end.
        array = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else np.asarray(value)
        made = self._create(path, array.shape, array.dtype, self.chunks, _note_of_dense(value, array))
        if array.size:
            made[...] = to_stored(array)

    def _dask(self, path: str, value: Any) -> None:
        """Chunk by chunk, each computed once and written by the worker that has it."""
        import dask.array

        regular = tuple(sizes[0] for sizes in value.chunks)
        if any(math.isnan(size) for size in regular):
            raise BadRequest("the dask array does not know its chunks: call compute_chunk_sizes() first")
        value = value.rechunk(self.chunks or regular)
        shape = tuple(max(1, size) for size in (sizes[0] for sizes in value.chunks))
        made = self._create(path, value.shape, value.dtype, shape, {"kind": "array"})
        stored = value if made.dtype == value.dtype else value.map_blocks(to_stored, dtype=made.dtype)
        if value.size:
            dask.array.store(stored, made, lock=False)

    def _create(
        self, path: str, shape: tuple[int, ...], dtype: np.dtype[Any], chunks: tuple[int, ...] | None, note: Note
    ) -> zarr.Array[Any]:
        stored, described = stored_dtype(dtype)
        real = {} if described is None else {"dtype": described}
        attributes: Note = {ATTRIBUTE: {"version": VERSION, "complete": False, **note, **real}}
        return zarr.create_array(
            self.store,
            name=path or None,
            shape=shape,
            dtype=stored,
            chunks=chunk_shape(shape, stored.itemsize, chunks),
            compressors="auto" if self.compress else None,
            attributes=attributes,
            # Every chunk is written, so that one which is missing is known to be lost.
            config={"write_empty_chunks": True},
        )


def _note_of_dense(value: Any, array: np.ndarray[Any, Any]) -> Note:
    if type(value) in (float, complex):  # of floats nan and infinities: other numbers of Python are JSON
        return {"kind": type(value).__name__}
    if isinstance(value, bytes):
        return {"kind": "bytes"}
    if isinstance(value, np.generic):
        return {"kind": "scalar"}
    fortran = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
    return {"kind": "array", "order": "F"} if fortran else {"kind": "array"}


def _is_plain(value: Any) -> bool:
    """Whether JSON holds the value as it is: a tuple would come back as a list, and NaN is no JSON."""
    if value is None or type(value) in (bool, int, str):
        return True
    if type(value) is float:
        return math.isfinite(value)
    if type(value) is list:
        return len(value) <= 1000 and all(type(item) is not list and _is_plain(item) for item in value)
    return type(value) is dict and not value


def _text(key: Any) -> str:
    if not isinstance(key, str):
        raise BadRequest(f"the keys of a dict that is saved are texts, and {key!r} is not")
    return key


# --- reading -----------------------------------------------------------------------------------


def _read_array(node: zarr.Array[Any], note: Note) -> np.ndarray[Any, Any]:
    return from_stored(np.asarray(node[...], node.dtype), note.get("dtype"), fortran=note.get("order") == "F")


def members_of(node: zarr.Group, note: Note) -> dict[str, Callable[[], Any]]:
    """Name -> how to get the member, in the order in which they were saved."""
    if "names" not in note:
        return {name: partial(node.__getitem__, name) for name in sorted(node.keys())}
    names, plain = note["names"], note["values"]
    return {
        key: partial(node.__getitem__, names[key]) if key in names else partial(plain.get, key) for key in note["order"]
    }


def _read_members(node: zarr.Group, note: Note) -> dict[str, Any]:
    found = {key: get() for key, get in members_of(node, note).items()}
    return {key: read(value) if isinstance(value, zarr.Array | zarr.Group) else value for key, value in found.items()}


def _read_sequence(node: zarr.Group, note: Note) -> Any:
    items = _read_members(node, note).values()
    return tuple(items) if note["kind"] == "tuple" else list(items)


def _read_masked(node: zarr.Group, note: Note) -> Any:
    parts = _read_members(node, note)
    return np.ma.MaskedArray(parts["data"], mask=parts["mask"], fill_value=parts["fill_value"])


def _read_sparse(node: zarr.Group, note: Note) -> Any:
    from scipy import sparse

    parts = _read_members(node, note)
    details = parts["details"]
    form = details["format"]
    if form not in _SPARSE_PARTS:
        raise FormatError(f"{form!r} is no form of a sparse array that this release knows")
    make = getattr(sparse, f"{form}_array" if details["is_array"] else f"{form}_matrix")
    data, first, second = (parts[name] for name in _SPARSE_PARTS[form])
    content = (data, (first, second)) if form == "coo" else (data, first, second)
    return make(content, shape=tuple(details["shape"]))


_READERS: dict[str, Callable[[Any, Note], Any]] = {
    "array": _read_array,
    "scalar": lambda node, note: _read_array(node, note)[()],
    "float": lambda node, note: _read_array(node, note).item(),
    "complex": lambda node, note: _read_array(node, note).item(),
    "bytes": lambda node, note: _read_array(node, note).tobytes(),
    "json": lambda node, note: note["value"],
    "dict": _read_members,
    "list": _read_sequence,
    "tuple": _read_sequence,
    "masked": _read_masked,
    "sparse": _read_sparse,
}
