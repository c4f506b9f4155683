"""Copies of a table on this machine: whole where files are not tiled, with holes where no tile is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, MissingExtra
from ..source import Range, blocks
from ..tree import TreeSource
from .base import Run

READ_BYTES = 8 << 20
_AT_ONCE = 8
_MOST_BASES = 2
_LEAST_SECONDS = 60
_SLOWEST = 5 << 20
_LOCK = "table.lock"
QUOTE = "'"

Ints = NDArray[np.int64]


class Folder:
    """A directory of our own, removed when nobody holds this any more or the process ends."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="cockpit-ms-"))
        weakref.finalize(self, _remove, self.path, os.getpid())


def _remove(path: Path, owner: int) -> None:
    # A forked child must not take away what its parent still reads.
    if os.getpid() == owner:
        shutil.rmtree(path, ignore_errors=True)


@dataclass(frozen=True)
class Piece:
    """Bytes of a file of the tree."""

    name: str
    offset: int
    length: int


def pieces(tree: TreeSource, skip: Collection[str], block_size: int) -> list[Piece]:
    """All files but those of `skip`, in blocks; a file without bytes is one piece.

    FormatError for a name with a quote: casacore copies tables by a command of the shell with names in quotes, so that
    such a name could end the quotes and be a command itself.
    """
    found = []
    for name, size, _, _ in tree.files:
        if QUOTE in name:
            raise FormatError(f"{tree.uri} holds a file called {name!r}; a name with {QUOTE} is not safe in a table")
        if name not in skip:
            held = list(blocks(0, size, block_size)) or [(0, 0)]
            found += [Piece(name, offset, length) for offset, length in held]
    return found


def fetch(tree: TreeSource, piece: Piece) -> bytes:
    """The bytes of a piece."""
    return tree.member(piece.name).read(piece.offset, piece.length) if piece.length else b""


def place(folder: Path, piece: Piece, data: bytes) -> None:
    """Write a piece to where it belongs."""
    path = folder / piece.name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("r+b" if path.exists() else "wb") as file:
        file.seek(piece.offset)
        file.write(data)


def hollow(folder: Path, name: str, size: int) -> Path:
    """A file of `size` bytes, all of them a hole."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
    return path


def copied(tree: TreeSource, skip: Collection[str], folder: Path, run: Run, block_size: int) -> Iterable[int]:
    """Copy all files but those of `skip`, which become holes; yields the bytes that have been copied."""
    for name in skip:
        found = tree.find(name)
        if found is not None:
            hollow(folder, name, found.size)
    todo = pieces(tree, skip, block_size)
    done = 0
    for piece, data in zip(todo, run(partial(fetch, tree), todo), strict=True):
        place(folder, piece, data)
        done += piece.length
        yield done


# --- for slices --------------------------------------------------------------------------------

_bases: OrderedDict[tuple[int, str, str, tuple[str, ...]], Folder] = OrderedDict()
_lock = threading.Lock()


def base_of(tree: TreeSource, tiled: Sequence[str]) -> Folder:
    """All of the table but its tiles, fetched once a process while it is among the last used."""
    key = (os.getpid(), tree.uri, tree.etag, tuple(tiled))
    with _lock:
        if key not in _bases:
            folder = Folder()
            for _ in copied(tree, tiled, folder.path, _in_threads, READ_BYTES):
                pass
            _bases[key] = folder
            while len(_bases) > _MOST_BASES:
                _bases.popitem(last=False)
        _bases.move_to_end(key)
        return _bases[key]


def clone(tree: TreeSource, tiled: Sequence[str], ranges: Sequence[Range]) -> tuple[Folder, Folder]:
    """A table of which only the bytes `ranges` of its tiles are there; it, and the folder that it borrows from."""
    base = base_of(tree, tiled)
    folder = Folder()
    for entry in base.path.iterdir():
        target = folder.path / entry.name
        if entry.is_dir():
            target.symlink_to(entry, target_is_directory=True)
        elif entry.name == _LOCK:
            shutil.copyfile(entry, target)
        elif entry.name not in tiled:
            os.link(entry, target)
    for name in tiled:
        hollow(folder.path, name, _size_of(tree, name))
    _fill(
        tree, folder.path, [block for offset, length in ranges for block in blocks(offset, offset + length, READ_BYTES)]
    )
    return folder, base


def _fill(tree: TreeSource, folder: Path, ranges: Sequence[Range]) -> None:
    todo = [
        Piece(tree.files[number].name, *inner)
        for offset, length in ranges
        for number, inner in tree.parts(offset, length)
    ]
    for piece, data in zip(todo, _in_threads(partial(fetch, tree), todo), strict=True):
        place(folder, piece, data)


def _size_of(tree: TreeSource, name: str) -> int:
    found = tree.find(name)
    if found is None:
        raise FormatError(f"there is no {name} below {tree.uri} any more; partition it again")
    return found.size


def _in_threads(fn: Any, items: Iterable[Any], /) -> Iterable[Any]:
    """A Run that holds few results at a time."""
    todo = list(items)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="table") as pool:
        for first in range(0, len(todo), 2 * _AT_ONCE):
            yield from pool.map(fn, todo[first : first + 2 * _AT_ONCE])


# --- looked at ---------------------------------------------------------------------------------


def need_casacore() -> None:
    """MissingExtra where python-casacore is not installed."""
    try:
        import casacore.tables  # noqa: F401
    except ImportError:
        raise MissingExtra(
            "tables of casacore need python-casacore, which there is for Linux only: "
            "pip install 'cloud-data-cockpit[astronomy]'"
        ) from None


def probed(uri: str, folder: Path, held: int, told: Any) -> tuple[dict[str, Any], dict[str, Ints]]:
    """What `ms_probe` finds in the table at `folder`, of which `held` bytes are there. FormatError when it cannot.

    `told` is called a few times a second and may raise.
    """
    with tempfile.TemporaryDirectory(prefix="cockpit-ms-") as beside:
        result, words = Path(beside, "result.npz"), Path(beside, "words")
        with words.open("wb") as output:
            script = Path(__file__).with_name("ms_probe.py")
            command = [sys.executable, "-P", str(script), str(folder), str(result)]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            try:
                _wait(process, uri, _LEAST_SECONDS + held / _SLOWEST, told)
            finally:
                process.kill()
                process.wait()
        if process.returncode or not result.is_file():
            last = words.read_bytes()[-500:].decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise FormatError(f"{uri} is damaged: casacore breaks down on it ({process.returncode}) {last}".rstrip())
        with np.load(result, allow_pickle=False) as found:
            arrays = {name: np.asarray(found[name]) for name in found.files}
    facts = json.loads(arrays.pop("facts").tobytes())
    if "problem" in facts:
        raise FormatError(f"casacore cannot read {uri}: {facts['problem']}")
    return facts, arrays


def _wait(process: subprocess.Popen[bytes], uri: str, seconds: float, told: Any) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            process.wait(0.2)
            return
        except subprocess.TimeoutExpired:
            told()
            if time.monotonic() > end:
                raise FormatError(f"{uri} is damaged: casacore has not come back from it in {seconds:.0f} s") from None
