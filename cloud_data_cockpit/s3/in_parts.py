"""Large copies: an object is put together from parts that are copied inside the service, or streamed through."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import BinaryIO, cast

from ..errors import AccessDenied, Cancelled, CockpitError, Conflict, CredentialsError, NotFound, ServiceError
from ..models import PartReceipt
from ..source import LARGEST_READ
from . import multipart, uploads
from .batches import LOOK, Halting, Watch
from .connections import Connection
from .copies import Settings, begin, copy_part
from .facts import look, part_size, parts_in
from .faults import NotOffered
from .finished import joined_crc32, joined_etag
from .ledger import Begun, Ledger, MemoryLedger
from .objects import make_uri
from .opening import NotOpened
from .proving import Proof
from .signing import backoff
from .source import PART, S3Source

COPIED_PART = 128 << 20
ABORT_ROUNDS = 8
"""Tries of an abort, each with tries of its own: some 45 s in all."""
_SMALLEST, _LARGEST = 5 << 20, 5 << 30
_MIB = 1 << 20
MakePart = Callable[[str, int, tuple[int, int]], PartReceipt]
"""Makes part `number` of the upload from `span` (offset, length) of the source."""


def plan(
    connection: Connection,
    bucket: str,
    key: str,
    etag: str,
    size: int,
    preferred: int,
    version_id: str | None = None,
) -> tuple[int, bool]:
    """The size of the parts, and whether they are those that the source was made of: then both have the same ETag."""
    count = parts_in(etag)
    if count is not None:
        first = part_size(connection, bucket, key, etag, version_id)
        if first is not None and _SMALLEST <= first <= _LARGEST and -(-size // first) == count:
            return first, True
    least = -(-size // uploads.MOST_PARTS)
    return max(preferred, -(-least // _MIB) * _MIB), False


def copied_part(
    connection: Connection, source: tuple[str, str], etag: str, target: tuple[str, str], version_id: str | None = None
) -> MakePart:
    """Parts that the service copies itself, of an object or of one version of it."""

    def make(upload_id: str, number: int, span: tuple[int, int]) -> PartReceipt:
        return copy_part(connection, source, etag, target, upload_id, number, span, version_id)

    return make


def streamed_part(
    source: S3Source, connection: Connection, target: tuple[str, str], proof: Proof, watch: Watch
) -> MakePart:
    """Parts that are read from one service and sent to the other: in memory up to 16 MiB, larger ones on disk."""

    def moved(count: int) -> None:
        if count > 0:
            watch.check()

    def make(upload_id: str, number: int, span: tuple[int, int]) -> PartReceipt:
        bucket, key = target
        if span[1] <= LARGEST_READ:
            data = source.read(*span)
            proof.feed(span[0], data, watch.check)
            return uploads.put_part(connection, bucket, key, upload_id, number, data, moved=moved)
        with tempfile.TemporaryFile() as file:
            for offset in range(span[0], sum(span), PART):
                watch.check()
                block = source.read(offset, min(PART, sum(span) - offset))
                proof.feed(offset, block, watch.check)
                file.write(block)
            file.seek(0)
            body = cast("BinaryIO", file)
            return uploads.put_part(connection, bucket, key, upload_id, number, body, moved=moved)

    return make


def put_together(
    pool: ThreadPoolExecutor,
    connection: Connection,
    target: tuple[str, str],
    size: int,
    part: int,
    settings: Settings,
    make: Callable[[Watch], MakePart],
    watch: Watch,
    *,
    only_if_absent: bool,
    prove: Callable[[list[PartReceipt]], None] = lambda parts: None,
    ledger: Ledger | None = None,
) -> str:
    """Make `target` (bucket, key) of parts of `part` bytes; its ETag. Parts run in `pool`, bytes are told to `watch`.

    `prove` is given the parts, in their order, before they become the object, and may raise.
    Whatever goes wrong, a cancel included: the parts that run come to their end and the upload is aborted, so nothing
    of it is left. The upload stands in `ledger` while it is open, so that it can be aborted after a crash. Conflict
    when the key exists and must not.
    """
    bucket, key = target
    ledger = ledger or MemoryLedger()
    upload_id = _begun(connection, target, settings, ledger)
    halting = Halting(watch)
    done = 0
    running: set[Future[PartReceipt]] = set()
    try:
        work = make(halting)
        spans = [(offset, min(part, size - offset)) for offset in range(0, size, part)]
        running = {pool.submit(_part, work, upload_id, number, span, halting) for number, span in enumerate(spans, 1)}
        receipts: list[PartReceipt] = []
        while running:
            over, running = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED)
            for future in over:
                receipts.append(future.result())
                done += receipts[-1].size
                watch.add(done=receipts[-1].size)
            watch.check()
        receipts.sort(key=lambda receipt: receipt.part_number)
        prove(receipts)
        etag = _complete(connection, bucket, key, upload_id, receipts, only_if_absent=only_if_absent)
    except BaseException:
        halting.halt()
        for future in running:
            future.cancel()
        wait(running)
        with suppress(Cancelled):
            watch.add(done=-done)
        if _abort(connection, bucket, key, upload_id, watch):
            ledger.end(upload_id)
        raise
    ledger.end(upload_id)
    return etag


def _begun(connection: Connection, target: tuple[str, str], settings: Settings, ledger: Ledger) -> str:
    try:
        upload_id = begin(connection, target, settings)
    except NotOpened as error:
        ledger.begin(Begun(target[1], "", error.upload_id, 0))
        raise
    ledger.begin(Begun(target[1], "", upload_id, 0))
    return upload_id


def _part(make: MakePart, upload_id: str, number: int, span: tuple[int, int], watch: Watch) -> PartReceipt:
    watch.check()
    return make(upload_id, number, span)


def _complete(
    connection: Connection, bucket: str, key: str, upload_id: str, sent: list[PartReceipt], *, only_if_absent: bool
) -> str:
    held = multipart.held_parts(connection, bucket, key, upload_id)
    sizes = {receipt.part_number: (receipt.size, receipt.etag) for receipt in sent}
    if {receipt.part_number: (receipt.size, receipt.etag) for receipt in held.parts} != sizes:
        raise ServiceError(f"the service does not hold the parts of {make_uri(bucket, key)} that it took; try again")
    crc32 = joined_crc32(sent) if held.whole else None

    def complete(condition: bool) -> str:
        return multipart.complete(connection, bucket, key, upload_id, held, only_if_absent=condition, crc32=crc32)

    try:
        try:
            return complete(only_if_absent)
        except NotOffered:
            if not only_if_absent:
                raise
            return complete(False)  # no conditional writes here; that the key is free was seen just before
    except (NotFound, Conflict):
        # An attempt whose reply was lost may have completed it.
        expected = joined_etag(sent)
        with suppress(CockpitError):
            if expected is not None and look(connection, bucket, key).etag == expected:
                return expected
        raise


def _abort(connection: Connection, bucket: str, key: str, upload_id: str, watch: Watch) -> bool:
    """Abort; a service that fails for a while is asked again. What could not be aborted is told, and False."""
    for round_ in range(1, ABORT_ROUNDS + 1):
        try:
            uploads.abort(connection, bucket, key, upload_id)
            return True
        except CockpitError as error:
            if round_ == ABORT_ROUNDS or isinstance(error, (AccessDenied, CredentialsError)):
                watch.note(f"parts of {make_uri(bucket, key)} are left: abort that unfinished upload ({error.message})")
                break
            time.sleep(backoff(round_))
    return False
