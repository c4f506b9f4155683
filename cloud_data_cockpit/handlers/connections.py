"""Ways to reach an S3 service, by name."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..models import ConnectionRef
from .base import CockpitHandler


class ConnectionsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        from ..s3.connections import list_connections

        self.reply_list(ConnectionRef, await self.services.blocking(list_connections))
