"""All slices of a text, 8 MiB each, with 16 threads: ours beside obstore's reads of the same ranges, in turns."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from .range_server import range_server

THREADS = 16
SLICE = 8 << 20
SIZE = 512 << 20
ROUNDS = 9

Side = Callable[[], int]


def run() -> None:
    """Print seconds, processor seconds and the ratio."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "text"
        line = b"a line of text, such as there are many, of eighty characters, one after another\n"
        path.write_bytes(line * (SIZE // len(line)))
        with range_server(path) as endpoint:
            _compare(endpoint)


def _compare(endpoint: str) -> None:
    import cloud_data_cockpit as cdc

    connection = cdc.connect("benchmark", endpoint_url=endpoint, access_key="benchmark", secret_key="benchmark")
    slices = cdc.partition("s3://box/text.txt", connection=connection, format="text", slice_bytes=SLICE)
    ranges = [piece.ranges[0] for piece in slices]
    sides: dict[str, Side] = {
        "slices.map(read)": lambda: sum(slices.map(lambda piece: len(piece.read(header=False)), workers=THREADS)),
        "obstore.get_range": _obstore(endpoint, ranges, copy=False),
        "obstore.get_range, as bytes": _obstore(endpoint, ranges, copy=True),
        "one socket a thread, recv_into": _sockets(endpoint, ranges),
    }
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for number in range(ROUNDS + 1):
        for name, side in list(sides.items())[:: 1 if number % 2 else -1]:
            clock, processor = time.perf_counter(), _processor()
            read = side()
            if read != slices.nbytes:
                raise RuntimeError(f"{name} read {read} bytes of {slices.nbytes}")
            if number:  # the first round connects
                took[name].append((time.perf_counter() - clock, _processor() - processor))
    print(f"\n{len(slices)} slices of 8 MiB, {THREADS} threads, {ROUNDS} rounds in turns\n")
    print("| | best s | median s | of the processor | speed of obstore's, best / median |\n|---|--:|--:|--:|--:|")
    peer = [seconds for seconds, _ in took["obstore.get_range"]]
    for name, found in took.items():
        seconds = [each for each, _ in found]
        used = median(each for _, each in found)
        paired = median(other / own for other, own in zip(peer, seconds, strict=True))
        speed = f"{min(peer) / min(seconds):.2f}x / {paired:.2f}x"
        print(f"| {name} | {min(seconds):.3f} | {median(seconds):.3f} | {used:.3f} | {speed} |")


def _obstore(endpoint: str, ranges: list[tuple[int, int]], *, copy: bool) -> Side:
    import obstore
    from obstore.store import S3Store

    options: Any = {"allow_http": True}
    store = S3Store(
        "box",
        endpoint=endpoint,
        access_key_id="benchmark",
        secret_access_key="benchmark",
        region="us-east-1",
        client_options=options,
    )

    def read(wanted: tuple[int, int]) -> int:
        found = obstore.get_range(store, "text.txt", start=wanted[0], length=wanted[1])
        return len(bytes(found) if copy else found)

    return lambda: _in_threads(read, ranges)


def _sockets(endpoint: str, ranges: list[tuple[int, int]]) -> Side:
    """What this machine and Python allow at best: a request by hand, the body received to where it stays."""
    import socket
    import threading
    from urllib.parse import urlsplit

    own = threading.local()
    parts = urlsplit(endpoint)

    def read(wanted: tuple[int, int]) -> int:
        if not hasattr(own, "socket"):
            own.socket = socket.create_connection((parts.hostname, parts.port))
        head = f"GET /box/text.txt HTTP/1.1\r\nHost: x\r\nRange: bytes={wanted[0]}-{sum(wanted) - 1}\r\n\r\n"
        own.socket.sendall(head.encode())
        first = own.socket.recv(400)
        body = first.partition(b"\r\n\r\n")[2]
        whole = bytearray(wanted[1])
        whole[: len(body)] = body
        held, view = len(body), memoryview(whole)
        while held < wanted[1]:
            held += own.socket.recv_into(view[held:])
        return held

    return lambda: _in_threads(read, ranges)


def _in_threads(read: Callable[[tuple[int, int]], int], ranges: list[tuple[int, int]]) -> int:
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(read, ranges))


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
