"""Gzip members: headers, inflation, trailers; fed piece by piece, and every member proved by its CRC and length."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any, Protocol, cast

from ..errors import FormatError

MAGIC = b"\x1f\x8b"
WINDOW = 32 << 10
PIECE = 1 << 19
"""No piece of plain bytes is longer unless somebody asks: what has just been decoded is still in the cache."""

_FIRST_STEP, _LONGEST_STEP = 64 << 10, 4 << 20
_BGZF_BLOCK = 64 << 10

_LONGEST_HEADER = 256 << 10
_HEADER_CRC, _EXTRA, _NAME, _COMMENT, _RESERVED = 2, 4, 8, 16, 0xE0
_CUT_OFF = "it has been cut off; upload or download the file again"
_DAMAGED = "the file is damaged; upload or download it again"


@dataclass(frozen=True)
class Point:
    """A place where decoding can begin: bit `bits` of the compressed object, which gives plain byte `plain`.

    `window` holds the up to 32 KiB plain bytes before it. None means that the header of a member begins here, so
    that nothing is needed.
    """

    bits: int = 0
    plain: int = 0
    window: bytes | None = None


@dataclass(frozen=True)
class Rest:
    """Where a pass over the members can go on, and what it needs for that besides.

    `crc` and `length` are those of the plain bytes of the member before the point, `count` the members before that one.
    """

    point: Point
    crc: int = 0
    length: int = 0
    count: int = 0
    bgzf: bool = False


class Inflate(Protocol):
    """A decoder that keeps what it has no room for: `needs_input` is False while it has some."""

    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes | memoryview, max_length: int, /) -> bytes: ...


class _ZlibInflate:
    """The decompression object of zlib as one that keeps its input."""

    def __init__(self, window: bytes | None) -> None:
        self._inner = zlib.decompressobj(-15, window) if window else zlib.decompressobj(-15)
        self.eof = False
        self.needs_input = True
        self.unused_data = b""

    def decompress(self, data: bytes | memoryview, max_length: int, /) -> bytes:
        kept = self._inner.unconsumed_tail
        plain = self._inner.decompress(kept + data if kept else data, max_length)
        self.eof, self.unused_data = self._inner.eof, self._inner.unused_data
        self.needs_input = not self.eof and not self._inner.unconsumed_tail
        return plain


@dataclass(frozen=True)
class Engine:
    """The library that inflates: isal, three times faster, or zlib where there is no isal."""

    module: Any
    error: type[Exception] | tuple[type[Exception], ...]

    def inflate(self, window: bytes | None = None) -> Inflate:
        """A decoder of raw deflate data; with `window`, of data that refers to these plain bytes before it."""
        if self.module is zlib:
            return _ZlibInflate(window)
        # It makes room for all that is asked for at once; a decompression object of isal_zlib grows it from 16 KiB.
        lib = _igzip()
        if window:
            return cast("Inflate", lib.IgzipDecompressor(flag=lib.DECOMP_DEFLATE, zdict=window))
        return cast("Inflate", lib.IgzipDecompressor(flag=lib.DECOMP_DEFLATE))

    def pack(self, window: bytes) -> bytes:
        """`window` in zlib's format. Higher levels take 40 times as long for a tenth less."""
        return cast("bytes", self.module.compress(window, 3))

    def crc(self, data: bytes, before: int) -> int:
        return cast("int", self.module.crc32(data, before))


@cache
def _igzip() -> Any:
    return import_module("isal.igzip_lib")


@cache
def engine() -> Engine:
    """isal where it is installed, else zlib."""
    try:
        module: Any = import_module("isal.isal_zlib")
        return Engine(module, (module.error, _igzip().error))
    except ImportError:
        return Engine(zlib, zlib.error)


