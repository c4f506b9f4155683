"""imzML written again: the XML of some spectra with its header, and a pair of files that stands by itself."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from ..errors import BadRequest
from ..source import Range, Source
from .imzml_header import UUID, Names, parse_header
from .imzml_ibd import BYTES, MZ_BYTES, MZ_OFFSET, OFFSET
from .imzml_scan import Ints
from .imzml_spectrum import parse_spectrum
from .imzml_xml import blank_asides, tags

SHA1, MD5, SHA256 = "IMS:1000091", "IMS:1000090", "IMS:1000092"
_MZ_FIELD, _FIELD = 3, 6
_TEXTS = 4096
_AT_ONCE = 8 << 20
Edit = tuple[int, int, bytes]


def header_with(head: bytes, count: int, values: Mapping[str, str] | None = None) -> bytes:
    """The header `head` with another count of spectra and other values of some parameters."""
    clean = blank_asides(head)
    edits: list[Edit] = []
    for tag in tags(clean):
        places = tag.places()
        if tag.name == "spectrumList" and "count" in places:
            edits.append((*places["count"], b"%d" % count))
        if values and tag.name == "cvParam" and "value" in places:
            accession = tag.attributes().get("accession", "")
            if accession in values:
                edits.append((*places["value"], values[accession].encode()))
    return edited(head, edits)


def closing(open_tags: tuple[str, ...]) -> bytes:
    """The closing tags of all that the header leaves open."""
    return "".join(f"</{raw}>" for raw in reversed(open_tags)).encode("latin-1") + b"\n"


def edited(text: bytes, edits: list[Edit]) -> bytes:
    """`text` with each (first, last, new) in place of what stood there."""
    parts: list[bytes] = []
    at = 0
    for first, last, new in sorted(edits):
        parts += [text[at:first], new]
        at = last
    return b"".join([*parts, text[at:]])


def write_pair(
    path: str | os.PathLike[str], source: Source, ibd: Source, body: int, spans: Sequence[Range], table: Ints
) -> Path:
    """Write `path` (.imzML) and its companion (.ibd) with the spectra of `table` only; the path of the first.

    Arrays are copied as they are, compressed ones too; an array that spectra share is written once. UUID, offsets and
    checksums are those of the new pair. `spans` tells where the XML of each spectrum stands.
    """
    target = Path(path)
    if target.suffix.lower() != ".imzml":
        raise BadRequest(f"{target} is no name for an imzML; let it end with .imzML")
    head = source.read(0, body)
    header = parse_header(head)
    identity = uuid.uuid4()
    companion = target.with_suffix(".ibd")
    with companion.open("wb") as file:
        moved, sums = _write_arrays(file, ibd, table, identity.bytes)
    values = {UUID: identity.hex, SHA1: sums[0], MD5: sums[1], SHA256: sums[2]}
    with target.open("wb") as file:
        file.write(header_with(head, len(table), values) + b"\n")
        for row, text in zip(table.tolist(), _texts(source, spans), strict=True):
            places = (moved[row[MZ_OFFSET], row[MZ_BYTES]], moved[row[OFFSET], row[BYTES]])
            file.write(with_offsets(text, header.names, *places).rstrip() + b"\n")
        file.write(closing(header.open))
    return target


def with_offsets(text: bytes, names: Names, mz: int, intensity: int) -> bytes:
    """The XML of one spectrum with other places of its arrays, without comments."""
    clean = blank_asides(text)
    places = parse_spectrum(clean, names).places
    edits = [(place, new) for place, new in ((places[_MZ_FIELD], mz), (places[_FIELD], intensity)) if place]
    return edited(clean, [(*place, b"%d" % new) for place, new in edits])


def _texts(source: Source, spans: Sequence[Range]) -> Iterator[bytes]:
    for first in range(0, len(spans), _TEXTS):
        yield from source.read_many(spans[first : first + _TEXTS])


def _write_arrays(
    file: IO[bytes], ibd: Source, table: Ints, first: bytes
) -> tuple[dict[tuple[int, int], int], list[str]]:
    """Copy every array once; where each went, and the checksums SHA-1, MD5 and SHA-256 of the whole."""
    sums = [hashlib.sha1(usedforsecurity=False), hashlib.md5(usedforsecurity=False), hashlib.sha256()]
    moved: dict[tuple[int, int], int] = {}
    at = 0
    for data, place in _arrays(ibd, table, first):
        if place is not None:
            moved[place] = at
        file.write(data)
        for digest in sums:
            digest.update(data)
        at += len(data)
    return moved, [digest.hexdigest() for digest in sums]


def _arrays(ibd: Source, table: Ints, first: bytes) -> Iterator[tuple[bytes, tuple[int, int] | None]]:
    yield first, None
    places = np.concatenate([table[:, [MZ_OFFSET, MZ_BYTES]], table[:, [OFFSET, BYTES]]], axis=1).reshape(-1, 2)
    waiting: dict[tuple[int, int], None] = {}
    seen: set[tuple[int, int]] = set()
    held = 0
    for offset, length in places.tolist():
        if (offset, length) in seen:
            continue
        seen.add((offset, length))
        waiting[offset, length] = None
        held += length
        if held > _AT_ONCE:
            yield from zip(ibd.read_many(list(waiting)), waiting, strict=True)
            waiting, held = {}, 0
    yield from zip(ibd.read_many([place if place[1] else (0, 0) for place in waiting]), waiting, strict=True)
