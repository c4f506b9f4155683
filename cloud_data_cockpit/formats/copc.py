"""COPC, point clouds in an octree: a record is a point; cut like LAZ, at a coarser resolution if one is given."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from ..source import Source
from .base import PartitionParams
from .copc_octree import deepest_level, is_copc, octree_of
from .las import LasFormat, LasParams, chosen_box
from .las_grid import Box
from .las_layout import Layout
from .laz_chunks import Ints


class CopcParams(LasParams):
    """How to cut points, which of them by place, and how fine."""

    resolution: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        title="Resolution",
        description="Only points of the octree's levels down to the first with this spacing or a finer one.",
        examples=[0.5],
        json_schema_extra={"reading": True},
    )


class CopcFormat(LasFormat):
    """Points of a COPC file, in the order of the file."""

    name: ClassVar[str] = "copc"
    title: ClassVar[str] = "COPC"
    version: ClassVar[int] = 1
    extensions: ClassVar[tuple[str, ...]] = (".copc.laz",)
    params: ClassVar[type[PartitionParams]] = CopcParams

    def detect(self, name: str, head: bytes) -> float:
        return 1 if is_copc(head) else 0

    def _asked(self, params: PartitionParams) -> CopcParams:
        return params if isinstance(params, CopcParams) else CopcParams.model_validate(params.model_dump())

    def _choice(self, source: Source, layout: Layout, asked: LasParams) -> tuple[Box | None, Ints, dict[str, Any]]:
        octree = octree_of(source, layout)
        box = chosen_box(source, layout.head, asked)
        resolution = asked.resolution if isinstance(asked, CopcParams) else None
        level = None if resolution is None else deepest_level(octree.info, resolution)
        numbers = np.flatnonzero(octree.chosen(layout.head, level, box))
        chosen = box is not None or level is not None or asked.tiles is not None
        return box, numbers, {"level": level, "octree": True if chosen else None}
