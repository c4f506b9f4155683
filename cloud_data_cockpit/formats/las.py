"""LAS and LAZ point clouds: a record is a point; cut by number, by points or by tiles, within a box if one is given."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from ..errors import BadRequest, FormatError
from ..models import Slice
from ..source import Source
from .base import BLOCK_SIZE, SLICE_BYTES, Cut, Index, PartitionParams, Report, Run, View
from .las_cut import Chunks, at_chunks, cut_in_order, cut_in_tiles, cut_runs, even_edges
from .las_data import columns_of, las_data, las_header, laz_file
from .las_grid import EVERYWHERE, MOST_TILES, Box, Grid, integer_box
from .las_header import SIGNATURE, WAVE_FORMATS, Head
from .las_layout import Layout, layout_of, positive_scales
from .las_read import count_points, file_of, read_points
from .las_scan import Sieve, survey
from .laz_chunks import Bytes, Ints

if TYPE_CHECKING:
    import laspy
    import pandas
    import pyarrow


class LasParams(PartitionParams):
    """How to cut points: one of `num_slices`, `points`, `tiles`; `box` leaves only the points inside it."""

    points: int | None = Field(
        default=None,
        ge=1,
        title="Points per slice",
        description="Each slice holds this many points, the last one the rest.",
        json_schema_extra={"cut": True},
    )
    tiles: int | None = Field(
        default=None,
        ge=1,
        le=MOST_TILES,
        title="Tiles",
        description="As many rectangles of ground as this, of about equal area; each point is in one of them.",
        json_schema_extra={"cut": True},
    )
    box: str | None = Field(
        default=None,
        title="Box",
        description="minx,miny,maxx,maxy in the file's coordinates: points with minx <= x < maxx and miny <= y < maxy.",
        examples=["0,0,500,500"],
        json_schema_extra={"reading": True},
    )

    @field_validator("box", mode="before")
    @classmethod
    def _four_numbers(cls, value: Any) -> Any:
        if value is None or value == "":
            return None
        parts = value.split(",") if isinstance(value, str) else list(value)
        try:
            minx, miny, maxx, maxy = numbers = [float(part) for part in parts]
        except (TypeError, ValueError):
            raise ValueError("a box is four numbers: minx,miny,maxx,maxy") from None
        if not all(map(math.isfinite, numbers)) or minx >= maxx or miny >= maxy:
            raise ValueError("a box is minx,miny,maxx,maxy with minx < maxx and miny < maxy")
        return ",".join(repr(number) for number in numbers)

    def reading(self) -> dict[str, Any]:
        """The index counts points by place only where tiles are asked for: that needs every point decoded."""
        return {**super().reading(), "grid": self.tiles is not None}

    def corners(self) -> tuple[float, ...] | None:
        """The box as numbers."""
        return tuple(float(part) for part in self.box.split(",")) if self.box else None


class LasFormat:
    """Points of LAS 1.0 to 1.5, formats 0 to 10, uncompressed or LAZ in chunks."""

    name: ClassVar[str] = "las"
    title: ClassVar[str] = "LAS / LAZ"
    version: ClassVar[int] = 1
    extensions: ClassVar[tuple[str, ...]] = (".las", ".laz")
    extra: ClassVar[str | None] = "geospatial"
    libraries: ClassVar[tuple[str, ...]] = ("laspy", "lazrs")
    params: ClassVar[type[PartitionParams]] = LasParams
    strategies: ClassVar[Mapping[str, Mapping[str, str]]] = {"square_split_strategy": {"num_chunks": "tiles"}}

    def detect(self, name: str, head: bytes) -> float:
        return 0.9 if head.startswith(SIGNATURE) else 0

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        asked = self._asked(params)
        if source.size == 0:
            raise FormatError(f"{source.uri} is empty: there is nothing to cut")
        layout = layout_of(source)
        las_header(source, layout.head, np.zeros((0, layout.head.record), dtype=np.uint8))
        box, numbers, facts = self._choice(source, layout, asked)
        gridded = asked.tiles is not None
        grid = Grid.of_header(layout.head, box or EVERYWHERE) or Grid(0, 0, 0, 0) if gridded else None
        kept = np.zeros(len(layout.table.counts), dtype=np.int64)
        kept[numbers] = layout.table.counts[numbers]
        arrays: dict[str, NDArray[np.generic]] = {}
        if box is None and not gridded:
            report(source.size, source.size)
        else:
            sieve = Sieve(box, grid, octree=bool(facts.get("octree")))
            found, grid = survey(source, layout, numbers, sieve, report, run=run, block_size=block_size)
            kept = found.kept
            if grid is not None:
                arrays = {"cells": found.cells, "touched": found.touched}
                facts["grid"] = [grid.x0, grid.y0, grid.x1, grid.y1]
        chunks = {"offsets": layout.table.offsets, "lengths": layout.table.lengths, "kept": kept}
        return Index(
            format=self.name,
            version=self.version,
            uri=source.uri,
            etag=source.etag,
            size=source.size,
            reading=asked.reading(),
            records=int(kept.sum()),
            facts={**facts, **_facts(layout.head), "box": box.numbers() if box else None},
            arrays={**chunks, **arrays},
        )

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        asked = self._asked(params)
        facts = index.facts
        offsets, lengths, kept = (np.asarray(index.arrays[n], dtype=np.int64) for n in ("offsets", "lengths", "kept"))
        chunks = Chunks(offsets, lengths, kept)
        shared = {key: facts[key] for key in ("box", "level", "octree") if facts.get(key) is not None}
        notes = list(facts["notes"])
        if asked.tiles is not None:
            return self._tiles(index, chunks, asked.tiles, shared, notes)
        per_slice = asked.points or max(1, SLICE_BYTES // facts["record"])
        edges = even_edges(index.records, asked.num_slices, per_slice)
        if index.records == 0:
            notes.append("there are no points here: one slice without any")
        elif asked.num_slices is not None and len(edges) - 1 < asked.num_slices:
            notes.append(f"{asked.num_slices:,} slices were asked for, but there are only {index.records:,} points")
        if facts["compressed"] or facts["box"]:
            if asked.points is None:
                edges = at_chunks(chunks, edges)
            return Cut(cut_in_order(chunks, edges), shared, tuple(notes))
        return Cut(cut_runs(facts["points_at"], facts["record"], edges), shared, tuple(notes))

    def _tiles(self, index: Index, chunks: Chunks, tiles: int, shared: dict[str, Any], notes: list[str]) -> Cut:
        if "grid" not in index.facts:
            raise BadRequest("this index was made without counting points by place: index again with tiles")
        grid = Grid(*index.facts["grid"])
        cells = np.asarray(index.arrays["cells"], dtype=np.int64)
        touched = np.asarray(index.arrays["touched"], dtype=np.uint8)
        within = Box.of(index.facts["box"]) if index.facts["box"] else EVERYWHERE
        slices = list(cut_in_tiles(chunks, grid, cells, touched, tiles, within))
        if empty := sum(piece.records == 0 for piece in slices):
            notes.append(f"{empty:,} of {tiles:,} tiles hold no points")
        return Cut(slices, shared, tuple(notes))

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> laspy.LasData:
        head, points = self._points(source, shared, piece)
        return las_data(source, head, points)

    def read_bytes(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> bytes:
        if header:
            return file_of(source, layout_of(source), shared, piece)
        _, points = self._points(source, shared, piece)
        return points.tobytes()

    def count(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
        return count_points(source, shared, piece)

    @property
    def views(self) -> Mapping[str, View]:
        return {
            "xyz": self.xyz,
            "to_arrow": self.to_arrow,
            "to_pandas": self.to_pandas,
            "get_as_pandas": self.to_pandas,
            "to_laz": self.to_laz,
        }

    def xyz(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> NDArray[np.float64]:
        """Coordinates, N x 3, in the units of the file."""
        head, points = self._points(source, shared, piece)
        out = np.empty((len(points), 3), dtype=np.float64)
        for axis in range(3):
            stored = points[:, 4 * axis : 4 * axis + 4].view("<i4")[:, 0]
            out[:, axis] = stored * head.scales[axis] + head.offsets[axis]
        return out

    def to_pandas(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> pandas.DataFrame:
        """A row for each point: x, y, z in the file's coordinates and every other dimension."""
        import pandas as pd

        return pd.DataFrame(columns_of(self.read(source, shared, piece)))

    def to_arrow(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> pyarrow.Table:
        """A row for each point: x, y, z in the file's coordinates and every other dimension."""
        import pyarrow as pa

        return pa.table(columns_of(self.read(source, shared, piece)))

    def to_laz(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> bytes:
        """The slice as a compressed file by itself."""
        head, points = self._points(source, shared, piece)
        return laz_file(source, head, points)

    def boxes(
        self, source: Source, shared: Mapping[str, Any]
    ) -> Callable[[Slice], tuple[float, float, float, float] | None]:
        """Tells the tile of a slice in the units of the file; None for slices that are cut in the order of the file."""
        head = layout_of(source).head
        (sx, sy, _), (ox, oy, _) = head.scales, head.offsets

        def box_of(piece: Slice) -> tuple[float, float, float, float] | None:
            tile = piece.details.get("tile")
            if tile is None:
                return None
            x0, y0, x1, y1 = tile
            return x0 * sx + ox, y0 * sy + oy, x1 * sx + ox, y1 * sy + oy

        return box_of

    def extent(self, source: Source) -> tuple[float, float, float, float] | None:
        """Least x, least y, greatest x, greatest y as the header tells; None for a header that was not filled in."""
        maxx, minx, maxy, miny = layout_of(source).head.bounds[:4]
        told = minx, miny, maxx, maxy
        return told if minx < maxx and miny < maxy and all(map(math.isfinite, told)) else None

    def _points(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> tuple[Head, Bytes]:
        layout = layout_of(source)
        return layout.head, read_points(source, layout, shared, piece)

    def _asked(self, params: PartitionParams) -> LasParams:
        return params if isinstance(params, LasParams) else LasParams.model_validate(params.model_dump())

    def _choice(self, source: Source, layout: Layout, asked: LasParams) -> tuple[Box | None, Ints, dict[str, Any]]:
        """The box in stored integers, the chunks that may hold chosen points, facts of this format."""
        return chosen_box(source, layout.head, asked), np.arange(len(layout.table.counts)), {}


def chosen_box(source: Source, head: Head, asked: LasParams) -> Box | None:
    """The box that was asked for, in stored integers."""
    corners = asked.corners()
    if corners is None:
        return None
    positive_scales(source.uri, head)
    return integer_box(head, corners)


def _facts(head: Head) -> dict[str, Any]:
    notes = list(head.notes)
    if head.point_format in WAVE_FORMATS:
        notes.append("points refer to waveform packets, which slices do not hold")
    room = (head.points_end - head.points_at) // head.record - head.count
    if not head.compressed and room > 0:
        notes.append(f"the header counts {head.count:,} points; room for {room:,} more follows them and is not read")
    return {
        "points_at": head.points_at,
        "record": head.record,
        "compressed": head.compressed,
        "point_format": head.point_format,
        "notes": notes,
    }
