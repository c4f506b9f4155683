"""Storage classes: those that are read at once, and archives, whose objects must be restored before."""

from __future__ import annotations

import time

from .operations import Call, find_version
from .records import Version
from .replies import Reply, http_date
from .s3errors import S3Error
from .xml import parse, text_of

HEADER = "x-amz-storage-class"
STANDARD = "STANDARD"
ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
CLASSES = (
    STANDARD,
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
    *ARCHIVES,
)
_TIERS = ("Standard", "Bulk", "Expedited")
_DAY = 86_400.0


def check_class(name: str) -> str:
    """`name`, unless there is no such storage class. Raises InvalidStorageClass."""
    if name not in CLASSES:
        raise S3Error("InvalidStorageClass", StorageClassRequested=name)
    return name


def class_of(headers: dict[str, str]) -> str:
    """The storage class that the kept headers of a version tell."""
    return headers.get(HEADER, STANDARD)


def class_in(headers: str) -> str:
    """The same of headers as the store has them in JSON, which a listing need not parse for each row."""
    mark = f'"{HEADER}": "'
    at = headers.find(mark)
    return STANDARD if at < 0 else headers[at + len(mark) :].partition('"')[0]


def restore_header(call: Call, version: Version) -> dict[str, str]:
    """x-amz-restore, where a restore was asked for and has not run out."""
    restore = call.store.restore(version)
    if restore is None or restore.until <= call.now:
        return {}
    if restore.ready > call.now:
        return {"x-amz-restore": 'ongoing-request="true"'}
    return {"x-amz-restore": f'ongoing-request="false", expiry-date="{http_date(restore.until)}"'}


def check_readable(call: Call, version: Version) -> None:
    """Raises InvalidObjectState for an archived object that has not been restored."""
    if class_of(version.headers) not in ARCHIVES:
        return
    restore = call.store.restore(version)
    if restore is None or not restore.ready <= call.now < restore.until:
        raise S3Error("InvalidObjectState", StorageClass=class_of(version.headers))


async def restore_object(call: Call) -> Reply:
    """RestoreObject: the object can be read after the service's restore time, for so many days."""
    version = find_version(call, version_id=call.request.parameter("versionId") or None)
    tree = parse(call.document, "RestoreRequest")
    days = text_of(tree, "Days")
    tier = tree.findtext("GlacierJobParameters/Tier") or text_of(tree, "Tier", "Standard")
    if not days.isascii() or not days.isdigit() or int(days) < 1 or tier not in _TIERS:
        raise S3Error("MalformedXML", "A restore has Days of 1 or more, and a Tier of Standard, Bulk or Expedited.")
    if class_of(version.headers) not in ARCHIVES:
        raise S3Error("InvalidObjectState", "Restore is not allowed for the object's current storage class.")
    before = call.store.restore(version)
    if before is not None and before.ready > call.now:
        raise S3Error("RestoreAlreadyInProgress")
    restored = before is not None and before.until > call.now
    ready = before.ready if before is not None and restored else time.time() + call.store.restore_seconds
    call.store.set_restore(version, ready, ready + int(days) * _DAY)
    return Reply(200 if restored else 202)
