"""Faults on demand, for tests: fail, delay, cut or falsify the next requests that match. Off unless asked for."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from .request import Request
from .s3errors import CODES, S3Error

PATH = "/_faults"


@dataclass(slots=True)
class Fault:
    """One fault. `times` more requests meet it; `skip` matching requests pass before the first."""

    method: str = ".*"
    path: str = ".*"
    query: str = ".*"
    times: int = 1
    skip: int = 0
    status: int = 0
    code: str = ""
    delay: float = 0.0
    cut_after: int | None = None
    ignore_range: bool = False
    lose_reply: bool = False
    happened: int = 0

    def refuse(self) -> None:
        """Raises the S3Error this fault answers with, if it is one that refuses."""
        if self.code:
            raise S3Error(self.code, "A fault was asked for.", status=self.status or None)
        if self.status:
            raise S3Error(
                "SlowDown" if self.status == 503 else "InternalError", "A fault was asked for.", status=self.status
            )


class Faults:
    """The faults that are waiting for their requests."""

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self._waiting: list[Fault] = []

    def match(self, request: Request) -> Fault | None:
        """The fault this request meets, counted."""
        if not self._waiting or request.raw_path == PATH:
            return None
        query = "&".join(f"{name}={value}" for name, value in request.query)
        for fault in self._waiting:
            if not (
                re.fullmatch(fault.method, request.method)
                and re.search(fault.path, request.raw_path)
                and re.search(fault.query, query)
            ):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            fault.happened += 1
            if fault.times <= 0:
                self._waiting.remove(fault)
            return fault
        return None

    def add(self, wanted: dict[str, Any]) -> None:
        """Take a fault as a client describes it. Raises InvalidRequest."""
        try:
            fault = Fault(**wanted)
            for pattern in (fault.method, fault.path, fault.query):
                re.compile(pattern)
            numbers = (fault.times, fault.skip, fault.status, fault.cut_after or 0)
            if not all(isinstance(number, int) and number >= 0 for number in numbers) or fault.delay < 0:
                raise TypeError("times, skip, status and cut_after are whole numbers, delay is in seconds")
        except (TypeError, re.error) as error:
            raise S3Error("InvalidRequest", f"This is no fault: {error}") from error
        if fault.code and fault.code not in CODES:
            raise S3Error("InvalidRequest", f"The error code {fault.code} is not known.")
        self._waiting.append(fault)

    def control(self, method: str, body: bytes) -> bytes:
        """GET lists, POST adds one, DELETE forgets all; the answer is JSON."""
        if method == "POST":
            try:
                self.add(json.loads(body))
            except ValueError as error:
                raise S3Error("InvalidRequest", "A fault is a JSON object.") from error
        elif method == "DELETE":
            self._waiting.clear()
        return json.dumps({"faults": [asdict(fault) for fault in self._waiting]}).encode()
