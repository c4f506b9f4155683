"""The cloud object that a plug-in is handed: its storage reads through a Source, writes stay in memory."""

from __future__ import annotations

import io
import re
from collections import namedtuple
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

from ..errors import BadRequest, NotFound
from ..source import Range, Source
from ..tree import TreeSource
from .files import AT_ONCE, SourceFile, Watched, open_file
from .learned import Learned
from .storage import S3Path

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_ELSEWHERE = ("generate_presigned_url", "get_paginator", "list_objects", "list_objects_v2", "meta", "exceptions")


class Storage:
    """What a plug-in takes for a boto3 S3 client: reads of objects, and a memory for what it writes as metadata."""

    def __init__(self, source: Source | None, path: S3Path, meta_path: S3Path, written: MutableMapping[str, bytes]):
        self._source = source
        self._path = path
        self._meta_path = meta_path
        self._written = written

    def get_object(self, Bucket: str, Key: str, Range: str | None = None, **others: Any) -> dict[str, Any]:  # noqa: N803
        from botocore.response import StreamingBody

        data = self._meta(Bucket, Key)
        source = None if data is not None else self._source_of(Bucket, Key)
        size = len(data) if data is not None else _size(source)
        start, length = _asked(Range, size)
        if source is None:
            file: IO[bytes] = io.BytesIO((data or b"")[start : start + length])
        elif length <= 2 * AT_ONCE:
            file = io.BytesIO(source.read(start, length))
        else:
            file = io.BufferedReader(SourceFile(source, start, start + length), AT_ONCE)
        headers = {"ContentRange": f"bytes {start}-{start + length - 1}/{size}"} if Range else {}
        return {
            "Body": StreamingBody(file, length),
            "ContentLength": length,
            **_described(source),
            **headers,
            "ResponseMetadata": {"HTTPStatusCode": 206 if Range else 200},
        }

    def head_object(self, Bucket: str, Key: str, **others: Any) -> dict[str, Any]:  # noqa: N803
        data = self._meta(Bucket, Key)
        source = None if data is not None else self._source_of(Bucket, Key)
        size = len(data) if data is not None else _size(source)
        answered = {"HTTPStatusCode": 200}
        return {"ContentLength": size, "Metadata": {}, **_described(source), "ResponseMetadata": answered}

    def download_fileobj(self, Bucket: str, Key: str, Fileobj: IO[bytes], **others: Any) -> None:  # noqa: N803
        for block in self.get_object(Bucket, Key)["Body"].iter_chunks(AT_ONCE):
            Fileobj.write(block)

    def download_file(self, Bucket: str, Key: str, Filename: str, **others: Any) -> None:  # noqa: N803
        with Path(Filename).open("wb") as file:
            self.download_fileobj(Bucket, Key, file)

    def put_object(self, Bucket: str, Key: str, Body: Any = b"", **others: Any) -> dict[str, Any]:  # noqa: N803
        if Bucket != self._meta_path.bucket:
            raise BadRequest(f"a plug-in may not write s3://{Bucket}/{Key}: only metadata can be kept, with the index")
        self._written[Key] = bytes(Body.read() if hasattr(Body, "read") else Body)
        return {"ResponseMetadata": {"HTTPStatusCode": 200}}

    def upload_fileobj(self, Fileobj: IO[bytes], Bucket: str, Key: str, **others: Any) -> None:  # noqa: N803
        self.put_object(Bucket, Key, Fileobj)

    def upload_file(self, Filename: str, Bucket: str, Key: str, **others: Any) -> None:  # noqa: N803
        with Path(Filename).open("rb") as file:
            self.put_object(Bucket, Key, file)

    def delete_object(self, Bucket: str, Key: str, **others: Any) -> dict[str, Any]:  # noqa: N803
        if Bucket != self._meta_path.bucket:
            raise BadRequest(f"a plug-in may not delete s3://{Bucket}/{Key}")
        self._written.pop(Key, None)
        return {"ResponseMetadata": {"HTTPStatusCode": 204}}

    def head_bucket(self, Bucket: str, **others: Any) -> dict[str, Any]:  # noqa: N803
        return {"ResponseMetadata": {"HTTPStatusCode": 200}}

    create_bucket = head_bucket

    def list_objects_v2(self, Bucket: str, Prefix: str = "", **others: Any) -> dict[str, Any]:  # noqa: N803
        """All objects below the folder of a format of folders, in one reply; for other objects S3 is asked."""
        tree = _bottom(self._source)
        if not isinstance(tree, TreeSource):
            return dict(self.__getattr__("list_objects_v2")(Bucket=Bucket, Prefix=Prefix, **others))
        keys = [(f"{self._path.key}/{member.name}", member) for member in tree.files]
        found = [{"Key": key, "Size": m.size, "ETag": f'"{m.etag}"'} for key, m in keys if key.startswith(Prefix)]
        return {"Contents": found, "KeyCount": len(found), "IsTruncated": False} if found else {"KeyCount": 0}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        connection = getattr(_bottom(self._source), "connection", None)
        if name not in _ELSEWHERE or connection is None:
            raise BadRequest(f"a plug-in of {self._path} asks its storage for {name!r}, which only reading S3 can give")
        return getattr(connection.client_of(self._path.bucket), name)

    def __deepcopy__(self, memo: object) -> Storage:
        return self

    def _meta(self, bucket: str, key: str) -> bytes | None:
        if bucket != self._meta_path.bucket or self._meta_path.bucket == self._path.bucket:
            return None
        if key not in self._written:
            raise _not_found(bucket, key)
        return self._written[key]

    def _source_of(self, bucket: str, key: str) -> Source:
        if self._source is None:
            raise BadRequest(
                f"the strategy reads {self._path} itself while it cuts; let the preprocessing keep what cutting needs "
                "in its attributes or metadata"
            )
        tree = _bottom(self._source)
        try:
            if isinstance(tree, TreeSource) and bucket == self._path.bucket:
                return tree.member(key.removeprefix(f"{self._path.key}/"))
            if (bucket, key) == (self._path.bucket, self._path.key):
                return self._source
            return self._other(self._source, bucket, key)
        except NotFound:
            raise _not_found(bucket, key) from None

    def _other(self, source: Source, bucket: str, key: str) -> Source:
        if bucket != self._path.bucket:
            raise NotFound(f"s3://{bucket}/{key} is in another bucket than {self._path}")
        pairs = zip(self._path.key, key, strict=False)
        shared = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(self._path.key), len(key)))
        replaced = self._path.key[shared:]
        if "/" in replaced and not source.uri.startswith("s3://"):
            raise NotFound(f"{key} is in another folder than {source.uri}")
        return source.sibling(key[shared:], replacing=replaced)


