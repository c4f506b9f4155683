"""What kind of credentials a profile or the environment has, until when, and what ails them: from files alone.

The order is botocore's: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_EXPIRIES = ("x_security_token_expires", "aws_expiration", "aws_session_expiration", "expiration")
"""Where tools that write temporary keys into the credentials file note when these end."""
_DEEPEST = 5
_VENDOR = Path("/sys/class/dmi/id/sys_vendor")


@dataclass(frozen=True)
class Kind:
    """`source` in words; `expires` where a file tells; `problem` with what to do, None when none can be seen."""

    source: str
    expires: datetime | None = None
    problem: str | None = None


def kind_of_profile(config: Mapping[str, Any], name: str, depth: int = 0) -> Kind:
    """What the profile `name` of a parsed AWS configuration (botocore's `full_config`) has for credentials."""
    section: Mapping[str, Any] = config.get("profiles", {}).get(name, {})
    if "role_arn" in section:
        return _role(config, name, section, depth)
    if "sso_session" in section or "sso_start_url" in section:
        return _single_sign_on(config, name, section)
    if "aws_access_key_id" in section:
        return _static(name, section)
    if "login_session" in section:
        return Kind(f"profile {name!r}: a login with `aws login`")
    if "credential_process" in section:
        return _process(name, str(section["credential_process"]))
    if has_container_role() or has_instance_role():
        return Kind(f"profile {name!r}, with the role of this container or machine")
    words = f"profile {name} has no credentials: run `aws configure --profile {name}`, or use anonymous for public data"
    return Kind(f"profile {name!r}, without credentials", problem=words)


def kind_of_environment() -> Kind:
    """What the environment has."""
    if os.environ.get("AWS_ACCESS_KEY_ID") and os.environ.get("AWS_SECRET_ACCESS_KEY"):
        until = _moment(os.environ.get("AWS_CREDENTIAL_EXPIRATION"))
        what = "temporary keys in environment variables" if until else "keys in environment variables"
        ailing = "the keys in the environment have expired: set new ones, and start Jupyter with them"
        return Kind(what, until, ailing if _over(until) else None)
    file = os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    if file and os.environ.get("AWS_ROLE_ARN"):
        return _web_identity(f"role {os.environ['AWS_ROLE_ARN']} by a web identity token (environment)", file)
    if has_container_role():
        return Kind("the role of this container")
    if has_instance_role():
        return Kind("the role of this machine; asked for when it is used")
    words = "there are no credentials in the environment: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    return Kind("AWS's default chain", problem=words)


def in_environment() -> bool:
    """Whether the environment itself names credentials: keys, a web identity, a container's role."""
    keys = os.environ.get("AWS_ACCESS_KEY_ID") and os.environ.get("AWS_SECRET_ACCESS_KEY")
    identity = os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE") and os.environ.get("AWS_ROLE_ARN")
    return bool(keys or identity or has_container_role())


def has_container_role() -> bool:
    """Whether this is a container (ECS, EKS pod identity) to which AWS gives credentials."""
    names = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
    return any(os.environ.get(name) for name in names)


def has_instance_role() -> bool:
    """Whether this machine is one of AWS's, which may have a role. Read off its firmware: nobody is asked."""
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return False
    try:
        return _VENDOR.read_text(encoding="ascii", errors="replace").startswith("Amazon EC2")
    except OSError:
        return False


# --- the kinds of profiles ---------------------------------------------------------------------


def _role(config: Mapping[str, Any], name: str, section: Mapping[str, Any], depth: int) -> Kind:
    role = f"profile {name!r}: role {section['role_arn']}"
    if section.get("web_identity_token_file"):
        return _web_identity(f"{role} by a web identity token", str(section["web_identity_token_file"]))
    if section.get("credential_source"):
        return Kind(f"{role}, assumed with those of the {section['credential_source']}")
    source = section.get("source_profile")
    if source is None:
        return Kind(role, problem=f"profile {name} names neither source_profile nor credential_source: add one")
    if source not in config.get("profiles", {}):
        return Kind(role, problem=f"profile {name} builds on profile {source}, which does not exist: correct its name")
    if section.get("mfa_serial"):
        words = (
            f"profile {name} asks for an MFA code, which cannot be asked here: run `aws configure export-credentials"
        )
        return Kind(role, problem=f"{words} --profile {name}` and use those keys")
    if source != name and depth < _DEEPEST:
        return Kind(
            f"{role}, assumed from profile {source!r}", problem=kind_of_profile(config, source, depth + 1).problem
        )
    return Kind(f"{role}, assumed from profile {source!r}")


def _web_identity(source: str, file: str) -> Kind:
    if Path(file).expanduser().is_file():
        return Kind(source)
    return Kind(source, problem=f"the web identity token file {file} is not there: check the path, or what writes it")


def _single_sign_on(config: Mapping[str, Any], name: str, section: Mapping[str, Any]) -> Kind:
    session = section.get("sso_session")
    source = f"profile {name!r}: single sign-on" + (f" (session {session})" if session else "")
    if session and session not in config.get("sso_sessions", {}):
        return Kind(source, problem=f"profile {name} names the sso-session {session}, which the configuration lacks")
    token = _cached_token(str(session or section["sso_start_url"]))
    command = f"run `aws sso login --profile {name}`"
    if token is None:
        return Kind(source, problem=f"profile {name} is not signed on: {command}")
    expires = _moment(token.get("expiresAt"))
    # botocore renews the token by itself as long as its registration lasts.
    renewable = session and "refreshToken" in token and not _over(_moment(token.get("registrationExpiresAt")))
    if _over(expires) and not renewable:
        return Kind(source, expires, f"the SSO session of profile {name} has expired: {command}")
    return Kind(source, None if renewable else expires)


def _cached_token(name: str) -> Mapping[str, Any] | None:
    file = (
        Path("~/.aws/sso/cache").expanduser() / f"{hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()}.json"
    )
    try:
        token = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return token if isinstance(token, dict) and "accessToken" in token else None


def _static(name: str, section: Mapping[str, Any]) -> Kind:
    if "aws_secret_access_key" not in section:
        return Kind(
            f"profile {name!r}: keys", problem=f"profile {name} has an access key and no secret key: complete it"
        )
    if "aws_session_token" not in section:
        return Kind(f"profile {name!r}: keys in the AWS configuration")
    expires = next((moment for field in _EXPIRIES if (moment := _moment(section.get(field)))), None)
    ailing = f"the temporary keys of profile {name} have expired: get new ones from where they came"
    return Kind(
        f"profile {name!r}: temporary keys in the AWS configuration", expires, ailing if _over(expires) else None
    )


def _process(name: str, command: str) -> Kind:
    from botocore.compat import compat_shell_split

    try:
        program = compat_shell_split(command)[0]
    except (ValueError, IndexError):
        return Kind(f"profile {name!r}: a program", problem=f"the credential_process of profile {name} is no command")
    source = f"profile {name!r}: keys from the program {Path(program).name}"  # its arguments may be nobody's business
    if shutil.which(program) is None:
        return Kind(source, problem=f"profile {name} asks the program {program}, which is not there: install it")
    return Kind(source)


# --- time --------------------------------------------------------------------------------------


def _moment(text: Any) -> datetime | None:
    """A moment as tools write it: ISO 8601, with Z or an offset, or botocore's older "...UTC"."""
    try:
        moment = datetime.fromisoformat(str(text).replace("UTC", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _over(moment: datetime | None) -> bool:
    return moment is not None and moment <= datetime.now(UTC)
