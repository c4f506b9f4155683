"""Several requests at once, each in a thread of a pool; the first error ends them all."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from types import TracebackType
from typing import TypeVar

from ..turns import given_up

AT_ONCE = 8
_THREADS = 16
T = TypeVar("T")

_pools: dict[str, ThreadPoolExecutor] = {}
_pools_lock = threading.Lock()


def at_once(do: Callable[[T], None], items: Iterable[T]) -> None:
    """Call `do` for every item, at most AT_ONCE at a time; the first error ends it. `do` must not come here again."""
    todo = list(items)
    if len(todo) == 1:
        return do(todo[0])
    with given_up(), Aside() as aside:
        for item in todo:
            aside.add(partial(do, item))
        aside.finish()
    return None


class Aside:
    """Work in threads, at most AT_ONCE pieces at a time, beside what the caller does. One thread calls it.

    At the end of `with` nothing of it runs any more: it may write into what the caller holds.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._running: set[Future[None]] = set()

    def __enter__(self) -> Aside:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._waiting.clear()
        for future in self._running:
            future.cancel()
        wait(self._running)

    def add(self, do: Callable[[], None]) -> None:
        """Do this as well, as soon as there is a thread for it."""
        self._waiting.append(do)
        self._begin()

    def look(self) -> None:
        """Begin what has been waiting for its turn; raises the error of what has ended in one."""
        if self._running:
            self._settle({future for future in self._running if future.done()})

    def finish(self) -> None:
        """Wait until all is done; raises the first error."""
        while self._running:
            self._settle(wait(self._running, return_when=FIRST_COMPLETED).done)

    def _settle(self, done: set[Future[None]]) -> None:
        self._running -= done
        for future in done:
            future.result()
        self._begin()

    def _begin(self) -> None:
        while self._waiting and len(self._running) < AT_ONCE:
            self._running.add(pool("s3-read").submit(self._waiting.popleft()))


def pool(name: str) -> ThreadPoolExecutor:
    """The pool of threads of that name."""
    with _pools_lock:
        if name not in _pools:
            _pools[name] = ThreadPoolExecutor(_THREADS, thread_name_prefix=name)
        return _pools[name]


def _forget_pools() -> None:
    """A forked child has none of its parent's threads."""
    global _pools_lock
    _pools_lock = threading.Lock()
    _pools.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pools)
