"""Connections of urllib3 whose sockets the guard opens, and those of services whose certificate is not looked at."""

from __future__ import annotations

import socket
from typing import Any

from urllib3 import exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection

from .guard import open_socket


class _Guarded:
    """Opens its socket through the guard: the address that is looked at is the one that is connected to."""

    def _new_conn(self: Any) -> socket.socket:
        try:
            return open_socket(self.host, self.port, self.timeout, self.socket_options or ())
        except socket.gaierror as error:
            raise _unresolved(self, error) from error
        except TimeoutError as error:
            reason = f"Connection to {self.host} timed out. (connect timeout={self.timeout})"
            raise exceptions.ConnectTimeoutError(self, reason) from error
        except OSError as error:
            raise exceptions.NewConnectionError(self, f"Failed to establish a new connection: {error}") from error


class GuardedHTTP(_Guarded, HTTPConnection):
    """A connection without TLS."""


class GuardedHTTPS(_Guarded, HTTPSConnection):
    """A connection whose certificate is verified."""


class UnverifiedHTTPS(HTTPSConnection):
    """A connection whose certificate the user chose not to verify: urllib3 need not warn of it at every request."""

    def connect(self) -> None:
        """Connect, and count as verified."""
        super().connect()
        self.is_verified = True


class GuardedUnverifiedHTTPS(_Guarded, UnverifiedHTTPS):
    """Both."""


def _unresolved(connection: Any, error: socket.gaierror) -> exceptions.HTTPError:
    if hasattr(exceptions, "NameResolutionError"):
        return exceptions.NameResolutionError(connection.host, connection, error)
    return exceptions.NewConnectionError(connection, f"Failed to resolve {connection.host!r} ({error})")
