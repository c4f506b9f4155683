"""What a person enters for a connection, checked: the reference that it makes and the keys that come with it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import BadRequest
from ..models import ConnectionDraft, ConnectionRef
from .clients import Keys, check_endpoint, is_aws
from .references import RESERVED, check_permitted, session_for
from .secret_places import check_keys

_REGION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_ROLE = re.compile(r"arn:[\x21-\x7e]{3,2000}")
_ADDRESS = re.compile(r"[0-9.]+|.*:.*")


def reference_of(draft: ConnectionDraft) -> ConnectionRef:
    """The reference that a draft makes, without asking anybody.

    BadRequest for what cannot be, CredentialsError for an unknown profile, AccessDenied for what the administrator
    does not allow.
    """
    if (draft.profile is not None) != (draft.credentials == "profile"):
        raise BadRequest("name a profile if, and only if, the credentials are those of a profile")
    if draft.profile is not None:
        session_for(draft.profile)
    if draft.name == "test":  # connections/test is a route of its own
        raise BadRequest("the name 'test' has a meaning of its own; choose another")
    ref = ConnectionRef(
        name=check_name(draft.name),
        kind="custom",
        profile=draft.profile,
        endpoint_url=check_endpoint(endpoint) if (endpoint := _text(draft.endpoint_url)) else None,
        region=_text(draft.region),
        anonymous=draft.credentials == "anonymous",
        addressing=draft.addressing,
        requester_pays=draft.requester_pays,
        verify_tls=draft.verify_tls,
        ca_bundle=_text(draft.ca_bundle),
        role_arn=_text(draft.role_arn),
        buckets=tuple(dict.fromkeys(bucket.strip() for bucket in draft.buckets if bucket.strip())),
    )
    check_options(ref)
    check_permitted(ref)
    return ref


def keys_of(draft: ConnectionDraft) -> Keys | None:
    """The keys in a draft; None when it has none. BadRequest for half of them, or for keys that it has no use for."""
    given = (draft.access_key, draft.secret_key, draft.session_token)
    access_key, secret_key, token = (each.get_secret_value().strip() if each else None for each in given)
    keys = check_keys(access_key, secret_key, token)
    if keys is not None and draft.credentials != "keys":
        raise BadRequest(
            f"keys were given, but the credentials are to be those of {draft.credentials!r}; leave one out"
        )
    return keys


def _text(typed: str | None) -> str | None:
    return (typed or "").strip() or None


def check_name(name: str) -> str:
    """`name`, unless no connection may have it."""
    if not name.strip() or not name.isprintable() or len(name) > 100 or name != name.strip():
        raise BadRequest("the name of a connection is 1 to 100 printable characters, without blanks at its ends")
    if name in RESERVED:
        raise BadRequest(f"the name {name!r} has a meaning of its own; choose another")
    return name


def check_options(ref: ConnectionRef) -> None:
    """BadRequest when the options of a reference are not possible, alone or together."""
    host = urlsplit(ref.endpoint_url or "").hostname
    bucket = next((b for b in ref.buckets if not 1 <= len(b) <= 255 or "/" in b or not b.isprintable()), None)
    wrong = {
        f"the region {ref.region!r} cannot be; it looks like eu-west-1": ref.region
        and not _REGION.fullmatch(ref.region),
        "a role is named by its ARN, such as arn:aws:iam::123456789012:role/reader": ref.role_arn
        and not _ROLE.fullmatch(ref.role_arn),
        "nobody can assume a role or pay for requests without credentials; choose some": ref.anonymous
        and (ref.role_arn or ref.requester_pays),
        "AWS has certificates that everybody can verify; leave the verification on": not ref.verify_tls
        and is_aws(ref.endpoint_url),
        "a CA file is of no use where certificates are not verified; leave one of the two": not ref.verify_tls
        and ref.ca_bundle,
        f"there is no CA file {ref.ca_bundle} on this machine; give its path": ref.ca_bundle
        and not Path(ref.ca_bundle).expanduser().is_file(),
        "an address without a name has no names for buckets; use path addressing": ref.addressing == "virtual"
        and host
        and _ADDRESS.fullmatch(host),
        f"{bucket!r} is no bucket's name; give the name alone, such as my-data": bucket,
    }
    for words, is_so in wrong.items():
        if is_so:
            raise BadRequest(words)
