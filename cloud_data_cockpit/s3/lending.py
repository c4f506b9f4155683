"""Short-lived keys of a connection, lent to a worker that has none: taken here, used there while a task runs."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from ..errors import BadRequest, CredentialsError
from ..models import ConnectionRef
from .clients import Keys
from .connections import Connection, borrowed, resolve
from .faults import Place, translated

LIFETIME = 12 * 3600
_EARLY = timedelta(minutes=10)
_MOST = 16

_borrowed: OrderedDict[str, Connection] = OrderedDict()
_lock = threading.Lock()


class Lender:
    """Gives keys of one connection, fresh ones when those before are about to expire. It never pickles or shows them.

    Only keys that expire are given: those of the connection, or others that STS makes of them.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._made: tuple[Keys, datetime] | None = None
        self._lock = threading.Lock()

    def sealed(self) -> bytes:
        """The connection's reference and its keys as they travel, for `lent`.

        CredentialsError when the connection has only long-lived keys and nobody makes short-lived ones of them.
        """
        keys = self._keys()
        named = [keys.access_key, keys.secret_key, keys.session_token]
        # What the profile and the role are for has been done here, and the worker may know neither.
        ref = self._connection.ref.model_copy(update={"kind": "custom", "profile": None, "role_arn": None})
        return json.dumps([ref.model_dump(mode="json"), named]).encode()

    def _keys(self) -> Keys:
        given = self._connection._keys if self._connection.ref.role_arn is None else None
        found = given or self._found()
        if found.session_token:
            return found
        with self._lock:
            if self._made is None or self._made[1] - _EARLY < datetime.now(UTC):
                self._made = self._from_sts()
            return self._made[0]

    def _found(self) -> Keys:
        """What the profile or the environment gives now."""
        ref = self._connection.ref
        with translated(Place(ref)):
            found = self._connection._own_session().get_credentials()
            frozen = found.get_frozen_credentials() if found is not None else None
        if frozen is None or not frozen.access_key:
            raise CredentialsError(f"no credentials were found for {ref.name!r}: log in, or set the profile up")
        return Keys(frozen.access_key, frozen.secret_key, frozen.token)

    def _from_sts(self) -> tuple[Keys, datetime]:
        ref = self._connection.ref
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            with closing(self._connection.sts()) as client:
                made = client.get_session_token(DurationSeconds=LIFETIME)["Credentials"]
        except (ClientError, BotoCoreError) as error:
            raise CredentialsError(
                f"the keys of {ref.name!r} are long-lived, so they are not sent to workers, and no short-lived ones "
                f"could be had of its STS ({type(error).__name__}): give the workers credentials of their own, or use "
                "a role, single sign-on, or keys with a session token"
            ) from None
        keys = Keys(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
        return keys, made["Expiration"]

    def __reduce__(self) -> Any:
        raise TypeError("credentials are never pickled")

    def __repr__(self) -> str:
        return f"<keys of {self._connection.ref.name!r}, to be lent>"


def lender_for(which: str | ConnectionRef | Connection | None) -> Lender | None:
    """Who lends the keys of this connection; None when it needs none."""
    connection = resolve(which)
    return None if connection.ref.anonymous else Lender(connection)


@contextmanager
def lent(sealed: bytes | None) -> Iterator[str]:
    """Within the block this thread reaches the connection of that name with the keys in `sealed`.

    Gives what tells these keys from others. Afterwards the name means again what it means on this machine.
    """
    if sealed is None:
        yield ""
        return
    digest = sha256(sealed).hexdigest()
    with borrowed(_connection(sealed, digest)):
        yield digest


def _connection(sealed: bytes, digest: str) -> Connection:
    """Kept for the tasks to come, a few of them, so that not every task makes a client."""
    with _lock:
        if digest in _borrowed:
            _borrowed.move_to_end(digest)
            return _borrowed[digest]
    try:
        ref, keys = json.loads(sealed)
        made = Connection(ConnectionRef(**ref), Keys(*keys))
    except (ValueError, TypeError):
        raise BadRequest("the keys that came with a task cannot be read: worker and sender differ in version") from None
    with _lock:
        _borrowed[digest] = made
        while len(_borrowed) > _MOST:
            _borrowed.popitem(last=False)
    return made
