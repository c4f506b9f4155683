"""MeasurementSets and other casacore tables: rows of a directory-shaped table, as a table of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from ..errors import BadRequest, FormatError
from ..models import Slice
from ..source import Source
from ..tree import MARK, TreeSource
from .base import BLOCK_SIZE, SLICE_BYTES, Cut, Index, PartitionParams, Report, Run, View
from .ms_clone import Folder, copied, need_casacore, probed
from .ms_cut import Tiling, baseline_slices, edges_by_number, edges_by_rows, edges_by_times, row_slices
from .ms_header import NotUnderstood, Tiles, table_kind, tiles_of
from .ms_read import open_slice, rows_of, subtable, tar_of, to_arrays, to_ms

_HEADER = re.compile(r"table\.f\d+")
_START = 32
_LOCK = "table.lock"
_NO_LOCK = f"it has no {_LOCK}, which may tell how many rows there are: copy the table with all its files"
_LARGE = 256 << 20
_LARGEST_HEADER = 64 << 20


class MsParams(PartitionParams):
    """How to cut rows."""

    rows: int | None = Field(
        default=None,
        ge=1,
        title="Rows per slice",
        description="Each slice holds this many rows, the last one the rest.",
        json_schema_extra={"cut": True},
    )
    times: int | None = Field(
        default=None,
        ge=1,
        title="Times per slice",
        description="Each slice holds this many whole times: rows that follow each other with one TIME stay together.",
        json_schema_extra={"cut": True},
    )
    baselines: int | None = Field(
        default=None,
        ge=1,
        title="Baselines per slice",
        description="Each slice holds all rows of this many pairs of antennas. Every slice fetches all tiles.",
        json_schema_extra={"cut": True},
    )
    slice_bytes: int | None = Field(
        default=None,
        ge=1,
        title="Bytes per slice",
        description="Each slice has about this many bytes of tiles, always whole rows.",
        json_schema_extra={"cut": True},
    )


class MsFormat:
    """Tables of casacore, MeasurementSets above all. The source is a tree: a directory, or a prefix in S3."""

    name: ClassVar[str] = "ms"
    title: ClassVar[str] = "MeasurementSet"
    version: ClassVar[int] = 1
    extensions: ClassVar[tuple[str, ...]] = (".ms", ".tab")
    extra: ClassVar[str | None] = "astronomy"
    libraries: ClassVar[tuple[str, ...]] = ("casacore",)
    params: ClassVar[type[PartitionParams]] = MsParams
    strategies: ClassVar[Mapping[str, Mapping[str, str]]] = {"ms_partitioning_strategy": {"num_chunks": "num_slices"}}

    def detect(self, name: str, head: bytes) -> float:
        """Sure of a directory that holds `table.dat` and the file of a storage manager."""
        if head.startswith(MARK):
            names = head[len(MARK) :].split(b"\n")
            return 1.0 if b"table.dat" in names and any(held.startswith(b"table.f") for held in names) else 0.0
        return 0.0

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        """Copy all but the tiles and let casacore look at it, in another process. FormatError when it cannot."""
        tree = _tree(source)
        _check_kind(tree)
        need_casacore()
        planned = _plan(tree)
        try:
            facts, arrays = _look(tree, list(planned), report, run, block_size)
        except FormatError as error:
            raise (error if tree.find(_LOCK) else FormatError(f"{error}; {_NO_LOCK}")) from None
        rows = facts["rows"]
        if any(one.rows > rows for one in planned.values()) and not tree.find(_LOCK):
            raise FormatError(f"columns of {tree.uri} have more rows than its {rows:,}; {_NO_LOCK}")
        if any(one.rows != rows for one in planned.values()):
            planned = {name: one for name, one in planned.items() if one.rows == rows}
            facts, arrays = _look(tree, list(planned), report, run, block_size)
        report(tree.size, tree.size)
        used = set(facts["managers"])
        files = [(_offset(tree, name), one.tiles) for name, one in planned.items() if one.manager in used]
        base = tree.size - sum(one.tiles.size for one in planned.values())
        return Index(
            format=self.name,
            version=self.version,
            uri=source.uri,
            etag=source.etag,
            size=source.size,
            reading=params.reading(),
            records=rows,
            facts={"tiled": sorted(planned), "base_bytes": base},
            arrays={**arrays, **Tiling(files).arrays()},
        )

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        """Cut between rows. BadRequest for times or baselines of a table that has none."""
        if not isinstance(params, MsParams):
            raise BadRequest(f"tables are cut by MsParams, not by {type(params).__name__}")
        tiling = Tiling.of(index.arrays)
        shared = {"tiled": index.facts["tiled"]}
        notes = _notes(index, params)
        if params.baselines is not None:
            _need(index, "baselines", "ANTENNA1 and ANTENNA2")
            return Cut(baseline_slices(index, tiling, params.baselines), shared, notes)
        total = index.records
        if params.num_slices is not None:
            edges = edges_by_number(total, params.num_slices)
        elif params.times is not None:
            _need(index, "times", "TIME")
            edges = edges_by_times(index.arrays["times"].astype(np.int64), total, params.times)
        else:
            each = max(1, tiling.bytes or index.facts["base_bytes"]) / max(1, total)
            edges = edges_by_rows(total, params.rows or max(1, int((params.slice_bytes or SLICE_BYTES) // each)))
        return Cut(row_slices(tiling, edges), shared, notes)

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> Any:
        """A casacore.tables.table, read-only, of these rows; its subtables are those of the whole."""
        return open_slice(_tree(source), shared["tiled"], piece)

    def read_bytes(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> bytes:
        """The bytes of the tiles; with `header` a tar archive of a MeasurementSet that holds these rows only."""
        if header:
            return tar_of(_tree(source), shared["tiled"], piece)
        return b"".join(source.read_many(piece.ranges))

    def count(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
        """Rows, counted by casacore; no tiles are fetched."""
        return rows_of(_tree(source), shared["tiled"], piece)

    @property
    def views(self) -> Mapping[str, View]:
        found: dict[str, Any] = {"to_ms": to_ms, "to_arrays": to_arrays, "subtable": subtable}
        return found


def _tree(source: Source) -> TreeSource:
    if not isinstance(source, TreeSource):
        raise FormatError(f"{source.uri} is one object; a MeasurementSet is a directory: give its URI, ending with '/'")
    return source


def _check_kind(tree: TreeSource) -> None:
    """FormatError when the tree is no table that stands by itself."""
    found = tree.find("table.dat")
    if found is None:
        raise FormatError(f"there is no table.dat in {tree.uri}: it is no casacore table")
    kind = table_kind(tree.member("table.dat").read(0, min(64, found.size)))
    if kind is None:
        raise FormatError(f"the table.dat of {tree.uri} is not one of casacore, or has been cut off")
    if kind != "PlainTable":
        raise FormatError(f"{tree.uri} is a {kind}, which refers to other tables; cut the table that it refers to")


class Planned(NamedTuple):
    """A file whose tiles are understood, and the number of its storage manager and the rows that this tells of."""

    manager: int
    rows: int
    tiles: Tiles


def _plan(tree: TreeSource) -> dict[str, Planned]:
    """The files of which tiles can be fetched apart, by name. FormatError when one of them has been cut off."""
    planned: dict[str, Planned] = {}
    for header, size, _, _ in tree.files:
        if not _HEADER.fullmatch(header) or not _is_tiled(tree, header, size):
            continue
        try:
            rows, tiles = tiles_of(tree.member(header).read(0, size))
        except NotUnderstood:
            continue
        for one in tiles:
            name = f"{header}_TSM{one.file}"
            found = tree.find(name)
            if found is None or found.size < one.size:
                there = f"{found.size:,} of {one.size:,} bytes are there" if found else "it is not there"
                raise FormatError(f"{name} of {tree.uri} has been cut off or left behind: {there}")
            planned[name] = Planned(int(header.removeprefix("table.f")), rows, one)
    return planned


def _is_tiled(tree: TreeSource, header: str, size: int) -> bool:
    return _START <= size <= _LARGEST_HEADER and b"Tiled" in tree.member(header).read(0, _START)


def _look(
    tree: TreeSource, skip: list[str], report: Report, run: Run, block_size: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    folder = Folder()
    done = 0
    for done in copied(tree, skip, folder.path, run, block_size):
        report(done, tree.size)
    return probed(tree.uri, folder.path, done, lambda: report(done, tree.size))


def _offset(tree: TreeSource, name: str) -> int:
    found = tree.find(name)
    return found.offset if found else 0


def _need(index: Index, array: str, columns: str) -> None:
    if array not in index.arrays:
        raise BadRequest(f"{index.uri} has no {columns}, so it cannot be cut by {array}; cut it by rows")


def _notes(index: Index, params: MsParams) -> tuple[str, ...]:
    notes = []
    if params.num_slices is not None and params.num_slices > max(1, index.records):
        notes.append(f"{params.num_slices:,} slices were asked for, but there are only {index.records:,} rows")
    base = index.facts["base_bytes"]
    if base > _LARGE:
        notes.append(
            f"{base / 1e6:,.0f} MB of the table are not in tiles that can be fetched apart: every process that reads "
            "slices fetches them once, whole"
        )
    return tuple(notes)
