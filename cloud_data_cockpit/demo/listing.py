"""Listings in UTF-8 byte order; keys are rolled up at a delimiter by range seeks: a folder of any size is one step."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from .s3errors import S3Error

Row = TypeVar("Row", bound=tuple[object, ...])
# A few rows inside a folder are cheaper to step over than a seek past it.
_STEPS_BEFORE_SEEK = 6


class Position(NamedTuple):
    """Where a listing goes on: after a key (or inside it, for versions), or after everything with a prefix."""

    key: bytes
    is_prefix: bool = False
    detail: str = ""

    def token(self) -> str:
        """As an opaque continuation token."""
        return base64.urlsafe_b64encode((b"p" if self.is_prefix else b"k") + self.key).decode()


def position_of(token: str) -> Position:
    """The position a continuation token stands for. Raises InvalidArgument."""
    try:
        raw = base64.b64decode(token.encode("ascii"), b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise S3Error("InvalidArgument", "The continuation token provided is incorrect") from error
    if raw[:1] not in (b"p", b"k"):
        raise S3Error("InvalidArgument", "The continuation token provided is incorrect")
    return Position(raw[1:], raw[:1] == b"p")


def after_prefix(prefix: bytes) -> bytes | None:
    """The smallest byte string greater than all that begin with prefix; None when there is none."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else None


def walk(
    seek: Callable[[bytes, bytes | None], Iterable[Row]], start: bytes, prefix: bytes, delimiter: bytes
) -> Iterator[tuple[bytes | None, Row | None]]:
    """(None, row) for each key and (common prefix, None) for each roll-up, in byte order, from `start` on.

    seek(low, high) yields rows whose first field is the key, low <= key < high, in order.
    """
    high = after_prefix(prefix)
    low: bytes | None = max(start, prefix)
    while low is not None:
        rolled: bytes | None = None
        steps = 0
        restart = None
        for row in seek(low, high):
            key: bytes = row[0]  # type: ignore[assignment]
            if rolled is not None and key.startswith(rolled):
                steps += 1
                if steps < _STEPS_BEFORE_SEEK:
                    continue
                restart = after_prefix(rolled)
                break
            found = key.find(delimiter, len(prefix)) if delimiter else -1
            if found < 0:
                yield None, row
                continue
            rolled, steps = key[: found + len(delimiter)], 0
            yield rolled, None
        low = restart


class Page(NamedTuple):
    """One page: what is in it, and where the next begins (None on the last)."""

    rows: list[tuple[object, ...]]
    prefixes: list[bytes]
    end: Position | None


def collect(items: Iterator[tuple[bytes | None, tuple[object, ...] | None]], limit: int) -> Page:
    """The first `limit` items, and whether there are more."""
    rows: list[tuple[object, ...]] = []
    prefixes: list[bytes] = []
    last: Position | None = None
    if limit <= 0:
        return Page(rows, prefixes, None)
    for rolled, row in items:
        if len(rows) + len(prefixes) == limit:
            return Page(rows, prefixes, last)
        if row is not None:
            rows.append(row)
            last = Position(row[0], False, str(row[1]))  # type: ignore[arg-type]
        elif rolled is not None:
            prefixes.append(rolled)
            last = Position(rolled, True)
    return Page(rows, prefixes, None)


def first_key(after: Position | None) -> bytes | None:
    """Where to seek to go on after a position; None when nothing can follow."""
    if after is None:
        return b""
    return after_prefix(after.key) if after.is_prefix else after.key + b"\x00"
