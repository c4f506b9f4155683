"""Jobs for the command line: through a Jupyter server of this user that runs, or read from the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from .errors import CockpitError, Conflict, NotFound
from .jobs.log import Logs
from .jobs.store import Store, default_path
from .models import Job, JobLog, LogLine

TIMEOUT = 10.0
_OPENER = build_opener(ProxyHandler({}))  # a proxy must not get the token of a server on this machine
_COLUMNS = ("ID", "KIND", "STATE", "PRIORITY", "DONE", "RATE", "LEFT", "UPDATED", "TITLE")


@dataclass(frozen=True)
class _Server:
    url: str
    token: str

    def ask(self, method: str, path: str) -> Any:
        """The JSON of a reply. CockpitError in the server's words; OSError when nobody answers."""
        headers = {"Authorization": f"token {self.token}"} if self.token else {}
        address = f"{self.url.rstrip('/')}/cloud-data-cockpit/api/{path}"
        request = Request(address, data=b"" if method == "POST" else None, method=method, headers=headers)
        try:
            with _OPENER.open(request, timeout=TIMEOUT) as reply:
                return json.load(reply)
        except HTTPError as error:
            with error:
                raise _problem(error.read(), error.code) from None


def jobs() -> list[Job]:
    """The newest jobs of this user, newest first; as a running server tells them, else as they were saved."""
    for server in _servers():
        try:
            return [Job.model_validate(row) for row in server.ask("GET", "jobs")]
        except (CockpitError, URLError, OSError, ValueError):
            continue
    path = default_path()
    if not path.exists():
        return []
    store = Store(path)
    try:
        return store.latest()
    finally:
        store.close()


def job(job_id: str) -> Job:
    """One of them, by its id or the beginning of it. NotFound, or Conflict when several begin like that."""
    found = [each for each in jobs() if each.id.startswith(job_id)]
    exact = [each for each in found if each.id == job_id]
    if not found:
        raise NotFound(f"there is no job {job_id!r}: see `cloud-data-cockpit jobs`")
    if len(found) > 1 and not exact:
        raise Conflict(f"{len(found)} jobs begin with {job_id!r}: give more of the id")
    return (exact or found)[0]


def log(job_id: str) -> JobLog:
    """What happened to one of them; as a running server tells it, else as it was saved."""
    whole = job(job_id).id
    for server in _servers():
        try:
            return JobLog.model_validate(server.ask("GET", f"jobs/{quote(whole)}/log"))
        except (CockpitError, URLError, OSError, ValueError):
            continue
    store = Store(default_path())
    try:
        return Logs(store).read(whole)
    finally:
        store.close()


def change(action: str, job_id: str) -> Job:
    """`cancel`, `resume` or `retry` a job, at the server that may: one server cannot cancel what another works at."""
    whole = job(job_id).id
    refused: CockpitError | None = None
    for server in _servers():
        try:
            return Job.model_validate(server.ask("POST", f"jobs/{quote(whole)}/{action}"))
        except CockpitError as error:
            refused = error
        except (URLError, OSError, ValueError):
            continue
    raise refused or Conflict(f"no Jupyter server with Data Cockpit runs that could {action} a job: start JupyterLab")


def as_table(found: Sequence[Job]) -> str:
    """Jobs, a line each."""
    rows = [_COLUMNS, *[_row(each) for each in found]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS) - 1)]
    lines = [
        "  ".join([*[cell.ljust(width) for cell, width in zip(row, widths, strict=False)], row[-1]]) for row in rows
    ]
    return "\n".join(lines)


def as_text(one: Job) -> str:
    """A job in full."""
    facts: list[tuple[str, str]] = [pair for pair in zip(_COLUMNS, _row(one), strict=True) if pair[1]]
    facts += [("URI", one.uri), ("CONNECTION", one.connection)]
    facts += [("RESUMABLE", "yes")] if one.resumable else []
    facts += [("USER", one.user)] if one.user else []
    facts += [("ENGINE", one.executor)] if one.executor else []
    facts += [("NOTE", note) for note in one.notes]
    facts += [("ERROR", one.error.message)] if one.error else []
    return "\n".join(f"{name:<12}{words}" for name, words in facts)


def log_as_text(found: JobLog) -> str:
    """A log, a line each; what is not kept any more is counted."""
    left_out = found.total - len(found.lines)
    first = [f"... {left_out:,} older lines are not kept"] if left_out else []
    return "\n".join([*first, *[_line(each) for each in found.lines]])


def as_json(found: Sequence[Job]) -> str:
    """Jobs as a JSON list."""
    return json.dumps([each.model_dump(mode="json") for each in found], indent=2)


def _row(one: Job) -> tuple[str, ...]:
    done = f"{100 * one.done // one.total} %" if one.total else f"{one.items:,}" if one.items else ""
    state = f"{one.state}, can go on" if one.resumable else one.state
    speed, left = _rate(one), _left(one.seconds_left)
    return (
        one.id,
        one.kind,
        state,
        one.priority,
        done,
        speed,
        left,
        f"{one.updated.astimezone():%Y-%m-%d %H:%M:%S}",
        one.title,
    )


def _rate(one: Job) -> str:
    if one.rate is None:
        return ""
    if one.unit != "bytes":
        return f"{one.rate:,.1f} {one.unit}/s"
    steps = [(name, size) for name, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)) if one.rate >= size]
    name, size = steps[0] if steps else ("B", 1)
    return f"{one.rate / size:,.1f} {name}/s"


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _line(line: LogLine) -> str:
    level = "" if line.level == "info" else f"{line.level}: "
    return f"{line.at.astimezone():%Y-%m-%d %H:%M:%S}  {level}{line.text}"


def _servers() -> list[_Server]:
    from jupyter_server.serverapp import list_running_servers

    return [_Server(str(info["url"]), str(info.get("token", ""))) for info in list_running_servers()]


def _problem(body: bytes, status: int) -> CockpitError:
    try:
        words = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        words = f"the Jupyter server answered with status {status}"
    return Conflict(words)
