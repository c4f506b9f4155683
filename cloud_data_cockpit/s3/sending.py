"""Sends many items at once: small ones whole, large ones in parts, all from one pool of threads in bounded memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal, Protocol

from ..errors import Exists
from ..models import PartReceipt, UploadRequest
from . import uploads
from .connections import Connection
from .fetching import Download
from .finished import NotWhole, Sent
from .former import Former, look_for, was_put
from .items import Item, Renamed, key_beside
from .ledger import Begun, Ledger
from .objects import exists, make_uri
from .sequential import noted_start, send_stream
from .whole import MOST_BYTES, put_whole

WORKERS = 32
MOST_BESIDE = 1000
OnConflict = Literal["fail", "skip", "replace", "keep"]


class Teller(Protocol):
    """Who is told how far it has come; each call but `note` raises Cancelled when it is to stop."""

    def add(self, done: int = 0, items: int = 0, total: int = 0, items_total: int = 0) -> None: ...

    def check(self) -> None: ...

    def note(self, text: str) -> None: ...


class _Open:
    """An item on its way in parts."""

    def __init__(
        self, item: Item, request: UploadRequest, opened: uploads.OpenUpload, receipts: dict[int, PartReceipt]
    ) -> None:
        self.item = item
        self.request = request
        self.opened = opened
        self.receipts = receipts
        self.waiting = deque(number for number in range(1, opened.part_count + 1) if number not in receipts)

    def extent(self, number: int) -> tuple[int, int]:
        """Where part `number` begins, and its size."""
        start = (number - 1) * self.opened.part_size
        return start, min(self.opened.part_size, self.item.size - start)


class Sending:
    """A run over items. `on_conflict`, where a key exists: `fail` ends the run, `keep` takes a key beside it.

    At most `workers` requests are under way, each with a buffer of 1 MiB. `run` raises the first error of any item
    once the others have stopped; `tidy` then aborts what is half-way.
    """

    def __init__(
        self,
        connection: Connection,
        bucket: str,
        teller: Teller,
        ledger: Ledger,
        on_conflict: OnConflict = "fail",
        workers: int = WORKERS,
    ) -> None:
        self._connection = connection
        self._bucket = bucket
        self._teller = teller
        self._ledger = ledger
        self._on_conflict = on_conflict
        self._workers = workers
        self._changed = threading.Condition()
        self._items: Iterator[Item] = iter(())
        self._ready: deque[_Open] = deque()
        self._opening = 0
        self._error: BaseException | None = None
        self.sent: Sent | None = None
        """The object that was sent last."""

    def run(self, items: Iterator[Item]) -> None:
        """Send all of them. Conflict for a key that exists, and the errors of S3 and of reading."""
        self._items = items
        threads = [threading.Thread(target=self._work, name=f"cockpit-send-{n}") for n in range(self._workers)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException as error:  # such as a KeyboardInterrupt in a notebook
            self._fail(error)
            for thread in threads:
                thread.join()
            raise
        if self._error is not None:
            raise self._error

    def tidy(self) -> None:
        """Abort for certain what was begun and is not complete."""
        for upload in self._ledger.open_uploads():
            uploads.abort(self._connection, self._bucket, upload.key, upload.upload_id)
            self._ledger.end(upload.upload_id)

    def fetch(self, url: str, prefix: str) -> None:
        """Send what a URL leads to below `prefix`, as it comes."""
        download = Download(url, self._check)
        try:
            # Of what tells neither size nor date nobody knows whether it is the same.
            stamp = f"{download.size} {download.validator}" if download.validator else ""
            key = self._free(f"{prefix}{download.name}", stamp)
            self._teller.add(total=download.size or 0, items_total=1)
            if stamp and self._ledger.was_sent(key, stamp):
                self._teller.add(done=download.size or 0, items=1)
                return
            request = UploadRequest(
                connection=self._connection.ref.name,
                bucket=self._bucket,
                key=key,
                size=download.size or 0,
                content_type=download.content_type,
                overwrite=self._on_conflict == "replace",
            )
            self.sent = send_stream(
                self._connection,
                request,
                download.read,
                download.size,
                ledger=self._ledger,
                moved=self._moved,
                check=self._check,
            )
            self._ledger.sent(key, stamp)
            self._teller.add(items=1)
        except Exists:
            if self._on_conflict != "skip":
                raise
            self._teller.note(f"{download.name} was left out: {key} exists already")
            self._teller.add(items=1, total=-(download.size or 0))
        finally:
            download.close()

    # --- workers ---------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while (task := self._next()) is not None:
                task()
        except BaseException as error:  # noqa: BLE001 - `run` raises it in the caller's thread
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    def _next(self) -> Callable[[], None] | None:
        """What to do next: a part of an open upload before a new item; None when nothing is left or all is to stop."""
        with self._changed:
            while self._error is None:
                if self._ready:
                    upload = self._ready[0]
                    number = upload.waiting.popleft()
                    if not upload.waiting:
                        self._ready.popleft()
                    return lambda: self._send_part(upload, number)
                item = next(self._items, None)
                if item is not None:
                    self._opening += 1
                    return lambda: self._begin(item)
                if not self._opening:
                    return None
                self._changed.wait()
        return None

    def _begin(self, item: Item) -> None:
        try:
            self._check()
            upload = self._start(item)
            if upload is not None:
                with self._changed:
                    self._ready.append(upload)
        finally:
            with self._changed:
                self._opening -= 1
                self._changed.notify_all()

    def _moved(self, count: int) -> None:
        # A negative number is taken back before bytes are sent again: it must be told even when all is to stop.
        if count > 0:
            self._check()
        self._teller.add(done=count)

    def _check(self) -> None:
        self._teller.check()
        if self._error is not None:
            raise self._error

    # --- one item --------------------------------------------------------------------------

    def _free(self, key: str, stamp: str) -> str:
        """The key that bytes with this stamp go to: where both are kept, the first beside it that is free or theirs."""
        if self._on_conflict != "keep":
            return key
        for number in range(MOST_BESIDE):
            beside = key_beside(key, number)
            if stamp and (self._ledger.was_sent(beside, stamp) or self._ledger.begun(beside) is not None):
                return beside
            if not exists(self._connection, self._bucket, beside):
                return beside
        raise Exists(f"{make_uri(self._bucket, key)} exists already, and so do {MOST_BESIDE} beside it; clear them up")

    def _start(self, item: Item) -> _Open | None:
        """Send a small item, or open a large one; None when nothing is left to do for it."""
        key = self._free(item.key, item.stamp)
        if key != item.key:
            self._teller.note(f"{item.key} exists already, so {item.name} is {key}")
            item = Renamed(item, key)
        if self._ledger.was_sent(item.key, item.stamp):
            self._teller.add(done=item.size, items=1)
            return None
        try:
            if item.size <= MOST_BYTES:
                self._send_whole(item)
                return None
            former = look_for(self._connection, self._bucket, item, self._ledger)
            return self._opened(item) if former is None else self._resumed(item, former)
        except Exists:
            if self._ledger.again and was_put(self._connection, self._bucket, item, self._check):
                self._found(item)
                return None
            if self._on_conflict != "skip":
                raise
            self._teller.note(f"{item.name} was left out: {item.key} exists already")
            self._teller.add(total=-item.size, items=1)
            return None

    def _send_whole(self, item: Item) -> None:
        with item.open() as body:
            sent = put_whole(
                self._connection,
                self._bucket,
                item.key,
                body,
                overwrite=self._on_conflict == "replace",
                moved=self._moved,
                check_open=self._check,
            )
        self._done(item, sent)

    def _request(self, item: Item) -> UploadRequest:
        return UploadRequest(
            connection=self._connection.ref.name,
            bucket=self._bucket,
            key=item.key,
            size=item.size,
            overwrite=self._on_conflict == "replace",
        )

    def _opened(self, item: Item) -> _Open:
        request = self._request(item)
        opened = noted_start(self._connection, request, self._ledger)
        self._ledger.begin(Begun(item.key, item.stamp, opened.upload_id, opened.part_size))
        return _Open(item, request, opened, {})

    def _resumed(self, item: Item, former: Former) -> _Open | None:
        if former.complete:
            self._found(item, former.upload_id)
            return None
        count = max(1, -(-item.size // former.part_size))
        opened = uploads.OpenUpload(former.upload_id, former.part_size, count)
        upload = _Open(item, self._request(item), opened, former.receipts)
        self._teller.add(done=sum(part.size for part in former.receipts.values()))
        if not upload.waiting:
            self._complete(upload)
            return None
        return upload

    def _found(self, item: Item, upload_id: str | None = None) -> None:
        """It is there already, by a former run."""
        self._teller.add(done=item.size)
        self._done(item, Sent(make_uri(self._bucket, item.key), item.size, ""), upload_id)

    def _send_part(self, upload: _Open, number: int) -> None:
        start, size = upload.extent(number)
        key, upload_id = upload.item.key, upload.opened.upload_id
        with upload.item.open() as body:
            body.seek(start)
            receipt = uploads.put_part(
                self._connection, self._bucket, key, upload_id, number, body, size, moved=self._moved
            )
        self._ledger.part(upload_id, receipt)
        with self._changed:
            upload.receipts[number] = receipt
            last = len(upload.receipts) == upload.opened.part_count
        if last:
            self._complete(upload)

    def _complete(self, upload: _Open) -> None:
        upload.item.check_unchanged()
        parts = [upload.receipts[number] for number in sorted(upload.receipts)]
        try:
            sent = uploads.complete(self._connection, upload.request, upload.opened.upload_id, parts)
        except Exists:
            if self._on_conflict != "skip":
                raise
            uploads.abort(self._connection, self._bucket, upload.item.key, upload.opened.upload_id)
            self._ledger.end(upload.opened.upload_id)
            self._teller.note(f"{upload.item.name} was left out: {upload.item.key} exists already")
            self._teller.add(items=1)
            return
        except NotWhole:
            self._ledger.end(upload.opened.upload_id)
            raise
        self._done(upload.item, sent, upload.opened.upload_id)

    def _done(self, item: Item, sent: Sent, upload_id: str | None = None) -> None:
        # In this order: what is noted as sent is never sent again, and an upload that is noted as open is looked for.
        self._ledger.sent(item.key, item.stamp)
        if upload_id is not None:
            self._ledger.end(upload_id)
        self.sent = sent
        self._teller.add(items=1)
