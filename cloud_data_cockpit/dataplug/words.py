"""Dataplug's module names over our classes, so that what was written for it runs on ours word for word."""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from .cloudobject import CloudObject
from .surface import DATA_FORMATS, MODULES, SLICES, STRATEGIES
from .upstream import STAND_IN, place_storage

_MISSING = object()
_lock = threading.Lock()
_before: dict[tuple[Any, str], Any] = {}


def install() -> None:
    """Make `from dataplug import CloudObject` and `from dataplug.formats...` give our classes in this process.

    With cloud-dataplug installed its own modules for writing plug-ins (`dataplug.entities`, `dataplug.preprocessing`)
    stay; without it there is a package of that name in this process only. `uninstall` undoes it.
    """
    with _lock:
        if _before:
            return
        place_storage()
        if _installed():
            import_module("dataplug")
        else:
            _put(sys.modules, "dataplug", _package("dataplug"))
        _install_formats()
        root = sys.modules["dataplug"]
        for module in (root, _module("dataplug.cloudobject")):
            _put(module, "CloudObject", CloudObject)


def uninstall() -> None:
    """Put back what was there before `install`."""
    with _lock:
        for (place, name), value in reversed(_before.items()):
            _set(_place(place), name, value)
        _before.clear()
        _places.clear()


def _installed() -> bool:
    held = sys.modules.get("dataplug")
    if held is not None:
        return not hasattr(held, STAND_IN)
    return find_spec("dataplug") is not None


def _install_formats() -> None:
    _module("dataplug.formats", package=True)
    for place, (formats, piece, strategies) in MODULES.items():
        folder = place.partition(".")[0]
        parent = _module(f"dataplug.formats.{folder}", package=True)
        module = ModuleType(f"dataplug.formats.{place}", f"Data Cockpit's formats in place of Dataplug's {place}")
        contents: dict[str, Any] = {name: DATA_FORMATS[name] for name in formats}
        contents |= {piece: SLICES[piece], STAND_IN: True}
        contents |= {name: STRATEGIES[name] for name in strategies}
        module.__dict__.update(contents)
        _put(sys.modules, module.__name__, module)
        _put(parent, place.partition(".")[2], module)
        if folder == "generic":
            for name in formats:
                _put(parent, name, DATA_FORMATS[name])


def _module(name: str, *, package: bool = False) -> ModuleType:
    """The module, made when Dataplug is not installed and so there is none."""
    if name not in sys.modules:
        try:
            import_module(name)
        except ImportError:
            made = _package(name) if package else ModuleType(name)
            made.__dict__[STAND_IN] = True
            _put(sys.modules, name, made)
            parent, _, last = name.rpartition(".")
            _put(sys.modules[parent], last, made)
    return sys.modules[name]


def _package(name: str) -> ModuleType:
    made = ModuleType(name, "Data Cockpit in place of Dataplug")
    made.__dict__.update({"__path__": [], STAND_IN: True})
    return made


# --- what was there before: modules are known by name, so that the record can be a dict

_places: dict[str, Any] = {}


def _put(place: Any, name: str, value: Any) -> None:
    key = "sys.modules" if place is sys.modules else place.__name__
    _places[key] = place
    held = place.get(name, _MISSING) if place is sys.modules else getattr(place, name, _MISSING)
    _before.setdefault((key, name), held)
    _set(place, name, value)


def _place(key: str) -> Any:
    return _places[key]


def _set(place: Any, name: str, value: Any) -> None:
    if place is sys.modules:
        if value is _MISSING:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = value
    elif value is _MISSING:
        place.__dict__.pop(name, None)
    else:
        setattr(place, name, value)
