"""Plug-ins that a CloudObject uses: adapted once, and their slices, which bring the plug-in along elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from ..formats.base import Format
from ..registry import register_format
from ..slicing.slices import LazySlice, Origin
from .adapter import PluginFormat, adapt
from .upstream import title_of

_adapted: dict[str, Format] = {}


def plugin_of(data_format: Any) -> Format:
    """The Format of a plug-in, made and registered the first time it is asked for."""
    decorated = data_format.co_class or data_format.preprocessing_function
    name = f"dataplug:{decorated.__module__}.{title_of(data_format)}"
    held = _adapted.get(name)
    if held is None or cast("PluginFormat", held).data_format is not data_format:
        held = adapt(data_format, name=name)
        _keep(held)
    return held


class PluginSlice(LazySlice):
    """A slice of a plug-in. Where it is unpickled, the plug-in's module is imported and its format registered."""

    def __init__(self, origin: Origin, piece: Any, format: Format) -> None:
        super().__init__(origin, piece)
        self._format = format

    @property
    def range_0(self) -> Any:
        """As the plug-in's strategy set it."""
        return self._piece.details["state"].get("range_0")

    @property
    def range_1(self) -> Any:
        """As the plug-in's strategy set it."""
        return self._piece.details["state"].get("range_1")

    def __reduce__(self) -> tuple[Any, ...]:
        restore, arguments = super().__reduce__()
        return _restored, (self._format, restore, arguments)


def _restored(format: Format, restore: Callable[..., LazySlice], arguments: tuple[Any, ...]) -> PluginSlice:
    held = _adapted.get(format.name)
    if held is None:
        _keep(format)
        held = format
    piece = restore(*arguments)
    return PluginSlice(piece._origin, piece._piece, held)


def _keep(format: Format) -> None:
    register_format(format, replace=format.name in _adapted)
    _adapted[format.name] = format
