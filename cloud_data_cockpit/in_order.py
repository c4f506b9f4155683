"""A map in threads that gives results in order and takes no more items than are in work: memory stays bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_order(fn: Callable[[T], R], items: Iterable[T], threads: int, name: str, *, wait: bool = False) -> Iterator[R]:
    """`fn` of each item, in order; at most `threads` + 1 of them in work or waiting to be taken.

    Whoever stops half way does not wait for what nobody needs, unless `wait`: then no `fn` runs any more when it ends.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    coming: deque[Future[R]] = deque()
    try:
        for item in items:
            coming.append(pool.submit(fn, item))
            del item  # nobody but the work holds it
            if len(coming) > threads:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:
        pool.shutdown(wait=wait, cancel_futures=True)
