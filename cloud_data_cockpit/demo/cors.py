"""CORS: which web pages may read replies, by the rules of a bucket."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .records import Bucket
from .replies import Reply
from .request import Request
from .s3errors import S3Error
from .store import Store
from .xml import parse

_METHODS = {"GET", "PUT", "POST", "DELETE", "HEAD"}
_MOST_RULES = 100


@dataclass(frozen=True, slots=True)
class Rule:
    """One CORSRule."""

    origins: list[str]
    methods: list[str]
    headers: list[str]
    exposed: list[str]
    max_age: str


def read_rules(text: bytes) -> list[Rule]:
    """The rules of a CORSConfiguration. Raises MalformedXML, InvalidRequest."""
    rules = []
    for node in parse(text, "CORSConfiguration").findall("CORSRule"):
        texts = {
            name: [(item.text or "").strip() for item in node.findall(name)]
            for name in ("AllowedOrigin", "AllowedMethod", "AllowedHeader", "ExposeHeader")
        }
        if not texts["AllowedOrigin"] or not texts["AllowedMethod"]:
            raise S3Error("MalformedXML", "A CORSRule needs AllowedOrigin and AllowedMethod.")
        if unknown := set(texts["AllowedMethod"]) - _METHODS:
            raise S3Error(
                "InvalidRequest", f"Found unsupported HTTP method in CORS config: {', '.join(sorted(unknown))}"
            )
        if any(ord(character) < 32 for item in texts["ExposeHeader"] for character in item):
            raise S3Error("InvalidRequest", "An ExposeHeader is no header.")
        age = (node.findtext("MaxAgeSeconds") or "").strip()
        if age and not (age.isascii() and age.isdigit()):
            raise S3Error("MalformedXML", "MaxAgeSeconds is a number.")
        rules.append(
            Rule(texts["AllowedOrigin"], texts["AllowedMethod"], texts["AllowedHeader"], texts["ExposeHeader"], age)
        )
    if not 0 < len(rules) <= _MOST_RULES:
        raise S3Error("MalformedXML", f"There must be 1 to {_MOST_RULES} CORSRules.")
    return rules


def _like(patterns: list[str], value: str, *, ignore_case: bool = False) -> bool:
    flags = re.IGNORECASE if ignore_case else 0
    return any(re.fullmatch(re.escape(item).replace(r"\*", ".*"), value, flags) for item in patterns)


def _find(store: Store, bucket: Bucket, origin: str, method: str, headers: list[str]) -> Rule | None:
    text = store.setting(bucket, "cors")
    for rule in read_rules(text) if text else []:
        if (
            _like(rule.origins, origin)
            and method in rule.methods
            and all(_like(rule.headers, header, ignore_case=True) for header in headers)
        ):
            return rule
    return None


def _headers(rule: Rule, origin: str) -> dict[str, str]:
    everybody = rule.origins == ["*"]
    headers = {"Access-Control-Allow-Origin": "*" if everybody else origin, "Vary": "Origin"}
    if not everybody:
        headers["Access-Control-Allow-Credentials"] = "true"
    if rule.exposed:
        headers["Access-Control-Expose-Headers"] = ", ".join(rule.exposed)
    return headers


def preflight(store: Store, request: Request) -> Reply:
    """The answer to an OPTIONS request. Raises BadRequest, AccessForbidden."""
    origin, method = request.header("origin"), request.header("access-control-request-method")
    if not origin or not method:
        raise S3Error("BadRequest", "Insufficient information. Origin request header needed.")
    wanted = [item.strip() for item in (request.header("access-control-request-headers") or "").split(",")]
    wanted = [item for item in wanted if item]
    rule = _find(store, store.bucket(request.bucket), origin, method, wanted) if request.bucket else None
    if rule is None:
        raise S3Error("AccessForbidden")
    headers = _headers(rule, origin) | {"Access-Control-Allow-Methods": ", ".join(rule.methods)}
    if wanted:
        headers["Access-Control-Allow-Headers"] = ", ".join(wanted)
    if rule.max_age:
        headers["Access-Control-Max-Age"] = rule.max_age
    return Reply(200, headers)


def add_headers(store: Store, request: Request, reply: Reply) -> None:
    """What lets the page that asks read this reply, if a rule of the bucket does."""
    origin = request.header("origin")
    if not origin or not request.bucket or request.method == "OPTIONS":
        return
    try:
        bucket = store.bucket(request.bucket)
    except S3Error:
        return  # the reply says already that there is no such bucket
    rule = _find(store, bucket, origin, request.method, [])
    if rule is not None:
        reply.headers |= _headers(rule, origin)
