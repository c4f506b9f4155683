"""Dataplug's CloudObject over our formats: the index is ours and on this machine, nothing is put beside the data."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, cast

from ..errors import BadRequest, Conflict, NotFound
from ..formats.base import BLOCK_SIZE, HEAD_BYTES, Format, Index, PartitionParams, Run
from ..registry import get_format
from ..slicing import indexes
from ..slicing.ahead import run_for
from ..slicing.checksums import summed_for_index
from ..slicing.indexes import Kept, find_anywhere, keep_anywhere
from ..slicing.open import object_name, open_source
from ..slicing.partition import check_params, partition_object
from ..slicing.places import find_place
from ..slicing.slices import LazySlice, Slices
from ..source import MemorySource, Source
from ..tree import head_of
from .files import open_file
from .learned import Learned
from .objects import attributes_of
from .parallel import run_of
from .plugins import PluginSlice, plugin_of
from .storage import PickleableS3ClientProxy, S3Path, client_of
from .surface import DATA_FORMATS, DataFormat, DataSlice, Strategy
from .upstream import is_plugin, unwrapped

log = logging.getLogger(__name__)

_READING = {"separator": "delimiter"}
"""Extra arguments of Dataplug's preprocessing functions under our names."""


class CloudObject:
    """An object in S3 and how to read it. Pickles without credentials.

    Indexes are kept where Data Cockpit keeps its own; `<bucket>.meta` is a name only, and never made. Partitioning an
    object that has not been preprocessed does that as well.
    """

    def __init__(
        self,
        data_format: Any,
        object_path: S3Path,
        meta_path: S3Path | None = None,
        attrs_path: S3Path | None = None,
        storage_config: Any = None,
        is_folder: bool = False,
    ) -> None:
        self._data_format = _known(data_format)
        self._path = object_path
        self._meta_path = meta_path or S3Path(f"{object_path.bucket}.meta", object_path.key)
        self._client = client_of(storage_config)
        self._extra: dict[str, Any] = {}
        self._source: Source | None = None
        self._format: Format | None = None
        self._index: Index | None = None

    @classmethod
    def from_s3(
        cls,
        data_format: Any,
        storage_uri: str,
        fetch: bool | None = True,
        metadata_bucket: str | None = None,
        s3_config: Any = None,
    ) -> CloudObject:
        """The object `storage_uri`. `s3_config` may also be a Connection, its reference or its name.

        NotFound (and with `fetch` at once) when there is no such object.
        """
        path = S3Path.from_uri(storage_uri)
        meta = S3Path(metadata_bucket or f"{path.bucket}.meta", path.key)
        made = cls(data_format, path, meta, storage_config=s3_config)
        if fetch:
            made.fetch()
        return made

    @classmethod
    def from_bucket_key(
        cls, data_format: Any, bucket: str, key: str, fetch: bool = True, s3_config: Any = None
    ) -> CloudObject:
        """The object `key` of `bucket`; the key is taken as it is."""
        made = cls(data_format, S3Path(bucket, key), storage_config=s3_config)
        if fetch:
            made.fetch()
        return made

    @classmethod
    def new_from_file(
        cls,
        data_format: Any,
        file_path: str | os.PathLike[str],
        cloud_path: str,
        s3_config: Any = None,
        override: bool = False,
    ) -> CloudObject:
        """Upload a file and give its object. Conflict when the object exists and `override` is not set."""
        made = cls(data_format, S3Path.from_uri(cloud_path), storage_config=s3_config)
        if made.exists():
            if not override:
                raise Conflict(f"{cloud_path} exists already; give override=True to replace it")
            made.clean()
        with Path(file_path).open("rb") as file:
            made._client.upload_fileobj(file, made.path.bucket, made.path.key)
        made._source = made._format = made._index = None
        return made

    @property
    def path(self) -> S3Path:
        return self._path

    @property
    def meta_path(self) -> S3Path:
        """Where Dataplug would keep metadata. Only a name: what is there is read from our index."""
        return self._meta_path

    @property
    def size(self) -> int:
        """Bytes of the object."""
        return self._opened().size

    @property
    def meta_size(self) -> int:
        """Bytes of the metadata. AttributeError before preprocessing, as with Dataplug."""
        if self._saved() is None:
            raise AttributeError("the object has not been preprocessed")
        return len(self._metadata())

    @property
    def storage(self) -> PickleableS3ClientProxy:
        """A boto3 S3 client."""
        return self._client

    @property
    def attributes(self) -> Any:
        """What preprocessing found out; None before."""
        index = self._saved()
        return None if index is None else self._attributes(index)

    @property
    def open(self) -> Callable[..., IO[Any]]:
        """`open("rb")` gives the object as an open file."""
        return lambda mode="r", *args, **options: open_file(self._opened(), self._path.key, mode, *args, **options)

    @property
    def open_metadata(self) -> Callable[..., IO[Any]]:
        """`open_metadata("rb")` gives the metadata of the preprocessing as an open file."""
        held = MemorySource(self._metadata(), "memory:metadata")
        return lambda mode="r", *args, **options: open_file(held, "metadata", mode, *args, **options)

    def exists(self) -> bool:
        try:
            self._opened()
        except NotFound:
            return False
        return True

    def is_preprocessed(self) -> bool:
        """Whether an index is kept for these very bytes."""
        return self._saved() is not None

    def fetch(self) -> None:
        """Look at the object. NotFound when there is none."""
        self._opened()

    def clean(self) -> None:
        """Forget the index; the object stays."""
        if self.exists():
            indexes.delete(self._opened(), self._chosen(), self._params())
        self._index = None

    def preprocess(
        self,
        parallel_config: Mapping[str, Any] | None = None,
        extra_args: Mapping[str, Any] | None = None,
        chunk_size: int | None = None,
        force: bool = False,
        debug: bool = False,
    ) -> None:
        """Index the object, unless an index is kept and `force` is not set.

        parallel_config: joblib's, such as {"backend": "dask"}; threads of this process unless given. extra_args: how
        the object is to be read, by our names or Dataplug's. chunk_size: bytes that one task scans.
        """
        self._extra = {_READING.get(name, name): value for name, value in (extra_args or {}).items()}
        self._index = None
        if not force and self._saved() is not None:
            return
        source = self._opened()
        if chunk_size is not None and chunk_size < 1:
            raise BadRequest(f"chunk_size is a number of bytes, at least 1, not {chunk_size}")
        run: Run = run_of(parallel_config) or run_for(source.uri)
        summed = summed_for_index(source)
        self._index = self._chosen().index(
            summed or source, self._params(), _silent, run=run, block_size=chunk_size or BLOCK_SIZE
        )
        kept = Kept(self._index, summed.crc32(0, source.size) if summed else None)
        keep_anywhere(find_place(beside=self._client.connection), kept)

    def partition(self, strategy: Any = None, /, *args: Any, **options: Any) -> list[DataSlice]:
        """Slices by a strategy, given as Dataplug's function, by its name, or not at all for our own parameters."""
        if strategy is None and not args and _names_strategy(options.get("strategy")):
            strategy = options.pop("strategy")
        format = self._chosen()
        params = {**self._extra, **self._strategy_params(format, strategy, args, options)}
        reference = self._client.connection.ref
        manifest = partition_object(reference, self._opened().uri, format.name, params, _silent)
        for note in manifest.notes:
            log.info("%s: %s", manifest.uri, note)
        return [self._slice(piece) for piece in Slices(manifest)]

    def get_attribute(self, key: str) -> Any:
        return getattr(self.attributes, key)

    def __getitem__(self, key: str) -> Any:
        return getattr(self.attributes, key)

    def __reduce__(self) -> tuple[Any, ...]:
        reference = self._client.connection.ref
        return _restored, (self._data_format, self._path, self._meta_path, reference.model_dump(), self._extra)

    def __repr__(self) -> str:
        return f"CloudObject<{getattr(self._data_format, 'name', self._data_format)}>({self._path.as_uri()})"

    # --- what is found out once

    def _opened(self) -> Source:
        if self._source is None:
            uri = self._path.as_uri()
            folder = self._data_format.is_folder and not uri.endswith("/")
            found = open_source(f"{uri}/" if folder else uri, self._client.connection)
            self._source = self._main_of(found)
        return self._source

    def _main_of(self, source: Source) -> Source:
        """The object that is cut: of an .ibd the imzML beside it."""
        companions = getattr(self._data_format, "companions", {})
        for ending, others in companions.items():
            if source.uri.endswith(ending):
                for other in others:
                    try:
                        return source.sibling(other, replacing=ending)
                    except NotFound:
                        continue
                raise NotFound(f"there is no {' or '.join(others)} beside {source.uri}")
        return source

    def _chosen(self) -> Format:
        """The format of ours that the bytes are."""
        if self._format is None:
            if not isinstance(self._data_format, DataFormat):
                self._format = plugin_of(self._data_format)
                return self._format
            candidates = [get_format(name) for name in self._data_format.formats]
            if len(candidates) > 1:
                source = self._opened()
                name, head = object_name(source.uri), head_of(source, HEAD_BYTES)
                candidates.sort(key=lambda candidate: -candidate.detect(name, head))
            self._format = candidates[0]
        return self._format

    def _params(self) -> PartitionParams:
        return check_params(self._chosen(), self._extra)

    def _saved(self) -> Index | None:
        if self._index is None:
            place = find_place(beside=self._client.connection)
            kept, _ = find_anywhere(place, self._opened(), self._chosen(), self._params())
            current = getattr(self._chosen(), "current", None)
            if kept is not None and (current is None or current(self._opened(), kept.index)):
                self._index = kept.index
        return self._index

    def _attributes(self, index: Index) -> Any:
        if not isinstance(self._data_format, DataFormat):
            learned = Learned.from_parts(index.facts, index.arrays)
            plugin = cast("Any", self._chosen())
            return plugin.cloud_object(index.uri, index.size, None, learned).attributes
        counts = dict.fromkeys(("records", *self._data_format.known_as), index.records)
        inner = index.facts.get("inner")
        facts = {**(inner if isinstance(inner, dict) else {}), **index.facts}
        if facts.get("wrapped") is False:
            counts["total_lines"] = 4 * index.records  # FASTQ, each read on four lines
        return attributes_of({name: value for name, value in {**facts, **counts}.items() if name.isidentifier()})

    def _metadata(self) -> bytes:
        index = self._saved()
        if index is None or "metadata" not in index.arrays:
            return b""
        return index.arrays["metadata"].tobytes()

    def _strategy_params(
        self, format: Format, strategy: Any, args: tuple[Any, ...], options: dict[str, Any]
    ) -> dict[str, Any]:
        if strategy is None:
            if args:
                raise BadRequest("arguments without a strategy need their names")
            return options
        of, _, inner = unwrapped(strategy)
        name = strategy if isinstance(strategy, str) else getattr(strategy if of is None else inner, "__name__", None)
        if isinstance(strategy, Strategy):
            name = strategy.name
        if not isinstance(name, str):
            raise BadRequest(f"{strategy!r} is not a partitioning strategy")
        if isinstance(self._data_format, DataFormat):
            return Strategy(name).params(format, args, options)
        return {"strategy": name, **Strategy(name).params(format, args, options)}

    def _slice(self, piece: LazySlice) -> Any:
        if isinstance(self._data_format, DataFormat):
            return DataSlice(piece._origin, piece._piece, self._data_format)
        return PluginSlice(piece._origin, piece._piece, self._chosen())


