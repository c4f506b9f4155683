"""The demo S3 service: starting it, saying where it listens, ending it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tornado.httpserver import HTTPServer

from ..errors import CockpitError, Conflict
from .connection import Connections
from .dispatch import Dispatcher
from .faults import Faults
from .keys import Keys, load_keys, prepare_directory
from .store import RESTORE_SECONDS, Store, connect

HOST = "127.0.0.1"
_LARGEST_REQUEST = 6 << 30  # 5 GiB of an object and the framing of its chunks
_READ = 256 * 1024
_THREADS = 4

log = logging.getLogger(__name__)


def _say(line: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _listen(port: int) -> socket.socket:
    """A listening socket on this machine's own address; nothing outside can reach it."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise Conflict(f"Port {port} is taken. Stop what uses it, or choose another (0 for any free one).") from error
    listener.listen(256)
    listener.setblocking(False)
    return listener


def _lock(directory: Path) -> sqlite3.Connection:
    """Hold the directory for this process; the system lets go when it ends, however it ends."""
    lock = sqlite3.connect(directory / "lock.sqlite", isolation_level=None, timeout=0)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        raise Conflict(f"A demo service is already running in {directory}. Stop it first.") from error
    return lock


def _sweep(store: Store) -> None:
    """Remove bodies that a killed process left without a row; runs in a thread, with a connection of its own."""
    database = connect(store.directory / "service.sqlite")
    query = "SELECT 1 FROM pieces WHERE file = ? UNION ALL SELECT 1 FROM parts WHERE file = ? LIMIT 1"
    try:
        removed = store.files.sweep(lambda name: bool(database.execute(query, (name, name)).fetchone()))
    except (OSError, sqlite3.Error) as error:
        log.warning("Left-over bodies could not be removed: %s", error)
        return
    finally:
        database.close()
    if removed:
        log.info("Removed %d bodies left over from a process that was killed.", removed)


def _end_with_stdin(stop: Callable[[], object]) -> None:
    """Call stop when whoever started this process goes away."""

    def wait() -> None:
        # Not sys.stdin: its lock, held by this thread, would trouble the interpreter's end.
        while os.read(0, 1024):
            continue
        stop()

    threading.Thread(target=wait, daemon=True).start()


async def _run(
    store: Store, keys: Keys, listener: socket.socket, faults: Faults, listening: Callable[[], None], follow_stdin: bool
) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        if threading.current_thread() is not threading.main_thread():
            break  # a thread of a test; only the main thread may handle signals
        try:
            loop.add_signal_handler(number, ended.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(ended.set))
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="demo-disk") as pool:
        connections = Connections(Dispatcher(store, keys, pool, faults))
        server = HTTPServer(connections, max_body_size=_LARGEST_REQUEST, chunk_size=_READ)
        server.add_socket(listener)
        if follow_stdin:
            _end_with_stdin(lambda: loop.call_soon_threadsafe(ended.set))
        listening()
        pool.submit(_sweep, store)
        await ended.wait()
        server.stop()
        if connections.tasks:
            await asyncio.wait(connections.tasks, timeout=2)
        await server.close_all_connections()


def serve(
    directory: Path,
    port: int = 0,
    *,
    access_key: str | None = None,
    secret_key: str | None = None,
    announce: Callable[[dict[str, str]], None] | None = None,
    faults: bool = False,
    follow_stdin: bool = False,
    restore_seconds: float = RESTORE_SECONDS,
) -> None:
    """Serve S3 on 127.0.0.1 from a directory until SIGTERM or SIGINT; blocks.

    directory: made when missing, readable by its owner only. port: 0 for any free one. Keys: given, or those of
    DIR/credentials.json, made on first use. announce: called once with endpoint_url, access_key and secret_key when
    the service listens; by default they are written to stdout as one JSON line. faults: allow tests to ask for
    failures. follow_stdin: end as well when standard input closes. restore_seconds: how long it takes to restore an
    archived object.
    Raises Conflict when the port is taken or another service has the directory; CockpitError when it is not writable.
    """
    directory = Path(directory).absolute()
    try:
        prepare_directory(directory)
        used_access_key, used_secret_key = load_keys(directory, access_key, secret_key)
        listener = _listen(port)
        lock = _lock(directory)
        store = Store(directory, restore_seconds)
    except (OSError, sqlite3.Error) as error:
        raise CockpitError(
            f"The demo service cannot use {directory}: {error}. Choose a folder you can write."
        ) from error
    line = {
        "endpoint_url": f"http://{HOST}:{listener.getsockname()[1]}",
        "access_key": used_access_key,
        "secret_key": used_secret_key,
    }
    keys = Keys(used_access_key, used_secret_key)
    try:
        listening = partial(announce or _say, line)
        asyncio.run(_run(store, keys, listener, Faults(enabled=faults), listening, follow_stdin))
    finally:
        store.close()
        lock.close()
