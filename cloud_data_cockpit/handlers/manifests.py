"""Manifests: list, show, change, delete, share, take over; whole, as kernels elsewhere load them, slices by pages."""

from __future__ import annotations

import io
from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..errors import Conflict
from ..models import ManifestChange, ManifestSummary, SlicePage
from ..slicing import manifests, sharing
from ..slicing.shelves import Shelf, to_csv
from ..slicing.slices import Slices
from .base import CockpitHandler
from .requests import ManifestsQuery, ShareRequest, SlicesQuery, TakeRequest


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


def _listed(query: ManifestsQuery) -> list[ManifestSummary]:
    shelf = Shelf(query.place, connection=query.connection)
    return shelf.list(uri=query.uri, format=query.format, tag=query.tag, text=query.text)


def _taken(request: TakeRequest) -> ManifestSummary:
    manifest = sharing.load_from_bucket(request.uri, request.connection)
    here = Shelf()
    if manifest.id in here:
        held = manifests.load(manifest.id)
        if (held.uri, held.etag, held.slices) != (manifest.uri, manifest.etag, manifest.slices):
            raise Conflict(f"there is another manifest {manifest.id!r} here; rename or delete it first")
    if request.use is not None:
        manifest = Slices.of(manifest, request.use).manifest
    manifests.save(manifest)
    return manifests.summary(manifest)


def _changed(manifest_id: str, change: ManifestChange) -> ManifestSummary:
    return Shelf().apply(manifest_id, change)


def _csv(manifest_id: str) -> bytes:
    file = io.BytesIO()
    to_csv(manifests.load(manifest_id), file)
    return file.getvalue()


class ManifestsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply_list(ManifestSummary, await self.services.blocking(_listed, self.query(ManifestsQuery)))

    @authenticated
    @authorized
    async def post(self) -> None:
        self.reply(await self.services.blocking(_taken, self.body(TakeRequest)), HTTPStatus.CREATED)


class ManifestHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self, manifest_id: str) -> None:
        self.reply(await self.services.blocking(_summary, manifest_id))

    @authenticated
    @authorized
    async def put(self, manifest_id: str) -> None:
        self.reply(await self.services.blocking(_changed, manifest_id, self.body(ManifestChange)))

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


class TableHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self, manifest_id: str) -> None:
        text = await self.services.blocking(_csv, manifest_id)
        self.set_header("Content-Disposition", 'attachment; filename="slices.csv"')
        self.finish(text, set_content_type="text/csv; charset=utf-8")
