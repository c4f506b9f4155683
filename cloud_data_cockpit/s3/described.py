"""Connections as the panel shows them: where each comes from, where its secret is, why it cannot be used now."""

from __future__ import annotations

from ..models import ConnectionInfo, ConnectionRef
from .connections import list_connections

_SOURCES = {
    "demo": "the demo service on this machine",
    "environment": "environment variables",
    "anonymous": "no credentials: public data only",
    "custom": "made in this process",
}


def list_infos() -> list[ConnectionInfo]:
    """Every connection that can be chosen now; reads files only, asks no service."""
    return [describe(ref) for ref in list_connections()]


def describe(ref: ConnectionRef) -> ConnectionInfo:
    """What is known of a connection without asking anybody."""
    source = _SOURCES.get(ref.kind, f"profile {ref.profile!r} of the AWS configuration")
    secret = {"anonymous": "none", "custom": "process"}.get(ref.kind, "configured")
    return ConnectionInfo.model_validate({"ref": ref, "saved": False, "source": source, "secret": secret})
