"""Directory-shaped data sets: many objects below one prefix, read as one Source whose bytes are theirs in order."""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from .errors import BadRequest, NotFound, SourceChanged
from .source import FileSource, Range, Source, check_range

MOST_MEMBERS = 100_000
MARK = b"\0tree\n"
_LOCKS = ("table.lock",)


class Found(NamedTuple):
    """An object below the prefix: its name from there on, its size and its ETag."""

    name: str
    size: int
    etag: str


class Member(NamedTuple):
    """An object of a tree; its bytes are those from `offset` of the tree."""

    name: str
    size: int
    etag: str
    offset: int


class TreeSource:
    """All objects below a prefix as one Source, in order of their names.

    Its ETag is a digest of the names, sizes and ETags of all of them, so that it changes with any of them; files that
    hold nothing but locks are left out of it. It is listed when it is first needed; SourceChanged when it is no longer
    what `etag` and `size` say.
    """

    def __init__(self, uri: str, etag: str | None = None, size: int | None = None) -> None:
        self._uri = uri if uri.endswith("/") else uri + "/"
        self._expected = (etag, size)

    def _list(self) -> Iterable[Found]:
        """All objects below the prefix, in any order."""
        raise NotImplementedError

    def _open(self, member: Member) -> Source:
        raise NotImplementedError

    @property
    def uri(self) -> str:
        return self._uri

    @cached_property
    def files(self) -> tuple[Member, ...]:
        """The objects, ascending by name. NotFound when there are none, SourceChanged when they are others by now."""
        found: list[Member] = []
        at = 0
        for name, size, etag in sorted(self._limited()):
            found.append(Member(_checked_name(name, self._uri), size, etag, at))
            at += size
        if not found:
            raise NotFound(f"there is nothing below {self._uri}; check the path")
        if self._expected not in ((None, None), (None, at), (_digest(found), None), (_digest(found), at)):
            raise SourceChanged(f"{self._uri} has changed since it was indexed; partition it again")
        return tuple(found)

    @property
    def size(self) -> int:
        known = self._expected[1]
        return known if known is not None else sum(member.size for member in self.files)

    @property
    def etag(self) -> str:
        return self._expected[0] or _digest(self.files)

    @cached_property
    def _by_name(self) -> dict[str, Member]:
        return {member.name: member for member in self.files}

    def find(self, name: str) -> Member | None:
        """The object called `name`, from the prefix on; None when there is none."""
        return self._by_name.get(name)

    def member(self, name: str) -> Source:
        """The bytes of one object. NotFound when there is none of this name."""
        found = self.find(name)
        if found is None:
            raise NotFound(f"there is no {name} below {self._uri}")
        return self._open(found)

    def head(self, length: int) -> bytes:
        """What formats are found by: MARK, and the names line by line, those of the fewest parts first."""
        names = sorted((member.name for member in self.files), key=lambda name: (name.count("/"), name))
        return MARK + "".join(f"{name}\n" for name in names).encode("utf-8", "replace")[:length]

    def read(self, offset: int, length: int) -> bytes:
        return self.read_many([(offset, length)])[0]

    def read_many(self, ranges: Sequence[Range]) -> list[bytes]:
        """The bytes of ranges that may reach over several objects; each object is asked once."""
        size = sum(self.files[-1][1::2])
        wanted: dict[int, list[tuple[int, Range]]] = {}
        for i, (offset, length) in enumerate(ranges):
            check_range(size, offset, length, self._uri)
            for number, inner in self.parts(offset, length):
                wanted.setdefault(number, []).append((i, inner))
        pieces: list[list[bytes]] = [[] for _ in ranges]
        for number in sorted(wanted):
            data = self._open(self.files[number]).read_many([inner for _, inner in wanted[number]])
            for (i, _), piece in zip(wanted[number], data, strict=True):
                pieces[i].append(piece)
        return [b"".join(parts) for parts in pieces]

    def parts(self, offset: int, length: int) -> list[tuple[int, Range]]:
        """Numbers of the objects that [offset, offset + length) lies in, and which of their bytes."""
        found: list[tuple[int, Range]] = []
        number = bisect_right(self._offsets, offset) - 1
        end = offset + length
        while offset < end:
            member = self.files[number]
            stop = min(end, member.offset + member.size)
            if stop > offset:
                found.append((number, (offset - member.offset, stop - offset)))
                offset = stop
            number += 1
        return found

    @cached_property
    def _offsets(self) -> list[int]:
        return [member.offset for member in self.files]

    def sibling(self, suffix: str, *, replacing: str = "") -> Source:
        raise NotFound(f"{self._uri} is a directory and has no companion {suffix}")

    def _limited(self) -> Iterable[Found]:
        for number, found in enumerate(self._list()):
            if number >= MOST_MEMBERS:
                raise BadRequest(f"there are over {MOST_MEMBERS:,} objects below {self._uri}; give a longer prefix")
            yield found


class FileTree(TreeSource):
    """A directory on this machine, all its files at any depth; links to other directories are not followed."""

    def __init__(self, path: str | os.PathLike[str], etag: str | None = None, size: int | None = None) -> None:
        self._path = Path(path).absolute()
        super().__init__(self._path.as_uri(), etag, size)

    def _list(self) -> Iterable[Found]:
        for folder, _, names in os.walk(self._path):
            for name in names:
                path = Path(folder, name)
                if path.is_file():
                    source = FileSource(path)
                    yield Found(path.relative_to(self._path).as_posix(), source.size, source.etag)

    def _open(self, member: Member) -> Source:
        # A lock may be taken while it is read; whatever it holds, it is of no meaning to others.
        return FileSource(self._path / member.name, None if _is_lock(member.name) else member.etag)

    def __reduce__(self) -> tuple[Callable[..., FileTree], tuple[str, str, int]]:
        return FileTree, (str(self._path), self.etag, self.size)


def head_of(source: Source, length: int) -> bytes:
    """The bytes by which the format of an object, or of a tree of objects, is found."""
    return source.head(length) if isinstance(source, TreeSource) else source.read(0, min(length, source.size))


def _is_lock(name: str) -> bool:
    return name.rpartition("/")[2] in _LOCKS


def _digest(members: Iterable[Member]) -> str:
    digest = hashlib.sha256()
    for name, size, etag, _ in members:
        if not _is_lock(name):
            digest.update(f"{len(name)} {name} {size} {etag}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]


def _checked_name(name: str, uri: str) -> str:
    """`name`, unless a file below a directory cannot be called so."""
    if "\0" in name or "\\" in name or any(part in ("", ".", "..") for part in name.split("/")):
        raise BadRequest(f"{uri} holds an object called {name!r}, which is no name for a file in a directory")
    return name
