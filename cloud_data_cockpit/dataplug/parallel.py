"""joblib as a Run: the scan of blocks on whatever backend joblib has, Dask among them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from ..errors import MissingExtra
from ..formats.base import Run

T = TypeVar("T")
R = TypeVar("R")

log = logging.getLogger(__name__)

_AT_ONCE = 2
"""Tasks for each worker of joblib that are under way or waiting."""


@dataclass(frozen=True)
class Joblib:
    """`config` as joblib.parallel_config takes it. Results come in order, some tasks for each worker at a time."""

    config: Mapping[str, Any]

    def __call__(self, fn: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        import joblib

        rest = iter(items)
        with joblib.parallel_config(**self.config):
            width = _AT_ONCE * max(1, joblib.effective_n_jobs())
        while some := list(islice(rest, width)):
            with joblib.parallel_config(**self.config):
                results = joblib.Parallel()(joblib.delayed(fn)(item) for item in some)
            yield from results


def run_of(config: Mapping[str, Any] | None) -> Run | None:
    """The Run of joblib that `config` describes; None when our own threads do: without one, or for Dask without Client.

    MissingExtra when joblib is not installed.
    """
    if not config:
        return None
    try:
        import joblib  # noqa: F401
    except ImportError:
        raise MissingExtra("parallel_config needs joblib: pip install 'cloud-data-cockpit[dataplug]'") from None
    if config.get("backend") == "dask" and not _has_dask_client():
        log.warning("there is no Dask client yet: the object is indexed by threads of this process")
        return None
    return Joblib(config)


def _has_dask_client() -> bool:
    try:
        from distributed import get_client
    except ImportError:
        raise MissingExtra("the backend dask needs distributed: pip install 'cloud-data-cockpit[dask]'") from None
    try:
        get_client()
    except ValueError:
        return False
    return True
