"""A function of every slice, results in order: in threads, on an engine, on any executor of concurrent.futures."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from concurrent.futures import Executor as FuturesExecutor
from contextlib import closing
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ..errors import BadRequest
from ..meter import Meter
from .piece import LazySlice

if TYPE_CHECKING:
    from ..executors import Executor
    from .slices import Slices

R = TypeVar("R")

EngineLike: TypeAlias = "str | Executor | FuturesExecutor | None"

_THREADS = 8
_WINDOW = 32
"""Slices that are under way or waiting on an executor whose workers nobody has counted."""


def mapped(
    fn: Callable[[LazySlice], R], slices: Slices, engine: EngineLike, workers: int | None, progress: bool
) -> list[R]:
    """All results in a list. Threads of our own go on while an early slice is slow; the window of others is bounded."""
    if engine is not None:
        return list(streamed(fn, slices, engine, workers, progress))
    number = _workers(workers, len(slices))
    with Meter("Slices", shown=progress, unit="slices") as meter:
        meter.add(items_total=len(slices))
        return _map_in_threads(fn, slices, number, meter)


def streamed(
    fn: Callable[[LazySlice], R], slices: Slices, engine: EngineLike, workers: int | None, progress: bool
) -> Iterator[R]:
    """Results one by one, as a generator; what it started ends with it, also when it is left half way.

    BadRequest for an engine that is none, ValueError for `workers` below 1: at once, not with the first result.
    """
    number = _workers(workers, len(slices))
    if isinstance(engine, str):
        results = _by_name(engine, fn, slices, workers)
    elif isinstance(engine, FuturesExecutor):
        results = _on_futures(engine, fn, slices, number if workers else _WINDOW)
    elif engine is None:
        results = _in_threads(fn, slices, number)
    elif hasattr(engine, "run") and hasattr(engine, "map"):
        results = engine.map(fn, slices, connection=slices.connection)
    else:
        raise BadRequest(
            f"{type(engine).__name__} is no engine: give the name of one, what open_executor() gave, or an executor "
            "of concurrent.futures; for others there is slices.submit(executor, fn)"
        )
    return _metered(results, len(slices)) if progress else results


def ahead_of(read: Callable[[LazySlice], R], slices: Slices, ahead: int) -> Iterator[R]:
    """`read` of each slice in order, `ahead` of them in advance and no more; 0 reads when asked."""
    if ahead < 0:
        raise ValueError(f"ahead must be at least 0, not {ahead}")
    return _in_threads(read, slices, ahead, window=ahead) if ahead else map(read, slices)


def _workers(workers: int | None, number: int) -> int:
    if workers is not None and workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    return workers or min(_THREADS, max(1, number))


def _metered(results: Iterator[R], number: int) -> Iterator[R]:
    with Meter("Slices", shown=True, unit="slices") as meter:
        meter.add(items_total=number)
        for result in results:
            meter.add(items=1)
            yield result


def _by_name(name: str, fn: Callable[[LazySlice], R], slices: Slices, workers: int | None) -> Iterator[R]:
    from ..executors import open_executor

    opened = open_executor(name, **({} if workers is None else {"workers": workers}))

    def results() -> Iterator[R]:
        with opened as executor:
            yield from executor.map(fn, slices, connection=slices.connection)

    return results()


def _in_threads(
    fn: Callable[[LazySlice], R], slices: Sequence[LazySlice], workers: int, window: int | None = None
) -> Iterator[R]:
    pool = ThreadPoolExecutor(workers, thread_name_prefix="slices")
    try:
        with closing(_on_futures(pool, fn, slices, window or 2 * workers)) as results:
            yield from results
    finally:
        # Neither an interrupt nor who leaves half way waits for calls that run already.
        pool.shutdown(wait=False, cancel_futures=True)


def _on_futures(
    pool: FuturesExecutor, fn: Callable[[LazySlice], R], slices: Sequence[LazySlice], window: int
) -> Generator[R, None, None]:
    pending: deque[tuple[Future[R], LazySlice]] = deque()
    try:
        for piece in slices:
            if len(pending) >= window:
                yield _result(*pending.popleft())
            pending.append((pool.submit(fn, piece), piece))
        while pending:
            yield _result(*pending.popleft())
    finally:
        for future, _ in pending:
            future.cancel()


def _map_in_threads(fn: Callable[[LazySlice], R], slices: Sequence[LazySlice], workers: int, meter: Meter) -> list[R]:
    results: dict[int, R] = {}
    pending: dict[Future[R], tuple[int, LazySlice]] = {}
    pool = ThreadPoolExecutor(workers, thread_name_prefix="slices")
    try:
        for place, piece in enumerate(slices):
            if len(pending) >= 2 * workers:
                _collect(pending, results, meter)
            pending[pool.submit(fn, piece)] = (place, piece)
        while pending:
            _collect(pending, results, meter)
    except Exception:
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    finally:
        # An interrupt from the keyboard does not wait for calls that run already.
        pool.shutdown(wait=False, cancel_futures=True)
    return [results[place] for place in range(len(results))]


def _collect(pending: dict[Future[R], tuple[int, LazySlice]], results: dict[int, R], meter: Meter) -> None:
    done, _ = wait(pending, return_when=FIRST_COMPLETED)
    for future in sorted(done, key=lambda future: pending[future][0]):
        place, piece = pending.pop(future)
        results[place] = _result(future, piece)
        meter.add(items=1)


def _result(future: Future[R], piece: LazySlice) -> R:
    try:
        return future.result()
    except Exception as error:
        error.add_note(f"while slice {piece.number} of {piece.uri} was mapped")
        raise
