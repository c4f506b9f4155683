"""The companion of imzML that holds the numbers: found, checked, and read by ranges."""

from __future__ import annotations

import re
import uuid
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, NotFound
from ..source import Range, Source, known_sibling
from .imzml_scan import Ints
from .imzml_slab import Slab
from .imzml_spectrum import ArrayType, layout_of

Numbers = NDArray[np.number[Any]]
Key = tuple[int, int, ArrayType]

SUFFIXES = (".ibd", ".IBD", ".Ibd")
UUID_BYTES = 16
BATCH_BYTES = 64 << 20
_ENDING = re.compile(r"\.[^./]*$")
_WRAP = 1 << 32
_ROWS = 256

# Columns of a table.
START, LAYOUT, X, Y, Z, MZ_OFFSET, MZ_POINTS, MZ_BYTES, OFFSET, POINTS, BYTES = range(11)


class Spectrum(NamedTuple):
    """A pixel and its spectrum. The arrays are read-only; in continuous files many spectra share one `mz`."""

    x: int
    y: int
    z: int
    mz: Numbers
    intensity: Numbers


def find_ibd(source: Source) -> tuple[Source, dict[str, Any]]:
    """The companion, and how it is found and known again. FormatError that names it when it is not there."""
    name = source.uri.rsplit("/", 1)[-1]
    match = _ENDING.search(name)
    replacing = match[0] if match else ""
    for suffix in sorted(SUFFIXES, key=lambda suffix: suffix.isupper() != replacing.isupper()):
        try:
            found = source.sibling(suffix, replacing=replacing)
        except NotFound:
            continue
        return found, {"suffix": suffix, "replacing": replacing, "etag": found.etag, "size": found.size}
    expected = name.removesuffix(replacing) + SUFFIXES[0]
    raise FormatError(f"{source.uri} keeps its spectra in {expected}, which is not beside it; put it there")


def open_ibd(source: Source, known: Mapping[str, Any]) -> Source:
    """The companion as it was indexed. SourceChanged when it is another one by now, at the latest when it is read."""
    return known_sibling(source, known["suffix"], known["replacing"], known["etag"], known["size"])


def check_uuid(ibd: Source, expected: str | None) -> None:
    """Compare the first 16 bytes with the UUID that the XML gives. FormatError when they differ."""
    if ibd.size < UUID_BYTES:
        raise FormatError(f"{ibd.uri} has {ibd.size} bytes: it has been cut off, a UUID of {UUID_BYTES} comes first")
    if expected is None:
        return
    held, wanted = ibd.read(0, UUID_BYTES), uuid.UUID(hex=expected)
    if held not in (wanted.bytes, wanted.bytes_le):
        raise FormatError(
            f"{ibd.uri} has the UUID {uuid.UUID(bytes=held)} and its imzML says {wanted}: they do not belong together; "
            "find the right companion, or leave check_uuid out if you know better"
        )


def settle(table: Ints, wraps: tuple[int, int] = (0, 0)) -> Ints:
    """Fill in encoded lengths, and undo offsets that a writer let wrap at 32 bits. Changes `table`.

    `wraps` are multiples of 2**32 that the first spectrum's offsets lack. (The method of pyimzml.)
    """
    for column, wrap in ((MZ_OFFSET, wraps[0]), (OFFSET, wraps[1])):
        values = table[:, column]
        if wrap or (len(values) and values.min() < 0):
            table[:, column] = values + _WRAP * (wrap + wraps_of(values))
    for layout in np.unique(table[:, LAYOUT]):
        those = table[:, LAYOUT] == layout
        kinds = layout_of(int(layout))
        for kind, points, held in ((kinds[0], MZ_POINTS, MZ_BYTES), (kinds[1], POINTS, BYTES)):
            if not kind.zlib:
                table[those, held] = table[those, points] * np.dtype(kind.dtype).itemsize
    return table


def wraps_of(values: Ints) -> Ints:
    """How often the values have fallen below zero up to each of them."""
    wraps = np.zeros(len(values), dtype=np.int64)
    np.cumsum((values[1:] < 0) & (values[:-1] >= 0), out=wraps[1:])
    return wraps


def check_places(table: Ints, source: Source, ibd: Source) -> None:
    """FormatError for the first spectrum whose arrays do not lie in the companion or cannot be."""
    largest = np.iinfo(np.int64).max // 16
    for points in (MZ_POINTS, POINTS):
        _refuse(source, table, (table[:, points] < 0) | (table[:, points] > largest), "has an impossible array length")
    _refuse(source, table, table[:, MZ_POINTS] != table[:, POINTS], "has more m/z values than intensities, or fewer")
    for offset, held in ((MZ_OFFSET, MZ_BYTES), (OFFSET, BYTES)):
        _refuse(source, table, table[:, held] < 0, "is compressed and does not tell its encoded length")
        outside = (table[:, held] > 0) & ((table[:, offset] < 0) | (table[:, offset] > ibd.size - table[:, held]))
        words = f"has numbers outside {ibd.uri}, which has {ibd.size:,} bytes: that is cut off, or of another imzML"
        _refuse(source, table, outside, words)


def _refuse(source: Source, table: Ints, wrong: NDArray[np.bool_], words: str) -> None:
    if wrong.any():
        first = int(np.argmax(wrong))
        x, y = table[first, X], table[first, Y]
        raise FormatError(f"spectrum {first} (x {x}, y {y}) of {source.uri} {words}")


