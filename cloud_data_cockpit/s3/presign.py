"""Presigned URLs at an endpoint other than AWS's, without a client of botocore's, which takes 0.1 s to be made."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from ..models import ConnectionRef
from .clients import Keys, is_aws

# Anything less plain, such as an endpoint with a path or the ARN of an access point, is left to botocore.
_ENDPOINT = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z0-9-]{1,63}")
_SETTINGS = ("s3", "use_dualstack_endpoint", "use_fips_endpoint")


def is_plain(ref: ConnectionRef, session: Any) -> bool:
    """Whether objects are at endpoint/bucket/key: an endpoint that is not AWS's, and no setting that says otherwise."""
    endpoint = ref.endpoint_url
    if ref.role_arn or ref.requester_pays or ref.addressing not in ("auto", "path"):
        return False
    if endpoint is None or is_aws(endpoint) or not _ENDPOINT.fullmatch(endpoint):
        return False
    return not any(session.get_config_variable(name) for name in _SETTINGS)


def presigned(
    endpoint: str, region: str, keys: Keys | None, method: str, bucket: str, key: str, expires: int
) -> str | None:
    """The URL that a client would make for this object; without `keys` unsigned.

    None for a bucket or a region whose name is unusual.
    """
    from botocore.auth import S3SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    if not _BUCKET.fullmatch(bucket) or not _REGION.fullmatch(region):
        return None
    request = AWSRequest(method=method, url=f"{endpoint}/{bucket}/{quote(key, safe='/~')}")
    if keys is not None:
        credentials = Credentials(keys.access_key, keys.secret_key, keys.session_token)
        S3SigV4QueryAuth(credentials, "s3", region, expires=expires).add_auth(request)
    url: str = request.prepare().url
    return url
