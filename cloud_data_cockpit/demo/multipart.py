"""Multipart uploads: create, upload a part, list parts and uploads, complete, abort."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .checksums import ALGORITHMS, combine, digest, encode
from .drafts import draft_of
from .listing import Position, collect, first_key, walk
from .objects import checksum_headers
from .operations import Call, quote_etag, version_header
from .records import Checksum, Part, Upload
from .replies import Reply, xml_reply
from .s3errors import S3Error
from .uploads import abort_upload, complete_upload, find_upload, list_parts, put_part, start_upload
from .xml import document, element, key_text, parse, text_of, timestamp

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SMALLEST_PART = 5 << 20
_MOST_PARTS = 10_000
OWNER = element("ID", "demo") + element("DisplayName", "demo")


def named_upload(call: Call) -> Upload:
    """The upload a request names. Raises NoSuchUpload."""
    return find_upload(call.store, call.bucket, call.request.key, call.request.parameter("uploadId"))


def part_number(call: Call) -> int:
    """The part number of a request. Raises InvalidArgument outside 1 to 10,000."""
    number = call.request.number("partNumber", 0, 1, _MOST_PARTS + 1)
    if not 1 <= number <= _MOST_PARTS:
        raise S3Error("InvalidArgument", f"Part number must be an integer between 1 and {_MOST_PARTS}, inclusive")
    return number


async def create_upload(call: Call) -> Reply:
    """CreateMultipartUpload."""
    headers = call.request.headers
    algorithm = headers.get("x-amz-checksum-algorithm", "").upper()
    if algorithm and algorithm not in ALGORITHMS:
        raise S3Error("InvalidRequest", f"The checksum algorithm {algorithm} is not known.")
    usual = "FULL_OBJECT" if algorithm == "CRC64NVME" else "COMPOSITE"
    kind = headers.get("x-amz-checksum-type", usual if algorithm else "").upper()
    impossible = {"FULL_OBJECT": ("SHA1", "SHA256"), "COMPOSITE": ("CRC64NVME",), "": ()}
    if kind not in impossible or algorithm in impossible[kind] or (kind and not algorithm):
        raise S3Error("InvalidRequest", f"The {kind} checksum type cannot be used with {algorithm or 'no algorithm'}.")
    upload_id = start_upload(call.store, call.bucket, draft_of(call.request.key, headers), algorithm, kind)
    inner = element("Bucket", call.bucket.name) + element("Key", call.request.key_text)
    reply = {"x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": kind} if algorithm else {}
    return xml_reply(document("InitiateMultipartUploadResult", inner + element("UploadId", upload_id)), headers=reply)


def part_checksums(call: Call) -> set[str]:
    """The checksums to compute while a part streams in."""
    part_number(call)
    upload = named_upload(call)
    return {upload.algorithm} if upload.algorithm else set()


def keep_part(call: Call, upload: Upload, algorithm: str) -> tuple[Part, str]:
    """Store the received body as a part; returns it and the checksum's algorithm."""
    if call.file is None:
        raise S3Error("InternalError")
    file = call.file
    value = encode(file.digest_of(algorithm)) if algorithm else ""
    part = Part(part_number(call), file.size, file.etag, call.now, file.keep(), value)
    try:
        old = put_part(call.store, upload, part)
    except BaseException:
        call.remove([part.file] if part.file else [])
        raise
    call.remove(old)
    return part, algorithm


async def upload_part(call: Call) -> Reply:
    """UploadPart."""
    call.received()
    upload = named_upload(call)
    algorithm = upload.algorithm or (call.expected.algorithm if call.expected is not None else "")
    part, algorithm = keep_part(call, upload, algorithm)
    headers = {f"x-amz-checksum-{algorithm.lower()}": part.checksum} if algorithm else {}
    return Reply(200, {"ETag": part.etag, **headers})


def _chosen(nodes: list[Element], parts: dict[int, Part], upload: Upload) -> list[Part]:
    """The parts a CompleteMultipartUpload names. Raises InvalidPart, InvalidPartOrder, EntityTooSmall."""
    chosen: list[Part] = []
    for node in nodes:
        number = text_of(node, "PartNumber")
        if not number.isascii() or not number.isdigit():
            raise S3Error("MalformedXML", "A PartNumber is no number.")
        part = parts.get(int(number))
        if part is None or quote_etag(text_of(node, "ETag")) != part.etag:
            raise S3Error("InvalidPart", PartNumber=number)
        if chosen and chosen[-1].number >= part.number:
            raise S3Error("InvalidPartOrder")
        given = text_of(node, f"Checksum{upload.algorithm}") if upload.algorithm else ""
        if given and given != part.checksum:
            raise S3Error("InvalidPart", "The checksum of a part does not match.", PartNumber=number)
        chosen.append(part)
    if not chosen:
        raise S3Error("MalformedXML", "At least one part must be named.")
    for part in chosen[:-1]:
        if part.size < _SMALLEST_PART:
            raise S3Error("EntityTooSmall", ProposedSize=str(part.size), PartNumber=str(part.number))
    return chosen


def _joined_checksum(upload: Upload, chosen: list[Part]) -> Checksum | None:
    if not upload.algorithm:
        return None
    values = [base64.b64decode(part.checksum) for part in chosen]
    if upload.kind == "COMPOSITE":
        whole = digest(upload.algorithm)
        whole.update(b"".join(values))
        return Checksum(upload.algorithm, f"{encode(whole.digest())}-{len(values)}", "COMPOSITE")
    total = values[0]
    for value, part in zip(values[1:], chosen[1:], strict=True):
        total = combine(upload.algorithm, total, value, part.size)
    return Checksum(upload.algorithm, encode(total))


