"""Proof that slices hold what their manifest says: every record counted by reading, every byte summed up again."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from ..errors import BadRequest, CockpitError, FormatError
from ..formats.base import Report
from ..source import Range
from ..tree import TreeSource
from .bytewise import COPY_BYTES, byte_parts
from .checksums import SummedSource, combine
from .manifests import problem_of
from .opened import forget_when_refused
from .table import bytes_for_people

if TYPE_CHECKING:
    from .slices import LazySlice, Slices

# What a reader may raise over a slice whose ranges or details are not those that its format made.
_WRONG = (FormatError, BadRequest, LookupError, TypeError, ValueError, ArithmeticError)
_SHOWN = 20


@dataclass(frozen=True)
class Problem:
    """What is wrong, and with which slice; None for what concerns all of them together."""

    slice: int | None
    message: str

    def __str__(self) -> str:
        return self.message if self.slice is None else f"slice {self.slice}: {self.message}"


@dataclass(frozen=True)
class Verification:
    """What was found when slices were read again.

    `records` were counted, `bytes` of the object were read. `checksum` tells whether the bytes of the slices together
    have the sum that the scan of the object had, and `reason` why it was not compared when it was not.
    """

    slices: int
    records: int
    bytes: int
    checksum: Literal["equal", "differs", "not compared"]
    reason: str
    problems: tuple[Problem, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.problems

    def raise_if_bad(self) -> None:
        """FormatError that tells the first problems, unless there are none."""
        if self.problems:
            raise FormatError(str(self))

    def __str__(self) -> str:
        facts = (
            f"{self.slices:,} slices, {self.records:,} records counted, {bytes_for_people(self.bytes)} read "
            f"in {self.seconds:.1f} s; checksum {self.checksum}"
        )
        facts += f" ({self.reason})" if self.reason else ""
        if self.ok:
            return f"verified: {facts}"
        shown = "; ".join(str(problem) for problem in self.problems[:_SHOWN])
        more = f"; and {len(self.problems) - _SHOWN:,} more" if len(self.problems) > _SHOWN else ""
        return f"not as the manifest says: {shown}{more} ({facts})"

    def _repr_html_(self) -> str:
        if self.ok:
            return f"<div>✓ {escape(str(self))}</div>"
        rows = "".join(f"<li>{escape(str(problem))}</li>" for problem in self.problems[:_SHOWN])
        return f"<div><strong>✗ {len(self.problems):,} problems</strong><ul>{rows}</ul>{escape(str(self))}</div>"


@dataclass(frozen=True)
class _Found:
    """One slice read again. `stretch` is (first byte, end) of its bytes and `crc` their sum.

    It is None where the slice is not one stretch of the object, (0, 0) where it holds no bytes at all.
    """

    number: int
    records: int
    bytes: int
    stretch: Range | None
    crc: int
    problem: str | None


class _Progress:
    """Bytes that all threads have read, told one after another; an error that the listener raises goes through."""

    def __init__(self, report: Report | None, total: int) -> None:
        self._report, self._total = report, total
        self._lock = threading.Lock()
        self._done = 0

    def seen(self, length: int) -> None:
        with self._lock:
            self._done += length
            if self._report is not None:
                self._report(min(self._done, self._total), self._total)


def verify(slices: Slices, workers: int | None = None, report: Report | None = None) -> Verification:
    """Read all of `slices` again and compare with the manifest. See `Slices.verify`."""
    began = time.monotonic()
    manifest = slices.manifest
    progress = _Progress(report, max(1, slices.nbytes))
    found = slices.map(lambda piece: _look(piece, progress), workers=workers)
    problems = [Problem(one.number, one.problem) for one in found if one.problem]
    whole = [one.number for one in found] == list(range(len(manifest.slices.records)))
    records = sum(one.records for one in found)
    expected = manifest.records if whole else slices.records
    if records != expected:
        problems.append(Problem(None, f"{records:,} records were counted, the manifest says {expected:,}"))
    table = problem_of(manifest.slices, manifest.size, manifest.records)
    if table:
        problems.append(Problem(None, table))
    checksum, reason = _compare(slices, found, problems) if whole else _left_out("these are not all of the slices")
    return Verification(
        slices=len(found),
        records=records,
        bytes=sum(one.bytes for one in found),
        checksum=checksum,
        reason=reason,
        problems=tuple(problems),
        seconds=time.monotonic() - began,
    )


def _left_out(reason: str) -> tuple[Literal["not compared"], str]:
    return "not compared", reason


def _compare(
    slices: Slices, found: Sequence[_Found], problems: list[Problem]
) -> tuple[Literal["equal", "differs", "not compared"], str]:
    """The checksum of all slices against the manifest's; what is wrong with their ranges goes to `problems`."""
    promised = slices.manifest.checksum
    if any(one.stretch is None for one in found):
        if any(one.problem for one in found):
            return _left_out("a slice could not be read")
        if promised is not None:
            problems.append(Problem(None, "the manifest has a checksum of bytes and its slices are not bytes"))
        return _left_out(f"slices of {slices.format!r} are not one stretch of the object's bytes each")
    if promised is None:
        return _left_out("the manifest has none: the slices do not cover the object, or its scan could not sum it up")
    value, at = 0, promised.start
    for one in found:
        start, stop = one.stretch or (at, at)
        if start == stop:
            continue
        if start != at:
            problems.append(Problem(one.number, _gap(at, start)))
        value, at = combine(value, one.crc, stop - start), stop
    if at != promised.start + promised.length:
        problems.append(Problem(None, _gap(at, promised.start + promised.length)))
    if f"{value:08x}" == promised.value:
        return "equal", ""
    words = f"the slices together have the CRC-32 {value:08x}, the object had {promised.value} when it was scanned"
    problems.append(Problem(None, words))
    return "differs", ""


