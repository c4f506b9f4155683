"""Slices in a notebook: a list that is read lazily, filtered, mapped in order on any engine, handed to others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from ..formats.base import Report
from ..models import ConnectionRef, Manifest
from . import boxes, handover, manifests, sharing, streaming
from .open import ConnectionLike, resolved
from .piece import LazySlice, Origin
from .table import bytes_for_people, slices_html
from .verify import Verification, verify

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ..executors import Executor

R = TypeVar("R")
Which = range | NDArray[np.int64]

__all__ = ["LazySlice", "Origin", "Slices", "load_slices"]


def load_slices(ref: str | os.PathLike[str] | Manifest, *, connection: ConnectionLike = None) -> Slices:
    """The slices of a manifest on this machine: its id, the path of its file, or the record itself.

    `connection` replaces the one that the manifest names. NotFound, FormatError and Conflict tell what is wrong with
    a manifest that is missing, damaged or of a newer version. `cloud_data_cockpit.load_slices` looks elsewhere too.
    """
    if isinstance(ref, Manifest):
        return Slices.of(ref, connection)
    if not isinstance(ref, str) or (not manifests.is_id(ref) and Path(ref).is_file()):
        return Slices.of(manifests.load_file(ref), connection)
    return Slices.of(manifests.load(ref), connection)


class Slices(Sequence[LazySlice]):
    """The slices of a manifest, in order; a slice of them is again Slices."""

    def __init__(
        self, manifest: Manifest, which: Which | None = None, columns: manifests.Columns | None = None
    ) -> None:
        self._manifest = manifest
        self._columns = columns or manifests.Columns(manifest.slices)
        self._which: Which = range(len(self._columns.records)) if which is None else which
        self._origin = Origin(
            manifest.uri,
            manifest.etag,
            manifest.size,
            manifest.connection,
            manifest.format,
            manifest.format_version,
            manifest.shared,
        )

    @classmethod
    def of(cls, manifest: Manifest, connection: ConnectionLike = None) -> Slices:
        """All slices of a manifest, read through `connection` where one is given."""
        if connection is not None:
            reached = resolved(manifest.uri, connection)
            manifest = manifest.model_copy(update={"connection": reached.ref if reached else None})
        return cls(manifest)

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
    def connection(self) -> ConnectionRef | None:
        """What names the connection that they are read through; None for a file on this machine."""
        return self._origin.connection

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
            number = int(self._which[index])
        except IndexError:
            raise IndexError(f"there is no slice {index}: these are {len(self)}") from None
        return LazySlice(self._origin, self._columns.slice(number))

    def __iter__(self) -> Iterator[LazySlice]:
        return (LazySlice(self._origin, self._columns.slice(int(number))) for number in self._which)

    def filter(
        self,
        keep: Callable[[LazySlice], bool] | None = None,
        *,
        box: Sequence[float] | None = None,
        min_bytes: int = 0,
        max_bytes: int | None = None,
        min_records: int = 0,
        max_records: int | None = None,
    ) -> Slices:
        """The slices with so many bytes and records, ends included, and of which `keep(slice)` says yes, in order.

        `box` is (least x, least y, greatest x, greatest y) in the units of the file: windows of a GeoTIFF and tiles of
        LAS, LAZ and COPC that touch it; the object's header is read for it. BadRequest for slices without places.
        `keep` sees the numbers of a slice (`records`, `nbytes`, `details`) without reading the object, unless it does.
        """
        nbytes, records = self._columns.nbytes[self._selection()], self._columns.records[self._selection()]
        fits = (nbytes >= min_bytes) & (records >= min_records)
        if max_bytes is not None:
            fits &= nbytes <= max_bytes
        if max_records is not None:
            fits &= records <= max_records
        which = np.asarray(self._which, dtype=np.int64)[fits]
        chosen = Slices(self._manifest, which, self._columns)
        asked = [keep] if keep is not None else []
        if box is not None:
            asked.insert(0, boxes.touching(self._origin, box))
        if not asked:
            return chosen
        kept = [piece.number for piece in chosen if all(says(piece) for says in asked)]
        return Slices(self._manifest, np.asarray(kept, dtype=np.int64), self._columns)

    def map(
        self,
        fn: Callable[[LazySlice], R],
        *,
        engine: streaming.EngineLike = None,
        workers: int | None = None,
        progress: bool = False,
        executor: Executor | None = None,
    ) -> list[R]:
        """`fn` of every slice, in order, computed by `workers` threads (8 at most unless told), or by an `engine`.

        An engine is the name of one ("threads", "processes", "dask", "ray", "lithops", "joblib", "spark"), an executor
        that `open_executor` gave, or any executor of concurrent.futures. The first error stops the rest and is raised,
        with a note that names the slice; an engine by name does a slice again first, and says what failed in its own
        words. `progress` shows a line in the notebook or the terminal. `executor` is another name of `engine`.
        """
        return streaming.mapped(fn, self, engine if executor is None else executor, workers, progress)

    def imap(
        self,
        fn: Callable[[LazySlice], R],
        *,
        engine: streaming.EngineLike = None,
        workers: int | None = None,
        progress: bool = False,
    ) -> Iterator[R]:
        """As `map`, but each result is given as soon as those before it are: memory holds a few of them at most."""
        return streaming.streamed(fn, self, engine, workers, progress)

    def iterate(self, ahead: int = 4, read: Callable[[LazySlice], R] = LazySlice.get) -> Iterator[R]:
        """What `read` gives of each slice (`get()` unless told), in order; `ahead` of them are read in advance."""
        return streaming.ahead_of(read, self, ahead)

    def submit(self, executor: Any, fn: Callable[[LazySlice], R]) -> list[Future[R]]:
        """A future for each slice, of anything with `submit(fn, item)`: concurrent.futures, a Dask client, mpi4py."""
        return [executor.submit(fn, piece) for piece in self]

    def to_dask_bag(self) -> Any:
        """A dask.bag of slices, each a partition: `bag.map(lambda piece: piece.count()).sum().compute()`."""
        return handover.dask_bag(self)

    def to_dask_dataframe(self, meta: Any = None) -> Any:
        """A dask.dataframe with a partition for each slice, by `to_pandas()`; `meta` is read from the first slice."""
        return handover.dask_dataframe(self, meta)

    def to_ray(self) -> Any:
        """A ray.data.Dataset of rows `{"slice": slice}`, each a block of its own, for its `map` and `flat_map`."""
        return handover.ray_dataset(self)

    def to_rdd(self, spark: Any = None) -> Any:
        """An RDD of slices, each a partition; `spark` is a SparkSession or SparkContext, else the one there is."""
        return handover.rdd(self, spark)

    def to_lithops(self, fn: Callable[[LazySlice], R], executor: Any) -> list[Any]:
        """Lithops' futures of `fn(slice)`, of a lithops.FunctionExecutor; `executor.get_result(futures)` waits."""
        return handover.lithops_futures(self, fn, executor)

    def to_torch(self, read: Callable[[LazySlice], Any] = LazySlice.get) -> Any:
        """A data set for torch's DataLoader: item i is `read` of slice i. MissingExtra when torch is not installed."""
        return handover.torch_dataset(self, read)

    def plot(self, ax: Any = None) -> Any:
        """Bytes and records of the slices, drawn by matplotlib; the axes. MissingExtra when it is not installed."""
        return handover.plot_sizes(self, ax)

    def save(self, place: str | os.PathLike[str], *, connection: ConnectionLike = None) -> str:
        """Save the manifest, all slices of it, where others find it; what `load_slices` takes there.

        `place` is `s3://bucket/prefix/`, the URI of an object, a directory or the path of a file; objects and files end
        with `.json`. It is written through `connection`, else through the one of the slices. It holds no credentials.
        """
        return sharing.save(self._manifest, place, connection)

    def verify(self, *, workers: int | None = None, report: Report | None = None) -> Verification:
        """Read the object again and prove the sums of the manifest.

        Every slice's records are counted by reading them; together they must be the manifest's. Where slices are bytes
        of the object, these must follow one another without gap or overlap and have the checksum of the scan. What does
        not agree is told in the result (`ok`, `problems`, `raise_if_bad()`), not raised. SourceChanged when the object
        is another one by now, and the errors of S3. `report(done, total)` counts bytes read and may raise Cancelled;
        at most `workers` slices are read at once (8 unless told), a few blocks of each in memory.
        """
        return verify(self, workers, report)

    def _selection(self) -> slice | NDArray[np.int64]:
        which = self._which
        if not isinstance(which, range):
            return which
        stop = which.stop if which.stop >= 0 else None
        return slice(which.start, stop, which.step) if len(which) else slice(0, 0)

    def sizes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Bytes and records of each slice, as two arrays."""
        chosen = self._selection()
        return self._columns.nbytes[chosen].copy(), self._columns.records[chosen].copy()

    def __reduce__(self) -> tuple[Any, ...]:
        return Slices, (self._manifest, self._which)

    def __repr__(self) -> str:
        return (
            f"<{len(self):,} slices of {self.uri} ({self.format}): {self.records:,} records, "
            f"{bytes_for_people(self.nbytes)}; manifest {self.manifest_id}>"
        )

    def _repr_html_(self) -> str:
        return slices_html(self)
