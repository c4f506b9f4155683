"""Operations on single objects: put, get, head, delete, and deleting many at once."""

from __future__ import annotations

from .access import allows
from .archive import check_readable, restore_header
from .bodies import FileSink
from .checksums import encode
from .conditions import byte_range, check_read
from .drafts import draft_of
from .operations import Call, find_version, quote_etag, version_header
from .records import Checksum, Condition, Piece, Version
from .replies import Content, Reply, http_date, xml_reply
from .s3errors import S3Error
from .xml import document, element, parse, text_of

_OVERRIDES = {
    "response-cache-control": "Cache-Control",
    "response-content-disposition": "Content-Disposition",
    "response-content-encoding": "Content-Encoding",
    "response-content-language": "Content-Language",
    "response-content-type": "Content-Type",
    "response-expires": "Expires",
}
_MOST_DELETED = 1000


def checksum_headers(checksum: Checksum | None) -> dict[str, str]:
    """A stored checksum as headers."""
    if checksum is None:
        return {}
    return {f"x-amz-checksum-{checksum.algorithm.lower()}": checksum.value, "x-amz-checksum-type": checksum.kind}


def pieces_of(file: FileSink) -> list[Piece]:
    """A received body, moved to its place, as the one piece of a version (none when it is empty)."""
    return [Piece(1, 0, file.size, file.keep())] if file.size else []


def store_received(call: Call, key: bytes, headers: dict[str, str]) -> Reply:
    """Make the received body an object; the reply is that of PutObject."""
    file = call.received()
    checksum = None
    if call.expected is not None and call.expected.algorithm:
        algorithm = call.expected.algorithm
        checksum = Checksum(algorithm, encode(file.digest_of(algorithm)))
    draft, condition = draft_of(key, headers), call.condition()
    call.store.check(call.bucket, key, condition)  # before the file is moved; once more inside the transaction
    pieces = pieces_of(file)
    try:
        version_id, old = call.store.put(call.bucket, draft, file.etag, pieces, checksum, condition)
    except BaseException:
        call.remove([piece.file for piece in pieces])
        raise
    call.remove(old)
    return Reply(200, {"ETag": file.etag, **checksum_headers(checksum), **version_header(call, version_id)})


async def put_object(call: Call) -> Reply:
    """PutObject."""
    return store_received(call, call.request.key, call.request.headers)


def object_headers(call: Call, version: Version) -> dict[str, str]:
    """The headers of GetObject and HeadObject that do not depend on a range."""
    headers = dict(version.headers)
    headers |= {"ETag": version.etag, "Last-Modified": http_date(version.modified), "Accept-Ranges": "bytes"}
    headers |= version_header(call, version.version) | restore_header(call, version)
    if version.tags:
        headers["x-amz-tagging-count"] = str(len(version.tags))
    for parameter, name in _OVERRIDES.items():
        if value := call.request.parameter(parameter):
            if call.identity.anonymous:
                raise S3Error("InvalidRequest", "Request specific response headers cannot be used for anonymous GETs.")
            if any(ord(character) < 32 or ord(character) > 255 for character in value):
                raise S3Error("InvalidArgument", f"{parameter} cannot be a header.")
            headers[name] = value
    return headers


def _part_range(call: Call, pieces: list[Piece], number: int) -> tuple[int, int]:
    found = [piece for piece in pieces if piece.number == number]
    if not found and not (number == 1 and not pieces):
        raise S3Error("InvalidPartNumber")
    return (found[0].start, found[0].size) if found else (0, 0)


async def get_object(call: Call) -> Reply:
    """GetObject and HeadObject."""
    version = find_version(call, version_id=call.request.parameter("versionId") or None)
    check_read(version, call.request.headers)
    if call.request.method == "GET":
        check_readable(call, version)
    headers = object_headers(call, version)
    pieces = call.store.pieces(version)
    wanted = byte_range(call.request.header("range"), version.size)
    if "partNumber" in call.request.parameters:
        if wanted is not None:
            raise S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
        wanted = _part_range(call, pieces, call.request.number("partNumber", 1, 1, 10_000))
        headers["x-amz-mp-parts-count"] = str(len(pieces))
    elif (call.request.header("x-amz-checksum-mode") or "").upper() == "ENABLED" and wanted is None:
        headers |= checksum_headers(version.checksum)
    start, length = wanted or (0, version.size)
    status = 200
    if wanted is not None and version.size:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{version.size}"
        status = 206
    if call.request.method == "HEAD":
        return Reply(status, headers | {"Content-Length": str(length)})
    return Reply(status, headers, content=Content(call.files, call.pool, pieces, start, length))


async def delete_object(call: Call) -> Reply:
    """DeleteObject: of a key, or of one version."""
    key, version_id = call.request.key, call.request.parameter("versionId") or None
    return Reply(204, _delete(call, key, version_id, call.condition()))


def _delete(call: Call, key: bytes, version_id: str | None, condition: Condition) -> dict[str, str]:
    if version_id is None:
        marker, old = call.store.delete(call.bucket, key, condition)
        call.remove(old)
        return {"x-amz-delete-marker": "true", "x-amz-version-id": marker} if marker is not None else {}
    version = call.store.version(call.bucket, key, version_id)
    if version is None:
        return {"x-amz-version-id": version_id}
    call.remove(call.store.delete_version(version))
    headers = {"x-amz-version-id": version_id}
    return headers | {"x-amz-delete-marker": "true"} if version.marker else headers


async def delete_objects(call: Call) -> Reply:
    """DeleteObjects: up to 1,000 keys in one request."""
    tree = parse(call.document, "Delete")
    wanted = tree.findall("Object")
    if not 0 < len(wanted) <= _MOST_DELETED:
        raise S3Error("MalformedXML", f"Between 1 and {_MOST_DELETED} objects can be deleted at once.")
    quiet = text_of(tree, "Quiet").lower() == "true"
    lines = []
    for node in wanted:
        key, version_id = text_of(node, "Key"), text_of(node, "VersionId")
        names = element("Key", key) + (element("VersionId", version_id) if version_id else "")
        action = "s3:DeleteObjectVersion" if version_id else "s3:DeleteObject"
        try:
            if call.identity.anonymous and not allows(call.store, call.bucket, action, key.encode()):
                raise S3Error("AccessDenied")
            condition = Condition(quote_etag(text_of(node, "ETag") or None))
            headers = _delete(call, key.encode(), version_id or None, condition)
        except S3Error as error:
            lines.append(f"<Error>{names}{element('Code', error.code)}{element('Message', error.message)}</Error>")
            continue
        if "x-amz-delete-marker" in headers:
            names += element("DeleteMarker", True) + element("DeleteMarkerVersionId", headers["x-amz-version-id"])
        if not quiet:
            lines.append(f"<Deleted>{names}</Deleted>")
    return xml_reply(document("DeleteResult", "".join(lines)))
