"""Encodings of text: which one an object is in, how its lines are found there, and proof that all of it is valid."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest, FormatError

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
UNDEFINED_IN_CP1252 = bytes([0x81, 0x8D, 0x8F, 0x90, 0x9D])
CONTROLS = bytes(sorted(set(range(32)) - set(b"\t\n\v\f\r\b\a\x1a\x1b\x1c\x1d\x1e\x1f")))
WHITE = " \t\n\r\v\f"

# Their trail bytes are never 10, 13 or 32, so lines and words are found by bytes.
_CHINESE = ("big5", "big5hkscs", "cp950", "gb2312", "gbk", "gb18030")
_JAPANESE = ("cp932", "euc_jp", "euc_jis_2004", "euc_jisx0213", "shift_jis", "shift_jis_2004", "shift_jisx0213")
_KOREAN = ("cp949", "euc_kr", "johab")
_MULTIBYTE = frozenset((*_CHINESE, *_JAPANESE, *_KOREAN))
_STATEFUL = ("iso2022", "hz", "utf_7", "raw_unicode_escape", "unicode_escape", "charmap")
_LONGEST_TRAIL = 3


@dataclass(frozen=True)
class Encoding:
    """A codec by its Python name, the bytes of one code unit and their order, and the byte order mark in front.

    `guessed`: nobody named it and no mark tells it: UTF-8 if the whole object is, else an 8-bit code page.
    `newline`, `carriage`: the units that end a line. `white`: the units between words.
    """

    name: str
    unit: int = 1
    big_endian: bool = False
    bom: bytes = b""
    guessed: bool = False
    newline: int = 10
    carriage: int = 13
    white: tuple[int, ...] = tuple(ord(c) for c in WHITE)

    def units(self, data: bytes) -> NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.uint32]:
        """The code units of `data`, whose length is a multiple of the unit, as numbers of this machine."""
        order = ">" if self.big_endian else "<"
        units = np.frombuffer(data, dtype=f"{order}u{self.unit}")
        return units if units.dtype.isnative else units.astype(units.dtype.newbyteorder("="))

    def decode(self, data: bytes, where: str = "") -> str:
        """The text, newlines as they are. FormatError when `data` is not in this encoding."""
        try:
            return data.decode(self.name)
        except UnicodeDecodeError as error:
            bad = data[error.start : error.start + 4].hex(" ")
            raise FormatError(
                f"{where or 'the text'} holds bytes ({bad}) that are no {self.name}: choose another encoding"
            ) from None


UTF8 = Encoding("utf-8", guessed=True)


def find_encoding(head: bytes, asked: str | None) -> Encoding:
    """The encoding of an object that begins with `head`, or the one `asked` for, with the mark in front, if any.

    BadRequest when the one asked for is unknown or cannot be scanned; FormatError when nothing was asked for and the
    bytes are no text.
    """
    bom, marked = next(((bom, name) for bom, name in BOMS if head.startswith(bom)), (b"", ""))
    if asked is None:
        name = marked or _wide_without_mark(head)
        if not name:
            refuse_binary(head)
        return of_name(name or "utf-8", bom, guessed=not name)
    name = codec_name(asked)
    if name in ("utf_16", "utf_32"):
        guess = marked or _wide_without_mark(head)
        name = guess if guess.replace("-", "_").startswith(name) else f"{name}_le"
    name = name.replace("_", "-") if name.startswith("utf") else name
    return of_name(name, bom if name == marked else b"")


def codec_name(asked: str) -> str:
    """Python's own name of the encoding `asked` for, utf_8_sig being utf_8. BadRequest when it cannot be scanned."""
    try:
        info = codecs.lookup(asked)
        "".encode(asked)
    except (LookupError, ValueError, UnicodeError):
        raise BadRequest(
            f"there is no text encoding {asked!r}; try utf-8, cp1252, latin-1, utf-16 or gb18030"
        ) from None
    name = info.name.replace("-", "_").removesuffix("_sig")
    name = {"iso8859_1": "latin_1"}.get(name, name)
    if name.startswith("utf_") and name != "utf_7":
        return name
    if name.startswith(_STATEFUL) or (name not in _MULTIBYTE and not _eight_bit(name)):
        raise BadRequest(
            f"lines cannot be found in {asked}: the same bytes mean different characters there; "
            "convert the object to UTF-8 first"
        )
    return name


