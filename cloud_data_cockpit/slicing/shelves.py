"""A shelf of manifests: this machine's, or those at a place in a bucket; listed, tagged, renamed, deleted, exported."""

from __future__ import annotations

import csv
import html
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Protocol

from pydantic import ValidationError

from ..errors import BadRequest, Conflict, FormatError, NotFound
from ..models import Manifest, ManifestChange, ManifestSummary
from . import manifests, sharing
from .open import ConnectionLike, check_other_file, is_s3
from .slices import Slices
from .storage import whole_file
from .table import bytes_for_people

log = logging.getLogger(__name__)

AT_ONCE = 8
SHOWN = 50


class _Place(Protocol):
    """Where manifests lie by their id."""

    def all(self) -> Iterable[ManifestSummary]: ...
    def load(self, manifest_id: str) -> Manifest: ...
    def has(self, manifest_id: str) -> bool: ...
    def save(self, manifest: Manifest) -> object: ...
    def delete(self, manifest_id: str) -> None: ...


class Shelf:
    """The manifests at a place, by their ids. Shown as a table; iterating gives summaries, newest first."""

    def __init__(self, place: str | None = None, *, connection: ConnectionLike = None) -> None:
        if place is not None and not is_s3(place):
            raise BadRequest(
                f"manifests lie on this machine (give no place) or at s3://bucket/prefix/, not in {place!r}"
            )
        if place is None and connection is not None:
            raise BadRequest("manifests of this machine need no connection; give the s3:// place that it reaches")
        self.place = "this machine" if place is None else place
        self._connection = connection
        self._at: _Place = _Here() if place is None else _Bucket(place, connection)

    def list(
        self,
        *,
        uri: str | None = None,
        format: str | None = None,
        tag: str | None = None,
        text: str | None = None,
    ) -> list[ManifestSummary]:
        """Summaries, newest first: of one object (or below a URI that ends with "/"), of a format, with a tag.

        `text` is looked for in ids, URIs and tags, in any case. What is no sound manifest is left out, with a warning
        in the log.
        """
        found = [row for row in self._at.all() if _matches(row, uri, format, tag, text)]
        return sorted(found, key=lambda row: row.created, reverse=True)

    def load(self, manifest_id: str, *, connection: ConnectionLike = None) -> Slices:
        """Its slices, read through what it names, or `connection`. NotFound, FormatError, Conflict as `load_slices`."""
        return Slices.of(self._at.load(manifest_id), connection)

    def tag(self, manifest_id: str, *tags: str, remove: Sequence[str] = ()) -> ManifestSummary:
        """Add tags to it, and take those of `remove` off."""
        manifest = self._at.load(manifest_id)
        kept = [tag for tag in manifest.tags if tag not in remove]
        return self.change(manifest_id, tags=[*kept, *(tag for tag in tags if tag not in kept)])

    def rename(self, manifest_id: str, new_id: str) -> ManifestSummary:
        """Give it another id, by which it is loaded from then on. Conflict when that one is taken."""
        return self.change(manifest_id, id=new_id)

    def change(self, manifest_id: str, **changes: object) -> ManifestSummary:
        """`id` and `tags` anew. BadRequest for what cannot be, Conflict when the new id is taken."""
        try:
            wanted = ManifestChange.model_validate(changes)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise BadRequest(f"the manifest cannot be changed so: {where}: {first['msg']}") from None
        return self.apply(manifest_id, wanted)

    def apply(self, manifest_id: str, change: ManifestChange) -> ManifestSummary:
        """As `change`, by a record."""
        manifest = self._at.load(manifest_id)
        new_id = manifest_id if change.id is None else change.id
        if not manifests.is_id(new_id):
            raise BadRequest(f"{new_id!r} cannot be an id: ids hold letters, digits, '.', '_' and '-', 128 at most")
        if new_id != manifest_id and self._at.has(new_id):
            raise Conflict(f"there is a manifest {new_id!r} already; choose another id, or delete that one first")
        tags = manifest.tags if change.tags is None else list(dict.fromkeys(change.tags))
        changed = manifest.model_copy(update={"id": new_id, "tags": tags})
        self._at.save(changed)
        if new_id != manifest_id:  # only now: at no time is it nowhere
            self._at.delete(manifest_id)
        return manifests.summary(changed)

    def delete(self, manifest_id: str) -> None:
        """Forget it; the object and its index stay. NotFound when there is none."""
        self._at.delete(manifest_id)

    def export(self, manifest_id: str, path: str | os.PathLike[str]) -> Path:
        """Write it to a file: `.json` as it is, `.csv` or `.parquet` a row for each range of a slice.

        Columns: slice, records, offset, length. BadRequest for another ending.
        """
        target = Path(path).expanduser()
        write = _WRITERS.get(target.suffix.lower())
        if write is None:
            raise BadRequest(f"{target} ends with none of {', '.join(_WRITERS)}, by which the form is chosen")
        manifest = self._at.load(manifest_id)
        check_other_file(target, manifest.uri)
        with whole_file(target) as file:
            write(manifest, file)
        return target

    def share(self, manifest_id: str, place: str, *, connection: ConnectionLike = None) -> str:
        """Copy it to a bucket or a directory; the URI or path of the copy."""
        return sharing.save(self._at.load(manifest_id), place, connection or self._connection)

    def __contains__(self, manifest_id: object) -> bool:
        return isinstance(manifest_id, str) and manifests.is_id(manifest_id) and self._at.has(manifest_id)

    def __iter__(self) -> Iterator[ManifestSummary]:
        return iter(self.list())

    def __repr__(self) -> str:
        return f"<manifests of {self.place}>"

    def _repr_html_(self) -> str:
        found = self.list()
        head = "".join(f"<th>{name}</th>" for name in ("id", "object", "format", "slices", "records", "bytes", "tags"))
        rows = "".join(
            f"<tr>{''.join(f'<td><bdi>{cell}</bdi></td>' for cell in _cells(row))}</tr>" for row in found[:SHOWN]
        )
        more = f"<div>… and {len(found) - SHOWN:,} more: list(...)</div>" if len(found) > SHOWN else ""
        title = f"<b>{html.escape(self.place)}</b>"
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if found else "<div>none</div>"
        return f"<div>{title}{table}{more}</div>"


