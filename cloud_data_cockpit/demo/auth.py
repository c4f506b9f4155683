"""AWS Signature Version 4: who signed a request, by header or presigned URL, and what its body must hash to."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes

from .keys import Keys
from .request import Request, quoted
from .s3errors import S3Error

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"
_SKEW = 15 * 60
_MAX_EXPIRES = 7 * 24 * 3600
_HEX64 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signing key is good for."""

    access_key: str
    date: str
    region: str
    service: str

    @property
    def text(self) -> str:
        """As the string to sign names it."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


@dataclass(frozen=True, slots=True)
class ChunkKey:
    """What is needed to check the signature of every chunk of a body."""

    key: bytes
    moment: str
    scope: str
    seed: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking: the access key, "" for nobody; and what was promised about the body."""

    access_key: str = ""
    payload: str = UNSIGNED
    chunks: ChunkKey | None = None

    @property
    def anonymous(self) -> bool:
        """Whether nothing was signed."""
        return not self.access_key


def mac(key: bytes, text: str) -> bytes:
    """HMAC-SHA256."""
    return hmac.digest(key, text.encode(), "sha256")


def signing_key(secret: str, scope: Scope) -> bytes:
    """The derived key of SigV4."""
    key = mac(("AWS4" + secret).encode(), scope.date)
    for text in (scope.region, scope.service, "aws4_request"):
        key = mac(key, text)
    return key


def parse_scope(credential: str, error_code: str) -> Scope:
    """The credential of a header, a query or a form. Raises S3Error with this code when it is malformed."""
    fields = credential.rsplit("/", 4)
    if len(fields) != 5 or fields[4] != "aws4_request" or fields[3] not in ("s3", "sts") or not fields[0]:
        raise S3Error(error_code, "The Credential must be access-key/date/region/service/aws4_request.")
    return Scope(*fields[:4])


def parse_moment(text: str) -> float:
    """Seconds since 1970 of an X-Amz-Date. Raises AccessDenied."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise S3Error("AccessDenied", "AWS authentication requires a valid x-amz-date") from error


def matches(expected: str, given: str) -> bool:
    """Compare signatures in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def _canonical(request: Request, signed: list[str], query: Iterable[tuple[str, str]], path: str, payload: str) -> str:
    pairs = sorted((quoted(name), quoted(value)) for name, value in query)
    lines = [request.method, path, "&".join(f"{name}={value}" for name, value in pairs)]
    lines += [f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in signed]
    return "\n".join([*lines, "", ";".join(signed), payload])


def _check_signed_headers(request: Request, signed: list[str]) -> None:
    """What changes a request's meaning must have been signed."""
    meant = {name for name in request.headers if name.startswith("x-amz-")} - {"x-amz-content-sha256"}
    if missing := (meant | {"host"}) - set(signed):
        names = ", ".join(sorted(missing))
        raise S3Error(
            "AccessDenied", "There were headers present in the request which were not signed", HeadersNotSigned=names
        )


def _verify(
    request: Request, secret: str, scope: Scope, moment: str, signed: list[str], payload: str, signature: str
) -> ChunkKey:
    query = [(name, value) for name, value in request.query if name != "X-Amz-Signature"]
    key = signing_key(secret, scope)
    # S3 signs the path encoded once; some clients encode fewer characters, so the path as sent counts too.
    decoded = unquote_to_bytes(request.raw_path.encode("latin-1"))
    for path in (quoted(decoded, safe="/"), request.raw_path):
        canonical = _canonical(request, signed, query, path, payload)
        hashed = hashlib.sha256(canonical.encode("latin-1", "replace")).hexdigest()
        expected = mac(key, "\n".join([ALGORITHM, moment, scope.text, hashed])).hex()
        if matches(expected, signature):
            return ChunkKey(key, moment, scope.text, expected)
    raise S3Error("SignatureDoesNotMatch", AWSAccessKeyId=scope.access_key)


