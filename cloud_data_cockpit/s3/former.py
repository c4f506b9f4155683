"""What a run that ended before its time has left of an item: parts in S3, or the object itself, not noted as sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import NotFound
from ..models import PartReceipt
from . import uploads
from .connections import Connection
from .finished import is_whole
from .items import Item
from .ledger import Begun, Ledger
from .objects import head
from .parts import Part
from .whole import MOST_BYTES


@dataclass(frozen=True)
class Former:
    """An upload that goes on: with the parts that S3 has, by number; `complete` when S3 has made the object of them."""

    upload_id: str
    part_size: int
    receipts: dict[int, PartReceipt] = field(default_factory=dict)
    complete: bool = False


def look_for(connection: Connection, bucket: str, item: Item, ledger: Ledger) -> Former | None:
    """The upload that a former run has begun for these bytes; one of other bytes is aborted."""
    begun = ledger.begun(item.key)
    if begun is None:
        return None
    if begun.stamp != item.stamp:
        uploads.abort(connection, bucket, item.key, begun.upload_id)
        ledger.end(begun.upload_id)
        return None
    known = ledger.parts(begun.upload_id)
    try:
        held = uploads.list_parts(connection, bucket, item.key, begun.upload_id)
    except NotFound:
        if _was_completed(connection, bucket, item, known):
            return Former(begun.upload_id, begun.part_size, complete=True)
        ledger.end(begun.upload_id)
        return None
    return Former(begun.upload_id, begun.part_size, _usable(item, begun, held, known))


def was_put(connection: Connection, bucket: str, item: Item, check: Callable[[], None]) -> bool:
    """Whether the object is there already with the bytes of a small item."""
    if item.size > MOST_BYTES:
        return False
    found = head(connection, bucket, item.key)
    with item.open() as body:
        return found.size == item.size and found.etag == Part(body, None, check).md5()


def _usable(item: Item, begun: Begun, held: list[PartReceipt], known: list[PartReceipt]) -> dict[int, PartReceipt]:
    computed = {(part.part_number, part.etag): part.crc32 for part in known}
    found = {}
    for part in held:
        crc32 = computed.get((part.part_number, part.etag)) or part.crc32
        size = min(begun.part_size, item.size - (part.part_number - 1) * begun.part_size)
        # A part whose CRC32 nobody knows is sent again: without it, that of the whole could not be compared.
        if crc32 is not None and part.size == size:
            found[part.part_number] = part.model_copy(update={"crc32": crc32})
    return found


def _was_completed(connection: Connection, bucket: str, item: Item, parts: list[PartReceipt]) -> bool:
    try:
        found = head(connection, bucket, item.key)
    except NotFound:
        return False
    return bool(parts) and is_whole(found, item.size, sorted(parts, key=lambda part: part.part_number))
