"""Room for many bytes that are written in pieces, by several threads too, and become one object without a copy."""

from __future__ import annotations

import ctypes
import io
import mmap
import sys
from functools import cache
from typing import Any

import numpy as np

_LARGE = 4 << 20
"""Bytes from which on large pages are worth asking for: one fault of 2 MiB in place of 512 of 4 KiB."""


class Room:
    """`length` zero bytes; write to `view`, then `taken` gives those written up to a length. Use it once."""

    def __init__(self, length: int) -> None:
        # While the buffer alone holds these bytes, they can be written to without a copy.
        self._whole = io.BytesIO(bytes(length))
        self.view = self._whole.getbuffer()
        if length >= _LARGE:
            _ask_for_large_pages(self.view)

    def taken(self, length: int | None = None) -> bytes:
        """All of it, or its first `length` bytes; the room is closed."""
        self.view.release()
        if length is not None:
            self._whole.truncate(length)
        return self._whole.getvalue()


def _ask_for_large_pages(view: memoryview) -> None:
    """Advice for the kernel, which may pass it over: where nothing is known of it, nothing is done."""
    advise, advice = _madvise(), getattr(mmap, "MADV_HUGEPAGE", None)
    if advise is None or advice is None:
        return
    first = int(np.frombuffer(view, dtype=np.uint8).ctypes.data)
    start = -(-first // mmap.PAGESIZE) * mmap.PAGESIZE
    length = (first + len(view) - start) // mmap.PAGESIZE * mmap.PAGESIZE
    advise(ctypes.c_void_p(start), ctypes.c_size_t(length), ctypes.c_int(advice))


@cache
def _madvise() -> Any:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "madvise", None)
