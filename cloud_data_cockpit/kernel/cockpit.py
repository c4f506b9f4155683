"""The cockpit as functions: what the panel does, in a notebook or a script, without a Jupyter server."""

from __future__ import annotations

from .acting import copy, download, move, remove, rm, upload
from .benchmarks import Benchmark, benchmark
from .browser import browse
from .cutting import fsspec_filesystem, index, manifests, partition
from .jobs import LiveJob, jobs
from .looking import cat, du, find, glob, head, ls, presign
from .reached import Counted, connect, use

__all__ = [
    "Benchmark",
    "Counted",
    "LiveJob",
    "benchmark",
    "browse",
    "cat",
    "connect",
    "copy",
    "download",
    "du",
    "find",
    "fsspec_filesystem",
    "glob",
    "head",
    "index",
    "jobs",
    "ls",
    "manifests",
    "move",
    "partition",
    "presign",
    "remove",
    "rm",
    "upload",
    "use",
]
