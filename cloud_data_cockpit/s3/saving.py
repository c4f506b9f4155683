"""Add, change and remove the user's own connections: the file gets what names them, the secret goes to its place."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import Any

from ..errors import BadRequest, CockpitError, Conflict, MissingExtra, NotFound
from ..models import ConnectionDraft, SecretPlace
from .clients import Keys
from .connections import list_connections
from .drafts import keys_of, reference_of
from .saved import SavedConnection, drop_saved, find_saved, put_saved
from .secret_places import check_place, forget_keys, free_section, keep_keys, kept_keys


def add_connection(draft: ConnectionDraft) -> SavedConnection:
    """Save a new connection. Conflict when its name is taken, BadRequest when it cannot be.

    MissingExtra or CredentialsError when its keys cannot be kept where they are to be; nothing is saved then.
    """
    ref = reference_of(draft)
    keys = keys_of(draft)
    if draft.credentials == "keys" and keys is None:
        raise BadRequest("give the access key and the secret key, or choose other credentials")
    _check_free(ref.name)
    saved = SavedConnection(id=secrets.token_hex(6), ref=ref, credentials=draft.credentials, **_place(draft, None))
    if keys is not None:
        keep_keys(saved, keys)
    try:
        return put_saved(saved)
    except BaseException:
        forget_keys(saved)
        raise


def change_connection(name: str, draft: ConnectionDraft) -> SavedConnection:
    """Put `draft` in the place of the saved connection `name`; keys that it leaves out stay, and move where it says.

    NotFound when no connection of the user's own has that name; else as `add_connection`.
    """
    before = saved_named(name)
    ref = reference_of(draft)
    if ref.name != name:
        _check_free(ref.name)
    keys = keys_of(draft)
    after = SavedConnection(id=before.id, ref=ref, credentials=draft.credentials, **_place(draft, before))
    moved = (before.secret, before.section) != (after.secret, after.section)
    if keys is None and draft.credentials == "keys" and (moved or before.credentials != "keys"):
        keys = keys_before(before)
    if keys is not None:
        keep_keys(after, keys)
    after = put_saved(after, instead_of=name)
    if moved:
        _forget_old(before)
    return after


def remove_connection(name: str) -> None:
    """Forget a connection of the user's own and its keys. NotFound when there is none of that name."""
    saved = saved_named(name)
    with suppress(MissingExtra):  # where there is no keyring any more, there is nothing in it to forget
        forget_keys(saved)
    drop_saved(name)


def saved_named(name: str) -> SavedConnection:
    """The user's own connection `name`. NotFound for others: they are changed where they come from."""
    saved = find_saved(name)
    if saved is None:
        known = {ref.name for ref in list_connections()}
        where = (
            "it was found, not saved; change it where it comes from" if name in known else "it may have been removed"
        )
        raise NotFound(f"there is no saved connection {name!r}: {where}")
    return saved


def keys_before(saved: SavedConnection) -> Keys:
    """The keys that a saved connection has. BadRequest when it is not one with keys."""
    if saved.credentials != "keys":
        raise BadRequest("give the access key and the secret key, or choose other credentials")
    return kept_keys(saved)


def _place(draft: ConnectionDraft, before: SavedConnection | None) -> dict[str, Any]:
    place: SecretPlace = draft.keep_in
    if draft.credentials != "keys":
        return {"secret": "none" if draft.credentials == "anonymous" else "configured"}
    check_place(place)
    if place != "aws-credentials-file":
        return {"secret": place}
    kept = before.section if before is not None else None
    return {"secret": place, "section": kept or free_section(draft.name)}


def _check_free(name: str) -> None:
    if name in {ref.name for ref in list_connections()}:
        raise Conflict(f"there is a connection {name!r} already; choose another name")


def _forget_old(before: SavedConnection) -> None:
    try:
        forget_keys(before)
    except CockpitError as error:
        raise Conflict(f"the connection is changed, but its old keys could not be removed: {error.message}") from None
