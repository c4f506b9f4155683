"""`load_slices` for notebooks and scripts anywhere: this machine, the Jupyter server, a bucket, in that order."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..errors import AccessDenied, BadRequest, CredentialsError, NotFound, ServiceError
from ..models import Manifest
from ..slicing import manifests, sharing
from ..slicing.open import ConnectionLike, is_s3
from ..slicing.slices import Slices
from .server import TOKEN_VARIABLES, URL_VARIABLES, fetch_manifest, find_server


def load_slices(
    ref: str | os.PathLike[str] | Manifest,
    *,
    connection: ConnectionLike = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    anon: bool = False,
) -> Slices:
    """The slices of a saved manifest: its id, the path of its file, its `s3://` URI, or the record itself.

    An id is looked up on this machine, then on the Jupyter server that started this kernel (or that the environment
    names: DATA_COCKPIT_SERVER and DATA_COCKPIT_TOKEN), then at CLOUD_DATA_COCKPIT_MANIFEST_PLACE, an
    `s3://bucket/prefix/`. Nothing of the object is read yet. `connection`, or a `profile`, an `endpoint_url`, `anon`
    for a connection made of these, replaces the one that the manifest names. NotFound tells where it was looked for;
    FormatError and Conflict what is wrong with a manifest that is damaged or of a newer version.
    """
    reached = _reached(connection, profile, endpoint_url, anon)
    if isinstance(ref, Manifest):
        return Slices.of(ref, reached)
    text = os.fspath(ref)
    if is_s3(text):
        return Slices.of(sharing.load_from_bucket(text, reached), reached)
    if not isinstance(ref, str) or (not manifests.is_id(text) and (_is_path(text) or Path(text).is_file())):
        return Slices.of(manifests.load_file(text), reached)
    return Slices.of(_by_id(text, reached), reached)


def _is_path(text: str) -> bool:
    """Whether nothing but the path of a manifest is meant, though no file may be there."""
    return text.endswith(".json") and ("/" in text or os.sep in text)


def _reached(connection: ConnectionLike, profile: str | None, endpoint_url: str | None, anon: bool) -> ConnectionLike:
    if profile is None and endpoint_url is None and not anon:
        return connection
    if connection is not None:
        raise BadRequest("give either a connection, or what to make one of: profile, endpoint_url, anon")
    from ..s3.connections import connect

    return connect(profile=profile, endpoint_url=endpoint_url, anonymous=anon)


def _by_id(manifest_id: str, reached: ConnectionLike) -> Manifest:
    looked: list[str] = []
    places: tuple[Callable[[], tuple[Manifest | None, str]], ...] = (
        lambda: _from_this_machine(manifest_id),
        lambda: _from_server(manifest_id),
        lambda: _from_bucket(manifest_id, reached),
    )
    for look in places:
        found, words = look()
        if found is not None:
            return found
        looked.append(words)
    raise NotFound(f"there is no manifest {manifest_id!r}. Looked for it " + "; ".join(looked))


def _from_this_machine(manifest_id: str) -> tuple[Manifest | None, str]:
    try:
        return manifests.load(manifest_id), ""
    except NotFound as error:
        if manifest_id.endswith(".json") and Path(manifest_id).is_file():
            return manifests.load_file(manifest_id), ""
        return None, f"on this machine: {error.message}"


def _from_server(manifest_id: str) -> tuple[Manifest | None, str]:
    server = find_server()
    if server is None:
        how = f"set {URL_VARIABLES[0]} and {TOKEN_VARIABLES[0]} to ask one"
        return None, f"on a Jupyter server: none started this process; {how}"
    try:
        return fetch_manifest(server, manifest_id), f"on the Jupyter server {server.url}: it has none of that id"
    except (ServiceError, CredentialsError, AccessDenied) as error:
        return None, f"on a Jupyter server: {error.message}"


def _from_bucket(manifest_id: str, reached: ConnectionLike) -> tuple[Manifest | None, str]:
    uri = sharing.place_of(manifest_id)
    if uri is None:
        return None, f"in S3: {sharing.PLACE_VARIABLE} names no place"
    try:
        return sharing.load_from_bucket(uri, os.environ.get(sharing.CONNECTION_VARIABLE) or reached), ""
    except (NotFound, AccessDenied, CredentialsError, ServiceError) as error:
        return None, f"in S3: {error.message}"
