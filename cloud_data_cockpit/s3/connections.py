"""Connections by name: made by hand, or found in the AWS configuration, the environment, the demo's announcement.

A Connection holds credentials and never leaves its process; a ConnectionRef names it and travels everywhere else.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import BadRequest, CockpitError, CredentialsError, NotFound
from ..models import ConnectionRef
from .clients import (
    DEFAULT_REGION,
    Keys,
    check_endpoint,
    configured_endpoint,
    new_client,
    new_session,
    unprofiled_session,
)
from .demo_file import demo_path, forget_demo, read_demo, write_demo
from .faults import Place, error_of_botocore, translated
from .presign import is_plain, presigned
from .references import (
    ANONYMOUS,
    DEMO,
    ENVIRONMENT,
    RESERVED,
    anonymous_ref,
    check_trusted,
    custom_ref,
    default_ref,
    demo_refs,
    environment_ref,
    environment_refs,
    profile_ref,
    profile_refs,
    session_for,
)

__all__ = ["Connection", "connect", "forget_demo", "list_connections", "resolve", "write_demo"]

logger = logging.getLogger(__name__)

_lock = threading.RLock()
_registered: dict[str, Connection] = {}
_resolved: dict[str | ConnectionRef | None, tuple[object, Connection]] = {}


class Connection:
    """How this process reaches one S3 service. Thread-safe; pickles as its ConnectionRef, without credentials."""

    def __init__(self, ref: ConnectionRef, keys: Keys | None = None) -> None:
        self._ref = ref
        self._keys = keys
        self._lock = threading.RLock()
        self._session: Any = None
        self._settings: Any = None
        self._boto: Any = None
        self._clients: dict[tuple[str, bool], Any] = {}
        self._regions: dict[str, str] = {}

    @property
    def ref(self) -> ConnectionRef:
        """What names this connection in manifests, slices and replies."""
        return self._ref

    @property
    def client(self) -> Any:
        """The boto3 S3 client of the connection's own region, made on first use and kept."""
        return self.client_of(None)

    def client_of(self, bucket: str | None, key: str = "") -> Any:
        """The client for the region where `bucket` is known to be.

        CredentialsError when the profile is gone or incomplete, BadRequest when the endpoint or region cannot be.
        """
        region = self.region_of(bucket)
        # A host name of the bucket's own and a key with a leading slash make a path of "//...", which reads as a host.
        path_style = key.startswith("/")
        with self._lock:
            if (region, path_style) not in self._clients:
                self._clients[region, path_style] = self._new_client(region, path_style)
            return self._clients[region, path_style]

    def region_of(self, bucket: str | None) -> str:
        """The region that requests for `bucket` are signed for."""
        return self._regions.get(bucket or "", self._ref.region or DEFAULT_REGION)

    def learn_region(self, bucket: str, region: str) -> None:
        """Remember what the service said about where `bucket` is."""
        self._regions[bucket] = region

    def forget_credentials(self) -> None:
        """Look for credentials anew on the next use: those found before were missing or have expired."""
        with self._lock:
            self._session = self._settings = self._boto = None
            self._clients.clear()

    def presigned(self, method: str, bucket: str, key: str, expires: int) -> str | None:
        """The presigned URL of an object where that needs no client; None where it does, or credentials are missing."""
        with self._lock:
            session = self._own_settings()
            if not is_plain(self._ref, session):
                return None
            credentials = self._found_credentials(session)
        if credentials is None and not self._ref.anonymous:
            return None
        endpoint = self._ref.endpoint_url or ""
        return presigned(endpoint, self.region_of(bucket), credentials, method, bucket, key, expires)

    @property
    def ca_bundle(self) -> str | None:
        """The CA file that the environment or the profile names; None for the system's."""
        with self._lock, translated(Place(self._ref)):
            found = self._own_settings().get_config_variable("ca_bundle")
        return str(found) if found else None

    def _own_settings(self) -> Any:
        """A session to read the configuration with: where keys are given, one that cannot make clients is enough."""
        if self._settings is None:
            bare = self._session is None and self._ref.profile is None and self._is_alone()
            self._settings = unprofiled_session(bare=True) if bare else self._own_session()
        return self._settings

    def _found_credentials(self, session: Any) -> Any:
        from botocore.credentials import Credentials

        if self._ref.anonymous:
            return None
        if self._keys is not None:
            return Credentials(self._keys.access_key, self._keys.secret_key, self._keys.session_token)
        found = session.get_credentials()
        return found and found.get_frozen_credentials()

    def _own_session(self) -> Any:
        if self._session is None:
            self._session = new_session(self._ref.profile) if self._ref.profile else self._profileless()
        return self._session

    def _profileless(self) -> Any:
        return unprofiled_session() if self._is_alone() else new_session(None)

    def _is_alone(self) -> bool:
        """Whether its credentials are its own, so that no profile is needed."""
        return self._keys is not None or self._ref.anonymous

    def _new_client(self, region: str, path_style: bool) -> Any:
        import boto3.session

        with translated(Place(self._ref)):
            try:
                session = self._own_session()
                if self._boto is None:
                    self._boto = boto3.session.Session(botocore_session=session)
                return new_client(session, self._boto, self._ref, self._keys, region, path_style=path_style)
            except ValueError as error:  # what botocore raises for a host or a region that cannot be
                raise error_of_botocore(error, Place(self._ref)) from None

    def __reduce__(self) -> Any:
        return resolve, (self._ref,)

    def __repr__(self) -> str:
        where = self._ref.endpoint_url or "AWS"
        return f"<Connection {self._ref.name!r}: {self._ref.kind}, {where}>"


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
) -> Connection:
    """Make a connection and register it in this process under `name`, so that slices and URIs find it by name.

    Credentials come from `profile`, from the keys given, from nowhere (`anonymous`), or else from AWS's default chain.
    Nothing is sent yet. BadRequest for parameters that exclude each other, CredentialsError for an unknown profile.
    """
    endpoint_url = check_endpoint(endpoint_url) if endpoint_url else None
    keys = _given_keys(access_key, secret_key, session_token)
    if sum((profile is not None, keys is not None, anonymous)) > 1:
        raise BadRequest("give only one of profile, access_key with secret_key, and anonymous")
    if (name, profile, endpoint_url, region, keys, anonymous) == (None, None, None, None, None, False):
        return _register(resolve(None))
    if profile is not None:
        ref = profile_ref(profile, endpoint_url, region)
    elif anonymous:
        ref = anonymous_ref(endpoint_url, region)
    else:
        ref = custom_ref(endpoint_url, region, keys)
    chosen = _checked_name(name, anonymous) if name is not None else ref.name
    return _register(Connection(ref.model_copy(update={"name": chosen}), keys))


