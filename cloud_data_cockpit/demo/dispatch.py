"""From a request to its operation: the table of operations, who may do them, where their bodies go."""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from . import archive, buckets, copies, details, multipart, objects, pages
from .access import allows
from .auth import UNSIGNED, Identity, check_payload_rule, identify
from .bodies import DocumentSink, Expected, FileSink, Sink
from .chunked import ChunkedSink
from .cors import add_headers, preflight
from .faults import PATH, Faults
from .forms import FormSink, identify_form
from .keys import Keys
from .operations import Call, Operation
from .postform import post_object
from .replies import Reply
from .request import Request
from .s3errors import S3Error
from .store import Store
from .sts import sts

_DOCUMENT_LIMIT = 8 << 20
_LARGEST_BODY = 5 << 30
_DOCUMENTS = [*buckets.DOCUMENTS, *buckets.ABSENT]

# (method, what is named, subresource) -> operation. A subresource that is known but not in the table is answered
# NotImplemented: it must never be taken for the object itself.
TABLE: dict[tuple[str, str, str], Operation] = {
    ("GET", "service", ""): Operation("s3:ListAllMyBuckets", buckets.list_buckets, needs_bucket=False),
    ("POST", "service", ""): Operation("sts:*", sts, needs_bucket=False),
    ("PUT", "bucket", ""): Operation("s3:CreateBucket", buckets.create_bucket, needs_bucket=False),
    ("GET", "bucket", ""): Operation("s3:ListBucket", pages.list_objects),
    ("HEAD", "bucket", ""): Operation("s3:ListBucket", buckets.head_bucket),
    ("DELETE", "bucket", ""): Operation("s3:DeleteBucket", buckets.delete_bucket),
    ("GET", "bucket", "location"): Operation("s3:GetBucketLocation", buckets.location),
    ("GET", "bucket", "versions"): Operation("s3:ListBucketVersions", pages.list_versions),
    ("GET", "bucket", "uploads"): Operation("s3:ListBucketMultipartUploads", multipart.uploads_page),
    ("POST", "bucket", "delete"): Operation("", objects.delete_objects),
    ("GET", "bucket", "versioning"): Operation("s3:GetBucketVersioning", buckets.get_versioning),
    ("PUT", "bucket", "versioning"): Operation("s3:PutBucketVersioning", buckets.put_versioning),
    ("GET", "bucket", "policy"): Operation("s3:GetBucketPolicy", buckets.get_policy),
    ("PUT", "bucket", "policy"): Operation("s3:PutBucketPolicy", buckets.put_policy),
    ("DELETE", "bucket", "policy"): Operation("s3:DeleteBucketPolicy", buckets.delete_policy),
    ("GET", "bucket", "policyStatus"): Operation("s3:GetBucketPolicyStatus", buckets.policy_status),
    ("GET", "bucket", "acl"): Operation("s3:GetBucketAcl", buckets.get_acl),
    ("PUT", "bucket", "acl"): Operation("s3:PutBucketAcl", buckets.put_acl),
    **{("GET", "bucket", name): Operation(f"s3:GetBucket:{name}", buckets.get_document) for name in _DOCUMENTS},
    **{("PUT", "bucket", name): Operation(f"s3:PutBucket:{name}", buckets.put_document) for name in _DOCUMENTS},
    **{("DELETE", "bucket", name): Operation(f"s3:PutBucket:{name}", buckets.delete_document) for name in _DOCUMENTS},
    ("GET", "object", ""): Operation("s3:GetObject", objects.get_object),
    ("HEAD", "object", ""): Operation("s3:GetObject", objects.get_object),
    ("PUT", "object", ""): Operation("s3:PutObject", objects.put_object, takes="file"),
    ("DELETE", "object", ""): Operation("s3:DeleteObject", objects.delete_object),
    ("PUT", "object", "copy"): Operation("s3:PutObject", copies.copy_object),
    ("POST", "object", "uploads"): Operation("s3:PutObject", multipart.create_upload),
    ("PUT", "object", "uploadId"): Operation("s3:PutObject", multipart.upload_part, takes="file"),
    ("PUT", "object", "uploadId copy"): Operation("s3:PutObject", copies.upload_part_copy),
    ("GET", "object", "uploadId"): Operation("s3:ListMultipartUploadParts", multipart.parts_page),
    ("POST", "object", "uploadId"): Operation("s3:PutObject", multipart.complete),
    ("DELETE", "object", "uploadId"): Operation("s3:AbortMultipartUpload", multipart.abort),
    ("GET", "object", "tagging"): Operation("s3:GetObjectTagging", details.get_tags),
    ("PUT", "object", "tagging"): Operation("s3:PutObjectTagging", details.put_tags),
    ("DELETE", "object", "tagging"): Operation("s3:DeleteObjectTagging", details.delete_tags),
    ("GET", "object", "acl"): Operation("s3:GetObjectAcl", details.get_acl),
    ("PUT", "object", "acl"): Operation("s3:PutObjectAcl", details.put_acl),
    ("POST", "object", "restore"): Operation("s3:RestoreObject", archive.restore_object),
    ("GET", "object", "attributes"): Operation("s3:GetObjectAttributes", details.get_attributes),
}
_OTHERS = {
    "accelerate", "analytics", "intelligent-tiering", "inventory", "legal-hold", "logging", "metrics", "notification",
    "replication", "requestPayment", "retention", "select", "torrent", "session", "renameObject", "append",
}  # fmt: skip
_SUBRESOURCES = {name.partition(" ")[0] for _, _, name in TABLE} - {"", "copy"} | _OTHERS


