"""A version that is too large to be copied at once is made the latest in parts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from .connections import Connection
from .copying import PARTS_AT_ONCE
from .facts import look, tags_of
from .in_parts import COPIED_PART, copied_part, plan, put_together
from .kept import check_copy, settings_of
from .objects import make_uri


def rebuild_version(
    connection: Connection, bucket: str, key: str, version_id: str, check: Callable[[], None] = lambda: None
) -> None:
    """Copy a version onto its key in parts, inside the service: headers, metadata, tags, class and encryption stay.

    `check` is called meanwhile, from several threads, and may raise to give up. ServiceError when the copy is not what
    the version is; else the errors of S3. Nothing of it is left after an error.
    """
    place, uri = (bucket, key), make_uri(bucket, key)
    facts = look(connection, bucket, key, version_id)
    settings = settings_of(facts, tags_of(connection, bucket, key, version_id), uri, same_service=True)
    if facts.encryption:
        settings["ServerSideEncryption"] = facts.encryption
    if facts.encryption_key:
        settings["SSEKMSKeyId"] = facts.encryption_key
    part, same_parts = plan(connection, *place, facts.etag, facts.size, COPIED_PART, version_id)
    make = copied_part(connection, place, facts.etag, place, version_id)
    with ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="s3-copy") as pool:
        watch = _Watched(check)
        put_together(pool, connection, place, facts.size, part, settings, lambda _: make, watch, only_if_absent=False)
    check_copy(uri, facts, look(connection, bucket, key), same_parts=same_parts)


class _Watched:
    """A watch that is told nothing and can stop."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check

    def check(self) -> None:
        self._check()

    def add(self, done: int = 0, items: int = 0, total: int = 0, items_total: int = 0) -> None:
        return None

    def note(self, text: str) -> None:
        return None

    def phase_is(self, phase: str) -> None:
        return None
