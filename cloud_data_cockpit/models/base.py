"""What every record is made of, and the body of every error reply."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Priority = Literal["low", "normal", "high"]


class Record(BaseModel):
    """Base of all records: immutable, and a field that nobody declared is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64")


class Problem(Record):
    """The body of every error reply; `code` is stable, `message` is for people."""

    code: str
    message: str


class Queued(Record):
    """What asks for a job; those of a higher `priority` begin first."""

    priority: Priority = "normal"


class CompanionRule(Record):
    """To a file whose name ends with `suffix` belong those of the same stem that end with one of `companions`.

    Compared without regard to case. `required`: neither is of use without the other.
    """

    suffix: str
    companions: tuple[str, ...]
    required: bool = False


class ServerInfo(Record):
    """What the panel asks first. `user_endpoints`: whether connections to services of one's own may be added.

    `companions` says which files belong together, `keyring` whether this machine has one in which keys can be kept.
    """

    version: str
    open_panel: bool
    default_connection: str | None
    user_endpoints: bool = True
    companions: tuple[CompanionRule, ...] = ()
    keyring: bool = False