def find_operation(request: Request) -> Operation:
    """The operation a request asks for. Raises NotImplemented or MethodNotAllowed."""
    level = "object" if request.key else "bucket" if request.bucket else "service"
    sub = next((name for name in request.parameters if name in _SUBRESOURCES), "")
    if request.method == "PUT" and level == "object" and "x-amz-copy-source" in request.headers:
        sub = f"{sub} copy".strip()
    if request.method == "POST" and level == "bucket" and not sub:
        return Operation("s3:PutObject", _unused, takes="form")
    found = TABLE.get((request.method, level, sub))
    if found is None:
        raise S3Error("NotImplemented" if sub else "MethodNotAllowed")
    return found


async def _unused(call: Call) -> Reply:
    raise S3Error("InternalError")


class Dispatcher:
    """The application behind every connection."""

    def __init__(self, store: Store, keys: Keys, pool: ThreadPoolExecutor, faults: Faults) -> None:
        self.store = store
        self.keys = keys
        self.pool = pool
        self.faults = faults

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def finish(self, request: Request, reply: Reply) -> None:
        """Add the CORS headers."""
        add_headers(self.store, request, reply)

    def begin(self, request: Request) -> Work:
        """Check who asks and what for. Raises S3Error."""
        if self.faults.enabled and request.raw_path == PATH:
            if not self.keys.matches(request.headers.get("x-demo-secret", "")):
                raise S3Error("AccessDenied")
            return FaultWork(self, request)
        if request.method == "OPTIONS":
            return PreflightWork(self, request)
        operation = find_operation(request)
        if operation.run is sts:
            return StsWork(self, request)
        identity = identify(request, self.keys, self.now())
        check_payload_rule(identity)
        if "X-Amz-Signature" in request.parameters:
            hoist(request)
        return OperationWork(self, request, operation, identity)

    def call(self, request: Request, identity: Identity, *, needs_bucket: bool) -> Call:
        """A call without its body."""
        place = self.store.bucket(request.bucket) if needs_bucket else None
        return Call(self.store, self.pool, self.keys, request, identity, place, self.now())


def hoist(request: Request) -> None:
    """Headers that were moved to the query of a presigned URL count as headers."""
    signing = (
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-signedheaders",
        "x-amz-signature",
        "x-amz-security-token",
        "x-amz-content-sha256",
    )
    for name, value in request.query:
        lower = name.lower()
        if lower.startswith("x-amz-") and lower not in signing:
            request.headers.setdefault(lower, value)


class Work:
    """A request on its way; its body is kept in memory."""

    def __init__(self, dispatcher: Dispatcher, request: Request) -> None:
        self.dispatcher = dispatcher
        self.request = request
        self.sink: Sink | None = DocumentSink(_DOCUMENT_LIMIT)

    @property
    def document(self) -> bytes:
        """The body."""
        return self.sink.data if isinstance(self.sink, DocumentSink) else b""

    async def run(self) -> Reply:
        """Do it."""
        raise S3Error("NotImplemented")


