"""The bodies of objects and parts: one file each under a generated name, never under a key."""

from __future__ import annotations

import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path


class BodyFiles:
    """Files in DIR/bodies; being written in DIR/incoming, renamed when whole.

    A file that a reply is still being read from is unlinked when the last reader lets go.
    """

    def __init__(self, directory: Path) -> None:
        self._bodies = directory / "bodies"
        self._incoming = directory / "incoming"
        self._bodies.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._incoming, ignore_errors=True)  # what a killed process was receiving
        self._incoming.mkdir(exist_ok=True)
        for number in range(256):
            (self._bodies / f"{number:02x}").mkdir(exist_ok=True)
        self._fresh: set[str] | None = set()  # names given out before the sweep is over
        self._readers: Counter[str] = Counter()
        self._doomed: set[str] = set()

    def new(self) -> str:
        """A fresh name."""
        name = secrets.token_hex(16)
        if self._fresh is not None:
            self._fresh.add(name)
        return name

    def incoming(self, name: str) -> Path:
        """Where a body is written."""
        return self._incoming / name

    def path(self, name: str) -> Path:
        """Where a whole body lies."""
        return self._bodies / name[:2] / name

    def keep(self, name: str) -> None:
        """Move a body that is whole, and on disk, to its place."""
        self.incoming(name).replace(self.path(name))

    def share(self, name: str) -> str:
        """A second name of the same bytes, independent of the first (a hard link; a copy where there are none)."""
        twin = self.new()
        try:
            os.link(self.path(name), self.path(twin))
        except OSError:
            shutil.copyfile(self.path(name), self.incoming(twin))
            self.keep(twin)
        return twin

    def pin(self, names: Iterable[str]) -> None:
        """Keep these until unpin, whatever is deleted in between."""
        self._readers.update(names)

    def unpin(self, names: Iterable[str]) -> list[str]:
        """End a pin; returns the names that may now be removed."""
        free = []
        for name in names:
            self._readers[name] -= 1
            if self._readers[name] <= 0:
                del self._readers[name]
                if name in self._doomed:
                    self._doomed.discard(name)
                    free.append(name)
        return free

    def release(self, names: Iterable[str]) -> list[str]:
        """Names that no version refers to any more; returns those that nobody is reading."""
        wanted = list(names)
        self._doomed.update(name for name in wanted if name in self._readers)
        return [name for name in wanted if name not in self._readers]

    def remove(self, names: Iterable[str]) -> None:
        """Unlink whole bodies; those already gone are no error."""
        for name in names:
            with suppress(FileNotFoundError):
                self.path(name).unlink()

    def sweep(self, is_known: Callable[[str], bool]) -> int:
        """Remove files that no row names (a process was killed between two steps); returns how many.

        Runs once, in a thread, while the service serves: names given out since it started are left alone.
        """
        removed = 0
        for folder in self._bodies.iterdir():
            for file in folder.iterdir():
                if not self._is_fresh(file.name) and not is_known(file.name):
                    file.unlink(missing_ok=True)
                    removed += 1
        self._fresh = None
        return removed

    def _is_fresh(self, name: str) -> bool:
        return self._fresh is not None and name in self._fresh
