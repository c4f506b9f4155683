"""Versions of objects, and the tags of objects and versions."""

from __future__ import annotations

import threading
from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..errors import Cancelled
from ..models import ObjectDetail, Tags, TagsRequest, VersionPage, VersionRequest
from .base import CockpitHandler
from .requests import TagsQuery, VersionQuery, VersionsQuery
from .services import Services


def _page(query: VersionsQuery) -> VersionPage:
    from ..s3.connections import resolve
    from ..s3.versions import list_versions

    connection = resolve(query.connection)
    return list_versions(connection, query.bucket, key=query.key, prefix=query.prefix, token=query.next_token)


def _delete(query: VersionQuery) -> None:
    from ..s3.connections import resolve
    from ..s3.versions import delete_version

    delete_version(resolve(query.connection), query.bucket, query.key, query.version_id)


class VersionsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply(await self.services.blocking(_page, self.query(VersionsQuery)))

    @authenticated
    @authorized
    async def delete(self) -> None:
        await self.services.blocking(_delete, self.query(VersionQuery))
        self.set_status(HTTPStatus.NO_CONTENT)
        self.finish()


def _restore(request: VersionRequest, gone: threading.Event) -> ObjectDetail:
    from ..s3.connections import resolve
    from ..s3.versions import restore_version

    def check() -> None:
        if gone.is_set():
            raise Cancelled("nobody waits for this version any more: it was not restored")

    return restore_version(resolve(request.connection), request.bucket, request.key, request.version_id, check)


class RestoreHandler(CockpitHandler):
    def initialize(self, services: Services) -> None:
        super().initialize(services)
        self._gone = threading.Event()

    @authenticated
    @authorized
    async def post(self) -> None:
        self.reply(await self.services.blocking(_restore, self.body(VersionRequest), self._gone))

    def on_connection_close(self) -> None:
        """The client has gone: a large version, which is copied in parts, is given up."""
        super().on_connection_close()
        self._gone.set()


def _tags(query: TagsQuery) -> Tags:
    from ..s3.connections import resolve
    from ..s3.tags import get_tags

    return get_tags(resolve(query.connection), query.bucket, query.key, query.version_id)


def _replace_tags(request: TagsRequest) -> Tags:
    from ..s3.connections import resolve
    from ..s3.tags import put_tags

    return put_tags(resolve(request.connection), request.bucket, request.key, request.tags, request.version_id)


class TagsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply(await self.services.blocking(_tags, self.query(TagsQuery)))

    @authenticated
    @authorized
    async def put(self) -> None:
        self.reply(await self.services.blocking(_replace_tags, self.body(TagsRequest)))
