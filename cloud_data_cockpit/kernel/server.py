"""The Jupyter server that started this kernel, or that the environment names: found, and asked for a manifest."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

import urllib3
from jupyter_core.paths import jupyter_runtime_dir

from ..errors import BadRequest, CredentialsError, FormatError, ServiceError
from ..models import Manifest
from ..slicing import manifests
from ..slicing.sharing import LARGEST

URL_VARIABLES = ("DATA_COCKPIT_SERVER", "JUPYTER_SERVER_URL")
TOKEN_VARIABLES = ("DATA_COCKPIT_TOKEN", "JUPYTER_TOKEN", "JUPYTER_SERVER_TOKEN")
_PARENT = "JPY_PARENT_PID"
_TIMEOUT = urllib3.Timeout(connect=5, read=60)


@dataclass(frozen=True)
class JupyterServer:
    """A server's URL and its token, which goes into a header of requests to this URL and nowhere else."""

    url: str
    token: str = field(default="", repr=False)


def find_server() -> JupyterServer | None:
    """The server that the environment names, else the one that started this kernel; None when there is neither.

    BadRequest when the environment names something that is no URL.
    """
    for variable in URL_VARIABLES:
        if os.environ.get(variable):
            return _named(variable, os.environ[variable])
    parent = os.environ.get(_PARENT, "")
    return next((server for pid, server in _running() if parent == str(pid)), None)


def fetch_manifest(server: JupyterServer, manifest_id: str) -> Manifest | None:
    """The manifest with this id, None when the server has none.

    CredentialsError when it refuses the token, ServiceError when it cannot be reached or answers something else,
    FormatError and Conflict as for a file. Redirections are not followed: the token is for this server.
    """
    url = f"{server.url}cloud-data-cockpit/api/manifests/{quote(manifest_id, safe='')}/document"
    headers = {"Authorization": f"token {server.token}"} if server.token else {}
    try:
        with urllib3.PoolManager(retries=False, timeout=_TIMEOUT) as pool:
            reply = pool.request("GET", url, headers=headers, redirect=False, preload_content=False)
            body = reply.read(LARGEST + 1)
            reply.close()
    except urllib3.exceptions.HTTPError as error:
        raise ServiceError(f"the Jupyter server {server.url} cannot be reached ({type(error).__name__})") from None
    if reply.status == 200 and len(body) > LARGEST:
        raise FormatError(f"the manifest {manifest_id!r} on {server.url} is larger than {LARGEST:,} bytes")
    if reply.status == 200:
        return manifests.parse(body, f"{manifest_id} on {server.url}")
    _raise_for(server, reply.status, body)
    return None


def _raise_for(server: JupyterServer, status: int, body: bytes) -> None:
    problem = _problem(body)
    if status == 404 and problem.get("code") == "not_found" and "manifest" in str(problem.get("message")):
        return
    if status in (401, 403) or 300 <= status < 400:
        raise CredentialsError(
            f"the Jupyter server {server.url} does not take {'this token' if server.token else 'us without a token'}; "
            f"set {TOKEN_VARIABLES[0]} to the server's token"
        )
    if status == 404:
        raise ServiceError(f"the Jupyter server {server.url} has no Data Cockpit: install it there")
    raise ServiceError(f"the Jupyter server {server.url} answers {status}: {problem.get('message', 'no reason given')}")


def _problem(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _named(variable: str, text: str) -> JupyterServer:
    try:
        parts = urlsplit(text.strip())
        parts.port  # noqa: B018 - raises when it is no number
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise BadRequest(f"{variable} is no URL of a Jupyter server; it has to be like https://host:8888/")
    url = urlunsplit((parts.scheme, parts.netloc, _below_root(parts.path), "", ""))
    token = parse_qs(parts.query).get("token", [""])[0] or next(
        (os.environ[name] for name in TOKEN_VARIABLES if os.environ.get(name)), ""
    )
    if not token:
        token = next((server.token for _, server in _running() if server.url == url), "")
    return JupyterServer(url, token)


def _below_root(path: str) -> str:
    """The server's base URL: people paste that of a page, such as /lab."""
    for page in ("/lab", "/tree"):
        head, found, _ = path.partition(page)
        if found and path[len(head) + len(page) :][:1] in ("", "/"):
            path = head
    return path.rstrip("/") + "/"


def _running() -> Iterator[tuple[int, JupyterServer]]:
    """Process id and server of what runs for this user on this machine, as Jupyter notes it down."""
    for path in sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json")):
        try:
            held = json.loads(path.read_bytes())
            pid, url, token = int(held["pid"]), str(held["url"]), str(held.get("token") or "")
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if url.startswith(("http://", "https://")):
            yield pid, JupyterServer(url if url.endswith("/") else f"{url}/", token)
