"""The clients that are measured, each with the same keys at the same address."""

from __future__ import annotations

import os
from typing import Any

from .cases import ACCESS_KEY, BUCKET, SECRET_KEY, Place


def connection(place: Place) -> Any:
    """A connection of ours."""
    from cloud_data_cockpit.s3.connections import connect

    return connect("benchmark", endpoint_url=place.endpoint, access_key=ACCESS_KEY, secret_key=SECRET_KEY)


def boto(place: Place) -> Any:
    """boto3, with as many connections as are used."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=place.endpoint,
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=32),
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name="us-east-1",
    )


def obstore_store(place: Place) -> Any:
    """obstore."""
    from obstore.store import S3Store

    options: Any = {"allow_http": True}
    return S3Store(
        BUCKET,
        endpoint=place.endpoint,
        access_key_id=ACCESS_KEY,
        secret_access_key=SECRET_KEY,
        region="us-east-1",
        client_options=options,
    )


def s5cmd_environment() -> dict[str, str]:
    """What s5cmd finds its keys in."""
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_REGION": "us-east-1"}
    return {**os.environ, **keys}
