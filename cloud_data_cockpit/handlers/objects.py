"""Objects: a page of a listing, one object with its format, links, folders, restores, the size of a selection."""

from __future__ import annotations

from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..models import (
    FolderRequest,
    FoundPlace,
    Measured,
    MeasureRequest,
    ObjectDetail,
    PlaceText,
    PresignedLink,
    PresignRequest,
    ThawRequest,
)
from .base import CockpitHandler
from .inspection import describe_object
from .requests import ListingQuery, ObjectQuery


def _page(query: ListingQuery) -> str:
    """A page as JSON; made here, because a thousand rows take long enough to be noticed by others of the server."""
    from ..s3.connections import resolve
    from ..s3.objects import list_page

    connection = resolve(query.connection)
    page = list_page(connection, query.bucket, query.prefix, query.next_token, query.delimiter, query.page_size)
    return page.model_dump_json()


class ObjectsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.finish(await self.services.blocking(_page, self.query(ListingQuery)))


class ObjectHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        query = self.query(ObjectQuery)
        detail = await self.services.blocking(
            describe_object, query.connection, query.bucket, query.key, query.version_id, detect=query.detect
        )
        self.reply(detail)


def _link(request: PresignRequest) -> PresignedLink:
    from ..s3.connections import resolve
    from ..s3.links import make_link

    return make_link(resolve(request.connection), request)


class PresignHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self) -> None:
        self.reply(await self.services.blocking(_link, self.body(PresignRequest)))


def _thaw(request: ThawRequest) -> ObjectDetail:
    from ..s3.archives import thaw
    from ..s3.connections import resolve

    return thaw(resolve(request.connection), request)


class ThawHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self) -> None:
        self.reply(await self.services.blocking(_thaw, self.body(ThawRequest)))


def _folder(request: FolderRequest) -> None:
    from ..s3.connections import resolve
    from ..s3.folders import make_folder

    make_folder(resolve(request.connection), request.bucket, request.prefix)


class FoldersHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self) -> None:
        await self.services.blocking(_folder, self.body(FolderRequest))
        self.set_status(HTTPStatus.NO_CONTENT)
        self.finish()


def _measure(request: MeasureRequest) -> Measured:
    from ..s3.connections import resolve
    from ..s3.measure import measure

    return measure(resolve(request.connection), request)


class MeasureHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self) -> None:
        self.reply(await self.services.blocking(_measure, self.body(MeasureRequest)))


def _place(request: PlaceText) -> FoundPlace:
    from ..s3.connections import list_connections
    from ..s3.places import parse_place

    return parse_place(request.text, [ref.endpoint_url for ref in list_connections() if ref.endpoint_url])


class PlacesHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self) -> None:
        self.reply(await self.services.at_hand(_place, self.body(PlaceText)))
