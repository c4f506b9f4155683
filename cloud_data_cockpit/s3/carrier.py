"""botocore's requests over our own pooled HTTP, so that the guard, the TLS options and the proxy are one for both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .clients import is_aws
from .guard import check_host
from .http import BrokenError, Trust, open_reply

TrustOf = Callable[[str], Trust]
"""Whom to trust at a host."""


def attach(session: Any, trust_of: TrustOf) -> None:
    """Carry every request of every client that the botocore `session` makes: of S3, STS and single sign-on.

    botocore asks the metadata services for an instance's credentials without a client; those requests stay its own.
    """

    def carry(request: Any, event_name: str, **_: Any) -> Any:
        return _carry(request, event_name.split(".")[1], trust_of)

    session.register("before-send", carry)


def _carry(request: Any, service: str, trust_of: TrustOf) -> Any:
    from botocore.awsrequest import AWSResponse

    parts = urlsplit(request.url)
    host = parts.hostname or ""
    # Credentials of AWS come from AWS, also where its S3 is not among the allowed hosts.
    if service == "s3" or not is_aws(request.url):
        check_host(host, parts.port)
    chunked = str(request.headers.get("Transfer-Encoding", "")).lower() == "chunked"
    # "Expect: 100-continue" would ask for a pause that urllib3 does not make; it is no part of the signature.
    headers = {name: value for name, value in request.headers.items() if name.lower() != "expect"}
    try:
        response = open_reply(
            request.method, request.url, headers=headers, body=request.body, trust=trust_of(host), chunked=chunked
        )
    except BrokenError as error:
        raise _as_botocore(error, f"{parts.scheme}://{parts.netloc}") from None
    reply = AWSResponse(request.url, response.status, response.headers, response)
    if not request.stream_output:
        reply.content  # noqa: B018 - read now, so that the connection is free again
    return reply


def _as_botocore(error: BrokenError, endpoint: str) -> Exception:
    """botocore's own exception for it, by which its retries go."""
    from botocore import exceptions

    if error.insecure:
        return exceptions.SSLError(endpoint_url=endpoint, error=error)
    if error.proxied:
        return exceptions.ProxyConnectionError(proxy_url="of the environment", error=error)
    if error.connecting:
        return exceptions.EndpointConnectionError(endpoint_url=endpoint, error=error)
    return exceptions.ConnectionClosedError(endpoint_url=endpoint, error=error)
