"""Jobs: start one of any kind, list, show, cancel, start anew."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from jupyter_server.auth.decorator import authorized
from pydantic import ValidationError
from pydantic_core import from_json
from tornado.web import authenticated

from ..errors import BadRequest, Conflict
from ..jobs.base import Kind
from ..jobs.kinds import PARTITION, UPLOAD, kind_of_job, startable
from ..jobs.store import ENDED
from ..models import Job, Record
from .base import CockpitHandler, problems_of


def parsed(body: bytes) -> tuple[Kind[Any], Record]:
    """The kind and the request in the body that starts a job. BadRequest naming what is wrong with it.

    A body without `kind` is a partition, as it was before there were others.
    """
    try:
        given = from_json(body)
    except ValueError as error:
        raise BadRequest(f"the body is not right: Invalid JSON: {error}") from None
    if not isinstance(given, dict):
        raise BadRequest("the body is not right: it is no JSON object")
    kind = startable(str(given.get("kind", PARTITION.name)))
    try:
        return kind, kind.request.model_validate_json(body)
    except ValidationError as error:
        raise BadRequest(f"the body is not right: {problems_of(error)}") from None


class JobsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply_list(Job, await self.services.at_hand(self.services.board.latest))

    @authenticated
    @authorized
    async def post(self) -> None:
        self.reply(await self.services.runner.submit(*parsed(self.request.body), self.user_name), HTTPStatus.CREATED)


class JobHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        self.reply(await self.services.at_hand(self.services.board.get, job_id))


class LogHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        self.reply(await self.services.at_hand(self.services.board.logs.read, job_id))


class CancelHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self, job_id: str) -> None:
        self.reply(await self.services.cancel(job_id))


class _AgainHandler(CockpitHandler):
    """What goes back to the request of a job."""

    async def _go_on(self, job: Job, kind: Kind[Any], request: Record) -> Job:
        former = await self.services.at_hand(self.services.board.store.owner, job.id)
        return await self.services.runner.go_on(job, former, kind, request)

    def _kept(self, job_id: str) -> tuple[Kind[Any], Record]:
        job = self.services.board.get(job_id)
        if job.state not in ENDED:
            raise Conflict(f"job {job_id} has not ended yet: wait for it, or cancel it first")
        kind, request = kind_of_job(job), self.services.board.request(job_id)
        if kind is None or request is None:
            raise Conflict(f"what job {job_id} was asked for is not kept: start it again where it was started")
        try:
            return kind, kind.request.model_validate_json(request)
        except ValidationError:
            raise Conflict(
                f"job {job_id} was started by another release: start it again where it was started"
            ) from None


class ResumeHandler(_AgainHandler):
    @authenticated
    @authorized
    async def post(self, job_id: str) -> None:
        job = await self.services.at_hand(self.services.board.get, job_id)
        if not job.resumable:
            raise Conflict(f"job {job_id} has {job.state} and cannot go on: retry it, which starts a new one")
        if job.kind == UPLOAD.name and await self.services.at_hand(self.services.board.request, job_id) is None:
            raise Conflict(f"job {job_id} is an upload of a browser: choose the same file again to go on")
        kind, request = await self.services.at_hand(self._kept, job_id)
        self.reply(await self._go_on(job, kind, request))


class RetryHandler(_AgainHandler):
    @authenticated
    @authorized
    async def post(self, job_id: str) -> None:
        kind, request = await self.services.at_hand(self._kept, job_id)
        job = await self.services.at_hand(self.services.board.get, job_id)
        if job.resumable and kind.resumes:
            self.reply(await self._go_on(job, kind, request))
            return
        self.reply(await self.services.runner.submit(kind, request, self.user_name), HTTPStatus.CREATED)
