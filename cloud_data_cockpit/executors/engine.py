"""What engines share: tasks are made, launched from a thread that may wait, retried, dropped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from threading import Lock
from types import TracebackType
from typing import Any, ClassVar, Literal, Self, TypeVar

from ..errors import BadRequest, MissingExtra
from ..s3.lending import Lender, lender_for
from .base import Describe, ExecutorOptions, Stop, name_of_task
from .flight import Flight
from .travel import LocalTask, Outcome, Parcel, dumps, packed

T = TypeVar("T")
R = TypeVar("R")
Task = LocalTask | Parcel
Came = Future[Outcome] | Future[bytes] | Future[Any]


class Engine(ABC):
    """An Executor over whatever gives a `concurrent.futures.Future` for a task.

    All that may wait for the engine (to start, to launch, to drop, to close) happens in one thread of its own, so
    that a stop is honoured at once whatever the engine does meanwhile.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    where: ClassVar[Literal["process", "machine", "cluster"]]
    options: ClassVar[type[ExecutorOptions]] = ExecutorOptions
    objects: ClassVar[tuple[str, ...]] = ()
    """Options that are living objects, such as a client; the panel does not offer them."""
    libraries: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str | None] = None
    exact: ClassVar[bool] = True
    """Whether a worker that dies takes only its own task along, so that the task is known which ended it."""
    ahead: ClassVar[int] = 2
    """Tasks for each worker that are under way or waiting for it, unless a window is given."""
    lends: ClassVar[str | None] = None
    """Why credentials cannot be sent along with tasks; None where they can."""

    def __init__(self, options: ExecutorOptions) -> None:
        self.chosen = options
        self.watcher: Callable[[str], None] | None = None
        self._driver: ThreadPoolExecutor | None = None
        self._lock = Lock()
        self._lenders: dict[Any, Lender | None] = {}

    # --- what an engine says and does ----------------------------------------------------------

    @classmethod
    def problem(cls) -> str | None:
        """Why it cannot be used here, and what would mend that; None when it can."""
        missing = [name for name in cls.libraries if find_spec(name) is None]
        if not missing:
            return None
        return f"{cls.title} needs {' and '.join(missing)}: pip install 'cloud-data-cockpit[{cls.extra}]'"

    @property
    @abstractmethod
    def workers(self) -> int:
        """Tasks that run at once."""

    @property
    def local(self) -> bool:
        """Whether tasks run in this process."""
        return False

    @property
    def batch(self) -> int:
        """Tasks that are best launched together."""
        return 1

    @abstractmethod
    def launch(self, tasks: Sequence[Task]) -> Sequence[Came]:
        """Begin `tasks`, one future each; starts the engine if need be. Called in the engine's thread."""

    def drop(self, futures: Sequence[Came]) -> None:
        """Nobody wants these any more: kill what runs where that can be. Called in the engine's thread."""
        for future in futures:
            future.cancel()

    def deaths(self, error: BaseException) -> int:
        """How many workers died of a task whose future raised `error`; 0 when that is another trouble."""
        return 0

    @abstractmethod
    def shut(self) -> None:
        """End what was started. Called in the engine's thread, after all else."""

    # --- the Executor protocol -----------------------------------------------------------------

    def run(
        self,
        function: Callable[[T], R],
        items: Iterable[T],
        *,
        stop: Stop | None = None,
        window: int | None = None,
        connection: Any = None,
        describe: Describe | None = None,
    ) -> Iterator[tuple[int, R]]:
        """As the protocol says."""
        return self._flight(function, items, stop, window, connection, describe).results()

    def map(
        self,
        function: Callable[[T], R],
        items: Iterable[T],
        *,
        stop: Stop | None = None,
        window: int | None = None,
        connection: Any = None,
        describe: Describe | None = None,
    ) -> Iterator[R]:
        """As the protocol says."""
        return self._flight(function, items, stop, window, connection, describe).in_order()

    def close(self) -> None:
        """End what this executor started, and wait for that; it starts anew with the next task."""
        with self._lock:
            driver, self._driver = self._driver, None
        if driver is not None:
            ended = driver.submit(self.shut)
            driver.shutdown(wait=True)
            ended.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<executor {self.name}>"

    # --- for the flight ------------------------------------------------------------------------

    def drive(self, do: Callable[[], None], *, start: bool = True) -> None:
        """Have `do` done in the engine's thread, after what was asked for before; not at all if that has ended."""
        with self._lock:
            if self._driver is None and start:
                self._driver = ThreadPoolExecutor(1, thread_name_prefix=f"executor-{self.name}")
            if self._driver is not None:
                self._driver.submit(do)

    def _flight(
        self,
        function: Callable[[T], R],
        items: Iterable[T],
        stop: Stop | None,
        window: int | None,
        connection: Any,
        describe: Describe | None,
    ) -> Flight[R]:
        return Flight(self, self._maker(function, connection), items, stop, window, describe or name_of_task)

    def _maker(self, function: Callable[[Any], Any], connection: Any) -> Callable[[Any], Task]:
        if self.local:
            return lambda item: LocalTask(function, item)
        lender = self._lender(connection)
        data, digest = packed(function)

        def parcel(item: Any) -> Parcel:
            reached = lender or self._lender(getattr(item, "connection", None))
            return Parcel(data, digest, dumps(item), reached.sealed() if reached else None)

        return parcel

    def _lender(self, connection: Any) -> Lender | None:
        if not self.chosen.forward_credentials or connection is None:
            return None
        if self.lends is not None:
            raise BadRequest(f"credentials cannot be sent along: {self.lends}")
        key = connection if isinstance(connection, str) else getattr(connection, "ref", connection)
        if key not in self._lenders:
            self._lenders[key] = lender_for(connection)
        return self._lenders[key]


def needed(engine: type[Engine]) -> None:
    """MissingExtra when `engine` cannot be used here."""
    problem = engine.problem()
    if problem is not None:
        raise MissingExtra(problem)
