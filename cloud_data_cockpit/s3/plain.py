"""Ranges of one version of an object while all goes well: what is asked, and which replies are taken as they are.

Anything else is no error here: it is handed on as an `Attempt`, to be read, judged and tried again by `signing.send`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import suppress

from . import http
from .direct import Attempt, Begun, Failed, Host, Line, Unreachable, Waiting
from .environment import Watched
from .guard import VARIABLES
from .listing import bare_etag
from .replies import FIRST_READ, cut_off, plain_headers
from .signing import SignedRequest, prepared

_WATCHED = Watched(*VARIABLES, *http.PROXY_VARIABLES, "AWS_CA_BUNDLE")


class Way:
    """The way to an object: the host to be asked, and what its plain replies say. Does not change."""

    def __init__(self, host: Host, head: bytes, etag: str, size: int) -> None:
        self.host = host
        self._head = head.removesuffix(b"\r\n").replace(b"%", b"%%") + b"Range: bytes=%d-%d\r\n\r\n"
        self._etag = etag
        self._size = size

    def head(self, offset: int, length: int) -> bytes:
        """The request for these bytes."""
        return self._head % (offset, offset + length - 1)

    def holds(self, headers: Mapping[str, str] | None, offset: int, length: int) -> bool:
        """Whether the body of a reply with status 206 and these headers is exactly these bytes of this version."""
        return (
            headers is not None
            and headers.get("content-range") == f"bytes {offset}-{offset + length - 1}/{self._size}"
            and headers["content-length"] == str(length)
            and bare_etag(headers.get("etag", "")) == self._etag
        )

    def fetch(self, offset: int, length: int, waiting: Waiting) -> bytes | Attempt:
        """These bytes, or what became of the attempt."""
        line: Line | None = None
        try:
            line = self.host.idle() or self.host.connected(waiting)
            line.wait(waiting.read)
            line.send(self.head(offset, length))
            came = line.some(FIRST_READ)
            end = came.find(b"\r\n\r\n")
            headers = plain_headers(came[:end]) if end > 0 else None
            if not self.holds(headers, offset, length) or len(came) - end - 4 > length:
                return Begun(self.host, line, came)
            data = _body(line, came[end + 4 :], length)
        except (OSError, Unreachable) as error:
            if line is not None:
                self.host.broken(line)
            return Failed(error)
        except BaseException:
            if line is not None:
                self.host.broken(line)
            raise
        self.host.keep(line)
        return data


def _body(line: Line, first: bytes, length: int) -> bytes:
    whole = io.BytesIO(bytes(length))
    with whole.getbuffer() as view:
        held = len(first)
        view[:held] = first
        while held < length:
            with view[held:] as room:  # an error that is kept would keep it too, and with it all that it leads to
                part = line.into(room)
            if not part:
                raise cut_off(length - held)
            held += part
    return whole.getvalue()


class Plain:
    """Reads ranges over the direct way as long as there is one, that is, without a proxy. Thread-safe."""

    def __init__(self, request: SignedRequest, etag: str, size: int) -> None:
        self._request = request
        self._etag = etag
        self._size = size
        self._found: tuple[str, tuple[object, ...], Way | None] | None = None

    def way(self) -> Way | None:
        """The way that is to be taken now: of a URL that is good still, and by the rules and settings in force."""
        url, settings = self._request.url(), _WATCHED.now()
        found = self._found
        if found is not None and found[0] is url and found[1] == settings:
            way = found[2]
            if way is None or not way.host.closed:  # as it is in a forked child
                return way
        way = self._way()
        self._found = (url, settings, way)
        return way

    def _way(self) -> Way | None:
        with suppress(http.BrokenError):  # whoever takes the other way then is told
            url, trust, headers = prepared(self._request, {"If-Match": f'"{self._etag}"'})
            found = http.direct_way(self._request.method, url, headers, trust)
            if found is not None:
                return Way(*found, self._etag, self._size)
        return None

    def fetch(self, offset: int, length: int) -> bytes | Attempt | None:
        """These bytes; what became of the attempt otherwise, None where there is no such way."""
        way = self.way()
        return None if way is None else way.fetch(offset, length, http.waiting())
