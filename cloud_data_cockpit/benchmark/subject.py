"""What a benchmark cuts: one object, opened once, cut anew for every value and never saved as a manifest."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import BadRequest
from ..formats.base import HEAD_BYTES, PartitionParams, Run
from ..models import ConnectionRef
from ..registry import detect_format, get_format
from ..slicing.checkpoints import Checkpoint
from ..slicing.open import ConnectionLike, object_name, open_source, resolved
from ..slicing.partition import check_params, planned
from ..slicing.places import find_place
from ..slicing.slices import Slices
from ..source import Source
from ..tree import head_of

Tell = Callable[[int, int], None]


class Subject:
    """An object and its format. BadRequest for parameters that cannot be, the errors of S3 and of formats."""

    def __init__(
        self,
        what: str | os.PathLike[str] | Source,
        connection: ConnectionLike,
        format: str | None,
        params: Mapping[str, Any],
        parameter: str,
    ) -> None:
        self.given = what if isinstance(what, Source) else None
        reached = None
        if isinstance(what, Source):
            self.source: Source = what
        else:
            reached = resolved(os.fspath(what), connection)
            self.source = open_source(what, reached)
        self.connection: ConnectionRef | None = reached.ref if reached else None
        self._place = find_place(beside=reached)
        name = object_name(self.source.uri)
        self.format = (
            get_format(format) if format else detect_format(name, head_of(self.source, HEAD_BYTES), self.source.size)
        )
        self.params = dict(params)
        self.parameter = parameter
        known = self.format.params.model_fields
        self._by_number = parameter == "slice_bytes" and parameter not in known
        if parameter not in known and not self._by_number:
            raise BadRequest(f"{self.format.title} has no parameter {parameter!r}; known are {', '.join(known)}")
        self.check(1 if self._by_number else None)

    def check(self, value: int | None) -> PartitionParams:
        """The choices with `value` for the parameter. BadRequest when they cannot be."""
        params = dict(self.params)
        if value is not None and self._by_number:
            params["num_slices"] = max(1, -(-self.source.size // value))
        elif value is not None:
            params[self.parameter] = value
        return check_params(self.format, params)

    def cut(self, value: int, tell: Tell, run: Run | None, checkpoint: Checkpoint | None = None) -> Slices:
        """The slices for `value`, indexed first if need be; that goes on from the blocks in `checkpoint`."""
        checked, place = self.check(value), self._place
        return Slices(
            planned(self.source, self.connection, self.format, checked, tell, run, place, checkpoint=checkpoint)
        )

    def bounds(self, workers: int) -> tuple[int, int]:
        """Values between which the best of this parameter may lie. BadRequest when only a person can know."""
        size = max(1, self.source.size)
        if self.parameter == "slice_bytes":
            return min(size, 256 << 10), min(size, 1 << 30)
        if self.parameter == "num_slices":
            return 1, max(2, min(4096, max(8 * workers, size // (256 << 10))))
        raise BadRequest(f"say between which values of {self.parameter} the best is to be found: start and stop")
