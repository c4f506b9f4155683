"""A Zarr store over our own S3 requests: their credentials, retries, guard and errors, and any key that S3 takes."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from zarr.abc.store import ByteRequest, OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
from zarr.core.buffer import Buffer, BufferPrototype

from ..errors import NotFound, ServiceError
from ..s3 import walk
from ..s3.connections import Connection
from ..s3.http import BrokenError, Reply
from ..s3.objects import check_key, delete_object, exists, make_uri
from ..s3.signing import SignedRequest, send
from ..s3.whole import put_whole

AT_ONCE = 16
"""Requests of all arrays of this process that are on their way at once."""
LONGEST_NODE = 8 << 20
METADATA = "zarr.json"
T = TypeVar("T")
Bytes: TypeAlias = NDArray[np.uint8]


class S3Store(Store):
    """The keys below `prefix` of a bucket as a Zarr store. Thread-safe; pickles by ConnectionRef, without credentials.

    While `complete`, a chunk that is not there is an error: Zarr would take it for one full of fill values, and all
    chunks of an array that `save` has finished are written. With `claim` the root's metadata are written only if there
    are none yet: of two writers one gets a Conflict.
    """

    supports_writes = True
    supports_deletes = True
    supports_listing = True

    def __init__(
        self,
        connection: Connection,
        bucket: str,
        prefix: str,
        *,
        read_only: bool = False,
        complete: bool = False,
        claim: bool = False,
    ) -> None:
        super().__init__(read_only=read_only)
        self.connection = connection
        self.bucket = bucket
        self.prefix = prefix if not prefix or prefix.endswith("/") else prefix + "/"
        self.complete = complete
        self.claim = claim
        self.claimed = False
        """Whether the root's metadata were written here first."""

    def with_read_only(self, read_only: bool = False) -> S3Store:
        return S3Store(self.connection, self.bucket, self.prefix, read_only=read_only, complete=self.complete)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, S3Store) and self._state() == other._state()

    def __hash__(self) -> int:
        return hash((self.connection.ref, self.bucket, self.prefix))

    def __reduce__(self) -> Any:
        return _restored, self._state()

    def _state(self) -> tuple[Any, ...]:
        return self.connection, self.bucket, self.prefix, self.read_only, self.complete

    def __repr__(self) -> str:
        return f"<S3Store {make_uri(self.bucket, self.prefix)}>"

    # --- reading -------------------------------------------------------------------------------

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        found = await _in_thread(self._get, key, byte_range)
        return None if found is None else prototype.buffer.from_array_like(found)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return list(await asyncio.gather(*(self.get(key, prototype, part) for key, part in key_ranges)))

    async def exists(self, key: str) -> bool:
        return await _in_thread(exists, self.connection, self.bucket, self._key(key))

    async def getsize(self, key: str) -> int:
        from ..s3.objects import head

        try:
            return (await _in_thread(head, self.connection, self.bucket, self._key(key))).size
        except NotFound:
            raise FileNotFoundError(key) from None

    def _get(self, key: str, byte_range: ByteRequest | None) -> Bytes | None:
        request = SignedRequest(self.connection, "get_object", {"Bucket": self.bucket, "Key": self._key(key)})
        wanted = _range_header(byte_range)
        try:
            return send(request, partial(_body, byte_range), headers={"Range": wanted} if wanted else None)
        except NotFound:
            if self.complete and not key.endswith(METADATA):
                where = make_uri(self.bucket, self._key(key))
                raise ServiceError(f"a chunk of the array is missing: {where}; save the array anew") from None
            return None

    # --- writing -------------------------------------------------------------------------------

    async def set(self, key: str, value: Buffer) -> None:
        self._check_writable()
        claim = self.claim and key == METADATA and not self.claimed
        body = np.ascontiguousarray(value.as_numpy_array()).data
        await _in_thread(put_whole, self.connection, self.bucket, self._key(key), body, overwrite=not claim)
        self.claimed = self.claimed or claim

    async def delete(self, key: str) -> None:
        self._check_writable()
        await _in_thread(delete_object, self.connection, self.bucket, self._key(key))

    # --- listing -------------------------------------------------------------------------------

    async def list(self) -> AsyncIterator[str]:
        async for key in self.list_prefix(""):
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        base = self.prefix + prefix
        async for key in _from_thread(
            lambda: (entry.key for entry in walk.iter_objects(self.connection, self.bucket, base))
        ):
            yield key.removeprefix(self.prefix)

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        base = self.prefix + prefix.rstrip("/") + "/" if prefix else self.prefix

        def names() -> Iterable[str]:
            for page in walk.iter_pages(self.connection, self.bucket, base, delimiter="/"):
                yield from (found.removeprefix(base).rstrip("/") for found in page.prefixes)
                yield from (entry.key.removeprefix(base) for entry in page.objects if entry.key != base)

        async for name in _from_thread(names):
            yield name

    def _key(self, key: str) -> str:
        return check_key(self.prefix + key)


def _restored(connection: Connection, bucket: str, prefix: str, read_only: bool, complete: bool) -> S3Store:
    return S3Store(connection, bucket, prefix, read_only=read_only, complete=complete)


def _range_header(byte_range: ByteRequest | None) -> str | None:
    if isinstance(byte_range, RangeByteRequest):
        return f"bytes={byte_range.start}-{byte_range.end - 1}"
    if isinstance(byte_range, OffsetByteRequest):
        return f"bytes={byte_range.offset}-"
    if isinstance(byte_range, SuffixByteRequest):
        return f"bytes=-{byte_range.suffix}"
    return None


def _body(byte_range: ByteRequest | None, reply: Reply) -> Bytes:
    """The bytes that were asked for; a service that answers a range with the whole object is cut here."""
    announced = reply.headers.get("Content-Length")
    if announced is None:
        body: Bytes = np.frombuffer(reply.read(LONGEST_NODE), np.uint8)
    else:
        body = np.empty(int(announced), np.uint8)  # not filled with zeros first, and received where it stays
        if reply.read_into(body.data) != len(body):
            raise BrokenError(f"the body broke off before its {len(body)} bytes")
    if byte_range is None or reply.status == 206:
        return body
    if isinstance(byte_range, RangeByteRequest):
        return body[byte_range.start : byte_range.end]
    if isinstance(byte_range, OffsetByteRequest):
        return body[byte_range.offset :]
    return body[-byte_range.suffix :]


# --- threads -----------------------------------------------------------------------------------


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="cockpit-zarr")


if hasattr(os, "register_at_fork"):
    # The threads stay behind in the parent: a child that took the pool for its own would wait for them for ever.
    os.register_at_fork(after_in_child=_pool.cache_clear)


async def _in_thread(function: Callable[..., T], *args: Any, **options: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(_pool(), partial(function, *args, **options))


async def _from_thread(make: Callable[[], Iterable[str]]) -> AsyncIterator[str]:
    """What an iterator that blocks gives, a few hundred at a time."""
    iterator = iter(make())
    lock = threading.Lock()

    def some() -> list[str]:
        with lock:
            return [item for _, item in zip(range(500), iterator, strict=False)]

    while found := await _in_thread(some):
        for item in found:
            yield item
