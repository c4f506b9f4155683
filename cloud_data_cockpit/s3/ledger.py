"""What a sending remembers of itself, so that it can go on after its process has ended."""

from __future__ import annotations

import threading
from typing import NamedTuple, Protocol

from ..models import PartReceipt


class Begun(NamedTuple):
    """A multipart upload that was begun for a key, of bytes with this stamp."""

    key: str
    stamp: str
    upload_id: str
    part_size: int


class Ledger(Protocol):
    """Where that is kept. Every method may be called from any thread. `again`: a former run has left something."""

    @property
    def again(self) -> bool: ...

    def begun(self, key: str) -> Begun | None:
        """The upload to this key that is still open, if any."""

    def begin(self, upload: Begun) -> None:
        """An upload has been opened."""

    def part(self, upload_id: str, receipt: PartReceipt) -> None:
        """A part has been stored."""

    def parts(self, upload_id: str) -> list[PartReceipt]:
        """The parts that were stored."""

    def end(self, upload_id: str) -> None:
        """The upload was completed or aborted."""

    def open_uploads(self) -> list[Begun]:
        """The uploads that were begun and have not ended."""

    def sent(self, key: str, stamp: str) -> None:
        """The object is there; in a move, that its copy is, and that it may be deleted."""

    def was_sent(self, key: str, stamp: str) -> bool:
        """Whether it was sent before."""


class MemoryLedger:
    """Remembers as long as its process: for sendings that nobody goes on with."""

    again = False

    def __init__(self) -> None:
        self._open: dict[str, Begun] = {}
        self._lock = threading.Lock()

    def begun(self, key: str) -> Begun | None:
        return None

    def begin(self, upload: Begun) -> None:
        with self._lock:
            self._open[upload.upload_id] = upload

    def part(self, upload_id: str, receipt: PartReceipt) -> None:
        return None

    def parts(self, upload_id: str) -> list[PartReceipt]:
        return []

    def end(self, upload_id: str) -> None:
        with self._lock:
            self._open.pop(upload_id, None)

    def open_uploads(self) -> list[Begun]:
        with self._lock:
            return list(self._open.values())

    def sent(self, key: str, stamp: str) -> None:
        return None

    def was_sent(self, key: str, stamp: str) -> bool:
        return False
