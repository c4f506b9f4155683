"""Values in S3 that are open: shape, dtype and names at hand, data on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import zarr


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
        return opened(self._members[key]())

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        return f"<StoredDict {', '.join(self)}>"


def opened(value: Any) -> Any:
    import zarr

    from .array_values import note_of, read

    if not isinstance(value, zarr.Array | zarr.Group):
        return value
    kind = note_of(value)["kind"]
    if kind == "array" and isinstance(value, zarr.Array):
        return StoredArray(value)
    return StoredDict(value) if kind == "dict" and isinstance(value, zarr.Group) else read(value)
