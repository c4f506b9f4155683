"""Dataplug's names for the ways to cut, as another way to say what our parameters say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import BadRequest
from ..formats.base import Format, strategies_of, strategy_params_of

STRATEGY = "strategy"


def translated(format: Format, params: Mapping[str, Any]) -> dict[str, Any]:
    """`params` in our words: with `strategy`, its arguments become the parameters of `format` that they stand for.

    Parameters of our own, such as an encoding, may be given beside them. BadRequest for a strategy that the format
    does not have, or an argument that is neither the strategy's nor the format's.
    """
    if STRATEGY not in params or STRATEGY in format.params.model_fields:
        return dict(params)
    strategy = params[STRATEGY]
    known = strategies_of(format)
    if not isinstance(strategy, str) or strategy not in known:
        words = f"known are {', '.join(known)}" if known else "it has none; use its parameters"
        raise BadRequest(f"{format.title} has no strategy {strategy!r}; {words}")
    arguments = {name: value for name, value in params.items() if name != STRATEGY}
    return in_our_words(format, strategy, arguments)


def in_our_words(format: Format, strategy: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of `format` that the arguments of a known strategy stand for."""
    names = strategies_of(format)[strategy]
    ours = format.params.model_fields
    # What only Dataplug calls so is translated first: its `slices` may be another thing than our `slices`.
    unknown = [name for name in arguments if name not in names and name not in ours]
    if unknown:
        raise BadRequest(
            f"the strategy {strategy!r} of {format.title} has no argument {unknown[0]!r}; "
            f"known are {', '.join([*names, *(name for name in ours if name not in names)])}"
        )
    made = dict(strategy_params_of(format, strategy))
    for name, value in arguments.items():
        target = names.get(name, name)
        if target in made and target in (names.get(other, other) for other in arguments if other != name):
            raise BadRequest(f"{name!r} says the same as another argument of {strategy!r}; give one of them")
        made[target] = value
    return made
