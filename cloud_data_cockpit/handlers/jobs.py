"""Jobs: start a partition, list, show, cancel."""

from __future__ import annotations

from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..jobs.kinds import PARTITION
from ..models import Job, PartitionRequest
from .base import CockpitHandler


class JobsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply_list(Job, await self.services.blocking(self.services.board.latest))

    @authenticated
    @authorized
    async def post(self) -> None:
        job = await self.services.runner.submit(PARTITION, self.body(PartitionRequest))
        self.reply(job, HTTPStatus.CREATED)


class JobHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        self.reply(await self.services.blocking(self.services.board.get, job_id))


class CancelHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self, job_id: str) -> None:
        self.reply(await self.services.cancel(job_id))
