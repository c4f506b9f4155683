"""Copying, moving and renaming whole selections: many objects at once, sources deleted only when all is proven."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Collection
from typing import IO

from ..errors import AccessDenied, BadRequest, Conflict, Incomplete, NotFound, SourceChanged
from ..models import CopyRequest
from .batches import Failures, Halting, Watch, each
from .connections import Connection, resolve
from .copying import Copied, Copier
from .facts import look
from .faults import NotOffered
from .ledger import Ledger, MemoryLedger
from .objects import head, make_uri
from .sameness import are_same, may_be_same, surely_same
from .selections import Picked, Picks, counting, iter_picked, picks_of
from .signing import SignedRequest, send
from .targets import Targets, check_apart, targets_of


def check_copy_request(request: CopyRequest) -> None:
    """What can be said at once: connections, names, that nothing is copied into itself; one request at most."""
    _planned(request)


def copy_selection(request: CopyRequest, watch: Watch, ledger: Ledger | None = None) -> None:
    """Copy what a request selects; with kind "move" delete it from its old place after that.

    Objects that fail do not stop the others: Incomplete tells at the end how many and why. A move deletes nothing
    unless every object was copied and verified, and an object that has changed since stays where it is. `ledger` is
    told of uploads while they are open, and of keys before they are deleted: a move that was stopped among its
    deletions goes on by the same request.
    """
    ledger = ledger or MemoryLedger()
    source, target, picks, targets = _planned(request)
    move = request.kind == "move"
    if move:
        _check_elsewhere(request, source, target, picks, targets, ledger)
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n") as moved:
        _copy_all(request, (source, target), picks, targets, watch, moved if move else None, ledger)
        if move:
            watch.phase_is("deleting at the old place")
            moved.seek(0)
            _delete_copied(source, request.bucket, moved, watch, ledger, frozenset(picks.keys))


def _planned(request: CopyRequest) -> tuple[Connection, Connection, Picks, Targets]:
    source, target = resolve(request.connection), resolve(request.to_connection)
    picks = picks_of(request)
    targets = targets_of(request, picks)
    if request.kind == "move" and "" in picks.prefixes:
        raise BadRequest("a whole bucket cannot be moved; copy it, look at the copy, then delete it")
    if surely_same((source, request.bucket), (target, request.to_bucket)):
        check_apart(source, request.bucket, picks, targets)
    return source, target, picks, targets


def _check_elsewhere(
    request: CopyRequest, source: Connection, target: Connection, picks: Picks, targets: Targets, ledger: Ledger | None
) -> None:
    """BadRequest when a move would end where it begins, although its two places have different names."""
    here, there = (source, request.bucket), (target, request.to_bucket)
    if surely_same(here, there) or not may_be_same(here, there):
        return
    try:
        check_apart(source, request.bucket, picks, targets)
    except BadRequest as overlap:
        root = next(iter((*picks.keys, *picks.prefixes)))
        if are_same(here, there, targets.of_root(root), ledger):
            words = (
                f"{request.connection!r} and {request.to_connection!r} lead to the same bucket, and {overlap.message}"
            )
            raise BadRequest(words) from None


def _copy_all(
    request: CopyRequest,
    ends: tuple[Connection, Connection],
    picks: Picks,
    targets: Targets,
    watch: Watch,
    moved: IO[str] | None,
    ledger: Ledger,
) -> None:
    halting, failures, writing = Halting(watch), Failures(watch), threading.Lock()
    skipped = before = 0
    source, target = (ends[0], request.bucket), (ends[1], request.to_bucket)

    def one(picked: Picked) -> None:
        nonlocal skipped, before
        try:
            done = copier.copy(picked.key, targets.of(picked), picked.entry)
        except NotFound as error:
            if moved is None or type(error) is not NotFound or not _was_moved(picked, target, targets, ledger):
                raise
            with writing:
                before += 1
            halting.add(items=1)
            return
        with writing:
            if done is None:
                skipped += 1
            elif moved is not None:
                moved.write(_line(done))
        halting.add(items=1)

    with (
        counting(ends[0], request.bucket, picks, halting),
        Copier(source, target, request.on_conflict, halting, strict=moved is not None, ledger=ledger) as copier,
    ):
        try:
            each(iter_picked(ends[0], request.bucket, picks), one, watch, failures, lambda picked: picked.key)
        except BaseException:
            halting.halt()
            raise
    if skipped:
        watch.note(f"{skipped:,} were skipped, as their keys existed already")
    if before:
        watch.note(f"{before:,} had been moved before")
    try:
        failures.check("copied")
    except Incomplete as error:
        if moved is None:
            raise
        raise Incomplete(f"nothing was deleted at the old place, because {error.message}") from None


def _was_moved(picked: Picked, target: tuple[Connection, str], targets: Targets, ledger: Ledger) -> bool:
    """Whether a key that is gone was deleted by a former run of this move, and its copy is there as it was then."""
    if picked.entry is not None:
        return False
    try:
        found = look(*target, targets.of(picked))
    except (NotFound, AccessDenied):
        return False
    return ledger.was_sent(picked.key, _stamp(found.etag, found.size))


def _stamp(etag: str, size: int) -> str:
    return f"moved {etag} {size}"


# --- the second half of a move -------------------------------------------------------------------


def _delete_copied(
    source: Connection, bucket: str, moved: IO[str], watch: Watch, ledger: Ledger, named: Collection[str]
) -> None:
    """`named` are the keys that the request names: of those below a prefix only what is left is listed again."""
    failures = Failures(watch)

    def one(copied: Copied) -> None:
        if copied.key in named and copied.to_etag:
            ledger.sent(copied.key, _stamp(copied.to_etag, copied.size))
        delete_copied(source, bucket, copied)

    each(map(_read_line, moved), one, watch, failures, lambda copied: copied.key)
    failures.check("deleted at the old place")


def delete_copied(source: Connection, bucket: str, copied: Copied) -> None:
    """Delete a source if it is still what was copied. SourceChanged when it is not; one that is gone is no error."""
    try:
        # Not every service knows conditions on deletes; this look leaves them a moment instead of hours.
        if head(source, bucket, copied.key).etag != copied.etag:
            raise _changed(bucket, copied.key)
        request = SignedRequest(source, "delete_object", {"Bucket": bucket, "Key": copied.key})
        try:
            send(request, lambda reply: None, headers={"If-Match": f'"{copied.etag}"'}, writing=True)
        except NotOffered:
            send(request, lambda reply: None, writing=True)
    except NotFound as error:
        if type(error) is not NotFound:
            raise
    except SourceChanged:
        raise
    except Conflict:  # the condition did not hold
        raise _changed(bucket, copied.key) from None


def _changed(bucket: str, key: str) -> SourceChanged:
    return SourceChanged(f"{make_uri(bucket, key)} has changed since it was copied, so it stays; copy it again")


def _line(copied: Copied) -> str:
    return json.dumps([copied.key, copied.etag, copied.size, copied.to_etag]) + "\n"


def _read_line(line: str) -> Copied:
    key, etag, size, to_etag = json.loads(line)
    return Copied(key, etag, size, to_etag)
