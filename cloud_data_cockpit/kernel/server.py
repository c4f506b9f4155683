"""The Jupyter server that started this kernel, or that the environment names: found, and asked."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

import urllib3
from jupyter_core.paths import jupyter_runtime_dir

from .. import errors
from ..errors import BadRequest, CockpitError, CredentialsError, FormatError, ServiceError
from ..models import Manifest, Record
from ..slicing import manifests
from ..slicing.sharing import LARGEST

URL_VARIABLES = ("DATA_COCKPIT_SERVER", "JUPYTER_SERVER_URL")
TOKEN_VARIABLES = ("DATA_COCKPIT_TOKEN", "JUPYTER_TOKEN", "JUPYTER_SERVER_TOKEN")
_PARENT = "JPY_PARENT_PID"
_HUB_TOKEN, _HUB_PREFIX, _HUB_URL = "JUPYTERHUB_API_TOKEN", "JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_SERVICE_URL"
_HERE = ("localhost", "127.0.0.1", "::1")
_TIMEOUT = urllib3.Timeout(connect=5, read=60)
_ERRORS = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, CockpitError) and "code" in vars(kind)
}


@dataclass(frozen=True)
class JupyterServer:
    """A server's URL and its token, which goes into a header of requests to this URL and nowhere else.

    `here`: it noted itself down on this machine, so what this process saves is what it has.
    """

    url: str
    token: str = field(default="", repr=False)
    here: bool = field(default=False, compare=False)


def find_server() -> JupyterServer | None:
    """The server that the environment names, else the one that started this kernel; None when there is neither.

    JupyterHub's token goes to the server that JupyterHub started with it alone. BadRequest when the environment names
    something that is no URL.
    """
    for variable in URL_VARIABLES:
        if os.environ.get(variable):
            return _named(variable, os.environ[variable])
    parent = os.environ.get(_PARENT, "")
    started = next((server for pid, server in _running() if parent == str(pid)), None)
    if started is None:
        return _of_hub()
    return started if started.token else replace(started, token=_hub_token(started.url))


def fetch_manifest(server: JupyterServer, manifest_id: str) -> Manifest | None:
    """The manifest with this id, None when the server has none.

    CredentialsError when it refuses the token, ServiceError when it cannot be reached or answers something else,
    FormatError and Conflict as for a file. Redirections are not followed: the token is for this server.
    """
    status, body = _exchanged(server, "GET", f"manifests/{quote(manifest_id, safe='')}/document", None)
    if status == 200 and len(body) > LARGEST:
        raise FormatError(f"the manifest {manifest_id!r} on {server.url} is larger than {LARGEST:,} bytes")
    if status == 200:
        return manifests.parse(body, f"{manifest_id} on {server.url}")
    problem = _problem(body)
    if status == 404 and problem.get("code") == "not_found" and "manifest" in str(problem.get("message")):
        return None
    raise _refusal(server, status, problem)


def ask(server: JupyterServer, method: str, path: str, body: Record | None = None) -> Any:
    """The JSON of the reply to one request of Data Cockpit's REST API, None for an empty one.

    The server's own error for what it refuses, by its code; CredentialsError and ServiceError as `fetch_manifest`.
    """
    status, text = _exchanged(server, method, path, None if body is None else body.model_dump_json().encode())
    if status >= 300:
        raise _refusal(server, status, _problem(text))
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        raise ServiceError(f"the Jupyter server {server.url} answers {path} with what is no JSON") from None


def _exchanged(server: JupyterServer, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if server.token:
        headers["Authorization"] = f"token {server.token}"
    url = f"{server.url}cloud-data-cockpit/api/{path}"
    try:
        with urllib3.PoolManager(retries=False, timeout=_TIMEOUT) as pool:
            reply = pool.request(method, url, body=body, headers=headers, redirect=False, preload_content=False)
            text = reply.read(LARGEST + 1)
            reply.close()
    except urllib3.exceptions.HTTPError as error:
        raise ServiceError(f"the Jupyter server {server.url} cannot be reached ({type(error).__name__})") from None
    return reply.status, text


def error_of(problem: Mapping[str, Any]) -> CockpitError | None:
    """What the body of an error reply says, as the error that it was; None when it is none of ours."""
    known = _ERRORS.get(str(problem.get("code")))
    return known(str(problem["message"])) if known is not None and problem.get("message") else None


def _refusal(server: JupyterServer, status: int, problem: dict[str, Any]) -> CockpitError:
    ours = error_of(problem)
    if ours is not None:
        return ours
    if status in (401, 403) or 300 <= status < 400:
        return CredentialsError(
            f"the Jupyter server {server.url} does not take {'this token' if server.token else 'us without a token'}; "
            f"set {TOKEN_VARIABLES[0]} to the server's token"
        )
    if status in (404, 405):
        return ServiceError(f"the Jupyter server {server.url} has no Data Cockpit that knows this: install it there")
    return ServiceError(
        f"the Jupyter server {server.url} answers {status}: {problem.get('message', 'no reason given')}"
    )


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
    noted = next((server for _, server in _running() if server.url == url), None)
    if not token:
        token = (noted.token if noted else "") or _hub_token(url)
    return JupyterServer(url, token, here=noted is not None)


def _of_hub() -> JupyterServer | None:
    """The server that JupyterHub started on this machine, as it tells its children."""
    address, prefix = os.environ.get(_HUB_URL, ""), os.environ.get(_HUB_PREFIX, "")
    parts = urlsplit(address)
    if not prefix or parts.scheme not in ("http", "https") or parts.port is None:
        return None
    # The hub names where the server listens, often on all interfaces; from here it is this machine.
    host = parts.hostname if parts.hostname not in (None, "", "0.0.0.0", "::", "*") else _HERE[1]
    url = urlunsplit(
        (parts.scheme, f"[{host}]:{parts.port}" if ":" in str(host) else f"{host}:{parts.port}", prefix, "", "")
    )
    return JupyterServer(url, os.environ.get(_HUB_TOKEN, ""), here=True)


def _hub_token(url: str) -> str:
    """JupyterHub's token if `url` is the server that it belongs to, else none."""
    hub, parts = _of_hub(), urlsplit(url)
    own = os.environ.get(_HUB_PREFIX, "")
    known = {*_HERE, urlsplit(hub.url).hostname if hub else None}
    return os.environ.get(_HUB_TOKEN, "") if own and parts.path == own and parts.hostname in known else ""


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
            yield pid, JupyterServer(url if url.endswith("/") else f"{url}/", token, here=True)
