"""The table of all routes: Tornado's routes and the OpenAPI document are both made from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .. import models
from ..jobs.kinds import requests
from . import (
    benchmarks,
    buckets,
    connections,
    downloads,
    executors,
    formats,
    info,
    jobs,
    manifests,
    multiparts,
    objects,
    openapi,
    searches,
    uploads,
    versions,
)
from .base import CockpitHandler
from .requests import (
    BucketRequest,
    CompleteQuery,
    ConnectionQuery,
    HitsQuery,
    ListingQuery,
    ManifestsQuery,
    MultipartsQuery,
    ObjectQuery,
    ShareRequest,
    SlicesQuery,
    TagsQuery,
    TakeRequest,
    VersionQuery,
    VersionsQuery,
    WholeQuery,
)
from .services import Services

ROOT = "/cloud-data-cockpit/api/"

RecordType: TypeAlias = type[models.Record]

PATH_PARAMETERS = {
    "job_id": r"[A-Za-z0-9-]+",
    "number": r"[0-9]{1,6}",
    "manifest_id": r"[^/]+",
    "connection": r"[^/]+",
    "benchmark_id": r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}",
    "ticket": r"[A-Za-z0-9_-]{20,64}",
}


@dataclass(frozen=True)
class Many:
    """A JSON list of records."""

    record: RecordType


@dataclass(frozen=True)
class OneOf:
    """A JSON object that is one of these records."""

    records: tuple[RecordType, ...]


@dataclass(frozen=True)
class Route:
    """One method of one path. "bytes" is a raw body or reply; `reply` None is none, "json" any JSON."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    handler: type[CockpitHandler]
    summary: str
    reply: RecordType | Many | Literal["json", "bytes"] | None
    status: int = 200
    query: RecordType | None = None
    body: RecordType | OneOf | Literal["bytes"] | None = None


