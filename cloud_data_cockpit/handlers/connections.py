"""Ways to reach an S3 service, by name."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..models import ConnectionInfo
from .base import CockpitHandler


def _list() -> list[ConnectionInfo]:
    from ..s3.described import list_infos

    return list_infos()


class ConnectionsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply_list(ConnectionInfo, await self.services.blocking(_list))
