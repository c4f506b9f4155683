"""A browser's POST upload: the fields of the form, its signed policy, its file streamed to disk."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Awaitable
from datetime import datetime
from typing import Any

from .auth import ALGORITHM, Identity, mac, matches, parse_scope, signing_key
from .bodies import FileSink
from .keys import Keys
from .s3errors import S3Error

_FIELDS_LIMIT = 20 * 1024
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,200})"|([^;\s]{1,200}))')
_NAME = re.compile(r'[; ]name="([^"]*)"')
_FILENAME = re.compile(r'[; ]filename="([^"]*)"')
_UNCHECKED = {"x-amz-signature", "file", "policy"}


class FormSink:
    """Splits multipart/form-data as it streams in: small fields to memory, the file to a FileSink."""

    def __init__(self, inner: FileSink, content_type: str) -> None:
        found = _BOUNDARY.search(content_type) if content_type.startswith("multipart/form-data") else None
        if found is None:
            raise S3Error("MalformedPOSTRequest", "The body must be multipart/form-data.")
        self.inner = inner
        self.fields: dict[str, str] = {}
        self._mark = b"\r\n--" + (found[1] or found[2]).encode("latin-1", "replace")
        self._buffer = bytearray(b"\r\n")  # so that the first boundary looks like the others
        self._state = "fields"

    def write(self, data: bytes) -> Awaitable[None]:
        return self._feed(data)

    def discard(self) -> None:
        self.inner.discard()

    async def _feed(self, data: bytes) -> None:
        if self._state == "end":
            return  # S3 ignores what follows the file
        self._buffer += data
        while self._state == "fields" and self._take_field():
            continue
        if self._state == "fields" and len(self._buffer) > _FIELDS_LIMIT + 1024:
            raise S3Error("MaxMessageLengthExceeded", "The fields before the file are too long.")
        if self._state == "file":
            await self._take_file()

    def _take_field(self) -> bool:
        """One whole field, or the head of the file, off the buffer; False when more bytes are needed."""
        mark = self._mark
        if len(self._buffer) >= len(mark) and not self._buffer.startswith(mark):
            raise S3Error("MalformedPOSTRequest")
        end = self._buffer.find(b"\r\n\r\n", len(mark))
        if end < 0:
            return False
        head = bytes(self._buffer[len(mark) : end]).decode("utf-8", "replace")
        name = _NAME.search(head)
        if name is None:
            raise S3Error("MalformedPOSTRequest")
        if name[1].lower() == "file":
            filename = _FILENAME.search(head)
            self.fields["file"] = filename[1].replace("\\", "/").rpartition("/")[2] if filename else ""
            self._state = "file"
            del self._buffer[: end + 4]
            return False
        close = self._buffer.find(mark, end + 2)
        if close < 0:
            return False
        self.fields[name[1].lower()] = bytes(self._buffer[end + 4 : close]).decode("utf-8", "replace")
        if sum(len(item) for item in self.fields.values()) > _FIELDS_LIMIT:
            raise S3Error("MaxMessageLengthExceeded", "The fields before the file are too long.")
        del self._buffer[:close]
        return True

    async def _take_file(self) -> None:
        close = self._buffer.find(self._mark)
        size = close if close >= 0 else len(self._buffer) - len(self._mark)
        if size > 0:
            wait = self.inner.write(bytes(self._buffer[:size]))
            del self._buffer[:size]
            if wait is not None:
                await wait
        if close >= 0:
            self._state = "end"
            self._buffer.clear()

    def finish(self) -> None:
        """Raises MalformedPOSTRequest when the form had no whole file."""
        if self._state != "end":
            raise S3Error("MalformedPOSTRequest")

    @property
    def key(self) -> str:
        """The key of the object, the name of the uploaded file put in."""
        return self.fields.get("key", "").replace("${filename}", self.fields.get("file", ""))


def identify_form(fields: dict[str, str], keys: Keys, now: float) -> Identity:
    """Who signed the policy of a form. Raises S3Error; nobody signed when there is no policy."""
    if "policy" not in fields:
        return Identity()
    if fields.get("x-amz-algorithm") != ALGORITHM:
        raise S3Error("InvalidRequest", "Only AWS4-HMAC-SHA256 is supported: set signature_version to s3v4.")
    scope = parse_scope(fields.get("x-amz-credential", ""), "AuthorizationQueryParametersError")
    secret = keys.secret(scope.access_key, fields.get("x-amz-security-token", ""), now)
    expected = mac(signing_key(secret, scope), fields["policy"]).hex()
    if not matches(expected, fields.get("x-amz-signature", "")):
        raise S3Error("SignatureDoesNotMatch", AWSAccessKeyId=scope.access_key)
    return Identity(scope.access_key)


def check_policy(fields: dict[str, str], bucket: str, size: int, now: float) -> None:
    """The conditions of a form's policy. Raises AccessDenied, InvalidPolicyDocument, EntityTooLarge or -Small."""
    try:
        policy = json.loads(base64.b64decode(fields["policy"], validate=True))
        until = datetime.fromisoformat(policy["expiration"]).timestamp()
        conditions = policy.get("conditions", [])
    except (binascii.Error, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise S3Error("InvalidPolicyDocument", "The policy of the form cannot be read.") from error
    if now > until:
        raise S3Error("AccessDenied", "Invalid according to Policy: Policy expired.")
    values = fields | {"bucket": bucket}
    covered = {name for condition in conditions if (name := _check_condition(condition, values, size))}
    extra = {name for name in fields if not name.startswith("x-ignore-")} - covered - _UNCHECKED
    if extra:
        raise S3Error("AccessDenied", f"Invalid according to Policy: Extra input fields: {', '.join(sorted(extra))}")


def _check_condition(condition: Any, values: dict[str, str], size: int) -> str:
    """The field a condition speaks of, "" for none, when it holds."""
    if isinstance(condition, dict) and len(condition) == 1:
        name, wanted = next(iter(condition.items()))
        condition = ["eq", f"${name}", wanted]
    if not isinstance(condition, list) or len(condition) != 3 or not isinstance(condition[0], str):
        raise S3Error("InvalidPolicyDocument")
    kind, name, wanted = condition[0].lower(), condition[1], condition[2]
    if kind == "content-length-range":
        if not isinstance(name, int) or not isinstance(wanted, int):
            raise S3Error("InvalidPolicyDocument")
        if size > wanted:
            raise S3Error("EntityTooLarge", MaxSizeAllowed=str(wanted))
        if size < name:
            raise S3Error("EntityTooSmall", MinSizeAllowed=str(name))
        return ""
    if kind not in ("eq", "starts-with") or not isinstance(name, str) or not isinstance(wanted, str):
        raise S3Error("InvalidPolicyDocument")
    field = name.removeprefix("$").lower()
    value = values.get(field, "")
    if not (value == wanted if kind == "eq" else value.startswith(wanted)):
        raise S3Error("AccessDenied", f"Invalid according to Policy: Policy Condition failed: {kind} {name}")
    return field
