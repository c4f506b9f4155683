"""Data Cockpit: find cloud data in JupyterLab, cut it exactly, load the slices in a notebook."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "Arrays": ".kernel.arrays",
    "DataCockpit": ".kernel.panel",
    "browse": ".kernel.browser",
    "connect": ".s3.connections",
    "partition": ".slicing.partition",
    "load_slices": ".kernel.loading",
    "register": ".kernel.functions",
    "upload": ".s3.uploading",
    "CockpitError": ".errors",
}

__all__ = [
    "Arrays",
    "CockpitError",
    "DataCockpit",
    "browse",
    "cockpit",
    "connect",
    "load_slices",
    "partition",
    "register",
    "upload",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("cloud-data-cockpit")
    if name == "cockpit":
        return import_module(".kernel.cockpit", __name__)
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "cloud-data-cockpit"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .extension import CloudDataCockpit

    return [{"module": "cloud_data_cockpit", "app": CloudDataCockpit}]
