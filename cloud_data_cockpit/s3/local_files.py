"""Files that appear whole or not at all, inside a directory and never outside of it."""

from __future__ import annotations

import errno
import os
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from ..errors import AccessDenied, BadRequest, CockpitError, Conflict
from ..models import OnConflict
from .batches import Hopeless

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class GrowingFile:
    """A file under a temporary name beside its own; blocks may be written in any order, by any thread."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def resize(self, size: int) -> None:
        """Make it `size` bytes long; an error for want of room comes now, where the file system tells."""
        if size and hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(self._descriptor, 0, size)
                return
            except OSError as error:
                if error.errno in _FULL:
                    raise
        os.ftruncate(self._descriptor, size)

    def write(self, offset: int, data: bytes) -> None:
        """Put `data` at `offset`."""
        view = memoryview(data)
        while view:
            if hasattr(os, "pwrite"):
                written = os.pwrite(self._descriptor, view, offset)
            else:
                with self._lock:
                    os.lseek(self._descriptor, offset, os.SEEK_SET)
                    written = os.write(self._descriptor, view)
            view, offset = view[written:], offset + written

    def blocks(self, block: int = 1 << 20) -> Iterator[bytes]:
        """Its bytes from the beginning."""
        with self._lock:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            while data := os.read(self._descriptor, block):
                yield data


def make_folder(root: Path, steps: tuple[str, ...]) -> Path:
    """The folder `steps` below `root`, made if it is not there. AccessDenied when a link leads outside of `root`.

    `root` is a real path.
    """
    path = root
    for step in steps:
        path = path / step
        with _told(path):
            path.mkdir(exist_ok=True)
        # One step after the other, so that nothing is made behind a link before it is looked at.
        if not path.resolve().is_relative_to(root):
            raise AccessDenied(f"{path} is a link that leads outside of Jupyter's directory; nothing is written there")
    return path


@contextmanager
def new_file(path: Path, on_conflict: OnConflict, modified: datetime, mark: str = "") -> Iterator[GrowingFile]:
    """A file to be filled, which is called `path` at the end of the block, and gone when the block fails.

    By `mark`, `left_files` finds it when the process was killed in between.

    Conflict when `path` exists, unless it is to be replaced: a link there is replaced itself, and never followed.
    Hopeless when the disk is full.
    """
    if on_conflict != "replace" and os.path.lexists(path):
        raise _exists(path)
    with _told(path):
        temporary = path.with_name(f".{path.name[:40]}.{mark}{secrets.token_hex(6)}.part")
        descriptor = os.open(temporary, _FLAGS, 0o666)
        try:
            try:
                yield GrowingFile(temporary, descriptor)
            finally:
                os.close(descriptor)
            stamp = modified.timestamp()
            os.utime(temporary, (stamp, stamp))
            _give_name(temporary, path, replace=on_conflict == "replace")
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()


def left_files(folder: Path, mark: str, *, below: bool) -> Iterator[Path]:
    """Files in `folder` that `new_file` has begun with this `mark` and never named; `below` it too. Links are not
    followed.
    """
    ours = re.compile(rf"\..*\.{re.escape(mark)}[0-9a-f]{{12}}\.part", re.DOTALL)
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if below:
                        yield from left_files(Path(entry.path), mark, below=True)
                elif ours.fullmatch(entry.name):
                    yield Path(entry.path)
    except OSError:  # gone, or not to be read: nothing of ours can be removed there
        return


def _give_name(temporary: Path, path: Path, *, replace: bool) -> None:
    if replace:
        temporary.replace(path)
        return
    try:
        os.link(temporary, path)  # unlike a rename it never replaces
    except FileExistsError:
        raise _exists(path) from None
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise _exists(path) from None
        temporary.rename(path)


def _exists(path: Path) -> Conflict:
    return Conflict(f"{path} exists already; choose to skip or to replace it")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Errors of the file system in words."""
    try:
        yield
    except CockpitError:
        raise
    except FileExistsError:
        raise Conflict(f"{path} is a file where a folder is needed; rename it") from None
    except NotADirectoryError:
        raise Conflict(f"above {path} is a file where a folder is needed; rename it") from None
    except IsADirectoryError:
        raise Conflict(f"{path} is a folder where a file is to be written; rename it") from None
    except OSError as error:
        words = f"{path} cannot be written: {error.strerror or type(error).__name__}"
        if error.errno in _FULL:
            raise Hopeless(f"{words}; make room, or choose another directory") from None
        raise BadRequest(f"{words}; choose another directory") from None
