"""Engines found by entry point, opened by name; which of them can be used here, and what the others need."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from pydantic import ValidationError

from ..errors import BadRequest, MissingExtra
from ..models import ExecutorInfo
from .base import Executor, ExecutorOptions
from .engine import Engine, needed

GROUP = "cloud_data_cockpit.executors"


@cache
def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda p: p.name)}


def executor_names() -> list[str]:
    """Names of all engines that are declared, usable or not."""
    return list(_entry_points())


def list_executors() -> list[ExecutorInfo]:
    """Every engine that is declared: whether it can be used here and, if not, what would mend that."""
    found = [_info(name) for name in executor_names()]
    return sorted(found, key=lambda info: (("process", "machine", "cluster").index(info.where), info.name))


def open_executor(name: str, **options: Any) -> Executor:
    """The engine called `name`, to be closed after use (it is a context manager). It starts with its first task.

    `options` are those of the engine: `workers`, `tries`, `forward_credentials`, an `address`, and living objects such
    as `client`. BadRequest for an engine nobody declares or options it does not have, MissingExtra when its library is
    not installed.
    """
    engine = _engine(name)
    needed(engine)
    objects = {key: options.pop(key) for key in engine.objects if key in options}
    try:
        chosen = engine.options.model_validate(options)
    except ValidationError as error:
        raise BadRequest(f"cannot open {engine.title} like this: {_in_words(engine.options, error)}") from None
    if chosen.forward_credentials and engine.lends is not None:
        raise BadRequest(f"credentials cannot be sent along: {engine.lends}")
    return engine(chosen, **objects)


def check_executor(name: str, options: dict[str, Any]) -> None:
    """What `open_executor` would raise for options that come from outside, where no living objects are."""
    with open_executor(name, **{key: value for key, value in options.items() if key not in _engine(name).objects}):
        return


def _engine(name: str) -> type[Engine]:
    point = _entry_points().get(name)
    if point is None:
        raise BadRequest(f"there is no engine {name!r}; known are {', '.join(executor_names()) or 'none'}")
    try:
        return cast("type[Engine]", point.load())
    except ImportError as error:
        raise MissingExtra(f"the engine {name!r} needs {error.name}: install the package that declares it") from error


def _info(name: str) -> ExecutorInfo:
    try:
        engine = _engine(name)
    except MissingExtra as error:
        schema = ExecutorOptions.model_json_schema()
        return ExecutorInfo(
            name=name, title=name, where="cluster", usable=False, problem=error.message, options_schema=schema
        )
    problem = engine.problem()
    return ExecutorInfo(
        name=name,
        title=engine.title,
        where=engine.where,
        usable=problem is None,
        extra=engine.extra,
        problem=problem,
        options_schema=engine.options.model_json_schema(),
    )


def _in_words(options: type[ExecutorOptions], error: ValidationError) -> str:
    words = []
    for problem in error.errors(include_url=False):
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            words.append(f"there is no option {where!r}; known are {', '.join(options.model_fields)}")
        else:
            words.append(f"{where}: {problem['msg']}")
    return "; ".join(words)
