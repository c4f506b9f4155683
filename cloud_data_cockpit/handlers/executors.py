"""Engines: which there are, which can be used here, what the others need."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..executors import list_executors
from ..models import ExecutorInfo
from .base import CockpitHandler


class ExecutorsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply_list(ExecutorInfo, await self.services.at_hand(list_executors))
