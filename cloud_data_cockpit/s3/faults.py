"""What S3 services and botocore say when something fails, turned into errors that name the cause and the cure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import (
    AccessDenied,
    Archived,
    BadRequest,
    CockpitError,
    Conflict,
    CredentialsError,
    Exists,
    NotFound,
    ServiceError,
    SourceChanged,
)
from ..models import ConnectionRef
from .documents import ParseError, read_document

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
RETRIED_CODES = frozenset(
    {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "Throttling", "ThrottlingException"}
)
DAMAGED_CODES = frozenset({"BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"})
EXPIRED_CODES = frozenset({"ExpiredToken", "RequestExpired", "TokenRefreshRequired"})

_CREDENTIAL_CURES = {
    "InvalidAccessKeyId": "the service does not know this access key; check it, and that it belongs to this endpoint",
    "SignatureDoesNotMatch": "the secret key does not fit the access key; check both",
    "ExpiredToken": "the session token has expired; get new credentials",
    "RequestExpired": "the signature has expired; check this machine's clock, then get new credentials",
    "TokenRefreshRequired": "the session token has to be renewed; get new credentials",
    "InvalidToken": "the session token is not valid; get new credentials",
    "RequestTimeTooSkewed": "this machine's clock is more than 15 minutes off; set it right",
    "InvalidSecurity": "the service refuses these credentials; check them",
    "NotSignedUp": "the account has no S3; sign up for it first",
    "AuthorizationHeaderMalformed": "the signature was made for another region; give the bucket's region",
    "AuthorizationQueryParametersError": "the signature was made for another region; give the bucket's region",
}
_CONFLICTS = frozenset(
    {
        "BucketAlreadyExists",
        "BucketAlreadyOwnedByYou",
        "BucketNotEmpty",
        "ConditionalRequestConflict",
        "OperationAborted",
        "PreconditionFailed",
    }
)
_MISSING = {
    "NoSuchBucket": "check the bucket's name and the endpoint",
    "NoSuchKey": "check the key, it is case-sensitive",
    "NoSuchUpload": "the multipart upload was completed or aborted already; start it again",
    "NoSuchVersion": "that version was deleted",
}
_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_LONGEST_MESSAGE = 300


class NotOffered(ServiceError):
    """The service does not know what it was asked for."""


class DeleteMarker(BadRequest):
    """The version that was asked for says that the object was deleted, and has no bytes."""


class NoSuchBucket(NotFound):
    """Not the key is missing but the whole bucket: whatever else is asked of it fails as well."""


@dataclass(frozen=True)
class Fault:
    """An error as the service gave it: HTTP status, S3 code, its words, and the bucket's region when it told one."""

    status: int
    code: str
    message: str = ""
    region: str | None = None

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed a moment later."""
        return self.status in RETRIED_STATUSES or self.code in RETRIED_CODES

    @property
    def expired(self) -> bool:
        """Whether a new signature may help."""
        return self.code in EXPIRED_CODES or (self.code == "AccessDenied" and "expired" in self.message.lower())


@dataclass(frozen=True)
class Place:
    """Where a request went: through which connection, to which bucket and key."""

    ref: ConnectionRef
    bucket: str | None = None
    key: str | None = None

    def __str__(self) -> str:
        name = f"connection {self.ref.name!r}" if self.bucket is None else f"s3://{self.bucket}"
        if self.key is not None:
            name += f"/{self.key}"
        return f"{name} at {self.service}"

    @property
    def service(self) -> str:
        """The endpoint in words."""
        return self.ref.endpoint_url or "AWS"


def read_fault(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """The fault in a reply with an error status; `body` is S3's error XML, something else, or empty (HEAD)."""
    fields: dict[str, str] = {}
    if b"<" in body:
        try:
            for element in read_document(body)[1].iter():
                fields.setdefault(element.tag.rpartition("}")[2], (element.text or "").strip())
        except ParseError:
            fields = {}
    region = headers.get("x-amz-bucket-region") or fields.get("Region")
    return Fault(
        status=status,
        code=fields.get("Code", ""),
        message=tidy(fields.get("Message", "")),
        region=region if region and _REGION.fullmatch(region) else None,
    )


