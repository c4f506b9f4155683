"""Slices that are bytes of their object: which ranges they are, copied and summed up a few MiB at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

from ..formats.base import Format
from ..models import Slice
from ..source import Range, Source, blocks, read_joined

COPY_BYTES = 8 << 20

Part = Range | bytes


class CutsBytes(Protocol):
    """What a format has besides when `read_bytes` gives ranges of the object, one after another."""

    def byte_parts(
        self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool
    ) -> Sequence[Part] | None:
        """What `read_bytes` gives: ranges of the object, and bytes where they are not the object's. None: other bytes.

        Without `header` only ranges, and over the slices of a whole object these follow one another.
        """
        ...


def cuts_bytes(format: Format) -> bool:
    """Whether slices of this format can be bytes of the object."""
    return callable(getattr(format, "byte_parts", None))


def byte_parts(
    format: Format, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool
) -> Sequence[Part] | None:
    """The parts of `piece`, or None when its format does not cut bytes."""
    return cast("CutsBytes", format).byte_parts(source, shared, piece, header=header) if cuts_bytes(format) else None


def chunks(source: Source, parts: Sequence[Part]) -> Iterator[bytes]:
    """The bytes of `parts`, at most 8 MiB at a time; ranges that lie close together are read together."""
    waiting: list[Part] = []
    held = 0
    for part in parts:
        pieces = [part] if isinstance(part, bytes) else blocks(part[0], sum(part), COPY_BYTES)
        for piece in pieces:
            size = len(piece) if isinstance(piece, bytes) else piece[1]
            if waiting and held + size > COPY_BYTES:
                yield read_joined(source, waiting)
                waiting, held = [], 0
            waiting.append(piece)
            held += size
    if waiting:
        yield read_joined(source, waiting)
