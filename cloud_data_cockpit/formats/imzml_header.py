"""What stands before the first spectrum of imzML: groups of parameters, the UUID, and where the list begins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import FormatError
from ..source import Source
from .imzml_xml import Tag, Unfinished, XmlError, refusal, tags

LARGEST_HEADER = 64 << 20
_FIRST_READ = 1 << 16
_GROWTH = 1.5
_LIST = b"spectrumList"

UUID = "IMS:1000080"
CONTINUOUS, PROCESSED = "IMS:1000030", "IMS:1000031"
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_ROOTS = ("mzML", "indexedmzML")


@dataclass(frozen=True)
class Names:
    """What is needed to understand a spectrum: the namespace prefix of tags, and the groups by their id."""

    prefix: str = ""
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Header:
    """The header is bytes [0, body); `open` are the elements that are open there; `count` is only a claim."""

    body: int
    names: Names
    open: tuple[str, ...]
    count: int | None
    uuid: str | None
    continuous: bool


def read_header(source: Source, block_size: int) -> Header:
    """Read to the end of the tag `<spectrumList>`. FormatError when there is none in the first 64 MiB, or no XML."""
    if source.size == 0:
        raise FormatError(f"{source.uri} is empty: an imzML has a header and a list of spectra")
    text = bytearray()
    tried = 0
    while True:
        text += source.read(len(text), min(_FIRST_READ, block_size, source.size - len(text)))
        whole = len(text) == source.size or len(text) >= LARGEST_HEADER
        if len(text) < 4 and not whole:
            continue
        _refuse_other(source.uri, text)
        if whole or (len(text) >= tried * _GROWTH and text.find(_LIST, max(0, tried - len(_LIST))) >= 0):
            tried = len(text)
            try:
                return parse_header(bytes(text))
            except Unfinished as error:
                if whole:
                    raise refusal(source.uri, error) from None
            except XmlError as error:
                raise refusal(source.uri, error) from None


def parse_header(text: bytes) -> Header:
    """The header at the beginning of `text`. Unfinished when the list of spectra does not begin in it."""
    open_tags: list[str] = []
    groups: dict[str, dict[str, str]] = {}
    about: dict[str, str] = {}
    group: dict[str, str] | None = None
    # The root is looked at before anything is trusted: any XML may be given.
    for tag in tags(text):
        if not open_tags and tag.name not in _ROOTS:
            raise XmlError(f"its root is <{tag.name}>, not <mzML>", tag.start)
        if tag.name == "spectrumList":
            return _header_of(tag, open_tags, groups, about)
        if tag.name == "referenceableParamGroup":
            group = None if tag.closes else groups.setdefault(tag.attributes().get("id", ""), {})
        elif tag.name == "cvParam":
            given = tag.attributes()
            (about if group is None else group)[given.get("accession", "")] = given.get("value", "")
        step(open_tags, tag)
    raise Unfinished("no list of spectra begins", len(text))


def step(open_tags: list[str], tag: Tag) -> None:
    """Enter or leave an element. XmlError when a closing tag closes another one than was opened."""
    if tag.closes:
        if not open_tags or open_tags.pop() != tag.raw:
            raise XmlError(f"</{tag.raw}> closes what was not opened", tag.start)
    elif not tag.empty:
        open_tags.append(tag.raw)


def _header_of(tag: Tag, open_tags: list[str], groups: dict[str, dict[str, str]], about: dict[str, str]) -> Header:
    if tag.closes:
        raise XmlError("</spectrumList> before it was opened", tag.start)
    count = tag.attributes().get("count", "")
    return Header(
        body=tag.end,
        names=Names(tag.raw.removesuffix("spectrumList"), groups),
        open=tuple(open_tags) if tag.empty else (*open_tags, tag.raw),
        count=int(count) if re.fullmatch(r"\d{1,18}", count) else None,
        uuid=_plain_uuid(about.get(UUID, "")),
        continuous=CONTINUOUS in about,
    )


def _plain_uuid(text: str) -> str | None:
    digits = re.sub(r"[{}\-\s]", "", text).lower()
    return digits if re.fullmatch(r"[0-9a-f]{32}", digits) else None


def _refuse_other(uri: str, text: bytes | bytearray) -> None:
    start = bytes(text[:64])
    if start.startswith(_BOMS) or b"\0" in start[:4]:
        raise FormatError(f"{uri} is UTF-16 or no text at all; imzML is read as UTF-8, ISO-8859-1 or ASCII: convert it")
    if len(start) >= 4 and not start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise FormatError(f"{uri} is not imzML: it does not begin with XML")
