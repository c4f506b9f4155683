"""How a raster may be cut: number, grid, rows of tiles; of which window, level and image."""

from __future__ import annotations

from pydantic import Field, field_validator

from .base import PartitionParams
from .tiff_layout import Window


class GeotiffParams(PartitionParams):
    """How to cut a raster: one of `num_slices`, `grid`, `tile_rows`; of which `window`, `level` and `page`."""

    grid: int | None = Field(
        default=None,
        ge=1,
        le=3000,
        title="Grid",
        description="So many windows across and as many down, of equal size within a pixel.",
        json_schema_extra={"cut": True},
    )
    tile_rows: int | None = Field(
        default=None,
        ge=1,
        title="Rows of tiles per slice",
        description="Each slice holds so many rows of tiles (or strips), the last one what is left.",
        json_schema_extra={"cut": True},
    )
    window: str | None = Field(
        default=None,
        title="Window",
        description="Only these pixels: first column, first row, width, height. Alone it gives one slice.",
        examples=["0,0,512,512"],
    )
    level: int = Field(
        default=0,
        ge=0,
        title="Level of resolution",
        description="0 is full resolution, 1 the largest overview, and so on.",
        json_schema_extra={"reading": True},
    )
    page: int = Field(
        default=0,
        ge=0,
        title="Image",
        description="Which image, where the file holds several that are not overviews.",
        json_schema_extra={"reading": True},
    )

    @field_validator("window")
    @classmethod
    def _four_numbers(cls, value: str | None) -> str | None:
        if value is not None:
            window_from(value)
        return value


def window_from(text: str) -> Window:
    """The window that "column,row,width,height" names. ValueError in words for anything else."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4 or not all(part.isdecimal() and part.isascii() for part in parts):
        raise ValueError("a window is four whole numbers: first column, first row, width, height")
    window = Window(*(int(part) for part in parts))
    if window.width == 0 or window.height == 0:
        raise ValueError("a window must be at least one pixel wide and high")
    return window
