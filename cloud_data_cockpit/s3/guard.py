"""Which hosts may be connected to: the administrator's rules, and addresses at which no S3 service can be."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from ..errors import AccessDenied

_VARIABLES = {
    "user_endpoints": "CLOUD_DATA_COCKPIT_USER_ENDPOINTS",
    "allowed_hosts": "CLOUD_DATA_COCKPIT_ALLOWED_HOSTS",
    "allowed_roles": "CLOUD_DATA_COCKPIT_ALLOWED_ROLES",
    "refuse_private": "CLOUD_DATA_COCKPIT_REFUSE_PRIVATE_HOSTS",
}
VARIABLES = tuple(_VARIABLES.values())
# Where clouds hand a machine its own credentials and secrets, besides the link-local ones: AWS over IPv6, Alibaba,
# Azure, Oracle. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
_METADATA = frozenset(
    map(ip_address, ("fd00:ec2::254", "fd00:ec2::23", "100.100.100.200", "168.63.129.16", "192.0.0.192"))
)
_METADATA_NAMES = frozenset({"metadata.google.internal", "metadata.goog", "metadata", "instance-data"})
_THIS_NETWORK = ip_network("0.0.0.0/8")
_SHARED = ip_network("100.64.0.0/10")
_NAT64 = ip_network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Policy:
    """What the administrator lets users do. Patterns are globs; none means that everything is allowed."""

    user_endpoints: bool = True
    allowed_hosts: tuple[str, ...] = ()
    allowed_roles: tuple[str, ...] = ()
    refuse_private: bool = False


def policy() -> Policy:
    """The rules in force: those that the Jupyter server wrote into its environment, and so into that of its kernels."""
    return _read(tuple(os.environ.get(variable, "") for variable in VARIABLES))


@lru_cache(8)
def _read(values: tuple[str, ...]) -> Policy:
    endpoints, hosts, roles, private = values
    return Policy(
        user_endpoints=endpoints.strip().lower() not in ("false", "no", "0"),
        allowed_hosts=tuple(hosts.lower().replace(",", " ").split()),
        allowed_roles=tuple(roles.replace(",", " ").split()),
        refuse_private=private.strip().lower() in ("true", "yes", "1"),
    )


def enforce(rules: Policy) -> None:
    """Put the rules into this process and those that it starts; what is left at its default is not touched."""
    values = {
        "user_endpoints": "" if rules.user_endpoints else "false",
        "allowed_hosts": ",".join(rules.allowed_hosts),
        "allowed_roles": ",".join(rules.allowed_roles),
        "refuse_private": "true" if rules.refuse_private else "",
    }
    os.environ.update({_VARIABLES[name]: value for name, value in values.items() if value})


def check_host(host: str, port: int | None = None) -> None:
    """AccessDenied when the administrator allows other hosts only, or when the name is a metadata service's."""
    _check_host(host.rstrip(".").lower(), port, policy().allowed_hosts)


@lru_cache(512)
def _check_host(host: str, port: int | None, allowed: tuple[str, ...]) -> None:
    if host in _METADATA_NAMES:
        raise AccessDenied(f"{host} is a metadata service, which is never connected to; check the endpoint")
    with suppress(ValueError):  # a name: what it resolves to is looked at when it is connected to
        _check_address(host, ip_address(host), refuse_private=False)
    if allowed and not any(fnmatchcase(name, pattern) for name in (host, f"{host}:{port}") for pattern in allowed):
        raise AccessDenied(
            f"the administrator does not allow connections to {host}; allowed are {', '.join(allowed)} (allowed_hosts)"
        )


def check_role(arn: str) -> None:
    """AccessDenied when the administrator allows other roles only."""
    allowed = policy().allowed_roles
    if allowed and not any(fnmatchcase(arn, pattern) for pattern in allowed):
        raise AccessDenied(
            f"the administrator does not allow the role {arn}; allowed are {', '.join(allowed)} (allowed_roles)"
        )


def check_address(host: str, address: str) -> None:
    """AccessDenied when nothing of ours may connect to `address`, which is what `host` resolved to."""
    _check_address(host, ip_address(address), refuse_private=policy().refuse_private)


def _check_address(host: str, address: Address, *, refuse_private: bool) -> None:
    for each in _meanings(address):
        what = _never(each)
        if what:
            raise AccessDenied(
                f"{host} leads to {address}, {what}, which is never connected to; check the endpoint and its DNS entry"
            )
        if refuse_private and (not each.is_global or (each.version == 4 and each in _SHARED)):
            raise AccessDenied(
                f"{host} leads to the private address {address}, which the administrator does not allow "
                "(refuse_private_hosts)"
            )


def _meanings(address: Address) -> Iterator[Address]:
    """The address, or the IPv4 address that is written inside it."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None and 1 < int(address) < 1 << 32:  # ::a.b.c.d
            inner = IPv4Address(int(address))
        if inner is not None:
            yield inner
            return
    yield address


def _never(address: Address) -> str:
    if address.is_link_local:
        return "a link-local address, as metadata services have"
    if address in _METADATA:
        return "a metadata service"
    if address.is_unspecified or (address.version == 4 and address in _THIS_NETWORK):
        return "the address of no host"
    if address.is_multicast or address == IPv4Address("255.255.255.255"):
        return "an address of many hosts"
    return ""


def open_socket(
    host: str, port: int, timeout: float | None, options: Iterable[Sequence[int | bytes]] = ()
) -> socket.socket:
    """A TCP connection to `host`, to an address that was looked at: nothing is resolved a second time.

    OSError (socket.gaierror, TimeoutError) as of `socket.create_connection`; AccessDenied when no address may be used.
    """
    failure: OSError | None = None
    refusal: AccessDenied | None = None
    bare = host.strip("[]").partition("%25")[0]
    for family, kind, protocol, _, where in socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM):
        try:
            check_address(host, str(where[0]))
        except AccessDenied as error:
            refusal = error
            continue
        opened = socket.socket(family, kind, protocol)
        try:
            for option in options:
                opened.setsockopt(*option)  # type: ignore[arg-type]
            opened.settimeout(timeout)
            opened.connect(where)
        except OSError as error:
            opened.close()
            failure = error
        else:
            return opened
    raise failure or refusal or OSError(f"{host} has no address")
