"""The Format protocol: what one kind of file knows how to do, and the records it works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..models import Slice
from ..source import Source

T = TypeVar("T")
R = TypeVar("R")

BLOCK_SIZE = 8 << 20
SLICE_BYTES = 64 << 20
HEAD_BYTES = 64 << 10

Report = Callable[[int, int], None]
"""`report(done, total)` in bytes; raises Cancelled when the job was asked to stop. Call it at least once a block."""


class Run(Protocol):
    """An ordered, lazy map: the builtin `map`, or one that spreads the calls over threads, processes or a cluster.

    It yields results in the order of `items` and holds only a bounded window of them; `fn` and the items must pickle.
    """

    def __call__(self, fn: Callable[[T], R], items: Iterable[T], /) -> Iterable[R]: ...


@runtime_checkable
class KeepingRun(Protocol):
    """A Run that keeps its results, so that a scan which was broken off goes on; it keeps notes of the scan too.

    All of it is for the thread that walks the results.
    """

    def __call__(self, fn: Callable[[T], R], items: Iterable[T], /) -> Iterable[R]: ...

    def in_turn(self, name: str, /) -> Run:
        """The same, one call after another in this very thread; what it keeps is apart from that of other names."""
        ...

    def note(self, name: str, value: Any, /) -> None:
        """Keep `value`, a record of numbers, text, bytes and arrays, if that can be."""
        ...

    def noted(self, name: str, /) -> Any:
        """What was kept under `name` before the scan was broken off; None when there is nothing."""
        ...


class PartitionParams(BaseModel):
    """What a person may choose when she cuts; its JSON schema draws the form in the panel.

    A field marked with `cut()` says how to cut; at most one of them may be given, and none of them means slices of
    about 64 MiB. A field marked with `reading()` says how the bytes are to be understood: another value needs another
    index.
    A field with `"only_with": name` counts only with that way to cut, and the first of a field's
    `examples` stands in its empty input.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_slices: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        title="Number of slices",
        description="As many slices as this, or one for each record where there are fewer records.",
        json_schema_extra={"cut": True},
    )

    @model_validator(mode="after")
    def _one_way_to_cut(self) -> PartitionParams:
        given = [name for name in type(self).marked("cut") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"choose one of {' and '.join(given)}: each of them alone says how to cut")
        return self

    @classmethod
    def marked(cls, mark: str) -> list[str]:
        """Names of the fields that carry `mark` ("cut" or "reading")."""
        return [
            name
            for name, info in cls.model_fields.items()
            if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get(mark)
        ]

    def reading(self) -> dict[str, Any]:
        """The choices that the index depends on, as JSON."""
        return self.model_dump(mode="json", include=set(self.marked("reading")))


@dataclass(frozen=True)
class Index:
    """What one scan of an object learned. Saved as npz without pickles: `facts` as JSON, `arrays` as they are."""

    format: str
    version: int
    uri: str
    etag: str
    size: int
    reading: Mapping[str, Any]
    records: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """What `partition` gives: the slices in order, what all of them share (small, JSON), and words for the user."""

    slices: Iterable[Slice]
    shared: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


View = Callable[[Source, Mapping[str, Any], Slice], Any]


class Format(Protocol):
    """What one kind of file knows how to do. Formats never see S3, only a Source.

    A record belongs to the slice that holds its first byte, so any number of slices holds every record exactly once.

    A format may also know Dataplug's names for its ways to cut, in two class attributes that `strategies_of` and
    `strategy_params_of` read: `strategies` (strategy -> its argument -> the parameter of ours) and `strategy_params`
    (strategy -> parameters that it sets besides).
    """

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[int]
    extensions: ClassVar[tuple[str, ...]]
    extra: ClassVar[str | None]
    params: ClassVar[type[PartitionParams]]

    def detect(self, name: str, head: bytes) -> float:
        """How sure it is, 0 to 1, that an object called `name` which begins with `head` is of this format.

        `head` is the whole object when that is shorter than HEAD_BYTES. The bytes decide; the name only tips the
        balance. A format whose content has a signature answers 1; one that fits any text answers little.
        """
        ...

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        """Scan once. The same index for any `block_size` and any `run`. FormatError when the bytes are not right."""
        ...

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        """Cut by the index alone, without reading the object."""
        ...

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> Any:
        """The natural object of the field."""
        ...

    def read_bytes(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> bytes:
        """The slice in the format's own form; with `header`, a valid file by itself."""
        ...

    def count(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
        """Records, counted by reading them, in bounded memory."""
        ...

    @property
    def views(self) -> Mapping[str, View]:
        """Further ways to read a slice by method name, such as `to_arrow`."""
        ...


def strategies_of(format: Format) -> Mapping[str, Mapping[str, str]]:
    """Dataplug's names for the ways to cut: strategy -> its argument -> the parameter of `format`."""
    found: Mapping[str, Mapping[str, str]] = getattr(format, "strategies", {})
    return found


def strategy_params_of(format: Format, strategy: str) -> Mapping[str, Any]:
    """Parameters of `format` that the strategy of this name sets besides those of its arguments."""
    found: Mapping[str, Mapping[str, Any]] = getattr(format, "strategy_params", {})
    return found.get(strategy, {})
