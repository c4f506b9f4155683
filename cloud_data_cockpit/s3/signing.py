"""Requests to S3: botocore signs a URL, pooled HTTP carries it; retries, regions and expiry are dealt with here."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar
from urllib.parse import urlsplit

from ..errors import CockpitError, CredentialsError
from . import http
from .connections import Connection
from .direct import Attempt
from .faults import DAMAGED_CODES, Fault, Place, error_of, not_s3, read_fault, tls_error, translated, unreachable
from .payer import PAYER, payer_in_header

logger = logging.getLogger(__name__)
T = TypeVar("T")

EXPIRES = 3600
# Well before `EXPIRES`, because a URL also dies with temporary credentials; botocore renews those 10 minutes ahead.
RENEW_AFTER = 300.0
ATTEMPTS = 5
CONNECT_ATTEMPTS = 2
BACKOFF = 0.2
LONGEST_BACKOFF = 10.0
_ERROR_BODY = 64 << 10
_PLAIN = ("get_object", "head_object")
_METHODS = {
    "get_object": "GET",
    "head_object": "HEAD",
    "list_buckets": "GET",
    "list_objects_v2": "GET",
    "upload_part": "PUT",
    "put_object": "PUT",
    "copy_object": "PUT",
    "delete_object": "DELETE",
    "delete_objects": "POST",
    "get_bucket_versioning": "GET",
    "get_object_acl": "GET",
    "get_object_tagging": "GET",
    "list_object_versions": "GET",
    "put_object_tagging": "PUT",
    "restore_object": "POST",
    "upload_part_copy": "PUT",
    "create_multipart_upload": "POST",
    "list_parts": "GET",
    "complete_multipart_upload": "POST",
    "abort_multipart_upload": "DELETE",
    "list_multipart_uploads": "GET",
}


class SignedRequest:
    """One operation, signed when first used and again before the signature expires. Thread-safe.

    `Range` and `If-Match` are not part of the signature, so that one URL serves any number of reads of an object.
    """

    def __init__(self, connection: Connection, operation: str, params: Mapping[str, object]) -> None:
        self.connection = connection
        self.method = _METHODS[operation]
        self.bucket = str(params["Bucket"]) if "Bucket" in params else None
        self.place = Place(connection.ref, self.bucket, str(params["Key"]) if "Key" in params else None)
        self._operation = operation
        self._params = dict(params)
        self._signed: tuple[str, float] | None = None

    def url(self) -> str:
        """The presigned URL (query string, SigV4; unsigned for anonymous connections)."""
        signed = self._signed
        if signed is None or time.monotonic() - signed[1] > RENEW_AFTER:
            try:
                self._signed = signed = (self._sign(), time.monotonic())
            except CredentialsError:
                self.connection.forget_credentials()  # so that those which come meanwhile are found next time
                raise
        return signed[0]

    def _sign(self) -> str:
        if self._operation in _PLAIN and set(self._params) == {"Bucket", "Key"}:
            with translated(self.place):
                quick = self.connection.presigned(self.method, str(self.bucket), str(self._params["Key"]), EXPIRES)
            if quick is not None:
                return quick
        client = self.connection.client_of(self.bucket, str(self._params.get("Key", "")))
        with translated(self.place), payer_in_header():
            url: str = client.generate_presigned_url(self._operation, Params=self._params, ExpiresIn=EXPIRES)
        return url

    def forget(self) -> None:
        """Sign again on the next use."""
        self._signed = None


def send(
    request: SignedRequest,
    read: Callable[[http.Reply], T],
    *,
    headers: Mapping[str, str] | None = None,
    body: Callable[[], http.Body] | None = None,
    writing: bool = False,
    lost: Callable[[], None] | None = None,
    begun: Attempt | None = None,
) -> T:
    """What `read` makes of the reply to `request`; `read` sees replies with a status below 300 only.

    Throttling, faults of the service, broken connections and bodies cut off are tried again with exponential backoff
    and jitter, 4xx are not. Raises the error that names the cause; BrokenError from `read` counts as a broken body.
    `lost` is told of attempts that the service may have acted upon although they failed. `begun`: the first attempt,
    which was made already.
    """
    told = False  # the service told the bucket's region, or that the signature has expired: once each request
    failures = 0
    while True:
        try:
            first, begun = begun, None
            exchange = (
                exchanged(request, headers, body() if body is not None else None)
                if first is None
                else http.going_on(first)
            )
            found = _attempt(request, read, exchange)
        except http.BrokenError as error:
            if error.insecure:
                raise tls_error(request.place, str(error)) from None
            trouble: CockpitError = unreachable(request.place, str(error))
            if isinstance(error, _PageError):
                trouble = not_s3(request.place)
            limit, wait = (CONNECT_ATTEMPTS if error.connecting else ATTEMPTS), 0.0
        else:
            if not isinstance(found, _Refused):
                return found
            if not told and _sign_anew(request, found.fault):
                told = True
                continue
            trouble = error_of(found.fault, request.place, writing=writing)
            if not (found.fault.passing or found.fault.code in DAMAGED_CODES):
                raise trouble
            limit, wait = ATTEMPTS, found.retry_after
        if lost is not None and limit == ATTEMPTS:
            lost()
        failures += 1
        if failures >= limit:
            raise trouble
        logger.info("attempt %d of %d failed: %s", failures, limit, trouble)
        time.sleep(max(wait, backoff(failures)))


class FaultInBody(Exception):
    """What `read` raises for a reply whose status says 200 and whose body says that it failed."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


