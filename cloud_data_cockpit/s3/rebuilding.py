"""A version that is too large to be copied at once is made the latest in parts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from .batches import Watch
from .connections import Connection
from .copies import Settings
from .copying import PARTS_AT_ONCE
from .facts import Facts, look, tags_of
from .in_parts import COPIED_PART, copied_part, plan, put_together
from .kept import check_copy, encryption_of, settings_of
from .ledger import Ledger
from .objects import make_uri


def rebuild_version(
    connection: Connection, bucket: str, key: str, version_id: str, watch: Watch, ledger: Ledger | None = None
) -> None:
    """Copy a version onto its key in parts, inside the service: headers, metadata, tags, class and encryption stay.

    `watch` is told of bytes, and may raise to give up; the upload stands in `ledger` while it is open. ServiceError
    when the copy is not what the version is; else the errors of S3. Nothing of it is left after an error.
    """
    place, uri = (bucket, key), make_uri(bucket, key)
    facts = look(connection, bucket, key, version_id)
    settings = settings_of(facts, tags_of(connection, bucket, key, version_id), uri, same_service=True)
    settings |= encryption_of(facts)
    same_parts = copy_onto_itself(connection, place, facts, settings, COPIED_PART, watch, ledger, version_id)
    check_copy(uri, facts, look(connection, bucket, key), same_parts=same_parts)


def copy_onto_itself(
    connection: Connection,
    place: tuple[str, str],
    facts: Facts,
    settings: Settings,
    most: int,
    watch: Watch,
    ledger: Ledger | None,
    version_id: str | None = None,
) -> bool:
    """Copy an object, or a version of it, onto its key in parts; whether they are those it is made of."""
    part, same_parts = plan(connection, *place, facts.etag, facts.size, most, version_id)
    make = copied_part(connection, place, facts.etag, place, version_id)
    with ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="s3-copy") as pool:
        put_together(
            pool,
            connection,
            place,
            facts.size,
            part,
            settings,
            lambda _: make,
            watch,
            only_if_absent=False,
            ledger=ledger,
        )
    return same_parts
