"""The little of STS that clients ask an S3 service for: who am I, and temporary keys."""

from __future__ import annotations

from urllib.parse import parse_qsl

from .operations import Call
from .replies import Reply, xml_reply
from .s3errors import S3Error
from .xml import document, element, timestamp

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_ACCOUNT = "000000000000"
_LONGEST = 36 * 3600


def _credentials(call: Call, seconds: int) -> str:
    until = call.now + seconds
    access_key, secret, token = call.keys.temporary(until)
    inner = element("AccessKeyId", access_key) + element("SecretAccessKey", secret)
    inner += element("SessionToken", token) + element("Expiration", timestamp(until))
    return f"<Credentials>{inner}</Credentials>"


def _duration(form: dict[str, str], usual: int) -> int:
    text = form.get("DurationSeconds", str(usual))
    if not text.isascii() or not text.isdigit() or not 900 <= int(text) <= _LONGEST:
        raise S3Error("InvalidArgument", f"DurationSeconds must be between 900 and {_LONGEST}.")
    return int(text)


async def sts(call: Call) -> Reply:
    """GetCallerIdentity, GetSessionToken, AssumeRole (any role: the demo service has none)."""
    if call.identity.anonymous:
        raise S3Error("AccessDenied")
    form = dict(parse_qsl(call.document.decode("utf-8", "replace"), keep_blank_values=True))
    action = form.get("Action", "")
    if action == "GetCallerIdentity":
        inner = element("Arn", f"arn:aws:iam::{_ACCOUNT}:user/demo") + element("UserId", call.identity.access_key)
        inner += element("Account", _ACCOUNT)
    elif action == "GetSessionToken":
        inner = _credentials(call, _duration(form, 12 * 3600))
    elif action == "AssumeRole":
        role, session = form.get("RoleArn", ""), form.get("RoleSessionName", "")
        if not role or not session:
            raise S3Error("InvalidArgument", "AssumeRole needs RoleArn and RoleSessionName.")
        inner = _credentials(call, _duration(form, 3600))
        inner += f"<AssumedRoleUser>{element('AssumedRoleId', f'DEMO:{session}')}"
        inner += f"{element('Arn', f'{role}/{session}')}</AssumedRoleUser>"
    else:
        raise S3Error("NotImplemented", f"The demo service does not implement the STS action {action!r}.")
    result = f"<{action}Result>{inner}</{action}Result><ResponseMetadata><RequestId>demo</RequestId></ResponseMetadata>"
    return xml_reply(document(f"{action}Response", result, namespace=_NAMESPACE))