def to_csv(manifest: Manifest, file: IO[bytes]) -> None:
    """A row for each range of a slice: slice, records, offset, length."""
    import io

    text = io.TextIOWrapper(file, "ascii", newline="", write_through=True)
    try:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(("slice", "records", "offset", "length"))
        for piece in Slices(manifest):
            writer.writerows((piece.number, piece.records, *found) for found in piece.ranges)
    finally:
        text.detach()


def _to_json(manifest: Manifest, file: IO[bytes]) -> None:
    file.write(manifest.model_dump_json().encode())


def _to_parquet(manifest: Manifest, file: IO[bytes]) -> None:
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    columns = manifests.Columns(manifest.slices)
    number = np.repeat(np.arange(len(columns.records)), np.diff(columns.first_range))
    table = pa.table(
        {"slice": number, "records": columns.records[number], "offset": columns.offsets, "length": columns.lengths}
    )
    parquet.write_table(table, file)


_WRITERS: dict[str, Callable[[Manifest, IO[bytes]], None]] = {
    ".json": _to_json,
    ".csv": to_csv,
    ".parquet": _to_parquet,
}


class _Here:
    """Jupyter's data directory."""

    def all(self) -> Iterable[ManifestSummary]:
        return manifests.list_manifests()

    def load(self, manifest_id: str) -> Manifest:
        return manifests.load(manifest_id)

    def has(self, manifest_id: str) -> bool:
        return (manifests.directory() / f"{manifest_id}.json").is_file()

    def save(self, manifest: Manifest) -> object:
        return manifests.save(manifest)

    def delete(self, manifest_id: str) -> None:
        manifests.delete(manifest_id)


class _Bucket:
    """The objects right below a prefix that end with `.json`."""

    def __init__(self, place: str, connection: ConnectionLike) -> None:
        self._place = place if place.endswith("/") else f"{place}/"
        self._connection = connection

    def all(self) -> Iterable[ManifestSummary]:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="cockpit-manifests") as pool:
            found = pool.map(self._summary, sharing.shared_in(self._place, self._connection))
            return [row for row in found if row is not None]

    def load(self, manifest_id: str) -> Manifest:
        manifest = sharing.load_from_bucket(self._uri(manifest_id), self._connection)
        return manifest.model_copy(update={"id": manifest_id})

    def has(self, manifest_id: str) -> bool:
        from ..s3.connections import resolve
        from ..s3.objects import exists, parse_uri

        return exists(resolve(self._connection), *parse_uri(self._uri(manifest_id)))

    def save(self, manifest: Manifest) -> object:
        return sharing.save_to_bucket(manifest, self._uri(manifest.id), self._connection)

    def delete(self, manifest_id: str) -> None:
        from ..s3.connections import resolve
        from ..s3.objects import delete_object, parse_uri

        uri = self._uri(manifest_id)
        if not self.has(manifest_id):
            raise NotFound(f"there is no manifest {uri}")
        delete_object(resolve(self._connection), *parse_uri(uri))

    def _uri(self, manifest_id: str) -> str:
        if not manifests.is_id(manifest_id):
            raise BadRequest(f"{manifest_id!r} cannot be the id of a manifest")
        return f"{self._place}{manifest_id}.json"

    def _summary(self, uri: str) -> ManifestSummary | None:
        name = uri.rpartition("/")[2].removesuffix(".json")
        try:
            if manifests.is_id(name):
                return manifests.summary(self.load(name))
        except (FormatError, Conflict, NotFound) as error:
            log.warning("left out of the list of manifests: %s", error)
        return None


def _matches(row: ManifestSummary, uri: str | None, format: str | None, tag: str | None, text: str | None) -> bool:
    if uri is not None and not (row.uri == uri or (uri.endswith("/") and row.uri.startswith(uri))):
        return False
    if (format is not None and row.format != format) or (tag is not None and tag not in row.tags):
        return False
    return text is None or any(text.lower() in held.lower() for held in (row.id, row.uri, *row.tags))


def _cells(row: ManifestSummary) -> tuple[str, ...]:
    told = (row.id, row.uri, row.format, f"{row.num_slices:,}", f"{row.records:,}", bytes_for_people(row.bytes))
    return tuple(html.escape(cell) for cell in (*told, ", ".join(row.tags)))
