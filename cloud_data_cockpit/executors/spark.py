"""Spark: the session that there is, a master by its address, or one on this machine; and slices as an RDD."""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from ..errors import BadRequest, ServiceError
from .base import ExecutorOptions
from .engine import Came, Engine, Task
from .travel import perform

_CRASHED = ("Python worker exited unexpectedly", "ExecutorLostFailure", "Python worker failed to connect back")


class SparkOptions(ExecutorOptions):
    address: str | None = Field(
        default=None,
        title="Master",
        description="Such as spark://host:7077. Empty: the session of this process, or this machine.",
        examples=["spark://host:7077"],
    )


class SparkExecutor(Engine):
    """A Spark job for each task. Those that run when the job stops are cancelled by Spark."""

    name: ClassVar[str] = "spark"
    title: ClassVar[str] = "Spark"
    where: ClassVar[Literal["process", "machine", "cluster"]] = "cluster"
    options: ClassVar[type[ExecutorOptions]] = SparkOptions
    objects: ClassVar[tuple[str, ...]] = ("session",)
    libraries: ClassVar[tuple[str, ...]] = ("pyspark",)
    extra: ClassVar[str | None] = "spark"
    lends: ClassVar[str | None] = (
        "Spark writes its tasks to temporary files, where keys must not lie; give its workers a role or credentials "
        "of their own"
    )

    def __init__(self, options: SparkOptions, session: Any = None) -> None:
        super().__init__(options)
        self._address = options.address
        self._session = session
        self._started = False
        self._pool: ThreadPoolExecutor | None = None
        self._groups: dict[int, str] = {}

    @classmethod
    def problem(cls) -> str | None:
        missing = super().problem()
        if missing is None and not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
            return "Spark needs Java 17 or later: install it, or set JAVA_HOME"
        return missing

    @property
    def workers(self) -> int:
        if self.chosen.workers or self._session is None:
            return self.chosen.workers or os.cpu_count() or 1
        return int(self._session.sparkContext.defaultParallelism)

    def launch(self, tasks: Sequence[Task]) -> list[Future[Any]]:
        if self._session is None:
            self._session = self._found()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(2 * self.workers, thread_name_prefix="executor-spark")
        context = self._session.sparkContext
        return [self._begin(self._pool, context, task) for task in tasks]

    def _begin(self, pool: ThreadPoolExecutor, context: Any, task: Task) -> Future[Any]:
        group = f"cockpit-{uuid.uuid4().hex}"

        def work() -> Any:
            context.setJobGroup(group, "Data Cockpit", interruptOnCancel=True)
            return context.parallelize([task], 1).map(perform).collect()[0]

        future = pool.submit(work)
        self._groups[id(future)] = group
        future.add_done_callback(lambda done: self._groups.pop(id(done), None))
        return future

    def _found(self) -> Any:
        from pyspark.sql import SparkSession

        active = _active() if self._address is None else None
        if active is not None:
            return active
        self._started = True
        builder = SparkSession.builder.master(self._address or f"local[{self.workers}]").appName("Data Cockpit")
        if self._address is None:
            builder = (
                builder.config("spark.ui.enabled", "false")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.executorEnv.PYTHONPATH", os.pathsep.join(path or str(Path.cwd()) for path in sys.path))
            )
        with _this_python() if self._address is None else nullcontext():
            try:
                return builder.getOrCreate()
            except Exception as error:  # of Java, of py4j, of Spark
                raise ServiceError(f"Spark does not start: {type(error).__name__}: {error}") from error

    def deaths(self, error: BaseException) -> int:
        return 1 if any(words in str(error) for words in _CRASHED) else 0

    def drop(self, futures: Sequence[Came]) -> None:
        for future in futures:
            if not future.cancel() and (group := self._groups.get(id(future))) is not None:
                self._session.sparkContext.cancelJobGroup(group)

    def shut(self) -> None:
        for group in list(self._groups.values()):
            self._session.sparkContext.cancelJobGroup(group)
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        if self._started and self._session is not None:
            _stop(self._session)
            self._session, self._started = None, False


@contextmanager
def _this_python() -> Iterator[None]:
    """While a session begins, it takes this Python for its workers, unless the environment names another.

    Without the variable it would be the first `python3` of the PATH, whatever the session's configuration says.
    """
    if "PYSPARK_PYTHON" in os.environ:
        yield
        return
    os.environ["PYSPARK_PYTHON"] = sys.executable
    try:
        yield
    finally:
        del os.environ["PYSPARK_PYTHON"]


def slices_rdd(slices: Iterable[Any], session: Any = None) -> Any:
    """Slices as an RDD with a partition for each; `rdd.map(lambda piece: piece.count()).sum()`.

    They are read on Spark's workers, with the credentials that those find. `session` is a SparkSession or a
    SparkContext. BadRequest when there is no session.
    """
    session = session or _active()
    if session is None:
        raise BadRequest("there is no Spark session: make one, or give it as session=")
    pieces = list(slices)
    context = getattr(session, "sparkContext", session)
    return context.parallelize(pieces, max(1, len(pieces)))


def _active() -> Any:
    """The session of this process, whichever thread made it; None when there is none."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate() if SparkContext._active_spark_context is not None else None


def _stop(session: Any) -> None:
    """Stop the session and the Java process, which Spark itself leaves running until Python ends."""
    from pyspark import SparkContext

    session.stop()
    gateway = SparkContext._gateway
    if gateway is not None:
        gateway.shutdown()
        SparkContext._gateway = SparkContext._jvm = None
        gateway.proc.stdin.close()
        gateway.proc.wait()
