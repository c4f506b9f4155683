"""What a worker process runs: tasks from its standard input, outcomes to its standard output, until that is closed."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from queue import SimpleQueue
from typing import IO

from .travel import Parcel
from .wire import receive, send


def main() -> None:
    """Do tasks one after the other. When whoever started this ends, it ends too, in the midst of a task if need be."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a task prints goes where errors go, and not among the outcomes
    tasks: SimpleQueue[Parcel] = SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, tasks), daemon=True).start()
    while True:
        try:
            send(out, tasks.get()())
        except BrokenPipeError:
            os._exit(0)


def _listen(pipe: IO[bytes], tasks: SimpleQueue[Parcel]) -> None:
    while True:
        try:
            message = receive(pipe)
        except (EOFError, OSError):
            os._exit(0)
        tasks.put(pickle.loads(message))  # noqa: S301 - from the process that started this one


if __name__ == "__main__":
    main()
