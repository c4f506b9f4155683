"""botocore sessions and S3 clients: what the AWS configuration says at the time of the call, and where clients go."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ..errors import BadRequest
from ..models import ConnectionRef
from .payer import PAYER, let_requester_pay

DEFAULT_REGION = "us-east-1"
CONNECT_TIMEOUT = 10
READ_TIMEOUT = 60
POOL_SIZE = 32

_AWS_HOST = re.compile(r"(^|\.)(amazonaws\.com(\.cn)?|amazonaws\.eu|api\.aws)$")
_S3_HOST = re.compile(
    r"(^|\.)s3[a-z0-9-]*(\.dualstack)?(\.[a-z]{2,4}(-[a-z]+)+-\d+)?(\.vpce)?\.(amazonaws\.com(\.cn)?|amazonaws\.eu|api\.aws)$"
)
_LOOPBACK_HOST = re.compile(r"localhost|.*\.localhost|127(\.\d{1,3}){3}|::1")


@dataclass(frozen=True)
class Keys:
    """Credentials that were given by hand. They stay in the process; neither repr nor pickle shows them."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    def __reduce__(self) -> Any:
        raise TypeError("credentials are never pickled")


def check_endpoint(url: str) -> str:
    """`url` without a trailing slash. BadRequest unless it is http(s)://host[:port][/path] and nothing else."""
    if not isinstance(url, str):
        raise BadRequest("the endpoint is not a text; it looks like https://host:port")
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise BadRequest("the endpoint is not a URL; it looks like https://host:port") from None
    if parts.username is not None or parts.password is not None:
        raise BadRequest("the endpoint must not hold a user or password; give access_key and secret_key instead")
    if not sound or parts.query or parts.fragment or any(c.isspace() for c in url):
        raise BadRequest(f"the endpoint {url!r} is not usable; it looks like https://host:port")
    return url.rstrip("/")


def is_aws(endpoint_url: str | None) -> bool:
    """Whether requests go to AWS itself."""
    return endpoint_url is None or _AWS_HOST.search(urlsplit(endpoint_url).hostname or "") is not None


def is_s3_of_aws(endpoint_url: str) -> bool:
    """Whether it is AWS's S3, over TLS: anybody may rent a name below amazonaws.com, of a machine or a balancer."""
    parts = urlsplit(endpoint_url)
    host = parts.hostname or ""
    return parts.scheme == "https" and "\\" not in host and _S3_HOST.search(host) is not None


def is_loopback(endpoint_url: str) -> bool:
    """Whether the endpoint is on this machine."""
    return _LOOPBACK_HOST.fullmatch(urlsplit(endpoint_url).hostname or "") is not None


def new_session(profile: str | None, *, bare: bool = False) -> Any:
    """A botocore session that reads the AWS configuration now. botocore's ProfileNotFound when it lacks `profile`.

    A `bare` one makes no clients and is there at once.
    """
    import botocore.session

    return botocore.session.Session(profile=profile, include_builtin_handlers=not bare)


def unprofiled_session(*, bare: bool = False) -> Any:
    """A session for credentials that need no profile: an AWS_PROFILE that does not exist does not matter to it."""
    import botocore.session

    session = botocore.session.Session(include_builtin_handlers=not bare)
    named = session.get_config_variable("profile")
    if named is None or named in session.available_profiles:
        return session
    return botocore.session.Session(session_vars={"profile": (None, [], None, None)}, include_builtin_handlers=not bare)


def profile_sections(session: Any) -> Mapping[str, Any]:
    """Every profile of the AWS configuration by name."""
    profiles: Mapping[str, Any] = session.full_config.get("profiles", {})
    return profiles


def environment_endpoint() -> str | None:
    """The endpoint that the environment names for S3."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None


def configured_endpoint(session: Any, profile: str | None) -> str | None:
    """The endpoint botocore takes of itself: the environment's, the profile's services section's, the profile's.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    section = profile_sections(session).get(profile or session.get_config_variable("profile") or "default", {})
    ignored = os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") or section.get("ignore_configured_endpoint_urls")
    if str(ignored).lower() == "true":
        return None
    services = session.full_config.get("services", {}).get(section.get("services"), {})
    endpoint = environment_endpoint() or services.get("s3", {}).get("endpoint_url") or section.get("endpoint_url")
    return str(endpoint) if endpoint else None


def configured_region(session: Any, profile: str | None) -> str | None:
    """The region of the environment or the profile; None when neither names one."""
    section = profile_sections(session).get(profile or session.get_config_variable("profile") or "default", {})
    for region in (os.environ.get("AWS_DEFAULT_REGION"), section.get("region"), os.environ.get("AWS_REGION")):
        if region:
            return str(region)
    return None


def new_client(session: Any, boto: Any, ref: ConnectionRef, keys: Keys | None, region: str, *, path_style: bool) -> Any:
    """An S3 client for buckets of `region`, made by the boto3 session `boto` over botocore's `session`.

    Path style unless the host is AWS's or the profile says otherwise: others rarely have a name for each bucket.
    """
    from botocore import UNSIGNED
    from botocore.config import Config

    s3: dict[str, str] = {"us_east_1_regional_endpoint": "regional"}
    if path_style or not is_aws(ref.endpoint_url):
        s3["addressing_style"] = "path"
    else:
        s3["addressing_style"] = "virtual"  # left to itself, botocore presigns for AWS's global host, not the region's
    s3 |= session.get_config_variable("s3") or {}
    if ref.addressing != "auto" and not path_style:
        s3["addressing_style"] = ref.addressing
    # A regional endpoint of AWS's serves its own region only; botocore knows the one of another region.
    elsewhere = is_aws(ref.endpoint_url) and region != (ref.region or DEFAULT_REGION)
    settings: dict[str, Any] = {
        "signature_version": UNSIGNED if ref.anonymous else "s3v4",
        "s3": s3,
        "connect_timeout": CONNECT_TIMEOUT,
        "read_timeout": READ_TIMEOUT,
        "max_pool_connections": POOL_SIZE,
        "retries": {"mode": "standard", "total_max_attempts": 4},
        # What is configured stands in the reference already, where the connection is to follow the configuration.
        "ignore_configured_endpoint_urls": elsewhere or ref.endpoint_url is None or None,
        # Services other than AWS know neither CRC trailers nor response checksums; what needs a checksum sends it.
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
    endpoint = None if elsewhere else ref.endpoint_url
    client = boto.client(
        "s3", region_name=region, endpoint_url=endpoint, config=Config(**settings), **key_arguments(keys)
    )
    for operation in ("DeleteObjects", "PutObjectTagging"):
        client.meta.events.register(f"before-sign.s3.{operation}", _sign_no_body)
    if ref.requester_pays:
        let_requester_pay(client)
    return client


def _sign_no_body(request: Any, **_: Any) -> None:
    """botocore signs no URL of a request with a body in XML; ours goes out beside the signature, as those of parts do.

    Its checksum then goes as Content-MD5, which need not be signed.
    """
    request.data = b""
    for name in [name.lower() for name in request.headers]:
        if name.startswith(("x-amz-", "content-")) and name != PAYER:
            del request.headers[name]


def key_arguments(keys: Keys | None) -> dict[str, Any]:
    """The keys as botocore's clients take them; nothing for those that the session finds itself."""
    if keys is None:
        return {}
    return {
        "aws_access_key_id": keys.access_key,
        "aws_secret_access_key": keys.secret_key,
        "aws_session_token": keys.session_token,
    }
