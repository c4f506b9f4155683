"""A server that answers listings and ranges from memory and does nothing else: who is measured is what takes time.

It knows no keys and no buckets: a request with a range is answered with as many bytes of one and the same object, a
HEAD with the size of that object, all else with page N of one and the same listing. Loopback only.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from ..own_server import own_server
from .cases import Place

KEYS = 100_000
PAGE = 1000
SIZE = 4 << 30
LONGEST = 1 << 20
_RANGE = re.compile(rb"(?i)\r\nrange: *bytes=(\d+)-(\d+)")
_OBJECT = (
    "Content-Type: application/octet-stream\r\nAccept-Ranges: bytes\r\nLast-Modified: Sun, 01 Nov 2026 10:11:12 GMT\r\n"
    f'ETag: "{1:032x}"\r\n'
)
_BYTES = bytes(range(256)) * (LONGEST // 256)
_TOKEN = re.compile(rb"continuation-token=page(\d+)")
_DELIMITER = re.compile(rb"delimiter=(%2F|/)")


def _page(number: int, *, folders: bool) -> bytes:
    """Page `number` of the listing; with `folders` every second entry is a common prefix."""
    more = (number + 1) * PAGE < KEYS
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>box</Name><Prefix></Prefix><KeyCount>{PAGE}</KeyCount><MaxKeys>{PAGE}</MaxKeys>"
        f"<EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>"
    ]
    if more:
        lines.append(f"<NextContinuationToken>page{number + 1}</NextContinuationToken>")
    for row in range(number * PAGE, (number + 1) * PAGE):
        if folders and row % PAGE >= PAGE // 2:
            lines.append(f"<CommonPrefixes><Prefix>runs/{row:08}-directory/</Prefix></CommonPrefixes>")
        else:
            lines.append(
                f"<Contents><Key>runs/{row:08}-some-file-name.parquet</Key>"
                "<LastModified>2026-11-01T10:11:12.000Z</LastModified>"
                f"<ETag>&quot;{row:032x}&quot;</ETag><Size>{row}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            )
    body = "".join((*lines, "</ListBucketResult>")).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _range(first: int, last: int) -> bytes:
    head = f"HTTP/1.1 206 Partial Content\r\n{_OBJECT}Content-Range: bytes {first}-{last}/{SIZE}\r\n"
    return f"{head}Content-Length: {last - first + 1}\r\n\r\n".encode() + _BYTES[: last - first + 1]


class _Connection(asyncio.Protocol):
    """One client; its requests have no bodies."""

    def __init__(self, flat: list[bytes], folded: list[bytes]) -> None:
        self._flat, self._folded = flat, folded
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while b"\r\n\r\n" in self._rest:
            head, _, self._rest = self._rest.partition(b"\r\n\r\n")
            if isinstance(self._transport, asyncio.Transport):
                self._transport.write(self._reply(head))

    def _reply(self, head: bytes) -> bytes:
        wanted = _RANGE.search(head)
        if wanted is not None:
            return _range(int(wanted[1]), int(wanted[2]))
        method, target, _ = head.split(b" ", 2)
        if method == b"HEAD":
            return f"HTTP/1.1 200 OK\r\n{_OBJECT}Content-Length: {SIZE}\r\n\r\n".encode()
        token = _TOKEN.search(target)
        pages = self._folded if _DELIMITER.search(target) else self._flat
        return pages[int(token[1]) if token else 0]


async def _serve() -> None:
    flat = [_page(number, folders=False) for number in range(KEYS // PAGE)]
    folded = [_page(number, folders=True) for number in range(KEYS // PAGE)]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(flat, folded), "127.0.0.1", 0, family=socket.AF_INET)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


@contextmanager
def null_server() -> Iterator[Place]:
    """Where such a server is, in a process of its own."""
    with own_server(__name__) as line:
        yield Place(line)


if __name__ == "__main__":
    asyncio.run(_serve())
