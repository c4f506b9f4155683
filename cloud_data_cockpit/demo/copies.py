"""CopyObject and UploadPartCopy: bytes that never leave the service."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from .access import allows
from .archive import HEADER, check_readable
from .bodies import FileSink
from .checksums import ALGORITHMS, digest, encode
from .conditions import byte_range, check_read
from .drafts import canned_acl, check_tags, draft_of, stored_headers
from .files import BodyFiles
from .multipart import keep_part, named_upload
from .objects import checksum_headers
from .operations import Call, version_header
from .records import Checksum, Draft, Piece, Version
from .replies import Reply, xml_reply
from .s3errors import S3Error
from .xml import document, element, timestamp

_LARGEST_COPY = 5 << 30
_BLOCK = 1 << 20


def _source(call: Call) -> Version:
    """The version x-amz-copy-source names, its conditions checked."""
    text = call.request.headers["x-amz-copy-source"]
    path, _, query = text.partition("?")
    bucket_name, _, key = unquote_to_bytes(path).removeprefix(b"/").partition(b"/")
    version_id = query.removeprefix("versionId=") if query.startswith("versionId=") else None
    if not key:
        raise S3Error("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
    bucket = call.store.bucket(bucket_name.decode("utf-8", "replace"))
    if call.identity.anonymous and not allows(call.store, bucket, "s3:GetObject", key, version_id):
        raise S3Error("AccessDenied")
    version = call.store.version(bucket, key, version_id)
    if version is None or version.marker:
        code = "NoSuchKey" if version_id is None else "NoSuchVersion"
        raise S3Error(code, Key=key.decode("utf-8", "replace"))
    check_read(version, call.request.headers, "x-amz-copy-source-")
    check_readable(call, version)
    return version


def _blocks(files: BodyFiles, pieces: list[Piece], start: int, length: int) -> Iterator[bytes]:
    """Bytes [start, start + length) of pieces; for a thread."""
    end = start + length
    for piece in pieces:
        low, high = max(start - piece.start, 0), min(end - piece.start, piece.size)
        if high <= low:
            continue
        with files.path(piece.file).open("rb", buffering=0) as file:
            file.seek(low)
            while low < high:
                block = file.read(min(_BLOCK, high - low))
                if not block:
                    raise S3Error("InternalError", "A body is shorter than it was when it was stored.")
                low += len(block)
                yield block


def _share(files: BodyFiles, pieces: list[Piece]) -> list[Piece]:
    return [piece._replace(file=files.share(piece.file)) for piece in pieces]


def _checksum(files: BodyFiles, pieces: list[Piece], size: int, algorithm: str) -> Checksum:
    running = digest(algorithm)
    for block in _blocks(files, pieces, 0, size):
        running.update(block)
    return Checksum(algorithm, encode(running.digest()))


def _copied_draft(call: Call, source: Version) -> Draft:
    headers = call.request.headers
    replaces = headers.get("x-amz-metadata-directive", "COPY").upper() == "REPLACE"
    retags = headers.get("x-amz-tagging-directive", "COPY").upper() == "REPLACE"
    same = source.bucket == call.bucket.id and source.key == call.request.key
    if same and source.latest and not replaces and not retags and "x-amz-storage-class" not in headers:
        raise S3Error(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing it.",
        )
    fresh = draft_of(call.request.key, headers)
    tags = fresh.tags if retags else check_tags(list(source.tags.items()))
    kept = stored_headers(headers) if replaces else dict(source.headers)
    kept.pop(HEADER, None)  # the class is that of the request, never that of the source
    if HEADER in fresh.headers:
        kept[HEADER] = fresh.headers[HEADER]
    return Draft(call.request.key, kept, tags, canned_acl(headers))


async def copy_object(call: Call) -> Reply:
    """CopyObject: the new object shares the files of the old, so a copy of any size is quick."""
    source = _source(call)
    if source.size > _LARGEST_COPY:
        raise S3Error("InvalidRequest", f"The copy source is larger than the maximum of {_LARGEST_COPY} bytes.")
    draft = _copied_draft(call, source)
    algorithm = call.request.headers.get("x-amz-checksum-algorithm", "").upper()
    if algorithm and algorithm not in ALGORITHMS:
        raise S3Error("InvalidRequest", f"The checksum algorithm {algorithm} is not known.")
    pieces, checksum = call.store.pieces(source), source.checksum
    names = [piece.file for piece in pieces]
    call.files.pin(names)
    try:
        if algorithm and (checksum is None or checksum.algorithm != algorithm):
            checksum = await call.in_thread(lambda: _checksum(call.files, pieces, source.size, algorithm))
        shared = await call.in_thread(lambda: _share(call.files, pieces))
    finally:
        call.remove(call.files.unpin(names))
    try:
        version_id, old = call.store.put(call.bucket, draft, source.etag, shared, checksum, call.condition())
    except BaseException:
        call.remove([piece.file for piece in shared])
        raise
    call.remove(old)
    inner = element("LastModified", timestamp(call.now)) + element("ETag", source.etag)
    if checksum is not None:
        inner += element(f"Checksum{checksum.algorithm}", checksum.value) + element("ChecksumType", checksum.kind)
    headers = version_header(call, version_id) | checksum_headers(checksum)
    return xml_reply(document("CopyObjectResult", inner), headers=headers)


def _source_range(call: Call, source: Version) -> tuple[int, int]:
    header = call.request.header("x-amz-copy-source-range")
    found = byte_range(header, source.size)
    if header is not None and (found is None or f"-{found[0] + found[1] - 1}" not in header):
        raise S3Error(
            "InvalidArgument", "The x-amz-copy-source-range value must be bytes=first-last, within the source"
        )
    return found or (0, source.size)


async def upload_part_copy(call: Call) -> Reply:
    """UploadPartCopy."""
    source, upload = _source(call), named_upload(call)
    start, length = _source_range(call, source)
    if length > _LARGEST_COPY:
        raise S3Error("EntityTooLarge", MaxSizeAllowed=str(_LARGEST_COPY))
    pieces = call.store.pieces(source)
    names = [piece.file for piece in pieces]
    sink = FileSink(call.files, call.pool, {upload.algorithm} if upload.algorithm else set())
    call.files.pin(names)
    try:
        await call.in_thread(lambda: sink.fill(_blocks(call.files, pieces, start, length)))
        await sink.close()
        call.file = sink
        part, algorithm = keep_part(call, upload, upload.algorithm)
    finally:
        call.remove(call.files.unpin(names))
        sink.discard()
    inner = element("LastModified", timestamp(part.modified)) + element("ETag", part.etag)
    if algorithm:
        inner += element(f"Checksum{algorithm}", part.checksum)
    return xml_reply(document("CopyPartResult", inner))
