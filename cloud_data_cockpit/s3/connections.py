"""Connections by name: made by hand, or found in the AWS configuration, the environment, the demo's announcement.

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
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from ..errors import BadRequest, CockpitError, Conflict, CredentialsError, NotFound
from ..models import Addressing, ConnectionDraft, ConnectionRef
from .carrier import attach
from .clients import (
    DEFAULT_REGION,
    Keys,
    check_endpoint,
    configured_endpoint,
    key_arguments,
    new_client,
    new_session,
    unprofiled_session,
)
from .demo_file import demo_path, forget_demo, read_demo, write_demo
from .drafts import check_name, check_options
from .faults import Place, error_of_botocore, translated
from .http import Trust
from .presign import is_plain, presigned
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
from .roles import assume_role, sts_client
from .saved import find_saved, saved_path
from .secret_places import check_keys, kept_keys

__all__ = ["Connection", "connect", "forget_demo", "list_connections", "resolve", "write_demo"]

logger = logging.getLogger(__name__)

KeepIn = Literal["keyring", "aws-credentials-file", "process"]

_lock = threading.RLock()
_registered: dict[str, Connection] = {}
_resolved: dict[str | ConnectionRef | None, tuple[object, Connection]] = {}
_lent: ContextVar[Connection | None] = ContextVar("lent", default=None)


class Connection:
    """How this process reaches one S3 service. Thread-safe; pickles as its ConnectionRef, without credentials."""

    def __init__(self, ref: ConnectionRef, keys: Keys | None = None) -> None:
        self._ref = ref
        self._keys = keys
        self._lock = threading.RLock()
        self._base: Any = None
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
            self._base = self._session = self._settings = self._boto = None
            self._clients.clear()

    def presigned(self, method: str, bucket: str, key: str, expires: int) -> str | None:
        """The presigned URL of an object where that needs no client; None where it does.

        Credentials that are missing or come to an end are left to the client.
        """
        with self._lock:
            session = self._own_settings()
            if not is_plain(self._ref, session):
                return None
            credentials = self._lasting_credentials(session)
        if credentials is None and not self._ref.anonymous:
            return None
        endpoint = self._ref.endpoint_url or ""
        return presigned(endpoint, self.region_of(bucket), credentials, method, bucket, key, expires)

    @property
    def expires(self) -> datetime | None:
        """When the credentials in use end; None where they do not, or while none are in use."""
        with self._lock:
            if not self._clients or self._session is None:
                return None
            found = getattr(self._session.get_credentials(), "_expiry_time", None)
        return found if isinstance(found, datetime) else None

    def trust_of(self, host: str) -> Trust:
        """Whom TLS trusts at `host`: as the connection says for its own service, else as the environment says."""
        ref = self._ref
        own = urlsplit(ref.endpoint_url).hostname if ref.endpoint_url else host
        if own is not None and f".{host}".endswith(f".{own}"):
            if not ref.verify_tls:
                return False
            if ref.ca_bundle:
                return str(Path(ref.ca_bundle).expanduser())
        with self._lock, translated(Place(ref)):
            found = self._own_settings().get_config_variable("ca_bundle")
        return str(found) if found else None

    def sts(self) -> Any:
        """A client of the STS that belongs to the service, with the credentials that this connection uses."""
        with self._lock, translated(Place(self._ref)):
            session = self._own_session()
            keys = None if self._ref.role_arn else self._keys
            return sts_client(session, self._ref, **key_arguments(keys))

    def _own_session(self) -> Any:
        if self._session is None:
            session = self._base_session()
            if self._ref.role_arn:
                session = assume_role(session, self._ref, self._keys, self._sending_session)
            self._session = session
        return self._session

    def _base_session(self) -> Any:
        if self._base is None:
            check_permitted(self._ref)
            self._base = self._sending_session()
        return self._base

    def _own_settings(self) -> Any:
        """A session to read the configuration with: where keys are given, one that cannot make clients is enough."""
        if self._base is not None or self._ref.profile or not self._is_alone():
            return self._base_session()
        if self._settings is None:
            check_permitted(self._ref)
            self._settings = unprofiled_session(bare=True)
        return self._settings

    def _lasting_credentials(self, session: Any) -> Any:
        from botocore.credentials import Credentials, RefreshableCredentials

        if self._ref.anonymous:
            return None
        if self._keys is not None:
            return Credentials(self._keys.access_key, self._keys.secret_key, self._keys.session_token)
        found = session.get_credentials()
        return None if found is None or isinstance(found, RefreshableCredentials) else found

    def _sending_session(self) -> Any:
        session = new_session(self._ref.profile) if self._ref.profile else self._profileless()
        attach(session, self.trust_of)
        return session

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
                keys = None if self._ref.role_arn else self._keys
                return new_client(session, self._boto, self._ref, keys, region, path_style=path_style)
            except OSError as error:  # the program that a profile names cannot be run, or a token file not be read
                raise CredentialsError(
                    f"the connection {self._ref.name!r}: its credentials cannot be had ({error.strerror}); check its "
                    "section of the AWS configuration"
                ) from None
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
