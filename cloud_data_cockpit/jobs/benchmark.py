"""Jobs that benchmark: a sweep over batch sizes, saved after every measurement, from which it goes on."""

from __future__ import annotations

from typing import Any

from ..errors import BadRequest, CockpitError, NotFound
from ..models import BenchmarkRequest, BenchmarkResult
from .base import Kind, last_name
from .progress import Progress
from .scanning import blocks_of, engine_of


def _check(request: BenchmarkRequest) -> None:
    from ..executors.registry import check_executor
    from ..registry import get_format
    from ..s3.connections import resolve
    from ..s3.objects import parse_uri

    if not request.connection:
        raise BadRequest("the body is not right: connection: name the one by which the object is read")
    parse_uri(request.uri)
    resolve(request.connection)
    check_executor(request.executor, request.executor_options)
    if request.format is not None:
        get_format(request.format)


def _benchmark(request: BenchmarkRequest, progress: Progress) -> dict[str, Any]:
    from ..benchmark import save, sweep_for

    known: str | None = None

    def watch(result: BenchmarkResult) -> None:
        nonlocal known
        save(result)
        if known != result.id:
            known = result.id
            progress.keep(benchmark_id=known)

    with blocks_of(progress) as checkpoint, engine_of(request, progress) as executor:
        result = sweep_for(
            request,
            report=progress,
            stop=progress.stop,
            watch=watch,
            resume=_measured(progress),
            checkpoint=checkpoint,
            executor=executor,
        )
    save(result)
    return {"benchmark_id": result.id}


def _measured(progress: Progress) -> BenchmarkResult | None:
    """What this job has measured before its server ended."""
    from ..benchmark import load

    if progress.store is None:
        return None
    benchmark_id = progress.store.get(progress.job_id).benchmark_id
    if benchmark_id is None:
        return None
    try:
        found = load(benchmark_id)
        progress.log(f"The benchmark goes on from {len(found.runs):,} measurements")
        return found
    except NotFound:
        return None
    except CockpitError as error:
        progress.note(f"What was measured before cannot be read, so it is measured again: {error.message}")
        return None


BENCHMARK = Kind[BenchmarkRequest](
    name="benchmark",
    request=BenchmarkRequest,
    unit="measurements",
    title=lambda request: f"Benchmark {last_name(request.uri)}",
    uri=lambda request: request.uri,
    check=_check,
    work=_benchmark,
    phase="measuring",
    heavy=True,
    resumes=True,
    waits=True,
)
