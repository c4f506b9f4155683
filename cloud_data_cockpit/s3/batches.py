"""Many objects at once: a bounded number of threads, failures of single ones collected, stopped when asked to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol, TypeVar

from ..errors import Cancelled, CockpitError, CredentialsError, Incomplete, ServiceError
from .faults import NoSuchBucket

AT_ONCE = 16
HOPELESS = 50
"""So many failures one after another, before anything has succeeded, and the rest is not tried."""
LOOK = 0.2
_CAUSES = 3
T = TypeVar("T")


class Hopeless(ServiceError):
    """What failed here will fail for all others as well, such as a disk that is full."""


class Watch(Protocol):
    """What is told of work on many objects; every method but `note` raises Cancelled once that is to stop."""

    def check(self) -> None: ...

    def add(self, done: int = 0, items: int = 0, total: int = 0, items_total: int = 0) -> None: ...

    def note(self, text: str) -> None: ...

    def phase_is(self, phase: str) -> None: ...


class Unwatched:
    """A watch that nobody asks and that stops nothing."""

    def check(self) -> None:
        return None

    def add(self, done: int = 0, items: int = 0, total: int = 0, items_total: int = 0) -> None:
        return None

    def note(self, text: str) -> None:
        return None

    def phase_is(self, phase: str) -> None:
        return None


class Failures:
    """What went wrong with single objects. Thread-safe."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._lock = threading.Lock()
        self._causes: list[str] = []
        self._succeeded = False
        self.count = 0

    def add(self, name: str, error: CockpitError) -> None:
        """`name` was not done, because of `error`: a line in the notes. Raises what makes all others fail as well."""
        if isinstance(error, (Cancelled, CredentialsError, Hopeless, NoSuchBucket)):
            raise error
        words = f"{name}: {error.message}"
        with self._lock:
            self.count += 1
            if len(self._causes) < _CAUSES:
                self._causes.append(words)
            hopeless = self.count >= HOPELESS and not self._succeeded
        self._watch.note(words)
        if hopeless:
            raise Incomplete(f"the first {self.count} objects failed, the others were not tried: {self._said()}")

    def success(self) -> None:
        """One was done."""
        self._succeeded = True

    def check(self, what: str) -> None:
        """Raise Incomplete if something failed; `what` was to be done with the objects, such as "copied"."""
        if self.count:
            number = "1 object was" if self.count == 1 else f"{self.count:,} objects were"
            raise Incomplete(f"{number} not {what}, the rest was: {self._said()}")

    def _said(self) -> str:
        more = f"; and {self.count - len(self._causes):,} more" if self.count > len(self._causes) else ""
        return "; ".join(self._causes) + more


def each(
    items: Iterable[T],
    do: Callable[[T], None],
    watch: Watch,
    failures: Failures,
    name: Callable[[T], str],
    at_once: int = AT_ONCE,
) -> None:
    """Call `do` for every item, at most `at_once` at a time; no more than twice as many are taken from `items` early.

    A CockpitError of one is noted among `failures` and the others go on. Anything else ends it: it is raised when the
    calls that run are over, so that nothing goes on behind the caller's back; `do` asks `watch` to end soon.
    """

    def one(item: T) -> None:
        watch.check()
        try:
            do(item)
        except CockpitError as error:
            failures.add(name(item), error)
        else:
            failures.success()

    running: set[Future[None]] = set()
    with ThreadPoolExecutor(at_once, thread_name_prefix="s3-batch") as pool:
        try:
            for item in items:
                watch.check()
                running.add(pool.submit(one, item))
                while len(running) >= 2 * at_once:
                    running = _some_over(running, watch)
            while running:
                running = _some_over(running, watch)
        finally:
            for future in running:
                future.cancel()


def _some_over(running: set[Future[None]], watch: Watch) -> set[Future[None]]:
    done, rest = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED)
    for future in done:
        future.result()
    watch.check()
    return rest


class Halting:
    """A watch that also stops when this work is given up for another reason than a cancel."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._halted = False

    def halt(self) -> None:
        """What still runs shall end."""
        self._halted = True

    def check(self) -> None:
        if self._halted:
            raise Cancelled("given up, because something else failed")
        self._watch.check()

    def add(self, done: int = 0, items: int = 0, total: int = 0, items_total: int = 0) -> None:
        self.check()
        self._watch.add(done, items, total, items_total)

    def note(self, text: str) -> None:
        self._watch.note(text)

    def phase_is(self, phase: str) -> None:
        self._watch.phase_is(phase)
