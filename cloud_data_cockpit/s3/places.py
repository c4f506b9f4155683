"""What people paste for a place in S3, understood: URIs, ARNs, and every kind of web address of an object."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from ..errors import BadRequest
from ..models import FoundPlace

_SCHEME = re.compile(r"s3[an]?://", re.IGNORECASE)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_ARN = re.compile(
    r"arn:(?P<partition>aws[\w-]*):(?P<service>s3|s3-outposts|s3-object-lambda):(?P<region>[\w-]*):(?P<account>\d*):(?P<rest>.+)",
    re.DOTALL,
)
_ACCESS_POINT = re.compile(
    r"(?P<point>(?:outpost[:/][\w-]+[:/])?accesspoint[:/][A-Za-z0-9.-]{1,63})(?:/(?:object/)?(?P<key>.*))?", re.DOTALL
)
_AWS = re.compile(r"(?P<host>.+)\.amazonaws\.(?:com(?:\.cn)?|eu)", re.IGNORECASE)
_REGION = r"(?P<region>[a-z]{2,5}(?:-[a-z]+)+-\d+)"
_SERVICE = re.compile(
    rf"(?:(?P<bucket>.+)\.)?(?:s3|s3-fips|s3-accelerate|s3-website|s3-external-1)(?:[.-]dualstack)?(?:[.-]{_REGION})?",
)
_POINT_HOST = re.compile(
    rf"(?P<name>[a-z0-9-]+)-(?P<account>\d{{12}})\.s3-accesspoint(?:-fips)?(?:\.dualstack)?\.{_REGION}"
)
_CONSOLE = re.compile(r"(?:s3\.|[a-z0-9-]+\.)*console\.(?:aws\.amazon\.com|amazonaws(?:-us-gov)?\.(?:com|cn))")
_CONSOLE_PATH = re.compile(r"/s3/(?:object|buckets)/(?P<bucket>[^/]+)")
_OTHERS = re.compile(
    r"(?P<bucket>.+)\.(?P<service>s3[.-].+|storage\.googleapis\.com|[a-z0-9]+\.digitaloceanspaces\.com)"
)
_S3_WORDS = re.compile(r"(?:^|[.-])(?:s3|minio|ceph|rgw|storage|objects?|objectstore|garage|seaweed|r2)(?:[.-]|$)")
_EXPECTED = (
    "give s3://bucket/key, an ARN, or the https address of an object; for a service of your own add a connection to it"
)


@dataclass(frozen=True)
class _Url:
    """A web address taken apart; `path` is still percent-encoded, as is `query`."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str

    @property
    def endpoint(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{self.host}{port}"


def parse_place(text: str, endpoints: Iterable[str] = ()) -> FoundPlace:
    """The bucket, key and version that a pasted text names; nothing is asked of any service.

    Understood are `s3://` URIs (taken as they are, nothing decoded), ARNs of buckets, objects and access points, and
    http(s) addresses in path style, with the bucket in the host's name, dual-stack, accelerated, websites, presigned,
    and of AWS's console; their percent-encoding is undone. `endpoints` are those of known connections. `endpoint_hint`
    is None for AWS. BadRequest for anything else.
    """
    trimmed = text.strip("\r\n\t").lstrip()
    if _SCHEME.match(trimmed):
        return _of_uri(trimmed.partition("://")[2])
    if trimmed.startswith("arn:"):
        return _of_arn(trimmed)
    if re.match(r"https?://", trimmed, re.IGNORECASE):
        return _of_url(_split(trimmed.rstrip()), endpoints)
    return _of_uri(trimmed)


def _of_uri(rest: str) -> FoundPlace:
    if rest.startswith("arn:"):
        return _of_arn(rest)
    bucket, _, key = rest.partition("/")
    return _found(bucket, key)


def _of_arn(text: str) -> FoundPlace:
    arn = _ARN.fullmatch(text)
    if arn is None:
        raise BadRequest(f"{text[:200]!r} is no ARN of S3; it looks like arn:aws:s3:::bucket/key")
    region = arn["region"] or None
    point = _ACCESS_POINT.fullmatch(arn["rest"])
    if point is not None:
        # With ":" in place of "/" it can be followed by a key, and S3's clients know it so as well.
        name = point["point"].replace("/", ":")
        bucket = f"arn:{arn['partition']}:{arn['service']}:{arn['region']}:{arn['account']}:{name}"
        return FoundPlace(bucket=bucket, key=point["key"] or "", region=region)
    bucket, _, key = arn["rest"].partition("/")
    return _found(bucket, key, region=region)


def _split(text: str) -> _Url:
    # By hand: urlsplit drops line breaks, and takes what follows a "#" for no part of the address.
    scheme, _, rest = text.partition("://")
    place, slash, target = rest.partition("/")
    path, _, query = target.partition("?")
    if not slash:
        place, _, query = place.partition("?")
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadRequest(f"{place[:200]!r} is no name of a host; {_EXPECTED}") from None
    if not host or "@" in place:
        raise BadRequest(f"the address has no host, or a user's name before it; {_EXPECTED}")
    if ":" in host:
        host = f"[{host}]"
    return _Url(scheme.lower(), host, port, slash + path, query)


def _of_url(url: _Url, endpoints: Iterable[str]) -> FoundPlace:
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    version = query.get("versionId") or None
    if _CONSOLE.fullmatch(url.host):
        return _of_console(url, query)
    aws = _AWS.fullmatch(url.host)
    if aws is not None:
        return _of_aws(aws["host"], url, version)
    for endpoint in endpoints:
        found = _at_endpoint(url, endpoint, version)
        if found is not None:
            return found
    others = _OTHERS.fullmatch(url.host)
    if others is not None:
        hint = url.endpoint.replace(url.host, others["service"], 1)
        return _found(others["bucket"], _decoded(url.path[1:]), version=version, endpoint=hint)
    signed = any(name.lower().startswith("x-amz-") or name == "AWSAccessKeyId" for name in query)
    if not (signed or url.port or _S3_WORDS.search(url.host) or re.fullmatch(r"[\d.]+|\[.*\]|localhost", url.host)):
        raise BadRequest(f"{url.host} is no S3 service that is known here; {_EXPECTED}")
    return _in_path(url.path, version, url.endpoint)


def _of_aws(host: str, url: _Url, version: str | None) -> FoundPlace:
    point = _POINT_HOST.fullmatch(host)
    if point is not None:
        bucket = f"arn:aws:s3:{point['region']}:{point['account']}:accesspoint:{point['name']}"
        return FoundPlace(bucket=bucket, key=_decoded(url.path[1:]), version_id=version, region=point["region"])
    service = _SERVICE.fullmatch(host)
    if service is None:
        raise BadRequest(f"{url.host} is of AWS, but not of S3; {_EXPECTED}")
    if service["bucket"] is None:
        return _in_path(url.path, version, None, service["region"])
    return _found(service["bucket"], _decoded(url.path[1:]), version=version, region=service["region"])


def _of_console(url: _Url, query: dict[str, str]) -> FoundPlace:
    path = _CONSOLE_PATH.match(url.path)
    if path is None:
        raise BadRequest(f"this page of the AWS console shows no bucket; {_EXPECTED}")
    return _found(
        _decoded(path["bucket"]),
        query.get("prefix", ""),
        version=query.get("versionId") or None,
        region=query.get("region") or None,
    )


def _at_endpoint(url: _Url, endpoint: str, version: str | None) -> FoundPlace | None:
    """The place, if the address is one of a known service: in its path, or by a host of the bucket's own."""
    parts = urlsplit(endpoint)
    known = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    port = url.port or (443 if url.scheme == "https" else 80)
    base = parts.path.rstrip("/")
    if (url.host.strip("[]"), port) == known and url.path.startswith(f"{base}/"):
        return _in_path(url.path[len(base) :], version, endpoint.rstrip("/"))
    if port == known[1] and url.host.endswith(f".{known[0]}"):
        bucket = url.host.removesuffix(f".{known[0]}")
        return _found(bucket, _decoded(url.path[1:]), version=version, endpoint=endpoint.rstrip("/"))
    return None


def _in_path(path: str, version: str | None, endpoint: str | None, region: str | None = None) -> FoundPlace:
    bucket, _, key = path[1:].partition("/")
    return _found(_decoded(bucket), _decoded(key), version=version, endpoint=endpoint, region=region)


def _decoded(text: str) -> str:
    """Percent-encoding undone; a plus is a plus, as it is in the path of an address."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise BadRequest("the address holds a key that is not UTF-8; S3 has no such keys") from None


def _found(
    bucket: str, key: str, *, version: str | None = None, endpoint: str | None = None, region: str | None = None
) -> FoundPlace:
    if not _BUCKET.fullmatch(bucket):
        raise BadRequest(f"{bucket[:100]!r} is no name of a bucket; {_EXPECTED}")
    return FoundPlace(bucket=bucket, key=key, version_id=version, endpoint_hint=endpoint, region=region)
