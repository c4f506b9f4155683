"""Dataplug's storage module in our words: paths of any key, and a client that pickles without credentials."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ..errors import BadRequest
from ..models import ConnectionRef

if TYPE_CHECKING:
    from ..s3.connections import Connection

_CONFIG = (
    *("region_name", "endpoint_url", "credentials", "role_arn", "token_duration_seconds"),
    *("botocore_config_kwargs", "anonymous", "connection"),
)
_SESSION_SECONDS = 3600


@dataclass(frozen=True)
class S3Path:
    """A bucket and a key, exactly as S3 knows it: nothing in it is decoded, joined or left out."""

    bucket: str
    key: str

    @classmethod
    def from_uri(cls, uri: str) -> S3Path:
        """The path of `s3://bucket/key`. ValueError for other URIs."""
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket:
            raise ValueError(f"{uri!r} is not the URI of an object; it looks like s3://bucket/key")
        return cls(bucket, key)

    @classmethod
    def from_bucket_key(cls, bucket: str, key: str) -> S3Path:
        return cls(bucket, key)

    def as_uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def virtual_directory(self) -> str:
        """What stands before the last slash of the key."""
        return self.key.rpartition("/")[0]

    @property
    def name(self) -> str:
        return PurePosixPath(self.key).name

    @property
    def stem(self) -> str:
        return PurePosixPath(self.key).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.key).suffix

    @property
    def parts(self) -> tuple[str, ...]:
        return ("/", self.bucket, *PurePosixPath(self.key).parts)

    def __str__(self) -> str:
        return f"/{self.bucket}/{self.key}"

    def __repr__(self) -> str:
        return f"S3Path(bucket={self.bucket},key={self.key})"


class PickleableS3ClientProxy:
    """A boto3 S3 client that travels as the name of its connection; whoever unpickles it brings credentials.

    The parameters are those of Dataplug's `s3_config`, and `anonymous=True` or `connection=` (a Connection, its
    reference or its name) besides. No STS is asked unless `role_arn` is given.
    """

    def __init__(
        self,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        credentials: Mapping[str, str] | None = None,
        role_arn: str | None = None,
        token_duration_seconds: int | None = None,
        botocore_config_kwargs: Mapping[str, Any] | None = None,
        anonymous: bool = False,
        connection: Connection | ConnectionRef | str | None = None,
    ) -> None:
        from ..s3.connections import connect, resolve

        unsigned = anonymous or _is_unsigned((botocore_config_kwargs or {}).get("signature_version"))
        if connection is not None or not (region_name or endpoint_url or credentials or role_arn or unsigned):
            self._connection = resolve(connection)
            return
        if role_arn and not unsigned:
            duration = token_duration_seconds or _SESSION_SECONDS
            credentials = _assumed(role_arn, duration, region_name, endpoint_url, credentials)
        keys = {} if unsigned else _keys(credentials)
        self._connection = connect(endpoint_url=endpoint_url, region=region_name, anonymous=unsigned, **keys)

    @property
    def connection(self) -> Connection:
        """The connection that it speaks through."""
        return self._connection

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._connection.client, name)

    def __deepcopy__(self, memo: object) -> PickleableS3ClientProxy:
        return self

    def __reduce__(self) -> tuple[Callable[..., PickleableS3ClientProxy], tuple[dict[str, Any]]]:
        return _restored, (self._connection.ref.model_dump(mode="json"),)

    def __repr__(self) -> str:
        return f"<S3 client of {self._connection!r}>"


def client_of(s3_config: Any) -> PickleableS3ClientProxy:
    """The client that an `s3_config` describes; a Connection, its reference or its name is taken as well.

    BadRequest for settings that Dataplug has not either, CredentialsError for incomplete credentials.
    """
    if isinstance(s3_config, PickleableS3ClientProxy):
        return s3_config
    if not isinstance(s3_config, Mapping):
        return PickleableS3ClientProxy(connection=s3_config)
    unknown = sorted(set(s3_config) - set(_CONFIG))
    if unknown:
        raise BadRequest(f"s3_config has no {', '.join(map(repr, unknown))}; known are {', '.join(_CONFIG)}")
    return PickleableS3ClientProxy(**s3_config)


def _restored(reference: dict[str, Any]) -> PickleableS3ClientProxy:
    return PickleableS3ClientProxy(connection=ConnectionRef(**reference))


def _is_unsigned(signature: object) -> bool:
    from botocore import UNSIGNED

    return signature is UNSIGNED


def _keys(credentials: Mapping[str, str] | None) -> dict[str, Any]:
    if not credentials:
        return {}
    if not (credentials.get("AccessKeyId") and credentials.get("SecretAccessKey")):
        raise ValueError("the credentials of s3_config need AccessKeyId and SecretAccessKey")
    return {
        "access_key": credentials["AccessKeyId"],
        "secret_key": credentials["SecretAccessKey"],
        "session_token": credentials.get("SessionToken"),
    }


def _assumed(
    role: str, seconds: int, region: str | None, endpoint: str | None, credentials: Mapping[str, str] | None
) -> dict[str, str]:
    """Keys of a role. They stay in this process and end after `seconds`."""
    from ..s3.carrier import attach
    from ..s3.clients import DEFAULT_REGION, unprofiled_session
    from ..s3.guard import check_role

    check_role(role)
    session = unprofiled_session()
    attach(session, lambda host: session.get_config_variable("ca_bundle") or None)
    own = _keys(credentials)
    names = {"access_key": "aws_access_key_id", "secret_key": "aws_secret_access_key"}
    given = {names.get(name, "aws_session_token"): value for name, value in own.items()}
    sts = session.create_client("sts", region_name=region or DEFAULT_REGION, endpoint_url=endpoint, **given)
    reply = sts.assume_role(RoleArn=role, RoleSessionName=f"data-cockpit-{int(time.time())}", DurationSeconds=seconds)
    return {name: reply["Credentials"][name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