def read_spectra(ibd: Source, tables: Iterator[Ints], slab: Slab | None = None) -> Iterator[Spectrum]:
    """The spectra of tables that are settled, about 64 MiB of numbers at once; what `slab` holds is taken from it."""
    shared: dict[Key, Numbers] = {}
    for table in tables:
        if slab is not None and _is_simple(table, slab) and _key(table[0]) not in shared:
            shared.clear()
            yield from _simple(table, slab, shared)
            continue
        held = np.cumsum(table[:, MZ_BYTES] + table[:, BYTES])
        edges = np.searchsorted(held, np.arange(BATCH_BYTES, int(held[-1]) + BATCH_BYTES, BATCH_BYTES)) + 1
        for part in np.split(table, np.unique(edges[edges < len(table)])):
            yield from _batch(ibd, part, shared, slab)


def _key(row: Ints) -> Key:
    """What tells an m/z array from others."""
    return int(row[MZ_OFFSET]), int(row[MZ_BYTES]), layout_of(int(row[LAYOUT]))[0]


def _is_simple(table: Ints, slab: Slab) -> bool:
    """Whether each spectrum stands in `slab` in one piece, as plain numbers, m/z first, behind the one before."""
    kinds = layout_of(int(table[0, LAYOUT]))
    ends = table[:, OFFSET] + table[:, BYTES]
    return bool(
        (table[:, LAYOUT] == table[0, LAYOUT]).all()
        and not (kinds[0].zlib or kinds[1].zlib)
        and (table[:, [MZ_BYTES, BYTES]] > 0).all()
        and (table[:, MZ_OFFSET] + table[:, MZ_BYTES] == table[:, OFFSET]).all()
        and (table[1:, MZ_OFFSET] >= ends[:-1]).all()
        and (table[:, MZ_BYTES] % np.dtype(kinds[1].dtype).itemsize == 0).all()
        and slab.covers(table[:, MZ_OFFSET], table[:, MZ_BYTES] + table[:, BYTES]).all()
    )


def _simple(table: Ints, slab: Slab, shared: dict[Key, Numbers]) -> Iterator[Spectrum]:
    """Spectra of which `_is_simple` is true; both arrays of one share their bytes, with no other spectrum.

    The last m/z array goes to `shared`, since a spectrum of the next table may have the same.
    """
    mz_type, type_ = (np.dtype(kind.dtype) for kind in layout_of(int(table[0, LAYOUT])))
    take, frombuffer = slab.cut, np.frombuffer
    columns = table[:, [X, Y, Z, MZ_OFFSET, MZ_POINTS, MZ_BYTES, POINTS, BYTES]]
    for i in range(0, len(table), _ROWS):
        slab.passed(int(table[i, MZ_OFFSET]))
        for x, y, z, offset, mz_points, mz_bytes, points, held in columns[i : i + _ROWS].tolist():
            data = take(offset, mz_bytes + held)
            mz = frombuffer(data, mz_type, mz_points)
            yield Spectrum(x, y, z, mz, frombuffer(data, type_, points, mz_bytes))
    shared[_key(table[-1])] = mz


def _batch(ibd: Source, table: Ints, shared: dict[Key, Numbers], slab: Slab | None) -> Iterator[Spectrum]:
    rows = table.tolist()
    kinds = {layout: layout_of(layout) for layout in {row[LAYOUT] for row in rows}}
    places: dict[Range, bytes] = {}
    for row in rows:
        if (row[MZ_OFFSET], row[MZ_BYTES], kinds[row[LAYOUT]][0]) not in shared:
            places[row[MZ_OFFSET], row[MZ_BYTES]] = b""
        places[row[OFFSET], row[BYTES]] = b""
    wanted = _fetched(ibd, [place for place in places if place[1] > 0], slab)
    key = None
    for row in rows:
        mz_kind, kind = kinds[row[LAYOUT]]
        key = (row[MZ_OFFSET], row[MZ_BYTES], mz_kind)
        if key not in shared:
            shared[key] = _decode(ibd, wanted.get(key[:2], b""), row[MZ_POINTS], mz_kind)
        intensity = _decode(ibd, wanted.get((row[OFFSET], row[BYTES]), b""), row[POINTS], kind)
        yield Spectrum(row[X], row[Y], row[Z], shared[key], intensity)
    # The next batch of a continuous file needs this one again.
    for old in [held for held in shared if held != key]:
        del shared[old]


def _fetched(ibd: Source, places: list[Range], slab: Slab | None) -> dict[Range, bytes]:
    """The bytes of each of `places`."""
    found = dict[Range, bytes]()
    if slab is not None:
        covered = slab.covers(*np.array(places, dtype=np.int64).reshape(-1, 2).T).tolist()
        found = {place: slab.cut(*place) for place, inside in zip(places, covered, strict=True) if inside}
        places = [place for place, inside in zip(places, covered, strict=True) if not inside]
    return found | dict(zip(places, ibd.read_many(places), strict=True))


def _decode(ibd: Source, data: bytes, points: int, kind: ArrayType) -> Numbers:
    if not kind.zlib and data:
        # Its length follows from the points.
        return np.frombuffer(data, dtype=kind.dtype)
    wanted = points * np.dtype(kind.dtype).itemsize
    if wanted == 0:
        return np.zeros(0, dtype=kind.dtype)
    if kind.zlib:
        unpack = zlib.decompressobj()
        try:
            data = unpack.decompress(data, wanted + 1)
        except zlib.error as error:
            raise FormatError(f"an array of {ibd.uri} cannot be decompressed: {error}") from None
    if len(data) != wanted:
        raise FormatError(f"an array of {ibd.uri} has not the {points:,} values that the imzML promises")
    return np.frombuffer(data, dtype=kind.dtype)
