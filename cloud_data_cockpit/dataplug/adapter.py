"""A Dataplug plug-in as a Format: its preprocessing makes our index, its strategies cut, its slices are read."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from importlib import import_module
from typing import Any, cast

from ..errors import BadRequest, FormatError
from ..formats.base import BLOCK_SIZE, Cut, Format, Index, PartitionParams, Report, Run, View
from ..models import Slice
from ..registry import register_format
from ..source import Source
from .files import SourceFile, Watched
from .learned import Learned, carried, result_of, uncarried
from .objects import PluginObject
from .plain import from_plain, to_plain
from .plugin_params import PluginParams, own_params, params_model, strategy_of
from .upstream import functions_of, home_of, is_plugin, slice_class, slice_classes, strategies_in, title_of, upstream

_CHUNKED = {"chunk_data", "chunk_id", "chunk_size", "num_chunks"}
_ONE_EACH = "a plug-in of Dataplug does not count its records: every slice counts as one"
_NOT_VIEWS = ("get", "to_file")


def adapt(
    data_format: Any,
    *,
    strategies: Iterable[Any] | Any = (),
    name: str | None = None,
    title: str | None = None,
    extensions: tuple[str, ...] = (),
    version: int = 1,
    detect: Callable[[str, bytes], float] | None = None,
) -> Format:
    """A class decorated with Dataplug's `@CloudDataFormat` as a Format of the cockpit.

    strategies: its partitioning strategies, or modules that hold them; unless given, those beside it. name: what
    an entry point of the group `cloud_data_cockpit.formats` must be called that names the result. version: count it
    up when the preprocessing changes. detect: how sure it is of an object, by name and first bytes; unless given,
    names that end with one of `extensions` are taken. MissingExtra without cloud-dataplug, BadRequest for others.
    """
    upstream()
    if not is_plugin(data_format):
        raise BadRequest(f"{data_format!r} is not a class decorated with Dataplug's @CloudDataFormat")
    places = strategies if isinstance(strategies, list | tuple) else (strategies,)
    return cast(
        "Format",
        PluginFormat(
            data_format, tuple(places), name, title=title, extensions=extensions, version=version, detect=detect
        ),
    )


def register(data_format: Any, **options: Any) -> Format:
    """`adapt` it and make it known in this process; other processes know it by an entry point or by doing the same."""
    format = adapt(data_format, **options)
    register_format(format)
    return format


class PluginFormat:
    """The Format that `adapt` gives. Calling it gives itself, so that an entry point may name it."""

    def __init__(
        self,
        data_format: Any,
        places: tuple[Any, ...],
        name: str | None,
        *,
        title: str | None,
        extensions: tuple[str, ...],
        version: int,
        detect: Callable[[str, bytes], float] | None,
    ) -> None:
        self.data_format = data_format
        self.title = title or title_of(data_format)
        self.name = name or _kebab(title_of(data_format))
        self.version = version
        self.extensions = extensions
        self.extra = None
        self._options = {"title": title, "extensions": extensions, "version": version, "detect": detect}
        self._detect = detect
        self._preprocess, self._finalize = functions_of(data_format)
        found = [strategy_of(inner.__name__, call, inner) for call, inner in strategies_in(data_format, places)]
        self.params: type[PartitionParams] = params_model(self.title, self._preprocess, found)
        self.strategies = {s.name: {a.name: a.field for a in s.arguments} for s in found}

    def __call__(self) -> PluginFormat:
        return self

    def detect(self, name: str, head: bytes) -> float:
        if self._detect is not None:
            return self._detect(name, head)
        return 0.4 if self.extensions and name.lower().endswith(self.extensions) else 0.0

    def index(
        self, source: Source, params: PartitionParams, report: Report, *, run: Run = map, block_size: int = BLOCK_SIZE
    ) -> Index:
        """Run the plug-in's preprocessing: in chunks of `block_size` and a merge where it can, else in one go.

        FormatError when it returns what cannot be kept as plain data.
        """
        asked = own_params(params, self._model)
        learned = self._learn(source, asked, report, run, block_size)
        facts, arrays = learned.to_parts(self.title)
        return Index(
            format=self.name,
            version=self.version,
            uri=source.uri,
            etag=source.etag,
            size=source.size,
            reading=asked.reading(),
            records=0,
            facts=facts,
            arrays=arrays,
        )

    def partition(self, index: Index, params: PartitionParams) -> Cut:
        """Cut by the plug-in's strategy. FormatError for slices whose state is not plain data."""
        asked = own_params(params, self._model)
        if not asked.strategies:
            raise BadRequest(f"{self.title} has no partitioning strategy: name them, adapt(..., strategies=[...])")
        strategy, arguments = asked.call_arguments(index.size)
        learned = Learned.from_parts(index.facts, index.arrays)
        made = strategy.call(self.cloud_object(index.uri, index.size, None, learned), **arguments)
        slices = [self._packed(number, piece, index.size) for number, piece in enumerate(made)]
        shared = {"learned": carried(index.facts, index.arrays), "reading": dict(index.reading)}
        return Cut(slices, shared, (_ONE_EACH,))

    def read(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> Any:
        """What the plug-in's own slice gives."""
        return self.restored(source, shared, piece).get()

    def read_bytes(self, source: Source, shared: Mapping[str, Any], piece: Slice, *, header: bool) -> bytes:
        """What the plug-in's own slice gives, when that is bytes or text. BadRequest otherwise."""
        found = self.read(source, shared, piece)
        if isinstance(found, bytes | bytearray | memoryview):
            return bytes(found)
        if isinstance(found, str):
            return found.encode()
        raise BadRequest(f"slices of {self.title} are a {type(found).__name__}, which has no bytes: use get()")

    def count(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> int:
        return piece.records

    @property
    def views(self) -> Mapping[str, View]:
        """The further public methods of the plug-in's slices."""
        return {name: partial(self._view, name) for name in self._methods()}

    def cloud_object(self, uri: str, size: int, source: Source | None, learned: Learned) -> PluginObject:
        """The cloud object that the plug-in's functions are handed."""
        return PluginObject(self.data_format, uri, size, source, learned, self._defaults())

    def restored(self, source: Source, shared: Mapping[str, Any], piece: Slice) -> Any:
        """The plug-in's own slice, which reads through `source`."""
        cls = slice_class(piece.details["class"])
        state = from_plain(piece.details["state"], {})
        made: Any = object.__new__(cls)
        if hasattr(made, "__setstate__"):
            made.__setstate__(state)
        else:
            made.__dict__.update(state)
        made.cloud_object = self.cloud_object(source.uri, source.size, source, self._recall(source, shared))
        return made

    # --- learning

    def _learn(self, source: Source, asked: PluginParams, report: Report, run: Run, block_size: int) -> Learned:
        if self._preprocess is None:
            return Learned()
        report(0, source.size)
        extra = asked.preprocessing_arguments()
        names = set(inspect.signature(self._preprocess).parameters)
        if self._finalize is None or not names >= _CHUNKED:
            watched = Watched(source, report)
            held = self.cloud_object(source.uri, source.size, watched, Learned())
            learned = result_of(self._preprocess(held, **extra), self.title)
        else:
            held = self.cloud_object(source.uri, source.size, source, Learned())
            count = max(1, -(-source.size // block_size))
            work = partial(_map_chunk, self, source, extra, block_size, count)
            results = _counted(run(work, range(count)), report, block_size, source.size)
            learned = result_of(self._finalize(held, results), self.title)
        report(source.size, source.size)
        objects = {key: data for key, data in held.written.items() if key != held.meta_path.key}
        return Learned(learned.attributes, learned.metadata, objects)

    def map_chunk(self, source: Source, extra: Mapping[str, Any], size: int, count: int, number: int) -> Any:
        """The preprocessing of chunk `number` of `count`."""
        if self._preprocess is None:
            raise FormatError(f"{self.title} has no preprocessing")
        start = number * size
        body = SourceFile(source, start, min(start + size, source.size))
        held = self.cloud_object(source.uri, source.size, source, Learned())
        given = self._preprocess(
            cloud_object=held, chunk_data=body, chunk_id=number, chunk_size=size, num_chunks=count, **extra
        )
        found = result_of(given, self.title)
        metadata = upstream("dataplug.preprocessing.metadata").PreprocessingMetadata
        return metadata(metadata=found.metadata, attributes=dict(found.attributes))

    def _recall(self, source: Source, shared: Mapping[str, Any]) -> Learned:
        if shared["learned"] is not None:
            return _uncarried(shared["learned"])
        from ..slicing import indexes

        params = self._model.model_validate(shared["reading"])
        index = indexes.load(source, cast("Format", self), params)
        if index is None:
            # Another machine than the one that indexed: what the slice needs is learned again, and kept.
            index = self.index(source, params, lambda done, total: None)
            indexes.save(index)
        return Learned.from_parts(index.facts, index.arrays)

    # --- slices

    def _packed(self, number: int, piece: Any, size: int) -> Slice:
        cls = type(piece)
        state = piece.__getstate__() or {}
        if not isinstance(state, dict):
            raise FormatError(f"slices of {self.title} keep their state in slots, which cannot be kept as plain data")
        state = {name: value for name, value in state.items() if name != "cloud_object"}
        details = {"class": f"{cls.__module__}:{cls.__qualname__}"}
        details["state"] = to_plain(state, f"a slice of {self.title}")
        return Slice(number=number, ranges=_ranges(state, size), records=1, details=details)

    def _methods(self) -> list[str]:
        modules = {strategy.module for strategy in self._model.strategies.values()}
        own = [cls for cls in slice_classes() if cls.__module__ in modules]
        names = {name for cls in own for name in dir(cls) if callable(getattr(cls, name))}
        return sorted(name for name in names if not name.startswith("_") and name not in _NOT_VIEWS)

    def _view(
        self, name: str, source: Source, shared: Mapping[str, Any], piece: Slice, *args: Any, **options: Any
    ) -> Any:
        return getattr(self.restored(source, shared, piece), name)(*args, **options)

    def _defaults(self) -> dict[str, Any]:
        declared = getattr(self.data_format.co_class, "__annotations__", {})
        values = {n: v for n, v in self.data_format.default_attrs.items() if not callable(v) and not n.startswith("_")}
        return {**dict.fromkeys(declared), **values}

    @property
    def _model(self) -> type[PluginParams]:
        return cast("type[PluginParams]", self.params)

    def __reduce__(self) -> tuple[Any, ...]:
        home = home_of(self.data_format)
        if home is None:
            raise BadRequest(f"{self.title} is in no module, so other processes cannot find it: write it into a file")
        strategies = [(strategy.module, strategy.name) for strategy in self._model.strategies.values()]
        return _found_again, (home, strategies, self.name, self._options)


def _found_again(
    home: tuple[str, str], strategies: list[tuple[str, str]], name: str, options: dict[str, Any]
) -> PluginFormat:
    upstream()
    data_format = getattr(import_module(home[0]), home[1])
    places = tuple(getattr(import_module(module), strategy) for module, strategy in strategies)
    return PluginFormat(data_format, places, name, **options)


def _map_chunk(
    format: PluginFormat, source: Source, extra: Mapping[str, Any], size: int, count: int, number: int
) -> Any:
    return format.map_chunk(source, extra, size, count, number)


def _counted(results: Iterable[Any], report: Report, size: int, total: int) -> Iterator[Any]:
    """The results one by one, each counted as a chunk of `size` bytes."""
    for number, result in enumerate(results, 1):
        report(min(number * size, total), total)
        yield result


def _ranges(state: Mapping[str, Any], size: int) -> tuple[tuple[int, int], ...]:
    """The bytes between range_0 and range_1, where these are bytes of the object; plug-ins count other things too."""
    try:
        start, stop = int(state["range_0"]), min(int(state["range_1"]), size)
    except (KeyError, TypeError, ValueError):
        return ()
    return ((start, stop - start),) if 0 <= start <= stop else ()


def _kebab(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", title).lower()).strip("-") or "plugin"


@lru_cache(maxsize=8)
def _uncarried(text: str) -> Learned:
    return uncarried(text)
