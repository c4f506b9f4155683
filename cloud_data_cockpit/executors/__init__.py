"""Where tasks run: threads, processes, Dask, Ray, Lithops, joblib, Spark, all behind one small interface."""

from __future__ import annotations

from .base import Executor, ExecutorOptions, Stop
from .ordered import as_run
from .registry import executor_names, list_executors, open_executor

__all__ = ["Executor", "ExecutorOptions", "Stop", "as_run", "executor_names", "list_executors", "open_executor"]
