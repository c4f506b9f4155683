"""Seeded plans of what goes wrong between a client and a service: the same seed, the same request, the same fault."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

# What changes from run to run says nothing of which request it is.
_PASSING = ("X-Amz-", "uploadId", "upload-id-marker")


@dataclass(frozen=True)
class Asked:
    """A request as far as plans look at it. Header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    size: int

    @property
    def identity(self) -> str:
        """The same for each attempt at the same thing, also in another run."""
        parts = urlsplit(self.target)
        query = sorted((name, value) for name, value in parse_qsl(parts.query, True) if not name.startswith(_PASSING))
        kind = "upload" if "uploadId=" in parts.query else ""
        return f"{self.method} {parts.path} {query} {kind} {self.headers.get('range', '')}"

    @property
    def operation(self) -> str:
        """In a word what it does."""
        query = dict(parse_qsl(urlsplit(self.target).query, True))
        if "uploads" in query:
            return "begin" if self.method == "POST" else "list"
        if "uploadId" in query:
            names = {"PUT": "part", "POST": "complete", "DELETE": "abort", "GET": "list"}
            return names[self.method]
        if "list-type" in query or "tagging" in query:
            return "list"
        return {"GET": "get", "HEAD": "head", "PUT": "put", "POST": "batch", "DELETE": "delete"}[self.method]


# Every kind of trouble that proxy.py can make, by where it strikes.
BEFORE = ("reset_before", "refused_500", "refused_503", "refused_503_later", "portal")
SENDING = ("reset_in_request", "flip_request", "slow_request")
AFTER = ("lost_reply", "twice", "reply_twice", "stall", "close_after")
RECEIVING = ("cut_reply", "reset_in_reply", "slow_reply", "flip_reply")


def possible(asked: Asked) -> Sequence[str]:
    """The troubles that this request can meet.

    Bytes are flipped only where S3 has checksums: in objects and parts, not in listings and other replies in XML.
    Somebody else's page with status 200 is met by what expects a body or an ETag.
    """
    found = [*BEFORE, *AFTER]
    if asked.size:
        found += [kind for kind in SENDING if kind != "flip_request" or asked.operation in ("put", "part", "batch")]
    if asked.method in ("GET", "POST"):
        found += [kind for kind in RECEIVING if kind != "flip_reply" or asked.operation == "get"]
    if asked.operation in ("delete", "abort", "head"):
        found.remove("portal")
    return found


@dataclass
class Plan:
    """What becomes of each request. `rate` of the attempts meet a fault, at most `most` attempts at the same thing.

    `stalls`: replies may also fail to come, which costs the client its patience. `flips`: bytes of replies may change.
    `met` counts what has happened.
    """

    seed: int
    rate: float = 0.3
    most: int = 3
    stalls: bool = False
    flips: bool = True
    met: Counter[str] = field(default_factory=Counter)
    _tried: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, asked: Asked) -> tuple[str, random.Random] | None:
        """The fault that this attempt meets, and chance for its details."""
        with self._lock:
            number = self._tried[asked.identity]
            self._tried[asked.identity] += 1
        chance = random.Random(f"{self.seed}|{asked.identity}|{number}")
        left_out = {"stall": not self.stalls, "flip_reply": not self.flips}
        kinds = [kind for kind in possible(asked) if not left_out.get(kind)]
        # An abort and what proves it come through in the end: an outage without end is a test of its own.
        most = min(self.most, 4) if asked.operation in ("abort", "list") else self.most
        if not kinds or number >= most or chance.random() >= self.rate:
            return None
        kind = chance.choice(kinds)
        with self._lock:
            self.met[kind] += 1
            self.met[f"{kind} {asked.operation}"] += 1
        return kind, chance


CALM = Plan(0, rate=0.0)
