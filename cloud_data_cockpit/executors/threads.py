"""Threads of this process: nothing pickles, nothing starts; right for reading, which waits more than it computes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar, Literal

from .engine import Came, Engine, Task

AT_ONCE = 8


class ThreadsExecutor(Engine):
    """A pool of threads. What runs when it is stopped goes on by itself and is left out of account."""

    name: ClassVar[str] = "threads"
    title: ClassVar[str] = "threads of this process"
    where: ClassVar[Literal["process", "machine", "cluster"]] = "process"

    _pool: ThreadPoolExecutor | None = None

    @property
    def workers(self) -> int:
        return self.chosen.workers or AT_ONCE

    @property
    def local(self) -> bool:
        return True

    def launch(self, tasks: Sequence[Task]) -> list[Future[Any]]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="executor-task")
        return [self._pool.submit(task) for task in tasks]

    def drop(self, futures: Sequence[Came]) -> None:
        running = [future for future in futures if not future.cancel() and not future.done()]
        if running and self._pool is not None:
            # These threads are busy with what nobody wants: the next task gets others.
            self._pool.shutdown(wait=False)
            self._pool = None

    def shut(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._pool = None
