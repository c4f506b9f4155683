"""One spectrum of imzML: where its arrays lie and which pixel it is; and a pattern that finds others like it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from .imzml_header import Names, step
from .imzml_xml import ATTRIBUTE, Tag, Unfinished, XmlError, tags

Place = tuple[int, int]
Param = tuple[str, Place | None]

X, Y, Z = "IMS:1000050", "IMS:1000051", "IMS:1000052"
OFFSET, LENGTH, ENCODED = "IMS:1000102", "IMS:1000103", "IMS:1000104"
MZ, INTENSITY = "MS:1000514", "MS:1000515"
ZLIB = "MS:1000574"
DTYPES = ("<f4", "<f8", "<i4", "<i8", "<i2", "<i1")
_DTYPE_OF = {
    "MS:1000521": 0,
    "MS:1000523": 1,
    "MS:1000519": 2,
    "IMS:1000141": 2,
    "MS:1000522": 3,
    "IMS:1000142": 3,
    "IMS:1100001": 4,
    "IMS:1100000": 5,
}
_UNREADABLE = {
    "IMS:1005001": "xz",
    "IMS:1005002": "LZ4",
    "IMS:1005003": "Zstandard",
    **dict.fromkeys(("MS:1002312", "MS:1002313", "MS:1002314"), "MS-Numpress"),
    **dict.fromkeys(("MS:1002746", "MS:1002747", "MS:1002748"), "MS-Numpress"),
}

FIELDS = 9
"""x, y, z, then offset, points and encoded bytes of the m/z array, then those of the intensities; -1: not given."""

_WHOLE = re.compile(r"\s*([+-]?\d{1,18})(?:\.0*)?\s*")
_DIGITS = rb"([+-]?\d{1,18})"
_SCOPES = ("spectrum", "scan", "binaryDataArray")


class Parsed(NamedTuple):
    """Values by FIELDS, where each stands in the text (None when it is not there), the layout, and the spectrum's end.

    The layout is the number type and compression of both arrays: `layout_of` takes it apart.
    """

    values: tuple[int, ...]
    places: tuple[Place | None, ...]
    layout: int
    end: int


class Scope(NamedTuple):
    """An element whose own parameters matter, `depth` elements deep, and these by accession."""

    name: str
    depth: int
    params: dict[str, Param]


class ArrayType(NamedTuple):
    dtype: str
    zlib: bool


def layout_of(layout: int) -> tuple[ArrayType, ArrayType]:
    """Types of the m/z array and of the intensities."""
    mz, intensity = layout & 15, layout >> 4
    return ArrayType(DTYPES[mz >> 1], bool(mz & 1)), ArrayType(DTYPES[intensity >> 1], bool(intensity & 1))


def parse_spectrum(text: bytes, names: Names, start: int = 0) -> Parsed:
    """The spectrum whose tag stands at `start`. XmlError, or Unfinished, for what cannot be understood."""
    open_tags: list[str] = []
    scopes: list[Scope] = []
    held: list[Scope] = []
    for tag in tags(text, start):
        if (not open_tags) != (tag.name == "spectrum" and not tag.closes) and not (tag.closes and len(open_tags) == 1):
            raise XmlError(f"<{tag.raw}> where it cannot be", tag.start)
        if tag.name in _SCOPES and not tag.closes:
            scopes.append(Scope(tag.name, len(open_tags), {}))
            held.append(scopes[-1])
        elif held and held[-1].depth == len(open_tags) - 1:
            _take(tag, held[-1].params, names.groups)
        step(open_tags, tag)
        if held and held[-1].depth == len(open_tags):
            held.pop()
        if not open_tags:
            return _parsed(scopes, start, tag.end)
    raise Unfinished("a spectrum that does not end", start)


def _take(tag: Tag, params: dict[str, Param], groups: Mapping[str, Mapping[str, str]]) -> None:
    if tag.name == "cvParam" and not tag.closes:
        given = tag.attributes()
        params[given.get("accession", "")] = (given.get("value", ""), tag.places().get("value"))
    elif tag.name == "referenceableParamGroupRef" and not tag.closes:
        for accession, value in groups.get(tag.attributes().get("ref", ""), {}).items():
            params.setdefault(accession, (value, None))


def _parsed(scopes: list[Scope], start: int, end: int) -> Parsed:
    placed = [scope.params for scope in scopes if scope.name == "scan" and X in scope.params]
    position = placed[0] if placed else scopes[0].params
    arrays = [scope.params for scope in scopes if scope.name == "binaryDataArray"]
    found = [_one(position, X, "x", start), _one(position, Y, "y", start), position.get(Z)]
    layout = 0
    for shift, role, word in ((0, MZ, "m/z"), (4, INTENSITY, "intensity")):
        those = [params for params in arrays if role in params]
        if len(those) != 1:
            raise XmlError(f"a spectrum with {len(those) or 'no'} {word} arrays", start)
        layout |= _type_of(those[0], word, start) << shift
        found += [_one(those[0], OFFSET, f"{word} offset", start), _one(those[0], LENGTH, f"{word} length", start)]
        found.append(those[0].get(ENCODED))
    values = [1 if i == 2 else -1 for i in range(FIELDS)]
    for i, param in enumerate(found):
        if param is not None:
            values[i] = _whole(param[0], start)
    places = tuple(None if param is None else param[1] for param in found)
    return Parsed(tuple(values), places, layout, end)


def _one(params: dict[str, Param], accession: str, word: str, start: int) -> Param:
    if accession not in params:
        raise XmlError(f"a spectrum without its {word} ({accession})", start)
    return params[accession]


def _type_of(params: dict[str, Param], word: str, start: int) -> int:
    for accession, name in _UNREADABLE.items():
        if accession in params:
            raise XmlError(f"{word} arrays compressed by {name}, which is not supported; only zlib is", start)
    types = {_DTYPE_OF[accession] for accession in params if accession in _DTYPE_OF}
    if len(types) != 1:
        raise XmlError(f"a spectrum with {len(types) or 'no'} number types for its {word} array", start)
    return types.pop() << 1 | (ZLIB in params)


def _whole(text: str, start: int) -> int:
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise XmlError(f"{text[:40]!r} where a whole number was expected", start)
    return int(match[1])


# --- others like it ----------------------------------------------------------------------------


class Template(NamedTuple):
    """A pattern of spectra that differ only in the values of attributes; group i + 1 is field `fields[i]`."""

    pattern: re.Pattern[bytes]
    fields: tuple[int, ...]
    constants: tuple[int, ...]
    layout: int


def template_of(text: bytes, parsed: Parsed, names: Names, start: int = 0) -> Template | None:
    """The template of the spectrum at `start` of a text without comments; None when it is not fit for one.

    Accessions and references to groups must be the very same, so that a match means what this one means.
    """
    wanted = {place: field for field, place in enumerate(parsed.places) if place is not None}
    holes: list[tuple[int, int, bytes]] = []
    fields: list[int] = []
    at = start
    for tag in tags(text[: parsed.end], start):
        if text[at : tag.start].strip():
            holes.append((at, tag.start, rb"[^<]*+"))
        at = tag.end
        for match in ATTRIBUTE.finditer(text, tag.attributes_at, tag.end):
            place = (match.start(2) + 1, match.end(2) - 1)
            quote = match[2][:1]
            if place in wanted:
                holes.append((*place, _DIGITS))
                fields.append(wanted[place])
            elif match[1] not in (b"accession", b"ref"):
                holes.append((*place, rb"[^<" + quote + rb"]*+"))
    if len(fields) != len(wanted):
        return None
    pattern = re.compile(_pattern(text, start, parsed.end, holes, names.prefix))
    return Template(pattern, tuple(fields), parsed.values, parsed.layout)


def _pattern(text: bytes, start: int, end: int, holes: list[tuple[int, int, bytes]], prefix: str) -> bytes:
    parts: list[bytes] = []
    at = start
    for first, last, hole in holes:
        parts += [re.escape(text[at:first]), hole]
        at = last
    following = rb"\s*+(?=<" + re.escape(prefix.encode("latin-1")) + rb"spectrum[\s/>])"
    return b"".join([*parts, re.escape(text[at:end]), following])
