"""Links: a URL by which anybody may read one object, for a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ..errors import Archived
from ..models import PresignedLink, PresignRequest
from .connections import Connection
from .faults import Place, translated
from .objects import head


def make_link(connection: Connection, request: PresignRequest) -> PresignedLink:
    """A link to an object, or to one version of it; `expires` is earlier than asked for where credentials end earlier.

    The object is looked at first, so that the link is one that works: NotFound, AccessDenied, and Archived when it
    cannot be read now.
    """
    detail = head(connection, request.bucket, request.key, request.version_id)  # also learns the bucket's region
    if detail.archive in ("archived", "restoring"):
        raise Archived(f"{detail.uri} is archived: a link to it works once it is restored, so restore it first")
    params = {"Bucket": request.bucket, "Key": request.key}
    params.update({"VersionId": request.version_id} if request.version_id else {})
    client = connection.client_of(request.bucket, request.key)
    asked = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=request.seconds)
    with translated(Place(connection.ref, request.bucket, request.key)):
        url: str = client.generate_presigned_url("get_object", Params=params, ExpiresIn=request.seconds)
        ends, temporary = _end_of_credentials(client)
    if connection.ref.anonymous:
        return PresignedLink(url=url, expires=asked, note="the object is public: this link does not end")
    if ends is not None and ends < asked:
        note = "the link ends when the temporary credentials that made it end, which is earlier than asked for"
        return PresignedLink(url=url, expires=ends, note=note)
    if temporary and ends is None:
        note = "it was made with temporary credentials and ends with them, which may be earlier than this"
        return PresignedLink(url=url, expires=asked, note=note)
    return PresignedLink(url=url, expires=asked)


def _end_of_credentials(client: Any) -> tuple[datetime | None, bool]:
    """When the credentials of a client end, as far as they tell, and whether they are temporary at all."""
    credentials = client._request_signer._credentials  # botocore has no public way to ask a client for them
    if credentials is None:
        return None, False
    frozen = credentials.get_frozen_credentials()
    ends = getattr(credentials, "_expiry_time", None)
    return (ends.astimezone(UTC) if isinstance(ends, datetime) else None), bool(frozen.token)
