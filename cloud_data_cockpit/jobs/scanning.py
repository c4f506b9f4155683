"""What jobs that scan an object share: the check of what they are asked for, and the engine that they scan on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..formats.base import Run
from ..models import BenchmarkRequest, ConnectionRef, IndexRequest, PartitionRequest
from ..registry import get_format
from .progress import Progress

if TYPE_CHECKING:
    from ..executors import Executor
    from ..slicing.checkpoints import Checkpoint


def check_scan(request: PartitionRequest | IndexRequest) -> None:
    """Raise what can be said at once about the object, the choices and the engine."""
    from ..executors.registry import check_executor
    from ..s3.connections import resolve
    from ..s3.objects import parse_uri
    from ..slicing.partition import check_params

    parse_uri(request.uri)
    resolve(request.connection)
    check_executor(request.executor, request.executor_options)
    if request.format is not None:
        check_params(get_format(request.format), request.params)


@contextmanager
def scanning(
    request: PartitionRequest | IndexRequest, connection: ConnectionRef, progress: Progress
) -> Iterator[tuple[Run | None, Checkpoint]]:
    """The map that an index is made with, on the engine of the request, and the blocks that the job has.

    The map is None for this server's own threads. The blocks are dropped unless the server ends meanwhile.
    """
    from ..executors import as_run

    with blocks_of(progress) as checkpoint:
        if request.executor == "threads" and not request.executor_options:
            yield None, checkpoint
            return
        with engine_of(request, progress) as executor:
            yield as_run(executor, stop=progress.stop, connection=connection), checkpoint


@contextmanager
def engine_of(request: PartitionRequest | IndexRequest | BenchmarkRequest, progress: Progress) -> Iterator[Executor]:
    """The engine of the request, open; the log of the job tells of tasks that are done again."""
    from ..executors import open_executor

    with open_executor(request.executor, **request.executor_options) as executor:
        progress.log(f"Tasks run on {executor.name}")
        executor.watcher = lambda words: progress.log(words, "warning")
        yield executor


@contextmanager
def blocks_of(progress: Progress) -> Iterator[Checkpoint]:
    """The blocks that the job has scanned; they are dropped unless the server ends meanwhile."""
    from ..slicing.checkpoints import INTERVAL, Checkpoint, directory_of

    def told(number: int) -> None:
        progress.log(f"The scan goes on from {number:,} blocks that were done before")

    checkpoint = Checkpoint(directory_of(progress.job_id or "none"), INTERVAL, told)
    try:
        yield checkpoint
    finally:
        if progress.closing:
            checkpoint.flush()
        else:
            checkpoint.drop()
