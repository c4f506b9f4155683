"""Objects: a page of a listing, and one object with its format."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..models import Listing
from .base import CockpitHandler
from .inspection import describe_object
from .requests import ListingQuery, ObjectQuery


def _page(query: ListingQuery) -> Listing:
    from ..s3.connections import resolve
    from ..s3.objects import list_page

    connection = resolve(query.connection)
    return list_page(connection, query.bucket, query.prefix, query.next_token, page_size=query.page_size)


class ObjectsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply(await self.services.blocking(_page, self.query(ListingQuery)))


class ObjectHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        query = self.query(ObjectQuery)
        self.reply(await self.services.blocking(describe_object, query.connection, query.bucket, query.key))
