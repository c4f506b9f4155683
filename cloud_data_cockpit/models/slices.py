"""Records of slices and manifests."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, StringConstraints, ValidatorFunctionWrapHandler, WrapValidator

from .base import Record
from .connections import ConnectionRef


class Slice(Record):
    """One piece that holds whole records.

    `ranges` are (offset, length) pairs in bytes of the source, ascending and disjoint. `records` counts the records
    that begin in them. `details` is what this format needs besides, small and JSON.
    """

    number: int
    ranges: tuple[tuple[int, int], ...]
    records: int
    details: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def quick(
        cls, number: int, ranges: tuple[tuple[int, int], ...], records: int, details: dict[str, Any] | None = None
    ) -> Slice:
        """The record without its checks, in a fifth of the time, for values that a program has just computed."""
        made = cls.__new__(cls)
        fields = {"number": number, "ranges": ranges, "records": records, "details": {} if details is None else details}
        object.__setattr__(made, "__dict__", fields)
        object.__setattr__(made, "__pydantic_fields_set__", _SLICE_FIELDS)
        object.__setattr__(made, "__pydantic_extra__", None)
        object.__setattr__(made, "__pydantic_private__", None)
        return made

    @property
    def nbytes(self) -> int:
        """Bytes that the slice covers in the source, its shared header not counted."""
        return sum(length for _, length in self.ranges)


_SLICE_FIELDS = set(Slice.model_fields)


def _packed(values: Any, check: ValidatorFunctionWrapHandler) -> Sequence[int]:
    """8 bytes a number in place of a list's 40; what does not fit into them stays for who checks the manifest."""
    if isinstance(values, array) and values.typecode == "q":
        return values
    checked: list[int] = check(values)
    try:
        return array("q", checked)
    except OverflowError:
        return checked


Column = Annotated[Sequence[int], WrapValidator(_packed), PlainSerializer(list, return_type=list[int])]
"""Whole numbers of 64 bits, one after another; numpy sees them without a copy."""


class SliceTable(Record):
    """The slices of a manifest by columns, so that a million of them load fast.

    `range_counts[i]` ranges of slice i stand one after another in `offsets` and `lengths`; `details` is empty when no
    slice has any.
    """

    records: Column
    range_counts: Column
    offsets: Column
    lengths: Column
    details: list[dict[str, Any]] = Field(default_factory=list)


class Checksum(Record):
    """The sum of bytes [start, start + length) of the object, as the scan read them; `value` in hexadecimal digits."""

    algorithm: Literal["crc32"] = "crc32"
    start: int = Field(ge=0)
    length: int = Field(ge=0)
    value: str = Field(pattern=r"^[0-9a-f]{8}$")


Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class Manifest(Record):
    """A saved list of slices with all that is needed to read them again, credentials excepted.

    `checksum` is of the bytes that the slices hold together, where they are one stretch of the object's bytes. `tags`
    are words of people's own, to find it by.
    """

    version: Literal[1] = 1
    id: str
    created: datetime
    uri: str
    etag: str
    size: int
    connection: ConnectionRef | None
    format: str
    format_version: int
    params: dict[str, Any]
    shared: dict[str, Any]
    records: int
    notes: list[str]
    tags: list[Tag] = Field(default_factory=list, max_length=50)
    checksum: Checksum | None = None
    slices: SliceTable


class ManifestSummary(Record):
    """A manifest without its slices. `bytes` is the sum over the slices."""

    id: str
    created: datetime
    uri: str
    etag: str
    size: int
    connection: str | None
    format: str
    params: dict[str, Any]
    num_slices: int
    records: int
    bytes: int
    notes: list[str]
    tags: list[str] = Field(default_factory=list)


class ManifestChange(Record):
    """Another id, other tags; None leaves what is there."""

    id: str | None = None
    tags: list[Tag] | None = Field(default=None, max_length=50)


class SliceRow(Record):
    """A line of the panel's table of slices."""

    number: int
    records: int
    bytes: int
    ranges: int


class SlicePage(Record):
    """Slices `offset` .. `offset + len(rows)` of `total`."""

    manifest_id: str
    offset: int
    total: int
    rows: list[SliceRow]
