"""Many small ranges from one thread: an event loop over the connections of a host.

With a thread for each of them, Python's lock that goes from hand to hand costs more than all the rest. Only what is
plain is read here; any other reply is handed on, as far as it has come.
"""

from __future__ import annotations

import io
import os
import selectors
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress

from ..errors import CockpitError
from ..source import Range
from . import http
from .direct import Attempt, Begun, Failed, Host, Line, Unreachable, Waiting
from .plain import Plain, Way
from .replies import cut_off, plain_headers
from .threads import pool

AT_ONCE = 32
ALL_TOGETHER = 64
"""Connections of all loops together, so that with many of them not each makes its own anew; a few are left to each."""
_FEW = 4
_RECEIVED = 128 << 10
"""Bytes of a first read, which are copied to where they stay: most small bodies come with their heads."""
_LONGEST_HEAD = 16 << 10
_LOOK = 1.0
_LOOK_SOON = 0.01
"""Seconds after which there may be new connections; nothing wakes the loop up for them."""


_running: list[Loop] = []


class _Seat:
    """A connection, and the range that is on its way over it. `held` bytes of `view` have come."""

    __slots__ = ("came", "held", "line", "number", "since", "view", "way", "whole")

    def __init__(self, way: Way, line: Line) -> None:
        self.line = line
        self.take(way, 0, 0.0)

    def take(self, way: Way, number: int, since: float) -> None:
        """Begin with a range."""
        self.way = way
        self.number = number
        self.since = since
        self.came = b""
        self.held = 0
        self.view: memoryview | None = None
        self.whole: io.BytesIO | None = None

    def leave(self) -> None:
        """Let go of what it was to read into."""
        if self.view is not None:
            self.view.release()
        self.view = self.whole = None


