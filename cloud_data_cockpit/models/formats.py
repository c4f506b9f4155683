"""What the panel knows of a format."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from .base import Record


class FormatInfo(Record):
    """A format as the panel needs it; `params_schema` is the JSON schema from which the form is drawn.

    `views`: names of the methods by which a slice is read, besides `read` and `get`.
    """

    name: str
    title: str
    version: int
    extensions: list[str]
    usable: bool
    extra: str | None = None
    problem: str | None = None
    params_schema: dict[str, Any]
    views: list[str] = Field(default_factory=list)
