"""An executor as a Run: the scan of an object, block by block, on any engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from .base import Executor, Stop

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class OnExecutor:
    """A Run (formats.base): results in the order of the items, a window of them at most under way or waiting."""

    executor: Executor
    stop: Stop | None = None
    window: int | None = None
    connection: Any = None

    def __call__(self, fn: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        return self.executor.map(fn, items, stop=self.stop, window=self.window, connection=self.connection)


def as_run(
    executor: Executor, *, stop: Stop | None = None, window: int | None = None, connection: Any = None
) -> OnExecutor:
    """What `partition(run=...)` takes, so that the blocks of an index are scanned on `executor`; they are joined here.

    `stop` ends the scan with Cancelled within a second, also while a block is being read. `connection` is that of the
    object, for `forward_credentials`.
    """
    return OnExecutor(executor, stop, window, connection)
