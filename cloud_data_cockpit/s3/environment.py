"""Variables of the environment, looked at for every read: os.environ takes 1 us for each that is not there."""

from __future__ import annotations

import os


class Watched:
    """Some variables as they are now: what compares equal has not changed in between."""

    def __init__(self, *names: str) -> None:
        self._names = names
        # What os.environ keeps, and as it names it there; asked in vain it neither encodes nor raises.
        held = getattr(os.environ, "_data", None)
        self._held = held if isinstance(held, dict) else None
        self._keys = [os.environ.encodekey(name) for name in names]

    def now(self) -> tuple[object, ...]:
        """Their values, as the system holds them."""
        if self._held is None:
            return tuple([os.environ.get(name) for name in self._names])
        return tuple(map(self._held.get, self._keys))
