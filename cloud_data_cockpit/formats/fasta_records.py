"""FASTA records: out of the bytes of a slice, one after another, in memory or in a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..models import Slice
from ..source import Range, Source, blocks, read_joined
from .base import BLOCK_SIZE

_WHITE_SPACE = b" \t\n\r\v\f"


class FastaRecord(NamedTuple):
    """A sequence, or the part of one that a slice holds.

    `name` ends at the first white space of the header line, `description` is the rest of it. `offset` counts the
    residues before this part; `whole` is False where the slice holds only a part.
    """

    name: str
    description: str
    sequence: str
    offset: int = 0
    whole: bool = True


def held_ranges(shared: Mapping[str, Any], piece: Slice) -> list[Range]:
    """The bytes of the slice that records are made of: blank lines and comments before the first are left out."""
    body = int(shared["body"])
    held = [(max(offset, body), offset + length) for offset, length in piece.ranges]
    return [block for start, stop in held for block in blocks(start, stop, BLOCK_SIZE)]


def header_range(piece: Slice) -> list[Range]:
    """The header line of the sequence in whose middle the slice begins, with its line end; else nothing."""
    return [(start, length) for start, length in [piece.details["header"]]] if "header" in piece.details else []


def read_whole(source: Source, shared: Mapping[str, Any], piece: Slice) -> bytes:
    """The slice as FASTA: a part in its beginning gets the header line of its sequence."""
    header = header_range(piece)
    data = read_joined(source, [*header, *held_ranges(shared, piece)])
    if not header:
        return data
    line = data[: header[0][1]]
    plain = line.rstrip(b"\r\n") + b"\n"
    return data if plain == line else plain + data[len(line) :]


def parse(data: bytes, piece: Slice) -> list[FastaRecord]:
    """All records of `data`, the bytes of `piece` with the header that belongs to its first part."""
    records = [_record(text) for text in data[1:].split(b"\n>")] if data else []
    return list(_marked(iter(records), piece))


def stream(source: Source, shared: Mapping[str, Any], piece: Slice) -> Iterator[FastaRecord]:
    """The records one by one, holding a block and the record that is read, not the slice."""
    return _marked((_record(text) for text in _texts(source, shared, piece)), piece)


def count(source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
    """Records that begin in the slice, a region's part among them, counted block by block."""
    found = int(bool(piece.details.get("region")))
    before = b"" if "header" in piece.details else b"\n"
    for offset, length in held_ranges(shared, piece):
        data = before + source.read(offset, length)
        found += data.count(b"\n>")
        before = data[-1:]
    return found


def text_of(raw: bytes) -> str:
    """A header line's words: UTF-8, or Latin-1 where they are not that."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _record(text: bytes) -> FastaRecord:
    header, _, body = text.partition(b"\n")
    words = header.split(None, 1)
    name = text_of(words[0]) if words else ""
    description = text_of(words[1].rstrip()) if len(words) > 1 else ""
    return FastaRecord(name, description, body.translate(None, _WHITE_SPACE).decode("ascii"))


def _marked(records: Iterator[FastaRecord], piece: Slice) -> Iterator[FastaRecord]:
    """The same records; the first and the last know what the slice holds of them."""
    held = next(records, None)
    if held is None:
        return
    if "header" in piece.details:
        held = held._replace(offset=int(piece.details["base"]), whole=False)
    for record in records:
        yield held
        held = record
    yield held._replace(whole=False) if piece.details.get("goes_on") else held


def _texts(source: Source, shared: Mapping[str, Any], piece: Slice) -> Iterator[bytes]:
    """What stands between one `>` at the beginning of a line and the next."""
    held = [part.rstrip(b"\r\n") + b"\n" for part in source.read_many(header_range(piece))]
    for offset, length in held_ranges(shared, piece):
        data = source.read(offset, length)
        if held and held[-1].endswith(b"\n") and data.startswith(b">"):
            yield b"".join(held)[1:]
            held = []
        first, *rest = data.split(b"\n>")
        held.append(first)
        for part in rest:
            yield b"".join(held)[1:]
            held = [b">" + part]
    if held:
        yield b"".join(held)[1:]
