"""Operations on what belongs to an object besides its bytes: tags, ACL, attributes."""

from __future__ import annotations

from .archive import class_of
from .buckets import acl_document, asked_acl
from .drafts import check_tags
from .operations import Call, find_version, version_header
from .records import Version
from .replies import Reply, http_date, xml_reply
from .s3errors import S3Error
from .xml import document, element, parse, text_of


def _version(call: Call) -> Version:
    return find_version(call, version_id=call.request.parameter("versionId") or None)


async def get_tags(call: Call) -> Reply:
    """GetObjectTagging."""
    version = _version(call)
    lines = "".join(
        f"<Tag>{element('Key', name)}{element('Value', value)}</Tag>" for name, value in version.tags.items()
    )
    return xml_reply(document("Tagging", f"<TagSet>{lines}</TagSet>"), headers=version_header(call, version.version))


async def put_tags(call: Call) -> Reply:
    """PutObjectTagging."""
    version = _version(call)
    pairs = [(text_of(tag, "Key"), text_of(tag, "Value")) for tag in parse(call.document, "Tagging").iter("Tag")]
    call.store.set_tags(version, check_tags(pairs))
    return Reply(200, version_header(call, version.version))


async def delete_tags(call: Call) -> Reply:
    """DeleteObjectTagging."""
    version = _version(call)
    call.store.set_tags(version, {})
    return Reply(204, version_header(call, version.version))


async def get_acl(call: Call) -> Reply:
    """GetObjectAcl."""
    return xml_reply(acl_document(_version(call).acl))


async def put_acl(call: Call) -> Reply:
    """PutObjectAcl."""
    call.store.set_acl(_version(call), asked_acl(call))
    return Reply()


def _checksum(version: Version) -> str:
    if version.checksum is None:
        return ""
    algorithm, value, kind = version.checksum
    return f"<Checksum>{element(f'Checksum{algorithm}', value)}{element('ChecksumType', kind)}</Checksum>"


def _parts(call: Call, version: Version) -> str:
    pieces = call.store.pieces(version)
    if "-" not in version.etag:
        return ""
    limit = int(call.request.headers.get("x-amz-max-parts", "1000"))
    after = int(call.request.headers.get("x-amz-part-number-marker", "0"))
    rest = [piece for piece in pieces if piece.number > after]
    inner = element("PartsCount", len(pieces)) + element("PartNumberMarker", after) + element("MaxParts", limit)
    inner += element("NextPartNumberMarker", rest[:limit][-1].number if rest[:limit] else 0)
    inner += element("IsTruncated", len(rest) > limit)
    for piece in rest[:limit] if version.checksum is not None else []:
        line = element("PartNumber", piece.number) + element("Size", piece.size)
        line += element(f"Checksum{version.checksum.algorithm}", piece.checksum) if version.checksum else ""
        inner += f"<Part>{line}</Part>"
    return f"<ObjectParts>{inner}</ObjectParts>"


async def get_attributes(call: Call) -> Reply:
    """GetObjectAttributes."""
    version = _version(call)
    asked = {item.strip() for item in call.request.headers.get("x-amz-object-attributes", "").split(",")} - {""}
    known = {"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}
    if not asked or not asked <= known:
        raise S3Error("InvalidArgument", "x-amz-object-attributes names what is wanted: " + ", ".join(sorted(known)))
    inner = element("ETag", version.etag.strip('"')) if "ETag" in asked else ""
    inner += _checksum(version) if "Checksum" in asked else ""
    inner += _parts(call, version) if "ObjectParts" in asked else ""
    inner += element("StorageClass", class_of(version.headers)) if "StorageClass" in asked else ""
    inner += element("ObjectSize", version.size) if "ObjectSize" in asked else ""
    headers = {"Last-Modified": http_date(version.modified)} | version_header(call, version.version)
    return xml_reply(document("GetObjectAttributesResponse", inner), headers=headers)
