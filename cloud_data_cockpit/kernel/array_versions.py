"""Arrays with their versions: each name is an icechunk repository, each save a commit that stays."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from ..errors import BadRequest, Conflict, CredentialsError, FormatError, MissingExtra, NotFound, ServiceError
from ..models import ConnectionRef
from ..s3.connections import Connection, resolve
from ..s3.objects import exists
from .array_opened import opened
from .arrays import Arrays, is_xarray, open_xarray, root_of, write_xarray

if TYPE_CHECKING:
    import zarr

BRANCH = "main"
_REF = f"refs/branch.{BRANCH}/ref.json"


class ArrayVersion(NamedTuple):
    """One saved version of an array: what `load(name, version=id)` takes, when it was saved, and why."""

    id: str
    saved: datetime
    message: str


class VersionedArrays(Arrays):
    """As Arrays; saving under a name that exists adds a version, and nothing that was saved is lost."""

    def __init__(
        self, uri: str, *, connection: str | ConnectionRef | Connection | None = None, versioned: bool = True
    ) -> None:
        try:
            import icechunk  # noqa: F401
        except ImportError:
            raise MissingExtra("versions of arrays need icechunk: pip install 'cloud-data-cockpit[icechunk]'") from None
        super().__init__(uri, connection=connection)

    def save(
        self,
        name: str,
        value: Any,
        *,
        overwrite: bool = True,
        chunks: tuple[int, ...] | None = None,
        compress: bool = True,
        message: str = "",
    ) -> str:
        """Save a value as the newest version and give its URI; `message` says why.

        Conflict when somebody else saved meanwhile, and, with `overwrite=False`, when the name exists. A save that
        breaks off leaves no version.
        """
        from icechunk import ConflictError

        from .array_values import mark, write

        if not overwrite and name in self:
            raise Conflict(f"{self.uri}{name} exists already; save it by another name, or as a further version")
        with _translated(f"{self.uri}{name}"):
            session = self._repository(name, create=True).writable_session(BRANCH)
            _emptied(session.store)
            with _one_process():
                if is_xarray(value):
                    write_xarray(session.store, value)
                else:
                    write(session.store, "", value, chunks=chunks, compress=compress)
            mark(root_of(session.store), complete=True)
            try:
                session.commit(message or "saved")
            except ConflictError:
                raise Conflict(f"{self.uri}{name} was saved by somebody else meanwhile; save it again") from None
        return f"{self.uri}{name}"

    def load(self, name: str, *, version: str | None = None) -> Any:
        """The whole value as of a version, the newest unless told. NotFound for a name or version that is not there."""
        from .array_values import note_of, read

        with _translated(f"{self.uri}{name}"):
            node, store = self._version(name, version)
            return open_xarray(store).load() if note_of(node)["kind"] == "xarray" else read(node)

    def open(self, name: str, *, version: str | None = None) -> Any:
        """The value without its data, as of a version."""
        from .array_values import note_of

        with _translated(f"{self.uri}{name}"):
            node, store = self._version(name, version)
            return open_xarray(store) if note_of(node)["kind"] == "xarray" else opened(node)

    def versions(self, name: str) -> list[ArrayVersion]:
        """What was saved under the name, newest first. NotFound when nothing was."""
        with _translated(f"{self.uri}{name}"):
            found = self._repository(name).ancestry(branch=BRANCH)
            # The first snapshot is that of the empty repository.
            return [ArrayVersion(one.id, one.written_at, one.message) for one in found if one.parent_id is not None]

    def _marks(self, prefix: str) -> str:
        return f"{prefix}{_REF}"

    def _version(self, name: str, version: str | None) -> tuple[zarr.Array[Any] | zarr.Group, Any]:
        repository = self._repository(name)
        if version is not None and version not in {one.id for one in self.versions(name)}:
            raise NotFound(f"{self.uri}{name} has no version {version!r}; versions({name!r}) lists them")
        chosen = {"branch": BRANCH} if version is None else {"snapshot_id": version}
        store = repository.readonly_session(**chosen).store
        try:
            return root_of(store), store
        except FileNotFoundError:
            raise FormatError(f"{self.uri}{name} has no version that was saved to its end; save it again") from None

    def _repository(self, name: str, *, create: bool = False) -> Any:
        from icechunk import Repository

        prefix = self._store(name).prefix
        storage = _storage(self._connection, self._bucket, prefix)
        if create:
            if exists(self._connection, self._bucket, f"{prefix}zarr.json"):
                raise Conflict(f"{self.uri}{name} was saved without versions; save by another name, or remove it first")
            self._check_free(name, self._store(name))
            return Repository.open_or_create(storage)
        if name not in self:
            raise NotFound(f"there is no array with versions {self.uri}{name}")
        return Repository.open(storage)


def _storage(connection: Connection, bucket: str, prefix: str) -> Any:
    """icechunk's way to the bucket. It asks for credentials when it needs them, and holds none that would be stored."""
    import icechunk

    from ..s3.guard import check_host

    ref = connection.ref
    if not ref.verify_tls or ref.ca_bundle:
        raise BadRequest("icechunk cannot be given the TLS options of a connection; use one without")
    region = connection.region_of(bucket)
    parts = urlsplit(ref.endpoint_url or f"https://s3.{region}.amazonaws.com")
    check_host(parts.hostname or "", parts.port)
    how: dict[str, Any] = {"anonymous": True} if ref.anonymous else {"get_credentials": partial(_credentials, ref)}
    return icechunk.s3_storage(
        bucket=bucket,
        prefix=prefix.rstrip("/"),
        region=region,
        endpoint_url=ref.endpoint_url,
        allow_http=parts.scheme == "http",
        force_path_style=ref.endpoint_url is not None,
        requester_pays=ref.requester_pays,
        **how,
    )


def _credentials(ref: ConnectionRef) -> Any:
    """The credentials of a connection at this moment. CredentialsError when there are none."""
    import icechunk

    from .filesystem import keys_of

    found = keys_of(resolve(ref))
    if not found.get("key"):
        raise CredentialsError(f"there are no credentials for {ref.name!r}")
    return icechunk.S3StaticCredentials(found["key"], found["secret"], found["token"])


def _emptied(store: Any) -> None:
    from zarr.core.sync import sync

    sync(store.clear())


@contextlib.contextmanager
def _one_process() -> Iterator[None]:
    """A session belongs to this process: dask computes in threads of it."""
    try:
        import dask
    except ImportError:
        yield
        return
    with dask.config.set(scheduler="threads"):
        yield


@contextlib.contextmanager
def _translated(where: str) -> Iterator[None]:
    from icechunk import IcechunkError

    try:
        yield
    except IcechunkError as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ServiceError(f"icechunk cannot read or write {where}: {first}") from None
