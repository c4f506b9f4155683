"""`cockpit.jobs()`: the jobs of the Jupyter server as live views, to wait for, cancel and read the log of."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import BadRequest, CockpitError, NotFound, ServiceError, TaskFailed
from .server import TOKEN_VARIABLES, URL_VARIABLES, JupyterServer, ask, error_of, find_server

ENDED = ("succeeded", "failed", "cancelled", "interrupted")
_PATIENCE = (0.1, 0.2, 0.5, 1.0)
"""Seconds between looks while waiting; the last one for good."""
_NO_SERVER = (
    "jobs belong to a Jupyter server, and none started this process: set "
    f"{URL_VARIABLES[0]} and {TOKEN_VARIABLES[0]}, or call partition(), upload() and benchmark() here, which need none"
)


def jobs(*, state: str | None = None, kind: str | None = None) -> Jobs:
    """The newest jobs of the Jupyter server, newest first; of one `state` and one `kind` where these are given.

    The server is the one that started this kernel, or that the environment names. ServiceError when there is none.
    """
    server = needed()
    rows = [LiveJob(server, row) for row in ask(server, "GET", "jobs")]
    return Jobs(row for row in rows if state in (None, row.state) and kind in (None, row.kind))


def needed() -> JupyterServer:
    """The server to ask. ServiceError, with what to do, when there is none."""
    server = find_server()
    if server is None:
        raise ServiceError(_NO_SERVER)
    return server


class LiveJob:
    """A job of a server. Its fields (`state`, `done`, `total`, `manifest_id`, ...) are as of the last look.

    `refresh()` looks again, `wait()` until it has ended.
    """

    def __init__(self, server: JupyterServer, held: dict[str, Any]) -> None:
        self._server = server
        self._held = held

    def __getattr__(self, name: str) -> Any:
        # Fields are the server's: one of another release may have others than this package knows.
        if name.startswith("_") or name not in self._held:
            raise AttributeError(f"a job has no {name!r}; it has {', '.join(sorted(self.__dict__.get('_held', ())))}")
        return self._held[name]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._held})

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self._held.get("state") in ENDED

    def refresh(self) -> LiveJob:
        """Look again. NotFound when the server has forgotten it."""
        self._held = ask(self._server, "GET", f"jobs/{self.id}")
        return self

    def wait(self, timeout: float | None = None, *, progress: bool = False) -> LiveJob:
        """Wait until it has ended, for at most `timeout` seconds (then TimeoutError); the job, which succeeded.

        The error of a job that failed is raised; TaskFailed when it was cancelled or interrupted.
        """
        until = None if timeout is None else time.monotonic() + timeout
        with _followed(self, progress) as show:
            looks = 0
            while not self.refresh().ended:
                show()
                if until is not None and time.monotonic() >= until:
                    raise TimeoutError(f"the job {self.id} is {self.state} after {timeout} seconds")
                time.sleep(_PATIENCE[min(looks, len(_PATIENCE) - 1)])
                looks += 1
            show()
        if self.state != "succeeded":
            raise _error_of(self)
        return self

    def cancel(self) -> LiveJob:
        """Stop it; one that has ended stays as it is."""
        self._held = ask(self._server, "POST", f"jobs/{self.id}/cancel")
        return self

    def log(self) -> Log:
        """The lines of its log, oldest first; each has `at`, `level` and `text`."""
        try:
            found = ask(self._server, "GET", f"jobs/{self.id}/log")
        except ServiceError:
            notes = self.refresh()._held.get("notes", [])  # a server before there were logs
            return Log([{"at": "", "level": "info", "text": text} for text in notes], len(notes))
        return Log(found["lines"], found["total"])

    def slices(self) -> Any:
        """The slices that a partition made. NotFound before it has succeeded, and for jobs that make none."""
        from .loading import load_slices

        if not self._held.get("manifest_id"):
            raise NotFound(f"the job {self.id} ({self.kind}, {self.state}) has made no slices")
        return load_slices(self.manifest_id)

    def __repr__(self) -> str:
        return f"<job {self.id} {self.state}: {self.title}{_share(self._held)}>"

    def _repr_html_(self) -> str:
        return _table([self])


class Jobs(list[LiveJob]):
    """Jobs, shown as a table."""

    def __init__(self, found: Iterable[LiveJob]) -> None:
        super().__init__(found)

    def _repr_html_(self) -> str:
        return _table(self) if self else "<div>no jobs</div>"


class Log(list[dict[str, Any]]):
    """Lines of a log; `total` counts also those that are not kept any more."""

    def __init__(self, lines: Iterable[dict[str, Any]], total: int) -> None:
        super().__init__(lines)
        self.total = total

    def __str__(self) -> str:
        return "\n".join(f"{line['at']} {line['level']}: {line['text']}".strip() for line in self)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _error_of(job: LiveJob) -> CockpitError:
    if job._held.get("error"):
        return error_of(job.error) or TaskFailed(str(job.error.get("message", "the job failed")))
    if job.state in ("cancelled", "interrupted"):
        again = "start it again, or retry it in the panel"
        return TaskFailed(f"the job {job.id} ({job.title}) was {job.state}; {again}")
    return BadRequest(f"the job {job.id} is {job.state}")


def _share(held: dict[str, Any]) -> str:
    if held.get("state") != "running" or not held.get("total"):
        return ""
    return f", {100 * held['done'] / held['total']:.0f} %"


def _table(found: Iterable[LiveJob]) -> str:
    cells = ("kind", "state", "title", "phase", "updated")
    rows = []
    for job in found:
        held = job._held
        error = (held.get("error") or {}).get("message", "")
        shown = [html.escape(str(held.get(cell) or "")) for cell in cells]
        shown[1] += html.escape(_share(held)) + (f"<br><small>{html.escape(error)}</small>" if error else "")
        rows.append("<tr>" + "".join(f"<td><bdi>{text}</bdi></td>" for text in (html.escape(job.id), *shown)) + "</tr>")
    head = "".join(f"<th>{name}</th>" for name in ("id", *cells))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


@contextmanager
def _followed(job: LiveJob, shown: bool) -> Iterator[Callable[[], None]]:
    """What brings a tqdm line up to the job's last state; nothing unless `shown`."""
    if not shown:
        yield lambda: None
        return
    from tqdm.auto import tqdm

    with tqdm(desc=job.title, total=job.total, unit=f" {job.unit}", unit_scale=job.unit == "bytes") as line:

        def show() -> None:
            line.total = job.total
            line.set_postfix_str(job.phase or job.state)
            line.update(job.done - line.n)

        yield show
