"""Ways to reach an S3 service, by name: those found, and the user's own, which are added, changed, removed, tried."""

from __future__ import annotations

from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..models import ConnectionDraft, ConnectionInfo, ConnectionReport, ConnectionTest
from .base import CockpitHandler


def _list() -> list[ConnectionInfo]:
    from ..s3.described import list_infos

    return list_infos()


def _add(draft: ConnectionDraft) -> ConnectionInfo:
    from ..s3.described import describe
    from ..s3.saving import add_connection

    return describe(add_connection(draft))


def _change(name: str, draft: ConnectionDraft) -> ConnectionInfo:
    from ..s3.described import describe
    from ..s3.saving import change_connection

    return describe(change_connection(name, draft))


def _remove(name: str) -> None:
    from ..s3.saving import remove_connection

    remove_connection(name)


def _test(test: ConnectionTest) -> ConnectionReport:
    from ..s3.trial import try_connection

    return try_connection(test)


class ConnectionsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply_list(ConnectionInfo, await self.services.at_hand(_list))

    @authenticated
    @authorized
    async def post(self) -> None:
        self.reply(await self.services.blocking(_add, self.body(ConnectionDraft)), HTTPStatus.CREATED)


class ConnectionHandler(CockpitHandler):
    @authenticated
    @authorized
    async def put(self, connection: str) -> None:
        self.reply(await self.services.blocking(_change, connection, self.body(ConnectionDraft)))

    @authenticated
    @authorized
    async def delete(self, connection: str) -> None:
        await self.services.blocking(_remove, connection)
        self.set_status(HTTPStatus.NO_CONTENT)
        self.finish()


class TestHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self) -> None:
        self.reply(await self.services.blocking(_test, self.body(ConnectionTest)))
