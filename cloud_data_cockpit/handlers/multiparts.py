"""Open multipart uploads of a bucket, whoever began them: a page of them, and aborting them."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..models import SweepRequest
from .base import CockpitHandler
from .requests import MultipartsQuery


class MultipartsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        query = self.query(MultipartsQuery)
        multiparts = self.services.uploads.multiparts
        self.reply(await self.services.blocking(multiparts.page, query.connection, query.bucket, query.next_token))


class SweepHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self) -> None:
        self.reply(await self.services.blocking(self.services.uploads.multiparts.sweep, self.body(SweepRequest)))
