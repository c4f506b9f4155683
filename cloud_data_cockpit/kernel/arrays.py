"""Arrays in S3 as Zarr v3: saved once, read whole or by the chunks that a slice touches; never a pickle or an ACL."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import BadRequest, CockpitError, Conflict, FormatError, MissingExtra, NotFound
from ..s3.connections import Connection, resolve
from ..s3.objects import check_key, make_uri, parse_uri

if TYPE_CHECKING:
    import numpy as np
    import zarr

    from ..models import ConnectionRef
    from .zarr_store import S3Store

logger = logging.getLogger(__name__)
_SEGMENT = re.compile(r"(?!\.+$)(?!__)[^/\x00-\x1f\x7f]{1,255}")


class Arrays:
    """The arrays below a prefix: `arrays = Arrays("s3://bucket/prefix/")`, then `save`, `load`, `open`, `names`.

    Each name is a Zarr v3 node that every Zarr library reads. A name may hold "/"; it may not lie below another one.
    """

    def __init__(self, uri: str, *, connection: str | ConnectionRef | Connection | None = None) -> None:
        _need_zarr()
        self._bucket, prefix = parse_uri(uri)
        self._prefix = prefix if not prefix or prefix.endswith("/") else prefix + "/"
        self._connection = resolve(connection)

    @property
    def uri(self) -> str:
        """Where these arrays are."""
        return make_uri(self._bucket, self._prefix)

    def save(
        self,
        name: str,
        value: Any,
        *,
        overwrite: bool = False,
        chunks: tuple[int, ...] | None = None,
        compress: bool = True,
    ) -> str:
        """Save a value and give its URI.

        A numpy array of any dtype but objects, in C or Fortran order; a masked, dask or scipy.sparse array; an xarray
        Dataset or DataArray; a number, text, bytes; dicts, lists and tuples of all these. A dask array is written
        chunk by chunk and never held whole. `chunks` is the shape of a chunk, 4 MiB if left out. Conflict when the
        name exists, unless `overwrite`; then what was there is deleted first. A value whose saving broke off is never
        taken for a whole one. BadRequest for what only a pickle could hold.
        """
        from zarr.errors import ContainsArrayError, ContainsGroupError

        from .array_values import mark, write

        store = self._store(name, claim=not overwrite)
        if overwrite:
            self._clear(store)
        try:
            if _is_xarray(value):
                _write_xarray(store, value)
            else:
                write(store, "", value, chunks=chunks, compress=compress)
            mark(_root(store), complete=True)
        except (Conflict, ContainsArrayError, ContainsGroupError):
            raise Conflict(f"{self.uri}{name} exists already; save it with overwrite=True or by another name") from None
        except BaseException:
            if store.claimed or overwrite:
                self._clear_quietly(store)
            raise
        return f"{self.uri}{name}"

    def load(self, name: str) -> Any:
        """The whole value, in memory, of the kind that was saved. NotFound when there is none of that name."""
        from .array_values import note_of, read

        node, store = self._node(name)
        return _open_xarray(store).load() if note_of(node)["kind"] == "xarray" else read(node)

    def open(self, name: str) -> Any:
        """The value without its data: an array is a StoredArray, of which a slice reads the chunks that it touches.

        A dict is a mapping of such values, an xarray object is opened lazily; every other kind is loaded.
        """
        from .array_values import note_of

        node, store = self._node(name)
        return _open_xarray(store) if note_of(node)["kind"] == "xarray" else _opened(node)

    def names(self, below: str = "") -> list[str]:
        """The names one level below `below`, sorted; what holds further names ends with "/"."""
        from concurrent.futures import ThreadPoolExecutor

        from ..s3.objects import exists
        from ..s3.walk import iter_pages

        base = self._prefix + (below if not below or below.endswith("/") else below + "/")
        pages = iter_pages(self._connection, self._bucket, base, delimiter="/")
        prefixes = [prefix for page in pages for prefix in page.prefixes]

        def shown(prefix: str) -> str:
            name = prefix.removeprefix(self._prefix)
            is_node = exists(self._connection, self._bucket, f"{prefix}zarr.json")
            return name.rstrip("/") if is_node else name

        with ThreadPoolExecutor(16, thread_name_prefix="cockpit-names") as pool:
            return list(pool.map(shown, prefixes))

    def __contains__(self, name: object) -> bool:
        from ..s3.objects import exists

        if not isinstance(name, str) or not _is_name(name):
            return False
        return exists(self._connection, self._bucket, f"{self._prefix}{name}/zarr.json")

    def remove(self, name: str) -> None:
        """Delete a value with all its chunks. NotFound when there is none of that name."""
        if name not in self:
            raise NotFound(f"there is no array {self.uri}{name}")
        self._clear(self._store(name))

    def __repr__(self) -> str:
        return f"<Arrays {self.uri}>"

    def _store(self, name: str, *, claim: bool = False, complete: bool = False) -> S3Store:
        from .zarr_store import S3Store

        if not _is_name(name):
            raise BadRequest(
                f"{name!r} is no name for an array: parts between slashes are 1 to 255 characters, none of them a"
                " control character, and neither dots alone nor beginning with two underscores"
            )
        prefix = check_key(f"{self._prefix}{name}/")
        return S3Store(self._connection, self._bucket, prefix, claim=claim, complete=complete, read_only=complete)

    def _node(self, name: str) -> tuple[zarr.Array[Any] | zarr.Group, S3Store]:
        from .array_values import note_of

        store = self._store(name, complete=True)
        try:
            node = _root(store)
        except FileNotFoundError:
            raise NotFound(f"there is no array {self.uri}{name}") from None
        if not note_of(node).get("complete"):
            raise FormatError(f"{self.uri}{name} was not saved to its end; save it again with overwrite=True")
        return node, store

    def _clear(self, store: S3Store) -> None:
        from zarr.core.sync import sync

        sync(store.delete_dir(""))

    def _clear_quietly(self, store: S3Store) -> None:
        """After a failure, which is what the caller is to hear of."""
        try:
            self._clear(store)
        except CockpitError as error:
            logger.warning("what was saved of %s could not be removed: %s", store, error)


class StoredArray:
    """An array in S3: shape and dtype at hand, data on demand. Indexed as numpy's basic indexing does."""

    def __init__(self, node: zarr.Array[Any]) -> None:
        from .array_dtypes import real_dtype
        from .array_values import note_of

        self.zarr = node
        """The Zarr array itself. Its dtype is raw bytes where Zarr has no data type for that of the values."""
        self._described: str | None = note_of(node).get("dtype")
        self.dtype = real_dtype(self._described, node.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Items along each axis."""
        return self.zarr.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of items."""
        return self.zarr.size

    @property
    def nbytes(self) -> int:
        """Bytes of all items, before compression."""
        return self.size * self.dtype.itemsize

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of a chunk."""
        return self.zarr.chunks

    def __getitem__(self, selection: Any) -> Any:
        import numpy as np

        from .array_dtypes import from_stored

        found = np.asarray(self.zarr[selection], self.zarr.dtype)
        array = from_stored(found, self._described)
        return array[()] if array.ndim == 0 else array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        import numpy as np

        if copy is False:
            raise ValueError("the items are in S3: there is nothing that could be shared without a copy")
        return np.asarray(self[...], dtype=dtype)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("an array without axes has no length")
        return self.shape[0]

    def to_dask(self) -> Any:
        """A dask array with a task a chunk, read by the worker that runs it."""
        import dask.array

        from .array_dtypes import from_stored

        found = dask.array.from_array(self.zarr, chunks=self.chunks, asarray=True, fancy=False)
        if self._described is None:
            return found
        return found.map_blocks(from_stored, self._described, dtype=self.dtype)

    def __repr__(self) -> str:
        return f"<StoredArray shape={self.shape} dtype={self.dtype} chunks={self.chunks} {self.zarr.store!r}>"


class StoredDict(Mapping[str, Any]):
    """A dict in S3 whose arrays are read on demand."""

    def __init__(self, node: zarr.Group) -> None:
        from .array_values import members_of, note_of

        self._members = members_of(node, note_of(node))

    def __getitem__(self, key: str) -> Any:
        return _opened(self._members[key]())

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        return f"<StoredDict {', '.join(self)}>"


def _opened(value: Any) -> Any:
    import zarr

    from .array_values import note_of, read

    if not isinstance(value, zarr.Array | zarr.Group):
        return value
    kind = note_of(value)["kind"]
    if kind == "array" and isinstance(value, zarr.Array):
        return StoredArray(value)
    return StoredDict(value) if kind == "dict" and isinstance(value, zarr.Group) else read(value)


def _root(store: S3Store) -> zarr.Array[Any] | zarr.Group:
    import zarr

    return zarr.open(store, mode="r" if store.read_only else "r+", zarr_format=3)


def _is_name(name: str) -> bool:
    return all(_SEGMENT.fullmatch(segment) for segment in name.split("/"))


def _need_zarr() -> None:
    with contextlib.suppress(ImportError):
        import zarr  # noqa: F401

        return
    raise MissingExtra("arrays need Zarr 3: pip install 'cloud-data-cockpit[arrays]'")


# --- xarray ------------------------------------------------------------------------------------


def _is_xarray(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "xarray"


def _write_xarray(store: S3Store, value: Any) -> None:
    import xarray

    from .array_values import ATTRIBUTE, VERSION

    if not isinstance(value, xarray.Dataset | xarray.DataArray):
        raise BadRequest(f"of xarray a Dataset or a DataArray can be saved, and this is a {type(value).__name__}")
    note: dict[str, Any] = {"version": VERSION, "kind": "xarray", "complete": False}
    data = value
    if isinstance(value, xarray.DataArray):
        free = next(name for name in ("values", *map("values-{}".format, range(1000))) if name not in value.coords)
        data = value.rename(free).to_dataset()
        note |= {"variable": free, "name": None if value.name is None else str(value.name)}
    for name, variable in data.variables.items():
        if variable.dtype.hasobject:
            raise BadRequest(f"the variable {name!r} holds Python objects, which are not saved; make them fixed texts")
    data.to_zarr(store, mode="w-", zarr_format=3, consolidated=False)
    _root(store).attrs.update({ATTRIBUTE: note})


def _open_xarray(store: S3Store) -> Any:
    import xarray

    from .array_values import ATTRIBUTE

    data = xarray.open_zarr(store, zarr_format=3, consolidated=False, chunks=None)
    note = data.attrs.pop(ATTRIBUTE)
    return data[note["variable"]].rename(note["name"]) if "variable" in note else data
