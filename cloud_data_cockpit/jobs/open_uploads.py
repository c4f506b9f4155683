"""An upload that a browser sends and that is open here, its parts as they arrive, and small files in one request."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from ..errors import BadRequest, Conflict
from ..models import Job, PartReceipt, Upload, UploadRequest
from .bodies import Body
from .room import Room

if TYPE_CHECKING:
    from ..s3.connections import Connection
    from .uploads import Uploads


class OpenUpload:
    """A multipart upload of this server that is neither complete nor aborted nor paused."""

    def __init__(
        self, job_id: str, request: UploadRequest, connection: Connection, part_size: int, upload_id: str
    ) -> None:
        self.job_id = job_id
        self.request = request
        self.connection = connection
        self.part_size = part_size
        self.upload_id = upload_id
        self.receipts: dict[int, PartReceipt] = {}
        self.arriving: set[Part] = set()
        self.storing: set[asyncio.Future[PartReceipt]] = set()
        self.closing = False
        self.touched = time.monotonic()

    @property
    def part_count(self) -> int:
        return max(1, -(-self.request.size // self.part_size))

    @property
    def active(self) -> bool:
        """Whether parts are on their way."""
        return bool(self.arriving or self.storing)

    def record(self) -> Upload:
        """What the browser has to know."""
        return Upload(
            job_id=self.job_id,
            bucket=self.request.bucket,
            key=self.request.key,
            size=self.request.size,
            part_size=self.part_size,
            part_count=self.part_count,
            received=[self.receipts[number] for number in sorted(self.receipts)],
        )

    def size_of(self, number: int) -> int:
        """Bytes of part `number`. BadRequest when there is no such part."""
        if not 1 <= number <= self.part_count:
            raise BadRequest(f"there is no part {number}: this upload has parts 1 to {self.part_count}")
        return min(self.part_size, self.request.size - (number - 1) * self.part_size)

    def fits(self, part: PartReceipt) -> bool:
        """Whether a part that S3 holds is one of ours by its number and size."""
        return 1 <= part.part_number <= self.part_count and part.size == self.size_of(part.part_number)

    def done(self) -> int:
        """Bytes that S3 has, and those that have come of further parts; a part that is sent twice counts once."""
        held = {part.number: 0 for part in self.arriving}
        for part in self.arriving:
            held[part.number] = max(held[part.number], part.received)
        return sum((held | {number: receipt.size for number, receipt in self.receipts.items()}).values())

    def refuse(self) -> NoReturn:
        """Conflict: nothing more is taken."""
        raise Conflict(
            f"the upload {self.job_id} takes no more parts: it has been completed, paused, cancelled or has failed"
        )


class Part(Body):
    """Part `number` of an open upload."""

    def __init__(self, uploads: Uploads, upload: OpenUpload, number: int, crc32: str | None) -> None:
        super().__init__(uploads.room, upload.size_of(number), crc32)
        self.number = number
        self._uploads = uploads
        self._upload = upload

    async def _keep(self, file: BinaryIO) -> PartReceipt:
        return await self._uploads.store_part(self._upload, self, file)

    def _wanted(self) -> bool:
        return not self._upload.closing

    def _refuse(self) -> NoReturn:
        self._upload.refuse()

    def _arriving(self) -> None:
        self._upload.arriving.add(self)

    def _told(self) -> None:
        self._uploads.tell(self._upload)

    def _gone(self) -> None:
        self._upload.arriving.discard(self)


class Whole(Body):
    """A small file, all of it."""

    def __init__(self, uploads: Uploads, room: Room, request: UploadRequest, crc32: str | None) -> None:
        super().__init__(room, request.size, crc32)
        self._uploads = uploads
        self._request = request

    async def _keep(self, file: BinaryIO) -> Job:
        return await self._uploads.in_pool(self._put, file)

    def _put(self, file: BinaryIO) -> Job:
        from ..s3.connections import resolve
        from ..s3.whole import put_whole
        from .kinds import UPLOAD
        from .runner import new_job

        request = self._request
        sent = put_whole(
            resolve(request.connection),
            request.bucket,
            request.key,
            file,
            content_type=request.content_type,
            overwrite=request.overwrite,
            crc32=self.crc32,
        )
        now = datetime.now(UTC)
        return new_job(UPLOAD, request, state="succeeded", done=sent.size, total=sent.size).model_copy(
            update={"updated": now}
        )
