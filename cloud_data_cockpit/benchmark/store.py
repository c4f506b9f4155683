"""Saved benchmarks: one JSON file each beside the manifests; listed, loaded, deleted, and together as CSV."""

from __future__ import annotations

import csv
import io
import logging
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import BadRequest, Conflict, FormatError, NotFound
from ..models import BenchmarkPoint, BenchmarkResult, BenchmarkSummary
from ..slicing.storage import data_directory, whole_file

log = logging.getLogger(__name__)

MOST_POINTS = 64
MOST_RUNS = 20_000
"""A sweep has at most 64 values, each measured 100 times, and a search goes over them several times."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_OF_RESULT = ("id", "created", "uri", "size", "format", "parameter", "timed", "executor", "workers", "index_seconds")
_OF_MACHINE = ("system", "cpu_count", "python", "package")


def directory() -> Path:
    """Where benchmarks are kept on this machine."""
    return data_directory("benchmarks")


def save(result: BenchmarkResult) -> Path:
    """Write `result` under its id, whole or not at all; one that was saved before is replaced."""
    path = _path(result.id)
    with whole_file(path) as file:
        file.write(result.model_dump_json().encode())
    return path


def take_in(result: BenchmarkResult) -> BenchmarkSummary:
    """Save what was measured elsewhere, such as in a kernel on another machine; the same twice does no harm.

    BadRequest for what could not be loaded again, Conflict when there is another one with this id.
    """
    if len(result.runs) > MOST_RUNS or len(result.points) > MOST_POINTS:
        raise BadRequest(f"a benchmark has at most {MOST_POINTS} values and {MOST_RUNS:,} measurements")
    try:
        BenchmarkResult.model_validate_json(result.model_dump_json())
    except ValidationError:  # a number that is none: JSON has no word for it
        raise BadRequest("the benchmark holds numbers that are infinite or none; measure it again") from None
    try:
        former = load(result.id)
    except NotFound:
        former = None
    if former is not None and (former.created, former.uri) != (result.created, result.uri):
        raise Conflict(f"there is another benchmark {result.id!r}; delete that one, or give this one another id")
    save(result)
    return summary(result)


def load(benchmark_id: str) -> BenchmarkResult:
    """The benchmark with this id. NotFound, BadRequest for what cannot be an id, FormatError for a damaged file."""
    path = _path(benchmark_id)
    try:
        return BenchmarkResult.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise NotFound(f"there is no benchmark {benchmark_id!r} in {path.parent}") from None
    except (OSError, ValidationError) as error:
        raise FormatError(
            f"{path} cannot be read as a benchmark ({type(error).__name__}): it is damaged or of a newer version"
        ) from error


def list_benchmarks() -> list[BenchmarkSummary]:
    """All saved benchmarks, newest first. One that is damaged is left out, with a warning in the log."""
    found: list[BenchmarkSummary] = []
    for path in directory().glob("*.json"):
        if _ID.fullmatch(path.stem) is None:
            continue
        try:
            found.append(summary(load(path.stem)))
        except (FormatError, NotFound) as error:
            log.warning("left out of the list of benchmarks: %s", error)
    return sorted(found, key=lambda one: one.created, reverse=True)


def delete(benchmark_id: str) -> None:
    """Forget a benchmark. NotFound when there is none."""
    path = _path(benchmark_id)
    try:
        path.unlink()
    except FileNotFoundError:
        raise NotFound(f"there is no benchmark {benchmark_id!r} in {path.parent}") from None


def summary(result: BenchmarkResult) -> BenchmarkSummary:
    """The benchmark without its measurements."""
    advice = result.recommendation
    best = next((point for point in result.points if advice and point.value == advice.value), None)
    names = {"id", "created", "finished", "uri", "format", "parameter", "timed", "executor", "workers", "machine"}
    return BenchmarkSummary(
        **{name: getattr(result, name) for name in names},
        verdict=advice.verdict if advice else None,
        value=advice.value if advice else None,
        throughput=best.throughput if best else None,
    )


def to_csv(*results: BenchmarkResult) -> str:
    """A row for each value of each result, with what it was measured on, so that runs and machines compare."""
    columns = [*_OF_RESULT, *_OF_MACHINE, "currency", *BenchmarkPoint.model_fields, "recommended"]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\r\n")
    writer.writeheader()
    for result in results:
        writer.writerows(rows(result))
    return text.getvalue()


def rows(result: BenchmarkResult) -> list[dict[str, Any]]:
    """What `to_csv` writes, a dict for each value."""
    common = {name: getattr(result, name) for name in _OF_RESULT}
    common |= {name: getattr(result.machine, name) for name in _OF_MACHINE}
    common |= {"created": result.created.isoformat(), "currency": result.prices.currency}
    advised = result.recommendation.value if result.recommendation else None
    return [{**common, **point.model_dump(), "recommended": point.value == advised} for point in result.points]


def _path(benchmark_id: str) -> Path:
    if _ID.fullmatch(benchmark_id) is None:
        raise BadRequest(f"{benchmark_id!r} cannot be the id of a benchmark")
    return directory() / f"{benchmark_id}.json"
