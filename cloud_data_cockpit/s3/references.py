"""ConnectionRefs: what the demo's announcement, the environment and the AWS configuration offer, and whom to trust."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..errors import CredentialsError
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
    new_session,
    profile_sections,
    unprofiled_session,
)
from .demo_file import read_demo
from .faults import Place, translated

DEMO, ENVIRONMENT, ANONYMOUS = "demo", "environment", "anonymous"
RESERVED = (DEMO, ENVIRONMENT, ANONYMOUS)


def check_trusted(ref: ConnectionRef, configured: str | None) -> None:
    """A reference may come from somebody else's manifest: this machine's credentials sign for services it knows."""
    endpoint = ref.endpoint_url
    if (
        endpoint is None
        or is_aws(endpoint)
        or is_loopback(endpoint)
        or endpoint in (configured, environment_endpoint())
    ):
        return
    raise CredentialsError(
        f"this process has no credentials for {urlsplit(endpoint).netloc}; "
        f'call connect(name="{ref.name}", endpoint_url="{endpoint}", ...) first'
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
    has_keys = os.environ.get("AWS_ACCESS_KEY_ID") and os.environ.get("AWS_SECRET_ACCESS_KEY")
    return [environment_ref()] if has_keys else []


def environment_ref() -> ConnectionRef:
    return _located(ConnectionRef(name=ENVIRONMENT, kind="environment"), None, None)


def profile_refs() -> list[ConnectionRef]:
    return [profile_ref(profile, None, None) for profile in profile_sections(session_for(None))]


def profile_ref(profile: str, endpoint_url: str | None, region: str | None) -> ConnectionRef:
    name = f"{profile} (profile)" if profile in RESERVED else profile
    parts = [name, *([urlsplit(endpoint_url).netloc] if endpoint_url else []), *([region] if region else [])]
    ref = ConnectionRef(name="-".join(parts), kind="profile", profile=profile)
    return _located(ref, endpoint_url, region)


def anonymous_ref(endpoint_url: str | None, region: str | None) -> ConnectionRef:
    parts = [ANONYMOUS, *([urlsplit(endpoint_url).netloc] if endpoint_url else []), *([region] if region else [])]
    return _located(ConnectionRef(name="-".join(parts), kind="anonymous", anonymous=True), endpoint_url, region)


def custom_ref(endpoint_url: str | None, region: str | None, keys: Keys | None) -> ConnectionRef:
    ref = _located(ConnectionRef(name="custom", kind="custom"), endpoint_url, region)
    parts = [urlsplit(ref.endpoint_url).netloc if ref.endpoint_url else "aws", *([region] if region else [])]
    if keys is not None:
        parts.append(hashlib.sha256(keys.access_key.encode()).hexdigest()[:6])
    return ref.model_copy(update={"name": "-".join(parts)})


def _located(ref: ConnectionRef, endpoint_url: str | None, region: str | None) -> ConnectionRef:
    """`ref` with endpoint and region: those given, else what the configuration says."""
    session = session_for(ref.profile)
    endpoint = endpoint_url or configured_endpoint(session, ref.profile)
    place = region or configured_region(session, ref.profile)
    return ref.model_copy(update={"endpoint_url": check_endpoint(endpoint) if endpoint else None, "region": place})


def default_ref() -> ConnectionRef:
    profile = os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE")
    if environment_refs():
        return environment_ref()
    if profile:
        return profile_ref(profile, None, None)
    known = profile_sections(session_for(None))
    return profile_ref("default", None, None) if "default" in known else environment_ref()
