"""The Executor protocol: a bounded window of tasks on some engine; its options; how a task is named in an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")
R = TypeVar("R")

Describe = Callable[[int, Any], str]
"""`describe(index, item)`: the words by which an error names a task."""


class Stop(Protocol):
    """Tells whether somebody wants the work to end; a `threading.Event` is one."""

    def is_set(self) -> bool: ...


class ExecutorOptions(BaseModel):
    """What a person may choose of an engine; its JSON schema draws the form in the panel."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int | None = Field(
        default=None, ge=1, le=4096, title="Workers", description="Tasks that run at once; empty: what the engine has."
    )
    tries: int = Field(
        default=3, ge=1, le=10, title="Tries", description="How often a task is done that fails or ends its worker."
    )
    forward_credentials: bool = Field(
        default=False,
        title="Send credentials along",
        description="Workers get short-lived keys of the connection instead of finding credentials of their own.",
    )


class Executor(Protocol):
    """An engine that is open. It starts with the first task; a context manager that closes it.

    Tasks are pure: `function` and the items pickle (except for threads), and a task that is done twice does no harm.
    `watcher` is called with words when a task is done again, in the thread that takes the results.
    """

    watcher: Callable[[str], None] | None

    @property
    def name(self) -> str:
        """What `open_executor` takes."""
        ...

    @property
    def workers(self) -> int:
        """Tasks that run at once; for a cluster that is not reached yet, a guess."""
        ...

    @property
    def local(self) -> bool:
        """Whether tasks run in this process, so that nothing needs to pickle."""
        ...

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
        """(index, result) of each item, in the order in which they end; `window` of them at most are under way.

        `items` are taken as there is room for them. A task whose worker died is done again, and so is one that raised;
        after as many tries as the options allow the error is raised, and says which item it was: a CockpitError as
        itself, others as TaskFailed. Errors that another try cannot mend (FormatError, AccessDenied, ...) are raised at
        once. Within 0.2 s of `stop.is_set()` it raises Cancelled: queued tasks are dropped, running ones are killed
        where the engine can and left out of account where it cannot. `connection` is the one that tasks read through,
        for `forward_credentials`.
        """
        ...

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
        """The results alone, in the order of `items`; otherwise as `run`. Results that wait count for the window."""
        ...

    def close(self) -> None:
        """End what this executor started: its threads, processes, cluster. A cluster that it was given goes on."""
        ...

    def __enter__(self) -> Executor: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def name_of_task(index: int, item: Any) -> str:
    """Words for an item: a slice, a block of bytes, or the how-manieth it is."""
    number, uri = getattr(item, "number", None), getattr(item, "uri", None)
    if isinstance(number, int) and isinstance(uri, str):
        return f"slice {number} of {uri}"
    if isinstance(item, tuple) and len(item) == 2 and all(type(part) is int for part in item):
        return f"the block of bytes {item[0]} to {item[0] + item[1]}"
    return f"task {index}"