def _gap(due: int, came: int) -> str:
    if came > due:
        return f"bytes {due:,} to {came:,} of the object are in no slice"
    return f"bytes {came:,} to {due:,} of the object are in two slices"


def _look(piece: LazySlice, progress: _Progress) -> _Found:
    """Count the records of a slice and sum up its bytes, which are read once for both."""
    origin, held = piece._origin, piece._piece
    format, source = origin.reader(), origin.source()
    records, crc, read = 0, 0, held.nbytes
    stretch: Range | None = None
    problem: str | None = None
    with forget_when_refused():
        try:
            parts = byte_parts(format, source, origin.shared, held, header=False)
            stretch = None if parts is None else _stretch([part for part in parts if not isinstance(part, bytes)])
        except _WRONG as error:
            problem = _in_words(error)
        summed = SummedSource(source, stretch or (), progress.seen, sums=stretch is not None)
        try:
            if isinstance(source, TreeSource):
                records = format.count(source, origin.shared, held)
                progress.seen(held.nbytes)
            else:
                records = format.count(summed, origin.shared, held)
        except _WRONG as error:
            problem = _in_words(error)
        if stretch is not None:
            crc, read = _sum(summed, *stretch), stretch[1] - stretch[0]
    if problem is None and records != held.records:
        problem = f"{records:,} records were counted, the manifest says {held.records:,}"
    return _Found(held.number, records, read, stretch, crc, problem)


def _in_words(error: Exception) -> str:
    return f"it cannot be read: {error.message if isinstance(error, CockpitError) else repr(error)}"


def _stretch(ranges: Sequence[Range]) -> Range | None:
    """(first byte, end) of ranges that follow one another, None when they do not."""
    held = [one for one in ranges if one[1]] or [*ranges[:1], (0, 0)][:1]
    if any(before[0] + before[1] != after[0] for before, after in pairwise(held)):
        return None
    return held[0][0], sum(held[-1])


def _sum(summed: SummedSource, start: int, stop: int) -> int:
    """The CRC-32 of a slice; what counting has not read is read now."""
    for offset, length in summed.missing(start, stop):
        for at in range(offset, offset + length, COPY_BYTES):
            summed.read(at, min(COPY_BYTES, offset + length - at))
    crc = summed.crc32(start, stop)
    if crc is None:
        raise FormatError(f"bytes {start:,} to {stop:,} of {summed.uri} could not be summed up")
    return crc
