"""Manifests: list, show, delete, and their slices by pages."""

from __future__ import annotations

from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..models import ManifestSummary, SlicePage
from ..slicing import manifests
from .base import CockpitHandler
from .requests import SlicesQuery


def _summary(manifest_id: str) -> ManifestSummary:
    return manifests.summary(manifests.load(manifest_id))


def _slices(manifest_id: str, query: SlicesQuery) -> SlicePage:
    return manifests.slice_page(manifests.load(manifest_id), query.offset, query.limit)


class ManifestsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply_list(ManifestSummary, await self.services.blocking(manifests.list_manifests))


class ManifestHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self, manifest_id: str) -> None:
        self.reply(await self.services.blocking(_summary, manifest_id))

    @authenticated
    @authorized
    async def delete(self, manifest_id: str) -> None:
        await self.services.blocking(manifests.delete, manifest_id)
        self.set_status(HTTPStatus.NO_CONTENT)
        self.finish()


class SlicesHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self, manifest_id: str) -> None:
        self.reply(await self.services.blocking(_slices, manifest_id, self.query(SlicesQuery)))