class _PageError(http.BrokenError):
    """A page for people came, as from a network that wants a login or from a host that is no S3 service."""


class _Refused:
    def __init__(self, fault: Fault, retry_after: float) -> None:
        self.fault = fault
        self.retry_after = retry_after


def _attempt(
    request: SignedRequest, read: Callable[[http.Reply], T], exchange: AbstractContextManager[http.Reply]
) -> T | _Refused:
    with exchange as reply:
        if reply.status < 300:
            if _is_page(reply.headers):
                raise _PageError("a web page came in place of the reply")
            try:
                return read(reply)
            except FaultInBody as error:
                return _Refused(error.fault, 0.0)
        words = b"" if request.method == "HEAD" else reply.read(_ERROR_BODY)
        return _Refused(read_fault(reply.status, reply.headers, words), _retry_after(reply.headers))


@contextmanager
def exchanged(
    request: SignedRequest, headers: Mapping[str, str] | None = None, body: http.Body | None = None
) -> Iterator[http.Reply]:
    """The reply to `request`, whatever its status: sent once, nothing tried again. BrokenError without a reply."""
    url, trust, headers = prepared(request, headers or {})
    with http.exchange(request.method, url, headers=headers, body=body, trust=trust) as reply:
        yield reply


def prepared(request: SignedRequest, headers: Mapping[str, str]) -> tuple[str, http.Trust, Mapping[str, str]]:
    """The URL of `request`, whom TLS trusts there, and the headers with those that the signature asks for."""
    url = request.url()
    trust = request.connection.trust_of(urlsplit(url).hostname or "") if url.startswith("https:") else None
    if f"%3B{PAYER}" in url:  # the header is signed, so it has to be sent
        headers = {**headers, PAYER: "requester"}
    return url, trust, headers


def _is_page(headers: Mapping[str, str]) -> bool:
    """Whether the reply is a web page, and not one that is an object: those have an ETag."""
    html = headers.get("Content-Type", "").lower().startswith("text/html") and headers.get("Content-Length") != "0"
    return html and "ETag" not in headers and not any(name.lower().startswith("x-amz-") for name in headers)


def _sign_anew(request: SignedRequest, fault: Fault) -> bool:
    """Whether another signature may do: for the region that the service named, or with credentials got anew."""
    connection, bucket = request.connection, request.bucket
    if bucket and fault.status in (301, 307, 400) and fault.region and fault.region != connection.region_of(bucket):
        connection.learn_region(bucket, fault.region)
        request.forget()
        return True
    if fault.expired:
        connection.forget_credentials()
        request.forget()
        return True
    return False


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures: exponential, with full jitter over the upper half."""
    longest = min(LONGEST_BACKOFF, BACKOFF * 2.0 ** (failures - 1))
    return longest * random.uniform(0.5, 1.0)


def _retry_after(headers: Mapping[str, str]) -> float:
    asked = headers.get("Retry-After", "")
    return min(float(asked), LONGEST_BACKOFF) if asked.isdigit() else 0.0
