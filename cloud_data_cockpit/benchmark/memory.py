"""The resident memory of this process at its largest, while something runs."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INTERVAL = 0.02
PATIENCE = 25
_STATM = Path("/proc/self/statm")


class Peak:
    """The largest seen so far, in bytes; None where this system does not tell."""

    def __init__(self) -> None:
        self.bytes = resident()

    def look(self) -> None:
        """Look now."""
        now = resident()
        if now is not None:
            self.bytes = max(self.bytes or 0, now)


@contextmanager
def watched() -> Iterator[Peak]:
    """Look every 20 ms while the block runs, and once at its end. One thread looks for all blocks of the process."""
    peak = Peak()
    if peak.bytes is None:
        yield peak
        return
    _watcher.add(peak)
    try:
        yield peak
    finally:
        _watcher.remove(peak)
        peak.look()


def resident() -> int | None:
    """Bytes of this process in memory; None where neither Linux nor psutil tells."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        pass
    try:
        import psutil
    except ImportError:
        return None
    return int(psutil.Process().memory_info().rss)


class _Watcher:
    """One thread for all; it goes when nobody has asked for a while, since starting it for every slice takes longer."""

    def __init__(self) -> None:
        self._peaks: list[Peak] = []
        self._lock = threading.Lock()
        self._runs = False

    def add(self, peak: Peak) -> None:
        with self._lock:
            self._peaks.append(peak)
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._look, daemon=True, name="benchmark-memory").start()

    def remove(self, peak: Peak) -> None:
        with self._lock:
            self._peaks.remove(peak)

    def _look(self) -> None:
        idle = 0
        while True:
            time.sleep(INTERVAL)
            with self._lock:
                peaks = list(self._peaks)
                idle = 0 if peaks else idle + 1
                if idle > PATIENCE:
                    self._runs = False
                    return
            for peak in peaks:
                peak.look()


_watcher = _Watcher()
