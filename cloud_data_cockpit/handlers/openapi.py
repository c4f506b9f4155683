"""The OpenAPI document of this very API."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.escape import json_encode
from tornado.web import authenticated

from .base import CockpitHandler


class OpenapiHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.finish(json_encode(self.services.document))
