"""Objects in archives: ask for them back."""

from __future__ import annotations

from ..errors import BadRequest, Conflict
from ..models import ObjectDetail, ThawRequest
from .connections import Connection
from .objects import head
from .signing import SignedRequest, send
from .tags import document_headers


def thaw(connection: Connection, request: ThawRequest) -> ObjectDetail:
    """Ask for an archived object, which S3 then brings back within minutes to days; the object as it is now.

    One that has been restored stays for longer. BadRequest when it is not archived, Conflict while it is restored.
    """
    bucket, key, version_id = request.bucket, request.key, request.version_id
    now = head(connection, bucket, key, version_id)
    if now.archive == "none":
        raise BadRequest(f"{now.uri} is not archived: it can be read as it is")
    if now.archive == "restoring":
        raise Conflict(f"{now.uri} is being restored already; wait until it can be read")
    # Objects of Intelligent-Tiering come back for good, and S3 wants no number of days for them.
    days = None if now.storage_class == "INTELLIGENT_TIERING" else request.days
    params: dict[str, object] = {"Bucket": bucket, "Key": key}
    params.update({"VersionId": version_id} if version_id else {})
    lines = (f"<Days>{days}</Days>" if days else "") + (
        f"<GlacierJobParameters><Tier>{request.tier}</Tier></GlacierJobParameters>"
    )
    body = f'<RestoreRequest xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{lines}</RestoreRequest>'.encode()
    asked = SignedRequest(connection, "restore_object", params)
    send(asked, lambda reply: None, headers=document_headers(body), body=lambda: body, writing=True)
    return head(connection, bucket, key, version_id)
