"""What the panel knows of an engine that runs tasks."""

from __future__ import annotations

from typing import Any, Literal

from .base import Record


class ExecutorInfo(Record):
    """An engine as the panel needs it; `options_schema` is the JSON schema from which its form is drawn."""

    name: str
    title: str
    where: Literal["process", "machine", "cluster"]
    usable: bool
    extra: str | None = None
    problem: str | None = None
    options_schema: dict[str, Any]
