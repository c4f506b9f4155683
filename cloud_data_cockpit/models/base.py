"""What every record is made of, and the body of every error reply."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Base of all records: immutable, and a field that nobody declared is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64")


class Problem(Record):
    """The body of every error reply; `code` is stable, `message` is for people."""

    code: str
    message: str


class ServerInfo(Record):
    """What the panel asks first. `user_endpoints`: whether connections to services of one's own may be added."""

    version: str
    open_panel: bool
    default_connection: str | None
    user_endpoints: bool = True
