"""Which encoding a text object is in, whether its rows can be found by code units, and bytes to UTF-8."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from ..errors import BadRequest, FormatError
from .encodings import BOMS

UNDEFINED_IN_CP1252 = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")
CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1a\x1b")
UTF8_LONGEST = 4


@dataclass(frozen=True)
class Encoding:
    """A Python codec's name, its code unit in bytes and their order, and the length of the byte order mark.

    `guessed`: 8-bit text whose encoding the whole object decides: UTF-8 if all of it is, else Windows-1252 or Latin-1.
    """

    name: str
    unit: int = 1
    big_endian: bool = False
    bom: int = 0
    guessed: bool = False


def find_encoding(head: bytes, asked: str | None) -> Encoding:
    """The encoding of an object that begins with `head`, or the one `asked` for with its byte order mark, if any.

    BadRequest when the one asked for is unknown; FormatError when nothing was asked and the bytes are no text.
    """
    mark, marked = next(((bom, name) for bom, name in BOMS if head.startswith(bom)), (b"", ""))
    if asked is None:
        name = marked or _wide_without_mark(head)
        if name:
            return _encoding(name, len(mark))
        _refuse_binary(head)
        return Encoding("utf-8", guessed=True)
    try:
        name = codecs.lookup(asked).name.replace("_", "-")
    except LookupError:
        raise BadRequest(f"there is no encoding {asked!r}; try utf-8, cp1252, latin-1, utf-16 or gb18030") from None
    name = "utf-8" if name == "utf-8-sig" else name
    if name in ("utf-16", "utf-32"):
        guess = marked or _wide_without_mark(head)
        name = guess if guess.startswith(name) else f"{name}-le"
    return _encoding(name, len(mark) if name == marked else 0)


def check_scannable(encoding: str, specials: str) -> None:
    """BadRequest unless each of `specials`, and newlines, are always bytes of their own in `encoding`."""
    if encoding.startswith(("utf-8", "utf-16", "utf-32")):
        return
    if encoding.startswith(("iso2022", "hz", "utf-7")) or not _is_ascii_compatible(encoding):
        raise BadRequest(
            f"rows cannot be found in {encoding}: the same bytes mean different characters there; convert it to UTF-8"
        )
    for special in f"\r\n{specials}":
        swallowed = any(_is_one_character(bytes([lead, ord(special)]), encoding) for lead in range(128, 256))
        # Bytes 2 and 4 of GB 18030's long characters are digits.
        if swallowed or (encoding == "gb18030" and special.isdigit()):
            raise BadRequest(f"{special!r} can be a part of another character in {encoding}; convert it to UTF-8")


def first_bad_utf8(data: bytes, owned: int, *, first: bool) -> int | None:
    """Offset of the first byte of a character that is no UTF-8 and begins in data[:owned], or None.

    `data` reaches up to 4 bytes past `owned`; unless it is the `first` of the object, the bytes that it begins with
    may belong to a character before it.
    """
    if data.isascii():
        return None
    begin = 0 if first else _next_character(data, 0)
    end = _next_character(data, owned)
    try:
        data[begin:end].decode("utf-8")
    except UnicodeDecodeError as error:
        return begin + error.start
    return None


def undefined_in_cp1252(data: bytes) -> bool:
    return any(byte in data for byte in UNDEFINED_IN_CP1252)


def to_utf8(data: bytes, encoding: str) -> bytes:
    """The same text in UTF-8. FormatError when `data` is not in `encoding`."""
    if encoding == "utf-8" or (not encoding.startswith(("utf-16", "utf-32")) and data.isascii()):
        return data
    return to_text(data, encoding).encode("utf-8")


def to_text(data: bytes, encoding: str) -> str:
    """The text, without translating newlines. FormatError when `data` is not in `encoding`."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        bad = data[error.start : error.start + 4].hex(" ")
        raise FormatError(f"bytes {bad} are no {encoding}: choose another encoding") from None


def _encoding(name: str, bom: int) -> Encoding:
    if name.startswith(("utf-16", "utf-32")):
        return Encoding(name, int(name[4:6]) // 8, name.endswith("be"), bom)
    return Encoding(name, bom=bom)


def _next_character(data: bytes, at: int) -> int:
    limit = min(len(data), at + UTF8_LONGEST)
    while at < limit and data[at] & 0xC0 == 0x80:
        at += 1
    return at


def _wide_without_mark(head: bytes) -> str:
    """UTF-16 or UTF-32 by where the zeros of Latin text stand; "" when they do not stand like that."""
    sample = head[: len(head) // 4 * 4]
    if not sample:
        return ""
    share = [sample[i::4].count(0) / len(sample[i::4]) for i in range(4)]
    zeros = [s > 0.4 for s in share]
    clean = [s < 0.05 for s in share]
    if all(zeros[1:]) and clean[0]:
        return "utf-32-le"
    if all(zeros[:3]) and clean[3]:
        return "utf-32-be"
    if zeros[1] and zeros[3] and clean[0] and clean[2]:
        return "utf-16-le"
    if zeros[0] and zeros[2] and clean[1] and clean[3]:
        return "utf-16-be"
    return ""


def _refuse_binary(head: bytes) -> None:
    controls = sum(head.count(byte) for byte in CONTROLS)
    if 0 in head or controls > len(head) // 100:
        raise FormatError("the content is binary, not a table in text; name the format, or the encoding if it is text")


def _is_one_character(pair: bytes, encoding: str) -> bool:
    try:
        return len(pair.decode(encoding)) == 1
    except UnicodeDecodeError:
        return False


def _is_ascii_compatible(encoding: str) -> bool:
    # Japanese and Korean codecs show the backslash and the tilde as other signs.
    plain = bytes(b for b in range(128) if b not in b"\\~")
    try:
        return plain.decode(encoding) == plain.decode("ascii")
    except (UnicodeDecodeError, LookupError):
        return False