def tidy(words: str) -> str:
    """The service's words, on one line and short."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:_LONGEST_MESSAGE]


def error_of(fault: Fault, place: Place, *, writing: bool = False) -> CockpitError:
    """The error to raise for `fault`; `writing` tells a refused condition of a write from that of a read."""
    status, code = fault.status, fault.code
    said = f" ({code or status}{': ' + fault.message if fault.message else ''})"
    if code in _CREDENTIAL_CURES or (status == 401 and not place.ref.anonymous):
        return CredentialsError(f"no access to {place}: {_credentials_cure(code, place.ref)}{said}")
    if fault.expired:
        return CredentialsError(f"no access to {place}: {_credentials_cure('RequestExpired', place.ref)}{said}")
    if code == "InvalidObjectState":
        return Archived(f"{place} is archived and cannot be read; restore it first, which takes minutes to days{said}")
    if code in _MISSING or status == 404:
        return _missing(fault, place)
    if status in (401, 403):
        return _denied(fault, place, said)
    if status == 412:
        if writing:
            return Exists(f"{place} exists already or has changed; choose another key or overwrite it{said}")
        return SourceChanged(f"{place} has changed since it was indexed; partition it again")
    if status == 416:
        return SourceChanged(f"{place} is shorter than when it was indexed; partition it again{said}")
    if status == 409 or code in _CONFLICTS:
        return Conflict(f"{place} is in another state than this needs{said}")
    return _other(fault, place, said)


def _missing(fault: Fault, place: Place) -> CockpitError:
    cure = _MISSING.get(fault.code, "check the bucket and the key, both are case-sensitive")
    if fault.code == "NoSuchBucket":
        return NoSuchBucket(f"there is no bucket {place.bucket!r} at {place.service}; {cure}")
    if fault.code == "NoSuchUpload":
        return NotFound(f"there is no such open upload to {place}; {cure}")
    return NotFound(f"there is no {place}; {cure}")


def _denied(fault: Fault, place: Place, said: str) -> CockpitError:
    ref = place.ref
    if ref.anonymous:
        cure = "it is not public; choose a connection with credentials"
    elif place.bucket is None:
        cure = f"{_who(ref)} may not list buckets; type the bucket's name or an s3:// URI instead"
    else:
        cure = (
            f"{_who(ref)} lacks the permission; ask the owner for it, or try the anonymous connection if it is public"
        )
    return AccessDenied(f"access to {place} is denied: {cure}{said}")


def _other(fault: Fault, place: Place, said: str) -> CockpitError:
    status, code = fault.status, fault.code
    if 300 <= status < 400:
        region = f"the bucket is in {fault.region}; connect with that region" if fault.region else "check the endpoint"
        return ServiceError(f"{place} answers with a redirect, which is not followed: {region}{said}")
    if code in {"SlowDown", "Throttling", "ThrottlingException"} or status in (429, 503):
        return ServiceError(f"{place} is throttled or busy; try again in a minute, with fewer requests at once{said}")
    if code == "MethodNotAllowed":
        return DeleteMarker(f"{place} cannot be had: that version is a delete marker, which has no bytes{said}")
    if status == 501 or code == "NotImplemented":
        return NotOffered(f"the service does not offer what is needed for {place}{said}")
    if status >= 500 or code in RETRIED_CODES:
        return ServiceError(f"the service failed for {place}; try again{said}")
    if code in DAMAGED_CODES:
        return ServiceError(f"bytes for {place} were damaged on their way; send them again{said}")
    return BadRequest(f"the service refuses the request for {place}; check the names and parameters{said}")


def _who(ref: ConnectionRef) -> str:
    return f"the profile {ref.profile!r}" if ref.profile else f"the connection {ref.name!r}"


def _credentials_cure(code: str, ref: ConnectionRef) -> str:
    return f"{_who(ref)}: {_CREDENTIAL_CURES.get(code, 'the service does not accept these credentials; check them')}"


# --- botocore's own errors ---------------------------------------------------------------------


@contextmanager
def translated(place: Place, *, writing: bool = False) -> Iterator[None]:
    """Turn whatever botocore raises inside into our errors. Its own are not chained: they may hold signed requests."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ResponseParserError:  # its words are the reply's
        raise ServiceError(f"{place} answered what is not of S3 or STS; check the endpoint") from None
    except (BotoCoreError, ClientError) as error:
        raise error_of_botocore(error, place, writing=writing) from None
    except RecursionError:  # botocore asks for a bucket's region by a HEAD, and for that one's when it is redirected
        raise error_of(Fault(301, ""), place) from None


