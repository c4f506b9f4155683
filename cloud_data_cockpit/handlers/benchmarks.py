"""Saved benchmarks: list, show, delete, as CSV; one that was measured elsewhere is taken in."""

from __future__ import annotations

from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from .. import benchmark
from ..models import BenchmarkResult, BenchmarkSummary
from .base import CockpitHandler


def _csv(benchmark_id: str) -> str:
    return benchmark.to_csv(benchmark.load(benchmark_id))


class BenchmarksHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self) -> None:
        self.reply_list(BenchmarkSummary, await self.services.at_hand(benchmark.list_benchmarks))

    @authenticated
    @authorized
    async def post(self) -> None:
        result = self.body(BenchmarkResult)
        self.reply(await self.services.at_hand(benchmark.take_in, result), HTTPStatus.CREATED)


class BenchmarkHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self, benchmark_id: str) -> None:
        self.reply(await self.services.at_hand(benchmark.load, benchmark_id))

    @authenticated
    @authorized
    async def delete(self, benchmark_id: str) -> None:
        await self.services.at_hand(benchmark.delete, benchmark_id)
        self.set_status(HTTPStatus.NO_CONTENT)
        self.finish()


class CsvHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self, benchmark_id: str) -> None:
        text = await self.services.at_hand(_csv, benchmark_id)
        self.set_header("Content-Disposition", f'attachment; filename="{benchmark_id}.csv"')
        self.finish(text, set_content_type="text/csv; charset=utf-8")
