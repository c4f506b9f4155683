"""Slices in a notebook: a list that is read lazily, and one slice that pickles small and without credentials."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..errors import FormatError
from ..formats.base import Format, Report
from ..models import ConnectionRef, Manifest, Slice
from ..registry import get_format
from ..source import Source
from . import manifests
from .bytewise import byte_parts, chunks
from .open import ConnectionLike, resolved
from .opened import forget_when_refused, opened_source
from .storage import whole_file
from .table import bytes_for_people, slices_html
from .verify import Verification, verify

if TYPE_CHECKING:
    from ..executors import Executor

R = TypeVar("R")


def load_slices(ref: str | os.PathLike[str] | Manifest, *, connection: ConnectionLike = None) -> Slices:
    """The slices of a saved manifest: its id, the path of its file, or the record itself.

    `connection` replaces the one that the manifest names. NotFound, FormatError and Conflict tell what is wrong with
    a manifest that is missing, damaged or of a newer version.
    """
    if isinstance(ref, Manifest):
        manifest = ref
    elif not isinstance(ref, str) or (not manifests.is_id(ref) and Path(ref).is_file()):
        manifest = manifests.load_file(ref)
    else:
        manifest = manifests.load(ref)
    if connection is not None:
        reached = resolved(manifest.uri, connection)
        manifest = manifest.model_copy(update={"connection": reached.ref if reached else None})
    return Slices(manifest)


@dataclass(frozen=True)
class Origin:
    """What all slices of a manifest have in common: the object, how to reach it, how to read it."""

    uri: str
    etag: str
    size: int
    connection: ConnectionRef | None
    format: str
    format_version: int
    shared: dict[str, Any]

    def reader(self) -> Format:
        """The format that reads the slices. FormatError when it is not the version that cut them."""
        format = get_format(self.format)
        if format.version != self.format_version:
            raise FormatError(
                f"{self.uri} was cut by version {self.format_version} of the format {self.format}, this Data Cockpit "
                f"has version {format.version}; partition it again"
            )
        return format

    def source(self) -> Source:
        """The object, opened once a process and held to the version that was cut."""
        return opened_source(self.uri, self.connection, self.etag, self.size)


class LazySlice:
    """One slice, read when asked. It holds no credentials and pickles in well under 2 kB.

    One that begins inside a gzip member takes the 32 KiB before it along, packed to some 13 kB.

    Further ways to read it, such as `to_arrow`, depend on the format; `dir(slice)` shows them.
    """

    def __init__(self, origin: Origin, piece: Slice) -> None:
        self._origin = origin
        self._piece = piece

    @property
    def number(self) -> int:
        """Its place in the manifest, from 0."""
        return self._piece.number

    @property
    def uri(self) -> str:
        """The object it is a piece of."""
        return self._origin.uri

    @property
    def connection(self) -> ConnectionRef | None:
        """What names the connection that it is read through; None for a file on this machine."""
        return self._origin.connection

    @property
    def source(self) -> Source:
        """The object, opened once a process and held to the version that was cut."""
        return self._origin.source()

    @property
    def records(self) -> int:
        """Records that begin in it."""
        return self._piece.records

    @property
    def nbytes(self) -> int:
        """Bytes that it covers in the object."""
        return self._piece.nbytes

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """(offset, length) pairs in bytes of the object."""
        return self._piece.ranges

    def get(self) -> Any:
        """The natural object of the field: a table, a list of records, an array."""
        return self._read(self._origin.reader().read)

    def read(self, header: bool = True) -> bytes:
        """The slice in the format's own form; with `header` a valid file by itself, else the object's very bytes."""
        return self._read(self._origin.reader().read_bytes, header=header)

    def count(self) -> int:
        """Records, counted by reading them."""
        return self._read(self._origin.reader().count)

    def to_file(self, path: str | os.PathLike[str], header: bool = True) -> Path:
        """Write what `read` gives to `path`, whole or not at all; the path.

        Where the slice is bytes of the object it is copied 8 MiB at a time, however large it is.
        """
        # Asked before the file is begun, so that errors of the object come as what they are.
        parts = self._read(partial(byte_parts, self._origin.reader()), header=header)
        data = [self.read(header)] if parts is None else chunks(self._origin.source(), parts)
        with forget_when_refused(), whole_file(Path(path)) as file:
            for chunk in data:
                file.write(chunk)
        return Path(path)

    def _read(self, how: Callable[..., R], *args: Any, **options: Any) -> R:
        with forget_when_refused():
            return how(self._origin.source(), self._origin.shared, self._piece, *args, **options)

    def __getattr__(self, name: str) -> Any:
        # Private names are never views: copy and pickle ask for them before there is an origin.
        if name.startswith("_"):
            raise AttributeError(name)
        views = self._origin.reader().views
        if name not in views:
            known = ", ".join(views) or "none"
            raise AttributeError(f"slices of {self._origin.format!r} have no {name!r}; their views are {known}")
        view = partial(self._read, views[name])
        view.__doc__ = views[name].__doc__
        return view

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *self._origin.reader().views])

    def __reduce__(self) -> tuple[Any, ...]:
        origin = self._origin
        reference = origin.connection.model_dump(mode="json") if origin.connection else None
        return _restored, (
            (origin.uri, origin.etag, origin.size, reference, origin.format, origin.format_version, origin.shared),
            (self._piece.number, self._piece.ranges, self._piece.records, self._piece.details),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LazySlice):
            return NotImplemented
        return self._origin == other._origin and self._piece == other._piece

    def __hash__(self) -> int:
        return hash((self.uri, self._origin.etag, self.number, self.ranges))

    def __repr__(self) -> str:
        return f"<slice {self.number} of {self.uri}: {self.records:,} records, {bytes_for_people(self.nbytes)}>"


def _restored(origin: tuple[Any, ...], piece: tuple[Any, ...]) -> LazySlice:
    uri, etag, size, reference, format, version, shared = origin
    number, ranges, records, details = piece
    connection = ConnectionRef(**reference) if reference else None
    return LazySlice(
        Origin(uri, etag, size, connection, format, version, shared),
        Slice(number=number, ranges=ranges, records=records, details=details),
    )


class Slices(Sequence[LazySlice]):
    """The slices of a manifest, in order; a slice of them is again Slices."""

    def __init__(
        self, manifest: Manifest, which: range | None = None, columns: manifests.Columns | None = None
    ) -> None:
        self._manifest = manifest
        self._columns = columns or manifests.Columns(manifest.slices)
        self._which = range(len(self._columns.records)) if which is None else which
        self._origin = Origin(
            manifest.uri,
            manifest.etag,
            manifest.size,
            manifest.connection,
            manifest.format,
            manifest.format_version,
            manifest.shared,
        )

    @property
    def manifest(self) -> Manifest:
        """The whole record, all slices of it."""
        return self._manifest

    @property
    def manifest_id(self) -> str:
        """What `load_slices` takes."""
        return self._manifest.id

    @property
    def uri(self) -> str:
        return self._manifest.uri

    @property
    def format(self) -> str:
        """The name of the format."""
        return self._manifest.format

    @property
    def records(self) -> int:
        """Records in these slices together."""
        return int(self._columns.records[self._selection()].sum())

    @property
    def nbytes(self) -> int:
        """Bytes of the object that these slices cover together."""
        return int(self._columns.nbytes[self._selection()].sum())

    @property
    def notes(self) -> list[str]:
        """What the format had to say about the cut."""
        return list(self._manifest.notes)

    def __len__(self) -> int:
        return len(self._which)

    @overload
    def __getitem__(self, index: int) -> LazySlice: ...
    @overload
    def __getitem__(self, index: slice) -> Slices: ...
    def __getitem__(self, index: int | slice) -> LazySlice | Slices:
        if isinstance(index, slice):
            return Slices(self._manifest, self._which[index], self._columns)
        try:
            number = self._which[index]
        except IndexError:
            raise IndexError(f"there is no slice {index}: these are {len(self)}") from None
        return LazySlice(self._origin, self._columns.slice(number))

    def __iter__(self) -> Iterator[LazySlice]:
        return (LazySlice(self._origin, self._columns.slice(number)) for number in self._which)

    def map(
        self, fn: Callable[[LazySlice], R], *, workers: int | None = None, executor: Executor | None = None
    ) -> list[R]:
        """`fn` of every slice, in order, computed by `workers` threads (8 at most unless told), or by `executor`.

        The first error stops the rest and is raised, with a note that names the slice. An executor does a slice again
        first, and says what failed in its own words (`open_executor`).
        """
        if executor is not None:
            return list(executor.map(fn, self, connection=self._origin.connection))
        if workers is not None and workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        return _map_in_threads(fn, self, workers or min(8, max(1, len(self))))

    def verify(self, *, workers: int | None = None, report: Report | None = None) -> Verification:
        """Read the object again and prove the sums of the manifest.

        Every slice's records are counted by reading them; together they must be the manifest's. Where slices are bytes
        of the object, these must follow one another without gap or overlap and have the checksum of the scan. What does
        not agree is told in the result (`ok`, `problems`, `raise_if_bad()`), not raised. SourceChanged when the object
        is another one by now, and the errors of S3. `report(done, total)` counts bytes read and may raise Cancelled;
        at most `workers` slices are read at once (8 unless told), a few blocks of each in memory.
        """
        return verify(self, workers, report)

    def _selection(self) -> slice:
        which = self._which
        stop = which.stop if which.stop >= 0 else None
        return slice(which.start, stop, which.step) if len(which) else slice(0, 0)

    def __reduce__(self) -> tuple[Any, ...]:
        return Slices, (self._manifest, self._which)

    def __repr__(self) -> str:
        return (
            f"<{len(self):,} slices of {self.uri} ({self.format}): {self.records:,} records, "
            f"{bytes_for_people(self.nbytes)}; manifest {self.manifest_id}>"
        )

    def _repr_html_(self) -> str:
        return slices_html(self)


def _map_in_threads(fn: Callable[[LazySlice], R], slices: Sequence[LazySlice], workers: int) -> list[R]:
    results: dict[int, R] = {}
    pending: dict[Future[R], tuple[int, LazySlice]] = {}
    pool = ThreadPoolExecutor(workers, thread_name_prefix="slices")
    try:
        for place, piece in enumerate(slices):
            if len(pending) >= 2 * workers:
                _collect(pending, results)
            pending[pool.submit(fn, piece)] = (place, piece)
        while pending:
            _collect(pending, results)
    except Exception:
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    finally:
        # An interrupt from the keyboard does not wait for calls that run already.
        pool.shutdown(wait=False, cancel_futures=True)
    return [results[place] for place in range(len(results))]


def _collect(pending: dict[Future[R], tuple[int, LazySlice]], results: dict[int, R]) -> None:
    done, _ = wait(pending, return_when=FIRST_COMPLETED)
    for future in sorted(done, key=lambda future: pending[future][0]):
        place, piece = pending.pop(future)
        try:
            results[place] = future.result()
        except Exception as error:
            error.add_note(f"while slice {piece.number} of {piece.uri} was mapped")
            raise
