"""A map that works ahead in threads: while one block is put in its place, the next ones are fetched and scanned."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from ..in_order import in_order
from ..turns import Turns
from .open import is_s3

T = TypeVar("T")
R = TypeVar("R")

_REQUESTS = 8
_LOCAL = 4
_COMPUTING = 4


@dataclass(frozen=True)
class Ahead:
    """A Run: results in order, at most `threads` + 1 of them in work or waiting, so memory stays bounded.

    As many threads compute at once as there are processors, 4 at most; the others wait for bytes.
    """

    threads: int

    def __call__(self, fn: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        turns = Turns(min(_COMPUTING, os.cpu_count() or 1), self.threads)

        def in_turn(item: T) -> R:
            with turns.taken():
                return fn(item)

        yield from in_order(in_turn, items, self.threads, "scan")


def run_for(uri: str) -> Ahead:
    """As many requests at once as S3 needs to be fast; for a file as many threads as there are processors, or 4."""
    return Ahead(_REQUESTS if is_s3(uri) else min(_LOCAL, os.cpu_count() or 1))