m = models
ROUTES: Sequence[Route] = (
    Route("GET", "info", info.InfoHandler, "Version and settings", m.ServerInfo),
    Route("GET", "connections", connections.ConnectionsHandler, "Ways to reach an S3 service", Many(m.ConnectionInfo)),
    Route(
        "POST", "connections", connections.ConnectionsHandler, "Add one", m.ConnectionInfo, 201, body=m.ConnectionDraft
    ),
    Route("POST", "connections/test", connections.TestHandler, "Try one", m.ConnectionReport, body=m.ConnectionTest),
    Route(
        "PUT",
        "connections/{connection}",
        connections.ConnectionHandler,
        "Change one of the user's own",
        m.ConnectionInfo,
        body=m.ConnectionDraft,
    ),
    Route("DELETE", "connections/{connection}", connections.ConnectionHandler, "Remove one of them", None, 204),
    Route("GET", "formats", formats.FormatsHandler, "Formats and their parameters", Many(m.FormatInfo)),
    Route("GET", "executors", executors.ExecutorsHandler, "Engines and their options", Many(m.ExecutorInfo)),
    Route("GET", "buckets", buckets.BucketsHandler, "Buckets of a connection", Many(m.Bucket), query=ConnectionQuery),
    Route("POST", "buckets", buckets.BucketsHandler, "Create a bucket", m.Bucket, 201, body=BucketRequest),
    Route("GET", "objects", objects.ObjectsHandler, "One page below a prefix", m.Listing, query=ListingQuery),
    Route("GET", "object", objects.ObjectHandler, "An object and its format", m.ObjectDetail, query=ObjectQuery),
    Route("GET", "versions", versions.VersionsHandler, "Versions of objects", m.VersionPage, query=VersionsQuery),
    Route("DELETE", "versions", versions.VersionsHandler, "Delete a version", None, 204, query=VersionQuery),
    Route("GET", "tags", versions.TagsHandler, "The tags of an object", m.Tags, query=TagsQuery),
    Route("PUT", "tags", versions.TagsHandler, "Replace them", m.Tags, body=m.TagsRequest),
    Route("POST", "presign", objects.PresignHandler, "A link to an object", m.PresignedLink, body=m.PresignRequest),
    Route("POST", "thaw", objects.ThawHandler, "Bring back an archived object", m.ObjectDetail, body=m.ThawRequest),
    Route("POST", "folders", objects.FoldersHandler, "Make a folder", None, 204, body=m.FolderRequest),
    Route("POST", "measure", objects.MeasureHandler, "Count a selection", m.Measured, body=m.MeasureRequest),
    Route("POST", "places", objects.PlacesHandler, "What a pasted text names", m.FoundPlace, body=m.PlaceText),
    Route("POST", "uploads", uploads.UploadsHandler, "Open a multipart upload", m.Upload, 201, body=m.UploadRequest),
    Route("PUT", "uploads/{job_id}/parts/{number}", uploads.PartHandler, "Send a part", m.PartReceipt, body="bytes"),
    Route(
        "POST",
        "uploads/{job_id}/complete",
        uploads.CompleteHandler,
        "Put the parts together",
        m.Job,
        query=CompleteQuery,
    ),
    Route("GET", "uploads", uploads.UploadsHandler, "Uploads that have not ended", Many(m.PendingUpload)),
    Route("POST", "uploads/{job_id}/pause", uploads.PauseHandler, "Let one rest; its parts stay", m.Job),
    Route("POST", "uploads/{job_id}/resume", uploads.ResumeHandler, "Go on with one", m.Upload, body=m.ResumeRequest),
    Route("POST", "uploads/whole", uploads.WholeHandler, "Send a small file", m.Job, query=WholeQuery, body="bytes"),
    Route(
        "GET",
        "multiparts",
        multiparts.MultipartsHandler,
        "Open multipart uploads of a bucket",
        m.MultipartPage,
        query=MultipartsQuery,
    ),
    Route("POST", "multiparts/sweep", multiparts.SweepHandler, "Abort some of them", m.Swept, body=m.SweepRequest),
    Route("POST", "jobs", jobs.JobsHandler, "Start a job of any kind", m.Job, 201, body=OneOf(requests())),
    Route("GET", "jobs", jobs.JobsHandler, "The newest jobs, newest first", Many(m.Job)),
    Route("GET", "jobs/{job_id}", jobs.JobHandler, "One job", m.Job),
    Route("GET", "jobs/{job_id}/log", jobs.LogHandler, "What happened to it, line by line", m.JobLog),
    Route("GET", "jobs/{job_id}/hits", searches.HitsHandler, "What a search has found", m.HitPage, query=HitsQuery),
    Route("POST", "jobs/{job_id}/cancel", jobs.CancelHandler, "Stop a job; an upload leaves nothing behind", m.Job),
    Route("POST", "jobs/{job_id}/resume", jobs.ResumeHandler, "Go on with one that stopped half-way", m.Job),
    Route("POST", "jobs/{job_id}/retry", jobs.RetryHandler, "Start the same anew, as a new job", m.Job, 201),
    Route("POST", "downloads", downloads.DownloadsHandler, "A ticket", m.DownloadTicket, body=m.Selection),
    Route("GET", "downloads/{ticket}", downloads.DownloadHandler, "Stream an object, or a ZIP of several", "bytes"),
    Route(
        "GET",
        "manifests",
        manifests.ManifestsHandler,
        "Manifests, newest first",
        Many(m.ManifestSummary),
        query=ManifestsQuery,
    ),
    Route(
        "POST",
        "manifests",
        manifests.ManifestsHandler,
        "Take over one that is shared",
        m.ManifestSummary,
        201,
        body=TakeRequest,
    ),
    Route("GET", "manifests/{manifest_id}", manifests.ManifestHandler, "One manifest", m.ManifestSummary),
    Route(
        "PUT",
        "manifests/{manifest_id}",
        manifests.ManifestHandler,
        "Rename it, tag it",
        m.ManifestSummary,
        body=m.ManifestChange,
    ),
    Route("GET", "manifests/{manifest_id}/csv", manifests.TableHandler, "Its slices as CSV", "bytes"),
    Route("DELETE", "manifests/{manifest_id}", manifests.ManifestHandler, "Forget a manifest", None, 204),
    Route(
        "GET",
        "manifests/{manifest_id}/document",
        manifests.DocumentHandler,
        "All of it, as its file",
        m.Manifest,
    ),
    Route(
        "POST",
        "manifests/{manifest_id}/share",
        manifests.ShareHandler,
        "Copy it to a bucket, where others load it",
        m.ManifestSummary,
        body=ShareRequest,
    ),
    Route(
        "GET",
        "manifests/{manifest_id}/slices",
        manifests.SlicesHandler,
        "A page of its slices",
        m.SlicePage,
        query=SlicesQuery,
    ),
    Route("GET", "benchmarks", benchmarks.BenchmarksHandler, "Benchmarks, newest first", Many(m.BenchmarkSummary)),
    Route(
        "POST",
        "benchmarks",
        benchmarks.BenchmarksHandler,
        "Keep one that was measured elsewhere",
        m.BenchmarkSummary,
        201,
        body=m.BenchmarkResult,
    ),
    Route("GET", "benchmarks/{benchmark_id}", benchmarks.BenchmarkHandler, "One benchmark", m.BenchmarkResult),
    Route("DELETE", "benchmarks/{benchmark_id}", benchmarks.BenchmarkHandler, "Forget a benchmark", None, 204),
    Route("GET", "benchmarks/{benchmark_id}/csv", benchmarks.CsvHandler, "Its values as CSV", "bytes"),
    Route("GET", "openapi.json", openapi.OpenapiHandler, "This description", "json"),
)


def pattern(path: str) -> str:
    """The regular expression of a path of the table, below the server's base URL."""
    return ROOT + re.sub(r"\\{(\w+)\\}", lambda name: f"(?P<{name[1]}>{PATH_PARAMETERS[name[1]]})", re.escape(path))


def tornado_routes(services: Services) -> list[tuple[str, type[CockpitHandler], dict[str, Services]]]:
    """(pattern, handler, its arguments) for each path."""
    handlers = {route.path: route.handler for route in ROUTES}
    return [(pattern(path), handler, {"services": services}) for path, handler in handlers.items()]
