"""Blocks of a scan that are done, kept in files until the index is: a scan that was broken off goes on from them."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from ..errors import CockpitError
from ..formats.base import Format, PartitionParams, Run
from ..source import Source
from .checksums import SummedSource
from .indexes import DAMAGE
from .result_files import Arrays, NotKeepable, decoded, encoded, read, write
from .storage import data_directory

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

_OWN = "cloud_data_cockpit.formats"

INTERVAL = 2.0
"""Seconds between two files: so much work is done again after a crash."""
MOST_BYTES = 16 << 20
"""Arrays that wait for a file."""
SPARE = 1 << 30
"""Bytes that stay free on the disk: what does not fit is scanned again after a crash."""
MOST_KEPT = 8 << 30
"""Bytes of the files of one job, for the same reason; lines of 100 bytes take about a hundredth of the object."""


_UNKNOWN = object()


def directory_of(job_id: str) -> Path:
    """Where the blocks of a job are kept."""
    return data_directory("checkpoints") / job_id


def drop_all_but(job_ids: Iterable[str]) -> None:
    """Forget the blocks of all jobs but these."""
    wanted = set(job_ids)
    for path in data_directory("checkpoints").glob("*"):
        if path.name not in wanted:
            shutil.rmtree(path, ignore_errors=True)


class Checkpoint:
    """The blocks of one scan, in files of their own in `directory`.

    They count for the same bytes (URI, ETag, size), the same format and version, the same reading and release, the same
    companion; which bytes a block is, is part of its name. A file that is damaged is left out: its blocks are scanned
    again. `told` is called with the number of blocks that there are already.
    """

    def __init__(self, directory: Path, interval: float = INTERVAL, told: Callable[[int], None] | None = None) -> None:
        self._directory = directory
        self._interval = interval
        self._told = told
        self._identity: Any = None
        self._packages: tuple[str, ...] = ()
        self._summed: SummedSource | None = None
        self._known: dict[str, tuple[Path, int]] = {}
        self._open: tuple[Path, Any, Arrays] | None = None
        self._waiting: list[tuple[str, Any]] = []
        self._arrays: Arrays = []
        self._written = time.monotonic()
        self._files = 0
        self._bytes = 0
        self._calls: dict[str, int] = {}
        self._dropped = False

    def over(
        self, run: Run, source: Source, format: Format, params: PartitionParams, summed: SummedSource | None
    ) -> Run:
        """`run` that gives what is kept instead of scanning it, and keeps what it scans; the sums in `summed` too."""
        beside = _beside(source, format)
        if beside is _UNKNOWN:
            return run
        release = version("cloud-data-cockpit")
        identity = [source.uri, source.etag, source.size, format.name, format.version, dict(params.reading()), release]
        self._identity = json.loads(json.dumps([*identity, beside], default=str))
        self._packages = (_OWN, type(format).__module__.partition(".")[0])
        self._summed = summed
        self._load()
        return _Kept(self, run)

    def drop(self) -> None:
        """Forget the blocks: the index is there, or nobody wants it."""
        self._dropped = True
        shutil.rmtree(self._directory, ignore_errors=True)

    def flush(self) -> None:
        """Write what waits; a disk that refuses costs only what a later crash would have to do again."""
        self._written = time.monotonic()
        waiting, arrays = self._waiting, self._arrays
        self._waiting, self._arrays = [], []
        if not waiting or self._dropped:
            return
        sums = self._summed.settled() if self._summed else []
        data = {"identity": self._identity, "sums": sums, "blocks": waiting}
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            size = sum(array.nbytes for array in arrays)
            if shutil.disk_usage(self._directory).free - size < SPARE or self._bytes + size > MOST_KEPT:
                log.warning(
                    "blocks of a scan are not kept: they would take %d MiB of the disk", self._bytes + size >> 20
                )
                return
            self._bytes += size
            write(self._directory / f"{self._files:06d}.npz", data, arrays)
        except (CockpitError, OSError) as error:
            log.warning("blocks of a scan are not kept: %s", error)
        self._files += 1

    def _load(self) -> None:
        sums: list[tuple[int, int, int]] = []
        for path in sorted(self._directory.glob("*.npz")):
            try:
                data, _ = read(path)
                if data["identity"] != self._identity:
                    raise ValueError("it is of other bytes or of another release")
                found = {str(key): (path, number) for number, (key, _) in enumerate(data["blocks"])}
                sums = [(int(start), int(stop), int(crc)) for start, stop, crc in data["sums"]]
                self._files = int(path.stem) + 1
            except DAMAGE as error:
                log.warning("%s is left out of account, its blocks are scanned again: %s", path, error)
                path.unlink(missing_ok=True)
                continue
            self._known |= found
            self._bytes += path.stat().st_size
        if self._summed is not None:
            self._summed.take(sums)
        if self._told is not None and self._known:
            self._told(len(self._known))

    @property
    def found(self) -> int:
        """Blocks that there are already, once a scan has begun."""
        return len(self._known)

    # --- for one map ---------------------------------------------------------------------------

    def next_call(self, name: str = "") -> int:
        """The how-manieth map of this name begins."""
        self._calls[name] = self._calls.get(name, 0) + 1
        return self._calls[name]

    def has(self, key: str) -> bool:
        return key in self._known

    def get(self, key: str) -> Any:
        """What is kept. One of DAMAGE when it cannot be read any more."""
        path, number = self._known[key]
        if self._open is None or self._open[0] != path:
            self._open = (path, *read(path))
        _, data, arrays = self._open
        return decoded(data["blocks"][number][1], arrays, self._packages)

    def keep(self, key: str, result: Any) -> None:
        """Keep the result of a block, if it can be."""
        if self._dropped:
            return
        first = len(self._arrays)
        try:
            data = encoded(result, self._arrays)
        except NotKeepable as error:
            log.debug("a block of a scan is not kept, it holds %s", error)
            del self._arrays[first:]
            return
        self._waiting.append((key, data))
        if time.monotonic() - self._written >= self._interval or sum(a.nbytes for a in self._arrays) > MOST_BYTES:
            self.flush()


@dataclass(frozen=True)
class _Kept:
    """A KeepingRun over a Run; as that it holds only a bounded window of results."""

    checkpoint: Checkpoint
    run: Run
    name: str = ""

    def in_turn(self, name: str, /) -> Run:
        return _Kept(self.checkpoint, map, f"{name} ")

    def note(self, name: str, value: Any, /) -> None:
        self.checkpoint.keep(f"note {name}", value)

    def noted(self, name: str, /) -> Any:
        key = f"note {name}"
        try:
            return self.checkpoint.get(key) if self.checkpoint.has(key) else None
        except DAMAGE as error:
            log.warning("a note of a scan cannot be read, the scan goes on without it: %s", error)
            return None

    def __call__(self, fn: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        call = f"{self.name}{self.checkpoint.next_call(self.name)} {_name(fn)}"
        kept = self.checkpoint
        order: deque[tuple[str | None, T, bool]] = deque()

        def fresh() -> Iterator[T]:
            for number, item in enumerate(items):
                key = _key(call, number, item)
                is_known = key is not None and kept.has(key)
                order.append((key, item, is_known))
                if not is_known:
                    yield item

        try:
            for result in self.run(fn, fresh()):
                while order[0][2]:
                    yield self._known(fn, order.popleft())
                key, _, _ = order.popleft()
                if key is not None:
                    kept.keep(key, result)
                yield result
            while order:
                yield self._known(fn, order.popleft())
        finally:
            kept.flush()

    def _known(self, fn: Callable[[T], R], entry: tuple[str | None, T, bool]) -> R:
        key, item, _ = entry
        try:
            found: R = self.checkpoint.get(str(key))
        except DAMAGE as error:
            log.warning("a block that was kept cannot be read, it is scanned again: %s", error)
            return fn(item)
        return found


def _beside(source: Source, format: Format) -> Any:
    """What tells one companion of the object from another, where the format has one; _UNKNOWN where it cannot say."""
    if not hasattr(format, "current"):
        return None
    companion: Callable[[Source], Any] | None = getattr(format, "companion", None)
    return companion(source) if companion is not None else _UNKNOWN


def _name(fn: Callable[..., Any]) -> str:
    while isinstance(fn, partial):
        fn = fn.func
    return f"{fn.__module__}.{getattr(fn, '__qualname__', type(fn).__qualname__)}"


def _named(item: Any) -> Any:
    """An item with what it says of its source in place of that."""
    if isinstance(item, Source):
        return item.uri, item.etag, item.size
    if is_dataclass(item) and not isinstance(item, type):
        return {each.name: _named(getattr(item, each.name)) for each in fields(item)}
    return item


def _key(call: str, number: int, item: Any) -> str | None:
    arrays: Arrays = []
    try:
        data = json.dumps(encoded(_named(item), arrays))
    except NotKeepable:
        return None
    digest = sha256(data.encode())
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode() + array.tobytes())
    return f"{call} {number} {digest.hexdigest()[:32]}"
