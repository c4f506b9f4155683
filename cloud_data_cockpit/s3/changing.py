"""Changing what an object says of itself: it is copied onto itself, and keeps all that was not to be changed."""

from __future__ import annotations

import base64
import re

from ..errors import Archived, BadRequest, Conflict, SourceChanged
from ..models import ChangeRequest
from .batches import Watch
from .connections import Connection, resolve
from .content_types import checked_type
from .copies import copy_object
from .copying import WHOLE
from .facts import STANDARD, Facts, look, tags_of
from .grants import grants_of
from .in_parts import COPIED_PART
from .kept import check_copy, encryption_of, settings_of
from .ledger import Ledger
from .objects import check_key, make_uri
from .rebuilding import copy_onto_itself

_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,128}")
_CLASS = re.compile(r"[A-Z0-9_-]{1,40}")


def check_change_request(request: ChangeRequest) -> None:
    """What can be said at once: BadRequest for nothing to change, and for values that no header can carry."""
    resolve(request.connection)
    check_key(request.key)
    if request.content_type is None and request.metadata is None and request.storage_class is None:
        raise BadRequest("nothing is to be changed: give a content type, metadata or a storage class")
    if request.content_type is not None:
        checked_type(request.key, request.content_type)
    if request.storage_class is not None and not _CLASS.fullmatch(request.storage_class):
        raise BadRequest(f"{request.storage_class!r} is no storage class; they look like STANDARD_IA")
    for name, value in (request.metadata or {}).items():
        if not _NAME.fullmatch(name.lower()):
            raise BadRequest(f"{name!r} cannot name metadata: take letters, digits, “-” and “_”")
        if not value.isprintable() or value != value.strip():
            raise BadRequest(f"the metadata {name!r} holds line ends, or blanks at its ends, which no header keeps")
    names = [name.lower() for name in request.metadata or {}]
    if len(set(names)) != len(names):
        raise BadRequest("S3 does not tell capital from small letters in the names of metadata: one is there twice")


def change_object(request: ChangeRequest, watch: Watch, ledger: Ledger | None = None) -> None:
    """Do what a request asks for; tags, other headers, grants and encryption stay.

    SourceChanged when somebody changes the object meanwhile. Refused is what would lose something unseen: metadata that
    cannot be shown, grants or tags that may not be read, an object under a lock.
    """
    check_change_request(request)
    connection, bucket, key = resolve(request.connection), request.bucket, request.key
    facts = look(connection, bucket, key)
    watch.add(total=facts.size, items_total=1)
    if facts.locked:
        raise Conflict(f"{make_uri(bucket, key)} is under an object lock, which its copy would not have; lift it first")
    watch.check()
    try:
        same_parts = _rewrite(connection, request, facts, watch, ledger)
    except Archived:
        raise
    except Conflict:
        raise SourceChanged(
            f"{make_uri(bucket, key)} was changed by somebody else just now; look at it again"
        ) from None
    check_copy(make_uri(bucket, key), facts, look(connection, bucket, key), same_parts=same_parts)
    watch.add(items=1)


def _rewrite(connection: Connection, request: ChangeRequest, facts: Facts, watch: Watch, ledger: Ledger | None) -> bool:
    """Copy the object onto itself; whether its copy is made of the same parts."""
    place = (request.bucket, request.key)
    settings = {**_settings(request, facts), **grants_of(connection, *place)}
    if facts.size <= WHOLE:
        copy_object(connection, place, facts.etag, place, settings, only_if_absent=False)
        watch.add(done=facts.size)
        return False
    tags = tags_of(connection, *place)  # a copy in parts keeps none by itself
    whole = settings_of(facts, tags, make_uri(*place), same_service=True)
    whole |= {name: value for name, value in settings.items() if name != "MetadataDirective"}
    return copy_onto_itself(connection, place, facts, whole, COPIED_PART, watch, ledger)


def _settings(request: ChangeRequest, facts: Facts) -> dict[str, object]:
    storage_class = request.storage_class or facts.storage_class
    settings: dict[str, object] = {}
    if storage_class != STANDARD or request.storage_class is not None:
        settings["StorageClass"] = storage_class
    settings |= encryption_of(facts)
    if request.content_type is None and request.metadata is None:
        # The service copies what there is, also what cannot be shown; only a redirect it leaves out.
        redirect = facts.headers.get("WebsiteRedirectLocation")
        return settings | ({"WebsiteRedirectLocation": redirect} if redirect else {})
    uri = make_uri(request.bucket, request.key)
    settings = settings_of(facts, {}, uri, same_service=True) | settings | {"MetadataDirective": "REPLACE"}
    if request.content_type is not None:
        settings["ContentType"] = request.content_type
    if request.metadata is not None:
        settings["Metadata"] = {name.lower(): _encoded(value) for name, value in request.metadata.items()}
    return settings


def _encoded(value: str) -> str:
    """A metadata value as a header carries it: what is not ASCII as RFC 2047 has it, which S3 undoes."""
    if value.isascii():
        return value
    return f"=?UTF-8?B?{base64.b64encode(value.encode()).decode()}?="
