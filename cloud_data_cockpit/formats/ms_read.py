"""A slice of a table, opened by casacore on a copy that has the tiles of these rows only."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadRequest, FormatError
from ..models import Slice
from ..source import Source
from ..tree import TreeSource
from .ms_clone import QUOTE, Folder, clone, need_casacore

_SUBTABLE = "Table: "
"""How casacore writes a keyword that is a table."""


@cache
def _class() -> type[Any]:
    """casacore's table that keeps the files it reads; made when it is first needed, since casacore may be missing."""
    from casacore.tables import table

    class SliceTable(table):  # type: ignore[misc]
        """Rows of a table whose files are on this machine as long as this, or a selection of it, is held."""

        def keeping(self, *held: Any) -> SliceTable:
            self.__dict__["_kept"] = held
            return self

        def selectrows(self, rownrs: Any) -> Any:
            return self._same(super().selectrows(rownrs))

        def query(self, *args: Any, **options: Any) -> Any:
            return self._same(super().query(*args, **options))

        def sort(self, *args: Any, **options: Any) -> Any:
            return self._same(super().sort(*args, **options))

        def _same(self, found: Any) -> Any:
            return SliceTable(found, _oper=3).keeping(self.__dict__["_kept"])

    return SliceTable


def open_slice(tree: TreeSource, tiled: Sequence[str], piece: Slice) -> Any:
    """The rows of the slice as a casacore table, read-only. FormatError when casacore refuses."""
    need_casacore()
    return _opened(tree, piece, *clone(tree, tiled, piece.ranges))


def rows_of(tree: TreeSource, tiled: Sequence[str], piece: Slice) -> int:
    """Rows of the slice that are there."""
    need_casacore()
    return int(_opened(tree, piece, *clone(tree, tiled, ())).nrows())


def _opened(tree: TreeSource, piece: Slice, folder: Folder, base: Folder) -> Any:
    make = _class()
    try:
        whole = make(str(folder.path), ack=False, readonly=True).keeping(folder, base)
        return whole.selectrows(_rows(whole, piece.details))
    except RuntimeError as error:
        raise FormatError(f"casacore cannot read slice {piece.number} of {tree.uri}: {error}") from None


def _rows(whole: Any, details: Mapping[str, Any]) -> Any:
    if "baselines" not in details:
        return np.arange(*details["rows"])
    first, last = details["baselines"]
    codes = (whole.getcol("ANTENNA1").astype(np.int64) << 32) + whole.getcol("ANTENNA2")
    return np.flatnonzero((first <= codes) & (codes <= last))


def to_ms(source: Source, shared: Mapping[str, Any], piece: Slice, path: str | os.PathLike[str]) -> Path:
    """Write a MeasurementSet of these rows with all subtables, which needs nothing else; its path."""
    target = Path(path).absolute()
    if target.exists():
        raise BadRequest(f"{target} exists already; choose another path or remove it")
    if not isinstance(source, TreeSource):
        raise FormatError(f"{source.uri} is one object; a MeasurementSet is a directory")
    found = open_slice(source, shared["tiled"], piece)
    with tempfile.TemporaryDirectory(prefix="cockpit-ms-") as folder:
        # casacore copies by a command of the shell, in which a quote in a name does harm.
        place = Path(folder, "slice") if QUOTE in str(target) else target
        try:
            found.copy(str(place), deep=True).close()
        except RuntimeError as error:
            raise FormatError(f"casacore cannot copy slice {piece.number} of {source.uri}: {error}") from None
        if place != target:
            shutil.move(place, target)
    return target


def tar_of(tree: TreeSource, tiled: Sequence[str], piece: Slice) -> bytes:
    """A tar archive of the directory that `to_ms` writes, under the name of the table."""
    name = tree.uri.rstrip("/").rpartition("/")[2] or "table"
    with tempfile.TemporaryDirectory(prefix="cockpit-ms-") as folder:
        path = to_ms(tree, {"tiled": tiled}, piece, Path(folder) / "slice")
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(path, arcname=name)
    return packed.getvalue()


def to_arrays(
    source: Source, shared: Mapping[str, Any], piece: Slice, columns: Sequence[str] | None = None
) -> dict[str, Any]:
    """Columns by name: an array with the rows first, or a list (None where a cell is empty) where shapes differ."""
    if not isinstance(source, TreeSource):
        raise FormatError(f"{source.uri} is one object; a MeasurementSet is a directory")
    found = open_slice(source, shared["tiled"], piece)
    unknown = set(columns or ()) - set(found.colnames())
    if unknown:
        raise BadRequest(f"there are no columns {', '.join(sorted(unknown))}; known are {', '.join(found.colnames())}")
    try:
        return {name: _column(found, name) for name in columns or found.colnames()}
    except RuntimeError as error:
        raise FormatError(f"casacore cannot read slice {piece.number} of {source.uri}: {error}") from None


def subtable(source: Source, shared: Mapping[str, Any], piece: Slice, name: str) -> Any:
    """A subtable, such as "SPECTRAL_WINDOW", whole, as a casacore table. BadRequest for one that is not there."""
    if not isinstance(source, TreeSource):
        raise FormatError(f"{source.uri} is one object; a MeasurementSet is a directory")
    need_casacore()
    found = _opened(source, piece, *clone(source, shared["tiled"], ()))  # no rows are fetched
    told = {key: value for key, value in found.getkeywords().items() if str(value).startswith(_SUBTABLE)}
    if name not in told:
        raise BadRequest(f"there is no subtable {name!r}; known are {', '.join(told) or 'none'}")
    try:
        return _class()(str(told[name]).removeprefix(_SUBTABLE), ack=False, readonly=True).keeping(found)
    except RuntimeError as error:
        raise FormatError(f"casacore cannot read {name} of {source.uri}: {error}") from None


def _column(found: Any, name: str) -> Any:
    if found.isscalarcol(name):
        return found.getcol(name)
    cells: list[Any] = [
        found.getcell(name, row) if found.iscelldefined(name, row) else None for row in range(found.nrows())
    ]
    shapes = {None if cell is None else np.shape(cell) for cell in cells}
    return np.stack(cells) if len(shapes) == 1 and None not in shapes else cells
