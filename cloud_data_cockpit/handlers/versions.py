"""Versions of objects, and the tags of objects and versions."""

from __future__ import annotations

from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..models import Tags, TagsRequest, VersionPage
from .base import CockpitHandler
from .requests import TagsQuery, VersionQuery, VersionsQuery


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
