"""After a start: what servers that died have left is called interrupted, and goes on as far as it can by itself."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from ..errors import CockpitError
from ..models import Job, Problem
from ..slicing.checkpoints import drop_all_but
from .kept import KeptUploads
from .kinds import kind_of_job
from .log import Logs
from .ownership import Owner
from .runner import STOPPED, Runner, interruption
from .store import Store

log = logging.getLogger(__name__)

_CHOOSE = Problem(
    code="interrupted",
    message="the Jupyter server stopped before all parts had come. Choose the same file again to go on",
)


@dataclass(frozen=True)
class LeftOver:
    """A job that can go on by itself, or has left something to be tidied, and the server that it was of."""

    job: Job
    owner: str
    goes_on: bool = True


def recover(store: Store, owner: Owner, keep: int = 1000, days: float = float("inf")) -> list[LeftOver]:
    """Call the jobs of dead servers interrupted; those that go on, or are tidied, without anybody, oldest first."""
    kept = KeptUploads(store)
    browsers = {upload.job_id: upload.upload_id for upload in kept.open() if upload.request is not None}
    found = []
    for name, job in store.unfinished(resumable=True):
        if name == owner.name or owner.others_live(name):
            continue
        kind, asked = kind_of_job(job), store.request(job.id) is not None
        changes: dict[str, Any] = {
            "state": "interrupted",
            "error": STOPPED if kind is None else interruption(kind, asked),
        }
        if job.id in browsers:
            done = sum(part.size for part in kept.parts(job.id, browsers[job.id]))
            changes |= {"error": job.error or _CHOOSE, "resumable": True, "done": done}
        elif kind is not None and kind.resumes and asked:
            changes |= {"resumable": True}
            if not kind.waits:
                found.append(LeftOver(job, name))
        elif kind is not None and kind.tidy is not None and asked:
            found.append(LeftOver(job, name, goes_on=False))
        if job.state != "interrupted":
            updated = {"phase": "", "updated": datetime.now(UTC), "rate": None, "seconds_left": None}
            store.save(job.model_copy(update=changes | updated), name)
            Logs(store).add(job.id, f"Interrupted: {changes['error'].message}", "warning")
    store.prune(keep, days)
    drop_all_but(job.id for _, job in store.unfinished(resumable=True))
    return found


async def go_on(store: Store, runner: Runner, left_over: list[LeftOver]) -> None:
    """Let them go on, or tidy up; one that cannot go on stays as it is, and says why in the log."""
    for each in left_over:
        kind, request = kind_of_job(each.job), store.request(each.job.id)
        if kind is None or request is None:
            continue
        try:
            asked = kind.request.model_validate_json(request)
            if each.goes_on:
                await runner.go_on(each.job, each.owner, kind, asked)
            elif kind.tidy is not None:
                await asyncio.to_thread(kind.tidy, asked, each.job.id)
        except (CockpitError, ValidationError) as error:
            log.warning("job %s does not go on by itself: %s", each.job.id, error)
