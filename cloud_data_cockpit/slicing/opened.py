"""Sources that this process has open, a few of them, so that the slices of one object share its connections."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import AccessDenied, CredentialsError
from ..models import ConnectionRef
from ..source import Source
from .open import open_source, resolved

_MOST = 16
_Key = tuple[int, str, str, int, int]

_open: OrderedDict[_Key, Source] = OrderedDict()
_held: dict[tuple[str, str], list[Source]] = {}
_lock = threading.Lock()


def opened_source(uri: str, connection: ConnectionRef | None, etag: str, size: int) -> Source:
    """The source of this version of `uri`, opened at most once while it is among the last used."""
    with _lock:
        given = _held.get((uri, etag))
        if given:
            return given[-1]
    reached = resolved(uri, connection)
    # A forked process must not talk over its parent's sockets, so the process is part of the key; and who connects
    # anew under the same name gets another connection. The source that is kept keeps its connection, and so its id.
    key = (os.getpid(), uri, etag, size, id(reached))
    with _lock:
        if key in _open:
            _open.move_to_end(key)
            return _open[key]
    source = open_source(uri, reached, etag, size)
    with _lock:
        source = _open.setdefault(key, source)
        while len(_open) > _MOST:
            _open.popitem(last=False)
    return source


@contextmanager
def held(source: Source) -> Iterator[None]:
    """Within the block, slices of this source's URI and ETag are read through it, in this process.

    Blocks of several threads may end in any order; the one that began last counts.
    """
    key = (source.uri, source.etag)
    with _lock:
        _held.setdefault(key, []).append(source)
    try:
        yield
    finally:
        with _lock:
            sources = _held[key]
            del sources[next(at for at, each in enumerate(sources) if each is source)]
            if not sources:
                del _held[key]


@contextmanager
def forget_when_refused() -> Iterator[None]:
    """Close what is open when the service refuses, so that the next read resolves its credentials anew."""
    try:
        yield
    except (CredentialsError, AccessDenied):
        with _lock:
            _open.clear()
        raise
