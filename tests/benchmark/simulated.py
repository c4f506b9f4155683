"""A source, an engine and a clock that take no time: what a sweep would measure, from a curve that is known."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cloud_data_cockpit.formats.base import BLOCK_SIZE, Cut, Index, PartitionParams, Report, Run, View
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import Range, Source


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Curve:
    """What reading costs: seconds a request, bytes a second for each worker, seconds a slice in the one who deals."""

    latency: float
    bandwidth: float
    overhead: float
    workers: int = 8

    def seconds(self, number: int, size: int) -> float:
        """How long `number` slices of an object of `size` bytes take, without noise."""
        clock = Clock()
        engine = SimulatedExecutor(clock, self)
        for _ in engine.run(
            lambda length: clock_on(clock, self.latency + length / self.bandwidth), [size / number] * number
        ):
            pass
        return clock.now

    def best(self, values: Iterable[int], size: int) -> int:
        return min(values, key=lambda value: self.seconds(value, size))


def clock_on(clock: Clock, seconds: float) -> None:
    clock.now += seconds


class SyntheticSource:
    """An object that is not there. Every read is a request and costs what the curve says, give or take the noise."""

    def __init__(self, size: int, clock: Clock, curve: Curve, noise: float = 0.0, seed: int = 0, drift: float = 0.0):
        self.uri = "memory:synthetic.nothing"
        self.etag = f"synthetic-{size}"
        self.size = size
        self.requests = 0
        self._clock = clock
        self._curve = curve
        self._random = random.Random(seed)
        self._noise = noise
        self._drift = drift

    def read(self, offset: int, length: int) -> bytes:
        self.requests += 1
        seconds = self._curve.latency + length / self._curve.bandwidth
        seconds *= math.exp(self._random.gauss(0, self._noise))
        self._clock.now += seconds * (1 + self._drift * self.requests)
        return b""

    def read_many(self, ranges: Iterable[Range]) -> list[bytes]:
        return [self.read(*one) for one in ranges]

    def sibling(self, suffix: str, *, replacing: str = "") -> Source:
        raise NotImplementedError


class SimulatedExecutor:
    """Workers that work side by side on the clock, one after the other in truth."""

    name = "simulated"
    local = True

    def __init__(self, clock: Clock, curve: Curve, shake: Callable[[], float] = lambda: 1.0) -> None:
        self._clock = clock
        self._curve = curve
        self._shake = shake
        self.workers = curve.workers

    def run(self, function: Callable[[Any], Any], items: Iterable[Any], **_: Any) -> Iterator[tuple[int, Any]]:
        begun = self._clock.now
        free = [begun] * self.workers
        slower = self._shake()
        for index, item in enumerate(items):
            begun += self._curve.overhead
            worker = free.index(min(free))
            start = self._clock.now = max(free[worker], begun)
            result = function(item)
            free[worker] = start + (self._clock.now - start) * slower
            yield index, result
        self._clock.now = max([begun, *free])

    def map(self, function: Callable[[Any], Any], items: Iterable[Any], **_: Any) -> Iterator[Any]:
        return (result for _, result in self.run(function, items))

    def close(self) -> None: ...

    def __enter__(self) -> SimulatedExecutor:
        return self

    def __exit__(self, *_: object) -> None: ...


class NothingFormat:
    """A record is a byte, and nobody looks at it."""

    name: ClassVar[str] = "nothing"
    title: ClassVar[str] = "Nothing"
    version: ClassVar[int] = 1
    extensions: ClassVar[tuple[str, ...]] = (".nothing",)
    extra: ClassVar[str | None] = None
    params: ClassVar[type[PartitionParams]] = PartitionParams

    def detect(self, name: str, head: bytes) -> float:
        return 1.0 if name.endswith(".nothing") else 0.0

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        report(source.size, source.size)
        return Index(self.name, self.version, source.uri, source.etag, source.size, params.reading(), source.size)

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        number = min(params.num_slices or 1, index.size)
        edges = [index.size * place // number for place in range(number + 1)]
        return Cut(
            Slice.quick(place, ((edges[place], edges[place + 1] - edges[place]),), edges[place + 1] - edges[place])
            for place in range(number)
        )

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> bytes:
        return self.read_bytes(source, shared, piece, header=False)

    def read_bytes(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> bytes:
        return source.read(*piece.ranges[0])

    def count(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
        return piece.records

    @property
    def views(self) -> Mapping[str, View]:
        return {}
