"""Formats with the JSON schemas of their parameters."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..models import FormatInfo
from .base import CockpitHandler
from .inspection import describe_formats


class FormatsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply_list(FormatInfo, await self.services.at_hand(describe_formats))