class PluginObject:
    """The cloud object of a plug-in while it learns, cuts or reads."""

    def __init__(
        self,
        data_format: Any,
        uri: str,
        size: int,
        source: Source | None,
        learned: Learned,
        defaults: Mapping[str, Any],
    ) -> None:
        self.path, self.meta_path = paths_of(uri)
        self.size = size
        self.written: dict[str, bytes] = {**learned.objects, self.meta_path.key: learned.metadata}
        self.storage = Storage(source, self.path, self.meta_path, self.written)
        self.attributes = attributes_of({**defaults, **learned.attributes})
        self._format_cls = data_format
        self._source = source

    @property
    def meta_size(self) -> int:
        return len(self.written[self.meta_path.key])

    @property
    def open(self) -> Callable[..., IO[Any]]:
        return lambda mode="r", *args, **options: open_file(
            self.storage._source_of(self.path.bucket, self.path.key), self.path.key, mode, *args, **options
        )

    @property
    def open_metadata(self) -> Callable[..., IO[Any]]:
        from ..source import MemorySource

        held = MemorySource(self.written[self.meta_path.key], "memory:metadata")
        return lambda mode="r", *args, **options: open_file(held, "metadata", mode, *args, **options)

    def get_attribute(self, key: str) -> Any:
        return getattr(self.attributes, key)

    def __getitem__(self, key: str) -> Any:
        return getattr(self.attributes, key)

    def exists(self) -> bool:
        return True

    def is_preprocessed(self) -> bool:
        return True

    def fetch(self) -> None:
        """There is nothing to fetch: what is known is here."""

    def __repr__(self) -> str:
        return f"<cloud object {self.path.as_uri()}>"


def paths_of(uri: str) -> tuple[S3Path, S3Path]:
    """Where the object is and where Dataplug would put its metadata; nothing is ever written there."""
    uri = uri.rstrip("/")
    if uri.startswith("s3://"):
        path = S3Path.from_uri(uri)
    else:
        path = S3Path("local", unquote(uri.partition(":")[2]).lstrip("/"))
    return path, S3Path(f"{path.bucket}.meta", path.key)


def attributes_of(values: Mapping[str, Any]) -> Any:
    """An immutable record of them, with `_asdict` as Dataplug's has."""
    return namedtuple("Attributes", list(values))(**values)


def _bottom(source: Source | None) -> Source | None:
    return source.inner if isinstance(source, Watched) else source


def _size(source: Source | None) -> int:
    return source.size if source is not None else 0


def _described(source: Source | None) -> dict[str, str]:
    return {"ETag": f'"{source.etag}"'} if source is not None else {}


def _asked(range: str | None, size: int) -> Range:
    """(offset, length) of an HTTP range of bytes. botocore's ClientError when it lies outside."""
    if range is None:
        return 0, size
    match = _RANGE.fullmatch(range.replace(" ", ""))
    if match is None or not (match[1] or match[2]):
        raise BadRequest(f"the range {range!r} is not one of bytes; it looks like bytes=0-99")
    if not match[1]:
        length = min(int(match[2]), size)
        return size - length, length
    start, stop = int(match[1]), min(int(match[2]) + 1, size) if match[2] else size
    if start >= size or stop <= start:
        raise _client_error("InvalidRange", 416, f"bytes {range} of an object of {size} bytes")
    return start, stop - start


def _not_found(bucket: str, key: str) -> Exception:
    return _client_error("404", 404, f"there is no s3://{bucket}/{key}")


def _client_error(code: str, status: int, message: str) -> Exception:
    from botocore.exceptions import ClientError

    reply: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(reply, "GetObject")
