"""What a selection of keys and prefixes stands for: its objects, one after another, never a list of all of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

from ..errors import BadRequest, CockpitError
from ..models import ObjectEntry, Selection
from .batches import Halting, Watch
from .connections import Connection
from .objects import check_key
from .walk import iter_objects

_TOLD = 1000


@dataclass(frozen=True)
class Picked:
    """One object of a selection: its key, its name below `base`, and the row of the listing that it was found in.

    `entry` is None for keys that were named one by one: nothing has been asked about them yet.
    """

    key: str
    base: str
    entry: ObjectEntry | None = None

    @property
    def name(self) -> str:
        """The key without what lies above the selection; begins with the last step of the prefix or key selected."""
        return self.key[len(self.base) :]


@dataclass(frozen=True)
class Picks:
    """Keys and prefixes without repetition: none lies below another. `base` is what lies above the last step."""

    keys: tuple[str, ...]
    prefixes: tuple[str, ...]

    @property
    def empty(self) -> bool:
        return not self.keys and not self.prefixes


def picks_of(selection: Selection) -> Picks:
    """The selection without what it names twice. BadRequest when it names nothing, or a prefix without its "/".

    "run1" would also mean "run10/": a prefix ends with "/", or is empty and means the whole bucket.
    """
    for prefix in selection.prefixes:
        if prefix and not prefix.endswith("/"):
            raise BadRequest(f"a prefix ends with “/”, {prefix!r} does not: name the object as a key instead")
    prefixes: list[str] = []
    for prefix in sorted(set(selection.prefixes)):
        if not prefixes or not prefix.startswith(prefixes[-1]):  # sorted, so what it lies below came just before
            prefixes.append(prefix)
    keys = tuple(check_key(key) for key in dict.fromkeys(selection.keys) if not _below(key, prefixes))
    if not keys and not prefixes:
        raise BadRequest("nothing is selected: name keys or prefixes")
    return Picks(keys, tuple(prefixes))


def base_of(key: str) -> str:
    """What lies above the last step of a key or prefix: "a/b/" for "a/b/c" and for "a/b/c/"."""
    return key[: key[:-1].rfind("/") + 1]


def iter_picked(connection: Connection, bucket: str, picks: Picks) -> Generator[Picked, None, None]:
    """The objects of a selection: the keys first, then what lies below each prefix, folder markers included."""
    for key in picks.keys:
        yield Picked(key, base_of(key))
    for prefix in picks.prefixes:
        base = base_of(prefix)
        # iter_objects is a generator; closing it ends the thread that lists ahead.
        with closing(iter_objects(connection, bucket, prefix)) as entries:
            for entry in entries:
                yield Picked(entry.key, base, entry)


def count(connection: Connection, bucket: str, picks: Picks, watch: Watch) -> None:
    """Tell `watch` how many objects and bytes a selection has, as they are found; of single keys only their number."""
    watch.add(items_total=len(picks.keys))
    for prefix in picks.prefixes:
        objects = size = 0
        with closing(iter_objects(connection, bucket, prefix)) as entries:
            for entry in entries:
                objects, size = objects + 1, size + entry.size
                if objects == _TOLD:
                    watch.add(total=size, items_total=objects)
                    objects = size = 0
        watch.add(total=size, items_total=objects)


@contextmanager
def counting(connection: Connection, bucket: str, picks: Picks, halting: Halting) -> Iterator[None]:
    """Count the selection beside what the block does with it; `halting` is halted where that fails."""

    def run() -> None:
        # What is wrong with the listing is told by the work itself, which lists as well.
        with suppress(CockpitError):
            count(connection, bucket, picks, halting)

    with ThreadPoolExecutor(1, thread_name_prefix="s3-count") as pool:
        counted = pool.submit(run)
        try:
            yield
            counted.result()
        finally:
            halting.halt()


def _below(key: str, prefixes: list[str]) -> bool:
    """`prefixes` are sorted and none lies below another, so only the last one up to `key` can hold it."""
    at = bisect_right(prefixes, key)
    return at > 0 and key.startswith(prefixes[at - 1])
