"""Manifests: list, show, delete, share; whole, as kernels on other machines load them, and slices by pages."""

from __future__ import annotations

from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..models import ManifestSummary, SlicePage
from ..slicing import manifests, sharing
from .base import CockpitHandler
from .requests import ShareRequest, SlicesQuery


def _summary(manifest_id: str) -> ManifestSummary:
    return manifests.summary(manifests.load(manifest_id))


def _slices(manifest_id: str, query: SlicesQuery) -> SlicePage:
    return manifests.slice_page(manifests.load(manifest_id), query.offset, query.limit)


def _document(manifest_id: str) -> bytes:
    return manifests.load(manifest_id).model_dump_json().encode()


def _share(manifest_id: str, request: ShareRequest) -> ManifestSummary:
    manifest = manifests.load(manifest_id)
    sharing.save_to_bucket(manifest, request.uri, request.connection)
    return manifests.summary(manifest)


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


class DocumentHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self, manifest_id: str) -> None:
        self.finish(await self.services.blocking(_document, manifest_id))


class ShareHandler(CockpitHandler):
    @authenticated
    @authorized
    async def post(self, manifest_id: str) -> None:
        self.reply(await self.services.blocking(_share, manifest_id, self.body(ShareRequest)))
