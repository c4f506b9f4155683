"""The keys of the demo service: its owner's, in a file for the owner only, and temporary ones derived from them."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import os
import secrets
from pathlib import Path

from ..errors import CockpitError
from .s3errors import S3Error


def _derive(secret: str, purpose: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(secret.encode(), purpose.encode(), "sha256")).decode().rstrip("=")


class Keys:
    """The owner's access key and secret; temporary keys are computed, so they outlive a restart."""

    def __init__(self, access_key: str, secret_key: str) -> None:
        self.access_key = access_key
        self._secret = secret_key

    def matches(self, secret: str) -> bool:
        """Whether this is the owner's secret, in constant time."""
        return hmac.compare_digest(secret.encode(), self._secret.encode())

    def secret(self, access_key: str, token: str, now: float) -> str:
        """The secret of an access key. Raises InvalidAccessKeyId, InvalidToken or ExpiredToken."""
        if hmac.compare_digest(access_key.encode(), self.access_key.encode()):
            if token:
                raise S3Error("InvalidToken")
            return self._secret
        if not token:
            raise S3Error("InvalidAccessKeyId", AWSAccessKeyId=access_key)
        body, _, mark = token.partition(".")
        if not hmac.compare_digest(_derive(self._secret, "token:" + body).encode(), mark.encode()):
            raise S3Error("InvalidToken")
        try:
            claims = json.loads(base64.urlsafe_b64decode(body))
        except (binascii.Error, ValueError) as error:
            raise S3Error("InvalidToken") from error
        if claims["key"] != access_key:
            raise S3Error("InvalidToken")
        if now > claims["until"]:
            raise S3Error("ExpiredToken")
        return _derive(self._secret, "secret:" + body)

    def temporary(self, until: float) -> tuple[str, str, str]:
        """A new access key, its secret and its session token, good until a moment (seconds since 1970)."""
        access_key = "ASIA" + secrets.token_hex(8).upper()
        claims = json.dumps({"key": access_key, "until": until}).encode()
        body = base64.urlsafe_b64encode(claims).decode()
        token = f"{body}.{_derive(self._secret, 'token:' + body)}"
        return access_key, _derive(self._secret, "secret:" + body), token


def prepare_directory(directory: Path) -> None:
    """Make the service's directory, readable by its owner only."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    directory.chmod(0o700)


def load_keys(directory: Path, access_key: str | None, secret_key: str | None) -> tuple[str, str]:
    """The given keys, or those of DIR/credentials.json, made on first use.

    Raises CockpitError when only one of the two is given, or the file cannot be understood.
    """
    if bool(access_key) != bool(secret_key):
        raise CockpitError("Give both an access key and a secret key, or neither.")
    if access_key and secret_key:
        return access_key, secret_key
    path = directory / "credentials.json"
    if path.exists():
        try:
            kept = json.loads(path.read_text("utf-8"))
            return str(kept["access_key"]), str(kept["secret_key"])
        except (ValueError, KeyError, TypeError) as error:
            raise CockpitError(f"{path} is not a file of keys any more. Remove it, and new keys are made.") from error
    made = {"access_key": "DEMO" + secrets.token_hex(8).upper(), "secret_key": secrets.token_urlsafe(30)}
    fresh = path.with_name(f"credentials.{secrets.token_hex(4)}.tmp")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(made, file)
    fresh.replace(path)
    return made["access_key"], made["secret_key"]
