"""Connections by name: made by hand, saved, or found in the AWS configuration, the environment, the demo's file.

A Connection holds credentials and never leaves its process; a ConnectionRef names it and travels everywhere else.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal

from ..errors import BadRequest, CockpitError, Conflict, CredentialsError, NotFound
from ..models import Addressing, ConnectionDraft, ConnectionRef
from .clients import Keys, check_endpoint, configured_endpoint
from .connection import Connection
from .demo_file import demo_path, forget_demo, read_demo, write_demo
from .drafts import check_name, check_options
from .references import (
    ANONYMOUS,
    DEMO,
    ENVIRONMENT,
    anonymous_ref,
    check_permitted,
    check_trusted,
    custom_ref,
    default_ref,
    demo_refs,
    environment_ref,
    environment_refs,
    profile_ref,
    profile_refs,
    saved_ref,
    saved_refs,
    session_for,
)
from .saved import find_saved, saved_path
from .secret_places import check_keys, kept_keys

__all__ = ["Connection", "connect", "forget_demo", "list_connections", "resolve", "write_demo"]

logger = logging.getLogger(__name__)

KeepIn = Literal["keyring", "aws-credentials-file", "process"]

_lock = threading.RLock()
_registered: dict[str, Connection] = {}
_resolved: dict[str | ConnectionRef | None, tuple[object, Connection]] = {}
_lent: ContextVar[Connection | None] = ContextVar("lent", default=None)


def connect(
    name: str | None = None,
    *,
    profile: str | None = None,
    endpoint_url: str | None = None,
    region: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
    session_token: str | None = None,
    anonymous: bool = False,
    addressing: Addressing = "auto",
    role_arn: str | None = None,
    requester_pays: bool = False,
    verify_tls: bool = True,
    ca_bundle: str | None = None,
    buckets: Sequence[str] = (),
    save: bool = False,
    keep_in: KeepIn = "keyring",
) -> Connection:
    """Make a connection and register it in this process under `name`, so that slices and URIs find it by name.

    Credentials come from `profile`, from the keys given, from nowhere (`anonymous`), or else from AWS's default chain;
    with them the role `role_arn` is assumed. Nothing is sent yet. With `save` it is kept for this user, in the place of
    one saved under that name before: the panel and other processes find it, the keys go to `keep_in` and nowhere else.
    BadRequest for parameters that exclude each other, CredentialsError for an unknown profile, AccessDenied for what
    the administrator does not allow.
    """
    endpoint_url = check_endpoint(endpoint_url) if endpoint_url else None
    keys = check_keys(access_key, secret_key, session_token)
    if sum((profile is not None, keys is not None, anonymous)) > 1:
        raise BadRequest("give only one of profile, access_key with secret_key, and anonymous")
    options: dict[str, Any] = {"addressing": addressing, "role_arn": role_arn, "requester_pays": requester_pays}
    options |= {"verify_tls": verify_tls, "ca_bundle": ca_bundle, "buckets": tuple(buckets)}
    if save:
        options |= {"profile": profile, "endpoint_url": endpoint_url, "region": region, "keep_in": keep_in}
        return _saved(name, keys, anonymous, options)
    given = (name, profile, endpoint_url, region, keys, role_arn, ca_bundle)
    if all(each is None for each in given) and not anonymous:
        return _register(resolve(None))
    if profile is not None:
        ref = profile_ref(profile, endpoint_url, region)
    elif anonymous:
        ref = anonymous_ref(endpoint_url, region)
    else:
        ref = custom_ref(endpoint_url, region, keys)
    chosen = check_name(name) if name is not None and not (anonymous and name == ANONYMOUS) else ref.name
    ref = ref.model_copy(update={**options, "name": chosen})
    check_options(ref)
    check_permitted(ref)
    return _register(Connection(ref, keys))


def list_connections() -> list[ConnectionRef]:
    """What can be chosen now: the demo, those saved, the environment, every profile, anonymous, those registered."""
    refs: list[ConnectionRef] = []
    for find in (demo_refs, saved_refs, environment_refs, profile_refs, lambda: [anonymous_ref(None, None)]):
        try:
            refs.extend(find())
        except CockpitError as error:  # the other connections stay usable
            logger.warning("left out of the connections: %s", error)
    with _lock:
        registered = {name: connection.ref for name, connection in _registered.items()}
    first: dict[str, ConnectionRef] = {}
    for ref in refs:
        first.setdefault(ref.name, ref)
    listed = [registered.pop(name, ref) for name, ref in first.items()]
    return [*listed, *registered.values()]


def resolve(which: str | ConnectionRef | Connection | None) -> Connection:
    """The connection that is meant: by name, by reference, itself, or for None AWS's default (never the demo).

    NotFound when no connection has that name, CredentialsError when its credentials are not on this machine.
    """
    if isinstance(which, Connection):
        return which
    name = which.name if isinstance(which, ConnectionRef) else which
    lent = _lent.get()
    if lent is not None and lent.ref.name == name:
        return lent
    with _lock:
        if name in _registered:
            return _registered[name]
    if isinstance(which, ConnectionRef):
        return _cached(which, lambda: _from_ref(which))
    return _cached(which, lambda: resolve(_ref_named(which)))


@contextmanager
def borrowed(connection: Connection) -> Iterator[None]:
    """Within the block, in this thread, its name means `connection`, whatever is known here under that name."""
    token = _lent.set(connection)
    try:
        yield
    finally:
        _lent.reset(token)


def held_connection(name: str) -> Connection | None:
    """The connection of that name that this process has in use, if any; nothing is made for it."""
    with _lock:
        held = _resolved.get(name)
        return _registered.get(name) or (held[1] if held is not None else None)


# --- from names and references to connections --------------------------------------------------


def _register(connection: Connection) -> Connection:
    with _lock:
        _registered[connection.ref.name] = connection
    return connection


def _cached(key: str | ConnectionRef | None, make: Callable[[], Connection]) -> Connection:
    """A client takes 0.1 s to make, so connections are kept as long as the configuration stays as it was."""
    now = _configuration_state()
    with _lock:
        held = _resolved.get(key)
    if held is not None and held[0] == now:
        return held[1]
    made = make()
    with _lock:
        _resolved[key] = (now, made)
    return made


def _configuration_state() -> object:
    """Changes when the environment, a configuration file or the demo's announcement changes."""
    files = (
        os.environ.get("AWS_CONFIG_FILE", "~/.aws/config"),
        os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
        str(demo_path()),
        str(saved_path()),
    )
    stamps = []
    for file in files:
        try:
            stat = Path(file).expanduser().stat()
            stamps.append((file, stat.st_mtime_ns, stat.st_size, stat.st_ino))
        except OSError:
            stamps.append((file, 0, 0, 0))
    variables = sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))
    return tuple(stamps), hashlib.sha256(repr(variables).encode()).digest()


