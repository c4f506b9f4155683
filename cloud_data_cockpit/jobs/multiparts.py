"""The open multipart uploads of a bucket, whoever began them: which are there, what they hold, and aborting them."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..errors import BadRequest, CockpitError, Conflict
from ..models import MultipartPage, OpenMultipart, SweepRequest, Swept
from .kept import KeptUploads
from .resting import Resting

if TYPE_CHECKING:
    from ..s3.connections import Connection

PAGE = 100
AT_ONCE = 8


class Multiparts:
    """What buckets hold of uploads that were never completed. Every method blocks, in any thread."""

    def __init__(self, kept: KeptUploads, resting: Resting) -> None:
        self._kept = kept
        self._resting = resting

    def page(self, connection_name: str, bucket: str, token: str | None) -> MultipartPage:
        """At most PAGE open uploads; their bytes and parts where one request tells them."""
        from ..s3.connections import resolve
        from ..s3.multipart import open_uploads

        connection = resolve(connection_name)
        found = open_uploads(connection, bucket, _markers(token), PAGE)
        ours = self._kept.ids(bucket)
        listed = [
            OpenMultipart(key=key, upload_id=upload_id, initiated=begun, ours=upload_id in ours)
            for key, upload_id, begun in found.uploads
        ]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            measured = list(pool.map(lambda each: _measured(connection, bucket, each), listed))
        return MultipartPage(uploads=measured, next_token=_token(found.next))

    def sweep(self, request: SweepRequest) -> Swept:
        """Abort them for certain; those that could not be are told of. One of ours that is at work is left alone."""
        from ..s3.connections import resolve

        connection = resolve(request.connection)
        ours = self._kept.ids(request.bucket)

        def one(upload: tuple[str, str]) -> str | None:
            try:
                self._abort(connection, request.bucket, *upload, ours.get(upload[1]))
            except CockpitError as error:
                return f"{upload[0]}: {error.message}"
            return None

        with ThreadPoolExecutor(AT_ONCE) as pool:
            problems = [words for words in pool.map(one, request.uploads) if words is not None]
        return Swept(aborted=len(request.uploads) - len(problems), problems=problems)

    def _abort(self, connection: Connection, bucket: str, key: str, upload_id: str, job_id: str | None) -> None:
        from ..s3.uploads import abort

        if job_id is None:
            abort(connection, bucket, key, upload_id)
        elif self._resting.has(job_id):
            self._resting.cancel(job_id)
        else:
            raise Conflict("it is being sent at this moment; cancel its job instead")


def _measured(connection: Connection, bucket: str, upload: OpenMultipart) -> OpenMultipart:
    from ..s3.multipart import held_parts

    try:
        held = held_parts(connection, bucket, upload.key, upload.upload_id, pages=1).parts
    except CockpitError:  # it has ended meanwhile, or its parts may not be listed
        return upload
    if len(held) >= 1000:  # there may be more
        return upload
    return upload.model_copy(update={"bytes": sum(part.size for part in held), "parts": len(held)})


def _token(markers: object) -> str | None:
    return base64.urlsafe_b64encode(json.dumps(markers).encode()).decode() if markers is not None else None


def _markers(token: str | None) -> dict[str, str] | None:
    if token is None:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(token))
        return {"KeyMarker": str(found["KeyMarker"]), "UploadIdMarker": str(found["UploadIdMarker"])}
    except (ValueError, KeyError, TypeError):
        raise BadRequest("this is no `next_token` of such a page; begin with the first page") from None
