"""What a copy keeps of its original, and whether a copy is what its original is."""

from __future__ import annotations

from ..errors import BadRequest, ServiceError
from .copies import tagging
from .facts import STANDARD, Facts, is_md5

# Names of storage classes and redirects of a bucket's website mean something within one service only.
_LOCAL = "WebsiteRedirectLocation"


def settings_of(facts: Facts, tags: dict[str, str], uri: str, *, same_service: bool) -> dict[str, object]:
    """The parameters by which a new object has what `facts` and `tags` tell of `uri`.

    BadRequest when it has metadata that HTTP cannot show: they would be lost. To another service neither storage class
    nor the redirect of a website is taken along.
    """
    if facts.unreadable:
        raise BadRequest(
            f"{uri} has {facts.unreadable} metadata that cannot be read and would be lost; copy it by the tool that "
            "wrote them"
        )
    settings: dict[str, object] = {
        name: value for name, value in facts.headers.items() if same_service or name != _LOCAL
    }
    if facts.metadata:
        settings["Metadata"] = dict(facts.metadata)
    if tags:
        settings["Tagging"] = tagging(tags)
    if same_service and facts.storage_class != STANDARD:
        settings["StorageClass"] = facts.storage_class
    return settings


def encryption_of(facts: Facts) -> dict[str, object]:
    """The parameters by which a new object is encrypted as `facts` tell."""
    given = {"ServerSideEncryption": facts.encryption, "SSEKMSKeyId": facts.encryption_key}
    return {name: value for name, value in given.items() if value}


def is_the_same(source: Facts, target: Facts, *, same_service: bool) -> bool:
    """Whether `target` has the bytes of `source` for certain, and says the same of itself."""
    if source.size != target.size or source.metadata != target.metadata:
        return False
    ours = {name: value for name, value in source.headers.items() if name != _LOCAL}
    theirs = {name: value for name, value in target.headers.items() if name != _LOCAL}
    if ours != theirs or (same_service and source.storage_class != target.storage_class):
        return False
    etags = source.etag == target.etag and not source.own_key and not target.own_key
    return etags or _same_checksum(source, target) is True


def check_copy(uri: str, source: Facts, target: Facts, *, same_parts: bool) -> None:
    """ServiceError unless `target`, at `uri`, has the size of `source`, and its ETag and checksums where comparable.

    ETags are: MD5s of both; or of both made of parts, if these are the same (`same_parts`).
    """
    if target.size != source.size:
        raise ServiceError(f"{uri} has {target.size} bytes after the copy of {source.size}; copy it again")
    comparable = same_parts or (is_md5(source.etag) and is_md5(target.etag))
    if comparable and not source.own_key and not target.own_key and source.etag != target.etag:
        raise ServiceError(f"{uri} has another ETag ({target.etag}) than its original ({source.etag}); copy it again")
    if _same_checksum(source, target) is False:
        raise ServiceError(f"{uri} has another checksum than its original; copy it again")


def _same_checksum(source: Facts, target: Facts) -> bool | None:
    """Whether checksums of all bytes agree; None when the two have none in common."""
    if "COMPOSITE" in (source.checksum_type, target.checksum_type):
        return None
    common = [name for name in source.checksums if name in target.checksums]
    shown = [name for name in common if "-" not in source.checksums[name] + target.checksums[name]]
    return all(source.checksums[name] == target.checksums[name] for name in shown) if shown else None
