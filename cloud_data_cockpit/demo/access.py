"""What somebody without keys may do: a bucket's policy, canned ACLs. The owner of the keys may do everything."""

from __future__ import annotations

import json
import re
from typing import Any

from .records import Bucket
from .s3errors import S3Error
from .store import Store

_STATEMENT = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
_READ = {"public-read", "public-read-write"}
_ANONYMOUS = ("*", {"AWS": "*"}, {"AWS": ["*"]})


def _listed(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in values):
        raise S3Error("MalformedPolicy", "Actions and resources are strings or lists of strings.")
    return values


def read_policy(text: bytes) -> list[dict[str, Any]]:
    """The statements of a policy. Raises MalformedPolicy for what is wrong or not supported here."""
    try:
        policy = json.loads(text)
        statements = policy["Statement"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise S3Error("MalformedPolicy", "The policy is not a JSON object with a Statement.") from error
    statements = statements if isinstance(statements, list) else [statements]
    for statement in statements:
        if not isinstance(statement, dict) or not {"Effect", "Principal", "Action", "Resource"} <= statement.keys():
            raise S3Error("MalformedPolicy", "A statement needs Effect, Principal, Action and Resource.")
        if unknown := statement.keys() - _STATEMENT:
            raise S3Error("MalformedPolicy", f"The demo service does not support {', '.join(sorted(unknown))}.")
        if statement["Effect"] not in ("Allow", "Deny"):
            raise S3Error("MalformedPolicy", "Effect is Allow or Deny.")
        _listed(statement["Action"]), _listed(statement["Resource"])
    return statements


def _like(pattern: str, value: str, *, ignore_case: bool) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


def _matches(statement: dict[str, Any], action: str, resource: str) -> bool:
    if statement["Principal"] not in _ANONYMOUS:
        return False
    if statement.get("Condition") and statement["Effect"] == "Allow":
        return False  # conditions are not evaluated: they never open, and a Deny with one always denies
    return any(_like(item, action, ignore_case=True) for item in _listed(statement["Action"])) and any(
        _like(item, resource, ignore_case=False) for item in _listed(statement["Resource"])
    )


def _by_acl(store: Store, bucket: Bucket, action: str, key: bytes, version_id: str | None) -> bool:
    if action == "s3:ListBucket":
        return bucket.acl in _READ
    if action in ("s3:GetObject", "s3:GetObjectVersion"):
        version = store.version(bucket, key, version_id)
        return version is not None and version.acl in _READ
    return action in ("s3:PutObject", "s3:DeleteObject") and bucket.acl == "public-read-write"


def allows(store: Store, bucket: Bucket, action: str, key: bytes, version_id: str | None = None) -> bool:
    """Whether anybody at all may do this: an Allow of the policy or a public ACL, and no Deny."""
    resource = f"arn:aws:s3:::{bucket.name}" + (f"/{key.decode('utf-8', 'replace')}" if key else "")
    text = store.setting(bucket, "policy")
    effects = {item["Effect"] for item in read_policy(text) if _matches(item, action, resource)} if text else set()
    if "Deny" in effects:
        return False
    return "Allow" in effects or _by_acl(store, bucket, action, key, version_id)
