"""Records of connections: the reference that travels, what a person types, and the answer of a test."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field, SecretStr

from .base import Record

ConnectionKind = Literal["demo", "profile", "environment", "anonymous", "custom"]
Addressing = Literal["auto", "path", "virtual"]
SecretPlace = Literal["none", "configured", "keyring", "aws-credentials-file", "process"]


class ConnectionRef(Record):
    """How to reach an S3 service. Names credentials (a profile, the environment), never holds them.

    `buckets` are pinned: shown where the service does not let one list buckets. `role_arn` is assumed with the
    credentials of the profile or the environment. `ca_bundle` is a path on the machine that connects.
    """

    name: str
    kind: ConnectionKind
    profile: str | None = None
    endpoint_url: str | None = None
    region: str | None = None
    anonymous: bool = False
    addressing: Addressing = "auto"
    requester_pays: bool = False
    verify_tls: bool = True
    ca_bundle: str | None = None
    role_arn: str | None = None
    buckets: tuple[str, ...] = ()


class ConnectionInfo(Record):
    """A connection as the panel shows it. `saved`: made by the user, may be changed and removed.

    `secret` tells where its credentials are kept; `expires` when those in use end, where that is known; `problem` why
    it cannot be used now and what to do.
    """

    ref: ConnectionRef
    saved: bool
    source: str
    secret: SecretPlace
    expires: datetime | None = None
    problem: str | None = None


class ConnectionDraft(Record):
    """What a person enters for a connection of her own. Secrets go to `keep_in` and to no other place.

    `access_key` and `secret_key` may be left out when a saved connection is changed: those kept stay.
    """

    name: str = Field(min_length=1, max_length=100)
    endpoint_url: str | None = None
    region: str | None = None
    addressing: Addressing = "auto"
    credentials: Literal["profile", "keys", "environment", "anonymous"] = "keys"
    profile: str | None = None
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    session_token: SecretStr | None = None
    keep_in: Literal["keyring", "aws-credentials-file", "process"] = "keyring"
    role_arn: str | None = None
    requester_pays: bool = False
    verify_tls: bool = True
    ca_bundle: str | None = None
    buckets: tuple[str, ...] = ()


class ConnectionTest(Record):
    """Test the connection `name`, or `draft` before it is saved; `bucket` to look into where none may be listed."""

    name: str | None = None
    draft: ConnectionDraft | None = None
    bucket: str | None = None


class ConnectionReport(Record):
    """What a test found. `cause` and `cure` are words for people, empty when `ok`; `milliseconds` of one request."""

    ok: bool
    cause: str = ""
    cure: str = ""
    identity: str | None = None
    region: str | None = None
    buckets: int | None = None
    milliseconds: float | None = None
