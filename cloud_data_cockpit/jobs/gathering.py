"""Which files of Jupyter's directory a request to send means: walked lazily, links followed inside it only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ..companions import together
from ..errors import BadRequest, CockpitError
from ..s3.items import FileItem, file_item
from .directory import check_inside, directory, inside

_LEFT_OUT = frozenset({".ipynb_checkpoints"})
Note = Callable[[str], None]


class Gathering:
    """The files below `paths`, each with its key below `prefix`; `note` is told what is taken along or left out.

    A directory keeps its name in the keys. Walked anew by each `items`, so that nothing is held of a million files.
    """

    def __init__(self, paths: list[str], prefix: str) -> None:
        self._paths = list({path.strip("/"): path for path in paths}.values())
        self._prefix = prefix

    def check(self) -> None:
        """Raise what can be said at once: of paths that are not there, or outside."""
        for path in self._paths:
            real = inside(path)
            if real == directory():
                raise BadRequest("choose files or directories in Jupyter's directory, not all of it")
            if not real.is_dir():
                file_item(self._key(_name(path)), real, path)

    def items(self, note: Note = lambda text: None) -> Iterator[FileItem]:
        """Every file once, in the order of its names."""
        given = {inside(path) for path in self._paths}
        taken: set[Path] = set()
        for path in self._paths:
            real = inside(path)
            if real.is_dir():
                yield from self._below(real, self._key(_name(path)), path, note)
                continue
            yield file_item(self._key(_name(path)), real, path)
            for beside in _companions(real):
                if beside not in given and beside not in taken:
                    taken.add(beside)
                    note(f"{beside.name} belongs to {real.name} and was taken along")
                    yield file_item(self._key(beside.name), beside, beside.name)

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name}"

    def _below(self, real: Path, key: str, shown: str, note: Note, above: tuple[Path, ...] = ()) -> Iterator[FileItem]:
        try:
            names = sorted(entry.name for entry in real.iterdir())
        except OSError as error:
            note(f"{shown} was left out: it cannot be listed ({error.strerror})")
            return
        for name in names:
            if name not in _LEFT_OUT:
                yield from self._one(real / name, f"{key}/{name}", f"{shown}/{name}", note, (*above, real))

    def _one(self, path: Path, key: str, shown: str, note: Note, above: tuple[Path, ...]) -> Iterator[FileItem]:
        try:
            key.encode()
            real = path.resolve(strict=True)
            check_inside(real, shown)
        except UnicodeEncodeError:
            note(f"{shown!r} was left out: its name is no text")
            return
        except (OSError, RuntimeError):
            note(f"{shown} was left out: it is a link that leads nowhere")
            return
        except CockpitError as error:
            note(f"{shown} was left out: {error.message}")
            return
        if real.is_dir():
            if real in above:
                note(f"{shown} was left out: it is a link to a directory that it is in")
                return
            yield from self._below(real, key, shown, note, above)
            return
        try:
            yield file_item(key, real, shown)
        except CockpitError as error:
            note(f"{shown} was left out: {error.message}")


def _name(path: str) -> str:
    return path.strip("/").rsplit("/", 1)[-1]


def _companions(real: Path) -> list[Path]:
    try:
        beside = [entry.name for entry in real.parent.iterdir()]
    except OSError:
        return []
    found = [(real.parent / name).resolve() for name in together(real.name, beside)]
    return [each for each in found if each.is_file() and each.is_relative_to(directory())]
