"""Where slices lie: those of formats whose slices have places, such as tiles of points and windows of a raster."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from ..errors import BadRequest
from ..models import Slice
from ..source import Source
from .opened import forget_when_refused

if TYPE_CHECKING:
    from .piece import LazySlice, Origin

Box: TypeAlias = tuple[float, float, float, float]
"""Least x, least y, greatest x, greatest y, in the units of the file."""


class HasPlaces(Protocol):
    """What a format has besides when its slices have places."""

    def boxes(self, source: Source, shared: Mapping[str, Any]) -> Callable[[Slice], Box | None]:
        """What tells the box of a slice, None without one. BadRequest when the object has no coordinates."""
        ...


def touching(origin: Origin, box: Sequence[float]) -> Callable[[LazySlice], bool]:
    """What tells whether a slice touches `box`, edges included; reads the object's header, and no slice.

    BadRequest for a box that is none, and for slices that have no places.
    """
    if len(box) != 4 or any(math.isnan(number) for number in box) or box[0] > box[2] or box[1] > box[3]:
        raise BadRequest(f"a box is (least x, least y, greatest x, greatest y), not {tuple(box)}")
    boxes = _boxes(origin)

    def touches(piece: LazySlice) -> bool:
        own = _own(boxes, piece)
        return own[0] <= box[2] and box[0] <= own[2] and own[1] <= box[3] and box[1] <= own[3]

    return touches


def box_of(origin: Origin, piece: LazySlice) -> Box:
    """The box of a slice. Tiles at the edge of a point cloud reach beyond it; here they end where its header says."""
    own = _own(_boxes(origin), piece)
    extent = getattr(origin.reader(), "extent", None)
    if extent is None:
        return own
    with forget_when_refused():
        whole: Box | None = extent(origin.source())
    if whole is None:
        return own
    x0, x1 = (min(max(x, whole[0]), whole[2]) for x in (own[0], own[2]))
    y0, y1 = (min(max(y, whole[1]), whole[3]) for y in (own[1], own[3]))
    return x0, y0, x1, y1


def _boxes(origin: Origin) -> Callable[[Slice], Box | None]:
    format = origin.reader()
    if not callable(getattr(format, "boxes", None)):
        raise BadRequest(f"slices of {origin.format!r} have no places; filter them by size, records or a function")
    with forget_when_refused():
        return cast("HasPlaces", format).boxes(origin.source(), origin.shared)


def _own(boxes: Callable[[Slice], Box | None], piece: LazySlice) -> Box:
    own = boxes(Slice.quick(piece.number, piece.ranges, piece.records, piece.details))
    if own is None:
        raise BadRequest(f"{piece!r} has no place: cut the object into tiles to choose them by a box")
    return own
