"""Connections as the panel shows them: where each comes from, where its secret is, why it cannot be used now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..errors import CockpitError
from ..models import ConnectionInfo, ConnectionRef, SecretPlace
from .clients import unprofiled_session
from .connections import held_connection, list_connections
from .credential_kinds import Kind, kind_of_environment, kind_of_profile
from .references import check_permitted, saved_ref
from .saved import SavedConnection, read_saved
from .secret_places import keys_at_hand, missing_words

_PLACES = {
    "keyring": "keys in the system's keyring",
    "aws-credentials-file": "keys in the AWS credentials file",
    "process": "keys in this process, until it ends",
}


def list_infos() -> list[ConnectionInfo]:
    """Every connection that can be chosen now. Reads files only: no service, no keyring, no program is asked."""
    refs = list_connections()
    try:
        saved = read_saved()
    except CockpitError:
        saved = {}
    config = _configuration() if any(ref.profile for ref in refs) else {}
    return [_info(ref, saved.get(ref.name), config) for ref in refs]


def describe(saved: SavedConnection) -> ConnectionInfo:
    """What is known of one that the user has added."""
    return _info(saved.ref, saved, _configuration() if saved.ref.profile else {})


def _info(ref: ConnectionRef, saved: SavedConnection | None, config: Any) -> ConnectionInfo:
    kind = _kind(ref, saved, config)
    problem = kind.problem or _not_permitted(ref)
    secret: SecretPlace = "configured"
    if saved is not None:
        secret = saved.secret
        if saved.credentials in ("profile", "environment") and kind.problem is None:
            ref = saved_ref(saved)
    elif ref.anonymous:
        secret = "none"
    elif ref.kind == "custom":
        secret = "process"
    return ConnectionInfo(
        ref=ref,
        saved=saved is not None,
        source=kind.source,
        secret=secret,
        expires=kind.expires or _expiry_in_use(ref.name),
        problem=problem,
    )


def _kind(ref: ConnectionRef, saved: SavedConnection | None, config: Any) -> Kind:
    kind = _kind_without_role(ref, saved, config)
    if ref.role_arn:
        return Kind(f"role {ref.role_arn}, assumed with {kind.source}", None, kind.problem)
    return kind


def _kind_without_role(ref: ConnectionRef, saved: SavedConnection | None, config: Any) -> Kind:
    if ref.kind == "demo":
        return Kind("the demo service on this machine")
    if ref.anonymous:
        return Kind("no credentials: public data only")
    if ref.profile:
        if ref.profile not in config.get("profiles", {}):
            words = f"the AWS configuration has no profile {ref.profile} any more: choose another for this connection"
            return Kind(f"profile {ref.profile!r}", problem=words)
        return kind_of_profile(config, ref.profile)
    if saved is not None and saved.credentials == "keys":
        return Kind(_PLACES[saved.secret], problem=None if keys_at_hand(saved) else missing_words(saved))
    if ref.kind == "custom" and saved is None:
        return Kind("made in this process")
    return kind_of_environment()


def _configuration() -> Any:
    from botocore.exceptions import BotoCoreError

    try:
        return unprofiled_session().full_config
    except BotoCoreError:  # the profiles are not in the list then
        return {}


def _not_permitted(ref: ConnectionRef) -> str | None:
    try:
        check_permitted(ref)
    except CockpitError as error:
        return error.message
    return None


def _expiry_in_use(name: str) -> datetime | None:
    held = held_connection(name)
    return held.expires if held is not None else None
