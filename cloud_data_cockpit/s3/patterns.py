"""Patterns that keys are searched by: what matches, what prefix a pattern begins with, what folders it can lie in."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import translate
from typing import Protocol

_SPECIAL = re.compile(r"[*?\[]")
_ANY_DEPTH = "**"
Step = Callable[[str], object]


class Pattern(Protocol):
    """What a search looks for, told of names: keys from the searched prefix on."""

    @property
    def literal(self) -> str:
        """What every name begins with that matches."""

    def matches(self, name: str) -> bool:
        """Whether this name is looked for."""

    def may_hold(self, folder: str) -> bool:
        """Whether a name below `folder`, which ends with "/", could match."""


class Substring:
    """Names that hold a text."""

    literal = ""

    def __init__(self, text: str, case_sensitive: bool) -> None:
        self._text = text if case_sensitive else text.casefold()
        self._case_sensitive = case_sensitive

    def matches(self, name: str) -> bool:
        return self._text in (name if self._case_sensitive else name.casefold())

    def may_hold(self, folder: str) -> bool:
        return True


class Glob:
    """Names of a shape: `*` and `?` stay within a step between slashes, a step `**` is any number of steps.

    A glob without "/" is that of the last step, at any depth. `[abc]`, `[a-z]` and `[!a]` are one character. The
    marker of a folder is matched without its "/". Matching takes time in proportion to the name, whatever the glob.
    """

    def __init__(self, glob: str, case_sensitive: bool) -> None:
        self._flags = 0 if case_sensitive else re.IGNORECASE
        anywhere = "/" not in glob and glob != _ANY_DEPTH
        steps = [_ANY_DEPTH, glob] if anywhere else glob.removesuffix("/").split("/")
        self._steps: list[Step | None] = [None if step == _ANY_DEPTH else self._step(step) for step in steps]
        self._last = self._steps[-1] if anywhere else None
        self.literal = "" if anywhere else _beginning(glob, case_sensitive)

    def _step(self, glob: str) -> Step:
        return re.compile(translate(glob), self._flags).match

    def matches(self, name: str) -> bool:
        name = name.removesuffix("/")
        if self._last is not None:
            return self._last(name[name.rfind("/") + 1 :]) is not None
        return _matches(self._steps, name.split("/"))

    def may_hold(self, folder: str) -> bool:
        given = folder.removesuffix("/").split("/")
        for number, name in enumerate(given):
            if number >= len(self._steps):
                return False
            step = self._steps[number]
            if step is None:
                return True
            if step(name) is None:
                return False
        return len(given) < len(self._steps)


def pattern_of(text: str, syntax: str, case_sensitive: bool) -> Pattern:
    """The pattern of a search; `syntax` is "glob" or "substring"."""
    return Glob(text, case_sensitive) if syntax == "glob" else Substring(text, case_sensitive)


def _matches(steps: Sequence[Step | None], names: Sequence[str]) -> bool:
    """Whether the names match the steps, None standing for any number of them; goes back to the last None only."""
    at = step = 0
    again: tuple[int, int] | None = None
    while at < len(names):
        if step < len(steps) and steps[step] is None:
            again = (step, at)
            step += 1
            continue
        wanted = steps[step] if step < len(steps) else None
        if wanted is not None and wanted(names[at]) is not None:
            at, step = at + 1, step + 1
        elif again is not None:
            again = (again[0], again[1] + 1)
            step, at = again[0] + 1, again[1]
        else:
            return False
    return all(rest is None for rest in steps[step:])


def _beginning(glob: str, case_sensitive: bool) -> str:
    """The literal text before the first special character; as far as it has no case, where case does not matter."""
    special = _SPECIAL.search(glob)
    text = glob[: special.start()] if special else glob.removesuffix("/")
    # "a/**" also matches "a" itself, so the slash before "**" is no part of what all names begin with.
    if special and glob[special.start() :].startswith(_ANY_DEPTH) and text.endswith("/"):
        text = text[:-1]
    if case_sensitive:
        return text
    return text[: next((at for at, one in enumerate(text) if not one == one.lower() == one.upper()), len(text))]