def _by_header(request: Request, keys: Keys, now: float, body: bytes | None) -> Identity:
    header = request.headers["authorization"]
    if not header.startswith(ALGORITHM + " "):
        raise S3Error("InvalidRequest", "Only AWS4-HMAC-SHA256 is supported: set signature_version to s3v4.")
    fields = dict(item.strip().partition("=")[::2] for item in header[len(ALGORITHM) + 1 :].split(","))
    if not {"Credential", "SignedHeaders", "Signature"} <= fields.keys():
        raise S3Error("AuthorizationHeaderMalformed")
    scope = parse_scope(fields["Credential"], "AuthorizationHeaderMalformed")
    moment = request.headers.get("x-amz-date", "")
    seconds = parse_moment(moment)
    if abs(now - seconds) > _SKEW:
        raise S3Error("RequestTimeTooSkewed", RequestTime=moment, MaxAllowedSkewMilliseconds=str(_SKEW * 1000))
    if scope.date != moment[:8]:
        raise S3Error("AuthorizationHeaderMalformed", "The date of the Credential is not that of x-amz-date.")
    signed = fields["SignedHeaders"].split(";")
    _check_signed_headers(request, signed)
    payload = request.headers.get("x-amz-content-sha256", "")
    if not payload:
        if body is None:
            raise S3Error("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
        payload = hashlib.sha256(body).hexdigest()
    secret = keys.secret(scope.access_key, request.headers.get("x-amz-security-token", ""), now)
    chunks = _verify(request, secret, scope, moment, signed, payload, fields["Signature"])
    return Identity(scope.access_key, payload, chunks)


def _by_query(request: Request, keys: Keys, now: float) -> Identity:
    wanted = ("X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature")
    if request.parameter("X-Amz-Algorithm") != ALGORITHM or any(not request.parameter(name) for name in wanted):
        raise S3Error("AuthorizationQueryParametersError")
    scope = parse_scope(request.parameter("X-Amz-Credential"), "AuthorizationQueryParametersError")
    moment, expires = request.parameter("X-Amz-Date"), request.parameter("X-Amz-Expires")
    if not expires.isascii() or not expires.isdigit() or not 0 < int(expires) <= _MAX_EXPIRES:
        raise S3Error("AuthorizationQueryParametersError", "X-Amz-Expires must be between 1 and 604800 seconds.")
    start = parse_moment(moment)
    if start - now > _SKEW:
        raise S3Error("AccessDenied", "Request is not yet valid")
    if now > start + int(expires):
        raise S3Error("AccessDenied", "Request has expired", Expires=expires)
    if scope.date != moment[:8]:
        raise S3Error("AuthorizationQueryParametersError", "The date of the Credential is not that of X-Amz-Date.")
    signed = request.parameter("X-Amz-SignedHeaders").split(";")
    _check_signed_headers(request, signed)
    payload = request.headers.get("x-amz-content-sha256", UNSIGNED) if "x-amz-content-sha256" in signed else UNSIGNED
    secret = keys.secret(scope.access_key, request.parameter("X-Amz-Security-Token"), now)
    chunks = _verify(request, secret, scope, moment, signed, payload, request.parameter("X-Amz-Signature"))
    return Identity(scope.access_key, payload, chunks)


def identify(request: Request, keys: Keys, now: float, body: bytes | None = None) -> Identity:
    """Who signed this request. body: given where it may be signed without a header for its hash (STS).

    Raises S3Error: SignatureDoesNotMatch, InvalidAccessKeyId, RequestTimeTooSkewed, AccessDenied when a URL has
    expired or a header was not signed, ExpiredToken, InvalidToken, and others for what cannot be read.
    """
    repeated = len(request.query) != len(request.parameters)
    if repeated:
        raise S3Error("InvalidArgument", "A query parameter was given twice.")
    if "authorization" in request.headers:
        if "X-Amz-Signature" in request.parameters:
            raise S3Error("InvalidArgument", "Only one auth mechanism allowed")
        return _by_header(request, keys, now, body)
    if "X-Amz-Signature" in request.parameters or "X-Amz-Algorithm" in request.parameters:
        return _by_query(request, keys, now)
    if "AWSAccessKeyId" in request.parameters:
        raise S3Error("InvalidRequest", "Only AWS4-HMAC-SHA256 is supported: set signature_version to s3v4.")
    return Identity()


def check_payload_rule(identity: Identity) -> None:
    """Raises InvalidArgument for an x-amz-content-sha256 that means nothing."""
    payload = identity.payload
    if payload != UNSIGNED and not payload.startswith("STREAMING-") and not _HEX64.fullmatch(payload):
        raise S3Error("InvalidArgument", "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-..., or a SHA-256.")