def error_of_botocore(error: Exception, place: Place, *, writing: bool = False) -> CockpitError:
    """The error to raise for an exception of botocore (a reply of the service, or a failure on this side)."""
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        fault = fault_of_client_error(error)
        if error.operation_name.startswith(("AssumeRole", "GetRoleCredentials", "CreateToken")):
            return CredentialsError(f"{_who(place.ref)}: credentials were refused ({fault.code}: {fault.message})")
        return error_of(fault, place, writing=writing)
    credentials = _credentials_problem(error, place.ref)
    if credentials is not None:
        return CredentialsError(credentials)
    if isinstance(error, exceptions.SSLError):
        return tls_error(place, str(error))
    if isinstance(error, (exceptions.ParamValidationError, exceptions.ValidationError, ValueError)):
        return BadRequest(f"the request for {place} cannot be: {tidy(str(error))}")
    if isinstance(error, exceptions.HTTPClientError):
        return unreachable(place, str(error))
    return ServiceError(f"the request for {place} failed: {tidy(str(error))}; check the endpoint and the region")


def fault_of_client_error(error: Exception) -> Fault:
    """The fault inside botocore's ClientError."""
    reply = getattr(error, "response", {})
    said, meta = reply.get("Error", {}), reply.get("ResponseMetadata", {})
    code = str(said.get("Code", ""))
    return Fault(
        status=int(meta.get("HTTPStatusCode", 0)),
        code="" if code.isdigit() else code,
        message=tidy(str(said.get("Message", ""))),
        region=meta.get("HTTPHeaders", {}).get("x-amz-bucket-region"),
    )


def _credentials_problem(error: Exception, ref: ConnectionRef) -> str | None:
    from botocore import exceptions

    profile = f" --profile {ref.profile}" if ref.profile else ""
    if isinstance(error, exceptions.NoCredentialsError):
        return (
            f"{_who(ref)} has no credentials; run `aws configure{profile}`, set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or choose the anonymous connection for public data"
        )
    if isinstance(error, exceptions.PartialCredentialsError):
        return f"{_who(ref)} has an access key without its secret key or the reverse; complete it"
    if isinstance(error, (exceptions.SSOError, exceptions.TokenRetrievalError, exceptions.NoAuthTokenError)):
        return f"{_who(ref)}: the single sign-on has expired; run `aws sso login{profile}`"
    if isinstance(error, getattr(exceptions, "LoginError", ())):
        return f"{_who(ref)}: the login has expired; run `aws login{profile}`"
    if isinstance(error, exceptions.ProfileNotFound):
        return f"the AWS configuration has no profile {ref.profile or 'of the name in AWS_PROFILE'}; check its name"
    if isinstance(error, exceptions.ConfigParseError):
        return "the AWS configuration file cannot be parsed; correct it"
    kinds = (
        exceptions.CredentialRetrievalError,
        exceptions.RefreshWithMFAUnsupportedError,
        exceptions.InfiniteLoopConfigError,
        exceptions.InvalidConfigError,
        exceptions.UnknownCredentialError,
        exceptions.ConfigNotFound,
    )
    if isinstance(error, kinds):
        return f"{_who(ref)}: its credentials cannot be had; check its section of the AWS configuration"
    return None


def unreachable(place: Place, reason: str) -> CockpitError:
    """The error for an endpoint that cannot be reached, or that breaks off."""
    cure = (
        "start it with `cloud-data-cockpit demo`" if place.ref.kind == "demo" else "check the endpoint and the network"
    )
    what = f" for s3://{place.bucket}/{place.key or ''}" if place.bucket else ""
    return ServiceError(f"{place.service} could not be reached{what}: {tidy(reason)}; {cure}")


def not_s3(place: Place) -> CockpitError:
    """The error for an endpoint that answers with pages for people."""
    return ServiceError(
        f"{place} answered with a web page, which is none of S3: check the endpoint, and whether this network wants a"
        " login"
    )


def tls_error(place: Place, reason: str) -> CockpitError:
    """The error for a certificate that is not trusted, or a TLS handshake that fails."""
    return ServiceError(
        f"no secure connection to {place.service}: {tidy(reason)}; if the service has a certificate of its own, "
        "name its CA file in AWS_CA_BUNDLE, and check that the endpoint speaks https"
    )
