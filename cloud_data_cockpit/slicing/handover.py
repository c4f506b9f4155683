"""Slices handed to other libraries as what these call their own: bags, tables, data sets, futures, axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..errors import BadRequest, MissingExtra

if TYPE_CHECKING:
    from .piece import LazySlice
    from .slices import Slices

_BARS = 500
"""Slices up to which each has a bar of its own; more of them are drawn as a line."""


def dask_bag(slices: Slices) -> Any:
    """A bag with a partition for each slice."""
    _needed("dask", "cloud-data-cockpit[dask]")
    from dask import bag

    return bag.from_sequence(slices, npartitions=max(1, len(slices)))


def dask_dataframe(slices: Slices, meta: Any) -> Any:
    """A table with a partition for each slice. BadRequest when there is none, or its format makes no tables."""
    _needed("dask", "cloud-data-cockpit[dask]")
    if not len(slices):
        raise BadRequest("there is no slice to make a table of")
    if not hasattr(slices[0], "to_pandas"):
        raise BadRequest(f"slices of {slices.format!r} are no tables; to_dask_bag() takes slices of any format")
    from dask import dataframe

    known = slices[0].to_pandas().iloc[:0] if meta is None else meta
    return dataframe.from_map(_table, list(slices), meta=known)


def _table(piece: LazySlice) -> Any:
    return piece.to_pandas()


def ray_dataset(slices: Slices) -> Any:
    """A Dataset with a block for each slice."""
    _needed("ray", "cloud-data-cockpit[ray]")
    from ray import data

    context = data.DataContext.get_current()
    if getattr(context, "enable_fallback_to_arrow_object_ext_type", True) is None:
        # What None means too; said aloud, Ray does not warn that slices are no type of Arrow's.
        context.enable_fallback_to_arrow_object_ext_type = True
    return data.from_items([{"slice": piece} for piece in slices], override_num_blocks=max(1, len(slices)))


def rdd(slices: Slices, spark: Any) -> Any:
    """An RDD with a partition for each slice. BadRequest when there is no session."""
    _needed("pyspark", "cloud-data-cockpit[spark]")
    from ..executors.spark import slices_rdd

    return slices_rdd(slices, spark)


def lithops_futures(slices: Slices, fn: Callable[[LazySlice], Any], executor: Any) -> list[Any]:
    """What `FunctionExecutor.map` gives."""
    return list(executor.map(fn, list(slices)))


@dataclass(frozen=True)
class SliceDataset:
    """What torch calls a map-style data set: a length, and items by number. It pickles, so workers of any kind do."""

    slices: Slices
    read: Callable[[LazySlice], Any]

    def __len__(self) -> int:
        return len(self.slices)

    def __getitem__(self, index: int) -> Any:
        return self.read(self.slices[index])


def torch_dataset(slices: Slices, read: Callable[[LazySlice], Any]) -> SliceDataset:
    """The data set; torch itself is not imported."""
    _needed("torch", "torch")
    return SliceDataset(slices, read)


def plot_sizes(slices: Slices, ax: Any) -> Any:
    """Two panels of one figure, or what `ax` (two of them) was given: bytes above, records below."""
    _needed("matplotlib", "cloud-data-cockpit[plot]")
    if ax is None:
        from matplotlib import pyplot

        _, ax = pyplot.subplots(2, 1, sharex=True, figsize=(8, 4))
    for axes, values, label in zip(ax, slices.sizes(), ("bytes", "records"), strict=True):
        if len(values) <= _BARS:
            axes.bar(range(len(values)), values)
        else:
            axes.plot(values, linewidth=0.8)
        axes.set_ylabel(label)
    ax[-1].set_xlabel("slice")
    ax[0].set_title(slices.uri)
    return ax


def _needed(library: str, package: str) -> None:
    try:
        found = find_spec(library) is not None
    except ValueError:  # a stand-in without a spec
        found = True
    if not found:
        raise MissingExtra(f"this needs {library}: pip install '{package}'")
