"""How fast a job is: over the last seconds, so that what was quick or slow an hour ago does not count."""

from __future__ import annotations

from collections import deque

WINDOW = 15.0
"""Seconds over which the rate is taken."""
STEP = 0.25
"""Seconds between two points of the window."""
LEAST = 1.0
"""Seconds before which a rate would be a guess."""


class Pace:
    """Points of (time, done), of one phase of a job. Counting back, as a new phase may, begins anew."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, int]] = deque()

    def note(self, done: int, now: float) -> None:
        """So much is done `now`, in seconds of a clock that only goes forward."""
        points = self._points
        if points and done < points[-1][1]:
            points.clear()
        if not points or now - points[-1][0] >= STEP:
            points.append((now, done))

    def rate(self, done: int, now: float) -> float | None:
        """Units a second; None until there is enough to tell."""
        points = self._points
        while len(points) > 1 and points[1][0] <= now - WINDOW:
            points.popleft()
        if not points or now - points[0][0] < LEAST:
            return None
        return max(0, done - points[0][1]) / (now - points[0][0])


def seconds_left(done: int, total: int, rate: float | None) -> float | None:
    """Seconds until the rest is done at this rate; None where that cannot be told."""
    if not rate or total <= done:
        return None
    return (total - done) / rate
