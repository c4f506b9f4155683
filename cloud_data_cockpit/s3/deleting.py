"""Deleting a selection: in batches where the service has them, with what failed told for each key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice

from ..errors import AccessDenied, BadRequest, CockpitError, NotFound
from ..models import DeleteRequest
from .batches import AT_ONCE, Failures, Halting, Watch, each
from .connections import Connection, resolve
from .deletes import MOST, Doomed, delete_batch, delete_one
from .faults import Fault, NotOffered, Place, error_of
from .objects import exists, head
from .selections import Picks, count, iter_picked, picks_of
from .versions import iter_versions

BATCHES_AT_ONCE = 3
_GONE = frozenset({"NoSuchKey", "NoSuchVersion"})


def check_delete_request(request: DeleteRequest) -> None:
    """What can be said at once."""
    _planned(request)


def delete_selection(request: DeleteRequest, watch: Watch) -> None:
    """Delete what a request selects; `run1/` never touches `run10/`.

    In a versioned bucket objects get delete markers and can be brought back, unless `all_versions` is set: then every
    version and marker goes. A cancel is honoured between batches of 1,000. Incomplete tells how many failed and why.
    """
    connection, picks = _planned(request)
    bucket, halting, failures = request.bucket, Halting(watch), Failures(watch)
    find = _all_versions if request.all_versions else _objects
    if not request.all_versions:  # counted before: what is deleted is not there to be counted
        watch.phase_is("counting")
        count(connection, bucket, picks, watch)
    watch.phase_is("deleting")
    deleter = _Deleter(connection, bucket, halting, failures)
    batches = _batches(find(connection, bucket, picks, watch))
    try:
        each(batches, deleter.delete, watch, failures, lambda batch: f"{len(batch):,} objects", BATCHES_AT_ONCE)
    except BaseException:
        halting.halt()
        raise
    failures.check("deleted")


def _planned(request: DeleteRequest) -> tuple[Connection, Picks]:
    connection, picks = resolve(request.connection), picks_of(request)
    if "" in picks.prefixes:
        raise BadRequest("a whole bucket is not emptied at once: select what is to be deleted")
    return connection, picks


class _Deleter:
    """Deletes batches; one by one once the service has shown that it knows no batches."""

    def __init__(self, connection: Connection, bucket: str, watch: Watch, failures: Failures) -> None:
        self._connection = connection
        self._bucket = bucket
        self._watch = watch
        self._failures = failures
        self._has_batches = True

    def delete(self, batch: Sequence[Doomed]) -> None:
        self._watch.check()
        fitting = [doomed for doomed in batch if doomed.fits_batches]
        alone = [doomed for doomed in batch if not doomed.fits_batches]
        refused = self._together(fitting) if len(fitting) > 1 and self._has_batches else None
        if refused is None:
            alone += fitting
        else:
            failed = {doomed for doomed, _ in refused}
            self._count([doomed for doomed in fitting if doomed not in failed])
            alone += [doomed for doomed, fault in refused if fault.passing or fault.code in _GONE]
            for doomed, fault in refused:
                if not fault.passing and fault.code not in _GONE:
                    self._failures.add(
                        str(doomed), error_of(fault, Place(self._connection.ref, self._bucket, doomed.key))
                    )
        self._one_by_one(alone)

    def _together(self, batch: Sequence[Doomed]) -> list[tuple[Doomed, Fault]] | None:
        """Those that failed; None when the service takes no batches."""
        try:
            return delete_batch(self._connection, self._bucket, batch)
        except (NotOffered, BadRequest):
            self._has_batches = False
            return None

    def _one_by_one(self, batch: Sequence[Doomed]) -> None:
        def one(doomed: Doomed) -> None:
            self._watch.check()
            try:
                delete_one(self._connection, self._bucket, doomed)
            except NotFound as error:
                if type(error) is not NotFound:
                    raise
            except CockpitError as error:
                self._failures.add(str(doomed), error)
                return
            self._count([doomed])

        if len(batch) == 1:
            one(batch[0])
        elif batch:
            with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="s3-delete") as pool:
                list(pool.map(one, batch))

    def _count(self, deleted: Sequence[Doomed]) -> None:
        if deleted:
            self._failures.success()
            self._watch.add(done=sum(doomed.size for doomed in deleted), items=len(deleted))


# --- what is deleted -----------------------------------------------------------------------------


def _objects(connection: Connection, bucket: str, picks: Picks, watch: Watch) -> Iterator[Doomed]:
    sizes: dict[str, int] = {}
    if len(picks.keys) <= MOST:  # more are not worth a request each, only to be counted
        sizes = _sizes(connection, bucket, picks.keys)
        watch.add(total=sum(sizes.values()))
    with closing(iter_picked(connection, bucket, picks)) as found:
        for picked in found:
            size = picked.entry.size if picked.entry is not None else sizes.get(picked.key, 0)
            yield Doomed(picked.key, None, size)


def _sizes(connection: Connection, bucket: str, keys: Sequence[str]) -> dict[str, int]:
    def size_of(key: str) -> int:
        try:
            return head(connection, bucket, key).size
        except CockpitError:  # what is wrong with it is told when it is deleted
            return 0

    if not keys:
        return {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="s3-delete") as pool:
        return dict(zip(keys, pool.map(size_of, keys), strict=True))


def _all_versions(connection: Connection, bucket: str, picks: Picks, watch: Watch) -> Iterator[Doomed]:
    keys = frozenset(picks.keys)
    for root in (*picks.keys, *picks.prefixes):
        found = False
        with closing(iter_versions(connection, bucket, root)) as versions:
            for version in versions:
                if root in keys and version.key != root:  # in the order of keys: no further one is of this key
                    break
                found = True
                watch.add(total=version.size, items_total=1)
                yield Doomed(version.key, version.version_id, version.size)
        if not found:  # nothing is there, or the service has no versions
            if root in keys and not _may_exist(connection, bucket, root):
                watch.add(items_total=1, items=1)  # to delete what is not there would leave a delete marker
                continue
            alone = Picks((root,), ()) if root in keys else Picks((), (root,))
            count(connection, bucket, alone, watch)
            yield from _objects(connection, bucket, alone, watch)


def _may_exist(connection: Connection, bucket: str, key: str) -> bool:
    try:
        return exists(connection, bucket, key)
    except AccessDenied:  # who may delete need not be allowed to look
        return True


def _batches(doomed: Iterator[Doomed]) -> Iterator[list[Doomed]]:
    while batch := list(islice(doomed, MOST)):
        yield batch
