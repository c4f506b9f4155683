"""The tags of objects: read them, replace them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from xml.sax.saxutils import escape

from ..errors import BadRequest
from ..models import Tags
from .connections import Connection
from .documents import fields_of, read_page
from .multipart import reading
from .objects import check_key
from .signing import SignedRequest, send

MOST = 10
LONGEST_NAME = 128
LONGEST_VALUE = 256


def get_tags(connection: Connection, bucket: str, key: str, version_id: str | None = None) -> Tags:
    """The tags of an object or of one version of it. NotOffered where the service has no tags."""
    return send(SignedRequest(connection, "get_object_tagging", _params(bucket, key, version_id)), reading(_parse))


def put_tags(
    connection: Connection, bucket: str, key: str, tags: Mapping[str, str], version_id: str | None = None
) -> Tags:
    """Replace all tags of an object; the tags as the service then has them. BadRequest for tags that cannot be."""
    check_tags(tags)
    lines = "".join(
        f"<Tag><Key>{escape(name)}</Key><Value>{escape(value)}</Value></Tag>" for name, value in tags.items()
    )
    body = f'<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>{lines}</TagSet></Tagging>'.encode()
    params = {**_params(bucket, key, version_id), "Tagging": {"TagSet": []}}  # botocore wants some; the body is ours
    request = SignedRequest(connection, "put_object_tagging", params)
    send(request, lambda reply: None, headers=document_headers(body), body=lambda: body, writing=True)
    return get_tags(connection, bucket, key, version_id)


def check_tags(tags: Mapping[str, str]) -> None:
    """BadRequest unless S3 takes these: at most 10, names of 1 to 128 characters, values of at most 256."""
    if len(tags) > MOST:
        raise BadRequest(f"an object has at most {MOST} tags, not {len(tags)}; leave some out")
    for name, value in tags.items():
        if not 1 <= len(name) <= LONGEST_NAME or len(value) > LONGEST_VALUE:
            raise BadRequest(
                f"the name of a tag has 1 to {LONGEST_NAME} characters, its value at most {LONGEST_VALUE}; "
                f"shorten {name[:40]!r}"
            )
        if not (name + value).isprintable():
            raise BadRequest(f"the tag {name!r} has characters that cannot be seen; take them out")


def document_headers(body: bytes) -> dict[str, str]:
    """What S3 wants of a request whose body is a document: its length, and its MD5 as proof of its bytes."""
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    return {
        "Content-Type": "application/xml",
        "Content-Length": str(len(body)),
        "Content-MD5": base64.b64encode(digest).decode(),
    }


def _params(bucket: str, key: str, version_id: str | None) -> dict[str, object]:
    params: dict[str, object] = {"Bucket": bucket, "Key": check_key(key)}
    return params | ({"VersionId": version_id} if version_id else {})


def _parse(body: bytes) -> Tags:
    page, space = read_page(body, "Tagging")
    found = [fields_of(element, space) for element in page.iter(f"{space}Tag")]
    return Tags(tags={tag["Key"]: tag["Value"] for tag in found})
