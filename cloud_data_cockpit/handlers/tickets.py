"""Tickets of downloads: random, of one user, good for one download that begins soon."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from ..errors import NotFound
from ..s3.streaming import Download

SOON = 60.0
"""Seconds in which a download begins."""
CONTINUED = 12 * 3600.0
"""Seconds in which one that was broken off can go on: browsers then ask for the range that they lack."""
MOST = 200


@dataclass(frozen=True)
class Holder:
    """Who asks. Jupyter makes up a new name for each request that brings the server's token and no cookie."""

    name: str
    by_token: bool = False

    def is_same(self, other: Holder) -> bool:
        """Whether the two are one user."""
        return self.name == other.name or (self.by_token and other.by_token)


@dataclass
class _Ticket:
    download: Download
    holder: Holder
    issued: float = field(default_factory=time.monotonic)
    begun: bool = False


class Tickets:
    """All tickets of this server; beyond MOST the oldest are void. It belongs to the event loop."""

    def __init__(self) -> None:
        self._tickets: OrderedDict[str, _Ticket] = OrderedDict()

    def issue(self, download: Download, holder: Holder) -> str:
        """A new ticket."""
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = _Ticket(download, holder)
        while len(self._tickets) > MOST:
            self._tickets.popitem(last=False)
        return ticket

    def redeem(self, ticket: str, holder: Holder, *, continues: bool) -> Download:
        """What the ticket is for. NotFound when it is another user's, too old, or used.

        With `continues` one that is used is still good, for a single object of which a later range is asked for.
        """
        held = self._tickets.get(ticket)
        if held is None or not held.holder.is_same(holder):
            raise _gone()
        age = time.monotonic() - held.issued
        if held.begun and continues and held.download.one is not None and age <= CONTINUED:
            return held.download
        if held.begun or age > SOON:
            if held.download.one is None or age > CONTINUED:
                del self._tickets[ticket]
            raise _gone()
        held.begun = True
        return held.download


def _gone() -> NotFound:
    return NotFound("this download has begun before, or was asked for over a minute ago; ask for it again")
