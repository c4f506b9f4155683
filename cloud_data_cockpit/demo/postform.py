"""PostObject: what a browser's form uploads becomes an object."""

from __future__ import annotations

from .access import allows
from .forms import check_policy
from .objects import store_received
from .operations import Call
from .replies import Reply, xml_reply
from .request import MAX_KEY, quoted
from .s3errors import S3Error
from .xml import document, element

_AS_HEADERS = {
    "acl": "x-amz-acl",
    "cache-control": "cache-control",
    "content-disposition": "content-disposition",
    "content-encoding": "content-encoding",
    "content-type": "content-type",
    "expires": "expires",
    "x-amz-storage-class": "x-amz-storage-class",
}


async def post_object(call: Call, fields: dict[str, str], name: str) -> Reply:
    """PostObject; name: the key. The caller has checked the signature."""
    key = name.encode()
    if not key:
        raise S3Error("InvalidArgument", "Bucket POST must contain a field named 'key'.")
    if len(key) > MAX_KEY:
        raise S3Error("KeyTooLongError", Size=str(len(key)), MaxSizeAllowed=str(MAX_KEY))
    file = call.received()
    if not call.identity.anonymous:
        check_policy(fields, call.bucket.name, file.size, call.now)
    elif not allows(call.store, call.bucket, "s3:PutObject", key):
        raise S3Error("AccessDenied")
    headers = {header: fields[field] for field, header in _AS_HEADERS.items() if field in fields}
    headers |= {field: value for field, value in fields.items() if field.startswith("x-amz-meta-")}
    if any(ord(character) < 32 or ord(character) > 255 for value in headers.values() for character in value):
        raise S3Error("InvalidArgument", "A field of the form cannot be a header.")
    stored = store_received(call, key, headers)
    place = f"http://{call.request.host}/{call.bucket.name}/{quoted(key, safe='/')}"
    stored.headers["Location"] = place
    status = fields.get("success_action_status", "204")
    if status == "201":
        inner = element("Location", place) + element("Bucket", call.bucket.name) + element("Key", name)
        return xml_reply(document("PostResponse", inner + element("ETag", file.etag)), 201, stored.headers)
    return Reply(200 if status == "200" else 204, stored.headers)