def header_length(data: bytes) -> int | None:
    """Bytes of the member header that `data` begins with, None when it goes on beyond `data` (RFC 1952).

    ValueError, with words for people, when it is no gzip header.
    """
    if data[:2] != MAGIC[: len(data[:2])]:
        raise ValueError("they do not begin with the gzip signature 1f 8b")
    if len(data) < 10:
        return None
    method, flags = data[2], data[3]
    if method != 8:
        raise ValueError(f"the compression method is {method}, not deflate")
    if flags & _RESERVED:
        raise ValueError("flags are set that gzip has not defined")
    at = 10
    if flags & _EXTRA:
        at += 2 + int.from_bytes(data[10:12], "little")
    for flag in (_NAME, _COMMENT):
        if flags & flag:
            at = data.find(b"\0", at) + 1 if at < len(data) else 0
            if at == 0:
                return None
    if flags & _HEADER_CRC:
        at += 2
        if len(data) >= at and int.from_bytes(data[at - 2 : at], "little") != zlib.crc32(data[: at - 2]) & 0xFFFF:
            raise ValueError("the checksum of the header is wrong")
    return at if len(data) >= at else None


def bgzf_size(header: bytes) -> int | None:
    """Bytes of the whole BGZF block whose member header this is, None when it is no BGZF block (SAM specification)."""
    if len(header) < 18 or header[:3] != MAGIC + b"\x08" or not header[3] & _EXTRA:
        return None
    extra = header[12 : 12 + int.from_bytes(header[10:12], "little")]
    at = 0
    while at + 4 <= len(extra):
        length = int.from_bytes(extra[at + 2 : at + 4], "little")
        if extra[at : at + 2] == b"BC" and length == 2 and at + 6 <= len(extra):
            return int.from_bytes(extra[at + 4 : at + 6], "little") + 1
        at += 4 + length
    return None


class _State(Enum):
    BETWEEN = 0
    HEADER = 1
    BODY = 2
    TRAILER = 3


