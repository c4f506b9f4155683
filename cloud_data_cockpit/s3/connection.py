"""A connection: the sessions, clients, credentials and learnt regions by which this process reaches one S3 service."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import CredentialsError
from ..models import ConnectionRef
from .carrier import attach
from .clients import DEFAULT_REGION, Keys, key_arguments, new_client, new_session, unprofiled_session
from .faults import Place, error_of_botocore, translated
from .http import Trust
from .presign import is_plain, presigned
from .references import check_permitted
from .roles import assume_role, sts_client


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
        """The presigned URL of an object where that needs no client, as with keys that were given; else None."""
        if not self._is_alone():
            return None
        with self._lock:
            if not is_plain(self._ref, self._own_settings()):
                return None
        endpoint = self._ref.endpoint_url or ""
        return presigned(endpoint, self.region_of(bucket), self._keys, method, bucket, key, expires)

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
        from .connections import resolve  # which makes connections of references, and so is above this

        return resolve, (self._ref,)

    def __repr__(self) -> str:
        where = self._ref.endpoint_url or "AWS"
        return f"<Connection {self._ref.name!r}: {self._ref.kind}, {where}>"
