"""What a benchmark of the S3 layer is, and how one peer of it is measured: in a process of its own, warmed up."""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = Callable[[], int]
"""Does the thing once and says how many items it came to, so that peers can be compared."""


@dataclass(frozen=True)
class Peer:
    """One way to do it: `prepare(endpoint)` imports, connects, and gives the work. `needs` is a program on the path."""

    prepare: Callable[[str], Work]
    needs: str | None = None

    @property
    def missing(self) -> bool:
        """Whether it cannot be measured on this machine."""
        return self.needs is not None and shutil.which(self.needs) is None


@dataclass(frozen=True)
class Case:
    """A benchmark: all peers do the same against the same server. The first peer is ours."""

    title: str
    unit: str
    peers: Mapping[str, Peer]


@dataclass(frozen=True)
class Figures:
    """Seconds by the clock and of the processor (children too), peak memory in MB, and the number of items."""

    seconds: float
    processor: float
    peak_mb: float
    items: int


def measure(peer: Peer, endpoint: str) -> Figures:
    """The best of five runs after one that does not count, in this very process."""
    work = peer.prepare(endpoint)
    work()
    best: tuple[float, float] | None = None
    items = 0
    for _ in range(5):
        clock, processor = time.perf_counter(), _processor()
        items = work()
        took = (time.perf_counter() - clock, _processor() - processor)
        best = min(best, took) if best is not None else took
    if best is None:
        raise RuntimeError("nothing was measured")
    usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Figures(best[0], best[1], max(usage) / 1000, items)


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
