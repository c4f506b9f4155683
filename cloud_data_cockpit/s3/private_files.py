"""Files that their user alone may read: written whole or not at all, changed by one process at a time."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import Conflict

LONGEST_WAIT = 10.0
_in_process = threading.RLock()


def write_private(path: Path, content: bytes) -> None:
    """Put `content` in the place of what is there, with mode 0600; a symbolic link stays one."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # mkstemp makes the file 0600 from the first moment; the rename shows it whole or not at all.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Inside, no other process of ours changes the file. Conflict when one holds it for over 10 seconds."""
    beside = path.resolve().with_name(f".{path.name}.lock")
    beside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _in_process:
        file = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            deadline = time.monotonic() + LONGEST_WAIT
            while not _lock(file):
                if time.monotonic() > deadline:
                    raise Conflict(f"another program is changing {path}; try again")
                time.sleep(0.02)
            yield
        finally:
            os.close(file)  # gives the lock up


def _lock(file: int) -> bool:
    with suppress(OSError):
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
