"""What searches find, while they run and after."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from ..errors import BadRequest, NotFound
from ..jobs.hits import read_hits
from ..jobs.store import ENDED
from ..models import HitPage
from .base import CockpitHandler
from .requests import HitsQuery


class HitsHandler(CockpitHandler):
    @authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        self.finish(await self.services.at_hand(self._page, job_id, self.query(HitsQuery)))

    def _page(self, job_id: str, query: HitsQuery) -> str:
        job = self.services.board.get(job_id)
        if job.kind != "search":
            raise BadRequest(f"job {job_id} is no search: only searches find objects")
        try:
            return read_hits(job_id, query.offset, query.limit).model_dump_json()
        except NotFound:
            if job.state in ENDED:
                raise
            return HitPage(offset=query.offset, total=0, hits=[]).model_dump_json()  # it has not begun yet