def _check_promises(call: Call, checksum: Checksum | None, size: int) -> None:
    """What the request says about the whole object."""
    promised = call.request.header("x-amz-mp-object-size")
    if promised is not None and promised != str(size):
        raise S3Error("InvalidRequest", f"The parts have {size} bytes together, x-amz-mp-object-size says {promised}.")
    if checksum is not None:
        given = call.request.header(f"x-amz-checksum-{checksum.algorithm.lower()}")
        if given is not None and given.partition("-")[0] != checksum.value.partition("-")[0]:
            raise S3Error("BadDigest", f"The {checksum.algorithm} you specified did not match the calculated checksum.")


async def complete(call: Call) -> Reply:
    """CompleteMultipartUpload."""
    upload = named_upload(call)
    parts = {part.number: part for part in list_parts(call.store, upload)}
    chosen = _chosen(parse(call.document, "CompleteMultipartUpload").findall("Part"), parts, upload)
    try:
        joined = b"".join(binascii.unhexlify(part.etag.strip('"')) for part in chosen)
    except binascii.Error as error:
        raise S3Error("InternalError") from error
    etag = f'"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(chosen)}"'
    checksum = _joined_checksum(upload, chosen)
    _check_promises(call, checksum, sum(part.size for part in chosen))
    version_id, old = complete_upload(call.store, call.bucket, upload, chosen, etag, checksum, call.condition())
    call.remove(old)
    inner = element("Location", f"http://{call.request.host}/{call.bucket.name}/{call.request.key_text}")
    inner += element("Bucket", call.bucket.name) + element("Key", call.request.key_text) + element("ETag", etag)
    if checksum is not None:
        inner += element(f"Checksum{checksum.algorithm}", checksum.value) + element("ChecksumType", checksum.kind)
    headers = version_header(call, version_id) | checksum_headers(checksum)
    return xml_reply(document("CompleteMultipartUploadResult", inner), headers=headers)


async def abort(call: Call) -> Reply:
    """AbortMultipartUpload."""
    call.remove(abort_upload(call.store, named_upload(call)))
    return Reply(204)


async def parts_page(call: Call) -> Reply:
    """ListParts."""
    upload = named_upload(call)
    limit = call.request.number("max-parts", 1000, 0, 1000)
    after = call.request.number("part-number-marker", 0, 0, _MOST_PARTS)
    found = list_parts(call.store, upload, after, limit + 1)
    shown, more = found[:limit], len(found) > limit and limit > 0
    inner = element("Bucket", call.bucket.name) + element("Key", call.request.key_text)
    inner += element("UploadId", upload.id) + f"<Initiator>{OWNER}</Initiator><Owner>{OWNER}</Owner>"
    inner += element("StorageClass", "STANDARD") + element("PartNumberMarker", after)
    inner += element("NextPartNumberMarker", shown[-1].number if shown else 0)
    inner += element("MaxParts", limit) + element("IsTruncated", more)
    if upload.algorithm:
        inner += element("ChecksumAlgorithm", upload.algorithm) + element("ChecksumType", upload.kind)
    for part in shown:
        line = element("PartNumber", part.number) + element("LastModified", timestamp(part.modified))
        line += element("ETag", part.etag) + element("Size", part.size)
        if upload.algorithm:
            line += element(f"Checksum{upload.algorithm}", part.checksum)
        inner += f"<Part>{line}</Part>"
    return xml_reply(document("ListPartsResult", inner))


async def uploads_page(call: Call) -> Reply:
    """ListMultipartUploads."""
    request = call.request
    prefix, delimiter = request.parameter("prefix"), request.parameter("delimiter")
    limit = request.number("max-uploads", 1000, 1, 1000)
    key_marker, id_marker = request.parameter("key-marker"), request.parameter("upload-id-marker")
    marker = key_marker.encode()
    url = request.parameter("encoding-type") == "url"

    def seek(low: bytes, high: bytes | None) -> Iterator[tuple[object, ...]]:
        bound, extra = ("AND key < ?", (high,)) if high is not None else ("", ())
        query = f"SELECT key, id, started FROM uploads WHERE bucket = ? AND key >= ? {bound} ORDER BY key, id"
        rows = call.store.database.execute(query, (call.bucket.id, low, *extra))
        return (row for row in rows if not (id_marker and row[0] == marker and row[1] <= id_marker))

    after = Position(marker, bool(delimiter) and marker.endswith(delimiter.encode())) if key_marker else None
    start = marker if id_marker else first_key(after)
    items = walk(seek, start or b"", prefix.encode(), delimiter.encode())
    page = collect(items, limit)
    inner = element("Bucket", call.bucket.name) + element("KeyMarker", key_text(marker, url))
    inner += element("UploadIdMarker", id_marker) + element("Prefix", key_text(prefix.encode(), url))
    inner += element("MaxUploads", limit) + element("IsTruncated", page.end is not None)
    if delimiter:
        inner += element("Delimiter", key_text(delimiter.encode(), url))
    if url:
        inner += element("EncodingType", "url")
    if page.end is not None:
        inner += element("NextKeyMarker", key_text(page.end.key, url))
        inner += element("NextUploadIdMarker", page.end.detail)
    for key, upload_id, started in page.rows:
        line = element("Key", key_text(key, url)) + element("UploadId", upload_id)  # type: ignore[arg-type]
        line += f"<Initiator>{OWNER}</Initiator><Owner>{OWNER}</Owner>" + element("StorageClass", "STANDARD")
        inner += f"<Upload>{line}{element('Initiated', timestamp(started))}</Upload>"  # type: ignore[arg-type]
    inner += "".join(
        f"<CommonPrefixes>{element('Prefix', key_text(item, url))}</CommonPrefixes>" for item in page.prefixes
    )
    return xml_reply(document("ListMultipartUploadsResult", inner))
