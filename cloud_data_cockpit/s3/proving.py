"""Whether bytes that were read from a service are what it holds, found out before they are written to another one."""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Callable, Sequence

from ..errors import ServiceError
from ..models import PartReceipt
from .batches import LOOK
from .crc import as_header
from .facts import Facts
from .finished import joined_crc32, joined_etag


def is_proven(facts: Facts, data: bytes) -> bool:
    """Whether `data` has the MD5 or CRC32 that the service tells of the whole object; True where it tells none."""
    if facts.plain_etag:
        return hashlib.md5(data, usedforsecurity=False).hexdigest() == facts.etag
    kept = _whole_crc32(facts)
    return kept is None or kept == as_header(zlib.crc32(data))


def damaged(uri: str) -> ServiceError:
    """What to say of bytes that are not what the service holds."""
    return ServiceError(
        f"the bytes of {uri} were damaged on their way from the service; nothing was written, try again"
    )


class Proof:
    """Compares an object that is read in parts with what its service tells of it. Thread-safe.

    An MD5 takes all bytes in order: a part that is ahead of the others waits for its turn. `same_parts`: the parts are
    those that the object was made of.
    """

    def __init__(self, uri: str, facts: Facts, *, same_parts: bool) -> None:
        self._uri = uri
        self._facts = facts
        self._same_parts = same_parts
        self._md5 = hashlib.md5(usedforsecurity=False) if facts.plain_etag else None
        self._at = 0
        self._turn = threading.Condition()

    def feed(self, offset: int, block: bytes, check: Callable[[], None]) -> None:
        """The bytes at `offset`. `check` is called while they wait for their turn, and may raise to give up."""
        if self._md5 is None:
            return
        with self._turn:
            while self._at < offset:
                self._turn.wait(LOOK)
                check()
            if self._at == offset:  # a part that is read again has been counted
                self._md5.update(block)
                self._at += len(block)
                self._turn.notify_all()

    def check(self, parts: Sequence[PartReceipt]) -> None:
        """ServiceError when the `parts`, as they were read, are not what the service holds, as far as it tells."""
        facts = self._facts
        if self._md5 is not None:
            right = self._at == facts.size and self._md5.hexdigest() == facts.etag
        elif self._same_parts and not facts.own_key and joined_etag(parts) is not None:
            right = joined_etag(parts) == facts.etag
        else:
            kept, found = _whole_crc32(facts), joined_crc32(parts)
            right = kept is None or found is None or kept == as_header(found)
        if not right:
            raise damaged(self._uri)


def _whole_crc32(facts: Facts) -> str | None:
    kept = facts.checksums.get("CRC32", "")
    return kept if kept and "-" not in kept and facts.checksum_type != "COMPOSITE" else None