class FaultWork(Work):
    async def run(self) -> Reply:
        """Change or list the faults."""
        answer = self.dispatcher.faults.control(self.request.method, self.document)
        return Reply(200, {"Content-Type": "application/json"}, answer)


class PreflightWork(Work):
    async def run(self) -> Reply:
        """Answer a browser that asks before it asks."""
        return preflight(self.dispatcher.store, self.request)


class StsWork(Work):
    async def run(self) -> Reply:
        """An STS action; its signature covers the body, which is here only now."""
        now = self.dispatcher.now()
        identity = identify(self.request, self.dispatcher.keys, now, self.document)
        check_document(identity, self.document)
        call = self.dispatcher.call(self.request, identity, needs_bucket=False)
        call.document = self.document
        return await sts(call)


def check_document(identity: Identity, text: bytes) -> None:
    """A body in memory against the hash that was signed. Raises XAmzContentSHA256Mismatch."""
    if identity.payload.startswith("STREAMING-"):
        raise S3Error("NotImplemented", "A chunked body is understood where an object is stored only.")
    if identity.payload != UNSIGNED and identity.payload != hashlib.sha256(text).hexdigest():
        raise S3Error("XAmzContentSHA256Mismatch")


class OperationWork(Work):
    """An S3 operation: authorised before its body comes, done when it has."""

    def __init__(self, dispatcher: Dispatcher, request: Request, operation: Operation, identity: Identity) -> None:
        super().__init__(dispatcher, request)
        self._operation = operation
        self._call = dispatcher.call(request, identity, needs_bucket=operation.needs_bucket)
        self._authorise()
        if operation.takes != "document":
            self.sink = self._file_sink()

    def _authorise(self) -> None:
        call, action = self._call, self._operation.action
        if not call.identity.anonymous or self._operation.takes == "form" or not action:
            return  # the owner may do everything; a form and each key of a batch are looked at by themselves
        version_id = self.request.parameter("versionId") or None
        if version_id and action in ("s3:GetObject", "s3:DeleteObject"):
            action += "Version"
        if call.place is None or not allows(call.store, call.place, action, self.request.key, version_id):
            raise S3Error("AccessDenied")

    def _file_sink(self) -> Sink:
        call, request = self._call, self.request
        call.expected = expected = Expected(request.headers)
        wanted = {expected.algorithm} if expected.algorithm else set()
        if self._operation.run is multipart.upload_part:
            wanted |= multipart.part_checksums(call)
        payload = call.identity.payload
        chunked = payload.startswith("STREAMING-")
        if payload != UNSIGNED and not chunked:
            wanted.add("SHA256")
        decoded = request.header("x-amz-decoded-content-length") if chunked else None
        length = int(decoded) if decoded is not None and decoded.isascii() and decoded.isdigit() else request.length
        if length is None:
            raise S3Error("MissingContentLength")
        if length > _LARGEST_BODY:
            raise S3Error("EntityTooLarge", ProposedSize=str(length), MaxSizeAllowed=str(_LARGEST_BODY))
        call.file = FileSink(call.files, call.pool, wanted)
        if self._operation.takes == "form":
            return FormSink(call.file, request.headers.get("content-type", ""))
        if chunked:
            return ChunkedSink(call.file, payload, call.identity.chunks, expected, length)
        return call.file

    async def run(self) -> Reply:
        """Check the body, and do the operation."""
        call = self._call
        if call.file is None:
            call.document = self.document
            check_document(call.identity, call.document)
            return await self._operation.run(call)
        try:
            return await self._with_file(call, call.file)
        finally:
            call.file.discard()

    async def _with_file(self, call: Call, file: FileSink) -> Reply:
        if isinstance(self.sink, ChunkedSink | FormSink):
            self.sink.finish()
        await file.close()
        payload = call.identity.payload
        hashed = payload != UNSIGNED and not payload.startswith("STREAMING-")
        if hashed and file.digest_of("SHA256").hex() != payload:
            raise S3Error("XAmzContentSHA256Mismatch")
        if isinstance(self.sink, FormSink):
            call = replace(call, identity=identify_form(self.sink.fields, call.keys, call.now))
            return await post_object(call, self.sink.fields, self.sink.key)
        return await self._operation.run(call)
