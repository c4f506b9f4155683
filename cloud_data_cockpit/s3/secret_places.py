"""Where the keys of a saved connection are: the system's keyring, the AWS credentials file, or this process alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import BadRequest, CredentialsError, MissingExtra
from . import credentials_file
from .clients import Keys
from .saved import SavedConnection

T = TypeVar("T")

SERVICE = "cloud-data-cockpit"
KEYRING_SECONDS = 20.0
"""How long a keyring may ask its user to unlock it."""
LOOK_SECONDS = 2.0
"""How long it may take to find out whether there is one."""

_FIELDS = {
    "access_key": "aws_access_key_id",
    "secret_key": "aws_secret_access_key",
    "session_token": "aws_session_token",
}
_in_process: dict[str, Keys] = {}
_lock = threading.Lock()


def check_place(place: str) -> None:
    """MissingExtra when `place` is the keyring and this machine has none that can be used."""
    if place == "keyring":
        _keyring()


def has_keyring() -> bool:
    """Whether this machine has a keyring that can be used, as far as is seen without unlocking it."""
    try:
        _patiently(_keyring, LOOK_SECONDS)
    except (MissingExtra, CredentialsError, ImportError):
        return False
    return True


def keep_keys(saved: SavedConnection, keys: Keys) -> None:
    """Put the keys to the place that `saved` names. MissingExtra or CredentialsError name another if it cannot."""
    if saved.secret == "keyring":
        text = json.dumps([keys.access_key, keys.secret_key, keys.session_token])
        keyring = _keyring()
        _patiently(lambda: keyring.set_password(SERVICE, _entry(saved), text))
    elif saved.secret == "aws-credentials-file" and saved.section:
        values = {theirs: getattr(keys, ours) for ours, theirs in _FIELDS.items() if getattr(keys, ours)}
        credentials_file.write_section(saved.section, values)
    elif saved.secret == "process":
        with _lock:
            _in_process[saved.id] = keys


def kept_keys(saved: SavedConnection) -> Keys:
    """The keys of a saved connection. CredentialsError when its place has none (any more)."""
    keys: Keys | None = None
    if saved.secret == "keyring":
        keyring = _keyring()
        keys = _from_text(_patiently(lambda: keyring.get_password(SERVICE, _entry(saved))))
    elif saved.secret == "aws-credentials-file" and saved.section:
        found = credentials_file.read_section(saved.section)
        if _FIELDS["access_key"] in found and _FIELDS["secret_key"] in found:
            keys = Keys(*(found.get(theirs) for theirs in _FIELDS.values()))  # type: ignore[arg-type]
    else:
        with _lock:
            keys = _in_process.get(saved.id)
    if keys is None:
        raise CredentialsError(missing_words(saved))
    return keys


def keys_at_hand(saved: SavedConnection) -> bool:
    """Whether the keys are there, as far as can be seen without asking the keyring."""
    if saved.secret == "aws-credentials-file" and saved.section:
        return _FIELDS["access_key"] in credentials_file.read_section(saved.section)
    return saved.secret != "process" or saved.id in _in_process


def missing_words(saved: SavedConnection) -> str:
    """What to say when the keys are not where they were put."""
    name = saved.ref.name
    if saved.secret == "process":
        return (
            f"the keys of {name!r} were kept in the process that they were entered in, and are not in this one; enter "
            "them again, or save them in the keyring or the AWS credentials file"
        )
    place = (
        "the keyring" if saved.secret == "keyring" else f"[{saved.section}] of {credentials_file.credentials_path()}"
    )
    return f"the keys of {name!r} are no longer in {place}; change the connection and enter them again"


def forget_keys(saved: SavedConnection) -> None:
    """Take the keys out of their place; it does not matter whether they are there."""
    if saved.secret == "keyring":
        from keyring.errors import PasswordDeleteError

        keyring = _keyring()
        try:
            _patiently(lambda: keyring.delete_password(SERVICE, _entry(saved)))
        except PasswordDeleteError:
            return
    elif saved.secret == "aws-credentials-file" and saved.section:
        credentials_file.remove_section(saved.section)
    elif saved.secret == "process":
        with _lock:
            _in_process.pop(saved.id, None)


def free_section(name: str) -> str:
    """A section's name for the connection `name` that no profile has yet."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)[:40]
    taken = set(credentials_file.sections())
    return next(
        found for i in range(1, 10_000) if (found := f"cockpit-{plain}{'' if i == 1 else f'-{i}'}") not in taken
    )


# --- the keyring -------------------------------------------------------------------------------


def _entry(saved: SavedConnection) -> str:
    return f"connection {saved.id}"


def _from_text(text: str | None) -> Keys | None:
    try:
        found = json.loads(text or "null")
    except ValueError:
        return None
    return Keys(*found) if isinstance(found, list) and len(found) == 3 else None


def _keyring() -> Any:
    """The backend that the system offers. MissingExtra, with the other places, when there is none."""
    try:
        import keyring
    except ImportError:
        raise MissingExtra(
            "the system's keyring needs a library: pip install 'cloud-data-cockpit[keyring]'; or keep the keys in the "
            "AWS credentials file"
        ) from None
    backend: Any = keyring.get_keyring()
    if backend.priority < 1:  # none, a disabled one, or one that keeps plain text
        raise MissingExtra(
            "this machine has no keyring that can be used, as servers without a desktop often have none; keep the keys "
            "in the AWS credentials file"
        )
    return backend


def _patiently(ask: Callable[[], T], seconds: float | None = None) -> T:
    """What `ask` gives. A keyring may wait for a user who sits at another screen; this does not wait for long."""
    from keyring.errors import InitError, KeyringError, PasswordDeleteError

    outcome: list[T | Exception] = []

    def run() -> None:
        try:
            outcome.append(ask())
        except Exception as error:  # noqa: BLE001 - backends raise errors of the libraries below them
            outcome.append(error)

    asking = threading.Thread(target=run, name="cockpit-keyring", daemon=True)
    asking.start()
    asking.join(KEYRING_SECONDS if seconds is None else seconds)
    if not outcome:
        raise CredentialsError("the keyring does not answer; unlock it, or keep the keys in the AWS credentials file")
    found = outcome[0]
    if isinstance(found, (PasswordDeleteError, MissingExtra)):
        raise found
    if isinstance(found, Exception):
        reason = "is locked" if isinstance(found, (InitError, KeyringError)) else "failed"
        raise CredentialsError(
            f"the keyring {reason} ({type(found).__name__}); unlock it, or keep the keys in the AWS credentials file"
        )
    return found


def check_keys(access_key: str | None, secret_key: str | None, session_token: str | None) -> Keys | None:
    """The keys that were given, or None for none. BadRequest for half of them, or what cannot be a key."""
    if not (access_key or secret_key or session_token):
        return None
    if not (access_key and secret_key):
        raise BadRequest("access_key and secret_key belong together; give both")
    if any(c.isspace() or not c.isprintable() for key in (access_key, secret_key, session_token or "") for c in key):
        raise BadRequest("a key has blanks or line ends in it; copy it again without them")
    return Keys(access_key, secret_key, session_token or None)