def _ref_named(name: str | None) -> ConnectionRef:
    if name is None:
        return default_ref()
    with suppress(Conflict):  # the file cannot be read: what is found elsewhere stays usable
        if (saved := find_saved(name)) is not None:
            return saved.ref
    if name == DEMO:
        found = demo_refs()
        if not found:
            raise NotFound("the demo service is not running; start it with `cloud-data-cockpit demo`")
        return found[0]
    if name == ENVIRONMENT:
        return environment_ref()
    if name == ANONYMOUS:
        return anonymous_ref(None, None)
    refs = {ref.name: ref for ref in profile_refs()}
    if name not in refs:
        find_saved(name)  # says why the saved ones cannot be read
        known = ", ".join(ref.name for ref in list_connections())
        raise NotFound(f"there is no connection {name!r}; known are {known}; make one with connect(name=...)")
    return refs[name]


def _from_ref(ref: ConnectionRef) -> Connection:
    if ref.kind == "demo":
        found = read_demo()
        if found is None:
            raise CredentialsError("the demo service is not running; start it with `cloud-data-cockpit demo`")
        return Connection(ref.model_copy(update={"endpoint_url": found[0]}), found[1])
    saved = find_saved(ref.name) if ref.kind == "custom" else None
    if saved is not None:  # its endpoint and keys are this machine's, whatever the reference says
        located = saved_ref(saved)
        check_permitted(located)
        return Connection(located, kept_keys(saved) if saved.credentials == "keys" else None)
    if ref.anonymous:
        return Connection(ref)
    session = session_for(ref.profile)
    check_trusted(ref, configured_endpoint(session, ref.profile))
    return Connection(ref)


def _saved(name: str | None, keys: Keys | None, anonymous: bool, options: dict[str, Any]) -> Connection:
    from .saving import add_connection, change_connection

    if name is None:
        raise BadRequest("a connection that is to be saved needs a name")
    credentials = "keys" if keys else "profile" if options["profile"] else "anonymous" if anonymous else "environment"
    secrets = vars(keys) if keys else {}
    draft = ConnectionDraft.model_validate({"name": name, "credentials": credentials, **options, **secrets})
    with _lock:
        _registered.pop(name, None)
    if find_saved(name) is None:
        add_connection(draft)
    else:
        change_connection(name, draft)
    return resolve(name)
