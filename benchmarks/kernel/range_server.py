"""A server that sends ranges of one file by `sendfile` and does nothing else: who reads from it is what takes time.

It knows no keys and no signatures: whatever is asked, it is the same object. Loopback only.
"""

from __future__ import annotations

import os
import re
import socketserver
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..own_server import own_server

_RANGE = re.compile(rb"\r\nrange: *bytes=(\d+)-(\d+)", re.IGNORECASE)


class _Client(socketserver.StreamRequestHandler):
    """One connection, any number of requests, none of which has a body."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        with Path(sys.argv[1]).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            while head := self._head():
                found = _RANGE.search(head)
                start, end = (int(found[1]), min(int(found[2]), size - 1)) if found else (0, size - 1)
                answer = [
                    f"HTTP/1.1 {'206 Partial Content' if found else '200 OK'}",
                    f"Content-Length: {end - start + 1}",
                    'ETag: "0123456789abcdef0123456789abcdef"',
                    "Last-Modified: Sat, 01 Nov 2025 10:11:12 GMT",
                    "Content-Type: text/plain",
                    "Accept-Ranges: bytes",
                ]
                answer += [f"Content-Range: bytes {start}-{end}/{size}"] if found else []
                self.connection.sendall("\r\n".join([*answer, "", ""]).encode())
                while start <= end and not head.startswith(b"HEAD"):
                    start += os.sendfile(self.connection.fileno(), file.fileno(), start, end + 1 - start)

    def _head(self) -> bytes:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline(65536)
            if not line:
                return b""
            head += line
        return head


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True


@contextmanager
def range_server(path: Path) -> Iterator[str]:
    """The endpoint of such a server for the file, in a process of its own."""
    with own_server(__name__, str(path)) as line:
        yield line


if __name__ == "__main__":
    with _Server(("127.0.0.1", 0), _Client) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()
