"""One HTTP exchange with an S3 service over pooled connections; it signs nothing, retries nothing, follows nothing."""

from __future__ import annotations

import atexit
import logging
import os
import re
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from . import direct, replies
from .clients import CONNECT_TIMEOUT, POOL_SIZE, READ_TIMEOUT
from .guard import check_host

if TYPE_CHECKING:
    import ssl

Body = bytes | bytearray | memoryview | Iterable[memoryview]
Trust = str | None | Literal[False]
"""Whom TLS trusts: the CAs in a file, None for the system's and certifi's, False for anybody."""

_OWN_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "cloud-data-cockpit"}
_SIGNATURE = re.compile(r"(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s\"]+")
PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_pools: dict[tuple[str, str, int, Trust, str | None], Any] = {}
_hosts: dict[tuple[str, str, int, Trust], direct.Host] = {}
_pools_lock = threading.Lock()
_patience: ContextVar[float | None] = ContextVar("patience", default=None)


class BrokenError(Exception):
    """The exchange came to no end. `connecting`: not even a connection; `insecure`: TLS could not be set up.

    `unknown`: there is no host of that name; `proxied`: it was the proxy that failed.
    """

    def __init__(
        self,
        reason: str,
        *,
        connecting: bool = False,
        insecure: bool = False,
        unknown: bool = False,
        proxied: bool = False,
    ) -> None:
        super().__init__(reason)
        self.connecting = connecting
        self.insecure = insecure
        self.unknown = unknown
        self.proxied = proxied


class Reply:
    """Status and headers of a reply whose body is still to be read. Header names in any case."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self.status: int = response.status
        self.headers: Mapping[str, str] = response.headers

    def read(self, limit: int) -> bytes:
        """At most `limit` bytes of the body as sent, no content encoding undone. BrokenError when it is cut off."""
        parts: list[bytes] = []
        held = 0
        with _breaking():
            while held < limit:
                part: bytes = self._response.read(limit - held, decode_content=False)
                if not part:
                    break
                parts.append(part)
                held += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_into(self, target: memoryview) -> int:
        """Fill `target` with the body as sent; how many bytes of it came. BrokenError when the connection breaks."""
        # urllib3's own readinto reads to other bytes first and copies these.
        body = self._response._original_response
        held = 0
        with _breaking():
            while held < len(target):
                with target[held:] as room:  # an error that is kept would keep it too, and with it the whole
                    part = body.readinto(room)
                if not part:
                    break
                held += part
        if body.isclosed():
            self._response.release_conn()
        return held


class DirectReply(Reply):
    """The reply to a range, from a socket of our own."""

    def __init__(self, reply: replies.DirectReply) -> None:
        self._reply = reply
        self.status = reply.status
        self.headers = reply.headers

    def read(self, limit: int) -> bytes:
        with _breaking():
            return self._reply.read(limit)

    def read_into(self, target: memoryview) -> int:
        with _breaking():
            return self._reply.read_into(target)


@contextmanager
def exchange(
    method: str, url: str, *, headers: Mapping[str, str], body: Body | None = None, trust: Trust = None
) -> Iterator[Reply]:
    """Send one request and hand out the reply while its body is read; what is left unread is thrown away.

    AccessDenied for hosts and addresses that must not be connected to.
    """
    way = direct_way(method, url, headers, trust) if method == "GET" and "Range" in headers else None
    if way is not None:
        host, head = way
        with _reading(lambda waiting: host.ask(head, waiting)) as reply:
            yield reply
        return
    _, name, port, _ = _split(url)
    check_host(name, port or None)
    headers = {**_OWN_HEADERS, **headers}
    response = open_reply(method, url, headers=headers, body=body, trust=trust)
    try:
        yield Reply(response)
    finally:
        # A body read to its end has given its connection back already; any other cannot be used again.
        response.close()
        response.release_conn()


def direct_way(method: str, url: str, headers: Mapping[str, str], trust: Trust) -> tuple[direct.Host, bytes] | None:
    """The host and a request's head for a socket of our own; None behind a proxy, or for what does not belong in there.

    AccessDenied as of `exchange`; BrokenError for a CA file that cannot be used.
    """
    scheme, name, port, target = _split(url)
    check_host(name, port or None)
    if _proxy_for(scheme, name) is not None:
        return None
    host = _host(scheme, name, port, trust)
    head = host.head(method, target, {**_OWN_HEADERS, **headers})
    return None if head is None else (host, head)


@contextmanager
def going_on(attempt: direct.Attempt) -> Iterator[Reply]:
    """The reply of a request that is on its way already, as if it had just been sent."""
    with _reading(attempt.reply) as reply:
        yield reply


def open_reply(
    method: str, url: str, *, headers: Mapping[str, Any], body: Any = None, trust: Trust = None, chunked: bool = False
) -> Any:
    """urllib3's response to one request, to be read to its end or closed. The host's name was looked at before."""
    scheme, name, port, target = _split(url)
    proxy = _proxy_for(scheme, name)
    pool = _pool(scheme, name, port, trust, proxy)
    hurry = {} if _patience.get() is None else {"timeout": _patience.get()}
    with _breaking():
        return pool.urlopen(
            method,
            url if proxy and scheme == "http" else target,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            enforce_content_length=True,
            chunked=chunked,
            **hurry,
        )


@lru_cache(64)
def _split(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port (0: the usual one) and the target that goes out."""
    parts = urlsplit(url)
    # A target that begins with "/" goes out as it is; from a whole URL urllib3 would resolve "." and ".." segments.
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, parts.hostname or "", parts.port or 0, target


