"""Who else may read or write an object by its ACL, as parameters by which a new object gets the same."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from ..errors import AccessDenied, BadRequest
from .connections import Connection
from .documents import read_page
from .faults import NotOffered
from .multipart import reading
from .signing import SignedRequest, send

_EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
_ACCOUNTS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
_CANNED = {
    frozenset({(_EVERYBODY, "READ")}): "public-read",
    frozenset({(_EVERYBODY, "READ"), (_EVERYBODY, "WRITE")}): "public-read-write",
    frozenset({(_ACCOUNTS, "READ")}): "authenticated-read",
}
_GRANTS = {
    "FULL_CONTROL": "GrantFullControl",
    "READ": "GrantRead",
    "READ_ACP": "GrantReadACP",
    "WRITE_ACP": "GrantWriteACP",
}
Grants = frozenset[tuple[str, str]]
"""Pairs of a grantee (the URI of a group, or an id) and a permission, without the owner's own."""


def grants_of(connection: Connection, bucket: str, key: str) -> dict[str, object]:
    """The parameters that repeat the grants of an object; none where it has only its owner's, or no ACL.

    AccessDenied when they may not be read: a new object would lose them.
    """
    request = SignedRequest(connection, "get_object_acl", {"Bucket": bucket, "Key": key})
    try:
        owner, grants = send(request, reading(_parse))
    except (NotOffered, BadRequest):  # a service, or a bucket, without ACLs
        return {}
    except AccessDenied as error:
        raise AccessDenied(
            f"whom s3://{bucket}/{key} is open to (its ACL) may not be read and would be lost; ask for the permission "
            f"s3:GetObjectAcl: {error.message}"
        ) from None
    if not grants:
        return {}
    if grants in _CANNED:
        return {"ACL": _CANNED[grants]}
    # Grants that are spelled out replace the owner's own.
    return _spelled_out(grants | {(owner, "FULL_CONTROL")})


def _spelled_out(grants: Grants) -> dict[str, object]:
    params: dict[str, object] = {}
    for permission, name in _GRANTS.items():
        who = sorted(grantee for grantee, granted in grants if granted == permission)
        if who:
            params[name] = ", ".join(f'uri="{grantee}"' if "://" in grantee else f'id="{grantee}"' for grantee in who)
    return params


def _parse(body: bytes) -> tuple[str, Grants]:
    page, space = read_page(body, "AccessControlPolicy")
    owner = page.findtext(f"{space}Owner/{space}ID") or ""
    found = {_grant(element, space) for element in page.iter(f"{space}Grant")}
    return owner, frozenset(grant for grant in found if grant != (owner, "FULL_CONTROL"))


def _grant(element: Element, space: str) -> tuple[str, str]:
    grantee = element.find(f"{space}Grantee")
    if grantee is None:
        raise ValueError("a grant to nobody")
    who = grantee.findtext(f"{space}URI") or grantee.findtext(f"{space}ID") or ""
    return who, element.findtext(f"{space}Permission") or ""
