"""joblib: its own worker processes, or any backend that is registered with it (threading, dask, ray, ...)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from threading import Event
from typing import Any, ClassVar, Literal

from pydantic import Field

from .base import ExecutorOptions
from .engine import Came, Engine, Task
from .travel import perform


class JoblibOptions(ExecutorOptions):
    backend: str = Field(
        default="loky",
        title="Backend",
        description="loky: worker processes. Or another that joblib knows, such as threading, dask or ray.",
        examples=["loky", "threading", "dask"],
    )


@dataclass
class _Batch:
    tasks: Sequence[Task]
    futures: list[Future[Any]]
    dropped: Event = field(default_factory=Event)


class JoblibExecutor(Engine):
    """joblib's workers. With loky, those that are busy when the job stops are killed; other backends' run on."""

    name: ClassVar[str] = "joblib"
    title: ClassVar[str] = "joblib"
    where: ClassVar[Literal["process", "machine", "cluster"]] = "machine"
    options: ClassVar[type[ExecutorOptions]] = JoblibOptions
    libraries: ClassVar[tuple[str, ...]] = ("joblib",)
    extra: ClassVar[str | None] = "joblib"
    # One worker's death ends the whole pool, whatever the others were at.
    exact: ClassVar[bool] = False

    def __init__(self, options: JoblibOptions) -> None:
        super().__init__(options)
        self._backend = options.backend
        self._pool: Any = None
        self._batches: dict[int, _Batch] = {}

    @property
    def workers(self) -> int:
        return self.chosen.workers or os.cpu_count() or 1

    @property
    def batch(self) -> int:
        return 1 if self._backend == "loky" else self.workers

    def launch(self, tasks: Sequence[Task]) -> list[Future[Any]]:
        return self._in_loky(tasks) if self._backend == "loky" else self._in_backend(tasks)

    # --- loky: futures of its own ----------------------------------------------------------------

    def _in_loky(self, tasks: Sequence[Task]) -> list[Future[Any]]:
        from joblib.externals.loky import ProcessPoolExecutor

        # Not the pool that joblib shares: when it is killed, somebody else's work would be too.
        broken = self._pool is not None and self._pool._flags.broken is not None
        if self._pool is None or broken:
            if broken:
                self._pool.shutdown(wait=False, kill_workers=True)
            self._pool = ProcessPoolExecutor(self.workers)
        return [self._pool.submit(perform, task) for task in tasks]

    # --- any other backend: a call of Parallel for each batch ------------------------------------

    def _in_backend(self, tasks: Sequence[Task]) -> list[Future[Any]]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(4, thread_name_prefix="executor-joblib")
        batch = _Batch(tasks, [Future() for _ in tasks])
        for future in batch.futures:
            self._batches[id(future)] = batch
            future.add_done_callback(lambda done: self._batches.pop(id(done), None))
        self._pool.submit(self._parallel, batch)
        return batch.futures

    def _parallel(self, batch: _Batch) -> None:
        try:
            for place, came in self._results(batch):
                if not batch.futures[place].done():
                    batch.futures[place].set_result(came)
        except Exception as error:  # noqa: BLE001 - the futures' to tell
            for future in batch.futures:
                if not future.done():
                    future.set_exception(error)
        for future in batch.futures:
            future.cancel()

    def _results(self, batch: _Batch) -> Iterator[tuple[int, bytes]]:
        import joblib

        def tasks() -> Iterator[Any]:
            for place, task in enumerate(batch.tasks):
                if batch.dropped.is_set():
                    return
                yield joblib.delayed(_numbered)(place, task)

        with joblib.parallel_config(backend=self._backend, n_jobs=self.workers):
            lazy = joblib.parallel.get_active_backend()[0].supports_return_generator
            parallel = joblib.Parallel(
                return_as="generator_unordered" if lazy else "list", pre_dispatch="n_jobs", batch_size=1
            )
            yield from parallel(tasks())

    # --- both -------------------------------------------------------------------------------------

    def deaths(self, error: BaseException) -> int:
        from joblib.externals.loky.process_executor import ShutdownExecutorError

        return 1 if isinstance(error, BrokenProcessPool | ShutdownExecutorError) else 0

    def drop(self, futures: Sequence[Came]) -> None:
        for future in futures:
            batch = self._batches.get(id(future))
            if batch is not None:
                batch.dropped.set()
        running = [future for future in futures if not future.cancel() and not future.done()]
        if running and self._backend == "loky" and self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None

    def shut(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        if self._backend == "loky":
            pool.shutdown(wait=True, kill_workers=True)
        else:
            pool.shutdown(wait=not self._batches)


def _numbered(place: int, task: Any) -> tuple[int, bytes]:
    return place, perform(task)
