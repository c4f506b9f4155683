"""What can be uploaded without a browser: a file on this machine, or bytes; opened as often as needed."""

from __future__ import annotations

import io
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from ..errors import AccessDenied, BadRequest, Conflict, NotFound


class Item(Protocol):
    """One object to be: its key, its size in bytes, and what tells whether its bytes are still the same (`stamp`)."""

    @property
    def key(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def stamp(self) -> str: ...

    @property
    def name(self) -> str:
        """How people know it."""

    def open(self) -> BinaryIO:
        """Its bytes, seekable."""

    def check_unchanged(self) -> None:
        """Conflict when its bytes are no longer those that `stamp` stands for."""


@dataclass(frozen=True)
class BytesItem:
    """Bytes in memory."""

    key: str
    content: bytes | bytearray | memoryview
    stamp: str = ""
    name: str = "bytes"

    @property
    def size(self) -> int:
        return memoryview(self.content).nbytes

    def open(self) -> BinaryIO:
        return io.BytesIO(self.content)

    def check_unchanged(self) -> None:
        return None


@dataclass(frozen=True)
class FileItem:
    """A regular file. `path` is a real path: opening it follows no symbolic link, so it cannot be led elsewhere."""

    key: str
    path: Path
    size: int
    stamp: str
    name: str

    def open(self) -> BinaryIO:
        """Its bytes. Conflict when it is no longer a regular file there, AccessDenied when it may not be read."""
        try:
            return os.fdopen(os.open(self.path, _FLAGS), "rb")
        except PermissionError:
            raise AccessDenied(f"{self.name} may not be read; change its permissions or leave it out") from None
        except OSError as error:
            raise Conflict(f"{self.name} cannot be read any more ({error.strerror}); upload it again") from None

    def check_unchanged(self) -> None:
        try:
            now = stamp_of(self.path.lstat())
        except OSError:
            now = ""
        if now != self.stamp:
            raise Conflict(f"{self.name} was changed while it was uploaded; upload it again")


class Renamed:
    """An item that goes to another key."""

    def __init__(self, item: Item, key: str) -> None:
        self._item = item
        self.key = key
        self.size, self.stamp, self.name = item.size, item.stamp, item.name

    def open(self) -> BinaryIO:
        return self._item.open()

    def check_unchanged(self) -> None:
        self._item.check_unchanged()


def key_beside(key: str, number: int) -> str:
    """The key itself for 0, else one beside it: "a (1).csv", as the panel does it."""
    if not number:
        return key
    folder, slash, name = key.rpartition("/")
    ending = _ENDING.fullmatch(name)
    last = ending[1] if ending else ""
    return f"{folder}{slash}{name[: len(name) - len(last)]} ({number}){last}"


_ENDING = re.compile(r".+?((?:\.[A-Za-z0-9]{1,10}){1,2})", re.DOTALL)
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def stamp_of(found: os.stat_result) -> str:
    """Changes when a file is written to or replaced."""
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}"


def file_item(key: str, path: Path, name: str | None = None) -> FileItem:
    """The file at `path`, links followed. NotFound when there is none, BadRequest when it is no regular file."""
    shown = name or str(path)
    try:
        real = path.resolve(strict=True)
        found = real.lstat()
    except PermissionError:
        raise AccessDenied(f"{shown} may not be looked at; change its permissions") from None
    except (OSError, RuntimeError):
        raise NotFound(f"there is no file {shown}; check its name") from None
    if not stat.S_ISREG(found.st_mode):
        raise BadRequest(f"{shown} is no regular file; only files with bytes of their own can be uploaded")
    return FileItem(key, real, found.st_size, stamp_of(found), shown)
