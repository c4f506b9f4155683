"""What the panel asks first: version and settings."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from .base import CockpitHandler


class InfoHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply(self.services.info)
