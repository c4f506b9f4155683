"""What an operation is given: the call, and the way its reply's headers are made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeVar

from .auth import Identity
from .bodies import Expected, FileSink
from .files import BodyFiles
from .keys import Keys
from .records import Bucket, Condition, Version
from .replies import Reply, http_date
from .request import Request
from .s3errors import S3Error
from .store import Store

T = TypeVar("T")


@dataclass(slots=True)
class Call:
    """One authorised request with its body."""

    store: Store
    pool: ThreadPoolExecutor
    keys: Keys
    request: Request
    identity: Identity
    place: Bucket | None
    now: float
    document: bytes = b""
    file: FileSink | None = None
    expected: Expected | None = None

    @property
    def bucket(self) -> Bucket:
        """The bucket the request names. Raises NoSuchBucket."""
        if self.place is None:
            raise S3Error("NoSuchBucket", BucketName=self.request.bucket)
        return self.place

    @property
    def files(self) -> BodyFiles:
        """The bodies."""
        return self.store.files

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do disk work beside the loop."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, work)

    def remove(self, files: list[str]) -> None:
        """Unlink bodies that nothing refers to, beside the loop when they are many."""
        if len(files) > 4:
            self.pool.submit(self.files.remove, files)
        elif files:
            self.files.remove(files)

    def received(self) -> FileSink:
        """The body that was streamed to a file, checked against what the client promised."""
        if self.file is None or self.expected is None:
            raise S3Error("InternalError")
        self.expected.check(self.file)
        return self.file

    def condition(self) -> Condition:
        """If-Match and If-None-Match of a write."""
        if_none_match = self.request.header("if-none-match")
        if if_none_match not in (None, "*"):
            raise S3Error("NotImplemented", "A write understands If-None-Match: * only.")
        return Condition(quote_etag(self.request.header("if-match")), if_none_match)


Run = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One S3 operation: the action a policy names, how it is done, what happens to its body.

    takes: "document" is kept in memory, "file" streamed to disk, "form" a browser's POST.
    needs_bucket: whether the bucket must exist already.
    """

    action: str
    run: Run
    takes: Literal["document", "file", "form"] = "document"
    needs_bucket: bool = True


def quote_etag(etag: str | None) -> str | None:
    """An ETag with its quotes, which some clients leave out; * and None stay."""
    if etag is None or etag == "*":
        return etag
    return f'"{etag.strip().strip(chr(34))}"'


def find_version(call: Call, key: bytes | None = None, version_id: str | None = None) -> Version:
    """The version a request names. Raises NoSuchKey, NoSuchVersion, MethodNotAllowed for a delete marker by its id."""
    key = call.request.key if key is None else key
    found = call.store.version(call.bucket, key, version_id)
    text = key.decode("utf-8", "replace")
    if found is None:
        if version_id is None:
            raise S3Error("NoSuchKey", Key=text)
        raise S3Error("NoSuchVersion", Key=text, VersionId=version_id)
    if found.marker:
        headers = {"x-amz-delete-marker": "true", "x-amz-version-id": found.version}
        if version_id is None:
            raise S3Error("NoSuchKey", headers=headers, Key=text)
        raise S3Error("MethodNotAllowed", headers=headers | {"Last-Modified": http_date(found.modified)})
    return found


def version_header(call: Call, version_id: str | None) -> dict[str, str]:
    """x-amz-version-id, where the bucket has versions."""
    return {"x-amz-version-id": version_id} if version_id is not None and call.bucket.versioning else {}
