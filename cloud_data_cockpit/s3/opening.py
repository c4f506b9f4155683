"""Opening a multipart upload so that none is lost: when its reply does not come, what was opened is found and aborted.

Nothing in S3 tells whose an open upload is. What counts as ours has the very key, was begun between our first attempt
and the last (by the service's own clock), holds no parts, and is none that this process knows of.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from ..errors import CockpitError, NotFound, ServiceError
from . import multipart
from .connections import Connection
from .http import Reply
from .objects import make_uri
from .signing import SignedRequest, send

log = logging.getLogger(__name__)

Lost = Callable[[], None]
"""Told of each attempt that may have opened an upload although its reply did not come."""
_MARK = "?lost "
_SLACK = timedelta(seconds=3)
"""Services tell whole seconds, and their clocks go on between the request and its note."""
_ours: deque[str] = deque(maxlen=10_000)
_turns: dict[tuple[str, str], tuple[threading.Lock, list[None]]] = {}
_lock = threading.Lock()


class NotOpened(ServiceError):
    """No upload was opened as far as is known, yet one may be open. `upload_id` is what `abort` finds it by later."""

    def __init__(self, message: str, upload_id: str) -> None:
        super().__init__(message)
        self.upload_id = upload_id

    def __reduce__(self) -> tuple[type[NotOpened], tuple[str, str]]:
        return NotOpened, (self.message, self.upload_id)


def opened(connection: Connection, bucket: str, key: str, ask: Callable[[Lost], str]) -> str:
    """The id of the upload that `ask` opens. Uploads that were opened besides, by attempts whose replies were lost,
    are aborted.

    NotOpened when there may be some and the service does not answer; else the errors of `ask`.
    """
    lost: list[None] = []
    with _alone(connection.ref.endpoint_url or "", make_uri(bucket, key)):
        begun = time.time()
        try:
            upload_id = ask(lambda: lost.append(None))
        except CockpitError as error:
            if not lost:
                raise
            trace = f"{_MARK}{begun:.3f} {time.time():.3f}"
            try:
                abort_lost(connection, bucket, key, trace)
            except CockpitError:
                raise NotOpened(error.message, trace) from None
            raise
        _ours.append(upload_id)
        if lost:
            try:
                abort_lost(connection, bucket, key, f"{_MARK}{begun:.3f} {time.time():.3f}")
            except CockpitError as error:
                log.warning("an upload to %s may be left open, without parts: %s", make_uri(bucket, key), error)
        return upload_id


def is_lost(upload_id: str) -> bool:
    """Whether it is the id of a NotOpened, and none of the service's."""
    return upload_id.startswith(_MARK)


def abort_lost(connection: Connection, bucket: str, key: str, trace: str) -> None:
    """Abort what `trace`, the id of a NotOpened, stands for. The errors of S3 when the service does not answer."""
    first, last = (datetime.fromtimestamp(float(told), UTC) for told in trace.removeprefix(_MARK).split(" "))
    for upload_id, initiated, ahead in _open_of(connection, bucket, key):
        if upload_id in _ours or not first - _SLACK <= initiated - ahead <= last + _SLACK:
            continue
        try:
            if not multipart.held_parts(connection, bucket, key, upload_id, pages=1).parts:
                multipart.abort(connection, bucket, key, upload_id)
        except NotFound:
            continue


def _open_of(connection: Connection, bucket: str, key: str) -> Iterator[tuple[str, datetime, timedelta]]:
    """Open uploads of a key: id, when begun, and how far the service's clock is ahead of ours."""
    params: dict[str, object] = {"Bucket": bucket, "EncodingType": "url", "Prefix": key}

    def page(reply: Reply) -> tuple[multipart.UploadsPage, timedelta]:
        now = datetime.now(UTC)
        told = reply.headers.get("Date")
        ahead = parsedate_to_datetime(told).replace(tzinfo=UTC) - now if told else timedelta()
        return multipart.read_uploads(reply), ahead

    while True:
        found, ahead = send(SignedRequest(connection, "list_multipart_uploads", params), page)
        for listed, upload_id, initiated in found.uploads:
            if listed == key and initiated is not None:
                yield upload_id, initiated, ahead
        if found.next is None:
            return
        params.update(found.next)


@contextmanager
def _alone(service: str, uri: str) -> Iterator[None]:
    """One opening of a key at a time in this process: who looks for lost ones must not find one under way."""
    place = (service, uri)
    with _lock:
        gate, waiting = _turns.setdefault(place, (threading.Lock(), []))
        waiting.append(None)
    try:
        with gate:
            yield
    finally:
        with _lock:
            waiting.pop()
            if not waiting:
                _turns.pop(place, None)
