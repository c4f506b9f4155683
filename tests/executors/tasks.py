"""What the tests have workers do: functions of a module, as every process finds them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from cloud_data_cockpit.errors import FormatError, ServiceError


def double(number: int) -> int:
    return 2 * number


def where(number: int) -> int:
    return os.getpid()


def python(number: int) -> str:
    return sys.executable


def fail_at(which: int, number: int) -> int:
    if number == which:
        raise ValueError(f"no {number} here")
    return number


def wrong_bytes(which: int, number: int) -> int:
    if number == which:
        raise FormatError("a zero byte at offset 7")
    return number


def fail_twice(folder: str, number: int) -> int:
    """The service fails at the first two tries of 3."""
    if number == 3 and _tries(folder, number) <= 2:
        raise ServiceError("the service is having a bad day")
    return number


def die_at(which: int, number: int) -> int:
    if number == which:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return number


def die_once(folder: str, number: int) -> int:
    """The process that does task 5 for the first time is killed in the midst of it."""
    if number == 5 and _tries(folder, number) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return number


def linger(arguments: Sequence[str | float]) -> None:
    """Say that it has begun, then take long."""
    folder, seconds = arguments
    Path(str(folder), f"begun-{os.getpid()}-{time.monotonic_ns()}").touch()
    time.sleep(float(seconds))


def lost(number: int) -> object:
    """A value that cannot travel."""
    return (part for part in range(number))


def _tries(folder: str, number: int) -> int:
    Path(folder, f"try-{number}-{time.monotonic_ns()}").touch()
    return len(list(Path(folder).glob(f"try-{number}-*")))
