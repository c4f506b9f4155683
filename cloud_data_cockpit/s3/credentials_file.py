"""The AWS credentials file: one section of ours is added, replaced or taken out, and every other byte stays.

Format: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import BadRequest, Conflict
from .private_files import changing, write_private

_HEADER = re.compile(rb"^\[([^\]\r\n]*)\]", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VALUE = re.compile(r"[\x21-\x7e]{1,4096}")
_FIELD = re.compile(r"[a-z_]{1,64}")
_BOM = b"\xef\xbb\xbf"
NOTE = "# Written by Data Cockpit for its connection of this name; change or remove it there."


def credentials_path() -> Path:
    """The file that AWS's own tools read: what AWS_SHARED_CREDENTIALS_FILE names, or ~/.aws/credentials."""
    return Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()


def sections() -> list[str]:
    """The names of all sections, as they stand in the file."""
    return [name.decode("utf-8", "replace").strip() for name in _HEADER.findall(_content())]


def write_section(name: str, values: Mapping[str, str]) -> None:
    """Make the section `name` hold `values` and nothing else; added at the end where there is none.

    BadRequest when a name or a value could not stand in the file, Conflict when the section is there twice.
    """
    if not _NAME.fullmatch(name) or not all(map(_FIELD.fullmatch, values)):
        raise BadRequest(f"{name!r} cannot be a profile's name; use letters, digits, dots and hyphens")
    if not all(map(_VALUE.fullmatch, values.values())):
        raise BadRequest("an access key, secret key or token has characters that no credentials file can hold")
    path = credentials_path()
    with changing(path):
        content = _content()
        end = b"\r\n" if b"\r\n" in content else b"\n"
        lines = [f"[{name}]", NOTE, *(f"{field} = {value}" for field, value in values.items())]
        section = end.join(line.encode() for line in lines) + end
        place = _place(content, name)
        if place is None:
            gap = b"" if not content.removeprefix(_BOM) else end if content.endswith((b"\n", b"\r")) else end * 2
            changed = content + gap + section
        else:
            changed = content[: place[0]] + section + content[place[1] :]
        write_private(path, changed)


def read_section(name: str) -> dict[str, str]:
    """The fields of the section; empty when there is none."""
    content = _content()
    place = _place(content, name)
    if place is None:
        return {}
    pairs = [line.partition("=") for line in content[slice(*place)].decode("utf-8", "replace").splitlines()[1:]]
    return {field.strip(): value.strip() for field, _, value in pairs if value and not field.startswith(("#", ";"))}


def remove_section(name: str) -> None:
    """Take the section out, if it is there."""
    path = credentials_path()
    if _place(_content(), name) is None:
        return
    with changing(path):
        content = _content()
        place = _place(content, name)
        if place is not None:
            before, after = content[: place[0]], content[place[1] :]
            if not after:  # the blank line that came with the section
                before = re.sub(rb"(\r?\n)\r?\n\Z", rb"\1", before)
            write_private(path, before + after)


def _content() -> bytes:
    try:
        return credentials_path().read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise Conflict(f"{credentials_path()} cannot be read ({type(error).__name__}); mend its permissions") from None


def _place(content: bytes, name: str) -> tuple[int, int] | None:
    """Where the section begins and ends; comments and blank lines before the next section belong to the next."""
    headers = list(_HEADER.finditer(content))
    found = [i for i, header in enumerate(headers) if header[1].strip() == name.encode()]
    if len(found) > 1:
        raise Conflict(f"{credentials_path()} has the section [{name}] {len(found)} times; leave one of them")
    if not found:
        return None
    start = headers[found[0]].start()
    last = found[0] + 1 == len(headers)
    end = len(content) if last else headers[found[0] + 1].start()
    lines = content[start:end].splitlines(keepends=True)
    while len(lines) > 1 and not _is_field(lines[-1]) and lines[-1].strip() != NOTE.encode():
        end -= len(lines.pop())
    return start, end


def _is_field(line: bytes) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith((b"#", b";"))
