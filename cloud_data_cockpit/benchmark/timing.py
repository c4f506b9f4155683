"""What a worker does for a benchmark: read one slice, or call a function with it, and tell what that took."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from ..errors import BadRequest, Cancelled
from ..slicing.slices import LazySlice
from .memory import watched

Clock = Callable[[], float]
Per = Literal["auto", "slice", "slices"]
Timed = str | Callable[..., Any]


@dataclass(frozen=True)
class Timing:
    """One slice, or all of them in one call. `source` tells which counter of requests `before` and `after` are of."""

    seconds: float
    nbytes: int
    records: int
    slices: int
    source: tuple[int, int]
    before: int | None
    after: int | None
    peak: int | None
    failure: str | None = None


def time_slice(timed: Timed, clock: Clock, piece: LazySlice) -> Timing:
    """Read `piece`, or call `timed` with it. An error is told in the result: one bad slice does not end a sweep."""
    call = call_of(timed)
    return _timed(lambda: call(piece), clock, [piece], None)


def time_slices(timed: Timed, clock: Clock, pieces: Sequence[LazySlice]) -> Timing:
    """Call `timed` once with all slices; when it gives a number, that is how many seconds it took."""
    call = call_of(timed)
    return _timed(lambda: call(pieces), clock, pieces, _as_seconds)


def call_of(timed: Timed) -> Callable[[Any], Any]:
    """What to call: reading by "read", "get" or a view's name, a function by "module:function", or the function itself.

    BadRequest when there is no such function.
    """
    if not isinstance(timed, str):
        return timed
    module, colon, name = timed.partition(":")
    if not colon:
        return _reading(timed)
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadRequest(
            f"there is no function {timed!r} to time: {error}; name it as package.module:function"
        ) from None
    if not callable(found):
        raise BadRequest(f"{timed!r} is not a function")
    called: Callable[[Any], Any] = found
    return called


def takes_all(timed: Timed, per: Per) -> bool:
    """Whether `timed` is called once with all slices, as the first Data Cockpit did, and not with each of them."""
    if per != "auto":
        return per == "slices"
    if isinstance(timed, str) and ":" not in timed:
        return False
    try:
        parameters = list(inspect.signature(call_of(timed)).parameters)
    except (TypeError, ValueError):
        return False
    return bool(parameters) and parameters[0].lower().endswith("slices")


def name_of(timed: Timed) -> str:
    """Words for what is timed."""
    if isinstance(timed, str):
        return timed
    return f"{getattr(timed, '__module__', '?')}:{getattr(timed, '__qualname__', type(timed).__name__)}"


def _reading(way: str) -> Callable[[LazySlice], Any]:
    def read(piece: LazySlice) -> Any:
        return piece.read(header=False) if way == "read" else getattr(piece, way)()

    return read


def _timed(
    call: Callable[[], Any],
    clock: Clock,
    pieces: Sequence[LazySlice],
    seconds_of: Callable[[Any], float | None] | None,
) -> Timing:
    failure, source = None, pieces[0].source if pieces else None
    before = getattr(source, "requests", None)
    value = None
    with watched() as peak:
        started = clock()
        try:
            value = call()
        except Cancelled:
            raise
        except Exception as error:  # noqa: BLE001 - it is a result here: a failure that is counted and shown
            failure = f"{type(error).__name__}: {error}"
        seconds = clock() - started
    told = seconds_of(value) if seconds_of is not None and failure is None else None
    return Timing(
        seconds=seconds if told is None else told,
        nbytes=sum(piece.nbytes for piece in pieces),
        records=sum(piece.records for piece in pieces),
        slices=len(pieces),
        source=(os.getpid(), id(source)),
        before=before,
        after=getattr(source, "requests", None),
        peak=peak.bytes,
        failure=failure,
    )


def _as_seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if value > 0 else None


now: Clock = time.perf_counter