def _names_strategy(value: Any) -> bool:
    """Whether `value` is a strategy, and not the argument of that name that some strategies have."""
    return callable(value) or (isinstance(value, str) and value not in ("expand", "merge"))


def _silent(done: int, total: int) -> None:
    """Nobody asked for progress."""


def _known(data_format: Any) -> Any:
    """Our data format of this name, or a plug-in. Dataplug's own formats are taken for ours."""
    if isinstance(data_format, DataFormat):
        return data_format
    if isinstance(data_format, str) and data_format in DATA_FORMATS:
        return DATA_FORMATS[data_format]
    if is_plugin(data_format):
        decorated = data_format.co_class or data_format.preprocessing_function
        own = decorated.__module__.startswith("dataplug.formats.")
        return DATA_FORMATS.get(decorated.__name__, data_format) if own else data_format
    raise BadRequest(f"{data_format!r} is no data format; known are {', '.join(DATA_FORMATS)} and plug-ins of Dataplug")


def _restored(
    data_format: Any, path: S3Path, meta_path: S3Path, reference: dict[str, Any], extra: dict[str, Any]
) -> CloudObject:
    from ..models import ConnectionRef

    made = CloudObject(data_format, path, meta_path, storage_config=ConnectionRef(**reference))
    made._extra = extra
    return made
