"""One slice of an object: read when asked, pickled small and without credentials."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ..errors import FormatError
from ..formats.base import Format
from ..models import ConnectionRef, Slice
from ..registry import get_format
from ..source import Source
from . import boxes
from .bytewise import byte_parts, chunks
from .open import check_other_file
from .opened import forget_when_refused, opened_source
from .storage import whole_file
from .table import bytes_for_people

R = TypeVar("R")


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

    One that begins inside a gzip member takes the 32 KiB before it along, packed to some 13 kB; a long one does so
    every 24 MiB or more.

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

    @property
    def details(self) -> dict[str, Any]:
        """What the format wrote about it besides: a window of pixels, rows of a table, whether it begins mid-record."""
        return dict(self._piece.details)

    def box(self) -> boxes.Box:
        """(least x, least y, greatest x, greatest y) in the units of the file, by the object's header.

        Of windows of a GeoTIFF and tiles of LAS, LAZ, COPC. BadRequest for slices without places.
        """
        return boxes.box_of(self._origin, self)

    def get(self) -> Any:
        """The natural object of the field: a table, a list of records, an array."""
        return self._own(self._origin.reader().read)

    def read(self, header: bool = True) -> bytes:
        """The slice in the format's own form; with `header` a valid file by itself, else the object's very bytes."""
        return self._own(self._origin.reader().read_bytes, header=header)

    def count(self) -> int:
        """Records, counted by reading them."""
        return self._own(self._origin.reader().count)

    def to_file(self, path: str | os.PathLike[str], header: bool = True) -> Path:
        """Write what `read` gives to `path`, whole or not at all; the path.

        Where the slice is bytes of the object it is copied 8 MiB at a time, however large it is. A file of that name is
        replaced; BadRequest when it is the one that was cut.
        """
        check_other_file(Path(path), self.uri)
        # Asked before the file is begun, so that errors of the object come as what they are.
        parts = self._own(partial(byte_parts, self._origin.reader()), header=header)
        data = [self.read(header)] if parts is None else chunks(self._origin.source(), parts)
        with forget_when_refused(), whole_file(Path(path)) as file:
            for chunk in data:
                file.write(chunk)
        return Path(path)

    def _own(self, how: Callable[..., R], **options: Any) -> R:
        """`_read` of what takes nothing from the caller: what the reader misses, the manifest lacks."""
        try:
            return self._read(how, **options)
        except (LookupError, TypeError) as error:
            raise FormatError(
                f"slice {self.number} of {self.uri} does not hold what its format wrote "
                f"({type(error).__name__}: {error}): the manifest was damaged or edited; partition the object again"
            ) from error

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
