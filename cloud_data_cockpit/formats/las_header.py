"""The header of a LAS or LAZ file and its records, parsed with every length checked against the object."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import FormatError
from ..source import Source

SIGNATURE = b"LASF"
HEADER_SIZES = {0: 227, 1: 227, 2: 227, 3: 235, 4: 375, 5: 393}
POINT_SIZES = {0: 20, 1: 28, 2: 26, 3: 34, 4: 57, 5: 63, 6: 30, 7: 36, 8: 38, 9: 59, 10: 67}
WAVE_FORMATS = frozenset({4, 5, 9, 10})
VLR_HEADER = 54
EVLR_HEADER = 60

_LATEST_FORM = {3: 5, 4: 10}
_LARGEST_HEAD = 256 << 20
_MOST_EVLRS = 100_000
_MOST_POINTS = 1 << 48
_WINDOW = 64 << 10
_FIRST = struct.Struct("<HIIBHI")


@dataclass(frozen=True)
class Vlr:
    """A variable-length record: `at` is the offset of its own header, `data_at` and `length` those of its content."""

    user_id: bytes
    record_id: int
    at: int
    data_at: int
    length: int


@dataclass(frozen=True)
class Head:
    """What stands before the points. `raw` is all of it, `count` the points, `record` the bytes of one of them.

    `minor` is the version that there is room for: some writers say 1.3 or 1.4 over the header of an older one.
    """

    raw: bytes
    minor: int
    header_size: int
    points_at: int
    point_format: int
    compressed: bool
    record: int
    count: int
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    bounds: tuple[float, ...]
    vlrs: tuple[Vlr, ...]
    evlrs: tuple[Vlr, ...]
    points_end: int
    notes: tuple[str, ...]

    def content(self, vlr: Vlr) -> bytes:
        """The bytes of a record that stands before the points."""
        return self.raw[vlr.data_at : vlr.data_at + vlr.length]


def read_head(source: Source) -> Head:
    """The header of `source`. FormatError when it is not one, or promises more than the object holds."""
    first = source.read(0, min(_WINDOW, source.size))
    if not first.startswith(SIGNATURE):
        raise FormatError(f"{source.uri} is not LAS or LAZ: it does not begin with LASF")
    if len(first) < HEADER_SIZES[0]:
        raise FormatError(f"{source.uri} ends within its LAS header: it was cut off, fetch it again")
    minor = first[25]
    if first[24] != 1 or minor not in HEADER_SIZES:
        raise FormatError(f"{source.uri} says it is LAS {first[24]}.{minor}; only LAS 1.0 to 1.5 can be read")
    header_size, points_at, vlr_count, form, record, legacy = _FIRST.unpack_from(first, 94)
    told, minor = minor, max((known for known in range(minor + 1) if HEADER_SIZES[known] <= header_size), default=-1)
    if minor < 0 or points_at < header_size:
        raise FormatError(f"{source.uri} has a damaged LAS header: its sizes contradict each other")
    if points_at > source.size or points_at > _LARGEST_HEAD:
        raise FormatError(f"{source.uri} says its points begin at byte {points_at:,}; the file is cut off or damaged")
    raw = first[:points_at] if points_at <= len(first) else source.read(0, points_at)
    compressed, form = form & 0xC0 == 0x80, form & 0x3F if form & 0xC0 == 0x80 else form
    if form not in POINT_SIZES:
        raise FormatError(f"{source.uri} has points of format {form}; formats 0 to 10 can be read")
    if record < POINT_SIZES[form]:
        raise FormatError(f"{source.uri} gives {record} bytes a point; format {form} needs {POINT_SIZES[form]}")
    count, notes = _count(raw, minor, legacy)
    if minor < told:
        if count == 0 or form > _LATEST_FORM.get(minor, 3):
            raise FormatError(f"{source.uri} has a damaged LAS header: too short for what it says of its points")
        notes = (*notes, f"the header says LAS 1.{told} and is as short as that of 1.{minor}: read as 1.{minor}")
    if count > _MOST_POINTS:
        raise FormatError(f"{source.uri} promises {count:,} points: its header is damaged")
    doubles = struct.unpack_from("<12d", raw, 131)
    evlrs = tuple(_evlrs(source, raw)) if minor >= 4 else ()
    head = Head(
        raw=raw,
        minor=minor,
        header_size=header_size,
        points_at=points_at,
        point_format=form,
        compressed=compressed,
        record=record,
        count=count,
        scales=doubles[:3],
        offsets=doubles[3:6],
        bounds=doubles[6:],
        vlrs=tuple(_vlrs(source.uri, raw, header_size, vlr_count)),
        evlrs=evlrs,
        points_end=min([source.size, *(vlr.at for vlr in evlrs if vlr.at >= points_at)]),
        notes=notes,
    )
    return head if compressed else _room_for_points(source, head)


def _count(raw: bytes, minor: int, legacy: int) -> tuple[int, tuple[str, ...]]:
    """Points by the header: LAS 1.4 has a 64-bit count beside the old one, which some writers fill alone."""
    if minor < 4:
        return legacy, ()
    (count,) = struct.unpack_from("<Q", raw, 247)
    if count == 0 and legacy:
        return legacy, ("the 64-bit number of points is 0 in the header; the 32-bit one was used",)
    return int(count), ()


def _room_for_points(source: Source, head: Head) -> Head:
    """Refuse points that the object does not hold."""
    room = head.points_end - head.points_at
    if head.count * head.record > room:
        raise FormatError(
            f"{source.uri} promises {head.count:,} points of {head.record} bytes, but there is room for "
            f"{room // head.record:,}: it was cut off, fetch it again"
        )
    return head


def _vlrs(uri: str, raw: bytes, at: int, count: int) -> Iterator[Vlr]:
    if count * VLR_HEADER > len(raw) - at:
        raise FormatError(f"{uri} promises {count:,} variable-length records, more than fit before its points")
    for _ in range(count):
        if at + VLR_HEADER > len(raw):
            raise FormatError(f"{uri} has a damaged header: its variable-length records run into the points")
        user, record_id, length = struct.unpack_from("<2x16sHH", raw, at)
        data_at = at + VLR_HEADER
        if data_at + length > len(raw):
            raise FormatError(f"{uri} has a damaged header: a variable-length record runs into the points")
        yield Vlr(user.split(b"\0")[0], record_id, at, data_at, length)
        at = data_at + length


def _evlrs(source: Source, raw: bytes) -> Iterator[Vlr]:
    at, count = struct.unpack_from("<QI", raw, 235)
    if count == 0:
        return
    if count > _MOST_EVLRS or at < len(raw) or at + count * EVLR_HEADER > source.size:
        raise FormatError(f"{source.uri} promises {count:,} extended records that it does not hold: it may be cut off")
    window, window_at = b"", 0
    for _ in range(count):
        if at + EVLR_HEADER > source.size:
            raise FormatError(f"{source.uri} ends within its extended records: it was cut off, fetch it again")
        if not (window_at <= at and at + EVLR_HEADER <= window_at + len(window)):
            window, window_at = source.read(at, min(_WINDOW, source.size - at)), at
        user, record_id, length = struct.unpack_from("<2x16sHQ", window, at - window_at)
        data_at = at + EVLR_HEADER
        if data_at + length > source.size:
            raise FormatError(f"{source.uri} ends within its extended records: it was cut off, fetch it again")
        yield Vlr(user.split(b"\0")[0], record_id, at, data_at, length)
        at = data_at + length
