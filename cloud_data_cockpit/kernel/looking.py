"""The cockpit looks: what is below a place, how much, what S3 says of an object, its bytes, a link to it."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import NotFound
from ..models import MeasureRequest, ObjectDetail, PresignedLink, PresignRequest
from ..s3 import objects
from ..s3.objects import make_uri, parse_uri
from .reached import ConnectionLike, Counted, as_prefix, below, place_of, reach


def ls(uri: str = "s3://", *, connection: ConnectionLike = None) -> list[str]:
    """URIs one level below a place, in the order of the keys: buckets, prefixes (which end with "/") and objects.

    Of an object its own URI; NotFound where there is neither an object nor anything below. All of them, in memory: for
    very many keys iterate over `browse(uri)`, or `find(uri)`.
    """
    found = [place.uri for place in place_of(as_prefix(uri), connection)]
    bucket, key = ("", "") if uri == "s3://" else parse_uri(uri)
    if found or not key:
        return found
    if objects.exists(reach(connection), bucket, key):
        return [] if key.endswith("/") else [uri]
    raise NotFound(f"there is neither an object {uri} nor anything below it")


def find(uri: str, pattern: str = "**", *, connection: ConnectionLike = None) -> Iterator[str]:
    """URIs of the objects below a prefix whose keys match `pattern` from there on, as they are listed.

    `*` and `?` stop at "/", `**` does not, `[...]` is one of the characters. Memory does not grow with the keys.
    """
    from ..s3.patterns import pattern_of
    from ..s3.walk import iter_objects

    found, (bucket, prefix) = reach(connection), below(uri)
    wanted = pattern_of(pattern, "glob", True)
    for entry in iter_objects(found, bucket, prefix):
        if wanted.matches(entry.key.removeprefix(prefix)):
            yield make_uri(bucket, entry.key)


def glob(uri: str, *, connection: ConnectionLike = None) -> Iterator[str]:
    """URIs of the objects that match a URI with `*`, `?`, `[...]` and `**` in its key."""
    from ..s3.patterns import pattern_of

    bucket, key = parse_uri(uri)
    literal = next((place for place, character in enumerate(key) if character in "*?["), len(key))
    if literal == len(key):
        if objects.exists(reach(connection), bucket, key):
            yield uri
        return
    below = key[: key.rfind("/", 0, literal) + 1]
    shape, place = key[len(below) :], make_uri(bucket, below)
    if "/" in shape or "**" in shape:
        yield from find(place, shape, connection=connection)
        return
    for found in place_of(place, connection):  # one level: what is deeper need not be listed
        if not found.is_prefix and pattern_of(shape, "glob", True).matches(found.uri.removeprefix(place)):
            yield found.uri


def du(uri: str, *, connection: ConnectionLike = None) -> Counted:
    """Objects and bytes below a prefix (which ends with "/"), of a bucket, or of an object; `run1/` is not `run10/`."""
    from ..s3.measure import measure

    found, (bucket, key) = reach(connection), parse_uri(uri)
    keys, prefixes = ([], [key]) if not key or key.endswith("/") else ([key], [])
    request = MeasureRequest(connection=found.ref.name, bucket=bucket, keys=keys, prefixes=prefixes)
    counted, size = 0, 0
    while True:
        step = measure(found, request)
        counted, size = counted + step.objects, size + step.bytes
        if step.next_token is None:
            return Counted(counted, size)
        request = request.model_copy(update={"next_token": step.next_token})


def head(uri: str, *, connection: ConnectionLike = None) -> ObjectDetail:
    """What S3 says of an object: size, date, ETag, type, metadata, storage class. NotFound when it is not there."""
    return objects.head(reach(connection), *parse_uri(uri))


def cat(uri: str, offset: int = 0, length: int | None = None, *, connection: ConnectionLike = None) -> bytes:
    """Bytes of an object, at most 256 MiB of them; BadRequest when that is too little."""
    return place_of(uri, connection).read(offset, length)


def presign(uri: str, seconds: int = 3600, *, connection: ConnectionLike = None) -> PresignedLink:
    """A link by which anybody may read the object for so long, at most 7 days."""
    from ..s3.links import make_link

    found, (bucket, key) = reach(connection), parse_uri(uri)
    return make_link(found, PresignRequest(connection=found.ref.name, bucket=bucket, key=key, seconds=seconds))