def list_connections() -> list[ConnectionRef]:
    """What can be chosen now: the demo, the environment, every profile, anonymous, and what `connect` registered."""
    refs: list[ConnectionRef] = []
    for find in (demo_refs, environment_refs, profile_refs, lambda: [anonymous_ref(None, None)]):
        try:
            refs.extend(find())
        except CockpitError as error:  # the other connections stay usable
            logger.warning("left out of the connections: %s", error)
    with _lock:
        registered = {name: connection.ref for name, connection in _registered.items()}
    listed = [registered.pop(ref.name, ref) for ref in refs]
    return [*listed, *registered.values()]


def resolve(which: str | ConnectionRef | Connection | None) -> Connection:
    """The connection that is meant: by name, by reference, itself, or for None AWS's default (never the demo).

    NotFound when no connection has that name, CredentialsError when its credentials are not on this machine.
    """
    if isinstance(which, Connection):
        return which
    name = which.name if isinstance(which, ConnectionRef) else which
    with _lock:
        if name in _registered:
            return _registered[name]
    if isinstance(which, ConnectionRef):
        return _cached(which, lambda: _from_ref(which))
    return _cached(which, lambda: resolve(_ref_named(which)))


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
        known = ", ".join(ref.name for ref in list_connections())
        raise NotFound(f"there is no connection {name!r}; known are {known}; make one with connect(name=...)")
    return refs[name]


def _from_ref(ref: ConnectionRef) -> Connection:
    if ref.kind == "demo":
        found = read_demo()
        if found is None:
            raise CredentialsError("the demo service is not running; start it with `cloud-data-cockpit demo`")
        return Connection(ref.model_copy(update={"endpoint_url": found[0]}), found[1])
    if ref.kind == "anonymous":
        return Connection(ref)
    session = session_for(ref.profile)
    check_trusted(ref, configured_endpoint(session, ref.profile))
    return Connection(ref)


def _given_keys(access_key: str | None, secret_key: str | None, session_token: str | None) -> Keys | None:
    if access_key and secret_key:
        return Keys(access_key, secret_key, session_token)
    if access_key or secret_key or session_token:
        raise BadRequest("access_key and secret_key belong together; give both")
    return None


def _checked_name(name: str, anonymous: bool) -> str:
    if not name.strip() or not name.isprintable() or len(name) > 100:
        raise BadRequest("the name of a connection is 1 to 100 printable characters")
    if name in RESERVED and not (anonymous and name == ANONYMOUS):
        raise BadRequest(f"the name {name!r} has a meaning of its own; choose another")
    return name
