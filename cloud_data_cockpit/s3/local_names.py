"""Keys as names of files that every operating system takes; no two keys of one run get the same one."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
import unicodedata

LONGEST = 200
"""Bytes of one step of a path; 255 is what file systems take, and a file on its way has a longer name."""
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"\\|?*/\ud800-\udfff]')
_RESERVED = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\..*)?", re.IGNORECASE | re.DOTALL
)


def safe_path(name: str) -> tuple[str, ...]:
    """The steps of a path for a key, or for what of it lies below a selection; relative, never upwards.

    The same on every system: what Windows does not take becomes "_", and so do steps that are empty, "." or "..". A
    folder's marker, which ends with "/", is the path of the folder. Different names may give one path, see `Taken`.
    """
    return tuple(_safe_step(step) for step in name.removesuffix("/").split("/"))


def _safe_step(step: str) -> str:
    safe = _UNSAFE.sub("_", step)
    if safe.strip(". ") == "":
        return "_" * max(1, len(safe))
    if safe[-1] in ". ":
        safe = f"{safe[:-1]}_"
    if _RESERVED.fullmatch(safe.rstrip(" .")):
        safe = f"_{safe}"
    return with_mark(safe, step) if len(safe.encode()) > LONGEST else safe


def with_mark(step: str, key: str) -> str:
    """`step` made different from others by a digest of the whole key, before its extension."""
    stem, dot, extension = step.rpartition(".")
    if not stem or len(extension) > 20:
        stem, dot, extension = step, "", ""
    mark = f"~{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    room = LONGEST - len(f"{mark}{dot}{extension}".encode())
    return f"{stem.encode()[:room].decode('utf-8', 'ignore')}{mark}{dot}{extension}"


def folder_marked(step: str, name: str) -> str:
    """`step`, which is the last one of the folder `name`, where a file has its path."""
    return with_mark(step, f"{name}/")


class Taken:
    """The paths that a run has given to keys, in a temporary file: it may be millions. Thread-safe; close it.

    Two paths are one where a file system does not tell capital from small letters, or composed from decomposed ones.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.execute("CREATE TABLE taken (path BLOB PRIMARY KEY, folder INTEGER) WITHOUT ROWID")
        self._last: tuple[list[str], tuple[str, ...]] = ([], ())

    def close(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._database.close()

    def path_for(self, key: str, name: str, *, folder: bool = False) -> tuple[str, ...]:
        """The steps of the path for `name`, which is the end of `key`; marked by the key when another one has it.

        A `folder` is that of all names that begin with it. One whose path a file has is marked as well.
        """
        steps, safe = name.removesuffix("/").split("/"), safe_path(name)
        if folder:
            return self._folder(steps, safe)
        above = self._folder(steps[:-1], safe[:-1])
        return (*above, self._free(above, safe[-1], with_mark(safe[-1], key), folder=False))

    def _folder(self, steps: list[str], safe: tuple[str, ...]) -> tuple[str, ...]:
        last, path = self._last
        if steps == last:
            return path
        path = ()
        for count, step in enumerate(safe, 1):
            marked = folder_marked(step, "/".join(steps[:count]))
            path = (*path, self._free(path, step, marked, folder=True))
        self._last = (steps, path)
        return path

    def _free(self, above: tuple[str, ...], step: str, marked: str, *, folder: bool) -> str:
        """The first of `step`, `marked` and further ones that is free; a key may equal the mark of another one."""
        found, number = step, 0
        while not self._take((*above, found), folder=folder):
            found = with_mark(step, f"{marked}/{number}") if number else marked
            number += 1
        return found

    def _take(self, path: tuple[str, ...], *, folder: bool) -> bool:
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", "/".join(path)).casefold())
        digest = hashlib.sha256(folded.encode()).digest()[:16]
        with self._lock:
            done = self._database.execute("INSERT OR IGNORE INTO taken VALUES (?, ?)", (digest, folder))
            if done.rowcount == 1 or not folder:
                return done.rowcount == 1
            return bool(self._database.execute("SELECT folder FROM taken WHERE path = ?", (digest,)).fetchone()[0])