class Members:
    """Plain bytes of consecutive members, from `start` on; FormatError when something is wrong with them.

    The end of a member is given away only after its checksum and its length were found right (a member that was
    entered in its middle cannot be checked, unless a `rest` tells what was before). Zeros between and after members
    are padding. `limit` is the length of the longest piece; it may be changed between two pieces.
    """

    def __init__(self, uri: str, start: Point | None = None, rest: Rest | None = None) -> None:
        start = rest.point if rest else start or Point()
        self.offset = start.bits >> 3
        self.plain = start.plain
        self.count = rest.count if rest else 0
        self.bgzf = rest.bgzf if rest else False
        self.last_length = 0
        self.began: Callable[[int, int], None] | None = None
        self.limit = PIECE
        self._uri = uri
        self._first = self.offset
        self._part = b""
        self._last = b""
        self._more = False
        self._step = _LONGEST_STEP
        self._most = sys.maxsize
        self._crc = rest.crc if rest else 0
        self._length = rest.length if rest else 0
        self._whole = start.window is None or rest is not None
        self._state = _State.HEADER
        if start.window is not None:
            self._state = _State.BODY
            self._body = engine().inflate(start.window)

    def rest(self, point: Point) -> Rest:
        """What is needed to go on from `point`, which is where the members stand."""
        return Rest(point, self._crc, self._length, self.count, self.bgzf)

    @property
    def inside(self) -> bool:
        """Whether the data fed so far end within compressed data."""
        return self._state is _State.BODY

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        """Plain pieces from the next compressed bytes; run it to its end before you feed more."""
        view = memoryview(data)
        self.offset += len(view)
        while len(view) or self._more:
            if self._state is _State.BODY:
                piece, view = self._inflated(view)
            elif self._state is _State.TRAILER:
                piece, view = self._ended(view)
            elif self._state is _State.HEADER:
                piece, view = self._begun(view)
            else:
                piece, view = self._skipped(view)
            if piece:
                self.plain += len(piece)
                yield piece

    def finish(self) -> None:
        """Say that nothing follows. FormatError when a member is not complete."""
        if self._state is not _State.BETWEEN:
            if self.offset == self._first:
                raise FormatError(f"{self._uri} is empty: there is no gzip data in it")
            raise FormatError(f"{self._uri} ends within a gzip member, at byte {self.offset}: {_CUT_OFF}")

    def _begun(self, view: memoryview) -> tuple[bytes, memoryview]:
        take = 64
        while True:
            data = self._part + bytes(view[:take])
            try:
                length = header_length(data)
            except ValueError as error:
                raise self._no_member(len(view) + len(self._part), error) from None
            if length is not None:
                break
            if len(data) > _LONGEST_HEADER:
                raise self._no_member(len(view) + len(self._part), ValueError("the header does not end"))
            if take >= len(view):
                self._part = data
                return b"", view[:0]
            take *= 4
        at = self.offset - len(view) - len(self._part)
        is_block = bgzf_size(data[:length]) is not None
        if self.count == 0:
            self.bgzf = self._whole and is_block
        # A decoder makes room for all that it may give.
        self._most = _BGZF_BLOCK if is_block else sys.maxsize
        if self.began:
            self.began(at, self.plain)
        view = view[length - len(self._part) :]
        self._part = b""
        self._crc = self._length = 0
        self._whole = True
        self._body = engine().inflate()
        self._step = _FIRST_STEP
        self._state = _State.BODY
        return b"", view

    def _no_member(self, behind: int, error: ValueError) -> FormatError:
        at = self.offset - behind
        if self.count == 0:
            return FormatError(f"{self._uri} is not gzip data at byte {at}: {error}")
        return FormatError(
            f"the bytes of {self._uri} from {at} on, after {self.count} whole gzip members, are not gzip ({error}); "
            "remove what follows the gzip data, or compress the file again"
        )

    def _inflated(self, view: memoryview) -> tuple[bytes, memoryview]:
        body, limit = self._body, min(self.limit, self._most)
        # Few bytes at first: what a decoder is given behind the end of a member it gives back as a copy.
        given, rest = (view[:0], view) if self._more else (view[: self._step], view[self._step :])
        try:
            piece = body.decompress(given, limit)
        except engine().error as error:
            at = self.offset - len(view)
            raise FormatError(
                f"the compressed data of {self._uri} are wrong behind byte {at} ({error}): {_DAMAGED}"
            ) from None
        if self._whole:
            self._crc = engine().crc(piece, self._crc)
            self._length += len(piece)
        if body.eof:
            self._more = False
            self._last = piece
            self._state = _State.TRAILER
            unused = body.unused_data
            if len(unused) <= len(given):
                return b"", view[len(given) - len(unused) :]
            return b"", memoryview(unused + bytes(rest))
        self._more = not body.needs_input or len(piece) == limit
        self._step = min(2 * self._step, _LONGEST_STEP)
        return piece, rest

    def _ended(self, view: memoryview) -> tuple[bytes, memoryview]:
        need = 8 - len(self._part)
        self._part += bytes(view[:need])
        if len(self._part) < 8:
            return b"", view[need:]
        crc, length = int.from_bytes(self._part[:4], "little"), int.from_bytes(self._part[4:], "little")
        if self._whole and (crc, length) != (self._crc, self._length & 0xFFFFFFFF):
            what = "checksum" if crc != self._crc else "length"
            at = self.offset - len(view) + need
            raise FormatError(
                f"the {what} of the gzip member that ends at byte {at} of {self._uri} is wrong: {_DAMAGED}"
            )
        piece, self._last, self._part = self._last, b"", b""
        self.last_length = self._length
        self.count += 1
        self._state = _State.BETWEEN
        return piece, view[need:]

    def _skipped(self, view: memoryview) -> tuple[bytes, memoryview]:
        if view[0] != 0:
            self._state = _State.HEADER
            return b"", view
        rest = len(bytes(view).lstrip(b"\0"))
        return b"", view[len(view) - rest :]
