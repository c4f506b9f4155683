"""Reads out of the bytes of FASTQ: as records one after another, all at once, or as an Arrow table."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from .fastq_walk import PartOfLine, Walker, walk_bytes
from .lines import NEWLINE, Ints, lists_of_lines, positions

if TYPE_CHECKING:
    import pyarrow as pa


class FastqRead(NamedTuple):
    """A read: its whole name line without @, its bases, and a quality character for each of them."""

    name: str
    sequence: str
    quality: str

    def scores(self, offset: int = 33) -> NDArray[np.uint8]:
        """The qualities as numbers Q, one a base; an error has the probability 10^(-Q/10) (Ewing & Green 1998).

        `offset` is 33 (Sanger, Illumina since 1.8), or 64 for Illumina 1.3 to 1.7. FormatError when a character
        lies below it, which tells that it is the wrong one, or is not ASCII.
        """
        marks = np.frombuffer(self.quality.encode("ascii", "replace"), dtype=np.uint8)
        if len(marks) and (marks.min() < offset or not self.quality.isascii()):
            strange = next(mark for mark in self.quality if not offset <= ord(mark) < 128)
            raise FormatError(
                f"read {self.name!r} has the quality {strange!r}, which is no Phred score with offset {offset}"
            )
        return marks - np.uint8(offset)


def read_starts(data: bytes) -> Ints:
    """Where the reads of `data` begin, which holds whole reads."""
    walker = Walker("the slice")
    carry: PartOfLine | None = walk_bytes(walker, None, data, 0)
    if carry is not None:
        walker.part(carry)
    return np.array(walker.begins, dtype=np.int64)


def reads_by_lines(lines: Iterable[str]) -> Iterator[FastqRead]:
    """The reads that checked lines hold, wrapped or not, by the rules of the walker."""
    following = iter(lines)
    line = next(following, None)
    while line is not None:
        if not line:
            line = next(following, None)
            continue
        name, sequence = line[1:], []
        line = next(following, None)
        while line is not None and not line.startswith("+"):
            sequence.append(line)
            line = next(following, None)
        bases = "".join(sequence)
        quality: list[str] = []
        missing = len(bases)
        line = next(following, None)
        while line is not None and missing > 0:
            quality.append(line)
            missing -= len(line)
            line = next(following, None)
        yield FastqRead(name, bases, "".join(quality))


def reads_by_fours(pieces: Iterable[bytes], encoding: str) -> Iterator[list[FastqRead]]:
    """The same, many at a time, when every read is four lines."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    rest = ""
    for piece in pieces:
        text = rest + decoder.decode(piece)
        lines = text.split("\n")
        whole = (len(lines) - 1) // 4 * 4
        rest = "\n".join(lines[whole:])
        yield _records(lines[:whole], "\r" in text)
    lines = rest.rstrip("\r\n").split("\n")
    if lines != [""]:
        # The last line, blank for a read without bases, may be missing.
        yield _records([*lines, ""] if len(lines) == 3 else lines, "\r" in rest)


def clean_lines(pieces: Iterable[bytes], encoding: str) -> Iterator[str]:
    """The lines of the slice without their ends."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    # No Python of ours runs for a line: there are millions of them.
    return chain.from_iterable(lists_of_lines(pieces, decoder))


def arrow_by_fours(pieces: Iterable[bytes], encoding: str) -> pa.Table:
    """The table of reads of four lines each, made piece by piece: beside the table only a piece is in memory."""
    import pyarrow as pa

    tables: list[pa.Table] = []
    rest = b""
    for piece in pieces:
        data = rest + piece
        ends = positions(np.frombuffer(data, dtype=np.uint8), NEWLINE)
        whole = len(ends) // 4 * 4
        cut = int(ends[whole - 1]) + 1 if whole else 0
        rest = data[cut:]
        if cut:
            tables.append(_arrow_of_fours(data[:cut], encoding))
    tables.append(_arrow_of_fours(rest, encoding))
    return pa.concat_tables(tables)


def _arrow_of_fours(data: bytes, encoding: str) -> pa.Table:
    """The same of whole reads: three gathers, no Python object a read."""
    import pyarrow as pa
    import pyarrow.compute as pc

    data = data.rstrip(b"\r\n")
    if encoding != "utf-8":
        data = data.decode(encoding).encode()
    ends = positions(np.frombuffer(data, dtype=np.uint8), NEWLINE)
    edges = np.concatenate(([0], ends + 1, [len(data)]))
    if len(edges) % 4 == 0:
        edges = np.append(edges, len(data))
    if len(data) == 0:
        edges = edges[:1]
    lines = pa.LargeStringArray.from_buffers(len(edges) - 1, pa.py_buffer(edges), pa.py_buffer(data))
    columns = []
    for place in (0, 1, 3):
        column = lines.take(pa.array(np.arange(place, len(edges) - 1, 4)))
        columns.append(pc.ascii_rtrim(column, "\r\n"))
    columns[0] = pc.utf8_slice_codeunits(columns[0], 1)
    return pa.table(columns, names=list(FastqRead._fields))


def arrow_of(reads: Iterable[FastqRead]) -> pa.Table:
    """The table of any reads."""
    import pyarrow as pa

    columns = list(zip(*reads, strict=True)) or [(), (), ()]
    return pa.table([pa.array(column, pa.large_string()) for column in columns], names=list(FastqRead._fields))


def _records(lines: list[str], returns: bool) -> list[FastqRead]:
    if returns:
        lines = [line.removesuffix("\r") for line in lines]
    if lines and not lines[-4]:
        # Blank lines at the end of the object.
        lines = lines[: 4 * lines[0::4].index("")]
    names = [line[1:] for line in lines[0::4]]
    # FastqRead._make checks the length of each again: half as fast.
    make = partial(tuple.__new__, FastqRead)
    return list(map(make, zip(names, lines[1::4], lines[3::4], strict=True)))
