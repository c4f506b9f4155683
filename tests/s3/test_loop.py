"""Many small ranges at once: exact bytes, whatever becomes of some of them, over as many connections as are of use."""

from __future__ import annotations

import os
import random
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.errors import AccessDenied, CockpitError, NotFound, ServiceError, SourceChanged
from cloud_data_cockpit.s3 import http, loop, source
from cloud_data_cockpit.s3.connections import Connection, connect
from cloud_data_cockpit.s3.environment import Watched
from cloud_data_cockpit.s3.source import S3Source
from cloud_data_cockpit.turns import Turns

from .certificates import made_certificate
from .stub import ETAG, Stub, serve_object

DATA = random.Random(5).randbytes(600_000)
RANGES = [(at, 700 + at % 13) for at in range(0, 590_000, 9_000)]
Trouble = Callable[[socket.socket, bytes], bool]


class Service:
    """Answers ranges of DATA; `troubles` are met by those who ask for their first byte, in turn, instead of the reply.

    `asked` counts the requests by their first byte, `ports` the connections by which they came.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.troubles: dict[int, list[Trouble]] = {}
        self.asked: Counter[int] = Counter()
        self.ports: set[int] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self._threads: list[threading.Thread] = []
        self.open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, where = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.open.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock, where[1]), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, port: int) -> None:
        if self._tls is not None:
            try:
                sock = self._tls.wrap_socket(sock, server_side=True)
            except OSError:
                sock.close()
                return
        with sock, suppress(OSError):  # the client may go away
            held = b""
            while True:
                while b"\r\n\r\n" not in held:
                    more = sock.recv(4096)
                    if not more:
                        return
                    held += more
                head, _, held = held.partition(b"\r\n\r\n")
                wanted = next(line for line in head.decode().split("\r\n") if line.startswith("Range: bytes="))
                first, last = map(int, wanted.removeprefix("Range: bytes=").split("-"))
                self.ports.add(port)
                self.asked[first] += 1
                waiting = self.troubles.get(first)
                if not (waiting.pop(0) if waiting else send)(sock, reply(first, last)):
                    return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for key in [key for key in http._hosts if key[2] == self.port]:
            http._hosts.pop(key).close()
        for sock in self.open:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in (self._thread, *self._threads):
            thread.join(5)
            assert not thread.is_alive()


def reply(first: int, last: int, status: str = "206 Partial Content", etag: str = ETAG) -> bytes:
    head = f'HTTP/1.1 {status}\r\nETag: "{etag}"\r\nContent-Range: bytes {first}-{last}/{len(DATA)}\r\n'
    return f"{head}Content-Length: {last - first + 1}\r\n\r\n".encode() + DATA[first : last + 1]


def send(sock: socket.socket, good: bytes) -> bool:
    sock.sendall(good)
    return True


# --- troubles ----------------------------------------------------------------------------------


def reset(sock: socket.socket, good: bytes) -> bool:
    sock.sendall(good[: len(good) // 2])
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def mute(sock: socket.socket, good: bytes) -> bool:
    return False


def truncated(sock: socket.socket, good: bytes) -> bool:
    sock.sendall(good[:-1])
    return False


def closed_behind(sock: socket.socket, good: bytes) -> bool:
    sock.sendall(good)
    return False


def refused(status: str, code: str, *headers: str) -> Trouble:
    def trouble(sock: socket.socket, good: bytes) -> bool:
        body = f"<Error><Code>{code}</Code><Message>told so</Message></Error>"
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", body]
        return send(sock, "\r\n".join(lines).encode())

    return trouble


def in_pieces(*sizes: int) -> Trouble:
    """The reply in packets of these sizes; the last of them again and again."""

    def trouble(sock: socket.socket, good: bytes) -> bool:
        left = list(sizes)
        while good:
            size = left.pop(0) if len(left) > 1 else left[0]
            sock.sendall(good[:size])
            good = good[size:]
            time.sleep(0.0005)
        return True

    return trouble


def head_of(change: Callable[[bytes], bytes]) -> Trouble:
    def trouble(sock: socket.socket, good: bytes) -> bool:
        head, _, body = good.partition(b"\r\n\r\n")
        changed = change(head) + b"\r\n\r\n"
        sock.sendall(changed + body)
        return b"close" not in changed

    return trouble


def chunked(sock: socket.socket, good: bytes) -> bool:
    head, _, body = good.partition(b"\r\n\r\n")
    head = head[: head.index(b"\r\nContent-Length")] + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    sock.sendall(head + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")
    return True


def with_more_behind(sock: socket.socket, good: bytes) -> bool:
    sock.sendall(good + good)
    return True


PASSING = {
    "head-split": (in_pieces(40, 50, 1 << 20), 1),
    "head-and-body-split": (in_pieces(97), 1),
    "one-byte-packets": (in_pieces(1), 1),
    "100-continue": (head_of(lambda head: b"HTTP/1.1 100 Continue\r\n\r\n" + head), 1),
    "chunked": (chunked, 1),
    "closing": (head_of(lambda head: head + b"\r\nConnection: close"), 1),
    "http-1.0": (head_of(lambda head: head.replace(b"/1.1", b"/1.0") + b"\r\nX: close"), 1),
    "lower-case": (head_of(lambda head: head[:12] + head[12:].lower()), 1),
    "long-head": (head_of(lambda head: head + b"\r\nX-Long: " + b"y" * 5000), 1),
    "very-long-head": (head_of(lambda head: head + b"\r\nX-Long: " + b"y" * 40_000), 1),
    "more-behind": (with_more_behind, 1),
    "reset": (reset, 2),
    "mute": (mute, 2),
    "truncated": (truncated, 2),
    "503": (refused("503 Slow Down", "SlowDown"), 2),
    "503-later": (refused("503 Slow Down", "SlowDown", "Retry-After: 0"), 2),
    "500": (refused("500 Internal Server Error", "InternalError"), 2),
    "length": (head_of(lambda head: head.replace(b"Content-Length: ", b"Content-Length: 1") + b"\r\nX: close"), 2),
}
LASTING = {
    "etag": (head_of(lambda head: head.replace(ETAG.encode(), b"other")), SourceChanged),
    "no-etag": (head_of(lambda head: head.replace(b"ETag", b"Other")), ServiceError),
    "200": (head_of(lambda head: head.replace(b"206", b"200")), ServiceError),
    "range": (head_of(lambda head: head.replace(b"bytes ", b"bytes 1")), ServiceError),
    "total": (head_of(lambda head: head.replace(b"/600000", b"/600001")), SourceChanged),
    "412": (refused("412 Precondition Failed", "PreconditionFailed"), SourceChanged),
    "404": (refused("404 Not Found", "NoSuchKey"), NotFound),
    "403": (refused("403 Forbidden", "AccessDenied"), AccessDenied),
}


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.close()


@pytest.fixture
def opened(service: Service) -> S3Source:
    return open_source(service)


def open_source(service: Service, scheme: str = "http", **options: Any) -> S3Source:
    where = f"{scheme}://127.0.0.1:{service.port}"
    there = connect("there", endpoint_url=where, access_key="a", secret_key="b", **options)
    return S3Source(there, "s3://box/k", etag=ETAG, size=len(DATA))


def exact(opened: S3Source, ranges: list[tuple[int, int]] = RANGES) -> bool:
    return opened.read_many(ranges, gap=0) == [DATA[at : at + length] for at, length in ranges]


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("struck", [1, len(RANGES)])
def test_what_passes_is_got_over(service: Service, opened: S3Source, name: str, struck: int) -> None:
    trouble, attempts = PASSING[name]
    troubled = [at for at, _ in RANGES[-struck:]]
    service.troubles = {at: [trouble] for at in troubled}
    assert exact(opened)
    # Whoever used a connection that its server closed asks once more.
    assert all(attempts <= service.asked[at] <= attempts + 1 for at in troubled)
    assert opened.requests == len(RANGES)
    assert exact(opened)


def test_connections_that_end_behind_a_reply_are_not_used_for_ever(service: Service, opened: S3Source) -> None:
    service.troubles = {at: [closed_behind] for at, _ in RANGES[::20]}
    assert exact(opened)
    assert sum(service.asked.values()) <= len(RANGES) + len(RANGES[::20])


def test_when_one_connection_is_dead_the_others_are_looked_at(service: Service, opened: S3Source) -> None:
    assert exact(opened)
    for sock in service.open:  # as when the server is started anew
        sock.shutdown(socket.SHUT_RDWR)
    service.asked.clear()
    assert [opened.read(at, 5) for at in range(10)] == [DATA[at : at + 5] for at in range(10)]
    assert sum(service.asked.values()) == 10
    assert exact(opened)


@pytest.mark.parametrize("name", LASTING)
def test_what_stays_is_said_and_never_tried_again(service: Service, opened: S3Source, name: str) -> None:
    trouble, error = LASTING[name]
    service.troubles = {RANGES[20][0]: [trouble]}
    with pytest.raises(error):
        opened.read_many(RANGES, gap=0)
    assert service.asked[RANGES[20][0]] == 1
    assert exact(opened)


def test_an_error_does_not_wait_for_what_never_comes(service: Service, opened: S3Source) -> None:
    def silent(sock: socket.socket, good: bytes) -> bool:
        return sock.recv(1) != b""  # until the client closes it

    service.troubles = {at: [silent] for at, _ in RANGES[1:]}
    service.troubles[RANGES[0][0]] = [refused("403 Forbidden", "AccessDenied")]
    with pytest.raises(AccessDenied):
        opened.read_many(RANGES, gap=0)


def test_who_says_nothing_is_asked_again(service: Service, opened: S3Source, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(sock: socket.socket, good: bytes) -> bool:
        sock.sendall(good[:-5])
        return sock.recv(1) != b""

    monkeypatch.setattr(http, "READ_TIMEOUT", 0.2)
    service.troubles = {at: [silent] for at, _ in RANGES[:3]}
    assert exact(opened)
    assert [service.asked[at] for at, _ in RANGES[:4]] == [2, 2, 2, 1]


def test_a_failure_that_stays_is_given_up_after_as_many_attempts_as_ever(service: Service, opened: S3Source) -> None:
    service.troubles = {RANGES[7][0]: [reset] * 9}
    with pytest.raises(ServiceError):
        opened.read_many(RANGES, gap=0)
    assert service.asked[RANGES[7][0]] == 5


def test_as_many_as_can_be_are_under_way_at_once(service: Service, opened: S3Source) -> None:
    together = threading.Barrier(loop.AT_ONCE, timeout=20)

    def held(sock: socket.socket, good: bytes) -> bool:
        together.wait()
        return send(sock, good)

    ranges = RANGES[: loop.AT_ONCE]
    service.troubles = {at: [held] for at, _ in ranges}
    assert exact(opened, ranges)
    assert len(service.ports) == loop.AT_ONCE
    assert exact(opened)
    assert len(service.ports) == loop.AT_ONCE, "connections are used again"


def test_several_threads_share_what_there_is(service: Service, opened: S3Source) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda _: exact(opened), range(24)))
    assert len(loop._running) == 0
    assert len(service.ports) <= 4 * loop.ALL_TOGETHER, "not 32 for each of the 24"


def test_other_ranges_than_small_ones_take_part(
    service: Service, opened: S3Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "LARGEST_IN_LOOP", 5_000)
    ranges = [(at, 20_000 if n % 3 else 2_000) for n, at in enumerate(range(0, 570_000, 19_000))]
    assert exact(opened, ranges)
    assert exact(opened, [(5, 5_001), (400_000, 10)])
    service.troubles = {at: [reset] for at, _ in ranges}
    assert exact(opened, ranges)


def test_a_gap_says_what_travels_together(service: Service, opened: S3Source) -> None:
    ranges = [(0, 10), (10, 10), (25, 10), (30, 20), (50, 0), (100_000, 1)]
    for gap, firsts in [(0, {0, 10, 25, 100_000}), (1, {0, 25, 100_000}), (6, {0, 100_000}), (1 << 20, {0})]:
        service.asked.clear()
        assert opened.read_many(ranges, gap=gap) == [DATA[at : at + length] for at, length in ranges]
        assert set(service.asked) == firsts


def test_whoever_waits_gives_up_the_turn(service: Service, opened: S3Source) -> None:
    turns, taken = Turns(1, 2), threading.Event()

    def held(sock: socket.socket, good: bytes) -> bool:
        assert taken.wait(10)
        return send(sock, good)

    def other() -> None:
        with turns.taken():
            taken.set()

    service.troubles = {RANGES[3][0]: [held]}
    with ThreadPoolExecutor(1) as threads:
        with turns.taken():
            waiting = threads.submit(other)
            assert exact(opened)
        waiting.result(10)


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[Service, Path]]:
    """A service with TLS, and the certificate that it shows."""
    certificate, key = made_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    made = Service(context)
    yield made, certificate
    made.close()


@pytest.mark.parametrize("name", ["head-split", "head-and-body-split", "100-continue", "mute", "truncated", "503"])
def test_over_tls(secure: tuple[Service, Path], name: str) -> None:
    service, certificate = secure
    with pytest.raises(ServiceError, match="AWS_CA_BUNDLE"):
        open_source(service, "https").read_many(RANGES, gap=0)
    opened = open_source(service, "https", ca_bundle=str(certificate))
    assert exact(opened)
    assert exact(opened, [(at, 90_000) for at in range(0, 510_000, 17_000)])
    service.asked.clear()
    trouble, attempts = PASSING[name]
    service.troubles = {at: [trouble] for at, _ in RANGES[:5]}
    assert exact(opened)
    assert all(service.asked[at] == attempts for at, _ in RANGES[:5])
    service.troubles = {RANGES[9][0]: [LASTING["etag"][0]]}
    with pytest.raises(SourceChanged):
        opened.read_many(RANGES, gap=0)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    gone = connect("gone", endpoint_url=f"http://127.0.0.1:{port}", access_key="a", secret_key="b")
    with pytest.raises(ServiceError, match="refused"):
        S3Source(gone, "s3://box/k", etag=ETAG, size=len(DATA)).read_many(RANGES, gap=0)


def test_rules_and_proxies_of_the_environment_hold_at_once(
    stub: Stub, service: Service, opened: S3Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert exact(opened)
    assert opened.read(3, 4) == DATA[3:7]
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_ALLOWED_HOSTS", "s3.example")
    for read in (exact, lambda opened: opened.read(0, 5)):
        with pytest.raises(AccessDenied, match="administrator"):
            read(opened)
    monkeypatch.delenv("CLOUD_DATA_COCKPIT_ALLOWED_HOSTS")
    stub.then = serve_object(DATA)
    monkeypatch.setenv("http_proxy", stub.endpoint_url)
    service.asked.clear()
    assert exact(opened)
    assert len(stub.asked) == len(RANGES)
    assert not service.asked


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_that_is_forked_meanwhile(service: Service) -> None:
    under_way, forked = threading.Event(), threading.Event()

    def held(sock: socket.socket, good: bytes) -> bool:
        under_way.set()
        assert forked.wait(20)
        return send(sock, good)

    def before(sock: socket.socket, good: bytes) -> bool:
        assert under_way.wait(20)
        return send(sock, good)

    def behind(sock: socket.socket, good: bytes) -> bool:
        forked.set()
        return send(sock, good)

    service.troubles = {at: [held] for at, _ in RANGES[:20]} | {590_000: [send, before, behind]}
    code = (
        "import os, sys, threading\n"
        "from cloud_data_cockpit.s3.connections import connect\n"
        "from cloud_data_cockpit.s3.source import S3Source\n"
        f"c = connect('c', endpoint_url='http://127.0.0.1:{service.port}', access_key='a', secret_key='b')\n"
        f"s = S3Source(c, 's3://box/k', etag={ETAG!r}, size={len(DATA)})\n"
        f"wanted = {RANGES!r}\n"
        "found = []\n"
        "thread = threading.Thread(target=lambda: found.append(s.read_many(wanted, gap=0)))\n"
        "s.read(590_000, 5)\n"
        "thread.start()\n"
        "s.read(590_000, 5)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    s.read(590_000, 5)\n"
        "    found.append(s.read_many(wanted, gap=0))\n"
        "else:\n"
        "    thread.join()\n"
        "import hashlib\n"
        "right = hashlib.md5(b''.join(found[0])).hexdigest() == sys.argv[1]\n"
        "if child == 0: os._exit(0 if right else 1)\n"
        "sys.exit(0 if right and os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 else 1)\n"
    )
    import hashlib

    whole = hashlib.md5(b"".join(DATA[at : at + length] for at, length in RANGES)).hexdigest()
    assert subprocess.run([sys.executable, "-c", code, whole], timeout=60, check=False).returncode == 0


def test_a_read_that_is_broken_off_leaves_no_connection_in_use(
    service: Service, opened: S3Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = 0
    look = loop.Loop._pass

    def interrupted(self: Any) -> None:
        nonlocal passes
        passes += 1
        if passes == 3:
            raise KeyboardInterrupt
        look(self)

    monkeypatch.setattr(loop.Loop, "_pass", interrupted)
    with pytest.raises(KeyboardInterrupt):
        opened.read_many(RANGES, gap=0)
    assert exact(opened)


def test_variables_are_told_as_they_are_now(monkeypatch: pytest.MonkeyPatch) -> None:
    for held in (True, False):
        watched = Watched("COCKPIT_ONE", "COCKPIT_TWO")
        if not held:
            watched._held = None
        before = watched.now()
        monkeypatch.setenv("COCKPIT_TWO", "x")
        assert watched.now() != before
        monkeypatch.delenv("COCKPIT_TWO")
        assert watched.now() == before


def test_the_demo_service(lab: Connection, bucket: str, boto: Any, s3_service: Any) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=DATA)
    opened = S3Source(lab, f"s3://{bucket}/k")
    assert exact(opened)
    for fault in ({"status": 503, "times": 3}, {"cut_after": 100, "times": 3}, {"lose_reply": True}):
        s3_service.inject(method="GET", path=f"/{bucket}/k", **fault)
        assert exact(opened)
        assert s3_service.faults() == []
    s3_service.inject(method="GET", path=f"/{bucket}/k", ignore_range=True)
    with pytest.raises(CockpitError, match="ignores Range"):
        opened.read_many(RANGES, gap=0)
