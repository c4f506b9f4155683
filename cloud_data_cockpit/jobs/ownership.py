"""Which of several servers of one user a job belongs to, and whether that server still lives: a locked file each."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class Owner:
    """A server with a name of its own. Its lock ends with the process, however that ends."""

    def __init__(self, directory: Path) -> None:
        self.name = secrets.token_hex(8)
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(_path(directory, self.name), os.O_RDWR | os.O_CREAT, 0o600)
        if not _lock(self._file):
            raise OSError(f"{_path(directory, self.name)} is locked by another process")

    def others_live(self, name: str) -> bool:
        """Whether the server `name` is another one that still runs."""
        if name == self.name:
            return False
        path = _path(self._directory, name)
        try:
            file = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        free = _lock(file)
        os.close(file)
        if free:
            path.unlink(missing_ok=True)
        return not free

    def close(self) -> None:
        """Give the lock up."""
        os.close(self._file)
        _path(self._directory, self.name).unlink(missing_ok=True)


def _path(directory: Path, name: str) -> Path:
    return directory / f"server-{name}.lock"


def _lock(file: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
