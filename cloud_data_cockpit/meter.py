"""Progress of long work in a notebook or a terminal: one line by tqdm, and what is to be known at the end."""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Any, Literal

logger = logging.getLogger(__name__)


class Meter:
    """What work on many objects is told to (`add`, `note`, `phase_is`, `check`), shown as one line. A context manager.

    Without `shown` nothing is printed and the notes go to the log. An interrupt from the keyboard stops the work.
    """

    def __init__(
        self, title: str, *, shown: bool, unit: Literal["B", "objects", "slices", "measurements"] = "B"
    ) -> None:
        self.notes: list[str] = []
        self.items = 0
        self.done = 0
        self._lock = threading.Lock()
        self._line: Any = None
        self._unit = unit
        if shown:
            from tqdm.auto import tqdm

            scaled = {"unit": "B", "unit_scale": True, "unit_divisor": 1024} if unit == "B" else {"unit": f" {unit}"}
            self._line = tqdm(desc=title, total=0, **scaled)

    def __enter__(self) -> Meter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._line is not None:
            self._line.close()

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` (bytes, measurements): what formats and benchmarks call."""
        with self._lock:
            self.done = done
            if self._line is not None:
                self._line.total = total
                self._line.update(done - self._line.n)

    def check(self) -> None:
        """Nothing stops this work but an interrupt."""

    def add(self, done: int = 0, items: int = 0, total: int = 0, items_total: int = 0) -> None:
        """Count on."""
        with self._lock:
            self.done += done
            self.items += items
            if self._line is not None:
                self._line.total += total if self._unit == "B" else items_total
                self._line.update(done if self._unit == "B" else items)

    def phase_is(self, phase: str) -> None:
        """What is being done now."""
        with self._lock:
            if self._line is not None:
                self._line.set_postfix_str(phase)

    def note(self, text: str) -> None:
        """A line that is shown, or logged, and kept in `notes`."""
        with self._lock:
            self.notes.append(text)
            if self._line is not None:
                self._line.write(text)
            else:
                logger.info("%s", text)
