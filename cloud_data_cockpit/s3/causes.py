"""Why a connection does not work and what to do about it, each in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import CockpitError
from ..models import ConnectionRef
from .clients import is_aws
from .faults import Fault, tidy
from .http import BrokenError


@dataclass(frozen=True)
class Finding:
    """A cause and its cure, in words for people."""

    cause: str
    cure: str


_CODES = {
    "InvalidAccessKeyId": Finding(
        "The service does not know this access key.", "Check the access key, and that it belongs to this endpoint."
    ),
    "SignatureDoesNotMatch": Finding(
        "The secret key does not fit the access key.", "Enter the secret key again, whole and without blanks."
    ),
    "ExpiredToken": Finding("The credentials have expired.", "Get new ones and enter them."),
    "TokenRefreshRequired": Finding("The credentials have expired.", "Get new ones and enter them."),
    "InvalidToken": Finding(
        "The session token is not valid.", "Enter all three parts of the temporary credentials again."
    ),
    "NotSignedUp": Finding("The account has no S3.", "Sign up for S3, or use another account."),
    "NoSuchBucket": Finding("There is no bucket of that name.", "Check the bucket's name and the endpoint."),
    "InvalidBucketName": Finding("No bucket can have that name.", "Check the bucket's name."),
    "SlowDown": Finding("The service is busy.", "Try again in a minute."),
    "ServiceUnavailable": Finding("The service is busy.", "Try again in a minute."),
}
_HTTPS_ONLY = ("http request to an https", "plain http request was sent to https")


def of_fault(fault: Fault, ref: ConnectionRef, bucket: str | None, skew: float) -> Finding:
    """For an answer of the service. `skew`: minutes by which this machine's clock is off, 0 when it is not."""
    said = f" ({fault.code}{': ' + fault.message if fault.message else ''})" if fault.code else ""
    if fault.code == "RequestTimeTooSkewed" or (skew and fault.status in (400, 403)):
        by = f"about {abs(skew):.0f} minutes {'ahead' if skew > 0 else 'behind'}" if skew else "over 15 minutes off"
        return Finding(f"This machine's clock is {by}.", "Set the clock right, by NTP for instance.")
    if fault.region and (fault.status in (301, 307) or fault.code.startswith("Authorization")):
        return Finding(f"The service expects the region {fault.region}.", f"Set the region to {fault.region}.")
    if fault.code in _CODES:
        return _CODES[fault.code]
    if fault.expired:
        return _CODES["ExpiredToken"]
    if not fault.code:
        return _not_s3(fault, ref)
    if fault.status in (401, 403):
        return _denied(ref, bucket, said)
    if fault.status >= 500:
        return Finding(f"The service failed{said}.", "Try again; if it stays, ask those who run the service.")
    return Finding(f"The service refuses the request{said}.", "Check the endpoint, the region and the addressing.")


def of_error(error: CockpitError | BrokenError, ref: ConnectionRef | None = None) -> Finding:
    """For what failed on this side, or on the way."""
    if isinstance(error, CockpitError):
        cause, _, cure = error.message.partition("; ")
        return Finding(_sentence(cause), _sentence(cure))
    host = urlsplit((ref.endpoint_url if ref else None) or "https://s3.amazonaws.com").netloc
    if error.proxied:
        return Finding(
            f"The proxy of this machine does not let through to {host} ({tidy(str(error))}).",
            "Check HTTPS_PROXY and HTTP_PROXY; name the host in NO_PROXY if it is to be reached without the proxy.",
        )
    if error.unknown:
        return Finding(
            f"There is no host {host}: its name cannot be resolved.",
            "Check how the endpoint is spelled, and whether a VPN is needed.",
        )
    if error.insecure:
        return _tls(str(error), host)
    if error.connecting:
        silent = "timed out" in str(error)
        what = "does not answer" if silent else "refuses connections"
        cure = "whether a firewall or a VPN is between" if silent else "the port, and that the service runs"
        return Finding(f"{host} {what} ({tidy(str(error))}).", f"Check the endpoint, {cure}.")
    return Finding(
        f"{host} ends the exchange ({tidy(str(error))}).",
        "Check the endpoint: whether it is S3, and whether it wants https:// in place of http:// or the reverse.",
    )


def of_silence(seconds: float) -> Finding:
    """For a trial that came to no end."""
    return Finding(
        f"No result after {seconds:.0f} seconds: the service, its name or the credentials do not come.",
        "Check the network; with a credential process or an instance role, check that it answers.",
    )


def _denied(ref: ConnectionRef, bucket: str | None, said: str) -> Finding:
    if bucket is not None:
        who = "anonymous requests" if ref.anonymous else "these credentials"
        return Finding(
            f"The service does not let {who} list the bucket {bucket}{said}.",
            "Name another bucket, or ask its owner for s3:ListBucket.",
        )
    return Finding(
        f"The credentials are known, but may not list the buckets{said}.",
        "Name a bucket that they may read: pin it to the connection, and test again.",
    )


def _not_s3(fault: Fault, ref: ConnectionRef) -> Finding:
    if any(words in fault.message.lower() for words in _HTTPS_ONLY):
        return Finding("The endpoint speaks https.", "Write https:// in place of http://.")
    if fault.status in (502, 503, 504):
        return Finding(
            f"A server before the service answers {fault.status}.", "Try again; ask those who run the service."
        )
    if is_aws(ref.endpoint_url):
        return Finding(f"The service answers {fault.status} without a reason.", "Check the endpoint and the region.")
    return Finding(
        f"This is no S3 service: the endpoint answers {fault.status} in another way.",
        "Check the host and the port: the address of a web console is another one than that of the S3 API "
        "(MinIO's are 9001 and 9000).",
    )


def _tls(reason: str, host: str) -> Finding:
    if "WRONG_VERSION_NUMBER" in reason or "record layer" in reason.lower():
        return Finding(
            f"{host} speaks no TLS at this port.", "Write http:// in place of https://, or correct the port."
        )
    if "mismatch" in reason.lower() or "doesn't match" in reason:
        return Finding(
            f"The certificate of {host} is for another name.", "Use the host name that the certificate is for."
        )
    if "certificate has expired" in reason:
        return Finding(f"The certificate of {host} has expired.", "Ask those who run the service to renew it.")
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return Finding(
            f"The certificate of {host} is signed by nobody whom this machine trusts.",
            "Name the file with the CA that signed it; or, for a service of your own, turn the verification off.",
        )
    return Finding(f"No secure connection to {host} ({tidy(reason)}).", "Check that the endpoint speaks https.")


def _sentence(words: str) -> str:
    words = words.strip()
    return words[:1].upper() + words[1:] + ("" if not words or words.endswith((".", "!", "?")) else ".")
