"""Requester pays: every request of a client says who pays, in a header or, in links for people, in the URL.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ObjectsinRequesterPaysBuckets.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

PAYER = "x-amz-request-payer"

_in_header: ContextVar[bool] = ContextVar("payer_in_header", default=False)


def let_requester_pay(client: Any) -> None:
    """Add the consent to each operation of `client` that knows it, presigned ones too."""
    client.meta.events.register("provide-client-params.s3", _consent)
    client.meta.events.register("before-sign.s3", _into_the_url)


@contextmanager
def payer_in_header() -> Iterator[None]:
    """Inside, presigned URLs have the consent in a signed header, which whoever uses them must send."""
    token = _in_header.set(True)
    try:
        yield
    finally:
        _in_header.reset(token)


def _consent(params: dict[str, Any], model: Any, **_: Any) -> None:
    if model.input_shape is not None and "RequestPayer" in model.input_shape.members:
        params.setdefault("RequestPayer", "requester")


def _into_the_url(request: Any, signature_version: Any, **_: Any) -> None:
    # A browser that follows a link sends no header of ours; S3 reads the consent from the URL as well.
    if str(signature_version).endswith("-query") and not _in_header.get() and PAYER in request.headers:
        del request.headers[PAYER]
        request.params = {**(request.params or {}), PAYER: "requester"}
