"""`DataCockpit()` for users of the first one: opens the panel from a notebook and takes over what was made there."""

from __future__ import annotations

import html
import secrets
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..benchmark import list_benchmarks
from ..benchmark import load as load_benchmark
from ..errors import BadRequest, CredentialsError, NotFound, ServiceError
from ..models import BenchmarkResult
from ..slicing import manifests
from .functions import register
from .loading import load_slices
from .reached import ConnectionLike
from .server import JupyterServer, ask, find_server

if TYPE_CHECKING:
    from ..slicing.slices import Slices

MIME = "application/vnd.cloud-data-cockpit.open+json"
_INSTEAD = (
    "Outside JupyterLab call cloud_data_cockpit.partition(uri, num_slices=...) for slices, "
    "cloud_data_cockpit.cockpit.benchmark(uri, fn) for the best batch size, cloud_data_cockpit.browse() to look around"
)


class DataCockpit:
    """Opens the panel beside this notebook; `get_data_slices()` and `get_batch_size()` give what was made there since.

    `benchmarking_fn` is registered for the panel's benchmark: a function of a slice, or of `slices` that gives seconds.
    `uri` and `connection` say where the panel opens. Keys of AWS are used by this notebook alone and are not handed to
    the panel: add a connection there. Outside JupyterLab the display says what to call instead.
    """

    def __init__(
        self,
        benchmarking_fn: Callable[..., Any] | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_region: str | None = None,
        *,
        uri: str | None = None,
        connection: str | None = None,
    ) -> None:
        self.uri = uri
        self.connection = connection
        self._own: ConnectionLike = _own_connection(aws_access_key_id, aws_secret_access_key, aws_region)
        if benchmarking_fn is not None:
            register(benchmarking_fn)
        self._server, self._trouble = _asked_server()
        # Ids and no times: the clock of a server elsewhere may be another.
        self._before = {kind: {row["id"] for row in self._rows(kind)} for kind in ("manifests", "benchmarks")}
        self.open()

    def open(self) -> None:
        """Open the panel (again)."""
        ipython = _ipython()
        if ipython is None:
            sys.stderr.write(f"{_INSTEAD}.\n")
            return
        ipython.display.display(self._bundle(), raw=True)

    def get_data_slices(self) -> Slices:
        """The slices of the newest manifest that was made since this was opened.

        NotFound when there is none yet, and the errors of `load_slices`.
        """
        found = self._newest("manifests")
        if found is None:
            raise NotFound(f"nothing has been partitioned since this was opened: {self._how('Partition')}")
        return load_slices(found["id"], connection=self._own)

    def get_batch_size(self) -> int:
        """The value that the newest finished benchmark recommends, of those made since this was opened.

        NotFound when there is none yet, or no value worked.
        """
        found = self._newest("benchmarks")
        if found is None:
            raise NotFound(f"nothing has been benchmarked since this was opened: {self._how('Benchmark')}")
        if found.get("value") is None:
            raise NotFound(
                f"the benchmark {found['id']} recommends nothing, since no value worked; look at it in the panel"
            )
        return int(found["value"])

    def get_benchmark(self) -> Any:
        """That benchmark itself, to look at and to plot. NotFound when there is none yet."""
        from .benchmarks import Benchmark

        found = self._newest("benchmarks")
        if found is None:
            raise NotFound(f"nothing has been benchmarked since this was opened: {self._how('Benchmark')}")
        if self._server is None:
            return Benchmark(load_benchmark(found["id"]))
        return Benchmark(BenchmarkResult.model_validate(ask(self._server, "GET", f"benchmarks/{found['id']}")))

    def _newest(self, kind: str) -> dict[str, Any] | None:
        rows = (row for row in self._rows(kind) if row["id"] not in self._before[kind] and row.get("finished", True))
        return next(rows, None)

    def _rows(self, kind: str) -> list[dict[str, Any]]:
        """What there is, newest first: as the server tells, else as this machine keeps it."""
        if self._server is not None:
            return list(ask(self._server, "GET", kind))
        found = manifests.list_manifests() if kind == "manifests" else list_benchmarks()
        return [row.model_dump(mode="json") for row in found]

    def _how(self, action: str) -> str:
        where = "the panel" if self._server is None else f"the panel of {self._server.url}"
        trouble = f" ({self._trouble}, so only this machine was looked at)" if self._trouble else ""
        return f"choose an object in {where}, press {action}, and call this again{trouble}. {_INSTEAD}"

    def _bundle(self) -> dict[str, Any]:
        opened = {"uri": self.uri, "connection": self.connection}
        opened |= {"at": datetime.now(UTC).isoformat(), "nonce": secrets.token_hex(8)}
        where = self.uri or "the panel"
        click = "if it does not, click its icon there"
        words = f"Data Cockpit opens {where} in the left sidebar of JupyterLab; {click}. {_INSTEAD}."
        return {MIME: opened, "text/plain": words, "text/html": f"<div>{html.escape(words)}</div>"}

    def __repr__(self) -> str:
        return f"<DataCockpit {self.uri or 's3://'}; get_data_slices(), get_batch_size(), open()>"


def _asked_server() -> tuple[JupyterServer | None, str]:
    """The server, if it answers; else why it does not. This machine's own files do without it."""
    server = find_server()
    try:
        if server is not None:
            ask(server, "GET", "info")
    except (ServiceError, CredentialsError) as error:
        return None, error.message
    return server, ""


def _ipython() -> Any:
    """IPython, where this runs in it."""
    found = sys.modules.get("IPython")
    return found if found is not None and found.get_ipython() is not None else None


def _own_connection(key: str | None, secret: str | None, region: str | None) -> ConnectionLike:
    if key is None and secret is None:
        return None
    if not key or not secret:
        raise BadRequest(
            "aws_access_key_id and aws_secret_access_key belong together; better give neither: profiles are found"
        )
    from ..s3.connections import connect

    return connect(access_key=key, secret_key=secret, region=region)
