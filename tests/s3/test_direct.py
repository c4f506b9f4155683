"""Ranges over sockets of our own: replies of every shape, connections that are used again only when that is safe."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from cloud_data_cockpit.s3 import http

BODY = bytes(range(256)) * 8
PLAIN = b'HTTP/1.1 206 Partial Content\r\nContent-Length: 2048\r\nETag: "x"\r\n\r\n' + BODY


class Server:
    """Answers each request by the next of `replies`; None ends the connection. `ports`: whence each request came."""

    def __init__(self) -> None:
        self.replies: list[bytes | None] = []
        self.asked: list[bytes] = []
        self.ports: list[int] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, where = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock, where[1]), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, port: int) -> None:
        with sock, suppress(OSError):  # the client may go away with a reply half read
            held = b""
            while True:
                while b"\r\n\r\n" not in held:
                    more = sock.recv(4096)
                    if not more:
                        return
                    held += more
                head, _, held = held.partition(b"\r\n\r\n")
                self.asked.append(head)
                self.ports.append(port)
                reply = self.replies.pop(0)
                if reply is None:
                    return
                sock.sendall(reply)
                if b"Connection: close" in reply or b"Content-Length" not in reply:
                    return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for key in [key for key in http._hosts if key[2] == self.port]:
            http._hosts.pop(key).close()
        for thread in (self._thread, *self._threads):
            thread.join(5)
            assert not thread.is_alive()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def get(server: Server, *, etag: str = "x", limit: int = 4096) -> tuple[int, bytes]:
    headers = {"Range": "bytes=0-2047", "If-Match": f'"{etag}"'}
    with http.exchange("GET", f"http://127.0.0.1:{server.port}/box/k?a=b", headers=headers) as reply:
        return reply.status, reply.read(limit)


def test_one_connection_serves_many_requests(server: Server) -> None:
    server.replies = [PLAIN] * 3
    assert [get(server) for _ in range(3)] == [(206, BODY)] * 3
    assert len(set(server.ports)) == 1
    assert server.asked[0].startswith(b"GET /box/k?a=b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % server.port)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 206 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n"
        + BODY[:1024]
        + b"\r\n400\r\n"
        + BODY[1024:]
        + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 206 OK\r\n\r\n" + BODY,
        b"HTTP/1.0 206 OK\r\nContent-Length: 2048\r\n\r\n" + BODY,
        b"HTTP/1.1 206 OK\r\nConnection: close\r\nContent-Length: 2048\r\n\r\n" + BODY,
        b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN,
        b"HTTP/1.1 206 OK\r\nX-Long: " + b"y" * 5000 + b"\r\nContent-Length: 2048\r\n\r\n" + BODY,
    ],
    ids=["chunked", "until-the-end", "http-1.0", "closing", "interim", "long-head"],
)
def test_replies_of_other_shapes(server: Server, reply: bytes) -> None:
    server.replies = [reply, PLAIN]
    assert get(server) == (206, BODY)
    assert get(server) == (206, BODY)


def test_both_ways_of_reading(server: Server) -> None:
    chunked = b"HTTP/1.1 206 OK\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" + BODY + b"\r\n0\r\n\r\n"
    server.replies = [PLAIN, chunked]
    for _ in range(2):
        target = bytearray(3000)
        url = f"http://127.0.0.1:{server.port}/k"
        with http.exchange("GET", url, headers={"Range": "bytes=0-9"}) as reply:
            assert reply.read(5) == BODY[:5]
            assert reply.read_into(memoryview(target)) == 2043
        assert bytes(target[:2043]) == BODY[5:]


def test_what_was_not_read_to_its_end_is_not_used_again(server: Server) -> None:
    server.replies = [PLAIN, PLAIN]
    assert get(server, limit=100) == (206, BODY[:100])
    assert get(server) == (206, BODY)
    assert len(set(server.ports)) == 2


def test_bytes_behind_a_reply_are_not_taken_for_the_next_one(server: Server) -> None:
    server.replies = [PLAIN + PLAIN.replace(BODY, bytes(2048)), PLAIN]
    assert get(server) == (206, BODY)
    assert get(server) == (206, BODY)
    assert len(set(server.ports)) == 2


@pytest.mark.parametrize("reply", [None, PLAIN[:20], PLAIN[:-1], b"nonsense\r\n\r\n"])
def test_a_reply_that_breaks_off(server: Server, reply: bytes | None) -> None:
    class Cut(bytes):
        """Ends its connection although it tells a length."""

        def __contains__(self, part: object) -> bool:
            return part == b"Connection: close"

    server.replies = [None if reply is None else Cut(reply), PLAIN]
    with pytest.raises(http.BrokenError):
        get(server)
    assert get(server) == (206, BODY)


def test_refusals_are_read_as_well(server: Server) -> None:
    refusal = b"HTTP/1.1 412 Precondition Failed\r\nContent-Length: 8\r\n\r\n<Error/>"
    server.replies = [refusal, PLAIN]
    assert get(server) == (412, b"<Error/>")
    assert get(server) == (206, BODY)
    assert len(set(server.ports)) == 1


def test_no_header_can_be_smuggled_in(server: Server) -> None:
    with pytest.raises(ValueError, match="Invalid header value"):
        get(server, etag='"\r\nX-Other: 1')
    assert server.asked == []


def test_nobody_there(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        pytest.raises(http.BrokenError, match="Connection refused") as caught,
        http.exchange("GET", f"http://127.0.0.1:{port}/k", headers={"Range": "bytes=0-1"}),
    ):
        pass
    assert caught.value.connecting


def test_nobody_is_waited_for_longer_than_patience_allows(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, http.patience(0.05):
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/k"
        with (
            pytest.raises(http.BrokenError, match="timed out"),
            http.exchange("GET", url, headers={"Range": "bytes=0-1"}),
        ):
            pass
