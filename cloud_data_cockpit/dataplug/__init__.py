"""The bridge with Dataplug, both ways: its plug-ins as our formats, our formats under its names.

`adapt` and `register` make a plug-in written with @CloudDataFormat a Format. `CloudObject`, the data formats, the
strategies and the slices of Dataplug are here under their names, over our formats; `install` puts them where Dataplug
has its own, so that what was written for it runs word for word.

Importing this package puts our storage module where Dataplug will look for its own, which does not import on
Python 3.12 and later. Nothing else changes.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .upstream import place_storage as _place_storage

_HOMES = {
    "adapt": ".adapter",
    "register": ".adapter",
    "CloudObject": ".cloudobject",
    "install": ".words",
    "uninstall": ".words",
    "PickleableS3ClientProxy": ".storage",
    "S3Path": ".storage",
    "DataFormat": ".surface",
    "DataSlice": ".surface",
    "Strategy": ".surface",
}
_UPSTREAM = {
    "CloudDataFormat": "dataplug.entities",
    "CloudObjectSlice": "dataplug.entities",
    "PartitioningStrategy": "dataplug.entities",
    "PreprocessingMetadata": "dataplug.preprocessing.metadata",
}

_place_storage()


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name], __name__), name)
    elif name in _UPSTREAM:
        from .upstream import upstream

        value = getattr(upstream(_UPSTREAM[name]), name)
    else:
        from .surface import ALIASES, DATA_FORMATS, SLICES, STRATEGIES

        known: dict[str, Any] = {**DATA_FORMATS, **STRATEGIES, **SLICES}
        known |= {alias: DATA_FORMATS[other] for alias, other in ALIASES.items()}
        if name not in known:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = known[name]
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    from .surface import ALIASES, DATA_FORMATS, SLICES, STRATEGIES

    return sorted([*globals(), *_HOMES, *_UPSTREAM, *DATA_FORMATS, *ALIASES, *STRATEGIES, *SLICES])
