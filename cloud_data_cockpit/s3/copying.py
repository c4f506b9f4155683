"""Copying one object: inside the service, or streamed from one to another; never onto what must stay; verified."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from ..errors import AccessDenied, Archived, Conflict, NotFound, SourceChanged
from ..models import ObjectEntry, OnConflict, PartReceipt
from .batches import Watch
from .connections import Connection
from .copies import copy_object, put_small
from .facts import STANDARD, Facts, look, tags_of
from .faults import NotOffered
from .in_parts import COPIED_PART, copied_part, plan, put_together, streamed_part
from .kept import check_copy, is_the_same, settings_of
from .ledger import Ledger
from .objects import check_key, make_uri
from .proving import Proof, damaged, is_proven
from .source import S3Source
from .uploads import SMALLEST_PART

WHOLE = 512 << 20
"""Larger objects are copied in parts, several at once; S3 itself demands it above 5 GiB."""
LARGEST_WHOLE = 5 << 30
PARTS_AT_ONCE = 8
_READINGS = 3
_NO_PROOF = "the copies may not be looked at with this connection, so nothing but the service's word proves them"
_NO_TAGS = "tags could not be read at the source, so the copies have none"


@dataclass(frozen=True)
class Copied:
    """An object that is at its target, as it was at its source; `to_etag` where the target could be looked at."""

    key: str
    etag: str
    size: int
    to_etag: str = ""


class Copier:
    """Copies objects from one bucket to another one, or the same; close it at the end. Thread-safe.

    Within a connection the service copies; between two the bytes go through this process, at most PARTS_AT_ONCE parts
    at a time. `on_conflict`: an existing key is an error, left alone, or replaced. With `strict` a copy that may not be
    looked at is an error; without, a note. `ledger` is told of uploads while they are open.
    """

    def __init__(
        self,
        source: tuple[Connection, str],
        target: tuple[Connection, str],
        on_conflict: OnConflict,
        watch: Watch,
        *,
        strict: bool = False,
        ledger: Ledger | None = None,
    ) -> None:
        self._from, self._bucket = source
        self._to, self._to_bucket = target
        self._policy = on_conflict
        self._watch = watch
        self._parts = ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="s3-copy")
        self._strict = strict
        self._ledger = ledger
        self._told: set[str] = set()
        self.inside = self._from.ref == self._to.ref
        self.same_service = self._from.ref.endpoint_url == self._to.ref.endpoint_url

    def __enter__(self) -> Copier:
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.shutdown()

    def copy(self, key: str, to_key: str, entry: ObjectEntry | None = None) -> Copied | None:
        """Copy one object; None when its target exists and is skipped. `entry` saves a request where it is known.

        Conflict when the target exists, or when the source changes meanwhile; ServiceError when the copy is not what
        the source is; and the errors of S3. A target that is the very same object already counts as copied.
        """
        check_key(to_key)
        source = look(self._from, self._bucket, key) if entry is None else _facts_of(entry)
        done = Copied(key, source.etag, source.size)
        if entry is None:
            self._watch.add(total=source.size)
        if self._policy != "replace":
            settled = self._settle(key, to_key, done)
            if settled is not None:
                return settled[0]
        try:
            same_parts = self._transfer(key, to_key, source)
        except Archived:
            raise
        except Conflict:
            settled = self._settle(key, to_key, done) if self._policy != "replace" else None
            if settled is not None:
                return settled[0]
            words = "has changed while it was copied; copy it again"
            raise SourceChanged(f"{make_uri(self._bucket, key)} {words}") from None
        return replace(done, to_etag=self._verify(key, to_key, source, same_parts=same_parts))

    # --- what is there already -----------------------------------------------------------------

    def _settle(self, key: str, to_key: str, done: Copied) -> tuple[Copied | None] | None:
        """What becomes of a target that exists: (None,) is skipped, (done,) is this very object. None: it is free."""
        try:
            target = look(self._to, self._to_bucket, to_key)
        except NotFound as error:
            if type(error) is not NotFound:
                raise
            return None
        except AccessDenied:  # who may write need not be allowed to look; the write is conditional
            return None
        source = look(self._from, self._bucket, key)
        same = source.etag == done.etag and is_the_same(source, target, same_service=self.same_service)
        if same or self._policy == "skip":
            self._watch.add(done=done.size)
            return (replace(done, to_etag=target.etag),) if same else (None,)
        raise Conflict(f"{make_uri(self._to_bucket, to_key)} exists already; choose to skip or to replace it")

    # --- the bytes ------------------------------------------------------------------------------

    def _transfer(self, key: str, to_key: str, source: Facts) -> bool:
        """Bring the bytes to the target; whether it is made of the parts of its source, and has its ETag."""
        if self.inside and source.size <= WHOLE:
            return self._copy_whole(key, to_key, source)
        if not self.inside and source.size <= SMALLEST_PART:
            return self._send_whole(key, to_key, source)
        try:
            return self._in_parts(key, to_key, source)
        except NotOffered:
            if not self.inside or source.size > LARGEST_WHOLE:
                raise
            return self._copy_whole(key, to_key, source)  # a service without copies of parts

    def _copy_whole(self, key: str, to_key: str, source: Facts) -> bool:
        settings = {} if source.storage_class == STANDARD else {"StorageClass": source.storage_class}
        here, there = (self._bucket, key), (self._to_bucket, to_key)
        keep = self._policy != "replace"
        try:
            copy_object(self._to, here, source.etag, there, settings, only_if_absent=keep)
        except NotOffered:
            if not keep:
                raise
            # No conditional copies here; that the key is free was seen just before.
            copy_object(self._to, here, source.etag, there, settings, only_if_absent=False)
        self._watch.add(done=source.size)
        return False

    def _send_whole(self, key: str, to_key: str, source: Facts) -> bool:
        facts, settings = self._settings(key, source)
        data = self._read_whole(key, facts)
        crc32, there, keep = zlib.crc32(data), (self._to_bucket, to_key), self._policy != "replace"
        try:
            put_small(self._to, there, data, crc32, settings, only_if_absent=keep)
        except NotOffered:
            if not keep:
                raise
            put_small(self._to, there, data, crc32, settings, only_if_absent=False)
        self._watch.add(done=source.size)
        return False

    def _read_whole(self, key: str, facts: Facts) -> bytes:
        source = S3Source(self._from, self._uri(key), etag=facts.etag, size=facts.size)
        for _ in range(_READINGS):
            data = source.read(0, facts.size)
            if is_proven(facts, data):
                return data
        raise damaged(self._uri(key))

    def _in_parts(self, key: str, to_key: str, source: Facts) -> bool:
        facts, settings = self._settings(key, source)
        here, there = (self._bucket, key), (self._to_bucket, to_key)
        preferred = COPIED_PART if self.inside else SMALLEST_PART
        part, same_parts = plan(self._from, *here, source.etag, source.size, preferred)
        keep, prove = self._policy != "replace", _nothing_to_prove
        if self.inside:
            make = copied_part(self._to, here, source.etag, there)
            parts = lambda watch: make  # noqa: E731 - the other one needs the watch
        else:
            reader = S3Source(self._from, self._uri(key), etag=source.etag, size=source.size)
            proof = Proof(self._uri(key), facts, same_parts=same_parts)
            parts, prove = lambda watch: streamed_part(reader, self._to, there, proof, watch), proof.check
        make_it = partial(put_together, only_if_absent=keep, prove=prove, ledger=self._ledger)
        make_it(self._parts, self._to, there, source.size, part, settings, parts, self._watch)
        return same_parts

    def _settings(self, key: str, source: Facts) -> tuple[Facts, dict[str, object]]:
        """All that the source tells of itself, and with what the copy is made."""
        facts = look(self._from, self._bucket, key)
        if facts.etag != source.etag:
            raise SourceChanged(f"{self._uri(key)} has changed while it was copied; copy it again")
        try:
            tags = tags_of(self._from, self._bucket, key)
        except AccessDenied:
            tags = {}
            self._note_once(_NO_TAGS)
        return facts, settings_of(facts, tags, self._uri(key), same_service=self.same_service)

    # --- whether it is right --------------------------------------------------------------------

    def _verify(self, key: str, to_key: str, source: Facts, *, same_parts: bool) -> str:
        """The ETag of the copy, "" where it may not be looked at. ServiceError when it is not what the source is."""
        uri = make_uri(self._to_bucket, to_key)
        try:
            target = look(self._to, self._to_bucket, to_key)
        except AccessDenied as error:
            if self._strict:
                raise AccessDenied(f"{uri} was written, but nothing proves it: {error.message}") from None
            self._note_once(_NO_PROOF)
            return ""
        if target.etag != source.etag:  # the listing does not tell what may explain it
            found = look(self._from, self._bucket, key)
            if found.etag == source.etag:
                source = replace(found, size=source.size)
        check_copy(uri, source, target, same_parts=same_parts)
        return target.etag

    def _note_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._watch.note(text)

    def _uri(self, key: str) -> str:
        return make_uri(self._bucket, key)


def _nothing_to_prove(parts: list[PartReceipt]) -> None:
    """The service copies parts itself."""


def _facts_of(entry: ObjectEntry) -> Facts:
    """What a listing tells."""
    return Facts(
        size=entry.size,
        etag=entry.etag,
        modified="",
        headers={},
        metadata={},
        storage_class=entry.storage_class or STANDARD,
    )
