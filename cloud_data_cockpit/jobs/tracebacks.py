"""Tracebacks for the log, without the signatures that URLs of S3 carry."""

from __future__ import annotations

import re
import traceback

from ..errors import CockpitError
from ..models import Problem

_SIGNED = re.compile(r"(?i)((?:X-Amz-(?:Signature|Credential|Security-Token)|Signature|AWSAccessKeyId)=)[^&\s'\"]+")
_HEADER = re.compile(r"(?i)(Authorization['\"]?\s*[:=]\s*['\"]?)[^'\"\r\n]+")


def redacted(text: str) -> str:
    """`text` with the values of signatures and credentials in URLs and headers taken out."""
    return _HEADER.sub(r"\1[secret]", _SIGNED.sub(r"\1[secret]", text))


def traceback_text(error: BaseException) -> str:
    """The traceback of `error`, redacted."""
    return redacted("".join(traceback.format_exception(error)))


def problem_of(error: BaseException) -> Problem:
    """What a user is told of `error`: its own words if it is a CockpitError, else where to find more."""
    if isinstance(error, CockpitError):
        return Problem(code=error.code, message=error.message)
    return Problem(
        code="internal",
        message=f"Data Cockpit failed in a way it did not foresee ({type(error).__name__}). The Jupyter server's log "
        "has the traceback: try again, and report it if it happens again.",
    )
