"""Processes of this machine, started anew and not forked; the program that asks for them needs no `__main__` guard."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Literal

from ..errors import CockpitError
from .engine import Came, Engine, Task
from .travel import Parcel
from .wire import receive, send

PATIENCE = 5.0


class WorkerDied(Exception):
    """A worker ended before it answered."""


class Worker:
    """One process that does a task at a time. `python -m` starts it, so it never imports the caller's main program.

    multiprocessing's own processes do import it, which starts a script without a guard over and over.
    """

    def __init__(self) -> None:
        if not sys.executable:
            raise CockpitError("this Python does not say where it is (sys.executable), so no processes can be started")
        command = [sys.executable, "-P", "-m", "cloud_data_cockpit.executors.worker"]
        environment = {**os.environ, "PYTHONPATH": _path()}
        # In a session of its own, Ctrl-C in a terminal reaches the program and not its workers.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
        )
        self.killed = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def do(self, parcel: Parcel) -> bytes:
        """The outcome of the task, pickled. WorkerDied when the process ends meanwhile."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise WorkerDied("the worker has no pipes")
        try:
            send(stdin, pickle.dumps(parcel))
            return receive(stdout)
        except (OSError, EOFError, ValueError):
            self.kill()
            raise WorkerDied(f"the worker ended with exit code {self._process.wait()}") from None

    def kill(self) -> None:
        """End it at once; who waits in `do` gets WorkerDied."""
        self.killed = True
        self._process.kill()

    def end(self) -> None:
        """Let it end by itself, or kill it, and close its pipes."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(0 if self.killed else PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class ProcessesExecutor(Engine):
    """Worker processes, started as tasks come. One that is busy when the job stops is killed."""

    name: ClassVar[str] = "processes"
    title: ClassVar[str] = "processes of this machine"
    where: ClassVar[Literal["process", "machine", "cluster"]] = "machine"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._pool: ThreadPoolExecutor | None = None
        self._idle: list[Worker] = []
        self._busy: dict[Future[Any], Worker] = {}
        # Tasks that were dropped while their process was still starting: it is killed as soon as it is there.
        self._unwanted: set[Future[Any]] = set()
        self._guard = threading.Lock()

    @property
    def workers(self) -> int:
        return self.chosen.workers or os.cpu_count() or 1

    def launch(self, tasks: Sequence[Task]) -> list[Future[Any]]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="executor-process")
        return [self._begin(self._pool, task) for task in tasks]

    def _begin(self, pool: ThreadPoolExecutor, task: Task) -> Future[Any]:
        begun: Future[Any] = Future()

        def work() -> None:
            if not begun.set_running_or_notify_cancel():
                return
            try:
                result = self._on_worker(begun, task)
            except Exception as error:  # noqa: BLE001 - the future's to tell
                begun.set_exception(error)
            else:
                begun.set_result(result)

        pool.submit(work)
        return begun

    def _on_worker(self, begun: Future[Any], task: Task) -> bytes:
        if not isinstance(task, Parcel):
            raise TypeError("a worker process takes parcels only")
        with self._guard:
            worker = self._idle.pop() if self._idle else None
        worker = worker or Worker()
        with self._guard:
            self._busy[begun] = worker
            if begun in self._unwanted:
                worker.kill()
        try:
            return worker.do(task)
        finally:
            with self._guard:
                self._busy.pop(begun, None)
                self._unwanted.discard(begun)
                if not worker.killed:
                    self._idle.append(worker)
            if worker.killed:
                worker.end()

    def drop(self, futures: Sequence[Came]) -> None:
        for future in futures:
            if future.cancel():
                continue
            with self._guard:
                worker = self._busy.get(future)
                if worker is not None:
                    worker.kill()
                elif not future.done():
                    self._unwanted.add(future)

    def deaths(self, error: BaseException) -> int:
        return 1 if isinstance(error, WorkerDied) else 0

    def shut(self) -> None:
        with self._guard:
            for worker in self._busy.values():
                worker.kill()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        self._unwanted.clear()
        idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()


def _path() -> str:
    """Where this process finds modules, for the worker: a function of a script's neighbour is found there too."""
    return os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