@lru_cache(maxsize=64)
def of_name(name: str, bom: bytes = b"", guessed: bool = False) -> Encoding:
    """The record of an encoding whose name is known to be good."""
    plain = name.replace("_", "-")
    if plain.startswith(("utf-16", "utf-32")):
        return Encoding(plain, int(plain[4:6]) // 8, plain.endswith("be"), bom)
    if name in _MULTIBYTE or plain == "utf-8":
        return Encoding(plain if plain == "utf-8" else name, bom=bom, guessed=guessed)
    white = tuple(c.encode(name)[0] for c in WHITE)
    return Encoding(name, newline=white[2], carriage=white[3], white=white)


def refuse_binary(head: bytes) -> None:
    """FormatError when `head` is not the beginning of a text."""
    if head.startswith(b"\x1f\x8b"):
        raise FormatError("the content is compressed by gzip; choose a format for compressed text")
    if 0 in head or len(head) - len(head.translate(None, CONTROLS)) > len(head) // 100:
        raise FormatError("the content is binary, not text; if it is text after all, name its encoding")


@lru_cache(maxsize=64)
def undefined_bytes(name: str) -> bytes:
    """The bytes that mean nothing in an 8-bit encoding."""
    return bytes(b for b in range(256) if not _decodes(bytes([b]), name))


def fallback(cp1252: bool) -> tuple[str, str]:
    """The 8-bit encoding of a text that is not UTF-8, and a note that says so."""
    name, words = ("cp1252", "Windows-1252") if cp1252 else ("latin_1", "Latin-1")
    return name, f"the text is not UTF-8 and is read as {words}; name its encoding if the characters look wrong"


# --- proof by blocks ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Proof:
    """Whether a block is valid: `sound` tells of all but its edges, which Seams decodes together with the next block's.

    `parted`: between `head` and `tail` lies a place where a character begins. `plain`: nothing but ASCII.
    """

    sound: bool
    head: bytes = b""
    tail: bytes = b""
    parted: bool = True
    plain: bool = False


def prove(data: bytes, encoding: Encoding) -> Proof:
    """Decode what can be decoded of a block alone."""
    if encoding.unit > 1:
        return _prove_wide(data, encoding)
    if encoding.name == "utf-8":
        return _prove_utf8(data)
    if encoding.name in _MULTIBYTE:
        return _prove_by_lines(data, encoding.name)
    undefined = undefined_bytes(encoding.name)
    return Proof(not undefined or (undefined[0] > 127 and data.isascii()) or not _holds(data, undefined))


class Seams:
    """Decodes the edges of blocks in order; `sound` stays true while everything is valid."""

    def __init__(self, encoding: Encoding) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding.name)("strict")
        self.sound = True

    def add(self, proof: Proof) -> None:
        """The next block."""
        self.sound = self.sound and proof.sound and self._joins(proof)

    def finish(self) -> bool:
        """Whether all of it was valid, its end included."""
        self.sound = self.sound and self._feed(b"", final=True)
        return self.sound

    def _joins(self, proof: Proof) -> bool:
        return self._feed(proof.head) and (not proof.parted or self._feed(b"", final=True)) and self._feed(proof.tail)

    def _feed(self, data: bytes, final: bool = False) -> bool:
        try:
            self._decoder.decode(data, final)
        except UnicodeDecodeError:
            return False
        if final:
            self._decoder.reset()
        return True


def _prove_utf8(data: bytes) -> Proof:
    if data.isascii():
        return Proof(True, plain=True)
    begin = 0
    while begin < len(data) and begin <= _LONGEST_TRAIL and data[begin] & 0xC0 == 0x80:
        begin += 1
    if begin == len(data):
        return Proof(True, head=data, parted=False)
    end = len(data) - 1
    while end > begin and len(data) - end <= _LONGEST_TRAIL and data[end] & 0xC0 == 0x80:
        end -= 1
    return Proof(_decodes(memoryview(data)[begin:end], "utf-8"), data[:begin], data[end:])


def _prove_by_lines(data: bytes, name: str) -> Proof:
    first, last = data.find(b"\n"), data.rfind(b"\n")
    if first < 0:
        return Proof(True, head=data, parted=False)
    return Proof(_decodes(memoryview(data)[first + 1 : last + 1], name), data[: first + 1], data[last + 1 :])


def _prove_wide(data: bytes, encoding: Encoding) -> Proof:
    units = encoding.units(data)
    if encoding.unit == 4:
        return Proof(not bool(((units > 0x10FFFF) | ((units & 0xFFFFF800) == 0xD800)).any()))
    surrogate = (units & 0xF800) == 0xD800
    if not surrogate.any():
        return Proof(True)
    low = (units & 0xFC00) == 0xDC00
    begin = 1 if low[0] else 0
    high = surrogate & ~low
    end = len(units) - 1 if high[-1] and len(units) > begin else len(units)
    paired = bool((low[begin + 1 : end] == high[begin : end - 1]).all())
    inner = end <= begin or (paired and not low[begin] and not high[end - 1])
    return Proof(inner, data[: 2 * begin], data[2 * max(begin, end) :])


def _decodes(data: bytes | memoryview, name: str) -> bool:
    try:
        decoder = codecs.getincrementaldecoder(name)("strict")
        for at in range(0, len(data), 1 << 20):
            decoder.decode(data[at : at + (1 << 20)])
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _holds(data: bytes, wanted: bytes) -> bool:
    if len(wanted) > 8:
        return len(data.translate(None, wanted)) != len(data)
    return any(byte in data for byte in wanted)


def _eight_bit(name: str) -> bool:
    """Whether each byte is a character of its own, and white space has bytes of its own."""
    try:
        singles = [bytes([b]).decode(name, "replace") for b in range(256)]
        white = [c.encode(name) for c in WHITE]
        pairs = all(len(bytes([b, b]).decode(name, "replace")) == 2 for b in range(256))
    except (UnicodeError, LookupError, ValueError):
        return False
    single = all(len(c) == 1 for c in singles) and pairs and len({c for c in singles if c != "\ufffd"}) > 100
    return single and all(len(w) == 1 for w in white) and len(set(white)) == len(WHITE)


def _wide_without_mark(head: bytes) -> str:
    """UTF-16 or UTF-32 by where the zeros of Latin text stand; "" when they do not stand like that."""
    sample = head[: len(head) // 4 * 4] or head[: len(head) // 2 * 2]
    if not sample or 0 not in sample:
        return ""
    share = [sample[i::4].count(0) / max(1, len(sample[i::4])) for i in range(4)]
    zeros = [s > 0.4 for s in share]
    clean = [s < 0.05 for s in share]
    if all(zeros[1:]) and clean[0]:
        return "utf-32-le"
    if all(zeros[:3]) and clean[3]:
        return "utf-32-be"
    if (zeros[1] or zeros[3]) and clean[0] and clean[2]:
        return "utf-16-le"
    if (zeros[0] or zeros[2]) and clean[1] and clean[3]:
        return "utf-16-be"
    return ""