class Loop:
    """Reads `ranges`: `done` gets the bytes of each by its number, `other` what became of it if it was not plain.

    `look` is called again and again meanwhile; what it raises ends it. None of them may wait.
    """

    def __init__(
        self,
        plain: Plain,
        ranges: Sequence[Range],
        done: Callable[[int, bytes], None],
        other: Callable[[int, Attempt | None], None],
        look: Callable[[], None],
    ) -> None:
        self._plain = plain
        self._ranges = ranges
        self._done = done
        self._other = other
        self._look = look
        self._todo = deque(range(len(ranges)))
        self._seats: dict[Line, _Seat] = {}
        self._connecting: list[Future[bool]] = []
        self._more = True
        self._selector = selectors.DefaultSelector()
        self._received = bytearray(_RECEIVED)
        self._room = memoryview(self._received)
        self._waiting = http.waiting()
        self._looked = 0.0

    def run(self) -> None:
        """Until every range was read or handed on."""
        _running.append(self)
        try:
            self._fill_seats()
            while self._seats:
                self._pass()
                self._look()
                self._fill_seats()
        finally:
            for future in self._connecting:
                future.cancel()
            for seat in self._seats.values():
                seat.leave()
                seat.line.close()
            self._selector.close()
            _running.remove(self)

    # --- connections ---------------------------------------------------------------------------

    def _fill_seats(self) -> None:
        """As many connections as there is use for: those that are free, one that is made here if there is none at all.

        All others are made in threads, for over a slow network each takes its time.
        """
        most = max(_FEW, min(AT_ONCE, ALL_TOGETHER // len(_running)))
        while self._todo and len(self._seats) < most:
            way = self._plain.way()
            if way is None:
                self._hand_on_all(None)
                return
            line = way.host.idle()
            if line is not None:
                self._sit_down(way, line)
                continue
            self._connect_aside(way.host, most)
            if self._seats:
                return
            try:
                self._sit_down(way, way.host.connected(self._waiting))
            except Unreachable as error:
                self._hand_on_all(Failed(error))

    def _connect_aside(self, host: Host, most: int) -> None:
        """Begin with as many more as there is use for, beside one at least; with none once that has failed."""
        done = {future for future in self._connecting if future.done()}
        self._more = self._more and all(future.result() for future in done)
        self._connecting = [future for future in self._connecting if future not in done]
        others = max(1, len(self._seats))
        missing = min(most, others + len(self._todo)) - others - len(self._connecting)
        for _ in range(missing if self._more else 0):
            self._connecting.append(pool("s3-connect").submit(_connect, host, self._waiting))

    def _sit_down(self, way: Way, line: Line) -> None:
        seat = self._seats[line] = _Seat(way, line)
        line.wait(0)
        self._selector.register(line.sock, selectors.EVENT_READ, seat)
        self._next(seat, time.monotonic())

    def _stand_up(self, seat: _Seat) -> None:
        del self._seats[seat.line]
        seat.leave()
        self._selector.unregister(seat.line.sock)

    def _hand_on_all(self, attempt: Attempt | None) -> None:
        while self._todo:
            self._other(self._todo.popleft(), attempt)

    # --- requests ------------------------------------------------------------------------------

    def _next(self, seat: _Seat, now: float) -> None:
        """Ask for the next range over a connection that is free again."""
        way = self._plain.way() if self._todo else None
        if way is None or way.host is not seat.way.host:
            self._stand_up(seat)
            seat.way.host.keep(seat.line)
            return
        seat.take(way, self._todo.popleft(), now)
        head = way.head(*self._ranges[seat.number])
        try:
            if seat.line.sock.send(head) != len(head):
                raise ConnectionError("the request could not be sent at once")
        except OSError as error:
            self._fail(seat, error)

    def _fail(self, seat: _Seat, error: OSError) -> None:
        self._stand_up(seat)
        seat.way.host.broken(seat.line)
        self._other(seat.number, Failed(error))

    def _pass(self) -> None:
        longest = min(_LOOK, self._waiting.read / 4)
        ready = self._selector.select(_LOOK_SOON if self._connecting and self._todo else longest)
        now = time.monotonic()
        for key, _ in ready:
            try:
                self._receive(key.data, now)
            except OSError as error:
                self._fail(key.data, error)
        if now - self._looked > longest:
            self._looked = now
            for seat in [seat for seat in self._seats.values() if now - seat.since > self._waiting.read]:
                self._fail(seat, TimeoutError("timed out"))

    # --- replies -------------------------------------------------------------------------------

    def _receive(self, seat: _Seat, now: float) -> None:
        """What has come. Without TLS only once: whatever comes meanwhile is told of again."""
        while True:
            got = seat.line.now(self._room[len(seat.came) :] if seat.view is None else seat.view[seat.held :])
            if got is None:
                return
            if got == 0:
                raise cut_off(None if seat.view is None else len(seat.view) - seat.held)
            seat.since = now
            if self._begins(seat, got) if seat.view is None else self._goes_on(seat, got):
                self._next(seat, now)
                return
            if not seat.line.tls or seat.line not in self._seats:
                return

    def _begins(self, seat: _Seat, got: int) -> bool:
        """Take a head and what has come of the body; whether that is all of it."""
        if seat.came:
            self._room[: len(seat.came)] = seat.came
            got += len(seat.came)
        end = self._received.find(b"\r\n\r\n", 0, got)
        if end < 0 and got < _LONGEST_HEAD:
            seat.came = bytes(self._room[:got])
            return False
        offset, length = self._ranges[seat.number]
        held = got - end - 4
        headers = plain_headers(bytes(self._room[:end])) if end > 0 and held <= length else None
        if not seat.way.holds(headers, offset, length):
            self._stand_up(seat)
            self._other(seat.number, Begun(seat.way.host, seat.line, bytes(self._room[:got])))
            return False
        if held == length:
            self._done(seat.number, bytes(self._room[end + 4 : got]))
            return True
        seat.whole = io.BytesIO(bytes(length))
        seat.view = seat.whole.getbuffer()
        seat.held = held
        seat.view[:held] = self._room[end + 4 : got]
        return False

    def _goes_on(self, seat: _Seat, got: int) -> bool:
        seat.held += got
        if seat.view is None or seat.whole is None or seat.held < len(seat.view):
            return False
        seat.view.release()
        self._done(seat.number, seat.whole.getvalue())
        return True


def _connect(host: Host, waiting: Waiting) -> bool:
    """One more free connection, if it can be made. Whoever needs one and finds none is told why."""
    with suppress(Unreachable, CockpitError):
        host.keep(host.connected(waiting))
        return True
    return False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_running.clear)
