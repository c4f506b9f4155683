"""The form of a plug-in: its strategies and their arguments, read from the signatures of its functions."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, ClassVar, Literal, Union, get_args, get_origin

from pydantic import ConfigDict, Field, create_model, model_validator

from ..errors import BadRequest
from ..formats.base import SLICE_BYTES, PartitionParams

_GIVEN = ("cloud_object", "chunk_data", "chunk_id", "chunk_size", "num_chunks")
"""What Dataplug itself hands to a preprocessing function."""
_COUNTS = ("num_chunks", "n_chunks", "num_slices", "num_partitions", "num_batches", "num_splits", "num_parts")
"""Arguments that say how many slices there shall be."""
_PLAIN = (int, float, str, bool)


@dataclass(frozen=True)
class Argument:
    """One argument of a strategy or of the preprocessing. `name` is the plug-in's, `field` the parameter's."""

    name: str
    field: str
    kind: Any
    default: Any = inspect.Parameter.empty

    @property
    def needed(self) -> bool:
        return self.default is inspect.Parameter.empty


@dataclass(frozen=True)
class Strategy:
    """A way to cut; `call` takes the cloud object and the arguments."""

    name: str
    call: Callable[..., Any]
    arguments: tuple[Argument, ...] = ()
    signature: inspect.Signature = field(default_factory=inspect.Signature)
    module: str = ""

    @property
    def count(self) -> Argument | None:
        """The argument that says how many slices there shall be."""
        return next((argument for argument in self.arguments if argument.name in _COUNTS), None)


class PluginParams(PartitionParams):
    """How a plug-in may be told to cut."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    strategies: ClassVar[Mapping[str, Strategy]] = {}
    extra_args: ClassVar[tuple[Argument, ...]] = ()

    @model_validator(mode="after")
    def _arguments_belong_together(self) -> PluginParams:
        # Nothing chosen at all is enough to learn about the object; it is `call_arguments` that needs more.
        if self.strategies and self.model_fields_set - {argument.field for argument in self.extra_args}:
            self.chosen()
        return self

    def chosen(self) -> Strategy:
        """The strategy that is meant: the one named, or the first that takes the arguments given."""
        given = {argument.field for strategy in self.strategies.values() for argument in strategy.arguments}
        given = {name for name in given if name != "num_slices" and getattr(self, name) is not None}
        named = getattr(self, "strategy", None) if "strategy" in self.model_fields_set else None
        if named is not None and named not in self.strategies:
            raise ValueError(f"there is no strategy {named!r}; known are {', '.join(self.strategies)}")
        options = [self.strategies[named]] if named else list(self.strategies.values())
        fitting = [option for option in options if given <= {argument.field for argument in option.arguments}]
        if not fitting:
            words = f"the strategy {named} does not take" if named else "no strategy takes all of"
            raise ValueError(f"{words} {', '.join(sorted(given))}")
        problems = [(option, self._problem(option)) for option in fitting]
        sound = [option for option, problem in problems if problem is None]
        if not sound:
            raise ValueError(problems[0][1])
        return sound[0]

    def _problem(self, strategy: Strategy) -> str | None:
        count = strategy.count
        if self.num_slices is not None and count is None:
            return f"the strategy {strategy.name} cannot be told a number of slices"
        for argument in strategy.arguments:
            if argument.needed and argument is not count and getattr(self, argument.field) is None:
                return f"the strategy {strategy.name} needs {argument.field}"
        return None

    def call_arguments(self, size: int) -> tuple[Strategy, dict[str, Any]]:
        """The strategy and the arguments to call it with, for an object of `size` bytes."""
        try:
            strategy = self.chosen()
        except ValueError as error:
            raise BadRequest(f"cannot cut like this: {error}") from None
        found = {a.name: getattr(self, a.field) for a in strategy.arguments if getattr(self, a.field) is not None}
        count = strategy.count
        if count is not None and count.name not in found:
            if self.num_slices is not None:
                found[count.name] = self.num_slices
            elif count.needed:
                found[count.name] = max(1, -(-size // SLICE_BYTES))
        return strategy, found

    def preprocessing_arguments(self) -> dict[str, Any]:
        """The extra arguments of the preprocessing that were given."""
        given = {argument.name: getattr(self, argument.field) for argument in self.extra_args}
        return {name: value for name, value in given.items() if value is not None}


def strategy_of(name: str, call: Callable[..., Any], inner: Callable[..., Any]) -> Strategy:
    """A strategy with the arguments of `inner`, the function that was decorated; the first one is the cloud object."""
    signature = inspect.signature(inner)
    return Strategy(name, call, tuple(_arguments(inner, list(signature.parameters)[:1])), signature, inner.__module__)


def params_model(
    title: str, preprocessing: Callable[..., Any] | None, strategies: list[Strategy]
) -> type[PluginParams]:
    """The record of choices for a plug-in. BadRequest when two of its functions disagree about an argument."""
    extra = tuple(_arguments(preprocessing, list(_GIVEN))) if preprocessing else ()
    fields: dict[str, Any] = {}
    if strategies:
        names = [strategy.name for strategy in sorted(strategies, key=lambda strategy: strategy.count is None)]
        strategies = sorted(strategies, key=lambda strategy: names.index(strategy.name))
        about = Field(default=names[0], title="Strategy", json_schema_extra={"enum": list(names)})
        fields["strategy"] = (str, about)
    for argument in extra:
        fields[argument.field] = _field(argument, "How the object is preprocessed.", reading=True)
    for strategy in strategies:
        for argument in strategy.arguments:
            if argument.field != "num_slices" and argument.field not in fields:
                users = [s.name for s in strategies if argument.field in {a.field for a in s.arguments}]
                fields[argument.field] = _field(argument, f"For {', '.join(users)}.", reading=False)
    model = create_model(f"{title}Params", __base__=PluginParams, **fields)
    model.strategies = {strategy.name: strategy for strategy in strategies}
    model.extra_args = extra
    return model


def _arguments(function: Callable[..., Any], given: list[str]) -> typing.Iterator[Argument]:
    hints = _hints(function)
    for name, parameter in inspect.signature(function).parameters.items():
        if name in given or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        yield Argument(name, _field_name(name), _kind(hints.get(name), parameter.default), parameter.default)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Annotations, each by itself: one that names what was imported for type checkers only is left out."""
    found: dict[str, Any] = {}
    for name, hint in getattr(function, "__annotations__", {}).items():
        alone = SimpleNamespace(__annotations__={name: hint})
        try:
            found |= typing.get_type_hints(alone, getattr(function, "__globals__", {}))
        except (NameError, AttributeError, TypeError, SyntaxError):
            continue
    return found


def _field_name(name: str) -> str:
    taken = name == "strategy" or (hasattr(PluginParams, name) and name != "num_slices")
    return f"{name}_" if taken or name.startswith("_") else name


def _kind(hint: Any, default: Any) -> Any:
    """The type of a parameter: what the annotation says when a form can hold that, else what the default is."""
    if hint is not None and _formable(hint):
        return hint
    if default is not inspect.Parameter.empty and type(default) in _PLAIN:
        return type(default)
    return bool | int | float | str


def _formable(hint: Any) -> bool:
    if hint in _PLAIN or get_origin(hint) is Literal:
        return True
    if get_origin(hint) in (Union, UnionType, list):
        return all(part is NoneType or _formable(part) for part in get_args(hint))
    return False


def _field(argument: Argument, description: str, *, reading: bool) -> tuple[Any, Any]:
    if not argument.needed and argument.default is not None:
        description += f" {argument.default!r} unless given."
    marks: dict[str, Any] = {"reading": True} if reading else {}
    title = argument.name.replace("_", " ").capitalize()
    return (argument.kind | None, Field(default=None, title=title, description=description, json_schema_extra=marks))


def own_params(params: PartitionParams, model: type[PluginParams]) -> PluginParams:
    """`params` as the plug-in's own record."""
    if not isinstance(params, model):
        raise BadRequest(f"{model.__name__} are needed, not {type(params).__name__}")
    return params
