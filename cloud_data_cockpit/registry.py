"""Formats found by entry point and imported on first use, and those that this process registered."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from .contents import words_for
from .errors import BadRequest, FormatError, MissingExtra, UnknownFormat

if TYPE_CHECKING:
    from .formats.base import Format

GROUP = "cloud_data_cockpit.formats"

_registered: dict[str, Format] = {}


@cache
def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda p: p.name)}


def format_names() -> list[str]:
    """Names of all formats that are declared, usable or not."""
    return [*_entry_points(), *_registered]


def register_format(format: Format, *, replace: bool = False) -> None:
    """Make `format` known in this process under its name, as an entry point does in every process.

    BadRequest when the name is another format's, unless that was registered and may be replaced.
    """
    held = _registered.get(format.name, format)
    if format.name in _entry_points() or (held is not format and not replace):
        raise BadRequest(f"there is a format {format.name!r} already; choose another name")
    _registered[format.name] = format
    get_format.cache_clear()


@cache
def get_format(name: str) -> Format:
    """The format called `name`. BadRequest when nobody declares it, MissingExtra when its library is not installed."""
    if name in _registered:
        return _registered[name]
    point = _entry_points().get(name)
    if point is None:
        raise BadRequest(f"there is no format {name!r}; known are {', '.join(format_names()) or 'none'}")
    try:
        factory = point.load()
    except ImportError as error:
        extra = point.extras[0] if point.extras else name
        raise MissingExtra(
            f"the format {name!r} needs {error.name or 'a library that is not installed'}: "
            f"pip install 'cloud-data-cockpit[{extra}]'"
        ) from error
    return cast("Format", factory())


def missing_libraries(format: Format) -> list[str]:
    """Modules that `format` reads with (its attribute `libraries`) and that are not installed here."""
    return [name for name in getattr(format, "libraries", ()) if find_spec(name) is None]


def detect_format(name: str, head: bytes, size: int) -> Format:
    """The format that is surest of the object called `name`, `size` bytes long, whose first bytes are `head`.

    FormatError when the object is empty, UnknownFormat when no usable format recognises it.
    """
    if size == 0:
        raise FormatError(f"{name} is empty: there is nothing to cut")
    best: tuple[float, Format] | None = None
    for candidate in format_names():
        try:
            found = get_format(candidate)
        except MissingExtra:
            continue
        sure = found.detect(name, head)
        if sure > 0 and (best is None or sure > best[0]):
            best = (sure, found)
    if best is None:
        words = words_for(head)
        if words is not None:
            raise UnknownFormat(f"{name} is {words}")
        raise UnknownFormat(
            f"the content of {name} is none of {', '.join(format_names())}; name the format if you know better"
        )
    return best[1]
