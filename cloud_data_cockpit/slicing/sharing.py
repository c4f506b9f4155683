"""Manifests where others find them: in a bucket and prefix, one object each, or in any directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import BadRequest, FormatError
from ..models import ConnectionRef, Manifest
from . import manifests
from .open import ConnectionLike, check_other_file, is_s3
from .storage import whole_file

PLACE_VARIABLE = "CLOUD_DATA_COCKPIT_MANIFEST_PLACE"
CONNECTION_VARIABLE = "CLOUD_DATA_COCKPIT_MANIFEST_CONNECTION"
LARGEST = 1 << 29
"""Bytes of a manifest that is taken from elsewhere: some thirty million slices."""


def save(manifest: Manifest, place: str | os.PathLike[str], connection: ConnectionLike = None) -> str:
    """Write it to a bucket or a directory; the URI or path of what was written.

    BadRequest for what does not end with ".json": it might be data, which a manifest must not replace.
    """
    text = os.fspath(place)
    if is_s3(text):
        return save_to_bucket(manifest, text, connection or _own(manifest.connection))
    if connection is not None:
        raise BadRequest(f"{text} is on this machine, which no connection reaches; leave the connection out")
    path = Path(text).expanduser()
    path = path / f"{manifest.id}.json" if path.is_dir() or text.endswith(("/", os.sep)) else path
    if path.suffix != ".json":
        raise BadRequest(f"{text} is no place for a manifest: give a directory, or a file that ends with .json")
    check_other_file(path, manifest.uri)
    with whole_file(path) as file:
        file.write(manifest.model_dump_json().encode())
    return str(path)


def save_to_bucket(manifest: Manifest, uri: str, connection: ConnectionLike) -> str:
    """Write it below a prefix (which ends with "/") or to a key that ends with ".json"; the URI of the object.

    BadRequest for other URIs, and the errors of S3. An object of that key is replaced.
    """
    from ..s3.connections import resolve
    from ..s3.faults import Place, translated
    from ..s3.objects import check_key, make_uri, parse_uri

    bucket, key = parse_uri(uri)
    key = f"{key}{manifest.id}.json" if not key or key.endswith("/") else check_key(key)
    if not key.endswith(".json"):
        raise BadRequest(f"{uri} is no place for a manifest: give a prefix, {uri}/, or a key that ends with .json")
    reached = resolve(connection)
    with translated(Place(reached.ref, bucket, key), writing=True):
        reached.client_of(bucket, key).put_object(
            Bucket=bucket, Key=key, Body=manifest.model_dump_json().encode(), ContentType="application/json"
        )
    return make_uri(bucket, key)


def load_from_bucket(uri: str, connection: ConnectionLike = None) -> Manifest:
    """The manifest in an object. NotFound when it is not there, FormatError and Conflict as for a file."""
    from ..s3.connections import resolve
    from ..s3.source import S3Source

    source = S3Source(resolve(connection), uri)
    if source.size > LARGEST:
        raise FormatError(f"{uri} has {source.size:,} bytes, too many for a manifest; check the URI")
    return manifests.parse(source.read(0, source.size), uri)


def shared_in(place: str, connection: ConnectionLike = None) -> Iterator[str]:
    """URIs of what may be manifests at a place: the objects right below it that end with `.json`."""
    from ..s3.connections import resolve
    from ..s3.objects import list_page, make_uri, parse_uri

    bucket, prefix = parse_uri(_with_slash(place))
    reached, token = resolve(connection), None
    while True:
        page = list_page(reached, bucket, prefix, token=token)
        yield from (make_uri(bucket, found.key) for found in page.objects if found.key.endswith(".json"))
        token = page.next_token
        if token is None:
            return


def place_of(manifest_id: str) -> str | None:
    """The URI that a manifest has at the place that the environment names; None when it names none."""
    place = os.environ.get(PLACE_VARIABLE, "").strip()
    if not place:
        return None
    if not is_s3(place):
        raise BadRequest(f"{PLACE_VARIABLE} is {place!r}; it has to be s3://bucket/prefix/")
    return f"{_with_slash(place)}{manifest_id}.json"


def _with_slash(place: str) -> str:
    return place if place.endswith("/") else f"{place}/"


def _own(connection: ConnectionRef | None) -> ConnectionRef | None:
    """Nobody writes without credentials: data that are read anonymously are shared by AWS's default connection."""
    return None if connection is None or connection.anonymous else connection
