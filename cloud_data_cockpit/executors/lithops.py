"""Lithops: processes of this machine, or functions of a cloud, whichever its configuration says."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any, ClassVar, Literal

from pydantic import Field

from ..errors import ServiceError
from .base import ExecutorOptions
from .engine import Came, Engine, Task
from .travel import perform

LOOK = 0.05
"""Seconds between looks at futures that a thread of Lithops marks."""


class LithopsOptions(ExecutorOptions):
    backend: str | None = Field(
        default=None, title="Back end", description="localhost, aws_lambda, ...; empty: as configured, or localhost."
    )
    storage: str | None = Field(
        default=None, title="Storage", description="Where tasks and results are kept; empty: as configured."
    )
    config_file: str | None = Field(
        default=None, title="Configuration", description="Path of a Lithops configuration on the server."
    )
    timeout: int | None = Field(
        default=None, ge=1, le=86400, title="Longest task", description="Seconds after which a task counts as lost."
    )


class WorkerLost(Exception):
    """Lithops says that a call ended without a result."""


class LithopsExecutor(Engine):
    """A lithops.FunctionExecutor. On localhost, tasks that run when the job stops are killed."""

    name: ClassVar[str] = "lithops"
    title: ClassVar[str] = "Lithops"
    where: ClassVar[Literal["process", "machine", "cluster"]] = "cluster"
    options: ClassVar[type[ExecutorOptions]] = LithopsOptions
    objects: ClassVar[tuple[str, ...]] = ("config",)
    libraries: ClassVar[tuple[str, ...]] = ("lithops",)
    extra: ClassVar[str | None] = "lithops"
    lends: ClassVar[str | None] = (
        "Lithops keeps its tasks in its storage, where keys must not lie; give its functions a role or credentials of "
        "their own"
    )

    def __init__(self, options: LithopsOptions, config: Mapping[str, Any] | None = None) -> None:
        super().__init__(options)
        self._settings = options
        self._config = dict(config) if config is not None else None
        self._executor: Any = None
        self._watchers: ThreadPoolExecutor | None = None
        self._ended = Event()

    @property
    def workers(self) -> int:
        return self.chosen.workers or os.cpu_count() or 1

    @property
    def batch(self) -> int:
        """A launch writes to storage and starts the back end, so it is worth doing for several tasks at once."""
        return self.workers

    def launch(self, tasks: Sequence[Task]) -> list[Future[Any]]:
        if self._executor is None or self._watchers is None:
            self._executor = self._new()
            self._watchers = ThreadPoolExecutor(8, thread_name_prefix="executor-lithops")
        calls = self._executor.map(perform, [(task,) for task in tasks], timeout=self._settings.timeout)
        futures: list[Future[Any]] = [Future() for _ in tasks]
        self._watchers.submit(_watch, self._executor, list(zip(calls, futures, strict=True)), self._ended)
        return futures

    def _new(self) -> Any:
        import lithops

        settings = self._settings
        chosen: dict[str, Any] = {"backend": settings.backend, "storage": settings.storage}
        if self._config is None and settings.config_file is None and not _configured():
            chosen = {name: value or "localhost" for name, value in chosen.items()}
        if chosen["backend"] == "localhost":
            # The Python that runs this, not whichever the PATH has first.
            chosen |= {"worker_processes": self.workers, "runtime": sys.executable}
        try:
            return lithops.FunctionExecutor(
                config=self._config, config_file=settings.config_file, log_level=None, **chosen
            )
        except Exception as error:  # its own, and those of any cloud's library
            raise ServiceError(f"Lithops does not start: {type(error).__name__}: {error}") from error

    def deaths(self, error: BaseException) -> int:
        return 1 if isinstance(error, WorkerLost) else 0

    def drop(self, futures: Sequence[Came]) -> None:
        """Ends the whole executor: one that has dropped some of its jobs may never begin those that come after."""
        if any(not future.done() for future in futures):
            self.shut()

    def shut(self) -> None:
        self._ended.set()
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.__exit__(None, None, None)
        if self._watchers is not None:
            self._watchers.shutdown(wait=True)
            self._watchers = None
        self._ended = Event()


def _watch(executor: Any, calls: list[tuple[Any, Future[Any]]], ended: Event) -> None:
    """Bring results home as they are ready, and forget in Lithops' storage what has come home."""
    rest = calls
    while rest and not ended.is_set():
        still = [(call, future) for call, future in rest if not _landed(executor, call, future)]
        if len(still) == len(rest):
            ended.wait(LOOK)
        rest = still
    for _, future in rest:
        future.set_exception(WorkerLost("Lithops was stopped"))
    executor.clean(fs=[call for call, _ in calls], clean_cloudobjects=False, force=True)


def _landed(executor: Any, call: Any, future: Future[Any]) -> bool:
    if not (call.ready or call.success or call.error or call.done):
        return False
    try:
        found = call.result(internal_storage=executor.internal_storage)
    except Exception as error:  # noqa: BLE001 - a task's own errors come as outcomes, so this is the worker's end
        future.set_exception(WorkerLost(f"{type(error).__name__}: {error}"))
    else:
        future.set_result(found)
    return True


def _configured() -> bool:
    from lithops.config import get_default_config_filename

    return bool(get_default_config_filename() or os.environ.get("LITHOPS_CONFIG"))
