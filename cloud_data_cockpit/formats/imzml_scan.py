"""The list of spectra of imzML scanned by blocks: tables of numbers, merged in order."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..source import Range, Source, blocks
from .base import Report, Run
from .imzml_asides import Blanked, blanked
from .imzml_header import Header, Names, step
from .imzml_spectrum import FIELDS, Template, parse_spectrum, template_of
from .imzml_xml import Unfinished, XmlError, refusal, tags

Ints = NDArray[np.int64]

COLUMNS = 2 + FIELDS
"""Columns of a table of spectra: the byte it begins at, its layout, and FIELDS."""

MOST_TEMPLATES = 4
LARGEST_ELEMENT = 256 << 20
_LOOK = 16
_NONE = np.zeros((0, COLUMNS), dtype=np.int64)


@dataclass(frozen=True)
class BlockScan:
    """What a block holds: bytes before its first spectrum, whole spectra, and from `tail_at` an unfinished one."""

    length: int
    head: bytes
    table: Ints
    tail: bytes | None
    tail_at: int
    marked: bool


class Reader:
    """Reads spectra one after another; those that are alike by a pattern, others tag by tag."""

    def __init__(self, names: Names) -> None:
        self.names = names
        prefix = re.escape(names.prefix.encode("latin-1"))
        self.start = re.compile(rb"<" + prefix + rb"spectrum[\s/>]")
        self._templates: list[Template] = []

    def whole(self, text: bytes, at: int, stop: int, offset: int) -> tuple[Ints, int]:
        """Spectra from `at` that are followed by one which begins before `stop`, and where that begins.

        `offset` is the place of `text` in the object. XmlError for what cannot be understood.
        """
        parts: list[Ints] = []
        while True:
            alike, at = self._alike(text, at, stop, offset)
            parts += alike
            following = self.start.search(text, at + 1)
            if following is None or following.start() >= stop:
                return np.concatenate(parts) if parts else _NONE, at
            try:
                row, end = self.one(text[at : following.start()], offset + at)
            except XmlError as error:
                raise type(error)(str(error), at + error.at) from None
            if text[at + end : following.start()].strip():
                raise XmlError("text between spectra", at + end)
            parts.append(row)
            at = following.start()

    def one(self, text: bytes, offset: int) -> tuple[Ints, int]:
        """A table of the one spectrum at the beginning of `text`, and where it ends there."""
        parsed = parse_spectrum(text, self.names)
        if len(self._templates) < MOST_TEMPLATES:
            template = template_of(text, parsed, self.names)
            if template is not None:
                self._templates.insert(0, template)
        return np.array([[offset, parsed.layout, *parsed.values]], dtype=np.int64), parsed.end

    def _alike(self, text: bytes, at: int, stop: int, offset: int) -> tuple[list[Ints], int]:
        """Spectra from `at` as long as they match some template."""
        parts: list[Ints] = []
        tried = 0
        while tried < len(self._templates):
            template = self._templates[0]
            match_at = template.pattern.match
            starts = array("q")
            groups: list[tuple[bytes, ...]] = []
            match = match_at(text, at)
            while match is not None and match.end() < stop:
                starts.append(at)
                groups.append(match.groups())
                at = match.end()
                match = match_at(text, at)
            if starts:
                parts.append(_table(template, starts, groups, offset))
                tried = 0
            if match is not None:
                break
            self._templates.append(self._templates.pop(0))
            tried += 1
        return parts, at


def _table(template: Template, starts: array[int], groups: list[tuple[bytes, ...]], offset: int) -> Ints:
    table = np.empty((len(starts), COLUMNS), dtype=np.int64)
    table[:, 0] = np.frombuffer(starts, dtype=np.int64) + offset
    table[:, 1] = template.layout
    table[:, 2:] = template.constants
    numbers = array("q", map(int, chain.from_iterable(groups)))
    table[:, [2 + field for field in template.fields]] = np.frombuffer(numbers, dtype=np.int64).reshape(len(starts), -1)
    return table


# --- blocks ------------------------------------------------------------------------------------


def scan_block(source: Source, names: Names, stop: int, block: Range) -> BlockScan:
    """Spectra that begin in the block; where comments may stand, nothing but that is told."""
    offset, length = block
    text = source.read(offset, min(length + _LOOK + len(names.prefix), stop - offset))
    if not isinstance(source, Blanked) and _may_have_asides(text):
        return BlockScan(length, b"", _NONE, None, 0, True)
    reader = Reader(names)
    first = reader.start.search(text)
    if first is None or first.start() >= length:
        return BlockScan(length, text[:length], _NONE, None, 0, False)
    try:
        table, at = reader.whole(text, first.start(), length, offset)
    except XmlError as error:
        raise refusal(source.uri, error, offset) from None
    return BlockScan(length, text[: first.start()], table, text[at:length], offset + at, False)


def _may_have_asides(text: bytes) -> bool:
    # A character that is rare is found ten times as fast as two of which the first is everywhere.
    return (b"!" in text and b"<!" in text) or (b"?" in text and b"<?" in text)


class Marked(Exception):
    """There are comments, CDATA or processing instructions among the spectra."""


class Joined:
    """Puts blocks together: a spectrum that they cut in two is read here."""

    def __init__(self, source: Source, header: Header) -> None:
        self._source = source
        self._header = header
        self._reader = Reader(header.names)
        self._open = bytearray()
        self._open_at = -1
        self.before = b""

    def add(self, scan: BlockScan) -> list[Ints]:
        """The tables that are whole now. Marked when this way of reading does not do."""
        if scan.marked:
            raise Marked
        self._open += scan.head
        if len(self._open) > LARGEST_ELEMENT:
            raise FormatError(f"{self._source.uri} has over {LARGEST_ELEMENT >> 20} MiB without a spectrum beginning")
        if scan.tail is None:
            return []
        done = [*self._closed(), scan.table]
        self._open = bytearray(scan.tail)
        self._open_at = scan.tail_at
        return [table for table in done if len(table)]

    def finish(self) -> tuple[list[Ints], int]:
        """The last spectrum and where the list ends. FormatError when the document does not end as XML must."""
        text = bytes(self._open)
        offset = max(self._open_at, self._header.body)
        try:
            rows: list[Ints] = []
            at = 0
            if self._open_at >= 0:
                row, at = self._reader.one(text, offset)
                rows.append(row)
            return rows, offset + self._closing(text, at)
        except XmlError as error:
            raise refusal(self._source.uri, error, offset) from None

    def _closed(self) -> list[Ints]:
        """The spectrum that was open, now that another begins."""
        if self._open_at < 0:
            if self._open.strip():
                raise FormatError(f"{self._source.uri} has something else than spectra in its list of spectra")
            return []
        text = bytes(self._open)
        try:
            row, end = self._reader.one(text, self._open_at)
            if text[end:].strip():
                raise XmlError("text between spectra", end)
        except XmlError as error:
            raise refusal(self._source.uri, error, self._open_at) from None
        return [row]

    def _closing(self, text: bytes, at: int) -> int:
        """Where `</spectrumList>` stands, all that is open being closed behind it."""
        open_tags = list(self._header.open)
        end = -1
        for tag in tags(text, at):
            if end < 0 and (not tag.closes or text[at : tag.start].strip()):
                raise XmlError(f"<{tag.raw}> in the list of spectra", tag.start)
            end = tag.start if end < 0 else end
            step(open_tags, tag)
        if open_tags:
            raise Unfinished(f"<{open_tags[-1]}> is not closed", len(text))
        return end


# --- tables ------------------------------------------------------------------------------------


def table_of(source: Source, header: Header, report: Report, run: Run, block_size: int) -> tuple[Ints, int]:
    """The table of all spectra, and where `</spectrumList>` stands; the same for any `run` and `block_size`."""
    try:
        return _table_of(source, header, report, run, block_size)
    except Marked:
        return _table_of(blanked(source, header.body, source.size, block_size), header, report, run, block_size)


def _table_of(source: Source, header: Header, report: Report, run: Run, block_size: int) -> tuple[Ints, int]:
    joined = Joined(source, header)
    parts: list[Ints] = []
    done = header.body
    scan = partial(scan_block, source, header.names, source.size)
    for found in run(scan, blocks(header.body, source.size, block_size)):
        parts += joined.add(found)
        done += found.length
        report(done, source.size)
    last, stop = joined.finish()
    return np.concatenate([_NONE, *parts, *last]), stop


def tables_in(source: Source, names: Names, ranges: Iterable[Range], block_size: int) -> Iterator[Ints]:
    """Tables of the spectra in ranges, each of which begins with a spectrum and holds whole ones only."""
    for start, length in ranges:
        try:
            # Comments are seldom; a range is looked through for them before anything of it is given away.
            yield from list(_tables_in(source, names, start, start + length, block_size))
        except Marked:
            clean = blanked(source, start, start + length, block_size)
            yield from _tables_in(clean, names, start, start + length, block_size)


def _tables_in(source: Source, names: Names, start: int, stop: int, block_size: int) -> Iterator[Ints]:
    joined = Joined(source, Header(start, names, (), None, None, False))
    for block in blocks(start, stop, block_size):
        yield from joined.add(scan_block(source, names, stop, block))
    yield from joined.finish()[0]
