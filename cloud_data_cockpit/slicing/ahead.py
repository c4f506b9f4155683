"""A map that works ahead in threads: while one block is put in its place, the next ones are fetched and scanned."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

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
        pending: deque[Future[R]] = deque()
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="scan")
        turns = Turns(min(_COMPUTING, os.cpu_count() or 1), self.threads)

        def in_turn(item: T) -> R:
            with turns.taken():
                return fn(item)

        try:
            for item in items:
                pending.append(pool.submit(in_turn, item))
                if len(pending) > self.threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            # A caller that stops half way does not wait for blocks that nobody needs.
            pool.shutdown(wait=False, cancel_futures=True)


def run_for(uri: str) -> Ahead:
    """As many requests at once as S3 needs to be fast; for a file as many threads as there are processors, or 4."""
    return Ahead(_REQUESTS if is_s3(uri) else min(_LOCAL, os.cpu_count() or 1))
