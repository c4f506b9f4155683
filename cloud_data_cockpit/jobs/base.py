"""What a kind of job is: how it is asked for, shown, checked and done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..errors import CockpitError
from ..models import JobKind, Record, Unit
from .progress import Progress

RequestT = TypeVar("RequestT", bound=Record)


@dataclass(frozen=True)
class Kind(Generic[RequestT]):
    """How jobs of one kind are shown, checked and done.

    `request` is what it is asked for by, `phase` what a job of it is busy with first. `check` raises what can be said
    at once about a request. `work` is called in a thread of the pool and gives the fields of the Job that its success
    sets; `undo` takes these back when the job was cancelled meanwhile. A kind without `work` is driven from outside.
    `heavy` ones wait for each other, as they need the processor. `may_keep` says whether a request may be written to
    disk for a later retry: one that holds a secret may not. `resumes`: called again for the same job, `work` goes on
    where it stopped; it raises Interrupted for what may pass. One that `waits` does so when
    somebody asks for it, others as soon as a server starts. `tidy` removes what a job, by its id, has left on this
    machine when its server was killed.
    """

    name: JobKind
    request: type[RequestT]
    unit: Unit
    title: Callable[[RequestT], str]
    uri: Callable[[RequestT], str]
    check: Callable[[RequestT], None] | None = None
    work: Callable[[RequestT, Progress], dict[str, Any]] | None = None
    undo: Callable[[dict[str, Any]], None] | None = None
    phase: str = ""
    heavy: bool = False
    may_keep: Callable[[RequestT], bool] = lambda request: True
    resumes: bool = False
    waits: bool = False
    tidy: Callable[[RequestT, str], None] | None = None


class Interrupted(Exception):
    """The work stopped half-way for `cause`, and can go on later."""

    def __init__(self, cause: CockpitError) -> None:
        super().__init__(cause.message)
        self.cause = cause


def last_name(key: str) -> str:
    """The last step of a key or prefix, to be shown."""
    return key.rstrip("/").rsplit("/", 1)[-1] or key
