"""Where the objects of a selection are copied to; what would copy something into itself is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import BadRequest
from ..models import CopyRequest
from .connections import Connection
from .objects import list_page
from .selections import Picked, Picks, base_of


@dataclass(frozen=True)
class Targets:
    """Keys of copies: what is below the selection's base goes below `prefix`, or in place of `renamed`."""

    prefix: str
    renamed: tuple[str, str] | None = None

    def of(self, picked: Picked) -> str:
        """The key that an object is copied to."""
        if self.renamed is not None:
            old, new = self.renamed
            return new + picked.key[len(old) :]
        return self.prefix + picked.name

    def of_root(self, root: str) -> str:
        """What a selected key or prefix itself becomes."""
        return self.of(Picked(root, base_of(root)))


def targets_of(request: CopyRequest, picks: Picks) -> Targets:
    """Where a request wants its copies. BadRequest when two of them would have one key, or a new name does not fit."""
    roots = [*picks.keys, *picks.prefixes]
    if request.rename is None:
        targets = Targets(request.to_prefix)
        _check_distinct(targets.of_root(root) for root in roots)
        return targets
    if len(roots) != 1:
        raise BadRequest("a new name is for one object or one prefix; copy several below a prefix")
    old, new = roots[0], request.rename
    if not new:
        raise BadRequest("the new name is empty; give a key")
    if picks.prefixes and not new.endswith("/"):
        raise BadRequest(f"the new name of a prefix ends with “/”, {new!r} does not")
    return Targets(request.to_prefix, (old, new))


def check_apart(connection: Connection, bucket: str, picks: Picks, targets: Targets) -> None:
    """BadRequest when copies within one bucket would land on the objects that are still to be copied."""
    roots = {root: targets.of_root(root) for root in (*picks.keys, *picks.prefixes)}
    for root, target in roots.items():
        if target == root:
            raise BadRequest(f"{root!r} is there already: choose another place or name")
    for prefix in picks.prefixes:
        target = roots[prefix]
        if target.startswith(prefix):
            raise BadRequest(f"{prefix!r} cannot be copied into itself: choose a place outside of it")
        inside = next((root for root in roots if root != prefix and root.startswith(target)), None)
        if inside is not None:
            raise BadRequest(f"{inside!r} lies where {prefix!r} is copied to: copy the two one after the other")
        if prefix.startswith(target) and _holds(connection, bucket, prefix + prefix[len(target) :]):
            raise BadRequest(f"copying {prefix!r} to {target!r} would overwrite parts of itself: use another place")


def _holds(connection: Connection, bucket: str, prefix: str) -> bool:
    page = list_page(connection, bucket, prefix, delimiter="", page_size=1, markers=True)
    return bool(page.objects)


def _check_distinct(targets: Iterable[str]) -> None:
    most, times = Counter(targets).most_common(1)[0]
    if times > 1:
        raise BadRequest(f"{times} of what is selected would be copied to {most!r}: copy them one after the other")
