"""A watch for tests of work on many objects: it counts, keeps notes, and stops when told to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from cloud_data_cockpit.jobs.progress import Progress


class Watching(Progress):
    """The progress of a job without a board. `stop_when(self)` is asked at each change; True stops the work."""

    def __init__(self, stop_when: Callable[[Watching], bool] | None = None) -> None:
        self._stopping = threading.Event()
        self.told: dict[str, Any] = {}
        self._stop_when = stop_when
        super().__init__(self._take, self._stopping)

    def _take(self, changes: Any) -> None:
        self.told |= changes
        if self._stop_when is not None and self._stop_when(self):
            self._stopping.set()

    @property
    def notes(self) -> list[str]:
        found: list[str] = self.told.get("notes", [])
        return found
