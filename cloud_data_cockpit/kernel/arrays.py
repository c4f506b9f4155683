"""Arrays in S3 as Zarr v3: saved once, read whole or by the chunks that a slice touches; never a pickle or an ACL."""

from __future__ import annotations

import contextlib
import logging
import re
from typing import TYPE_CHECKING, Any

from ..errors import BadRequest, CockpitError, Conflict, FormatError, MissingExtra, NotFound
from ..s3.connections import Connection, resolve
from ..s3.objects import check_key, make_uri, parse_uri
from .array_opened import StoredArray, StoredDict, opened

if TYPE_CHECKING:
    import zarr

    from ..models import ConnectionRef
    from .array_versions import ArrayVersion
    from .zarr_store import S3Store

__all__ = ["Arrays", "StoredArray", "StoredDict"]

logger = logging.getLogger(__name__)
_NO_VERSIONS = "these arrays keep no versions: Arrays(uri, versioned=True) does"
_SEGMENT = re.compile(r"(?!\.+$)(?!__)[^/\x00-\x1f\x7f]{1,255}")


class Arrays:
    """The arrays below a prefix: `arrays = Arrays("s3://bucket/prefix/")`, then `save`, `load`, `open`, `names`.

    Each name is a Zarr v3 node that every Zarr library reads. A name may hold "/"; it may not lie below another one.
    With `versioned` it is an icechunk repository, each save a version of it: see `versions`, `load(name, version=...)`.
    """

    def __new__(cls, uri: str, *, versioned: bool = False, **how: Any) -> Arrays:
        if versioned and cls is Arrays:
            from .array_versions import VersionedArrays

            return super().__new__(VersionedArrays)
        return super().__new__(cls)

    def __init__(
        self, uri: str, *, connection: str | ConnectionRef | Connection | None = None, versioned: bool = False
    ) -> None:
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
        message: str = "",
    ) -> str:
        """Save a value and give its URI. `message` is for Arrays with versions.

        A numpy array of any dtype but objects, in C or Fortran order; a masked, dask or scipy.sparse array; an xarray
        Dataset or DataArray; a number, text, bytes; dicts, lists and tuples of all these. A dask array is written
        chunk by chunk and never held whole. `chunks` is the shape of a chunk, 4 MiB if left out. Conflict when the
        name exists, unless `overwrite`; then what was there is deleted first. Conflict too, whatever `overwrite` says,
        when the name lies inside a value, or has other objects below it: nothing but the value itself is deleted. A
        value whose saving broke off is never taken for a whole one. BadRequest for what only a pickle could hold.
        """
        from zarr.errors import ContainsArrayError, ContainsGroupError

        from .array_values import mark, write

        _without_versions(message)
        store = self._store(name, claim=not overwrite)
        self._check_free(name, store)
        if overwrite:
            self._clear(store)
        try:
            if is_xarray(value):
                write_xarray(store, value)
            else:
                write(store, "", value, chunks=chunks, compress=compress)
            mark(root_of(store), complete=True)
        except (Conflict, ContainsArrayError, ContainsGroupError):
            raise Conflict(f"{self.uri}{name} exists already; save it with overwrite=True or by another name") from None
        except BaseException:
            if store.claimed or overwrite:
                self._clear_quietly(store)
            raise
        return f"{self.uri}{name}"

    def load(self, name: str, *, version: str | None = None) -> Any:
        """The whole value, in memory, of the kind that was saved. NotFound when there is none of that name."""
        from .array_values import note_of, read

        _without_versions(version)
        node, store = self._node(name)
        return open_xarray(store).load() if note_of(node)["kind"] == "xarray" else read(node)

    def open(self, name: str, *, version: str | None = None) -> Any:
        """The value without its data: an array is a StoredArray, of which a slice reads the chunks that it touches.

        A dict is a mapping of such values, an xarray object is opened lazily; every other kind is loaded.
        """
        from .array_values import note_of

        _without_versions(version)
        node, store = self._node(name)
        return open_xarray(store) if note_of(node)["kind"] == "xarray" else opened(node)

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
            is_node = exists(self._connection, self._bucket, self._marks(prefix))
            return name.rstrip("/") if is_node else name

        with ThreadPoolExecutor(16, thread_name_prefix="cockpit-names") as pool:
            return list(pool.map(shown, prefixes))

    def __contains__(self, name: object) -> bool:
        from ..s3.objects import exists

        if not isinstance(name, str) or not _is_name(name):
            return False
        return exists(self._connection, self._bucket, self._marks(f"{self._prefix}{name}/"))

    def versions(self, name: str) -> list[ArrayVersion]:
        """The versions of a value, newest first. BadRequest for Arrays without versions."""
        raise BadRequest(_NO_VERSIONS)

    def remove(self, name: str) -> None:
        """Delete a value with all its chunks, and versions. NotFound when there is none of that name."""
        if name not in self:
            raise NotFound(f"there is no array {self.uri}{name}")
        self._clear(self._store(name))

    def __repr__(self) -> str:
        return f"<Arrays {self.uri}>"

    def _marks(self, prefix: str) -> str:
        """The key that is there once a value lies below `prefix`."""
        return f"{prefix}zarr.json"

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
            node = root_of(store)
        except FileNotFoundError:
            raise NotFound(f"there is no array {self.uri}{name}") from None
        if not note_of(node).get("complete"):
            raise FormatError(f"{self.uri}{name} was not saved to its end; save it again with overwrite=True")
        return node, store

    def _check_free(self, name: str, store: S3Store) -> None:
        """Conflict when saving, or clearing up after it, would touch what is no part of this value."""
        from ..s3.objects import exists, list_page

        parts = name.split("/")
        for outer in ("/".join(parts[:number]) for number in range(1, len(parts))):
            if exists(self._connection, self._bucket, self._marks(f"{self._prefix}{outer}/")):
                raise Conflict(f"{self.uri}{name} lies inside the value {outer!r}; save it by another name")
        held = list_page(self._connection, self._bucket, store.prefix, delimiter="", page_size=2)
        if held.objects and not exists(self._connection, self._bucket, self._marks(store.prefix)):
            where = make_uri(self._bucket, held.objects[0].key)
            raise Conflict(
                f"{self.uri}{name} is no value, and other objects lie below it, such as {where}; save it by another"
                " name, or delete them first"
            )

    def _clear(self, store: S3Store) -> None:
        from zarr.core.sync import sync

        sync(store.delete_dir(""))

    def _clear_quietly(self, store: S3Store) -> None:
        """After a failure, which is what the caller is to hear of."""
        try:
            self._clear(store)
        except CockpitError as error:
            logger.warning("what was saved of %s could not be removed: %s", store, error)


def root_of(store: S3Store) -> zarr.Array[Any] | zarr.Group:
    import zarr

    return zarr.open(store, mode="r" if store.read_only else "r+", zarr_format=3)


def _without_versions(what: str | None) -> None:
    if what:
        raise BadRequest(_NO_VERSIONS)


def _is_name(name: str) -> bool:
    return all(_SEGMENT.fullmatch(segment) for segment in name.split("/"))


def _need_zarr() -> None:
    with contextlib.suppress(ImportError):
        import zarr  # noqa: F401

        return
    raise MissingExtra("arrays need Zarr 3: pip install 'cloud-data-cockpit[arrays]'")


# --- xarray ------------------------------------------------------------------------------------


def is_xarray(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "xarray"


def write_xarray(store: S3Store, value: Any) -> None:
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
    root_of(store).attrs.update({ATTRIBUTE: note})


def open_xarray(store: S3Store) -> Any:
    import xarray

    from .array_values import ATTRIBUTE

    data = xarray.open_zarr(store, zarr_format=3, consolidated=False, chunks=None)
    note = data.attrs.pop(ATTRIBUTE)
    return data[note["variable"]].rename(note["name"]) if "variable" in note else data
