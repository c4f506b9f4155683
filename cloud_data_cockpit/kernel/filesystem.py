"""Our connections for fsspec: s3fs, told which credentials and endpoint to use."""

from __future__ import annotations

from typing import Any

from ..errors import BadRequest, CredentialsError, MissingExtra
from ..s3.connections import Connection


def s3fs_of(connection: Connection) -> Any:
    """An s3fs filesystem that reaches what `connection` reaches. MissingExtra when s3fs is not installed.

    Keys are handed over as they are now: temporary ones end, and then a new filesystem has to be made. It does not go
    through the guard of this package, nor its retries.
    """
    try:
        import s3fs
    except ImportError:
        raise MissingExtra("fsspec access to S3 needs s3fs: pip install s3fs") from None
    ref = connection.ref
    if not ref.verify_tls or ref.ca_bundle:
        raise BadRequest("s3fs cannot be given TLS options of a connection; set AWS_CA_BUNDLE for it")
    client: dict[str, Any] = {"endpoint_url": ref.endpoint_url, "region_name": ref.region}
    config: dict[str, Any] = {"s3": {"addressing_style": "path"}} if ref.endpoint_url else {}
    options: dict[str, Any] = {
        "anon": ref.anonymous,
        "client_kwargs": {key: value for key, value in client.items() if value},
        "config_kwargs": config,
        "requester_pays": ref.requester_pays,
        "skip_instance_cache": True,
    }
    if not ref.anonymous:
        options |= keys_of(connection)
    return s3fs.S3FileSystem(**options)


def keys_of(connection: Connection) -> dict[str, Any]:
    """key, secret and token of this moment. CredentialsError when there are none."""
    credentials = connection.client._request_signer._credentials  # botocore has no public way to ask a client for them
    if credentials is None:
        raise CredentialsError(f"there are no credentials for {connection.ref.name!r}")
    frozen = credentials.get_frozen_credentials()
    return {"key": frozen.access_key, "secret": frozen.secret_key, "token": frozen.token}
