"""Roles: credentials that STS gives for those of a connection, renewed by botocore before they expire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..models import ConnectionRef
from .clients import CONNECT_TIMEOUT, DEFAULT_REGION, READ_TIMEOUT, Keys, is_aws
from .guard import check_role

SESSION_NAME = "data-cockpit"


def sts_client(session: Any, ref: ConnectionRef, **arguments: Any) -> Any:
    """The STS client that belongs to a connection: AWS's, or at the endpoint itself for other services."""
    from botocore.config import Config

    return session.create_client(
        "sts",
        region_name=ref.region or DEFAULT_REGION,
        endpoint_url=None if is_aws(ref.endpoint_url) else ref.endpoint_url,
        config=Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": 2},
        ),
        **arguments,
    )


def assume_role(session: Any, ref: ConnectionRef, keys: Keys | None, new_session: Callable[[], Any]) -> Any:
    """A session whose credentials are those of `ref.role_arn`, assumed with `keys` or the credentials of `session`.

    Nothing is sent yet. botocore's NoCredentialsError when there is nothing to assume it with, AccessDenied when the
    administrator does not allow the role.
    """
    from botocore.credentials import AssumeRoleCredentialFetcher, Credentials, DeferredRefreshableCredentials
    from botocore.exceptions import NoCredentialsError

    role = ref.role_arn or ""
    check_role(role)
    source = (
        session.get_credentials() if keys is None else Credentials(keys.access_key, keys.secret_key, keys.session_token)
    )
    if source is None:
        raise NoCredentialsError
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=lambda service, **arguments: sts_client(session, ref, **arguments),
        source_credentials=source,
        role_arn=role,
        extra_args={"RoleSessionName": SESSION_NAME},
    )
    assumed = new_session()
    credentials = DeferredRefreshableCredentials(refresh_using=fetcher.fetch_credentials, method="assume-role")
    assumed.get_component("credential_provider").providers.insert(0, _Given(credentials))
    return assumed


class _Given:
    """A provider of credentials that are there already, in the form in which botocore asks for it."""

    METHOD = "assume-role"
    CANONICAL_NAME = None

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def load(self) -> Any:
        return self._credentials
