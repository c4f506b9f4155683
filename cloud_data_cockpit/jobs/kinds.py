"""The kinds of job: each is one file beside this one, and one entry in KINDS, from which REST and OpenAPI learn it."""

from __future__ import annotations

from typing import Any

from ..errors import BadRequest
from ..models import Job, Record
from .base import Kind
from .benchmark import BENCHMARK
from .changing import CHANGE
from .copying import COPY, MOVE
from .deleting import DELETE
from .downloading import DOWNLOAD
from .driven import UPLOAD
from .index import INDEX
from .partition import PARTITION
from .progress import Progress
from .restoring import RESTORE
from .search import SEARCH
from .sending import SEND

__all__ = ["KINDS", "PARTITION", "SEND", "UPLOAD", "Kind", "Progress", "kind_of_job", "requests", "startable"]

KINDS: tuple[Kind[Any], ...] = (
    PARTITION,
    INDEX,
    BENCHMARK,
    COPY,
    MOVE,
    DELETE,
    CHANGE,
    RESTORE,
    DOWNLOAD,
    SEARCH,
    UPLOAD,
    SEND,
)

_STARTABLE: dict[str, Kind[Any]] = {kind.name: kind for kind in KINDS if kind.work is not None}


def startable(name: str) -> Kind[Any]:
    """The kind that a request with this `kind` starts. BadRequest naming those that there are."""
    try:
        return _STARTABLE[name]
    except KeyError:
        known = ", ".join(sorted(_STARTABLE))
        raise BadRequest(f"there is no kind of job {name!r} to be started; known are {known}") from None


def kind_of_job(job: Job) -> Kind[Any] | None:
    """The kind that would do the work of `job` again; None when it was driven from outside."""
    return _STARTABLE.get(job.kind)


def requests() -> tuple[type[Record], ...]:
    """The records by which jobs are asked for, each once."""
    return tuple(dict.fromkeys(kind.request for kind in _STARTABLE.values()))
