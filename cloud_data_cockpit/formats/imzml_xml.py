"""XML of imzML read as bytes: tags with their attributes and places, never a parser that expands entities."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import FormatError

_NAME = rb"[A-Za-z_][\w.\-]*+(?::[A-Za-z_][\w.\-]*+)?+"
_ATTRIBUTE = rb"\s++(" + _NAME + rb")\s*+=\s*+(\"[^\"<]*+\"|'[^'<]*+')"
ATTRIBUTE = re.compile(_ATTRIBUTE)
_UNNAMED = rb"\s++" + _NAME + rb"\s*+=\s*+(?:\"[^\"<]*+\"|'[^'<]*+')"
TAG = re.compile(rb"<(/?)(" + _NAME + rb")((?:" + _UNNAMED + rb")*+)\s*+(/?)>")
ASIDE = re.compile(rb"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>", re.DOTALL)
ASIDE_BEGINS = re.compile(rb"<!--|<\?|<!\[CDATA\[")
ASIDE_ENDS = {b"<!--": b"-->", b"<?": b"?>", b"<![CDATA[": b"]]>"}
_KNOWN_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});")


class XmlError(Exception):
    """What is wrong with the XML, and at which byte of the text that was given."""

    def __init__(self, problem: str, at: int) -> None:
        super().__init__(problem)
        self.at = at


class Unfinished(XmlError):
    """The text ends within a tag, a comment or an element."""


class Tag(NamedTuple):
    """An opening, closing (`closes`) or empty (`empty`) tag, at bytes [start, end) of its text."""

    raw: str
    closes: bool
    empty: bool
    start: int
    end: int
    text: bytes
    attributes_at: int

    @property
    def name(self) -> str:
        """The name without its namespace prefix."""
        return self.raw.rpartition(":")[2]

    def attributes(self) -> dict[str, str]:
        """Attribute values by name. XmlError for one that is given twice and for unknown entities."""
        return {name: self._value(first, last) for name, (first, last) in self.places().items()}

    def places(self) -> dict[str, tuple[int, int]]:
        """Where each attribute's value stands in the text, its quotes left out."""
        found: dict[str, tuple[int, int]] = {}
        for match in ATTRIBUTE.finditer(self.text, self.attributes_at, self.end):
            name = match[1].decode("latin-1")
            if name in found:
                raise XmlError(f"the attribute {name} of <{self.name}> is given twice", self.start)
            found[name] = (match.start(2) + 1, match.end(2) - 1)
        return found

    def _value(self, first: int, last: int) -> str:
        text = self.text[first:last].decode("latin-1")
        if "&" not in text:
            return text
        if _KNOWN_ENTITY.sub("", text).count("&"):
            raise XmlError(f"an entity in <{self.name}> that XML does not know by itself", self.start)
        return _KNOWN_ENTITY.sub(lambda match: html.unescape(match[0]), text)


def tags(text: bytes, start: int = 0) -> Iterator[Tag]:
    """The tags of `text` from `start`, in order; comments, CDATA and processing instructions are passed over.

    XmlError for a DOCTYPE and for what is no XML, Unfinished when the text ends too early.
    """
    at = text.find(b"<", start)
    while at >= 0:
        match = TAG.match(text, at)
        if match is None:
            at = text.find(b"<", _past_aside(text, at))
            continue
        yield Tag(match[2].decode("latin-1"), bool(match[1]), bool(match[4]), at, match.end(), text, match.start(3))
        at = text.find(b"<", match.end())


def _past_aside(text: bytes, at: int) -> int:
    match = ASIDE.match(text, at)
    if match:
        return match.end()
    if ASIDE_BEGINS.match(text, at):
        raise Unfinished("a comment that does not end", at)
    if text.startswith(b"<!DOCTYPE", at):
        raise XmlError("a DOCTYPE, which imzML has no use for; it is not read, since it may define entities", at)
    if text.find(b">", at) < 0:
        raise Unfinished("a tag that does not end", at)
    raise XmlError("something that is no tag", at)


def blank_asides(text: bytes) -> bytes:
    """`text` of the same length with spaces in place of comments, CDATA and processing instructions."""
    return ASIDE.sub(lambda match: b" " * len(match[0]), text)


def refusal(uri: str, error: XmlError, offset: int = 0) -> FormatError:
    """The words for a user about XML at byte `offset` of the object."""
    if isinstance(error, Unfinished):
        return FormatError(f"{uri} ends too early: {error} at byte {offset + error.at:,}; it has been cut off")
    return FormatError(f"{uri} is not imzML as it should be: {error} at byte {offset + error.at:,}")
