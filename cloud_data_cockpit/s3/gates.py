"""Which uploads take parts in this process: an abort shuts the gate of its upload and waits for the parts inside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import Cancelled, ServiceError

UploadId = tuple[str, str, str]
"""Bucket, key, upload id; the id is the service's and unique by itself."""

_changed = threading.Condition()
_inside: dict[UploadId, int] = {}
_shut: dict[UploadId, int] = {}


@contextmanager
def gate_of(upload: UploadId) -> Iterator[Callable[[], None]]:
    """Go in with a part; gives a function that raises Cancelled as soon as the upload is being aborted."""

    def check_open() -> None:
        if upload in _shut:
            raise Cancelled(f"the upload to s3://{upload[0]}/{upload[1]} was cancelled")

    with _changed:
        check_open()
        _inside[upload] = _inside.get(upload, 0) + 1
    try:
        yield check_open
    finally:
        with _changed:
            _leave(_inside, upload)
            _changed.notify_all()


@contextmanager
def shut_gate(upload: UploadId, seconds: float) -> Iterator[None]:
    """Let no part in, and hold on until those inside are over. ServiceError when that takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    with _changed:
        _shut[upload] = _shut.get(upload, 0) + 1
    try:
        with _changed:
            if not _changed.wait_for(lambda: upload not in _inside, deadline - time.monotonic()):
                raise ServiceError(f"a part of s3://{upload[0]}/{upload[1]} is still on its way; abort it again")
        yield
    finally:
        with _changed:
            _leave(_shut, upload)


def _leave(counts: dict[UploadId, int], upload: UploadId) -> None:
    counts[upload] -= 1
    if not counts[upload]:
        del counts[upload]
