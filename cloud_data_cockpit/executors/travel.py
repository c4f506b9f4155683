"""What travels to a worker and back: a task that hides what it carries, and what came of it."""

from __future__ import annotations

import pickle
import traceback
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from typing import Any

from ..errors import BadRequest
from ..s3.lending import lent

_BY_VALUE = ("cloudpickle", "joblib.externals.cloudpickle", "pyspark.cloudpickle", "ray.cloudpickle")
_MOST_FUNCTIONS = 8

_functions: OrderedDict[tuple[str, str], Callable[[Any], Any]] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class Outcome:
    """What came of a task: a value, or an error and its traceback in words."""

    value: Any = None
    error: Exception | None = None
    trace: str = ""


@dataclass(frozen=True)
class LocalTask:
    """A task for this very process: nothing is pickled."""

    function: Callable[[Any], Any] = field(repr=False)
    item: Any = field(repr=False)

    def __call__(self) -> Outcome:
        try:
            return Outcome(self.function(self.item))
        except Exception as error:  # noqa: BLE001 - who asked for the task gets it
            return Outcome(error=error)


@dataclass(frozen=True)
class Parcel:
    """A task for another process: function, item and lent keys as bytes, none of which its repr shows."""

    function: bytes = field(repr=False)
    digest: str
    item: bytes = field(repr=False)
    keys: bytes | None = field(default=None, repr=False)

    def __call__(self) -> bytes:
        """Do the task in the process that calls this; the Outcome, pickled."""
        try:
            with lent(self.keys) as lender:
                value = self._function(lender)(pickle.loads(self.item))  # noqa: S301 - sent by who started the task
                return dumps(Outcome(value))
        except Exception as error:  # noqa: BLE001 - it travels back to who asked for the task
            return _failed(error)

    def _function(self, lender: str) -> Callable[[Any], Any]:
        """The function, unpickled once for many tasks: sources in it keep their connections open."""
        key = (self.digest, lender)
        with _lock:
            if key in _functions:
                _functions.move_to_end(key)
                return _functions[key]
        made: Callable[[Any], Any] = pickle.loads(self.function)  # noqa: S301 - sent by who started the task
        with _lock:
            _functions[key] = made
            while len(_functions) > _MOST_FUNCTIONS:
                _functions.popitem(last=False)
        return made


def perform(parcel: Parcel) -> bytes:
    """What engines call on a worker."""
    return parcel()


def opened(came: Outcome | bytes) -> Outcome:
    """The outcome as it came from `LocalTask` or, in bytes, from a worker."""
    if isinstance(came, bytes):
        found: Outcome = pickle.loads(came)  # noqa: S301 - made by a worker that this process chose
        return found
    return came


def packed(function: Callable[[Any], Any]) -> tuple[bytes, str]:
    """`function` as bytes, and what tells it from others. BadRequest when it cannot travel."""
    data = dumps(function)
    return data, sha256(data).hexdigest()


def dumps(value: Any) -> bytes:
    """`value` pickled; functions of a notebook or a script too, where cloudpickle or an engine that has it is here."""
    by_value = _by_value()
    if by_value is None and _home(value) == "__main__":
        raise BadRequest(
            "a function of the notebook or script itself cannot travel to other processes: put it into a module, "
            "or pip install cloudpickle"
        )
    try:
        data: bytes = (by_value or pickle).dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise BadRequest(f"{_name(value)} cannot travel to other processes: {error}") from error
    return data


def _home(value: Any) -> str:
    while isinstance(value, partial):
        value = value.func
    return str(getattr(value, "__module__", "")) if callable(value) else ""


def _name(value: Any) -> str:
    while isinstance(value, partial | Outcome):
        value = value.func if isinstance(value, partial) else value.value
    return str(getattr(value, "__qualname__", None) or f"something of type {type(value).__name__}")


@cache
def _by_value() -> Any:
    for name in _BY_VALUE:
        if find_spec(name.partition(".")[0]) is not None:
            return import_module(name)
    return None


def _failed(error: Exception) -> bytes:
    trace = "".join(traceback.format_exception(error))
    try:
        data = dumps(Outcome(error=error, trace=trace))
        pickle.loads(data)  # noqa: S301 - our own bytes: some exceptions pickle and do not come back
    except Exception:  # noqa: BLE001 - then its words travel
        return pickle.dumps(Outcome(error=RuntimeError(f"{type(error).__name__}: {error}"), trace=trace))
    return data
