"""Turns: only a few threads compute at once, and who waits for bytes lets another one compute meanwhile.

Several requests must be under way for S3 to be fast. But passes over arrays in as many threads hand Python's lock to
and fro between any two of them, and come out slower than in a single thread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

_FIRST_READS = 2

_NOTHING = nullcontext()
_own = threading.local()


class Turns:
    """`number` turns to compute, and at most `reads` threads that read at once. A thread computes within `taken`.

    Few read in the beginning: with all at once the first bytes would be there not before the last. There is one more
    whenever bytes come and somebody was free to work on them.
    """

    def __init__(self, number: int, reads: int) -> None:
        self._free = threading.Semaphore(number)
        self._reads = threading.Semaphore(min(_FIRST_READS, reads))
        self._more = max(0, reads - _FIRST_READS)
        self._lock = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn and keep it, except for what is done within `given_up`."""
        with self._free:
            _own.turns = self
            try:
                yield
            finally:
                _own.turns = None

    @contextmanager
    def _lent(self) -> Iterator[None]:
        _own.turns = None
        self._free.release()
        try:
            with self._reads:
                yield
        finally:
            if self._free.acquire(blocking=False):
                self._read_more()
            else:
                self._free.acquire()
            _own.turns = self

    def _read_more(self) -> None:
        with self._lock:
            if not self._more:
                return
            self._more -= 1
        self._reads.release()


def given_up() -> AbstractContextManager[None]:
    """Without the turn of this thread, if it has one; it waits for another in the end."""
    turns: Turns | None = getattr(_own, "turns", None)
    return _NOTHING if turns is None else turns._lent()
