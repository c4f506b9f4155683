"""Ray: a cluster by its address, the one that this process is connected to, or one on this machine for the while."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from itertools import count
from typing import Any, ClassVar, Literal

from pydantic import Field

from ..errors import ServiceError
from .base import ExecutorOptions
from .engine import Came, Engine, Task
from .travel import perform

LOOK = 0.25
"""Seconds between looks of a busy worker at whether its task is still wanted."""


class RayOptions(ExecutorOptions):
    address: str | None = Field(
        default=None,
        title="Cluster",
        description="`auto`, or ray://host:10001. Empty: what this process is connected to, or this machine.",
        examples=["auto"],
    )


class RayExecutor(Engine):
    """Remote functions of Ray. A worker that is busy when the job stops ends itself.

    Not by `ray.cancel`: where that meets a task that is just beginning or ending, Ray 2.60 ends the process that asked.
    """

    name: ClassVar[str] = "ray"
    title: ClassVar[str] = "Ray"
    where: ClassVar[Literal["process", "machine", "cluster"]] = "cluster"
    options: ClassVar[type[ExecutorOptions]] = RayOptions
    libraries: ClassVar[tuple[str, ...]] = ("ray",)
    extra: ClassVar[str | None] = "ray"

    def __init__(self, options: RayOptions) -> None:
        super().__init__(options)
        self._address = options.address
        self._remote: Any = None
        self._started = False
        self._dropped: Any = None
        self._numbers = count()
        self._flying: dict[int, int] = {}

    @property
    def workers(self) -> int:
        if self.chosen.workers or self._remote is None:
            return self.chosen.workers or os.cpu_count() or 1
        import ray

        return int(ray.cluster_resources().get("CPU", 1))

    def launch(self, tasks: Sequence[Task]) -> list[Future[Any]]:
        if self._remote is None:
            self._start()
        return [self._begin(task) for task in tasks]

    def _begin(self, task: Task) -> Future[Any]:
        number = next(self._numbers)
        future: Future[Any] = self._remote.remote(task, self._dropped, number).future()
        self._flying[id(future)] = number
        future.add_done_callback(lambda done: self._flying.pop(id(done), None))
        return future

    def _start(self) -> None:
        import ray

        if not ray.is_initialized():
            try:
                self._connect(ray)
            except Exception as error:  # a slow start is a bare Exception of Ray
                raise ServiceError(f"Ray does not start or cannot be reached: {error}") from error
            self._started = True
        # How often a task is tried is decided here, where it is known which one it is.
        self._remote = ray.remote(max_retries=0)(perform_while_wanted)
        self._dropped = ray.remote(num_cpus=0)(Dropped).remote()

    def _connect(self, ray: Any) -> None:
        if self._address is not None:
            ray.init(address=self._address, log_to_driver=False)
        else:
            cpus = self.chosen.workers or os.cpu_count() or 1
            ray.init(
                address="local", num_cpus=cpus, include_dashboard=False, log_to_driver=False, logging_level="error"
            )

    def deaths(self, error: BaseException) -> int:
        from ray import exceptions

        lost = (
            exceptions.WorkerCrashedError,
            exceptions.NodeDiedError,
            exceptions.OutOfMemoryError,
            exceptions.ObjectLostError,
        )
        return 1 if isinstance(error, lost) else 0

    def drop(self, futures: Sequence[Came]) -> None:
        import ray

        numbers = [self._flying[id(future)] for future in futures if id(future) in self._flying]
        if numbers:
            # Waited for: what is shut down next must not be the one who tells the workers.
            ray.get(self._dropped.add.remote(numbers))

    def shut(self) -> None:
        self._remote = self._dropped = None
        self._flying.clear()
        if self._started:
            import ray

            ray.shutdown()
            self._started = False


class Dropped:
    """An actor that knows which tasks nobody waits for any more. It lives as long as somebody may ask it."""

    def __init__(self) -> None:
        self._numbers: set[int] = set()

    def add(self, numbers: Sequence[int]) -> None:
        """Nobody wants these."""
        self._numbers.update(numbers)

    def has(self, number: int) -> bool:
        """Whether nobody wants this one."""
        return number in self._numbers


def perform_while_wanted(task: Any, dropped: Any, number: int) -> bytes:
    """On a worker: `perform`, unless the task was dropped before; the worker ends when it is dropped meanwhile."""
    import ray

    if ray.get(dropped.has.remote(number)):
        return b""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(LOOK):
            try:
                unwanted = ray.get(dropped.has.remote(number))
            except ray.exceptions.RayError:  # who asked for the task has gone, and Ray ends its workers by itself
                return
            if unwanted and not done.is_set():
                os._exit(1)

    threading.Thread(target=watch, name="cockpit-wanted", daemon=True).start()
    try:
        return perform(task)
    finally:
        done.set()
