"""Sends bytes that come in order and cannot be read twice, such as those of a URL, in parts and in bounded memory."""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import BinaryIO, cast

from ..models import PartReceipt, UploadRequest
from . import uploads
from .connections import Connection
from .finished import Sent
from .ledger import Begun, Ledger
from .opening import NotOpened
from .parts import Moved
from .whole import MOST_BYTES, put_whole

AT_ONCE = 4
MEMORY = 16 << 20
"""Bytes of a part that are held in memory; a larger one is written to disk."""
_BLOCK = 256 << 10
_GROWS = 1000

Read = Callable[[int], bytes]


def part_size(number: int, size: int | None) -> int:
    """Bytes of part `number`. Of bytes whose number is not known, parts double every 1,000: 10,000 hold 8 TiB."""
    if size is not None:
        return uploads.part_plan(size)[0]
    return min(uploads.SMALLEST_PART << ((number - 1) // _GROWS), uploads.LARGEST_PART)


def noted_start(connection: Connection, request: UploadRequest, ledger: Ledger) -> uploads.OpenUpload:
    """`uploads.start`; of what it may have left open the ledger has a note, by which it is aborted later."""
    try:
        return uploads.start(connection, request)
    except NotOpened as error:
        ledger.begin(Begun(request.key, "", error.upload_id, 0))
        raise


def send_stream(
    connection: Connection,
    request: UploadRequest,
    read: Read,
    size: int | None,
    *,
    ledger: Ledger,
    moved: Moved,
    check: Callable[[], None],
) -> Sent:
    """Send what `read` gives to the key of `request`; `size` in bytes where it is known. `request.size` is not used.

    `check` is called between blocks and may raise to stop. After an error the upload is still in the ledger.
    """
    first = _filled(read, MOST_BYTES if size is None or size > MOST_BYTES else size + 1, check)
    held = first.seek(0, 2)
    first.seek(0)
    if held < MOST_BYTES or size == held:
        return put_whole(
            connection,
            request.bucket,
            request.key,
            first,
            content_type=request.content_type,
            overwrite=request.overwrite,
            moved=moved,
            check_open=check,
        )
    return _Parts(connection, request, ledger, moved, check).send(first, read, size)


class _Parts:
    def __init__(
        self, connection: Connection, request: UploadRequest, ledger: Ledger, moved: Moved, check: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._request = request
        self._ledger = ledger
        self._moved = moved
        self._check = check
        self._room = threading.Semaphore(AT_ONCE)

    def send(self, first: BinaryIO, read: Read, size: int | None) -> Sent:
        request = self._request.model_copy(update={"size": size or MOST_BYTES + 1})
        opened = noted_start(self._connection, request, self._ledger)
        self._ledger.begin(Begun(request.key, "", opened.upload_id, opened.part_size))
        sending: list[Future[PartReceipt]] = []
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="cockpit-stream") as pool:
            for number, body in enumerate(_bodies(first, read, size, self._check), 1):
                with ExitStack() as unsent:
                    unsent.enter_context(body)
                    self._wait(sending)
                    unsent.pop_all()
                sending.append(pool.submit(self._put, opened.upload_id, number, body))
            receipts = [each.result() for each in sending]
        whole = request.model_copy(update={"size": sum(receipt.size for receipt in receipts)})
        sent = uploads.complete(self._connection, whole, opened.upload_id, receipts)
        self._ledger.end(opened.upload_id)
        return sent

    def _wait(self, sending: list[Future[PartReceipt]]) -> None:
        """Until there is room for one more part; an error of one that was sent is raised here."""
        while not self._room.acquire(timeout=0.3):
            self._check()
        for each in sending[-2 * AT_ONCE :]:
            if each.done():
                each.result()

    def _put(self, upload_id: str, number: int, body: BinaryIO) -> PartReceipt:
        request = self._request
        try:
            with body:
                receipt = uploads.put_part(
                    self._connection, request.bucket, request.key, upload_id, number, body, moved=self._moved
                )
            self._ledger.part(upload_id, receipt)
            return receipt
        finally:
            self._room.release()


def _bodies(first: BinaryIO, read: Read, size: int | None, check: Callable[[], None]) -> Iterator[BinaryIO]:
    """The bodies of the parts one after another, the first of which begins with `first`; who takes one closes it."""
    begins: BinaryIO | None = first
    for number in range(1, uploads.MOST_PARTS + 1):
        wanted = part_size(number, size)
        body = _filled(read, wanted, check, begins)
        held, begins = body.seek(0, 2), None
        if not held:
            body.close()
            return
        body.seek(0)
        yield body
        if held < wanted:
            return


def _filled(read: Read, size: int, check: Callable[[], None], first: BinaryIO | None = None) -> BinaryIO:
    with ExitStack() as stack:
        in_memory = size <= MEMORY
        body: BinaryIO = io.BytesIO() if in_memory else cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115
        stack.enter_context(body)
        if first is not None:
            while block := first.read(_BLOCK):
                body.write(block)
            first.close()
        while (missing := size - body.tell()) > 0:
            check()
            block = read(min(_BLOCK, missing))
            body.write(block)
            if len(block) < min(_BLOCK, missing):
                break
        stack.pop_all()
    return body
