"""ConnectionRefs: what the demo's announcement, the environment and the AWS configuration offer, and whom to trust."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from ..errors import AccessDenied, Conflict, CredentialsError
from ..models import ConnectionRef
from .clients import (
    DEFAULT_REGION,
    Keys,
    check_endpoint,
    configured_endpoint,
    configured_region,
    environment_endpoint,
    is_aws,
    is_loopback,
    is_s3_of_aws,
    new_session,
    profile_sections,
    unprofiled_session,
)
from .credential_kinds import has_instance_role, in_environment
from .demo_file import read_demo
from .faults import Place, translated
from .guard import check_host, check_role, policy
from .saved import SavedConnection, read_saved

DEMO, ENVIRONMENT, ANONYMOUS = "demo", "environment", "anonymous"
RESERVED = (DEMO, ENVIRONMENT, ANONYMOUS)


def check_trusted(ref: ConnectionRef, configured: str | None) -> None:
    """A reference may come from somebody else's manifest: this machine's credentials sign for services it knows."""
    endpoint = ref.endpoint_url
    if not (ref.verify_tls and ref.ca_bundle is None) and not (endpoint and is_loopback(endpoint)):
        raise CredentialsError(
            f"the connection {ref.name!r} has TLS settings of its own, which this process takes from nobody else; "
            f'call connect(name="{ref.name}", ...) first'
        )
    if (
        endpoint is None
        or is_s3_of_aws(endpoint)
        or is_loopback(endpoint)
        or endpoint in (configured, environment_endpoint())
    ):
        return
    raise CredentialsError(
        f"this process has no credentials for {urlsplit(endpoint).netloc}; "
        f'call connect(name="{ref.name}", endpoint_url="{endpoint}", ...) first'
    )


def check_permitted(ref: ConnectionRef) -> None:
    """AccessDenied when the administrator does not let users reach that service, or assume that role."""
    parts = urlsplit(ref.endpoint_url or "")
    if parts.hostname:
        check_host(parts.hostname, parts.port)
    if ref.role_arn:
        check_role(ref.role_arn)
    given = ref.kind in ("custom", "anonymous") and not is_aws(ref.endpoint_url)
    if given and not policy().user_endpoints and ref.endpoint_url != environment_endpoint():
        raise AccessDenied(
            f"the administrator does not let users connect to services of their own, such as {parts.netloc}; choose "
            "another connection (allow_user_endpoints)"
        )


def session_for(profile: str | None) -> Any:
    """A session to read the configuration with, not to make clients. CredentialsError for an unknown profile."""
    place = Place(ConnectionRef(name=profile or ENVIRONMENT, kind="profile", profile=profile))
    with translated(place):
        session = new_session(profile, bare=True) if profile else unprofiled_session(bare=True)
        known: Mapping[str, Any] = profile_sections(session)
    if profile is not None and profile not in known:
        names = ", ".join(known) or "none"
        raise CredentialsError(f"the AWS configuration here has no profile {profile!r}; known are {names}")
    return session


def demo_refs() -> list[ConnectionRef]:
    found = read_demo()
    if found is None:
        return []
    return [ConnectionRef(name=DEMO, kind="demo", endpoint_url=found[0], region=DEFAULT_REGION)]


def environment_refs() -> list[ConnectionRef]:
    return [environment_ref()] if in_environment() or has_instance_role() else []


def environment_ref() -> ConnectionRef:
    return _located(ConnectionRef(name=ENVIRONMENT, kind="environment"), None, None)


def profile_refs() -> list[ConnectionRef]:
    """Every profile, but not the sections in which we keep keys of saved connections."""
    ours: set[str | None] = set()
    with suppress(Conflict):  # a file that cannot be read is told of where the saved ones are listed
        ours = {saved.section for saved in read_saved().values()}
    session = session_for(None)
    return [profile_ref(profile, None, None, session) for profile in profile_sections(session) if profile not in ours]


def profile_ref(
    profile: str, endpoint_url: str | None, region: str | None, session: Any | None = None
) -> ConnectionRef:
    name = f"{profile} (profile)" if profile in RESERVED else profile
    parts = [name, *([urlsplit(endpoint_url).netloc] if endpoint_url else []), *([region] if region else [])]
    ref = ConnectionRef(name="-".join(parts), kind="profile", profile=profile)
    return _located(ref, endpoint_url, region, session)


def anonymous_ref(endpoint_url: str | None, region: str | None) -> ConnectionRef:
    parts = [ANONYMOUS, *([urlsplit(endpoint_url).netloc] if endpoint_url else []), *([region] if region else [])]
    return _located(ConnectionRef(name="-".join(parts), kind="anonymous", anonymous=True), endpoint_url, region)


def saved_ref(saved: SavedConnection) -> ConnectionRef:
    """The reference of a connection that the user has added, as the configuration completes it now."""
    if saved.credentials in ("profile", "environment"):
        return _located(saved.ref, saved.ref.endpoint_url, saved.ref.region)
    return saved.ref


def saved_refs() -> list[ConnectionRef]:
    return [saved.ref for saved in read_saved().values()]


def custom_ref(endpoint_url: str | None, region: str | None, keys: Keys | None) -> ConnectionRef:
    ref = _located(ConnectionRef(name="custom", kind="custom"), endpoint_url, region)
    parts = [urlsplit(ref.endpoint_url).netloc if ref.endpoint_url else "aws", *([region] if region else [])]
    if keys is not None:
        parts.append(hashlib.sha256(keys.access_key.encode()).hexdigest()[:6])
    return ref.model_copy(update={"name": "-".join(parts)})


def _located(
    ref: ConnectionRef, endpoint_url: str | None, region: str | None, session: Any | None = None
) -> ConnectionRef:
    """`ref` with endpoint and region: those given, else what the configuration (as `session` has read it) says."""
    session = session or session_for(ref.profile)
    endpoint = endpoint_url or configured_endpoint(session, ref.profile)
    place = region or configured_region(session, ref.profile)
    return ref.model_copy(update={"endpoint_url": check_endpoint(endpoint) if endpoint else None, "region": place})


def default_ref() -> ConnectionRef:
    profile = os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE")
    if in_environment():
        return environment_ref()
    if profile:
        return profile_ref(profile, None, None)
    known = profile_sections(session_for(None))
    return profile_ref("default", None, None) if "default" in known else environment_ref()
