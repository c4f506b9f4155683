"""Connections that the user has added: cloud-data-cockpit/connections.json in Jupyter's data directory, no secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter, ValidationError

from ..errors import Conflict
from ..models import ConnectionRef, Record, SecretPlace
from .private_files import changing, write_private

VERSION = 1
Credentials = Literal["profile", "keys", "environment", "anonymous"]


class SavedConnection(Record):
    """One of them. `ref.kind` is "custom"; `section` is that of the AWS credentials file which holds its keys.

    `changed` counts up with each change, so that processes which resolved it before look again.
    """

    id: str = Field(pattern="[0-9a-f]{12}")
    ref: ConnectionRef
    credentials: Credentials
    secret: SecretPlace
    section: str | None = None
    changed: int = 0


_LIST = TypeAdapter(list[SavedConnection])


def saved_path() -> Path:
    """Where they are kept, whether or not there are any."""
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "cloud-data-cockpit" / "connections.json"


def read_saved() -> dict[str, SavedConnection]:
    """All of them by name. Conflict when the file is not one of this release's; it is never overwritten then."""
    path = saved_path()
    try:
        document = json.loads(path.read_bytes())
        if document["version"] != VERSION:
            raise Conflict(f"{path} was written by another release (version {document['version']}); update this one")
        found = _LIST.validate_python(document["connections"], strict=False)
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        raise Conflict(f"{path} cannot be read ({error.error_count()} fields); correct it or move it away") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Conflict(f"{path} cannot be read ({type(error).__name__}); correct it or move it away") from None
    return {each.ref.name: each for each in found}


def find_saved(name: str | None) -> SavedConnection | None:
    """The one of that name, if there is one. Conflict as above."""
    return read_saved().get(name) if name is not None else None


def put_saved(connection: SavedConnection, *, instead_of: str | None = None) -> SavedConnection:
    """Add it, or put it in the place of the one named `instead_of`. Conflict when its name is taken by another."""
    with changing(saved_path()):
        known = read_saved()
        name = connection.ref.name
        if name in known and name != instead_of:
            raise Conflict(f"there is a connection {name!r} already; choose another name, or change that one")
        before = known.get(instead_of or "")
        connection = connection.model_copy(update={"changed": before.changed + 1 if before else 0})
        kept = [connection if each is before else each for each in known.values()]
        _write(kept if before else [*kept, connection])
    return connection


def drop_saved(name: str) -> None:
    """Forget the one of that name, if it is there."""
    with changing(saved_path()):
        known = read_saved()
        if known.pop(name, None) is not None:
            _write(known.values())


def _write(connections: Iterable[SavedConnection]) -> None:
    document = {"version": VERSION, "connections": [each.model_dump(mode="json") for each in connections]}
    write_private(saved_path(), json.dumps(document, indent=2).encode() + b"\n")
