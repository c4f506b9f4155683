"""Functions of a notebook that the panel can time: registered here, run here, asked for over a Jupyter comm."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import ValidationError

from ..benchmark import sweep_for
from ..benchmark.timing import takes_all
from ..errors import BadRequest, Cancelled, CockpitError, NotFound
from ..models import BenchmarkRequest, BenchmarkResult, Problem

log = logging.getLogger(__name__)
F = TypeVar("F", bound=Callable[..., Any])

TARGET = "cloud_data_cockpit.functions"
INTERVAL = 0.25
"""Seconds between two messages of progress that tell nothing new."""
_functions: dict[str, Callable[..., Any]] = {}
_listening = False


def register(fn: F, name: str | None = None) -> F:
    """Let the panel's benchmark time `fn`, a function of this notebook; gives `fn`, so it may stand as a decorator.

    `fn` takes a slice, or all slices (its argument is then called `slices`) and gives the seconds it took. One of the
    same name is replaced. It runs in this kernel, and nothing of it is sent anywhere. BadRequest for what is no
    function.
    """
    if not callable(fn):
        raise BadRequest(f"{fn!r} is no function; register one that takes a slice, or slices")
    _functions[name or str(getattr(fn, "__name__", type(fn).__name__))] = fn
    _listen()
    return fn


def registered() -> list[dict[str, str]]:
    """What the panel is told: name, first line of the docstring, and whether it takes a "slice" or "slices"."""
    return [
        {
            "name": name,
            "doc": (inspect.getdoc(fn) or "").partition("\n")[0],
            "per": "slices" if takes_all(fn, "auto") else "slice",
        }
        for name, fn in _functions.items()
    ]


def run(name: str, request: BenchmarkRequest, report: Callable[[int, int], None]) -> BenchmarkResult:
    """The sweep that `request` asks for, of the registered function; `timed` of the result is "notebook:<name>".

    NotFound when no function of that name is registered, the errors of `sweep`.
    """
    if name not in _functions:
        known = ", ".join(_functions) or "none"
        raise NotFound(f"this notebook has registered no function {name!r} (registered: {known}); run its cell again")
    result = sweep_for(request, timed=_functions[name], report=report)
    return result.model_copy(update={"timed": f"notebook:{name}"})


# --- the comm ----------------------------------------------------------------------------------


def _listen() -> None:
    """Be there for the panel, from the first function on. A script without a kernel has nobody to talk to."""
    global _listening
    if _listening:
        return
    try:
        import comm
    except ImportError:  # no notebook's kernel comes without it
        return
    comm.get_comm_manager().register_target(TARGET, _opened)
    _listening = True


def _opened(channel: Any, message: dict[str, Any]) -> None:
    channel.on_msg(lambda message: _asked(channel, message))
    channel.send({"type": "functions", "functions": registered()})


def _asked(channel: Any, message: dict[str, Any]) -> None:
    """One message of the panel; whatever goes wrong is told there, also an interrupt of the kernel."""
    data = message.get("content", {}).get("data", {})
    try:
        if data.get("type") != "run":
            raise BadRequest(f"{data.get('type')!r} is nothing that a notebook does; it can run")
        request = BenchmarkRequest.model_validate(data.get("request"))
        result = run(str(data.get("name")), request, _Telling(channel))
        channel.send({"type": "result", "result": result.model_dump(mode="json")})
    except KeyboardInterrupt:
        _fail(channel, Cancelled("the benchmark was interrupted in the notebook"))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        _fail(channel, BadRequest(f"the request is not right: {where}: {first['msg']}"))
    except CockpitError as error:
        _fail(channel, error)
    except Exception as error:
        log.exception("the benchmark of %s failed", data.get("name"))
        _fail(channel, error)


def _fail(channel: Any, error: BaseException) -> None:
    ours = isinstance(error, CockpitError)
    words = str(error) if ours else f"{type(error).__name__}: {error}"
    problem = Problem(code=error.code if isinstance(error, CockpitError) else "internal", message=words)
    channel.send({"type": "error", "error": problem.model_dump(mode="json")})


class _Telling:
    """Progress to the panel: every new count at once, the same again a few times a second at most."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._told: tuple[int, int] | None = None
        self._at = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if (done, total) == self._told and now - self._at < INTERVAL:
            return
        self._told, self._at = (done, total), now
        self._channel.send({"type": "progress", "done": done, "total": total, "phase": "measuring"})
