"""`cockpit.benchmark()`: which batch size is fastest, for a function of this notebook; kept where the panel looks."""

from __future__ import annotations

import html
import logging
import os
from collections.abc import Mapping
from typing import Any

from ..benchmark import save as save_result
from ..benchmark import sweep, to_csv
from ..benchmark.sweep import Values
from ..benchmark.timing import Per, Timed
from ..errors import CockpitError, MissingExtra, NotFound
from ..executors import Executor
from ..meter import Meter
from ..models import BenchmarkPoint, BenchmarkResult
from ..slicing.table import bytes_for_people
from .reached import ConnectionLike, reached_for
from .server import ask, find_server

log = logging.getLogger(__name__)


def benchmark(
    uri: str | os.PathLike[str],
    fn: Timed | None = None,
    sizes: Values = "best",
    *,
    parameter: str = "num_slices",
    between: tuple[int, int] | None = None,
    format: str | None = None,
    connection: ConnectionLike = None,
    per: Per = "auto",
    repeats: int = 3,
    engine: str | Executor = "threads",
    engine_options: Mapping[str, Any] | None = None,
    progress: bool = True,
    save: bool = True,
    **params: Any,
) -> Benchmark:
    """Time `fn` for several values of `parameter`, and say which to use.

    `fn` takes a slice, or all slices of a cut and gives the seconds it took (its argument is then called `slices`, or
    `per="slices"`), as the first Data Cockpit's benchmarking_fn did; without one, reading is timed. `sizes` are the
    values, or "best" to search between the two of `between`. `params` are the further choices of the cut, as for
    `partition`. The result is kept beside the panel's benchmarks, also on the Jupyter server that is found, unless
    `save` is False. BadRequest for choices that cannot be, the errors of S3 and of formats.
    """
    text = os.fspath(uri)
    with Meter(f"Benchmark {text}", shown=progress, unit="measurements") as meter:
        result = sweep(
            text,
            timed="read" if fn is None else fn,
            values=sizes,
            parameter=parameter,
            between=between,
            format=format,
            connection=reached_for(text, connection),
            params=params,
            per=per,
            repeats=repeats,
            executor=engine,
            executor_options=engine_options,
            report=meter,
        )
    if save:
        keep(result)
    return Benchmark(result)


def keep(result: BenchmarkResult) -> None:
    """Save it on this machine, and on the server that is found on another one; what that says goes to the log."""
    save_result(result)
    try:
        server = find_server()
        if server is not None and not server.here:
            ask(server, "POST", "benchmarks", result)
    except CockpitError as error:
        log.warning("the benchmark is saved on this machine only: %s", error)


class Benchmark:
    """A finished benchmark: `best`, `points`, `plot()`, `to_csv()`; shown as a table. `result` is the whole record."""

    def __init__(self, result: BenchmarkResult) -> None:
        self.result = result

    @property
    def id(self) -> str:
        """What the panel lists it by."""
        return self.result.id

    @property
    def best(self) -> int:
        """The value to use. NotFound when no value worked."""
        advice = self.result.recommendation
        if advice is None or advice.value is None:
            raise NotFound(f"there is no best value: {advice.words if advice else 'the benchmark has not finished'}")
        return advice.value

    @property
    def words(self) -> str:
        """The recommendation, and how sure it is."""
        return self.result.recommendation.words if self.result.recommendation else "not finished"

    @property
    def points(self) -> list[BenchmarkPoint]:
        """What was measured, a record for each value."""
        return self.result.points

    def to_csv(self) -> str:
        """A row for each value."""
        return to_csv(self.result)

    def to_pandas(self) -> Any:
        """A row for each value, as a DataFrame."""
        import pandas as pd

        return pd.DataFrame([point.model_dump() for point in self.points])

    def plot(self, ax: Any = None) -> Any:
        """Throughput against the value with its 95 % intervals, the best marked; the axes. MissingExtra without it."""
        try:
            from matplotlib import pyplot
        except ImportError:
            raise MissingExtra("this needs matplotlib: pip install 'cloud-data-cockpit[plot]'") from None
        axes = pyplot.subplots(figsize=(8, 4))[1] if ax is None else ax
        told = [(p.value, *_in_mib(p)) for p in self.points if p.throughput is not None]
        if told:
            values, middle, low, high = zip(*told, strict=True)
            bars = [
                [m - x for m, x in zip(middle, low, strict=True)],
                [x - m for m, x in zip(middle, high, strict=True)],
            ]
            axes.errorbar(values, middle, yerr=bars, marker="o", capsize=3)
            axes.set_xscale("log", base=2)
        advice = self.result.recommendation
        if advice is not None and advice.value is not None:
            axes.axvline(advice.value, linestyle="--", linewidth=1, label=f"best: {advice.value}")
            axes.legend()
        axes.set_xlabel(self.result.parameter)
        axes.set_ylabel("MiB/s")
        axes.set_title(f"{self.result.uri}, {self.result.timed}")
        return axes

    def __repr__(self) -> str:
        return f"<benchmark {self.id}: {self.words}>"

    def _repr_html_(self) -> str:
        head = (self.result.parameter, "slices", "seconds", "MiB/s (95 %)", "requests", "memory", "")
        rows = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in self._row(p))}</tr>" for p in self.points
        )
        titles = "".join(f"<th>{html.escape(name)}</th>" for name in head)
        words = "".join(f"<div>{html.escape(text)}</div>" for text in self.result.notes)
        return (
            f"<div><b><bdi>{html.escape(self.result.uri)}</bdi></b>, {html.escape(self.result.timed)}</div>"
            f"<div>{html.escape(self.words)}</div>{words}"
            f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"
        )

    def _row(self, point: BenchmarkPoint) -> tuple[str, ...]:
        advice = self.result.recommendation
        speed = "{:,.1f} ({:,.1f} to {:,.1f})".format(*_in_mib(point)) if point.throughput is not None else "–"
        told = "best" if advice and advice.value == point.value else "as fast" if point.as_fast else point.problem or ""
        return (
            f"{point.value:,}",
            f"{point.num_slices:,}",
            "–" if point.seconds is None else f"{point.seconds:.3g}",
            speed,
            "–" if point.requests is None else f"{point.requests:,}",
            "–" if point.peak_memory is None else bytes_for_people(point.peak_memory),
            told,
        )


def _in_mib(point: BenchmarkPoint) -> tuple[float, float, float]:
    middle = point.throughput or 0.0
    low, high = (middle if end is None else end for end in (point.throughput_low, point.throughput_high))
    return middle / (1 << 20), low / (1 << 20), high / (1 << 20)
