"""Buckets of a connection: list and create."""

from __future__ import annotations

from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..models import Bucket
from .base import CockpitHandler
from .requests import BucketRequest, ConnectionQuery


def _buckets(connection: str) -> list[Bucket]:
    from ..s3.connections import resolve
    from ..s3.objects import list_buckets

    return list_buckets(resolve(connection))


def _create(request: BucketRequest) -> Bucket:
    from ..s3.connections import resolve
    from ..s3.objects import create_bucket

    create_bucket(resolve(request.connection), request.bucket)
    return Bucket(name=request.bucket)


class BucketsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply_list(Bucket, await self.services.blocking(_buckets, self.query(ConnectionQuery).connection))

    @authenticated
    @authorized
    async def post(self) -> None:
        self.reply(await self.services.blocking(_create, self.body(BucketRequest)), HTTPStatus.CREATED)
