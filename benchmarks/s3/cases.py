"""What a benchmark of the S3 layer is, and how one of its peers is measured: a process of its own, asked in turns."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

BUCKET = "box"
ACCESS_KEY = SECRET_KEY = "benchmark"


class Work(Protocol):
    """Does the thing once and says how many items it came to, so that peers can be compared."""

    def __call__(self) -> int: ...


class Watched(Protocol):
    """Work of which another process has a share, whose memory counts."""

    def __call__(self) -> int: ...

    def grown_mb(self) -> float:
        """By how much the memory of that process has grown at most, since it was ready."""


@dataclass(frozen=True)
class Place:
    """Where a case takes place: the address of the service, and a folder with what is to be sent."""

    endpoint: str
    folder: str = ""


@dataclass(frozen=True)
class Peer:
    """One way to do it: `prepare` imports, connects, and gives the work. `needs` is a program on the path."""

    prepare: Callable[[Place], Work | Watched]
    needs: str | None = None

    @property
    def missing(self) -> bool:
        """Whether it cannot be measured on this machine."""
        return self.needs is not None and shutil.which(self.needs) is None


@dataclass(frozen=True)
class Case:
    """A benchmark: all peers do the same against the same service. The first `ours` peers are ours."""

    title: str
    unit: str
    peers: Mapping[str, Peer]
    place: Callable[[], AbstractContextManager[Place]]
    rounds: int = 5
    ours: int = 1


@dataclass(frozen=True)
class Figures:
    """One turn: seconds by the clock and of the processor (children too), and the number of items.

    `peak_mb` is the memory of the process at its peak until then, or what another process has grown by.
    """

    seconds: float
    processor: float
    peak_mb: float
    items: int


class Side:
    """One peer in a process of its own, whose home is empty: warmed up, then asked for one turn after the other."""

    def __init__(self, case: str, peer: str, place: Place) -> None:
        self._home = tempfile.TemporaryDirectory()
        environment = {**os.environ, "HOME": self._home.name, "JUPYTER_DATA_DIR": str(Path(self._home.name) / "data")}
        command = [sys.executable, "-m", "benchmarks.s3", case, "--one", peer, place.endpoint, place.folder]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)
        self.turn()

    def turn(self) -> Figures:
        """Let it do its work once more."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process of a benchmark has no pipes")
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Figures(**json.loads(self._process.stdout.readline()))

    def __enter__(self) -> Side:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate()
        self._home.cleanup()


def take_turns(peer: Peer, place: Place) -> None:
    """What runs in that process: a turn for each line that comes."""
    work = peer.prepare(place)
    for _ in sys.stdin:
        print(json.dumps(dataclasses.asdict(_measured(work))), flush=True)


def _measured(work: Work | Watched) -> Figures:
    clock, processor = time.perf_counter(), _processor()
    items = work()
    took = (time.perf_counter() - clock, _processor() - processor)
    usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    grown = getattr(work, "grown_mb", None)
    return Figures(*took, grown() if grown is not None else max(usage) / 1000, items)


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
