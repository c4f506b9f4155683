"""Ray: a cluster by its address, the one that this process is connected to, or one on this machine for the while."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, ClassVar, Literal

from pydantic import Field

from ..errors import ServiceError
from .base import ExecutorOptions
from .engine import Came, Engine, Task
from .travel import perform


class RayOptions(ExecutorOptions):
    address: str | None = Field(
        default=None,
        title="Cluster",
        description="`auto`, or ray://host:10001. Empty: what this process is connected to, or this machine.",
        examples=["auto"],
    )


class RayExecutor(Engine):
    """Remote functions of Ray. A worker that is busy when the job stops is killed."""

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
        self._refs: dict[int, Any] = {}

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
        ref = self._remote.remote(task)
        future: Future[Any] = ref.future()
        self._refs[id(future)] = ref
        future.add_done_callback(lambda done: self._refs.pop(id(done), None))
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
        self._remote = ray.remote(max_retries=0)(perform)

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

        for future in futures:
            ref = self._refs.get(id(future))
            if ref is not None:
                ray.cancel(ref, force=True)

    def shut(self) -> None:
        self._remote = None
        self._refs.clear()
        if self._started:
            import ray

            ray.shutdown()
            self._started = False