@contextmanager
def _reading(ask: Callable[[direct.Waiting], AbstractContextManager[replies.DirectReply]]) -> Iterator[Reply]:
    # Not `with`: what is raised while the reply is used must stay as it is, and only the asking is turned.
    with _breaking():
        asking = ask(waiting())
        reply = asking.__enter__()
    try:
        yield DirectReply(reply)
    except BaseException as error:
        asking.__exit__(type(error), error, error.__traceback__)
        raise
    else:
        asking.__exit__(None, None, None)


def waiting() -> direct.Waiting:
    """How long connections and replies of this thread are waited for."""
    hurry = _patience.get()
    return direct.Waiting(CONNECT_TIMEOUT, READ_TIMEOUT) if hurry is None else direct.Waiting(hurry, hurry)


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Inside, no connection and no reply of this thread is waited for longer than this."""
    before = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(before)


@contextmanager
def _breaking() -> Iterator[None]:
    """Turn urllib3's errors into BrokenError; they are not chained, as some hold the signed URL."""
    from urllib3 import exceptions

    try:
        yield
    except direct.Unreachable as error:
        raise BrokenError(str(error), connecting=True, insecure=error.insecure, unknown=error.unknown) from None
    except exceptions.SSLError as error:
        raise BrokenError(str(error), connecting=True, insecure=True) from None
    except (exceptions.NewConnectionError, exceptions.ConnectTimeoutError) as error:
        unknown = isinstance(error.__cause__, socket.gaierror)
        raise BrokenError(_reason(error), connecting=True, unknown=unknown) from None
    except exceptions.ProxyError as error:
        raise BrokenError(_reason(error), connecting=True, proxied=True) from None
    except (exceptions.HTTPError, OSError) as error:
        raise BrokenError(_reason(error)) from None


def _reason(error: Exception) -> str:
    if len(error.args) > 1 and isinstance(error.args[1], Exception):  # ProtocolError("Connection aborted.", cause)
        return str(error.args[1])
    # urllib3 puts its own object first: "<urllib3.connection...>: Failed to establish ...".
    return _SIGNATURE.sub(r"\1...", re.sub(r"^.*?\): |<[^>]*object at [^>]*>:? ?", "", str(error)))


# --- pools -------------------------------------------------------------------------------------


def _pool(scheme: str, host: str, port: int, trust: Trust, proxy: str | None) -> Any:
    key = (scheme, host, port, trust, proxy)
    with _pools_lock:
        if key not in _pools:
            _pools[key] = _new_pool(*key)
        return _pools[key]


def _new_pool(scheme: str, host: str, port: int, trust: Trust, proxy: str | None) -> Any:
    import urllib3

    from . import sockets

    settings: dict[str, Any] = {
        "maxsize": POOL_SIZE,
        "block": False,
        "timeout": urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
        "retries": False,
    }
    if scheme == "https":
        settings["ssl_context"] = _tls(trust)
    pool: Any
    if proxy is not None:  # the environment names it, and it resolves the host itself: there is no address to look at
        pool = urllib3.ProxyManager(proxy, **settings).connection_from_host(host, port or None, scheme)
        if trust is False and scheme == "https":
            pool.ConnectionCls = sockets.UnverifiedHTTPS
    elif scheme == "https":
        pool = urllib3.HTTPSConnectionPool(host, port or 443, **settings)
        pool.ConnectionCls = sockets.GuardedUnverifiedHTTPS if trust is False else sockets.GuardedHTTPS
    else:
        pool = urllib3.HTTPConnectionPool(host, port or 80, **settings)
        pool.ConnectionCls = sockets.GuardedHTTP
    return pool


def _host(scheme: str, host: str, port: int, trust: Trust) -> direct.Host:
    key = (scheme, host, port, trust)
    found = _hosts.get(key)
    if found is None:
        tls = _tls(trust) if scheme == "https" else None
        with _pools_lock:
            found = _hosts.setdefault(key, direct.Host(scheme, host, port, tls))
    return found


@lru_cache
def _tls(trust: Trust) -> ssl.SSLContext:
    """A context that verifies: by the CAs of a file alone where one is named, else by the system's and certifi's."""
    import ssl

    try:
        context = ssl.create_default_context(cafile=trust or None)
    except OSError as error:  # ssl.SSLError too
        raise BrokenError(f"the CA file {trust} cannot be used ({error})", insecure=True) from None
    if trust is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if trust is None:
        try:
            import certifi
        except ImportError:
            return context
        context.load_verify_locations(certifi.where())
    return context


def _proxy_for(scheme: str, host: str) -> str | None:
    return _configured_proxy(scheme, host, tuple(os.environ.get(name) for name in PROXY_VARIABLES))


@lru_cache
def _configured_proxy(scheme: str, host: str, variables: tuple[str | None, ...]) -> str | None:
    """The proxy that the environment (or the system's settings) names for this host. Kept: to look costs 0.1 ms."""
    proxy = urllib.request.getproxies().get(scheme)
    if not proxy or urllib.request.proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


@atexit.register
def _close_hosts() -> None:
    for key in list(_hosts):
        _hosts.pop(key).close()


def _forget_pools() -> None:
    """A forked child must not share sockets with its parent."""
    global _pools_lock
    _pools_lock = threading.Lock()
    _pools.clear()
    _close_hosts()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pools)


class _HideSignatures(logging.Filter):
    """urllib3 logs each request's target; ours hold a signature that is good for an hour."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_SIGNATURE.sub(r"\1...", a) if isinstance(a, str) else a for a in record.args)
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_HideSignatures())
