"""The one place that imports Dataplug, with our storage module where its own does not import on Python 3.12."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from types import ModuleType
from typing import Any

from ..errors import BadRequest, MissingExtra
from .storage import PickleableS3ClientProxy, S3Path

STORAGE = "dataplug.storage.picklableS3"
STAND_IN = "__data_cockpit__"
_WRAPPER = "PartitioningStrategy.__call__.<locals>.strategy_wrapper"


def place_storage() -> None:
    """Put our storage module where Dataplug will look for its own, unless that has been imported already.

    Its own does not import on Python 3.12 and later, asks STS for every client and pickles the secret key.
    """
    if STORAGE in sys.modules:
        return
    module = ModuleType(STORAGE, "Data Cockpit's storage module, in place of Dataplug's")
    module.__dict__.update({"PickleableS3ClientProxy": PickleableS3ClientProxy, "S3Path": S3Path, STAND_IN: True})
    sys.modules[STORAGE] = module


def upstream(name: str = "dataplug") -> ModuleType:
    """A module of Dataplug. MissingExtra when it is not installed."""
    place_storage()
    try:
        module = import_module(name)
    except ImportError as error:
        raise MissingExtra(
            f"plug-ins of Dataplug need {error.name or 'cloud-dataplug'}: pip install 'cloud-data-cockpit[dataplug]'"
        ) from error
    if hasattr(module, STAND_IN):
        raise MissingExtra("plug-ins need Dataplug itself: pip install 'cloud-data-cockpit[dataplug]'")
    return module


def is_plugin(value: object) -> bool:
    """Whether `value` is a class that was decorated with Dataplug's @CloudDataFormat."""
    entities = sys.modules.get("dataplug.entities")
    return entities is not None and isinstance(value, entities.CloudDataFormat)


def title_of(data_format: Any) -> str:
    """The name of the class that was decorated."""
    # @CloudDataFormat without parentheses takes the class for the preprocessing function.
    decorated = data_format.co_class or data_format.preprocessing_function
    return str(getattr(decorated, "__name__", type(data_format).__name__))


def functions_of(data_format: Any) -> tuple[Callable[..., Any] | None, Callable[..., Any] | None]:
    """The preprocessing and the finalizer function, where there are any."""
    first = data_format.preprocessing_function
    return (None if inspect.isclass(first) else first), data_format.finalizer_function


def home_of(data_format: Any) -> tuple[str, str] | None:
    """Module and name under which a data format can be imported."""
    for name in _modules_of(data_format):
        for attribute, value in list(vars(sys.modules[name]).items()):
            if value is data_format:
                return name, attribute
    return None


def strategies_in(data_format: Any, places: Iterable[Any]) -> list[tuple[Callable[..., Any], Callable[..., Any]]]:
    """(decorated, as written) functions that cut `data_format`: those given, and those in the modules given.

    With no places: those in the modules of the format itself. BadRequest for what is neither.
    """
    found: list[tuple[Callable[..., Any], Callable[..., Any]]] = []
    for place in list(places) or [sys.modules[name] for name in _modules_of(data_format)]:
        if isinstance(place, ModuleType):
            pairs = [unwrapped(value) for value in list(vars(place).values())]
            found += [(call, inner) for of, call, inner in pairs if of is data_format and call is not None]
            continue
        of, call, inner = unwrapped(place)
        if of is None or call is None:
            raise BadRequest(f"{place!r} is neither a @PartitioningStrategy nor a module of them")
        found.append((call, inner))
    unique = {inner.__name__: (call, inner) for call, inner in found}
    return list(unique.values())


def unwrapped(value: Any) -> tuple[Any, Any, Any]:
    """(data format, decorated function, function as written) of a @PartitioningStrategy; Nones for anything else."""
    if inspect.isfunction(value) and value.__qualname__.endswith(_WRAPPER):
        held = inspect.getclosurevars(value).nonlocals
        return held["self"]._data_format, value, held["func"]
    return None, None, None


def slice_class(reference: str) -> type[Any]:
    """The subclass of CloudObjectSlice that a manifest names as `module:qualname`.

    Only classes that the plug-in has defined by now are found: nothing is imported because a manifest says so.
    BadRequest for others.
    """
    for cls in slice_classes():
        if f"{cls.__module__}:{cls.__qualname__}" == reference:
            return cls
    raise BadRequest(f"the slice is a {reference}, which the plug-in that cut it no longer has; partition it again")


def slice_classes() -> list[type[Any]]:
    """Every subclass of CloudObjectSlice that there is by now."""
    found: list[type[Any]] = []
    pending: list[type[Any]] = [upstream("dataplug.entities").CloudObjectSlice]
    while pending:
        children = pending.pop().__subclasses__()
        found += children
        pending += children
    return found


def _modules_of(data_format: Any) -> list[str]:
    sources = (data_format.co_class, *functions_of(data_format), data_format.preprocessing_function)
    names = [getattr(source, "__module__", None) for source in sources if source is not None]
    return [name for name in dict.fromkeys(names) if name in sys.modules]
