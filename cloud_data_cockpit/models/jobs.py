"""Records of jobs: what a person asks for, by kind, and how far it has come."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from .base import Priority, Problem, Queued, Record
from .objects import ObjectEntry, Selection

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled", "interrupted"]
JobKind = Literal[
    "partition", "index", "benchmark", "upload", "copy", "move", "delete", "download", "change", "restore", "search"
]
Unit = Literal["bytes", "records", "objects", "measurements"]
LogLevel = Literal["info", "warning", "error"]
OnConflict = Literal["fail", "skip", "replace"]


class _Scanned(Queued):
    """An object that is scanned on the engine `executor`, opened with `executor_options`."""

    connection: str
    uri: str
    format: str | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    executor: str = "threads"
    executor_options: dict[str, Any] = Field(default_factory=dict)


class PartitionRequest(_Scanned):
    """Index `uri` if that has not been done, on the engine `executor`; cut it by `params`, save a manifest."""

    kind: Literal["partition"] = "partition"


class IndexRequest(_Scanned):
    """Index `uri` on the engine `executor`, so that later cuts are quick; `params` that say how it is read."""

    kind: Literal["index"]


class CopyRequest(Selection, Queued):
    """Copy or move a selection below `to_prefix` of `to_bucket`, also to another connection.

    `rename` is the exact key (of one object) or prefix (of one prefix) in place of a name below `to_prefix`.
    """

    kind: Literal["copy", "move"]
    to_connection: str
    to_bucket: str
    to_prefix: str = ""
    rename: str | None = None
    on_conflict: OnConflict = "fail"


class DeleteRequest(Selection, Queued):
    """Delete a selection. With `all_versions` a versioned bucket keeps nothing of it; else it keeps what was there."""

    kind: Literal["delete"]
    all_versions: bool = False


class DownloadRequest(Selection, Queued):
    """Bring a selection into `directory`, a path below Jupyter's own directory."""

    kind: Literal["download"]
    directory: str = ""
    on_conflict: OnConflict = "fail"


class ChangeRequest(Queued):
    """Change what an object says of itself; None leaves a field as it is. S3 does that by copying it onto itself."""

    kind: Literal["change"]
    connection: str
    bucket: str
    key: str
    content_type: str | None = None
    metadata: dict[str, str] | None = None
    storage_class: str | None = None


class RestoreRequest(Queued):
    """Make a version of an object the latest, by copying it onto its key; a delete marker is removed."""

    kind: Literal["restore"]
    connection: str
    bucket: str
    key: str
    version_id: str


class SearchRequest(Queued):
    """Find keys below `prefix`: those that hold `pattern`, or match it as a glob (`*`, `?`, `[...]`, `**` over "/")."""

    kind: Literal["search"]
    connection: str
    bucket: str
    prefix: str = ""
    pattern: str = Field(min_length=1)
    syntax: Literal["substring", "glob"] = "substring"
    case_sensitive: bool = False
    limit: int = Field(default=10_000, ge=1, le=1_000_000)


class SendRequest(Queued):
    """Upload from Jupyter's own directory (`paths`, files or directories) or from `urls` to a prefix.

    `on_conflict` "keep" gives what exists a neighbour: "a (1).csv". What the job `after`, which has ended, has sent to
    the same place is not sent again.
    """

    kind: Literal["upload"]
    connection: str
    bucket: str
    prefix: str = ""
    paths: list[str] = Field(default_factory=list)
    urls: list[str] = Field(default_factory=list)
    on_conflict: Literal["fail", "skip", "replace", "keep"] = "fail"
    after: str | None = None


class HitPage(Record):
    """Hits `offset` .. of a search; `total` so far."""

    offset: int
    total: int
    hits: list[ObjectEntry]


class Job(Record):
    """What a person started. `done` of `total` in `unit`; `manifest_id` once a partition has succeeded.

    `benchmark_id` from the first measurement of a benchmark on.
    `items` counts whole objects: copied, deleted, found. `resumable`: it stopped half-way and can go on.
    `user` is the name of the Jupyter user who started it, "" when it came with nothing but the server's token.
    `executor` is the engine, for kinds that have one. `started` is when it last began to run; `rate`, in `unit` a
    second over the last seconds, and `seconds_left` are known only while it does.
    """

    id: str
    kind: JobKind
    title: str
    state: JobState
    created: datetime
    updated: datetime
    done: int = 0
    total: int = 0
    unit: Unit = "bytes"
    items: int = 0
    items_total: int = 0
    phase: str = ""
    connection: str
    uri: str
    manifest_id: str | None = None
    benchmark_id: str | None = None
    resumable: bool = False
    priority: Priority = "normal"
    user: str = ""
    executor: str | None = None
    started: datetime | None = None
    rate: float | None = None
    seconds_left: float | None = None
    notes: list[str] = Field(default_factory=list)
    error: Problem | None = None


class LogLine(Record):
    """What happened to a job, and when."""

    at: datetime
    level: LogLevel
    text: str


class JobLog(Record):
    """The newest lines of the log of a job, oldest first; `total` counts those too that are not kept any more."""

    lines: list[LogLine]
    total: int
