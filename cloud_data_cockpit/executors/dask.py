"""Dask: a scheduler by its address, a client that there is, or workers started on this machine for the while."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from typing import Any, ClassVar, Literal

from pydantic import Field

from ..errors import BadRequest, ServiceError
from .base import ExecutorOptions
from .engine import Came, Engine, Task
from .travel import perform

CONNECT_TIMEOUT = 20


class DaskOptions(ExecutorOptions):
    address: str | None = Field(
        default=None,
        title="Scheduler",
        description="Such as tcp://10.0.0.5:8786. Empty: the client of this process, or workers on this machine.",
        examples=["tcp://10.0.0.5:8786"],
    )


class DaskExecutor(Engine):
    """A distributed.Client. Tasks that run when the job stops are left out of account; with workers of its own,
    `close` ends them."""

    name: ClassVar[str] = "dask"
    title: ClassVar[str] = "Dask"
    where: ClassVar[Literal["process", "machine", "cluster"]] = "cluster"
    options: ClassVar[type[ExecutorOptions]] = DaskOptions
    objects: ClassVar[tuple[str, ...]] = ("client",)
    libraries: ClassVar[tuple[str, ...]] = ("dask", "distributed")
    extra: ClassVar[str | None] = "dask"
    # What is queued on a worker dies with it, beside the task that ended it.
    exact: ClassVar[bool] = False
    ahead: ClassVar[int] = 4

    def __init__(self, options: DaskOptions, client: Any = None) -> None:
        super().__init__(options)
        self._address = options.address
        self._given = client
        self._client: Any = None
        self._cluster: Any = None
        self._theirs: dict[int, Any] = {}
        if client is not None and options.address is not None:
            raise BadRequest("give Dask either the address of a scheduler or a client, not both")

    @property
    def workers(self) -> int:
        if self.chosen.workers:
            return self.chosen.workers
        client = self._client or self._given
        threads = sum(client.nthreads().values()) if client is not None else 0
        return threads or os.cpu_count() or 1

    def launch(self, tasks: Sequence[Task]) -> list[Future[Any]]:
        if self._client is None:
            self._client = self._given or self._found() or self._own()
        return [self._begin(self._client, task) for task in tasks]

    def _begin(self, client: Any, task: Task) -> Future[Any]:
        # Not `client.get_executor()`: it takes a result for an error when its worker dies just after giving it.
        ours: Future[Any] = Future()
        theirs = client.submit(perform, task, pure=False)
        self._theirs[id(ours)] = theirs
        ours.add_done_callback(lambda done: self._theirs.pop(id(done), None))
        client.loop.add_callback(_bring_home, theirs, ours)
        return ours

    def _found(self) -> Any:
        """The client for the address, or the one that this process has; None when neither is there."""
        from distributed import Client, get_client

        if self._address is not None:
            try:
                return Client(self._address, timeout=CONNECT_TIMEOUT, set_as_default=False)
            except (OSError, ValueError) as error:
                raise ServiceError(
                    f"no Dask scheduler answers at {self._address} ({error}): check the address, and that this machine "
                    "reaches the scheduler"
                ) from error
        try:
            self._given = get_client()
        except ValueError:
            return None
        return self._given

    def _own(self) -> Any:
        """Workers as subprocesses: those of a LocalCluster would import the caller's main program once more."""
        from distributed import Client, Scheduler, SpecCluster
        from distributed.deploy.subprocess import SubprocessWorker

        number = self.chosen.workers or os.cpu_count() or 1
        quiet = logging.WARNING
        kwargs = {"nthreads": 1, "host": "127.0.0.1", "dashboard": False, "silence_logs": quiet}
        worker = {"cls": SubprocessWorker, "options": {"worker_kwargs": kwargs}}
        # A worker's death is told at once: which task is to blame, and how often it is tried, is decided here.
        scheduler = {
            "cls": Scheduler,
            "options": {"host": "127.0.0.1", "port": 0, "dashboard": False, "allowed_failures": 0},
        }
        workers = dict.fromkeys(range(number), worker)
        self._cluster = SpecCluster(
            workers=workers, scheduler=scheduler, worker=worker, name="cockpit", silence_logs=quiet
        )
        client = Client(self._cluster, set_as_default=False)
        client.register_plugin(_plugin(list(sys.path)))
        return client

    def deaths(self, error: BaseException) -> int:
        from distributed.scheduler import KilledWorker

        return 1 + int(error.allowed_failures) if isinstance(error, KilledWorker) else 0

    def drop(self, futures: Sequence[Came]) -> None:
        wanted = [self._theirs.get(id(future)) for future in futures]
        for future in futures:
            future.cancel()
        if self._client is not None:
            self._client.cancel([theirs for theirs in wanted if theirs is not None])

    def shut(self) -> None:
        client, self._client = self._client, None
        if client is not None and client is not self._given:
            client.close()
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            cluster.close()


async def _bring_home(theirs: Any, ours: Future[Any]) -> None:
    """What came of Dask's future, in a future of concurrent.futures."""
    try:
        result = await theirs._result()
    except (CancelledError, asyncio.CancelledError):
        ours.cancel()
        return
    except Exception as error:  # noqa: BLE001 - the future's to tell
        with suppress(InvalidStateError):  # nobody waits for it any more
            ours.set_exception(error)
        return
    with suppress(InvalidStateError):
        ours.set_result(result)


def _plugin(paths: list[str]) -> Any:
    """Has every worker, also one that is started for another that died, find modules where this process finds them."""
    from distributed import WorkerPlugin

    class Paths(WorkerPlugin):  # type: ignore[misc]
        name = "cockpit-paths"

        def setup(self, worker: Any) -> None:
            sys.path.extend(path for path in paths if path not in sys.path)

    return Paths()
