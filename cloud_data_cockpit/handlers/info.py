"""What the panel asks first: version and settings."""

from __future__ import annotations

import asyncio

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from .base import CockpitHandler


class InfoHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        found = await asyncio.to_thread(_has_keyring)
        self.reply(self.services.info.model_copy(update={"keyring": found}))


def _has_keyring() -> bool:
    from ..s3.secret_places import has_keyring

    return has_keyring()
